"""Offsets between a faded, grainy, weaving print and a cropped copy: constant, changing, and not to be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from film_recovery.demo.cases import Edited, edited
from film_recovery.demo.degrade import Damage
from film_recovery.demo.reels import Look, Reel, element, faded_print, film, safety_copy
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import open_clip
from film_recovery.footage.correspondence import Match
from film_recovery.footage.neighbours import confirmed, off_by_one
from film_recovery.footage.offset import match
from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import Signatures, signatures
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

Known = tuple[Signatures, Signatures]


@pytest.fixture(scope="module")
def steady() -> Edited:
    """A constant offset; the pictures take longer to make than to match."""
    return edited(222, ())


@pytest.fixture(scope="module")
def known(steady: Edited) -> Known:
    return signatures(steady.source), signatures(steady.reference)


def matched(case: Edited, **knobs: Any) -> Match:
    return match(signatures(case.source), signatures(case.reference), **knobs)


def wrong(case: Edited, found: Match) -> list[int]:
    """Frames with another moment than the true one, but for those within the span in which a change is said to lie."""
    spans = [(change.earliest, change.latest) for change in found.changes]
    return [
        frame
        for frame, moment in case.truth.items()
        if found.frames[frame] != moment and not any(first <= frame <= last for first, last in spans)
    ]


def test_a_constant_offset(steady: Edited, known: Known) -> None:
    found = match(*known)
    assert found.offset == -94
    assert not found.changes and not found.unlike
    assert found.frames == steady.truth
    assert len(found.runs) == 1 and found.runs[0].confidence > 0.99 and found.runs[0].margin > 0.005
    assert found.sentence() == "Offset frames 101–166: -94."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "edits"),
    [
        (212, (("inserted", 12), ("dropped", 40))),
        (213, (("repeated", 14), ("inserted", 44))),
        (214, (("dropped", 15), ("repeated", 42))),
    ],
)
def test_inserted_dropped_and_repeated_frames(seed: int, edits: tuple[tuple[str, int], ...]) -> None:
    case = edited(seed, edits)
    found = matched(case)
    assert len(found.changes) == len(edits)
    for change, (kind, frame) in zip(found.changes, case.edits, strict=True):
        # Where little moves, a repeated frame looks like one that the Reference lost: time runs alike in both.
        also = [("dropped", "Reference")] if kind == "repeated" else []
        assert (change.kind, change.side) in [(kind, "Source"), *also]
        assert change.earliest - 1 <= frame <= change.latest + 1
        if kind == "inserted":
            assert change.frames == (frame,) and found.frames[frame] is None
    assert wrong(case, found) == []
    plain = found.as_dict()
    assert plain["runs"][0]["first"] == 101 and len(plain["changes"]) == 2
    assert plain["frames"][0] == [101, case.truth[101]]


def test_the_placement_is_found() -> None:
    clean = film((30,), 215)
    source = element(clean, Look(Damage(fade=True, grain=0.02), zoom=0.95, shift=(4, -3)), 215)
    reference = element(clean, Look(zoom=1.05, shift=(-2, 1)), 216)
    found = match(signatures(source), signatures(reference)).placement
    scale = 0.95 / 1.05
    assert found.scale == pytest.approx(scale, abs=0.012)
    assert found.right * 320 == pytest.approx(-6 * 0.95, abs=1.0)
    assert found.down * 320 == pytest.approx(4 * 0.95, abs=1.0)
    given = Placement(scale, -6 * 0.95 / 320, 4 * 0.95 / 320)
    assert match(signatures(source), signatures(reference), placement=given).placement == given
    matrix = given.matrix((224, 320), (224, 320))
    centre = matrix @ np.array([159.5, 111.5, 1])
    np.testing.assert_allclose(centre, [159.5 - 6 * 0.95, 111.5 + 4 * 0.95])


def test_where_nothing_moves_no_offset_is_claimed() -> None:
    clean = film((40,), 217, still=(0,))
    rng = np.random.default_rng(217)
    found = match(
        signatures(element(clean, faded_print(rng), 217)), signatures(element(clean, safety_copy(rng), 218))
    )
    assert found.offset is None
    assert not any(run.sure for run in found.runs)
    assert found.sentence().startswith("Cannot tell the offset") or "No offset is sure" in found.sentence()


def test_a_damaged_frame_keeps_its_place(steady: Edited, known: Known) -> None:
    white = known[0].thumbnails.copy()
    white[20] = 0.97
    found = match(replace(known[0], thumbnails=white), known[1])
    assert found.unlike == (121,)
    assert found.frames[121] is None
    assert {**found.frames, 121: 27} == steady.truth


def test_missing_files_are_no_change() -> None:
    case = edited(220, (), lengths=(24, 22, 20))
    present = [at for at in range(len(case.source.frames)) if at not in (10, 11, 40)]
    fewer = Reel(
        [case.source.pictures[at] for at in present], tuple(case.source.frames[at] for at in present)
    )
    found = match(signatures(fewer), signatures(case.reference))
    assert not found.changes and found.offset == -94


def test_reach(known: Known) -> None:
    assert match(*known, reach=100).offset == -94
    with pytest.raises(FilmRecoveryError, match="within 10 frames"):
        match(*known, reach=10)


def test_neighbours_in_larger_pictures(steady: Edited, known: Known) -> None:
    found = match(*known)
    assert confirmed(steady.source, steady.reference, known[0], found).offset == -94
    # A map that is off by one everywhere is put right.
    moved = replace(
        found,
        runs=tuple(replace(run, offset=run.offset + 1) for run in found.runs),
        frames={frame: None if other is None else other + 1 for frame, other in found.frames.items()},
    )
    right = confirmed(steady.source, steady.reference, known[0], moved)
    assert right.offset == -94 and right.frames == found.frames


def test_off_by_one_names_the_frame_with_most_in_common(steady: Edited, known: Known) -> None:
    frame = known[0].frames[5 + int(np.argmax(known[0].motion[5:15]))]
    where = match(*known).placement
    moment = steady.truth[frame]
    assert moment is not None
    candidates = {moment + step: steady.reference.picture(moment + step) for step in (-1, 0, 1)}
    found = off_by_one(steady.source.picture(frame), candidates, placement=where)
    assert found.frame == moment and found.sure and found.margin > 0
    assert [one["frame"] for one in found.as_dict()["candidates"]] == [moment - 1, moment, moment + 1]
    same = steady.reference.picture(moment)
    assert not off_by_one(steady.source.picture(frame), {1: same, 2: same}, placement=where).sure
    with pytest.raises(FilmRecoveryError, match="No frame to compare"):
        off_by_one(steady.source.picture(frame), {})


def test_files(tmp_path) -> None:
    case = edited(224, (("dropped", 10),), lengths=(20, 18))
    for reel, name in ((case.source, "source"), (case.reference, "reference")):
        (tmp_path / name).mkdir()
        for frame in reel.frames:
            path = tmp_path / name / f"{name}.{frame:04d}.exr"
            write_frame(Frame.from_array(reel.picture(frame)[::-1]), path, datatype="half")
    clips = [open_clip(name, str(tmp_path / name / f"{name}.####.exr")) for name in ("source", "reference")]
    found = match(*(signatures(clip) for clip in clips))
    assert [change.kind for change in found.changes] == ["dropped"]
    assert wrong(case, found) == []
