"""Stage 1 worked by mouse and keys: frames looked at, pairs chosen, kept apart, taken out; the range looked at anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.panel.contents import pairs as contents
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets.strip import FRAMES
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_pairs import PairsWork

Show = Callable[..., Window]
Film = Callable[..., Path]
Page = Callable[..., Any]
Idle = Callable[..., None]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton


def of(folder: Path, kind: str) -> list[int]:
    return [pair.source for pair in getattr(project.load(folder), kind)]


def test_the_strip_shows_the_film(show: Show, film: Film, qtbot: Any, page: Page) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    work = page(panel, PairsWork)
    loaded = project.load(folder)
    strip = work.strip
    first = work.contents.project.source.first
    assert strip.current == first

    def picture(frame: int, side: str = "source") -> QtGui.QImage | None:
        film = strip._film
        assert film is not None
        return panel.pictures.of(film.wanted(frame))

    qtbot.waitUntil(lambda: picture(first) is not None, timeout=PATIENCE)
    source = picture(first)
    assert source is not None and source.width() > 40
    # Another element of the same moment is another picture.
    work.side.setCurrentIndex(1)
    qtbot.waitUntil(lambda: picture(first) is not None, timeout=PATIENCE)
    assert picture(first) != source
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_End)
    assert strip.current == loaded.source.last and str(loaded.source.last) in work.said.text()
    assert strip.viewport().rect().contains(strip.place_of(strip.current).center())
    qtbot.mouseClick(strip.viewport(), LEFT, pos=QtCore.QPoint(1, 8))  # the line above: the whole range
    assert strip.current == first
    qtbot.keyClick(strip, Qt.Key.Key_Down)
    assert work.contents.kind_of(strip.current), "down goes to the next pair"
    assert work.list.current == strip.current


@pytest.mark.slow
def test_pairs_are_chosen_by_key_mouse_and_drag(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film()
    panel = show(folder, 1280, 800)
    work = page(panel, PairsWork)
    free = [frame for frame in range(1, 9) if not work.contents.kind_of(frame)]
    one, two = free[:2]
    work.strip.go_to(one)
    qtbot.keyClicks(work.reason, "the lamp is lit")
    qtbot.keyClick(work.strip, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: work.contents.kind_of(one) == contents.PAIR, timeout=PATIENCE)
    idle(panel)
    assert one in of(folder, "pairs")
    record = ledger.read(folder).of_kind("pairs")[-1]
    assert (record.by, record.data["reason"]) == ("Ada", "the lamp is lit")
    assert not work.pair.isEnabled() and "already" in work.pair.toolTip()
    qtbot.mouseClick(work.hold, LEFT)
    qtbot.waitUntil(lambda: work.contents.kind_of(one) == contents.HOLD_OUT, timeout=PATIENCE)
    idle(panel)
    assert one in of(folder, "hold_out") and one not in of(folder, "pairs")
    drop(work.list, two, work.list._groups[contents.HOLD_OUT])
    qtbot.waitUntil(lambda: work.contents.kind_of(two) == contents.HOLD_OUT, timeout=PATIENCE)
    idle(panel)
    work.list.show_frame(two)
    qtbot.keyClick(work.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: work.contents.kind_of(two) == "", timeout=PATIENCE)
    idle(panel)
    assert two not in of(folder, "hold_out")


def drop(target: QtWidgets.QTreeWidget, frame: int, onto: QtWidgets.QTreeWidgetItem) -> None:
    """A frame of the strip let go over a row: what a drag ends with."""
    carried = QtCore.QMimeData()
    carried.setData(FRAMES, str(frame).encode())
    place = target.visualItemRect(onto).center()
    copy = Qt.DropAction.CopyAction
    no_key = Qt.KeyboardModifier.NoModifier
    is_old = not hasattr(QtGui.QDropEvent, "position")
    target.dropEvent(
        QtGui.QDropEvent(place if is_old else QtCore.QPointF(place), copy, carried, LEFT, no_key)
    )


@pytest.mark.slow
def test_the_range_is_looked_at_by_the_engine(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film("--signed")
    panel = show(folder, 1280, 800)
    work = page(panel, PairsWork)
    assert not work.contents.families and not work.sheet.isVisible()
    qtbot.mouseClick(work.curate, LEFT)
    assert not work.curate.isEnabled() and "run is at work" in work.curate.toolTip()
    qtbot.waitUntil(lambda: bool(work.contents.families), timeout=PATIENCE)
    idle(panel)
    assert work.sheet.isVisible() and work.contents.shots and work.verdict.text()
    assert ledger.read(folder).of_kind("pairs")[-1].data["what"].startswith("Pairs and hold-out were chosen")
    family = work.contents.families[0]
    assert any(one.shares[family.name] > 0 for one in work.contents.chosen)
    # A column of the plot leads to its pair.
    coverage = work.coverage
    last = len(work.contents.chosen) - 1
    across = coverage._names + (last + 0.5) * coverage._column()
    qtbot.mouseClick(coverage, LEFT, pos=QtCore.QPoint(round(across), coverage._line * 2))
    assert work.strip.current == work.contents.chosen[last].pair.source
    # Of many columns those headings are written that have room.
    many = tuple(replace(work.contents.chosen[0], index=number) for number in range(1, 101))
    coverage.show_curation(replace(work.contents, chosen=many))
    places = [place for place, _, _ in coverage.headings(coverage.fontMetrics())]
    assert 10 < len(places) < 100 and places[-1].right() <= coverage.width()
    assert all(left.right() <= right.left() for left, right in pairwise(places))


def test_while_somebody_else_works_nothing_can_be_changed(
    show: Show, film: Film, qtbot: Any, page: Page
) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    work = page(panel, PairsWork)
    panel.session.state = panel.session.state.__class__("Grace on tower works here.", None, (), False)
    panel.session._timer.stop()
    panel.refresh()
    before = of(folder, "pairs")
    qtbot.keyClick(work.strip, Qt.Key.Key_P)
    qtbot.keyClick(work.strip, Qt.Key.Key_Delete)
    assert not panel.session.busy and of(folder, "pairs") == before
    assert not work.pair.isEnabled() and "Grace" in work.pair.toolTip()
