"""Recoveries of several steps from the command line: made in one go, run through, never left half-made."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from film_recovery import ledger, project, recipes
from film_recovery._yaml import yaml

WORDS = {"holder": "Archive", "authorisation": "written, 2026", "type": "print", "gauge": "35 mm"}


def described(prefix: str = "") -> list[str]:
    """--set of everything that a project of the small film needs."""
    pairs = [
        {"source": n, "reference": n, "reason": "spread", "shot": "table"} for n in (1001, 1004, 1007, 1010)
    ]
    settings = {
        "reasoning": "the other element is better",
        "pairs": pairs,
        "hold_out": [{"source": 1006, "reference": 1006, "reason": "between", "shot": "table"}],
        "alignment.live_area": [4, 4, 188, 140],
        "training.steps": 0,
        "training.patch": 64,
        "training.size": "small",
    }
    return [
        part for key, value in settings.items() for part in ("--set", f"{prefix}{key}={json.dumps(value)}")
    ]


def authorised(*prefixes: str) -> list[str]:
    words = [f"{prefix}.{key}={value}" for prefix in prefixes for key, value in WORDS.items()]
    return [part for word in words for part in ("--set", word)]


def signed(*folders: Path) -> None:
    for folder in folders:
        for check in recipes.load(project.load(folder).recipe).checks:
            if check.manual:
                ledger.append(folder, "sign", {"check": check.id, "note": "simulated"}, "tester")


def pattern(elements: Path, name: str) -> Path:
    return elements / name / f"{name}.####.exr"


@pytest.mark.slow
def test_a_combined_recovery_from_new_to_both_reports(film_recovery, elements: Path, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    said = film_recovery(
        "new", folder, "--film", "Coffee", "--recipe", "combined",
        "--source", pattern(elements, "soft"), "--reference", pattern(elements, "source"),
        "--colour-element", pattern(elements, "reference"), "--set", "reel='1'", "--set", "shot=table",
        *described(), *described("steps.colour."),
        *authorised("elements.source", "elements.reference", "steps.colour.elements.reference"), "--json",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    step = folder / "steps" / "colour"
    assert said.result["steps/colour"] == str(step)
    made = project.load(step)
    assert (made.film, made.reel, made.shot, made.recipe) == ("Coffee", "1", "table", "colour-reference")
    assert (made.source.master_of, made.source.holder) == ("../..", "Archive")
    written = yaml.safe_load((step / project.FILE).read_text(encoding="utf-8"))["elements"]
    assert not set(written["source"]) & set(project.FOLLOWING), (
        "what follows from the parent is not written down"
    )
    assert "master_of" not in written["reference"]
    before = film_recovery("status", "--project", folder, "--json").result
    assert before["steps/colour"] == "not finished; film has not been rendered"
    signed(folder, step)
    ran = film_recovery("run", "--project", folder, "--json")
    assert ran.code == 0, (ran.lines[-1], ran.text)
    assert "colour/inference" in ran.result["worked"]
    assert any(line["event"] == "check" and line["id"] == "colour/ingest.size_parity" for line in ran.lines)
    assert project.paths(made).report.is_file()
    assert film_recovery("status", "--project", folder, "--json").result["steps/colour"] == "finished"
    checked = film_recovery("check", "--project", step, "--json")
    assert checked.code == 0, checked.lines


@pytest.mark.slow
def test_a_killed_chain_goes_on(film_recovery, started, elements: Path, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    step = folder / "steps" / "telecine"
    wide = (
        'tolerances={"validation.sharper": {"detail": 0.5, "edge": 2.0}}'  # closed forms of a small picture
    )
    said = film_recovery(
        "new", folder, "--film", "Coffee", "--recipe", "spatial-telecine",
        "--source", pattern(elements, "source"), "--reference", pattern(elements, "soft"),
        *described(), *described("steps.telecine."), *authorised("elements.source", "elements.reference"),
        "--set", wide, "--set", f"steps.telecine.{wide}", "--json",
    )  # fmt: skip
    assert said.code == 0, said.lines
    signed(folder, step)
    with started("run", "--project", folder, "--json") as process:
        for line in process.stdout:
            if '"telecine/render"' in line:
                break
        process.send_signal(signal.SIGSTOP)  # or it may have ended before the other one is told
        told = film_recovery("run", "--project", step, "--json")
        process.send_signal(signal.SIGKILL)
    assert told.code == 3
    assert f"run of {folder}" in told.error["message"] and f"process {process.pid}" in told.error["message"]
    again = film_recovery("run", "--project", folder, "--json")
    assert again.code == 0, (again.lines[-1], again.text)
    for place in (folder, step):
        assert [record.kind for record in ledger.read(place).records].count("aborted") == 1
        assert ledger.verify(place) == ()


@pytest.mark.slow
def test_the_colour_step_is_added_later(film_recovery, elements: Path, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    scans = ("--source", pattern(elements, "source"), "--reference", pattern(elements, "reference"))
    said = film_recovery("new", folder, "--film", "Coffee", "--recipe", "combined", *scans, "--json")
    assert said.code == 0
    step = folder / "steps" / "colour"
    assert not step.exists()
    assert f"film-recovery new {step} --reference FRAMES" in said.result["steps/colour"]
    assert film_recovery("status", "--project", folder, "--json").result["steps/colour"] == "not made yet"
    wrong = film_recovery(
        "new", step, "--reference", pattern(elements, "reference"), "--film", "Tea", "--json"
    )
    assert wrong.code == 2 and "from which --film follows" in wrong.error["message"]
    kind = film_recovery(
        "new", step, "--reference", pattern(elements, "reference"), "--recipe", "spatial-gauge", "--json"
    )
    assert kind.code == 2 and "is a colour recovery" in kind.error["message"]
    assert not step.exists()
    added = film_recovery("new", step, "--reference", pattern(elements, "reference"), "--json")
    assert added.code == 0, added.lines
    made = project.load(step)
    assert (made.film, made.source.master_of) == ("Coffee", "../..")


def test_a_telecine_recovery_is_two_projects_of_two_elements(
    film_recovery, elements: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "film"
    said = film_recovery(
        "new", folder, "--film", "Coffee", "--intra-frame", "--better-in-detail", "telecine",
        "--source", pattern(elements, "source"), "--reference", pattern(elements, "reference"),
        *authorised("elements.reference"), "--json",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    parent, step = project.load(folder), project.load(folder / "steps" / "telecine")
    assert parent.reference.master_of == "steps/telecine"
    assert step.source.file.endswith("reference.####.exr") and step.reference.file.endswith("source.####.exr")
    assert (step.source.holder, parent.reference.holder) == ("Archive", "Archive")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "setting", "words"),
    [
        ("colour-reference", "training.stepz=5", "Unknown key training.stepz"),
        ("colour-reference", "training.steps=many", "expected a whole number"),
        ("colour-reference", "inference.folder=../elsewhere", "leaves the project folder"),
        ("colour-reference", "steps.colour.reel=1", "no such step is made"),
        ("spatial-telecine", "steps.telecine.reell=1", "Unknown key reell"),
        ("spatial-telecine", "steps.colour.reel=1", "no such step is made"),
        ("combined", "steps.colour.reel=1", "no such step is made"),
    ],
)
def test_a_setting_that_cannot_be_leaves_nothing_behind(
    film_recovery, elements: Path, tmp_path: Path, recipe: str, setting: str, words: str
) -> None:
    folder = tmp_path / "film"
    said = film_recovery(
        "new", folder, "--film", "Coffee", "--recipe", recipe, "--set", setting,
        "--source", pattern(elements, "source"), "--reference", pattern(elements, "reference"), "--json",
    )  # fmt: skip
    assert said.code in (2, 3)
    assert words in said.error["message"]
    assert not folder.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--film", "Coffee"), "needs --source"),
        (("--source", "x.####.exr"), "needs --film"),
        (("--film", "C", "--source", "x.####.exr", "--colour-element", "y.####.exr"), "takes two elements"),
    ],
)
def test_what_is_lacking_or_too_much_is_named(film_recovery, tmp_path: Path, options, words: str) -> None:
    said = film_recovery(
        "new",
        tmp_path / "film",
        "--recipe",
        "colour-reference",
        "--reference",
        "z.####.exr",
        *options,
        "--json",
    )
    assert said.code == 2
    assert words in said.error["message"]
    assert not (tmp_path / "film").exists()
