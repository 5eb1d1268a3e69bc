"""Frames made by one process or several: the same bytes, killed or not; values outside 0–1 counted, never cut; a disk
that is too small told before it is full."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from film_recovery import engine, ledger, nk, project, stages
from film_recovery.checks import Outcome
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning import export, tiling
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.network import SHAPES, Recovery
from film_recovery.project import Alignment, Draft, Element, PairOf, Project, Training
from film_recovery.rendering import several
from film_recovery.rendering.record import Record
from film_recovery.rendering.render import opened, room_for
from film_recovery.rendering.space import Room, sized
from film_recovery.stages.conditions import trained_under
from film_recovery.stages.frames import figures, make_frames
from film_recovery.stages.inferring import Asked, infer
from film_recovery.stages.masters import written
from film_recovery.stages.view import View

WRITE = "Write_Recovered"
EIGHT = range(1, 9)
SIZE = (128, 96)  # of the place's frames


class Heard:
    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        pass

    def outcome(self, outcome: Outcome) -> None:
        pass


def frames_of(place: Any) -> dict[str, str]:
    found = sorted((place.folder / "pipeline" / "04_inference_render").glob("*.exr"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


def emptied(place: Any) -> None:
    for file in (place.folder / "pipeline" / "04_inference_render").iterdir():
        file.unlink()


@pytest.mark.slow
def test_several_processes_make_what_one_does(place: Any) -> None:
    place.save_model()
    header = {"FilmTitle": "A Trip"}
    one = make_frames(place.script, WRITE, EIGHT, header=header)
    alone = frames_of(place)
    assert len(alone) == 8 and one.rendered.written == tuple(EIGHT)
    emptied(place)
    told: list[tuple[int, int, int, bool]] = []
    made = make_frames(
        place.script, WRITE, EIGHT, header=header, workers=3, progress=lambda *said: told.append(said)
    )
    assert frames_of(place) == alone
    assert made.rendered.written == tuple(EIGHT) and made.outside == one.outside
    assert [said[:2] for said in told] == [(n, 8) for n in EIGHT] and {said[2] for said in told} == set(EIGHT)
    again = make_frames(place.script, WRITE, EIGHT, header=header, workers=2)
    assert again.rendered.kept == tuple(EIGHT) and again.rendered.written == ()


@pytest.mark.slow
def test_a_real_network_gives_the_same_bytes_in_one_process_and_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an operator has it: nothing says how many threads there are, and the leader has more than one."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    place = larger(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        make_frames(place.script, WRITE, [1, 2, 3])
        alone = frames_of(place)
        emptied(place)
        make_frames(place.script, WRITE, [1, 2, 3], workers=2)
    finally:
        torch.set_num_threads(before)
    assert frames_of(place) == alone and len(alone) == 3
    view = View(place.project)
    source = view.evaluator.frame(view.read_of(view.inference).path, 1).rgb(view.live_area(1))
    assert np.abs(written(view, 1, view.live_area(1)) - source).max() > 1e-2, "the network does something"


def larger(root: Path) -> Any:
    """A film of larger frames, so that there are several tiles of a medium network that is not nothing."""
    size = (560, 320)
    whole = np.random.default_rng(1).random((size[1], size[0], 3)).astype(np.float32)
    for element in ("source", "reference"):
        for number in (1, 2, 3):
            path = root / "film" / element / f"{element}.{number:04d}.exr"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_frame(Frame.from_array(np.roll(whole, 7 * number, 1)), path, datatype="half")
    elements = {
        name: Element(str(root / "film" / name / f"{name}.####.exr"), 1, 3, *size)
        for name in ("source", "reference")
    }
    draft = Draft(
        film="A Trip",
        recipe="spatial-gauge",
        elements=elements,
        shot="s010",
        pairs=(PairOf(1, 1, "spread"),),
        hold_out=(PairOf(2, 2),),
        alignment=Alignment(live_area=(2, 2, 558, 318)),
        training=Training(patch=32),
    )
    folder = project.create(root / "project", draft).folder
    stages.build_script(project.load(folder))
    torch.manual_seed(0)
    model = Recovery(LumaFilter("srgb", 7, 1), SHAPES["medium"])
    torch.nn.init.normal_(model.network.ending.weight, std=0.02)
    conditions = {**trained_under(View(project.load(folder))), "tile": "any"}
    card = export.card_for(model, film="A Trip", preset="medium", patch=32, conditions=conditions)
    export.save_model(model, project.paths(project.load(folder)).model, card)
    return Film(folder)


@dataclass(frozen=True)
class Film:
    folder: Path

    @property
    def project(self) -> Project:
        return project.load(self.folder)

    @property
    def script(self) -> Path:
        return project.paths(self.project).script


def replies(body: str) -> dict[int, Any]:
    """What two processes say that read the task, and then do ``body`` for each ``line``: by frame."""
    code = f"import json, os, sys\nsys.stdin.readline()\nfor line in sys.stdin:\n    {body}"
    told: dict[int, Any] = {}
    several.shared_out([sys.executable, "-c", code], {}, [1, 2, 3, 4], 2, told.__setitem__)
    return told


SAID = "print(json.dumps({'outside': int(line)}), flush=True)"


@pytest.mark.parametrize(
    "before",
    [
        "print('a warning')",
        r"sys.stdout.buffer.write(b'f\xfcr\n'); sys.stdout.flush()",
        "print('{not JSON')",
        "print('[1]')",
    ],
)
def test_what_is_no_reply_is_passed_over(before: str) -> None:
    assert replies(f"{before}; {SAID}") == {n: {"outside": n} for n in range(1, 5)}


def test_a_process_that_stops_replying_is_told() -> None:
    with pytest.raises(FilmRecoveryError, match="ended at this frame without a word"):
        replies("os.close(1)")


MODULE = """
import os, sys
print("a library that talks", end="")
os.write(1, b"f\\xfcr")
import {beside}


