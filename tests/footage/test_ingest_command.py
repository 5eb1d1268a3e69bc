"""``ingest`` as it is run: two sequences or a project, lines for a person, JSON, exit codes; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery import project
from film_recovery.cli.ingest import _looked, _of_files, ingest
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.project import Draft, Element


class Told:
    """What the command printed as JSON, and its exit code."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.lines = [json.loads(line) for line in text.splitlines()]
        self.result = self.lines[-1]

    def finding(self, id: str, element: str) -> dict[str, Any]:
        (found,) = [one for one in self.result["findings"] if (one["id"], one["element"]) == (id, element)]
        return found


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: Any, **more: Any) -> Told:
        with Report(True) as report:
            code = ingest(report, *arguments, **more)
        return Told(code, capsys.readouterr().out)

    return call


@pytest.fixture
def pair(filming: Any, tmp_path: Path) -> tuple[str, str]:
    """A Source, and a Reference of the same moments that is softer and brighter."""
    frames = filming.film(24)
    better = [0.8 * one + 0.15 for one in filming.copied(frames)]
    return filming.write(tmp_path / "source", frames), filming.write(tmp_path / "reference", better)


def test_two_clean_sequences(told: Any, pair: tuple[str, str], tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    said = told(None, *pair)
    assert said.code == EXIT_DONE
    assert {one["severity"] for one in said.result["findings"]} <= {"pass", "info"}
    assert said.result["frames_looked_at"] == {"Source": 24, "Reference": 24}
    source = said.result["elements"]["Source"]
    assert (source["first"], source["last"], source["facts"]["width"]) == (1001, 1024, 208)
    checks = [line for line in said.lines if line["event"] == "check"]
    assert [one["id"] for one in checks] == [one["id"] for one in said.result["findings"]]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_is_planted_is_named(told: Any, filming: Any, pair: tuple[str, str], tmp_path: Path) -> None:
    source, reference = pair
    frames = filming.film(24)
    frames[3][2, 2] = np.nan
    filming.write(tmp_path / "source", frames)
    (tmp_path / "source" / "scan.1010.exr").unlink()
    (tmp_path / "source" / "scan.1015.exr").write_bytes(b"torn")
    filming.write(tmp_path / "reference", filming.copied(filming.pulldown(frames[4:])))
    said = told(None, source, reference)
    assert said.code == EXIT_CHECK_FAILED
    assert said.finding("headers.missing", "Source")["value"] == [1010]
    assert said.finding("headers.unreadable", "Source")["value"] == [1015]
    assert said.finding("values.finite", "Source")["value"] == {"1004": 3}
    assert "frame 1004" in said.finding("values.unreadable", "Source")["reason"]
    assert "3:2 pulldown" in said.finding("cadence.repeated_fields", "Reference")["reason"]


def test_a_range_of_both(told: Any, pair: tuple[str, str]) -> None:
    said = told(None, *pair, "1005-1012")
    assert said.result["frames_looked_at"] == {"Source": 8, "Reference": 8}
    assert told(None, *pair, "1020-1026").finding("headers.missing", "Source")["value"] == [1025, 1026]


def test_a_bounded_number_of_frames(told: Any, pair: tuple[str, str]) -> None:
    said = told(None, *pair, most=10)
    assert said.result["frames_looked_at"] == {"Source": 10, "Reference": 10}
    assert said.result["elements"]["Source"]["frames"] == 24
    for id in ("values.finite", "values.outside", "levels.range"):
        assert "in 10 of 24 frames" in said.finding(id, "Source")["reason"]
    equal = said.finding("repeats.equal", "Source")
    assert equal["value"]["looked_at"] == [[1011, 1020]]
    assert "Looked at: frames 1011-1020; 14 frames of the 24 were not" in equal["reason"]


def test_every_frame_is_looked_at(told: Any, filming: Any, tmp_path: Path) -> None:
    frames = [one[:32, :48] for one in filming.film(60)]
    frames[1][2, 2] = np.nan
    frames[57] = frames[30]
    source = filming.write(tmp_path / "source", frames)
    said = told(None, source, source, most=None)
    assert said.result["frames_looked_at"]["Source"] == 59  # but for the one that holds no picture
    assert said.finding("values.finite", "Source")["value"] == {"1002": 3}
    assert "60 frames were looked at" in said.finding("values.finite", "Source")["reason"]
    assert said.finding("repeats.again", "Source")["value"] == [[1058, 1031]]
    bounded = told(None, source, source, most=20)
    assert "20 of 60 frames" in bounded.finding("values.finite", "Source")["reason"]


def test_a_person_reads_lines_with_remedies(
    filming: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = filming.write(tmp_path / "source", filming.film(12))
    reference = filming.write(
        tmp_path / "reference", filming.copied(filming.at_rate(filming.film(6), 24, 12))
    )
    with Report(False) as report:
        assert ingest(report, None, source, reference) == EXIT_DONE
    shown = capsys.readouterr()
    lines = " ".join(shown.err.split())
    assert "warn cadence.repeated_frames: The Reference has 2:2, each frame twice" in lines
    assert "Remedy: leave out the repeated frames" in lines
    assert "12 headers, 12 frames looked at" in shown.out


def test_what_is_not_asked_rightly_is_refused(told: Any, pair: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--source and --reference"):
        told(None, pair[0], None)
    with pytest.raises(UsageError, match="a project, or two sequences"):
        told(tmp_path, *pair)
    with pytest.raises(UsageError, match="--most 0"):
        told(None, *pair, most=0)
    with pytest.raises(FilmRecoveryError, match="The Source has no frame"):
        told(None, str(tmp_path / "none.####.exr"), pair[1])
    with pytest.raises(UsageError, match="--reference-space cannot be given"):
        told(tmp_path, None, None, reference_space="scene_linear")
    with pytest.raises(FilmRecoveryError, match="“agfa 1927” is not in"):
        told(None, *pair, source_space="agfa 1927")


def test_each_sequence_is_judged_in_its_own_space(told: Any, pair: tuple[str, str]) -> None:
    """The cadence is measured on what the eye sees of linear files; the values stay those of the files."""
    runs = []
    for space in ("", "scene_linear"):
        with Report(False) as report:
            runs.append(
                [_looked(report, _of_files("Source", pair[0], (1001, 1002), space), None).runs[0][1].moved]
            )
    assert runs[0] != runs[1]
    assert told(None, *pair, "1001-1008", source_space="scene_linear").code == EXIT_DONE


# A project


@pytest.fixture
def film(pair: tuple[str, str], tmp_path: Path) -> Path:
    source, reference = pair
    elements = {
        name: Element(pattern, 1001, 1024, 208, 160, authorisation="by letter")
        for name, pattern in (("source", source), ("reference", reference))
    }
    project.create(tmp_path / "film", Draft(film="Coffee", recipe="spatial-gauge", elements=elements))
    return tmp_path / "film"


def test_a_project_has_its_checks_too(told: Any, film: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in film.rglob("*")}
    said = told(film, None, None)
    outcomes = {one["id"]: one["outcome"] for one in said.result["checks"]}
    assert outcomes["ingest.same_transform"] == "pass"
    assert outcomes["ingest.cadence"] == "pass"
    assert outcomes["ingest.grain_kept"] == "fail"  # nobody has signed it
    assert said.code == EXIT_CHECK_FAILED
    assert {one["severity"] for one in said.result["findings"]} <= {"pass", "info"}
    assert {path: path.stat().st_mtime_ns for path in film.rglob("*")} == before


def test_frames_that_a_project_declares_must_be_there(told: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "reference" / "scan.1024.exr").unlink()
    assert told(film, None, None).finding("headers.missing", "Reference")["value"] == [1024]


def test_an_element_is_judged_in_its_own_space(told: Any, film: Path, tmp_path: Path) -> None:
    """Linear plates are brought to what the eye sees, and values above 1 are told with the workflow's remedy."""
    text = (film / "project.yaml").read_text(encoding="utf-8")
    (film / "project.yaml").write_text(text.replace("color_picking", "scene_linear"), encoding="utf-8")
    said = told(film, None, None)
    assert said.finding("cadence.none", "Source")["severity"] == "pass"
    (domain,) = [one for one in said.result["checks"] if one["id"] == "ingest.training_domain"]
    assert domain["outcome"] == "warn"


def test_a_space_that_the_config_has_not_is_named_and_the_rest_is_measured(told: Any, film: Path) -> None:
    text = (film / "project.yaml").read_text(encoding="utf-8")
    (film / "project.yaml").write_text(text.replace("color_picking", "agfa 1927", 1), encoding="utf-8")
    said = told(film, None, None)
    assert said.code == EXIT_CHECK_FAILED
    assert said.finding("colour.space", "Source")["value"] == "agfa 1927"
    assert said.finding("cadence.none", "Source")["severity"] == "pass"
    (transform,) = [one for one in said.result["checks"] if one["id"] == "ingest.same_transform"]
    assert transform["outcome"] == "fail" and "agfa 1927" in transform["reason"]
