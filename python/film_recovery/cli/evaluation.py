"""``evaluate``, ``apply`` and ``export``: models of every kind, measured, run over files, taken into Nuke."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, UsageError

# What the table for a person shows, and with how many decimals; evaluation.json and .csv have all.
_COLUMNS = {
    "psnr": ("PSNR", 2),
    "ssim_luma": ("SSIM", 3),
    "de00_mean": ("ΔE00", 2),
    "de00_p95": ("p95", 2),
    "hue_shift_60": ("hue°", 1),
    "sat_ratio_60": ("sat≥60", 3),
    "sat_ratio_100": ("≥100", 3),
    "brightness_ratio_60": ("V≥60", 3),
}
_LISTED = 20  # pictures that became worse, on the screen


def evaluate(
    report: Report,
    models: Sequence[Path],
    folder: Path,
    baseline: Path | None,
    bounds: Path | None,
    out: Path | None,
    worst: int,
    by: str | None,
    values: str | None,
    curve: str | None,
    device: str = "cpu",
) -> int:
    """Figures, worst pictures and verdict; the exit code is that of the last model's verdict."""
    from film_recovery.analysis.figures import NAMES
    from film_recovery.datasets.folder import FolderPairs
    from film_recovery.engine import bounds as limits
    from film_recovery.engine.evaluation import evaluate as measure
    from film_recovery.engine.evaluation import masks_in
    from film_recovery.engine.evaluation import worst as worst_of
    from film_recovery.engine.evaluation_files import as_data, prepared, worst_sheet, write_evaluation
    from film_recovery.engine.opening import models_in, open_model, values_of
    from film_recovery.learning.device import choose
    from film_recovery.protection import keep_apart

    if worst < 0:
        raise UsageError(f"--worst {worst}: there are no such pictures.", remedy="choose 0 or more")
    if by is not None and by not in NAMES:
        raise UsageError(f"--by {by}: there is no such figure.", remedy=f"choose one of {', '.join(NAMES)}")
    judgement = limits.load(bounds)
    paths = [path for model in models for path in (models_in(model) if model.is_dir() else [model])]
    pairs = FolderPairs(folder, room=0)
    domain = values_of(pairs.files[0][0], values)
    if values is None:
        _refuse_mixed(pairs)
    if out is not None:
        keep_apart(out, folder, "where the pairs lie", file=str(out))
        prepared(out)
    found = measure(
        paths,
        pairs,
        values=domain,
        masks=masks_in(folder),
        baseline=baseline,
        judgement=judgement,
        curve=curve,
        device=device,
        progress=report.progress,
    )
    figure = by or ("psnr_luma" if found.models[-1].recipe == "spatial" else "de00_mean")
    labels = [worst_of(score, worst, figure) for score in found.models]
    sheets: list[Path | None] = []
    if out is not None:
        for path, score, chosen in zip(paths, found.models, labels, strict=True):
            name = re.sub(r"[^A-Za-z0-9]+", "_", score.name).strip("_")
            sheet = out / f"worst_{len(sheets) + 1}_{name}.png"
            shown = open_model(path, curve).on(choose(device))
            sheets.append(worst_sheet(shown, pairs, chosen, domain, sheet))
        write_evaluation(found, out, sheets)
    data = as_data(found, sheets)
    for entry, chosen in zip(data["models"], labels, strict=True):
        entry["worst_pictures"] = {"by": figure, "labels": chosen}
    if report.as_json:
        for entry in (data["input"], data["baseline"], *data["models"]):
            if entry is not None:
                entry["pictures"] = len(entry["pictures"])  # all of them stand in evaluation.json
        report.result({**data, "out": None if out is None else str(out)})
    else:
        _show(report, data, out)
    return EXIT_DONE if found.passed else EXIT_CHECK_FAILED


def apply(
    report: Report,
    model: Path,
    source: str,
    out: Path,
    values: str | None,
    curve: str | None,
    device: str = "cpu",
) -> int:
    """Every picture of ``source`` through the model, into ``out``."""
    result = applied(report, model, source, out, values, curve, device)
    report.result(result, "applied")
    return EXIT_DONE


