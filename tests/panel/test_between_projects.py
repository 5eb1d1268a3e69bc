"""What must not go from one project to the next, nor be lost when an engine dies: jobs, words, pictures, changes."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger, project
from film_recovery.panel.contents.pairs import Chosen, Curation
from film_recovery.panel.qt import Qt
from film_recovery.panel.widgets.pictures import Wanted
from film_recovery.panel.widgets.window import Window
from film_recovery.project import PairOf
from film_recovery.project.moments import offset_at

Show = Callable[..., Window]
Film = Callable[..., Path]
PATIENCE = 120_000


def other(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("another")))


def opened(qtbot: Any, panel: Window, folder: Path) -> None:
    panel.session.open(str(folder))
    qtbot.waitUntil(
        lambda: panel.session.project is not None and panel.session.project.folder == folder, timeout=PATIENCE
    )


def test_a_run_stays_with_the_project_that_it_was_started_on(show: Show, film: Film, qtbot: Any) -> None:
    first = film("--signed")
    second = other(first)
    panel = show(first)
    panel.session.start_run("Ada")
    panel.session._leave()  # the other one is opened before the job has started
    opened(qtbot, panel, second)
    qtbot.waitUntil(lambda: bool(jobs.everyone(first)), timeout=PATIENCE)
    qtbot.wait(300)
    assert not panel.session.run.is_on and not panel.strip.isVisible()
    assert not jobs.everyone(second)


def test_words_that_were_typed_for_one_are_not_written_into_the_other(
    show: Show, film: Film, qtbot: Any
) -> None:
    first = film("--signed")
    second = other(first)
    panel = show(first, 1280, 800)
    panel.page.show_stage(0)
    work = panel.page.work
    qtbot.waitUntil(lambda: work.contents is not None, timeout=PATIENCE)
    holder = work.cards["source"].words["holder"]
    holder.setFocus()
    holder.selectAll()
    qtbot.keyClicks(holder, "An archive of the first")
    opened(qtbot, panel, second)
    panel.page.show_stage(0)
    qtbot.waitUntil(
        lambda: work.contents is not None and work.contents.project.folder == second, timeout=PATIENCE
    )
    before = project.load(second).source.holder
    assert holder.text() == before
    qtbot.keyClick(holder, Qt.Key.Key_Return)
    qtbot.wait(200)
    assert project.load(second).source.holder == before and not ledger.read(second).of_kind("set")


def test_a_picture_comes_though_its_request_was_ended_with_the_last_project(
    show: Show, film: Film, qtbot: Any
) -> None:
    folder = film()
    panel = show(folder)
    loaded = project.load(folder)
    wanted = [Wanted(loaded.file_of("source"), frame, 96, loaded.source.colourspace) for frame in (1, 2, 3)]
    for _ in range(3):
        assert all(panel.pictures.of(one) is None for one in wanted)
        panel.pictures.show_project(folder)
    qtbot.waitUntil(lambda: all(panel.pictures.of(one) is not None for one in wanted), timeout=PATIENCE)
    assert not any(panel.pictures.problem(one) for one in wanted)


@pytest.mark.skipif(os.name == "nt", reason="processes are killed by a signal")
def test_pictures_are_made_by_the_next_engine_when_one_dies(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    panel = show(folder)
    loaded = project.load(folder)
    wanted = [Wanted(loaded.file_of("source"), frame, 80, loaded.source.colourspace) for frame in range(1, 9)]
    for one in wanted:
        panel.pictures.of(one)
    os.kill(panel.pictures._service.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: all(panel.pictures.of(one) is not None for one in wanted), timeout=PATIENCE)
    missing = Wanted(str(folder / "nothing.exr"), None, 80)
    panel.pictures.of(missing)
    qtbot.waitUntil(lambda: bool(panel.pictures.problem(missing)), timeout=PATIENCE)


@pytest.mark.skipif(os.name == "nt", reason="processes are killed by a signal")
def test_an_engine_that_dies_while_a_value_is_set_leaves_nothing_hanging(
    show: Show, film: Film, qtbot: Any
) -> None:
    panel = show(film())
    pid = panel.session.service.pid
    os.kill(pid, signal.SIGSTOP)
    panel.session.change_project({"elements.source.gauge": '"16 mm"'}, "Ada")
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: panel.session.no_engine and not panel.session.busy, timeout=PATIENCE)
    assert panel.step.kind == "retry" and panel.problem.isVisible()
    qtbot.mouseClick(panel.primary, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.session.busy and not panel.session.no_engine, timeout=PATIENCE)
    assert panel.step.kind != "retry"


def test_what_hindered_a_change_is_over_when_another_goes_well(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film())
    panel.session.change_project({"training.patch": "large"}, "Ada")
    qtbot.waitUntil(panel.problem.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.session.busy, timeout=PATIENCE)
    panel.session.change_project({"elements.source.gauge": '"16 mm"'}, "Ada")
    qtbot.waitUntil(lambda: not panel.problem.isVisible(), timeout=PATIENCE)


def test_the_reference_of_a_frame_is_the_engines(film: Film) -> None:
    loaded = project.load(film())
    pairs = (PairOf(120, 125), PairOf(100, 100))
    chosen = tuple(Chosen(1, "pair", one) for one in pairs)
    found = Curation(loaded, chosen, {}, (), (), None, "")
    for frame in (90, 100, 110, 111, 130):
        assert found.reference_of(frame) == frame + offset_at(pairs, frame)


def test_a_signature_being_written_stays_when_the_gpu_is_known(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film())
    panel.page.show_host(())
    row = panel.page.look_at("ingest.references_verified")
    panel.page.sign("ingest.references_verified")
    qtbot.keyClicks(row.form.note, "letter of 1998")
    panel._look_at_host()
    qtbot.waitUntil(lambda: "host.gpu" in panel.page.rows, timeout=PATIENCE)
    assert panel.page.rows["ingest.references_verified"] is row and row.form is not None
    assert row.form.note.text() == "letter of 1998"
    assert next(iter(panel.page.rows)) == "host.nukex"
