"""``timeline`` as an operator calls it: of a project, and of two sequences."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest


@pytest.fixture
def sides(plates: Path) -> tuple[Path, Path]:
    """Five frames, and three of them recovered."""
    recovered = plates / "recovered"
    recovered.mkdir()
    for number in (2, 3, 4):
        shutil.copyfile(plates / "elements" / f"plate.{number:04d}.exr", recovered / f"out.{number:04d}.exr")
    return plates / "elements" / "plate.####.exr", recovered / "out.####.exr"


@pytest.mark.slow
def test_a_project_gets_its_timeline_once_it_is_rendered(
    film: Path, film_recovery: Callable[..., Any]
) -> None:
    early = film_recovery("timeline", "--project", film, "--json")
    assert early.code == 1
    assert "nothing to put on the timeline" in early.error["message"]
    film_recovery("run", "--project", film, "--json")
    (film / "pipeline" / "05_validation" / "outliers.json").write_text(
        json.dumps([{"frame": 1005, "kind": "flicker", "figure": 0.02, "usual": 0.001, "score": 8}]), "utf-8"
    )
    said = film_recovery("timeline", "--project", film, "--json")
    assert said.code == 0, (said.lines, said.text)
    told = said.result
    assert (told["original"], told["recovered"], told["frame_rate"]) == (12, 4, 24)
    assert told["markers"] == {"pair": 4, "hold-out": 1, "outlier": 1, "still": 1}
    assert len(told["notes"]) == 2, "neither side carries a timecode"
    path = Path(told["timeline"])
    assert path == film / "pipeline" / "05_validation" / "timeline.otio"
    found = otio.adapters.read_from_file(str(path))
    original, recovered = found.video_tracks()
    assert (original.name, recovered.name) == ("Original", "Recovered")
    gap, clip = recovered
    assert (gap.duration().value, clip.duration().value, clip.source_range.start_time.value) == (3, 4, 1004)
    media = clip.media_reference
    assert media.target_url_base == "../04_inference_render/"
    assert (path.parent / media.target_url_for_image_number(0)).is_file()


def test_two_sequences_make_one_too(
    sides: tuple[Path, Path], plates: Path, film_recovery: Callable[..., Any]
) -> None:
    out = plates / "compare.otio"
    arguments = ("timeline", "--original", sides[0], "--recovered", sides[1], "--out", out)
    said = film_recovery(
        *arguments, "--frame-rate", "23.976", "--stills", "2,4", "--frames", "2-5", "--absolute", "--json"
    )
    assert said.code == 0, (said.lines, said.text)
    assert (said.result["original"], said.result["recovered"]) == (4, 3)
    found = otio.adapters.read_from_file(str(out))
    assert [mark.name for mark in found.tracks.markers] == ["Still 2", "Still 4"]
    assert found.global_start_time.rate == 24000 / 1001
    original, _ = found.video_tracks()
    assert original[0].media_reference.target_url_base == sides[0].parent.as_uri() + "/"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        (("--frame-rate", "24"), 2, "needs a file"),
        (("--frame-rate", "24", "--out", "x.xml"), 2, "no name of a timeline"),
        (("--out", "x.otio"), 2, "how fast they run"),
        (("--frame-rate", "0", "--out", "x.otio"), 2, "no number of frames a second"),
        (("--frame-rate", "24", "--stills", "9", "--out", "x.otio"), 3, "Frame 9"),
        (("--frame-rate", "24", "--outliers", "none.json", "--out", "x.otio"), 3, "none.json"),
        (("--frame-rate", "24", "--out", "elements/x.otio"), 3, "never written to"),
    ],
)
def test_what_it_cannot_do_is_said(
    sides: tuple[Path, Path],
    plates: Path,
    film_recovery: Callable[..., Any],
    wrong: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    given = [str(plates / word) if word.endswith((".otio", ".xml", ".json")) else word for word in wrong]
    said = film_recovery("timeline", "--original", sides[0], "--recovered", sides[1], *given, "--json")
    assert said.code == code, (said.lines, said.text)
    assert words in json.dumps(said.error, ensure_ascii=False)
    assert not list(plates.rglob("*.otio"))


def test_one_side_is_not_enough(sides: tuple[Path, Path], film_recovery: Callable[..., Any]) -> None:
    said = film_recovery("timeline", "--original", sides[0], "--json")
    assert (said.code, "both" in said.error["message"]) == (2, True)
