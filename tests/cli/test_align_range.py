"""``align`` over a range: shots apart, a project's pairs on the path of theirs, little in memory, no wrong map."""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery import demo, nk, project, stages
from film_recovery.cli.align import Asked, align_command
from film_recovery.cli.report import Report, events_to
from film_recovery.comp import Evaluator
from film_recovery.demo import footage
from film_recovery.errors import EXIT_DONE, UsageError
from film_recovery.footage.clip import Clip
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.project import Draft, Element, PairOf
from film_recovery.registration.residual import Tile
from film_recovery.stages import aligning

WIDTH, HEIGHT = 128, 96
SHIFTS = {1: 2, 2: 2, 3: 2, 4: -3, 5: -3, 6: -3}  # the telecine moved where the film is cut
FLAT = range(7, 21)  # frames of nothing


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("film")
    size = (WIDTH + 16, HEIGHT + 16)
    scenes = [
        cv2.resize(cv2.imread(str(Path(demo.__file__).parent / "photographs" / name)), size) / np.float32(255)
        for name in ("coffee.png", "astronaut.png")
    ]
    for number in (*SHIFTS, *FLAT):
        scene = scenes[number > 3]
        right = SHIFTS.get(number, 0)
        for name, start in (("source", 8), ("reference", 8 + right)):
            picture = scene[8 : 8 + HEIGHT, start : start + WIDTH].astype(np.float32)
            shown = picture if number in SHIFTS else np.full_like(picture, 0.4)
            made = Frame.from_array(shown, top_down=True)
            write_frame(made, root / name / f"{name}.{number:04d}.exr", create_directories=True)
    return root


