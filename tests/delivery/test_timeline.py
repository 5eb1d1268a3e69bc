"""The edit timeline, read back as another program reads it: tracks, ranges, files, markers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import opentimelineio as otio
import pytest

from film_recovery.delivery.marks import marked, outliers_of
from film_recovery.delivery.timeline import Edit, Footage, Mark, exact_rate, write_timeline
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.sequence import Sequence

HOUR = 24 * 3600  # frames


def _footage(pattern: Path, frames: tuple[int, ...], start: int) -> Footage:
    pattern.parent.mkdir(parents=True, exist_ok=True)
    sequence = Sequence.parse(pattern)
    for frame in frames:
        sequence.path(frame).write_bytes(b"a frame")
    return Footage(sequence, frames, start)


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """Twelve frames from 01:00:00:00, of which six were recovered in two runs; names that have to be escaped."""
    original = _footage(tmp_path / "film scans" / "reel #2 100%.####.exr", tuple(range(1001, 1013)), HOUR)
    recovered = _footage(
        tmp_path / "masters" / "s010.####.exr", (1004, 1005, 1006, 1009, 1010, 1011), HOUR + 3
    )
    marks = (
        Mark(1006, "hold-out", "between"),
        Mark(1010, "outlier", "flicker", {"fault": "flicker", "score": 7.25, "where": [1, 2]}),
        Mark(1004, "pair", "skin", {"reference": 1007}),
        Mark(1006, "outlier", "halo"),
    )
    return Edit("A Trip 2 s010", 24.0, original, recovered, marks, {"film": "A Trip"})


def _read(path: Path) -> Any:
    return otio.adapters.read_from_file(str(path))


def _files(clip: Any, beside: Path) -> list[Path]:
    """The files that a reader opens for each frame of ``clip``, from the addresses in it."""
    media, found = clip.media_reference, []
    for place in range(round(clip.source_range.duration.value)):
        time = clip.source_range.start_time + otio.opentime.RationalTime(
            place, clip.source_range.duration.rate
        )
        number = media.frame_for_time(time)
        address = urljoin(beside.as_uri(), media.target_url_for_image_number(number - media.start_frame))
        found.append(Path(unquote(urlsplit(address).path)))
    return found


@pytest.mark.parametrize("absolute", [False, True])
def test_it_is_read_back_with_tracks_ranges_files_and_markers(
    edit: Edit, tmp_path: Path, absolute: bool
) -> None:
    path = write_timeline(edit, tmp_path / "edit" / "compare.otio", absolute=absolute)
    found = _read(path)
    assert (found.name, found.metadata["film_recovery"]["film"]) == ("A Trip 2 s010", "A Trip")
    assert found.global_start_time.to_timecode() == "01:00:00:00"
    original, recovered = found.video_tracks()
    assert (original.name, recovered.name) == ("Original", "Recovered")

    (whole,) = original
    assert _span(found, whole) == (0, 12)
    assert whole.source_range.start_time.to_timecode() == "01:00:00:00"
    kinds = [(type(item).__name__, _span(found, item)) for item in recovered]
    assert kinds == [("Gap", (0, 3)), ("Clip", (3, 3)), ("Gap", (6, 2)), ("Clip", (8, 3))]
    second = recovered[3]
    assert second.source_range.start_time.to_timecode() == "01:00:00:08"

    read = [_files(clip, path) for clip in (whole, recovered[1], second)]
    assert read == [
        [edit.original.sequence.path(n) for n in range(1001, 1013)],
        [edit.recovered.sequence.path(n) for n in (1004, 1005, 1006)],
        [edit.recovered.sequence.path(n) for n in (1009, 1010, 1011)],
    ]
    assert all(file.is_file() for files in read for file in files)
    assert whole.media_reference.target_url_base.startswith("file:///") is absolute

    marks = [
        (m.name, m.color, m.marked_range.start_time.value, m.marked_range.duration.value, m.comment)
        for m in found.tracks.markers
    ]
    assert marks == [
        ("Pair 1004", "GREEN", 3, 1, "skin"),
        ("Outlier 1006", "RED", 5, 1, "halo"),
        ("Hold-out 1006", "CYAN", 5, 1, "between"),
        ("Outlier 1010", "RED", 9, 1, "flicker"),
    ]
    told = found.tracks.markers[3].metadata
    assert dict(told["film_recovery"], where=list(told["film_recovery"]["where"])) == {
        "kind": "outlier",
        "frame": 1010,
        "fault": "flicker",
        "score": 7.25,
        "where": [1, 2],
    }
    assert told["Resolve_OTIO"]["Note"] == "flicker"


def _span(found: Any, item: Any) -> tuple[float, float]:
    """Where ``item`` lies on the timeline: first frame and count."""
    span = item.transformed_time_range(
        otio.opentime.TimeRange(item.source_range.start_time, item.source_range.duration), found.tracks
    )
    return span.start_time.value, span.duration.value


def test_a_relative_one_opens_where_it_is_carried_to(edit: Edit, tmp_path: Path) -> None:
    write_timeline(edit, tmp_path / "edit" / "compare.otio")
    elsewhere = tmp_path / "other disk"
    elsewhere.mkdir()
    for name in ("edit", "film scans", "masters"):
        (tmp_path / name).rename(elsewhere / name)
    path = elsewhere / "edit" / "compare.otio"
    original, _ = _read(path).video_tracks()
    files = _files(original[0], path)
    assert files[0] == elsewhere / "film scans" / "reel #2 100%.1001.exr"
    assert all(file.is_file() for file in files)


def test_equal_edits_give_equal_files_and_ours_is_replaced(edit: Edit, tmp_path: Path) -> None:
    path = tmp_path / "compare.otio"
    first = write_timeline(edit, path).read_bytes()
    assert write_timeline(edit, path).read_bytes() == first


def test_what_another_program_wrote_is_left_alone(edit: Edit, tmp_path: Path) -> None:
    path = tmp_path / "cut.otio"
    path.write_text(otio.schema.Timeline("mine").to_json_string(), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(FilmRecoveryError, match="not written by Film Recovery"):
        write_timeline(edit, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "meant"),
    [(24, 24), (23.976, 24000 / 1001), (23.98, 24000 / 1001), (29.97, 30000 / 1001), (25, 25), (18, 18)],
)
def test_the_frame_rate_is_the_one_that_is_meant(given: float, meant: float) -> None:
    assert exact_rate(given) == meant


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"marks": (Mark(1013, "outlier"),)}, "Frame 1013 .outlier. is to be marked.*1001–1012"),
        ({"recovered": (1012, 1013)}, "Recovered has frame 1013, the Original only 1001–1012"),
        ({"original": "plate.exr"}, "one file for all of them"),
    ],
    ids=["mark", "frames", "still"],
)
def test_what_fits_no_timeline_is_named(
    edit: Edit, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    from dataclasses import replace

    if "recovered" in change:
        edit = replace(edit, recovered=replace(edit.recovered, frames=change["recovered"]))
    elif "original" in change:
        edit = replace(edit, original=replace(edit.original, sequence=Sequence.parse(change["original"])))
    else:
        edit = replace(edit, **change)
    with pytest.raises(FilmRecoveryError, match=words):
        write_timeline(edit, tmp_path / "compare.otio")
    assert not (tmp_path / "compare.otio").exists()


@pytest.fixture
def outliers(tmp_path: Path) -> Callable[[Any], Path]:
    def write(content: Any) -> Path:
        file = tmp_path / "outliers.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    return write


def test_outliers_are_marked_with_what_was_found(outliers: Callable[[Any], Path]) -> None:
    entry = {
        "frame": 1042,
        "kind": "flicker",
        "figure": 0.034,
        "usual": 0.01,
        "score": 7.2,
        "where": "top left",
    }
    (mark,) = outliers_of(outliers([entry]))
    assert (mark.frame, mark.kind) == (1042, "outlier")
    assert mark.note == "flicker: 0.034, usual 0.01, score 7.2; top left"
    assert mark.facts["fault"] == "flicker"
    assert outliers_of(outliers({"outliers": [entry]})) == (mark,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "it is not JSON"),
        ({"frames": 1}, "it holds no list"),
        ([{"frame": 1}, {"kind": "halo"}], "entry 2 names no frame"),
        ([{"frame": "1"}], "entry 1 names no frame"),
        ([{"frame": 10**20, "kind": "halo"}], "entry 1 holds a number of 21 digits"),
        ([{"frame": 1}, {"frame": 2, "boxes": [{"x": 10**30}]}], "entry 2 holds a number of 31 digits"),
        ([{"frame": 1, "figure": float("nan")}], "entry 1 holds nan as a figure"),
        ([{"frame": 1, "where": "\ud800"}], "entry 1 holds half of a character"),
    ],
)
def test_a_file_of_no_outliers_is_refused(outliers: Callable[[Any], Path], content: Any, words: str) -> None:
    with pytest.raises(FilmRecoveryError, match=words):
        outliers_of(outliers(content))


def test_frames_are_marked_with_their_notes() -> None:
    assert marked("still", (3, 5), {5: "steam"}) == (Mark(3, "still"), Mark(5, "still", "steam"))
