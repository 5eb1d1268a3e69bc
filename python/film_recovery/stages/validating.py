"""Stage 5 at work: what lies in pipeline/05_validation beside the report.

``measures.json`` (every figure of every frame, and the baselines' means beside the recovery's), the baselines (as .cube
where one is a LUT, and their pictures of the held-out frames), scopes and stills of the held-out frames, and the final
plate's composite as a script. The composite's frames are as many as the masters and made on demand only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery import __version__, nk, rendering
from film_recovery.analysis.cube import Cube
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.composite import MODES, WRITE, Footage, composite_script
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import RGB, Frame, Pixels
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.writing import AP0_CHROMATICITIES
from film_recovery.project import Project
from film_recovery.project.folders import plain_name
from film_recovery.rendering.record import CHANGED, EARLIER, RESCANNED
from film_recovery.stages.acceptance import accepted_each, accepted_figures, held_out_frames
from film_recovery.stages.contenders import (
    Contender,
    contenders,
    display_of,
    held_out_contents,
    held_out_figures,
)
from film_recovery.stages.frames import counting
from film_recovery.stages.held_out import HeldOut, moments
from film_recovery.stages.looked_at import looked_at
from film_recovery.stages.proof import Proof, proof_of, write_measures
from film_recovery.stages.provenance import card_of, masters, origin_of
from film_recovery.stages.reads import set_colour
from film_recovery.stages.short_range import made_now
from film_recovery.stages.survey import look_ahead
from film_recovery.stages.view import NotYet, View
from film_recovery.validation.scopes import side_by_side, vectorscope, waveform

BASELINES, SCOPES, STILLS, COMPOSITE = "baselines", "scopes", "stills", "composite"
_ARCHIVE = "aces_interchange"

Progress = Callable[[str, int, int], None]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Validated:
    """What was made: the measures, and files by what they are of."""

    proof: Proof
    measures: Path
    luts: tuple[Path, ...]
    baselines: tuple[Path, ...]
    scopes: tuple[Path, ...]
    stills: tuple[Path, ...]
    composite: Path


def validate(view: View, progress: Progress) -> Validated:
    """Measures every written frame and writes all of it but the composite's frames.

    Raises NotYet before anything is rendered, FilmRecoveryError naming a frame and its file.
    """
    proof = proof_of(view, progress)
    file = write_measures(view.paths.validation, proof, _against_truth(view))
    held_against = contenders(view)
    files: dict[str, list[Path]] = {BASELINES: [], SCOPES: [], STILLS: []}
    there = sorted(set(view.written) & {pair.source for pair in view.project.hold_out})
    done = 0
    for moment in moments(view.project):
        if moment.frame in there:
            files[BASELINES] += _baselines(view, held_against, moment)
            files[SCOPES] += _pictures(view, held_against, moment, SCOPES)
            files[STILLS] += _pictures(view, held_against, moment, STILLS)
            done += 1
            progress("baselines and scopes", done, len(there))
    return Validated(
        proof,
        file,
        tuple(_luts(view, held_against)),
        tuple(files[BASELINES]),
        tuple(files[SCOPES]),
        tuple(files[STILLS]),
        composite_of(view),
    )


def measure_ahead(project: Project, progress: Progress) -> None:
    """Measures what the checks of this stage will ask for, telling how far it is: they find it remembered.

    What cannot be measured is left to them, who say so in their own words.
    """
    view = View(project)
    with suppress(NotYet, FilmRecoveryError):
        proof_of(view, progress)
    look_ahead(view, progress)


def validated(view: View, progress: Progress) -> dict[str, Any]:
    """:func:`validate` as a run does it; :func:`iteration` of it."""
    validate(view, progress)
    return iteration(view)


def of_another_state(view: View) -> list[int]:
    """The written frames that another state of the project made, or somebody since: they are no iteration of the
    present model. Those of another program, such as NukeX, are nobody else's. Reads every frame."""
    others = [one.number for one in masters(view) if one.state in (EARLIER, RESCANNED, CHANGED)]
    own = made_now(view, others) if others and card_of(view) else set()
    return [number for number in others if number not in own]


def iteration(view: View) -> dict[str, Any]:
    """For the ledger: of what the measured frames are, and the figures that the next iteration is held against."""
    try:
        figures, contents = accepted_figures(view), held_out_contents(view)
        each = [
            {"frame": frame, "content": contents[frame], "figures": found}
            for frame, found in accepted_each(view).items()
        ]
    except NotYet:  # no held-out frame is among those that are rendered
        figures, each = {}, []
    return {
        "figures": figures,
        "held_out_each": each,
        "model": view.card.sha256,
        **looked_at(view),
        "sequence": Path(view.output.sequence.pattern).name,
        "frames": format_frames(view.written),
        "held_out": held_out_frames(view),
    }


# Baselines


def _against_truth(view: View) -> dict[str, dict[str, float | None]]:
    """What the Source, each baseline and the delivered frames are on held-out frames; empty where none is written."""
    try:
        return held_out_figures(view)
    except NotYet:
        return {}


