"""How the panel looks: nothing clipped, nothing wider than the panel, every colour readable, every button explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import icons, marks, style
from film_recovery.panel.widgets.heading import Heading
from film_recovery.panel.widgets.window import Window

Show = Callable[..., Window]
Film = Callable[..., Path]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "height", "more"), [(360, 700, 0), (380, 900, 0), (380, 900, 4), (1280, 800, 0), (1280, 800, 4)]
)
def test_nothing_is_clipped_or_sideways(
    width: int, height: int, more: int, show: Show, film: Film, qtbot: Any
) -> None:
    """``more``: points of larger text."""
    panel = show(film("--break-lock"), width, height)
    panel.text_size.change(more)
    for stage in range(6):
        panel.page.show_stage(stage)
        for row in list(panel.page.rows.values())[:6]:
            row.set_open(True)
        for is_work in (False, True):
            panel.page.show_work(is_work)
            wait_for_layout(qtbot, panel)
            assert panel.width() == width, "the panel cannot be as narrow as it is asked to be"
            assert sideways(panel) == [], stage
            assert clipped(panel) == [], stage
            assert has_room(panel), stage
    text = panel.primary.fontMetrics().boundingRect(panel.primary.text())
    assert text.width() < panel.primary.width()
    for button in panel.findChildren(QtWidgets.QPushButton):
        assert button.toolTip() or not button.isVisible() or button.isEnabled(), button.text()


def has_room(panel: Window) -> bool:
    """Whether the stage's heading is on one line, or as wide as the page."""
    heading = panel.page.heading
    text = heading.fontMetrics().horizontalAdvance(heading.text())
    return heading.width() >= min(text, panel.page.width())


class Uneven(QtWidgets.QProxyStyle):
    """A host's style whose layouts have other gaps beside than below one another."""

    def pixelMetric(self, metric: Any, option: Any = None, widget: Any = None) -> int:
        metrics = QtWidgets.QStyle.PixelMetric
        uneven = {metrics.PM_LayoutHorizontalSpacing: 10, metrics.PM_LayoutVerticalSpacing: 3}
        return uneven.get(metric, super().pixelMetric(metric, option, widget))


def test_a_heading_comes_to_rest_at_every_width(qtbot: Any) -> None:
    turned: list[int] = []

    class Watched(Heading):
        def _arrange(self) -> None:
            before = self._both.direction()
            super()._arrange()
            if self._both.direction() != before:
                turned.append(self.width())

    heading = Watched(QtWidgets.QPushButton("Build in script"), QtWidgets.QCheckBox("What stops me"))
    style = Uneven()
    heading.setStyle(style)
    qtbot.addWidget(heading)
    heading.title.setText("4 · Inference and render")
    heading.resize(600, 80)
    heading.show()
    QtWidgets.QApplication.processEvents()
    turned.clear()
    for width in range(600, 250, -1):
        heading.resize(width, 80)
        for _ in range(5):
            QtWidgets.QApplication.processEvents()
    assert len(turned) == 1


def wait_for_layout(qtbot: Any, panel: Window) -> None:
    """Qt lays out in several passes of its loop."""
    try:
        qtbot.waitUntil(lambda: not clipped(panel) and not sideways(panel) and has_room(panel), timeout=5000)
    except qtbot.TimeoutError:
        pass  # what is clipped for good is named by the test


def sideways(panel: Window) -> list[int]:
    """By how many pixels something that scrolls is wider than where it is seen."""
    areas = (area for area in (panel.page.checks, panel.page.work_area) if area.isVisible())
    over = [area.widget().width() - area.viewport().width() for area in areas]
    return [one for one in over if one > 0]


def clipped(panel: Window) -> list[str]:
    """The texts that are not seen whole."""
    found = []
    for label in panel.findChildren(QtWidgets.QLabel):
        if label.isVisible() and label.text():
            needed = (
                label.heightForWidth(label.width()) if label.wordWrap() else label.minimumSizeHint().height()
            )
            edge = label.mapTo(panel, label.rect().bottomRight()).x()
            if label.height() < needed or edge > panel.width():
                found.append(label.text())
    return found


def contrast(one: str, other: str) -> float:
    """WCAG 2."""

    def light(name: str) -> float:
        parts = [getattr(QtGui.QColor(name), f"{part}F")() for part in ("red", "green", "blue")]
        line = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


