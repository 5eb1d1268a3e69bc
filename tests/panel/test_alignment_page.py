"""Stage 2 worked by mouse and keys: pairs aligned, looked at in a wipe, their difference and heat-map, switched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import graph, ledger, nk, project
from film_recovery.host.script import ScriptHost
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import window
from film_recovery.panel.widgets.panel import Panel
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_alignment import AlignmentWork
from film_recovery.plugin import alignment_switch
from film_recovery.project.specification import spec_of

Show = Callable[..., Window]
Film = Callable[..., Path]
Page = Callable[..., Any]
Idle = Callable[[Panel], None]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton


def pictures(qtbot: Any, work: AlignmentWork, count: int) -> tuple[QtGui.QImage | None, QtGui.QImage | None]:
    """The pictures that are shown, when ``count`` of them are there."""
    qtbot.waitUntil(lambda: sum(one is not None for one in work.viewer.images) == count, timeout=PATIENCE)
    return work.viewer.images


def click(qtbot: Any, work: AlignmentWork, row: int) -> None:
    place = work.list.visualItemRect(work.list.topLevelItem(row)).center()
    qtbot.mouseClick(work.list.viewport(), LEFT, pos=place)


def turn(one: QtWidgets.QWidget) -> None:
    """The wheel over it, one notch."""
    at = QtCore.QPointF(one.rect().center())
    wheel = QtGui.QWheelEvent(
        at,
        QtCore.QPointF(one.mapToGlobal(one.rect().center())),
        QtCore.QPoint(0, 0),
        QtCore.QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QtWidgets.QApplication.sendEvent(one, wheel)


def script_of(folder: Path) -> Path:
    return project.paths(project.load(folder)).script


@pytest.mark.slow
def test_the_pairs_are_aligned_and_looked_at(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film("--signed")
    panel = show(folder, 1280, 800)
    work = page(panel, AlignmentWork)
    pairs = project.load(folder).pairs
    assert work.said.text().endswith("not measured yet") and not work.ways["heat-map"].isEnabled()
    assert not work.block.isEnabled() and "Align writes it" in work.block.toolTip()
    source, reference = pictures(qtbot, work, 2)
    assert source != reference

    qtbot.mouseClick(work.align, LEFT)
    assert not work.align.isEnabled() and "run is at work" in work.align.toolTip()
    qtbot.waitUntil(lambda: work.contents.measured, timeout=PATIENCE)
    idle(panel)
    qtbot.waitUntil(lambda: any(row.pair.matrix for row in work.contents.rows), timeout=PATIENCE)
    record = ledger.read(folder).of_kind("aligned")[-1]
    assert record.by == "Ada"
    for row in work.contents.rows:
        assert row.measured is not None and row.measured.heatmap is not None
        assert record.data["frames"][str(row.pair.source)] == {
            "verdict": row.measured.verdict,
            "residual": row.measured.pixels,
        }
        assert row.measured.applied == (row.measured.verdict != "fail")
    assert work.list.topLevelItem(0).text(3) == f"{work.contents.rows[0].measured.pixels:.2f} px"
    assert work.block.isEnabled()

    # Another pair, by mouse, by key, and from the picture.
    click(qtbot, work, 1)
    assert f"Source {pairs[1].source} " in work.said.text()
    other = pictures(qtbot, work, 2)[0]
    assert other != source
    qtbot.keyClick(work.list, Qt.Key.Key_Down)
    assert f"Source {pairs[2].source} " in work.said.text()
    work.viewer.setFocus()
    qtbot.keyClick(work.viewer, Qt.Key.Key_PageUp)
    assert f"Source {pairs[1].source} " in work.said.text()
    assert pictures(qtbot, work, 2)[0] == other

    qtbot.keyClick(work.viewer, Qt.Key.Key_D)
    difference = pictures(qtbot, work, 1)[0]
    assert difference is not None and difference != other and work.ways["difference"].isChecked()
    qtbot.mouseClick(work.ways["heat-map"], LEFT)
    heat = pictures(qtbot, work, 1)[0]
    assert heat is not None and heat.width() == 1280 and work.viewer._box is None
    qtbot.keyClick(work.viewer, Qt.Key.Key_W)
    assert pictures(qtbot, work, 2)[0] == other

    failed = next(row for row in work.contents.rows if row.measured.verdict == "fail")
    work.list.show_frame(failed.pair.source)
    assert "is not taken" in work.details.text() and not failed.pair.matrix
    # What was solved is in the pairs, and comes into the script when that is built anew.
    row = next(row for row in work.contents.rows if row.waits)
    work.list.show_frame(row.pair.source)
    assert "does not have this solution yet" in work.details.text()
    nk.save(nk.parse(graph.recovery_graph(spec_of(project.load(folder)))), script_of(folder))
    qtbot.waitUntil(lambda: not any(one.waits for one in work.contents.rows), timeout=PATIENCE)
    assert work.contents.row_of(row.pair.source).mode == 2


def test_the_crop_lies_over_the_picture(show: Show, film: Film, qtbot: Any, page: Page) -> None:
    folder = film()
    work = page(show(folder, 380, 900), AlignmentWork)
    one = project.load(folder)
    left, bottom, right, top = one.alignment.live_area
    wide, tall = one.source.width, one.source.height
    assert work.viewer._box == (left / wide, bottom / tall, right / wide, top / tall)
    pictures(qtbot, work, 2)
    place = work.viewer._place()
    outside = QtCore.QPoint(round(place.left()) + 2, round(place.bottom()) - 2)
    dark = work.viewer.grab().toImage().pixelColor(outside).lightness()
    work.viewer.setFocus()
    qtbot.keyClick(work.viewer, Qt.Key.Key_C)
    assert not work.crop.isChecked() and work.viewer._box is None
    assert work.viewer.grab().toImage().pixelColor(outside).lightness() > dark
    # A hold-out stands in no stack: as it was scanned, with the project's live area.
    qtbot.mouseClick(work.crop, LEFT, pos=QtCore.QPoint(8, work.crop.height() // 2))
    click(qtbot, work, len(one.pairs))
    assert "hold-out" in work.ways["difference"].toolTip() and not work.switch[2].isEnabled()
    assert work.viewer._box is not None and "not aligned" in work.viewer._names[1]
    pictures(qtbot, work, 2)


def test_the_switch_is_that_of_the_open_script(
    film: Film, qtbot: Any, engine_variables: None, page: Page, idle: Idle
) -> None:
    folder = film()
    host = ScriptHost(script_of(folder))
    host.set_knob("ManualTransform", "translate", nk.numbers((20, 0)))  # as no solution has it
    host.save()
    window.application()
    panel = Panel(host, str(folder))
    qtbot.addWidget(panel)
    panel.settings.name = "Ada"
    panel.resize(1280, 800)
    panel.show()
    try:
        qtbot.waitUntil(lambda: panel.session.checklist is not None, timeout=PATIENCE)
        work = page(panel, AlignmentWork)
        idle(panel)
        assert work.switch[1].isChecked() and work.switch[2].isEnabled()
        click(qtbot, work, 1)
        qtbot.mouseClick(work.switch[2], LEFT)
        found = alignment_switch.graph_of(host)
        assert [alignment_switch.mode_of(host, found, n) for n in (1, 2, 3)] == [1, 2, 1]
        assert work.switch[2].isChecked() and "Save the script" in work.unsaved.text()
        before = pictures(qtbot, work, 2)[1]
        host.save()
        qtbot.waitUntil(lambda: work.contents.row_of(work.list.current).mode == 2, timeout=PATIENCE)
        assert not work.unsaved.text()
        qtbot.waitUntil(lambda: work.viewer.images[1] not in (None, before), timeout=PATIENCE)
        work.list.setFocus()
        qtbot.keyClick(work.list, Qt.Key.Key_1)
        assert [alignment_switch.mode_of(host, found, n) for n in (1, 2, 3)] == [1, 1, 1]
        # Another project's script is open.
        host.script = nk.parse("version 14.0 v5\n")
        click(qtbot, work, 2)
        assert not work.switch[2].isEnabled() and "not this project" in work.switch[2].toolTip()
    finally:
        panel.close_session()


def test_without_nuke_the_switch_says_why(show: Show, film: Film, qtbot: Any, page: Page) -> None:
    folder = film()
    script = script_of(folder)
    work = page(show(folder, 380, 900), AlignmentWork)
    assert work.switch[1].isChecked() and not work.switch[1].isEnabled()
    assert "NukeX" in work.switch[1].toolTip()
    script.unlink()
    qtbot.waitUntil(lambda: "No script has been built" in work.details.text(), timeout=PATIENCE)
    assert not work.ways["difference"].isEnabled() and "Build" in work.ways["difference"].toolTip()
    assert not any(one.isChecked() for one in work.switch.values())
    pictures(qtbot, work, 2)


def test_a_pair_is_flagged_and_cleared(show: Show, film: Film, qtbot: Any, page: Page, idle: Idle) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    work = page(panel, AlignmentWork)
    qtbot.waitUntil(work.flag_text.isEnabled, timeout=PATIENCE)
    click(qtbot, work, 1)
    frame = project.load(folder).pairs[1].source
    assert not work.flag.isEnabled() and not work.unflag.isEnabled() and "no flag" in work.unflag.toolTip()
    assert work.flag_text.itemText(0) == "parallax: "
    qtbot.keyClick(work.flag_text, Qt.Key.Key_Down)
    qtbot.keyClicks(work.flag_text.lineEdit(), "the mast -- left")
    assert work.flag.isEnabled()
    qtbot.keyClick(work.flag_text.lineEdit(), Qt.Key.Key_Return)

    def flags() -> tuple[str, ...]:
        return next(pair.flags for pair in project.load(folder).pairs if pair.source == frame)

    qtbot.waitUntil(lambda: "⚑ parallax: the mast" in work.details.text(), timeout=PATIENCE)
    idle(panel)
    assert flags() == ("parallax: the mast -- left",) and not work.flag_text.currentText()
    assert work.flag_text.count() == 4, "what was typed is not offered in the next film"
    assert work.flag_text.completer() is None, "nor is a word ended by itself"
    qtbot.keyClicks(work.flag_text.lineEdit(), "grain")
    turn(work.flag_text)
    assert work.flag_text.currentText() == "grain"
    work.flag_text.setEditText("")
    record = ledger.read(folder).of_kind("pairs")[-1]
    assert record.by == "Ada" and f"flags of frame {frame}" in record.data["what"]
    assert "⚑" in work.list.topLevelItem(1).text(4)
    qtbot.mouseClick(work.unflag, LEFT)
    qtbot.waitUntil(lambda: "⚑" not in work.details.text(), timeout=PATIENCE)
    idle(panel)
    assert flags() == ()