def main(replies):
    sys.stdin.readline()
    print("and goes on")
    for line in sys.stdin:
        print('{{"outside": %d}}' % int(line), file=replies, flush=True)
"""


def test_what_a_library_prints_is_no_reply_and_nothing_is_imported_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "colorsys.py").write_text("raise SystemExit('code of the current folder ran')", encoding="utf-8")
    (tmp_path / "talking.py").write_text(MODULE.format(beside="colorsys"), encoding="utf-8")
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", str(here))
    program = [
        one.replace(str(Path(project.__file__).parents[2]), str(tmp_path))
        for one in several.interpreter("talking")
    ]
    told: dict[int, Any] = {}
    several.shared_out(program, {}, [1, 2, 3], 2, told.__setitem__)
    assert told == {n: {"outside": n} for n in (1, 2, 3)}
    said = capfd.readouterr()
    assert "a library that talks" in said.err and said.out == ""


def test_a_frame_that_nobody_waits_for_any_more_is_not_put_into_its_place(place: Any) -> None:
    """An orphan of an earlier render is at it when a new one has written it."""
    place.save_model()
    make_frames(place.script, WRITE, [3])
    kept = frames_of(place)
    place.knob("FR_Inference1", "prefilter", "true")
    evaluator = Evaluator(nk.load(place.script))
    with (
        opened(evaluator, WRITE, [], wanted=lambda: False) as whole,
        pytest.raises(FilmRecoveryError, match="process that asked for this frame is gone"),
    ):
        whole.make(3, Room(whole.output.folder, [], {}))
    assert frames_of(place) == kept


def test_the_network_runs_once_a_frame_also_where_nothing_can_be_kept(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.save_model()
    runs = []
    apply = tiling.apply
    monkeypatch.setattr(tiling, "apply", lambda *a, **more: runs.append(1) or apply(*a, **more))
    for budget in (0, 3 * SIZE[0] * SIZE[1] * 3 * 4):
        runs.clear()
        evaluator = Evaluator(nk.load(place.script), cache_bytes=budget)
        with opened(
            evaluator, WRITE, [], job=str(budget), figures=lambda own, frame: figures(own, WRITE, frame)
        ) as whole:
            whole.make(3, Room(whole.output.folder, [], {}))
        assert len(runs) == 1
        assert Record(whole.output.folder).figures(whole.path(3).name)["outside"]["output"]["of"]


@pytest.mark.slow
def test_what_one_process_finds_wrong_stops_all_and_is_said_as_ever(place: Any) -> None:
    place.save_model()
    place.file("source", 5).write_bytes(b"not an image")
    with pytest.raises(FilmRecoveryError) as alone:
        make_frames(place.script, WRITE, EIGHT)
    emptied(place)
    with pytest.raises(FilmRecoveryError) as several:
        make_frames(place.script, WRITE, EIGHT, workers=2)
    assert several.value.message == alone.value.message
    assert several.value.exit_code == alone.value.exit_code
    assert "source.0005.exr" in str(several.value.where["file"])
    left = set(frames_of(place))
    assert left and not any(".0005." in name for name in left)
    assert not list((place.folder / "pipeline" / "04_inference_render").glob(".film-recovery-run*"))
    with pytest.raises(UsageError, match="none would render"):
        make_frames(place.script, WRITE, EIGHT, workers=0)


KILLED = """
import sys
from pathlib import Path
from film_recovery.stages.frames import make_frames
make_frames(Path(sys.argv[1]), "Write_Recovered", range(1, 9), workers=2, header={"FilmTitle": "A Trip"},
            progress=lambda done, *more: print(done, flush=True))
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 5])
def test_killed_anywhere_it_ends_in_the_same_files(place: Any, after: int) -> None:
    """The one that hands out is killed: the others end by themselves, and a rerun makes what is missing."""
    place.save_model()
    make_frames(place.script, WRITE, EIGHT, header={"FilmTitle": "A Trip"})
    alone = frames_of(place)
    emptied(place)
    python = Path(project.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(python)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(place.script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= after:
                break
        process.send_signal(signal.SIGKILL)
    before = frames_of(place)
    assert before.items() <= alone.items(), "no half-written frame is taken for whole"
    make_frames(place.script, WRITE, EIGHT, header={"FilmTitle": "A Trip"}, workers=2)
    for _ in range(100):  # what the orphans were at
        if not list((place.folder / "pipeline" / "04_inference_render").glob(".film-recovery-run*")):
            break
        time.sleep(0.1)
    assert frames_of(place) == alone


# Values outside the trained domain


def bright(place: Any) -> None:
    picture = place.picture("source", 5).copy()
    picture[:24, :32] = 1.3  # encoded; below the live area's upper edge 18 rows of it
    picture[24:30, :32] = -0.2
    place.write("source", 5, picture)


def test_inference_does_not_clamp_and_what_lies_outside_is_counted(place: Any) -> None:
    place.save_model()
    bright(place)
    found = infer(place.project, Heard(), Asked())
    view = View(place.project)
    read = view.read_of(view.inference)
    area = view.live_area(5)
    given, got = view.evaluator.frame(read.path, 5).rgb(area), written(view, 5, area)
    assert given.max() > 1.5 and got.max() == pytest.approx(given.max(), rel=2e-3)
    assert got.min() == pytest.approx(given.min(), abs=2e-3) and given.min() < -0.01
    # Of the 24 + 6 rows at the top, 90 of 96 rows belong to the live area; 28 columns do.
    pixels = int(np.count_nonzero(((given < 0) | (given > 1)).any(axis=-1)))
    assert pixels == (24 - 6 + 6) * (32 - 4)
    record = Record(view.output.folder)
    noted = record.figures(view.output.sequence.path(5).name)["outside"]
    assert noted["input"]["pixels"] == pixels and noted["input"]["of"] == given.shape[0] * given.shape[1]
    assert noted["input"]["most"] == pytest.approx(float(given.max()), abs=1e-5)
    assert noted["output"]["pixels"] >= pixels * 0.9
    assert found is not None
    assert found["values_outside"]["frames"] == 1 and found["values_outside"]["worst"] == 5
    outcome = place.outcome("inference.values_outside")
    assert outcome.outcome == "warn" and outcome.value["by_frame"] == {"5": pixels}
    assert f"{pixels} pixels" in outcome.reason and "1 of 8 rendered frames" in outcome.reason


@pytest.mark.slow
def test_a_trained_model_passes_on_what_lies_outside(colour_place: Any) -> None:
    """The real closed form, with its curve inside: no clamp there either."""
    from film_recovery import nk
    from film_recovery.comp import Evaluator
    from film_recovery.engine.training import train

    bright(colour_place)
    train(Evaluator(nk.load(colour_place.script)), "CopyCat1", steps=0, model=colour_place.model)
    make_frames(colour_place.script, WRITE, [5])
    view = View(colour_place.project)
    got = written(view, 5, view.live_area(5))
    assert got.max() > 1.3


def test_what_was_counted_is_in_the_ledger(place: Any) -> None:
    place.save_model()
    assert "values_outside" not in (infer(place.project, Heard(), Asked()) or {})
    outcome = place.outcome("inference.values_outside")
    assert outcome.outcome == "pass" and "in 8 rendered frames" in outcome.reason
    assert not ledger.read(place.folder).of_kind("stage")  # run and infer write it


# The disk


def large(file: Path, parts: int) -> None:
    """Makes ``file`` as large as the free space of its disk divided by ``parts``, and takes none of it."""
    free = shutil.disk_usage(file.parent).free
    file.touch()
    os.truncate(file, free // parts)


def test_the_room_that_the_frames_to_come_need_is_foreseen(tmp_path: Path) -> None:
    paths = {number: tmp_path / f"f.{number:04d}.exr" for number in range(1, 1001)}
    to_come = {n: paths[n] for n in range(3, 1001)}
    paths[1].write_bytes(b"x" * 8192)
    Room(tmp_path, [paths[1]], to_come).refuse_too_little()
    large(paths[2], 20)
    room = Room(tmp_path, [paths[2]], to_come)
    with pytest.raises(FilmRecoveryError) as refused:
        room.refuse_too_little()
    said = re.match(
        r"The disk has room for (1\d|2\d) of the 998 frames that are still to come: [\d.]+ [TGM]B are needed "
        r"\([\d.]+ [TGM]B a frame\), [\d.]+ [TGM]B are free\.",
        refused.value.message,
    )
    assert said, refused.value.message
    assert refused.value.where["frame"] == int(said[1]) + 3
    assert refused.value.where["file"].endswith(f"f.{int(said[1]) + 3:04d}.exr")
    assert "of space free" in refused.value.remedy
    room.made(3, paths[1])
    assert 3 not in room.to_come


def test_of_frames_that_are_replaced_only_what_went_before_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A render again over a full disk: the new file is whole before the old one goes."""
    paths = {number: tmp_path / f"f.{number:04d}.exr" for number in range(1, 11)}
    for path in paths.values():
        path.write_bytes(b"x" * (1 << 20))
    free = [0]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**12, 0, free[0]))

    def refused(at_once: int = 1, **more: Path) -> str:
        to_come = {**paths, **{int(name[1:]): path for name, path in more.items()}}
        try:
            Room(tmp_path, paths.values(), to_come, at_once).refuse_too_little()
        except FilmRecoveryError as error:
            return error.message
        return ""

    free[0] = (1 << 20) - 1
    assert "room for 0 of the 10 frames" in refused() and "10 replace others" in refused()
    free[0] = 1 << 20
    assert refused() == "" and "room for 0 of the 10 frames" in refused(at_once=2)
    new = {"f11": tmp_path / "f.0011.exr", "f12": tmp_path / "f.0012.exr"}
    assert "room for 11 of the 12 frames" in refused(**new)
    free[0] = 2 << 20
    assert refused(**new) == "" and refused(at_once=2) == ""


def test_what_another_job_made_is_still_to_be_made(place: Any) -> None:
    """For the time left and for the disk: frames 1 to 3 are of this job, 4 and 5 of one with another header."""
    place.save_model()
    make_frames(place.script, WRITE, [4, 5], header={"FilmTitle": "An earlier word"})
    make_frames(place.script, WRITE, [1, 2, 3])
    told: list[tuple[int, bool, int]] = []

    def tell(done: int, total: int, frame: int, kept: bool, to_make: int) -> None:
        told.append((frame, kept, to_make))

    make_frames(place.script, WRITE, range(1, 7), progress=tell)
    assert told == [(1, True, 3), (2, True, 3), (3, True, 3), (4, False, 2), (5, False, 1), (6, False, 0)]
    evaluator = Evaluator(nk.load(place.script))
    job = engine.model_hashes(evaluator, WRITE)
    with opened(evaluator, WRITE, range(1, 9), job=job, header={"FilmTitle": "A third word"}) as whole:
        assert list(room_for(whole, range(1, 9)).to_come) == list(range(1, 9))


def test_the_models_of_a_render_are_those_before_its_write(place: Any) -> None:
    """Also the one inside a gizmo; not the one of another branch, which need not be there."""
    place.save_model()
    before = engine.model_hashes(Evaluator(nk.load(place.script)), WRITE)
    assert "Identity" in before
    text = place.script.read_text(encoding="utf-8")
    place.script.write_text(
        text + "Inference {\n modelFile not_there.cat\n name Aside\n}\n", encoding="utf-8"
    )
    evaluator = Evaluator(nk.load(place.script))
    assert engine.model_hashes(evaluator, WRITE) == before
    with pytest.raises(FilmRecoveryError, match=r"not_there"):
        engine.model_hashes(evaluator, "Aside")
    model = nk.quote(place.model.as_posix())
    place.script.write_text(
        f"Constant {{\n inputs 0\n}}\nFR_Inference {{\n modelFile {model}\n name Block\n}}\n",
        encoding="utf-8",
    )
    assert engine.model_hashes(Evaluator(nk.load(place.script)), "Block") == before


def test_a_disk_that_says_nothing_of_its_size_hinders_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network shares report 0 bytes of 0."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, 0))
    first = tmp_path / "f.0001.exr"
    first.write_bytes(b"x" * 8192)
    Room(tmp_path, [first], {2: tmp_path / "f.0002.exr"}).refuse_too_little()


def test_before_a_size_is_known_nothing_is_refused(tmp_path: Path) -> None:
    Room(tmp_path, [], {1: tmp_path / "f.0001.exr"}).refuse_too_little()
    assert [sized(count) for count in (12, 3400, 2.5e9, 7e12)] == ["12 bytes", "3.4 kB", "2.5 GB", "7.0 TB"]


def stops_before_the_disk_is_full(place: Any, workers: int) -> None:
    """Another frame of the same render says how large a frame is."""
    place.save_model()
    make_frames(place.script, WRITE, [1])
    other = View(place.project).output.sequence.path(9)
    large(other, 3)
    with pytest.raises(FilmRecoveryError, match=r"room for [3-6] of the 7 frames"):
        make_frames(place.script, WRITE, EIGHT, workers=workers)
    other.unlink()
    assert len(frames_of(place)) == 1, "it was told before the first of them"
    make_frames(place.script, WRITE, EIGHT, workers=workers)
    assert len(frames_of(place)) == 8


def test_a_render_stops_before_the_disk_is_full_and_keeps_what_it_has(place: Any) -> None:
    stops_before_the_disk_is_full(place, 1)


@pytest.mark.slow
def test_so_do_several_processes(place: Any) -> None:
    stops_before_the_disk_is_full(place, 2)