def _luts(view: View, held_against: tuple[Contender, ...]) -> Iterator[Path]:
    for one in held_against:
        if isinstance(one.baseline, Cube):
            path = view.paths.validation / f"{plain_name(one.name.lower())}.cube"
            with replacement(path, create_directories=True) as temporary:
                text = one.baseline.text(f"{view.project.film}, {one.name}", _origin_of(view, one))
                temporary.write_text(text, encoding="utf-8", errors="replace")
            yield path


def _origin_of(view: View, one: Contender) -> tuple[str, ...]:
    """Of which film and shot a LUT is, how it was fitted, and from which pictures its figures come."""
    project = view.project
    frames = ", ".join(str(pair.source) for pair in project.pairs)
    files = " with ".join(Path(view.sequence(name).pattern).name for name in ("source", "reference"))
    return (
        f"Film: {project.title or project.film}{f', reel {project.reel}' if project.reel else ''}",
        f"Shot: {project.shot or 'not said'}",
        f"Made by film-recovery {__version__}: {one.made}",
        f"From {len(project.pairs)} pairs, Source frames {frames}: {files}",
        "Values in and out: encoded (OCIO role color_picking), 0 to 1",
    )


def _baselines(view: View, held_against: tuple[Contender, ...], moment: HeldOut) -> Iterator[Path]:
    """The baselines' pictures of a held-out frame: EXR, half, ACES2065-1, as the masters are."""
    root = view.evaluator.root
    source = view.evaluator.frame(view.read_of(view.inference).path, moment.frame)
    for one in held_against:
        if one.baseline is None:
            continue
        shown = one.picture(moment)[::-1]
        values = root.config.convert(np.ascontiguousarray(shown), "color_picking", _ARCHIVE)
        frame = Frame(values, RGB, source.format, moment.area)
        path = view.paths.validation / BASELINES / f"{plain_name(one.name.lower())}.{moment.frame:04d}.exr"
        write_frame(frame, path, datatype="half", create_directories=True, chromaticities=AP0_CHROMATICITIES)
        yield path


# Scopes and stills


def scopes_of(picture: Pixels) -> dict[str, Picture]:
    """Waveform and vectorscope of ``picture`` (as displayed, top row first)."""
    return {"waveform": waveform(picture), "vectorscope": vectorscope(picture)}


def _pictures(view: View, held_against: tuple[Contender, ...], moment: HeldOut, kind: str) -> Iterator[Path]:
    """PNGs of a held-out frame: stills of all three, or both scopes of all three side by side."""
    display = display_of(view.evaluator)
    pictures = {
        "source": display(moment.source),
        "recovered": held_against[-1].picture(moment),
        "truth": display(moment.truth),
    }
    folder = view.paths.validation / kind
    if kind == STILLS:
        for name, picture in pictures.items():
            made = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
            yield _png(folder / f"{moment.frame:04d}_{name}.png", made)
        return
    drawn = [scopes_of(picture) for picture in pictures.values()]
    for name in drawn[0]:
        yield _png(folder / f"{moment.frame:04d}_{name}.png", side_by_side([one[name] for one in drawn]))


def _png(path: Path, picture: Picture) -> Path:
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with replacement(path, create_directories=True) as temporary:
        temporary.write_bytes(data.tobytes())
    return path


# The final plate


def composite_of(view: View) -> Path:
    """Writes the composite's script, which reads the Source and the masters; gives its path."""
    project, mode = view.project, MODES[view.kind]
    read = view.call(view.read_of(view.inference))
    source = Footage(
        read.path("file").as_posix(),
        read.integer("first"),
        read.integer("last"),
        read.text("colorspace") or "default",
    )
    numbers = view.wanted_frames
    holds = view.output.holds
    if not holds:
        raise FilmRecoveryError(
            "The masters do not say their colour space, so nothing can be laid over the Source.",
            remedy="set the Write's colorspace to the role aces_interchange and switch raw data off, render again",
            node=view.write.path,
        )
    recovered = Footage(view.output.sequence.pattern, numbers[0], numbers[-1], holds)
    folder = view.paths.validation / COMPOSITE
    name = Path(view.output.sequence.pattern).name.replace(".####.", f"_{mode}.####.")
    knobs = {"datatype": "16 bit half", "compression": "Zip (16 scanlines)", "colorspace": holds}
    text = composite_script(view.kind, project.method, source, recovered, (folder / name).as_posix(), knobs)
    path = view.paths.validation / f"composite_{mode}.nk"
    script = nk.parse(text, file=str(path))
    set_colour(script, project)
    with replacement(path, create_directories=True) as temporary:
        temporary.write_text(script.text(), encoding="utf-8")
    return path


def render_composite(view: View, progress: Callable[..., None]) -> tuple[Path, ...]:
    """The frames of the composite, of all masters that are written; those that are complete are kept. Their headers say
    of their origin what the masters' say. ``progress(what, done, total, frame=, kept=, to_make=)``: as of a render."""
    evaluator = Evaluator(nk.load(composite_of(view)))

    def tell(done: int, total: int, frame: int, kept: bool, to_make: int) -> None:
        progress("composite", done, total, frame=frame, kept=kept, to_make=to_make)

    header, frames = origin_of(view).header(), view.written
    told = counting(evaluator, WRITE, frames, "", header, tell)
    return rendering.render(evaluator, WRITE, frames, header=header, progress=told).files