def said(folder: Path | None, asked: Asked, heard: Any = None) -> tuple[int, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []

    def hear(event: Any) -> None:
        events.append(dict(event))
        if heard is not None:
            heard(event)

    token = events_to.set(hear)
    try:
        with Report(as_json=True) as report:
            return align_command(report, folder, asked, by="Ada"), events
    finally:
        events_to.reset(token)


def sequences(film: Path, **more: Any) -> Asked:
    return Asked(**{name: str(film / name / f"{name}.####.exr") for name in ("source", "reference")}, **more)


def pair(number: int, shot: str = "") -> PairOf:
    return PairOf(number, number, "a reason", shot)


def made(
    film: Path,
    folder: Path,
    pairs: tuple[PairOf, ...],
    hold_out: tuple[PairOf, ...],
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Path:
    elements = {
        name: Element(str(film / name / f"{name}.####.exr"), 1, 20, *size) for name in ("source", "reference")
    }
    project.create(
        folder,
        Draft(film="A Trip", recipe="spatial-gauge", elements=elements, pairs=pairs, hold_out=hold_out),
    )
    return folder


@pytest.mark.slow
def test_the_pairs_of_a_project_take_their_place_on_the_path_of_their_shot(
    film: Path, tmp_path: Path
) -> None:
    folder = made(film, tmp_path / "p", (pair(2), pair(5)), (pair(3),))
    code, events = said(folder, Asked(weave="constant", frames="1-6", apply=True))
    assert code == EXIT_DONE
    assert [one["frame"] for one in events[-1]["frames"]] == list(SHIFTS)
    loaded = project.load(folder)
    for one in (*loaded.pairs, *loaded.hold_out):
        assert one.matrix[2] == pytest.approx(SHIFTS[one.source], abs=0.1)


def test_one_matrix_a_shot_over_the_pairs_that_curation_recorded(film: Path, tmp_path: Path) -> None:
    folder = made(film, tmp_path / "p", (pair(1, "1"), pair(2, "1")), (pair(4, "2"),))
    loaded = project.load(folder)
    wanted = aligning.moments(loaded)
    assert aligning.shots(loaded, aligning.clips(loaded)[0], wanted) == [(1, 2), (4, 4)]
    _, events = said(folder, Asked(weave="constant"))
    matrices = {one["frame"]: one["matrix"] for one in events[-1]["frames"]}
    assert matrices[1] == matrices[2] != matrices[4]


def test_the_live_area_is_of_all_pairs_and_not_of_the_range_alone(film: Path, tmp_path: Path) -> None:
    """Of the Source the first scene's Reference lacks two columns on the left, the second's three on the right."""
    folder = made(film, tmp_path / "p", (pair(2, "1"), pair(5, "2")), ())
    code, _ = said(folder, Asked(weave="constant", frames="1-2", apply=True))
    left, _, right, _ = project.load(folder).alignment.live_area or (0, 0, 0, 0)
    assert code == EXIT_DONE and 2 <= left <= 5 and WIDTH - 7 <= right <= WIDTH - 3
    alone = project.load(folder).pairs[1]
    assert not alone.matrix, "it was looked at, and not asked for"
    moved = replace(alone, matrix=(1, 0, -20, 0, 1, 0, 0, 0, 1))  # where it lies is the project's to say
    other = made(film, tmp_path / "q", (pair(2, "1"), moved), ())
    said(other, Asked(weave="constant", frames="1-2", apply=True))
    assert WIDTH - 25 <= project.load(other).alignment.live_area[2] <= WIDTH - 20
    assert project.load(other).pairs[1] == moved


def test_a_pair_that_the_live_area_does_not_know_is_named(film: Path, tmp_path: Path) -> None:
    folder = made(film, tmp_path / "p", (pair(2), pair(8)), ())
    _, events = said(folder, Asked(weave="constant", frames="1-2"))
    (told,) = [one["reason"] for one in events if one.get("id") == "live area"]
    assert told.startswith("The live area does not know frame 8: ")


def test_a_scan_that_is_away_costs_the_live_area_one_frame_and_no_more(film: Path, tmp_path: Path) -> None:
    for name in ("source", "reference"):
        (tmp_path / name).mkdir()
        for path in (film / name).iterdir():
            (tmp_path / name / path.name).symlink_to(path)
    folder = made(tmp_path, tmp_path / "p", (pair(2), pair(5)), ())
    (tmp_path / "reference" / "reference.0005.exr").unlink()
    code, events = said(folder, Asked(weave="constant", frames="1-2", apply=True))
    (told,) = [one["reason"] for one in events if one.get("id") == "live area"]
    assert told.startswith("The live area does not know frame 5: ")
    assert code == EXIT_DONE and project.load(folder).pairs[0].matrix
    kept = json.loads((folder / "pipeline" / "02_alignment" / "align.json").read_text())
    assert [one["frame"] for one in kept["frames"]] == [1, 2]


def test_a_range_whose_reference_frames_are_not_known_is_refused(film: Path, tmp_path: Path) -> None:
    pairs = (pair(2), replace(pair(5), reference=6))
    folder = made(film, tmp_path / "p", pairs, ())
    for frames, words in (
        ("1-6", "Between frames 2 and 5 the offset changes from 0 to 1"),
        ("3-4", "No pair lies in frames 3-4"),
        ("1-30", "no frame 21"),
    ):
        with pytest.raises(UsageError, match=words):
            said(folder, Asked(weave="kept", frames=frames))
    for frames in ("1-4", "3-6"):
        with pytest.raises(UsageError, match="leave it out, or say which --weave"):
            said(folder, Asked(frames=frames))
    loaded = project.load(folder)
    there = range(1, 9)
    assert aligning.ranged(loaded, [5, 6], there, there) == [(5, 6), (6, 7)]
    for frames in ([4, 5, 6], [1, 2, 3]):  # the change lies somewhere between a pair inside and one outside
        with pytest.raises(UsageError, match="Between frames 2 and 5 the offset changes from 0 to 1"):
            aligning.ranged(loaded, frames, there, there)
    with pytest.raises(UsageError, match="Frame 6 has no partner: the Reference has no frame 7"):
        aligning.ranged(loaded, [5, 6], there, range(1, 7))


def test_frame_n_of_a_project_s_stack_has_the_map_of_pair_n_or_one_that_moves_nothing(
    film: Path, tmp_path: Path
) -> None:
    folder = made(film, tmp_path / "p", (pair(8), pair(2)), (pair(9),))
    said(folder, Asked(mesh=True))
    out = folder / "pipeline" / "02_alignment"
    evaluator = Evaluator(nk.load(out / "STMap.nk"))
    shown = [evaluator.frame("Stack_STMap", number).rgb() for number in (1, 2)]
    x, y = (np.arange(WIDTH) + 0.5) / WIDTH, (np.arange(HEIGHT)[:, None] + 0.5) / HEIGHT
    assert np.allclose(shown[0][..., 0], x, atol=1e-6) and np.allclose(shown[0][..., 1], y, atol=1e-6)
    assert np.array_equal(shown[1], read_frame(out / "stmap.0002.exr").rgb())
    assert not (out / "stmap.0008.exr").exists()


def test_a_long_clip_is_written_as_it_comes_and_not_kept(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, most, tiles = [0], [0], [0]
    picture = Clip.picture

    def counted(clip: Clip, frame: int) -> Any:
        read = picture(clip, frame)
        held[0] += 1
        most[0] = max(most[0], held[0])

        def let_go() -> None:
            held[0] -= 1

        weakref.finalize(read, let_go)
        return read

    def alive() -> int:
        return sum(type(one) is Tile for one in gc.get_objects())

    def heard(event: Any) -> None:
        if event["event"] == "frame" and event["residuals"]:
            tiles[0] = max(tiles[0], alive() - others)

    others = alive()

    monkeypatch.setattr(Clip, "picture", counted)
    _, events = said(None, sequences(film, out=tmp_path, frames="1,4,7-20"), heard)
    kept = json.loads((tmp_path / "align.json").read_text())
    whole = [one["residuals"] for one in kept["frames"] if one["residuals"]]
    assert len(kept["frames"]) == 16 and len(whole) == 2
    assert kept["frames"][0]["matrix"] == events[-1]["frames"][0]["matrix"] and kept["live_area"]["box"]
    a_moment = max(len(one["tiles"]) for one in whole)
    assert 0 < tiles[0] <= a_moment  # of the moment that is being told, and of none before it
    assert 2 <= most[0] <= 4  # both sides, and those of the moment that goes


def test_nothing_is_left_of_a_run_that_ended_early(film: Path, tmp_path: Path) -> None:
    def stop(event: Any) -> None:
        if event["event"] == "frame":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        said(None, sequences(film, out=tmp_path, frames="7-9"), stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_subtitle_that_comes_and_goes_keys_the_one_crop(tmp_path: Path) -> None:
    """From the pictures to the graph: only where it stands is the box smaller, and only for what is trained on."""
    reel = footage.load("photographs")
    first = reel.shots[2][0]
    for number, picture in enumerate(reel.pictures[first : first + 3], 1):
        titled = np.ascontiguousarray(np.clip(picture * 255, 0, 255).astype(np.uint8))
        if number == 2:
            for colour, thick in ((0, 4), (240, 1)):
                place, font = (110, 204), cv2.FONT_HERSHEY_SIMPLEX
                cv2.putText(
                    titled, "So this is the end.", place, font, 0.6, (colour,) * 3, thick, cv2.LINE_AA
                )
        for name, shown in (("source", picture), ("reference", titled / np.float32(255))):
            frame = Frame.from_array(np.asarray(shown, np.float32), top_down=True)
            write_frame(frame, tmp_path / name / f"{name}.{number:04d}.exr", create_directories=True)
    height, width = reel.pictures[first].shape[:2]
    folder = made(tmp_path, tmp_path / "p", (pair(2), pair(3)), (pair(1),), (width, height))
    _, events = said(folder, Asked(apply=True))
    assert "alignment.live_area_keys" in events[-1]["written"]
    loaded = project.load(folder)
    assert loaded.alignment.live_area is not None
    whole = loaded.alignment.live_area
    assert list(loaded.alignment.live_area_keys) == [2]
    assert "An overlay stands in 1 of 3 frames, first in 2." in events[-1]["around"]
    assert loaded.alignment.live_area_keys[2][1] > whole[1] + 20  # cut off from below
    stages.build_script(loaded)
    script = nk.load(project.paths(loaded).script)
    evaluator = Evaluator(script)
    boxes = {
        node: [evaluator.call(script.node(node), frame).numbers("box", 4) for frame in (1, 2)]
        for node in ("FR_TrainPrep_Source", "FR_Inference1")
    }
    assert boxes["FR_TrainPrep_Source"] == [loaded.alignment.live_area_keys[2], whole]
    assert boxes["FR_Inference1"] == [whole, whole]
