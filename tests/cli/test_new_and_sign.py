"""What `new`, `check`, `sign` and `fix` write down, and what a project needs to be moved or taken over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from film_recovery import ledger, nk, project, stages
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.project import lock


def write_scan(folder: Path, rate: tuple[int, int] | None = None) -> Path:
    """Three frames of 16 × 12; their pattern."""
    metadata = {"framesPerSecond": rate} if rate else {}
    for number in range(1, 4):
        frame = Frame.from_array(np.full((12, 16, 3), 0.5, np.float32), metadata=metadata)
        write_frame(frame, folder / f"scan.{number:04d}.exr", datatype="half", create_directories=True)
    return folder / "scan.####.exr"


def notes(folder: Path) -> str:
    return (folder / "notes" / "experiments.md").read_text(encoding="utf-8")


def written(folder: Path) -> dict[str, dict[str, object]]:
    elements = yaml.safe_load((folder / project.FILE).read_text(encoding="utf-8"))["elements"]
    assert isinstance(elements, dict)
    return elements


def left_by_another(film: Path) -> None:
    elsewhere = {"owner": "Bo", "host": "elsewhere", "pid": 1, "start": "x", "what": "run"}
    left = json.dumps({**elsewhere, "since": "2026-01-01T00:00:00+00:00"})
    (film / lock.FILE).write_text(left, encoding="utf-8")


def test_an_element_inside_the_project_moves_with_it_and_has_the_rate_of_its_files(
    film_recovery, tmp_path: Path
) -> None:
    folder, moved = tmp_path / "film", tmp_path / "elsewhere" / "film"
    inside = write_scan(folder / "scans", (30000, 1001))
    outside = write_scan(tmp_path / "scans")
    said = film_recovery(
        "new", folder, "--film", "A", "--source", inside, "--reference", outside,
        "--recipe", "colour-reference", "--json",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    elements = written(folder)
    assert elements["source"]["file"] == "scans/scan.####.exr"
    assert elements["reference"]["file"] == outside.as_posix()
    made = project.load(folder)
    assert made.source.frame_rate == pytest.approx(30000 / 1001)
    assert made.reference.frame_rate == 24.0
    shutil.move(folder, moved)
    checked = film_recovery("check", "ingest", "--project", moved, "--json")
    outcomes = {line["id"]: line["outcome"] for line in checked.lines if line["event"] == "check"}
    assert outcomes["ingest.frame_range"] == "pass"


def test_an_element_inside_by_a_link_is_named_from_the_project(film_recovery, tmp_path: Path) -> None:
    real, link = tmp_path / "disk", tmp_path / "link"
    write_scan(real / "film" / "scans")
    link.symlink_to(real)
    said = film_recovery(
        "new", link / "film", "--film", "A", "--recipe", "colour-reference", "--json",
        "--source", real / "film" / "scans" / "scan.####.exr",
        "--reference", link / "film" / "scans" / "scan.####.exr",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    assert {element["file"] for element in written(real / "film").values()} == {"scans/scan.####.exr"}


def test_elements_inside_a_chain_are_named_from_its_steps_too(film_recovery, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    pattern = write_scan(folder / "scans")
    said = film_recovery(
        "new", folder, "--film", "A", "--source", pattern, "--reference", pattern,
        "--colour-element", pattern, "--recipe", "combined", "--json",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    step = folder / "steps" / "colour"
    assert written(step)["reference"]["file"] == "../../scans/scan.####.exr"
    assert notes(step) and "Created" in notes(folder)
    shutil.rmtree(step)
    late = film_recovery("new", step, "--reference", pattern, "--json")
    assert late.code == 0, (late.lines, late.text)
    assert written(step)["reference"]["file"] == "../../scans/scan.####.exr"


def test_the_choice_of_a_recipe_is_told_with_what_is_out_of_scope(film_recovery, tmp_path: Path) -> None:
    pattern = write_scan(tmp_path / "scans")
    given = ("--film", "A", "--source", pattern, "--reference", pattern)
    answers = ("--intra-frame", "--inter-frame", "--colour-reference")
    said = film_recovery("new", tmp_path / "film", *given, *answers, "--json")
    assert said.code == 0, (said.lines, said.text)
    assert said.result["why"] == "Faded or inconsistent colour, and another element kept it."
    assert "out of scope" in said.result["out_of_scope"]
    assert said.result["answers"]["intra_frame"] is True
    (created,) = ledger.read(tmp_path / "film").of_kind("created")
    for key in ("why", "out_of_scope", "answers"):
        assert created.data[key] == said.result[key]
    assert "another element kept it" in notes(tmp_path / "film")
    shown = film_recovery("new", tmp_path / "second", *given, *answers)
    assert shown.code == 0
    assert "out of scope" in " ".join(shown.text.split())
    named = film_recovery("new", tmp_path / "third", *given, "--recipe", "colour-reference", "--json")
    assert "why" not in named.result
    assert "why" not in ledger.read(tmp_path / "third").of_kind("created")[0].data


def test_a_check_is_told_in_the_notes(film_recovery, film: Path) -> None:
    assert "Checks" not in notes(film)
    assert film_recovery("check", "ingest", "--project", film, "--json").code == 0
    assert "· Checks ·" in notes(film)


@pytest.mark.slow
def test_fix_and_sign_take_over_by_choice_and_record_it(film_recovery, film: Path) -> None:
    script = stages.build_script(project.load(film))
    opened = nk.load(script)
    opened.node("CopyCat1").set("batchSize", "8")
    nk.save(opened, script)
    check = str(ledger.read(film).of_kind("sign")[0].data["check"])
    for arguments, kind in (
        (("fix", "training.settings", "--apply"), "fix"),
        (("sign", check, "--by", "Ana"), "sign"),
    ):
        left_by_another(film)
        refused = film_recovery(*arguments, "--project", film, "--json")
        assert (refused.code, refused.error["type"]) == (3, "ProjectLocked")
        said = film_recovery(*arguments, "--take-over", "--project", film, "--json")
        assert said.code == 0, (said.lines, said.text)
        taken, record = ledger.read(film).records[-2:]
        assert (taken.kind, taken.data["what"]) == ("taken over", f"{kind} {arguments[1]}")
        assert "Bo on elsewhere" in taken.data["from"]
        assert record.kind == kind
        assert not (film / lock.FILE).exists()
        assert "Taken over" in notes(film) and f"{kind} {arguments[1]}" in notes(film).replace("\\", "")
    assert "· Fix ·" in notes(film)


def test_what_nobody_can_have_seen_is_not_signed(film_recovery, film: Path) -> None:
    said = film_recovery("sign", "validation.compared", "--by", "Ana", "--project", film, "--json")
    assert said.code == 2
    assert "cannot be signed yet" in said.error["message"] and "film-recovery run" in said.error["remedy"]


def test_what_the_site_sets_is_in_a_new_project_under_what_is_given(
    film_recovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "elements: {source: {holder: Archive}}\ntraining: {steps: 7, seed: 5}\n", encoding="utf-8"
    )
    monkeypatch.setenv(project.SITE, str(site))
    scan = write_scan(tmp_path / "scans")
    said = film_recovery(
        "new", tmp_path / "film", "--film", "A", "--source", scan, "--reference", scan,
        "--recipe", "colour-reference", "--set", "training.steps=9", "--json",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    made = project.load(tmp_path / "film")
    assert (made.source.holder, made.reference.holder) == ("Archive", "")
    assert (made.training.steps, made.training.seed) == (9, 5)