# NukeX's own window is #323232.
@pytest.mark.parametrize(("own", "ground"), [(style.DARK, "#323232"), (style.LIGHT, "#f0f0f0")])
def test_every_colour_can_be_read(own: style.Colours, ground: str) -> None:
    for name in ("passed", "info", "warn", "fail", "quiet", "accent"):
        for behind in (ground, own.raised):
            assert contrast(getattr(own, name), behind) >= 4.5, (name, behind)
    assert contrast(own.on_accent, own.accent) >= 4.5


def test_the_dark_palette_can_be_read() -> None:
    palette, roles = style.dark_palette(), QtGui.QPalette.ColorRole
    for text, ground in (
        (roles.WindowText, roles.Window),
        (roles.Text, roles.Base),
        (roles.ButtonText, roles.Button),
        (roles.HighlightedText, roles.Highlight),
        (roles.PlaceholderText, roles.Base),
    ):
        assert contrast(palette.color(text).name(), palette.color(ground).name()) >= 4.5, text


def test_every_state_has_a_mark_of_its_own(show: Show) -> None:
    show(None)
    states = ("pass", "info", "warn", "fail", "signed", "running", "not run")
    pictures = [marks.pixmap(state, "#ffffff").toImage() for state in states]
    for number, one in enumerate(pictures):
        assert all(one != other for other in pictures[number + 1 :]), states[number]


def test_every_sign_is_drawn_in_both_sizes_and_takes_the_colour_of_its_text(show: Show, qtbot: Any) -> None:
    panel = show(None)
    names = sorted(file.stem for file in icons.FOLDER.glob("*.svg"))
    assert len(names) > 25
    used = {one.property("fr_sign") for one in panel.findChildren(QtWidgets.QAbstractButton)} - {None}
    assert {"help", "project", "log", "check", "build"} <= used <= set(names)
    for name in names:
        for ratio in (1, 2):
            picture = icons.pixmap(name, "#ff0000", ratio=ratio).toImage()
            assert picture.width() == picture.height() == icons.SIZE * ratio, name
            seen = [
                picture.pixelColor(x, y)
                for x in range(picture.width())
                for y in range(picture.height())
                if picture.pixelColor(x, y).alpha() > 200
            ]
            assert len(seen) > 4 * ratio, name
            assert all(one.red() > 240 and one.green() < 15 and one.blue() < 15 for one in seen), name
    # Each size is drawn for itself, and another palette gives another colour.
    fine = icons.pixmap("sign", "#ff0000", ratio=2).toImage()
    assert fine.scaled(16, 16) != icons.pixmap("sign", "#ff0000").toImage()
    place = QtWidgets.QWidget()
    qtbot.addWidget(place)
    button = QtWidgets.QPushButton(place)
    icons.put(button, "sign")
    before = button.icon().pixmap(16, 16).toImage()
    light = QtGui.QPalette()
    light.setColor(QtGui.QPalette.ColorRole.ButtonText, QtGui.QColor("#202020"))
    place.setPalette(light)
    icons.dress(place)
    assert button.icon().pixmap(16, 16).toImage() != before


def test_nothing_of_it_is_ever_a_window_of_its_own(show: Show, film: Film, qtbot: Any) -> None:
    """A part that is shown before it has its place flashes up as a window, and takes the focus away."""
    seen: set[str] = set()

    class Watch(QtCore.QObject):
        def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
            if event.type() == QtCore.QEvent.Type.Show and isinstance(watched, QtWidgets.QWidget):
                popup = watched.windowType() in (Qt.WindowType.ToolTip, Qt.WindowType.Popup)
                if watched.isWindow() and not popup:
                    seen.add(type(watched).__name__)
            return False

    watch = Watch()
    program = QtWidgets.QApplication.instance()
    program.installEventFilter(watch)
    try:
        panel = show(film("--break-lock"), 380, 900)
        for stage in range(6):
            panel.page.show_stage(stage)
            panel.page.show_work(True)  # a page is read while it is seen
            qtbot.waitUntil(lambda: panel.page.work.contents is not None, timeout=120_000)
            panel.page.show_work(stage % 2 == 0)
        panel.guide.show_help(True)
    finally:
        program.removeEventFilter(watch)
    assert seen == {"Window"}
