"""``deliver``, ``verify`` and ``provenance`` as they are called: exit codes, and what a program reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from film_recovery.cli.delivering import show_terms
from film_recovery.cli.report import Report
from film_recovery.provenance.source_types import source_types


def test_the_terms_are_shown_with_what_they_mean_and_nothing_else_is_done(
    film_recovery, tmp_path: Path
) -> None:
    said = film_recovery("deliver", "--terms", "--json")
    assert (said.code, [line["event"] for line in said.lines]) == (0, ["result"])
    assert [one["term"] for one in said.result["terms"]] == list(source_types())
    assert all(
        one["meaning"] and one["uri"].startswith("http://cv.iptc.org/") for one in said.result["terms"]
    )
    said = film_recovery("deliver", tmp_path / "out", "--terms")
    assert (said.code, said.text) == (0, "") and not (tmp_path / "out").exists()


def test_a_person_reads_the_terms_with_what_they_mean(capsys: pytest.CaptureFixture[str]) -> None:
    with Report(as_json=False) as report:
        assert show_terms(report) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for one in source_types().values():
        assert one.term in shown
    assert "no content was generated" in shown


@pytest.mark.slow
def test_frames_by_pattern_are_delivered_and_verified(film_recovery, plates: Path) -> None:
    frames, out = plates / "elements/plate.####.exr", plates / "bag"
    asked = ("deliver", out, "--frames", frames, "--source-type", "positiveFilm", "--json")
    said = film_recovery(*asked)
    assert (said.code, said.error["type"]) == (1, "CheckFailed") and "--accept-foreign" in said.error[
        "remedy"
    ]
    said = film_recovery(*asked, "--accept-foreign", "scanned in 2025", "--by", "Ada")
    assert (said.code, said.result["foreign"], said.result["files"]) == (0, 5, 7)
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"], cwd=out, check=True
    )
    said = film_recovery("verify", out, "--json")
    assert (said.code, said.result["intact"]) == (0, True)
    frame = out / "data/masters/plate.0003.exr"
    content = bytearray(frame.read_bytes())
    content[-1] ^= 1
    frame.write_bytes(content)
    said = film_recovery("verify", out / "data/masters/plate.####.exr", "--json")
    (found,) = [line for line in said.lines if line["event"] == "check"]
    assert (said.code, found["id"], found["value"]["file"]) == (1, "frame", str(frame))
    assert film_recovery("deliver", out, "--frames", frames, "--json").code == 3, "it is there already"
    assert film_recovery("deliver", plates / "other", "--frames", frames, "--json").code == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deliver",), 2),
        (("deliver", "out", "--frames", "nothing.####.exr"), 2),
        (("deliver", "out"), 3),
        (("verify", "nothing"), 3),
        (("provenance",), 3),
    ],
)
def test_wrong_use_has_its_code_and_a_remedy(
    film_recovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    said = film_recovery(*arguments, "--json")
    assert said.code == code, (said.lines, said.text)
    assert said.error["remedy"]
    assert not list(tmp_path.glob("[!.]*")) or code == 3