def applied(
    report: Report,
    model: Path,
    source: str,
    out: Path,
    values: str | None,
    curve: str | None,
    device: str,
    begin: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """:func:`apply`; its result. ``begin``: called when the model is open, before the first file."""
    import hashlib

    from film_recovery.engine.opening import open_model, values_of
    from film_recovery.learning.device import choose
    from film_recovery.rendering import applying
    from film_recovery.stages.outside import total

    place = choose(device)
    work = applying.jobs(source, out)
    domains = {values_of(job.source, values) for job in work}
    if len(domains) > 1:
        raise UsageError(
            "The folder holds scene-linear (EXR) and encoded pictures.",
            remedy="run them one kind after the other, or say --values for all",
        )
    domain = domains.pop()
    # Published weights fit what they are fed where nobody says otherwise.
    opened = open_model(model, curve or _curve_for(model, domain)).on(place)
    # A card gives other last bits: what one device began, another does not go on with.
    where = "" if place.type == "cpu" else f" {place.type}"
    identity = hashlib.sha256(f"{opened.identity} {domain}{where}".encode()).hexdigest()

    def tell(done: int, total: int, file: Path, kept: bool) -> None:
        report.progress("apply", done, total, file=str(file), kept=kept)

    begin()
    done = applying.apply(lambda picture: opened.run(picture, domain), identity, work, progress=tell)
    outside = {of: total(done.outside, of) for of in ("input", "output")}
    for note in (*done.notes, *_outside_told(outside, len(done.outside))):
        report.say(note)
    return {
        "written": len(done.written),
        "kept": len(done.kept),
        "values": domain,
        "model_takes": opened.takes,
        "values_outside_0_1": done.values_outside,
        "outside_trained_domain": {**outside, "files": len(done.outside)},
        "first_file": str(work[0].target),
        "notes": list(done.notes),
    }


def _outside_told(outside: Mapping[str, Mapping[str, Any]], files: int) -> Iterator[str]:
    """What of the input, and of what was written, lies outside 0–1."""
    for of, what in (("input", "the input"), ("output", "what was written")):
        one = outside[of]
        if one:
            yield (
                f"{one['pixels']} pixels of {what} lie outside 0–1, the trained domain, in {one['frames']} of {files} "
                f"files: from {one['least']:.3g} to {one['most']:.3g}, most in {one['worst']} ({one['share']:.2%})"
            )
    if files and not any(outside.values()):
        yield f"no value lies outside 0–1, the trained domain, in the input or output of {files} files"


def export(report: Report, model: Path, out: Path, cattery: Path | None, name: str, curve: str | None) -> int:
    """The model's files for Nuke; the result says how far a fresh process agrees."""
    from film_recovery.engine.exporting import export as write
    from film_recovery.engine.opening import open_model

    # In a node graph values are linear, so published weights get their curve inside.
    opened = open_model(model, curve or ("srgb" if model.suffix == ".pth" else None))
    done = write(opened, out, cattery=cattery, name=name)
    report.result(
        {
            "model": str(done.model),
            "sidecar": str(done.sidecar),
            "script": str(done.script),
            "cattery": None if done.cattery is None else str(done.cattery),
            "recipe": done.card.recipe,
            "takes": opened.takes,
            "agreement": done.agreement,
            "sha256": done.card.sha256,
        },
        "exported",
    )
    return EXIT_DONE


def _curve_for(model: Path, values: str) -> str | None:
    if model.suffix != ".pth":
        return None
    return "srgb" if values == "linear" else "none"


def _refuse_mixed(pairs: Any) -> None:
    """Linear and encoded pictures in one set: ``curve`` says so, and names both."""
    _ = pairs.curve


def _show(report: Report, data: dict[str, Any], out: Path | None) -> None:
    count = len(data["input"]["pictures"])
    table = Table(title=f"{count} pictures, as displayed (encoded sRGB)", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    for title, _ in _COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    baseline = data["baseline"]
    rows = [(data["input"], "input"), *([(baseline, f"{baseline['name']} (baseline)")] if baseline else [])]
    rows += [(entry, entry["name"]) for entry in data["models"]]
    for entry, name in rows:
        for area, title in (("overall", name), ("overall_masked", f"{name}, masked")):
            if entry[area]:
                verdict = entry["verdict"] if area == "overall" else None
                word = "" if verdict is None else "pass" if verdict["passed"] else "fail"
                cells = [_number(entry[area].get(figure), places) for figure, (_, places) in _COLUMNS.items()]
                table.add_row(Text(title), *cells, word)
    Console(highlight=False).print(table)
    last = data["models"][-1]
    report.say(f"verdict on {last['name']}:")
    for check in last["verdict"]["checks"]:
        report.check(
            check["id"], check["outcome"], reason=check["reason"], remedy=" · ".join(check["remedy"])
        )
    worse = last["verdict"]["became_worse"]
    if worse:
        report.say(f"worse than the baseline, {len(worse)} figures:")
    for entry in worse[:_LISTED]:
        report.say(f"  {entry['picture']}: {entry['figure']} {entry['was']:.4g} → {entry['now']:.4g}")
    chosen = last["worst_pictures"]
    if chosen["labels"]:
        report.say(f"worst by {chosen['by']}: {', '.join(chosen['labels'])}")
    if out is not None:
        report.say(
            f"all figures: {out / 'evaluation.json'}, {out / 'evaluation.csv'}; pictures: {last['worst']}"
        )


def _number(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"
