"""Help beside the work, the tour on a film of its own, larger text, and a project that somebody else holds."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, project, recipes
from film_recovery.panel.qt import Qt, QtCore, QtWidgets
from film_recovery.panel.widgets.help import quick_steps
from film_recovery.panel.widgets.panel import Panel
from film_recovery.panel.widgets.window import Window

Show = Callable[..., Window]
Film = Callable[..., Path]
LEFT = Qt.MouseButton.LeftButton
PATIENCE = 120_000


@pytest.mark.parametrize("size", [(380, 900), (1280, 800)])
def test_help_is_one_page_a_recipe(size: tuple[int, int], show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film(), *size)
    qtbot.mouseClick(panel.header.help, LEFT)
    assert panel.help.isVisible() and panel.page.isVisible() is (size[0] > 620)
    said = panel.help.text.toPlainText()
    own = panel.session.checklist.recipe
    assert own.title in said and all(step in said for step in quick_steps(own.quick_reference))
    assert own.stages[0].help in said and own.for_stage(0)[0].remedy[0] in said
    panel.rail.buttons[3].click()
    assert own.stages[3].help in panel.help.text.toPlainText()
    qtbot.waitUntil(lambda: panel.help.which.count() == len(recipes.RECIPES), timeout=PATIENCE)
    for id in recipes.RECIPES:
        panel.help.which.setCurrentIndex(panel.help.which.findData(id))
        steps = quick_steps(recipes.load(id).quick_reference)
        assert steps and all(step in panel.help.text.toPlainText() for step in steps), id
    qtbot.keyClick(panel.help.text, Qt.Key.Key_F1)
    assert not panel.help.isVisible() and panel.page.isVisible()


@pytest.mark.slow
def test_the_tour_is_five_steps_on_a_film_of_its_own(
    show: Show, qtbot: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    places = QtCore.QStandardPaths
    monkeypatch.setattr(places, "writableLocation", lambda _: str(tmp_path / "Documents"))
    panel = show(None, 380, 900)
    qtbot.mouseClick(panel.start.tour, LEFT)
    assert not panel.start.tour.isEnabled() and panel.start.making.isVisible()
    qtbot.waitUntil(lambda: panel.guide.tour is not None, timeout=PATIENCE)
    made = project.load(panel.session.project.folder)
    assert made.folder.parent.name == "Film Recovery demo" and made.pairs
    seen = []
    for number in range(5):
        tour = panel.guide.tour
        assert tour is not None and tour.number == number
        seen.append(tour.title.text())
        assert panel.rect().contains(tour.bubble.geometry()), "the words are seen whole"
        assert tour.text.height() >= tour.text.heightForWidth(tour.text.width())
        hole = tour._hole()
        assert not hole.isEmpty() and not tour.bubble.geometry().contains(hole)
        if number == 1:
            panel.resize(1280, 500)
            hole = tour._hole()
            end = panel.page.mapTo(panel, panel.page.rect().bottomLeft()).y()
            assert hole.bottom() <= end + 5, "a page that goes on below is framed where it is seen"
            panel.resize(380, 900)
        if number == 2:
            qtbot.keyClick(tour, Qt.Key.Key_Left)
            assert tour.number == 1
            qtbot.keyClick(tour, Qt.Key.Key_Right)
        qtbot.mouseClick(tour.next, LEFT)
    assert panel.guide.tour is None and len(set(seen)) == 5
    # Once more, from Help: the film is there already. Escape sends it away.
    panel.guide.show_help(True)
    qtbot.mouseClick(panel.help.tour, LEFT)
    qtbot.keyClick(panel.guide.tour, Qt.Key.Key_Escape)
    assert panel.guide.tour is None
    panel.session.leave()
    qtbot.mouseClick(panel.start.tour, LEFT)
    qtbot.waitUntil(lambda: panel.guide.tour is not None, timeout=PATIENCE)
    assert len(list(made.folder.parent.iterdir())) == 2  # the marker and the film


SAID = (
    QtWidgets.QLabel,
    QtWidgets.QAbstractButton,
    QtWidgets.QComboBox,
    QtWidgets.QLineEdit,
    QtWidgets.QTextBrowser,
)


def sizes_of_text(panel: Panel) -> set[int]:
    """Of all that says something, whether it is seen now or not: points."""
    return {one.fontInfo().pointSize() for kind in SAID for one in panel.findChildren(kind)}


def test_text_can_be_larger_and_is_next_time(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    before = panel.page.heading.fontInfo().pointSize()
    panel.to_stage(0)
    assert panel.page.work and sizes_of_text(panel) == {before}
    for _ in range(3):
        qtbot.keyClick(panel.page, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: sizes_of_text(panel) == {before + 3}, timeout=PATIENCE)
    again = show(folder, 380, 900)
    assert again.page.heading.fontInfo().pointSize() == before + 3
    for _ in range(3):
        qtbot.keyClick(again.page, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: sizes_of_text(again) == {before}, timeout=PATIENCE)


def test_what_is_made_later_has_the_text_s_size(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film(), 1280, 800)
    before = panel.page.heading.fontInfo().pointSize()
    panel.text_size.change(3)
    qtbot.waitUntil(lambda: sizes_of_text(panel) == {before + 3}, timeout=PATIENCE)
    for stage in (2, 4):
        panel.to_stage(stage)
        assert panel.page.work and len(panel.page.rows) > 2 and sizes_of_text(panel) == {before + 3}
    panel.guide.toggle()
    assert panel.help.text.fontInfo().pointSize() == before + 3
    panel.guide.show_tour()
    assert panel.guide.tour is not None
    assert panel.guide.tour.text.fontInfo().pointSize() == before + 3


def test_the_tour_s_bubble_grows_with_its_text(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film(), 1280, 800)
    panel.guide.show_tour()
    tour = panel.guide.tour
    assert tour is not None
    qtbot.wait(10)
    tall = tour.bubble.height()
    panel.text_size.change(6)
    qtbot.waitUntil(lambda: tour.bubble.height() > tall, timeout=PATIENCE)
    inside = tour.bubble.layout()
    assert tour.bubble.height() >= inside.heightForWidth(tour.bubble.width() - 2)


def test_each_panel_keeps_the_size_of_its_text(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    one, other = show(folder, 1280, 800), show(folder, 1280, 800)
    before = one.page.heading.fontInfo().pointSize()
    one.text_size.change(4)
    qtbot.waitUntil(lambda: sizes_of_text(one) == {before + 4}, timeout=PATIENCE)
    other.to_stage(1)
    assert other.page.work and sizes_of_text(other) == {before}
    other.text_size.change(-1)
    qtbot.waitUntil(lambda: sizes_of_text(other) == {before - 1}, timeout=PATIENCE)
    assert sizes_of_text(one) == {before + 4}


def test_the_next_step_is_elided_for_the_size_of_its_text(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film(), 380, 900)
    whole = panel.primary.text()
    panel.text_size.change(8)
    qtbot.waitUntil(lambda: panel.primary.text() != whole, timeout=PATIENCE)
    text = panel.primary.fontMetrics().boundingRect(panel.primary.text())
    assert panel.primary.text().endswith("…") and text.width() < panel.primary.width()
    panel.text_size.change(-8)
    qtbot.waitUntil(lambda: panel.primary.text() == whole, timeout=PATIENCE)


def test_text_that_is_too_large_for_the_panel_is_reached_by_scrolling(
    show: Show, film: Film, qtbot: Any
) -> None:
    panel = show(film(), 360, 900)
    panel.text_size.change(8)
    panel.to_stage(4)
    panel.page.show_work(True)
    bar = panel.page.work_area.horizontalScrollBar()
    qtbot.waitUntil(
        lambda: panel.page.work is not None and bar.maximum() > 0 and bar.isVisible(), timeout=PATIENCE
    )
    inside = panel.page.work_area.widget()
    assert (
        inside is not None
        and bar.maximum() >= inside.minimumSizeHint().width() - panel.page.work_area.width()
    )


def test_rows_have_the_height_that_their_text_needs(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film(), 380, 900)
    before = panel.page.heading.fontInfo().pointSize()
    panel.text_size.change(5)

    def all_fit() -> bool:
        rows = [row for row in panel.page.checks.made.values() if row.isVisible()]
        tops = sorted((row.y(), row.height()) for row in rows)
        clear = all(y + tall <= below for (y, tall), (below, _) in itertools.pairwise(tops))
        return bool(rows) and clear and all(row.height() >= row.heightForWidth(row.width()) for row in rows)

    qtbot.waitUntil(lambda: sizes_of_text(panel) == {before + 5} and all_fit(), timeout=PATIENCE)


@pytest.mark.slow
def test_a_held_project_is_read_only_until_it_is_taken_over(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--signed")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline().strip() == "held"
        panel = show(folder, 380, 900)
        qtbot.waitUntil(panel.header.take_over.isVisible, timeout=PATIENCE)
        assert "Read-only" in panel.header.held.text() and panel.step.kind == "check"
        qtbot.mouseClick(panel.header.take_over, LEFT)
        asked = panel.findChild(QtWidgets.QMessageBox)
        assert "works on this project" in asked.text()
        qtbot.mouseClick(asked.button(QtWidgets.QMessageBox.StandardButton.Cancel), LEFT)
        assert not panel.session.run.is_on
        asked.deleteLater()
        qtbot.wait(10)
        qtbot.mouseClick(panel.header.take_over, LEFT)
        asked = panel.findChildren(QtWidgets.QMessageBox)[-1]
        (yes,) = (one for one in asked.buttons() if one.text().startswith("Take over"))
        qtbot.mouseClick(yes, LEFT)
        qtbot.waitUntil(lambda: bool(ledger.read(folder).of_kind("started")), timeout=PATIENCE)
        (started,) = ledger.read(folder).of_kind("started")
        assert started.by == "Ada" and "colour grading" in started.data["taken_over"]
    finally:
        holder.kill()
        holder.communicate()  # closes its pipes


HOLD = """
import sys
from pathlib import Path
from film_recovery.project import lock
with lock.held(Path(sys.argv[1]), "colour grading", False):
    print("held", flush=True)
    sys.stdin.read()
"""
