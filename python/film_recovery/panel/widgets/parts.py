"""Small parts that every page is made of: labels that break, buttons that say why they cannot be pressed."""

from __future__ import annotations

from collections.abc import Callable

from film_recovery.panel import words
from film_recovery.panel.qt import Qt, QtCore, QtWidgets
from film_recovery.panel.widgets import icons
from film_recovery.panel.widgets.flow import Flow


def label(text: str = "", name: str = "", selectable: bool = False) -> QtWidgets.QLabel:
    """Plain text that breaks where it is narrow; a film title is never markup."""
    made = QtWidgets.QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setObjectName(name)
    made.setMinimumWidth(1)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    say(made, text)
    return made


def say(one: QtWidgets.QLabel, text: str) -> None:
    """Sets the label's text, with places where it may break."""
    one.setText(words.breakable(text))


def button(
    text: str, pressed: Callable[[], object], tip: str = "", name: str = "", sign: str = ""
) -> QtWidgets.QPushButton:
    """A button; ``tip`` says what it does, or why it cannot. ``sign``: its icon's name."""
    made = QtWidgets.QPushButton(text)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    if sign:
        icons.put(made, sign)
    made.clicked.connect(lambda *_: pressed())
    return made


def allow(one: QtWidgets.QWidget, hindered: str, tip: str = "") -> None:
    """Enables it, or says why it is not."""
    one.setEnabled(not hindered)
    one.setToolTip(hindered or tip)


def column(parent: QtWidgets.QWidget | None = None, gap: int = 6, margin: int = 0) -> QtWidgets.QVBoxLayout:
    """Widgets below one another."""
    made = QtWidgets.QVBoxLayout(parent) if parent is not None else QtWidgets.QVBoxLayout()
    made.setContentsMargins(margin, margin, margin, margin)
    made.setSpacing(gap)
    return made


class Tall(QtWidgets.QWidget):
    """What scrolls: as tall as its text needs at its width, which Qt's scroll areas do not ask for."""

    def event(self, event: QtCore.QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QtCore.QEvent.Type.LayoutRequest, QtCore.QEvent.Type.Resize):
            self.fit()
        return done

    def fit(self) -> None:
        """As tall as is needed now."""
        layout = self.layout()
        if layout is not None:
            self.setMinimumHeight(max(0, layout.heightForWidth(self.width())))


def divided(orientation: Qt.Orientation, *widgets: QtWidgets.QWidget) -> QtWidgets.QSplitter:
    """Widgets whose sizes an operator chooses; none can be made to vanish."""
    made = QtWidgets.QSplitter(orientation)
    made.setChildrenCollapsible(False)
    made.setHandleWidth(8)
    for one in widgets:
        made.addWidget(one)
    return made


def line(gap: int = 6) -> QtWidgets.QHBoxLayout:
    """Widgets beside one another."""
    made = QtWidgets.QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(gap)
    return made


def beside(*widgets: QtWidgets.QWidget) -> Flow:
    """Buttons and the like beside one another, at their own width; in several lines where it is narrow."""
    made = Flow()
    for one in widgets:
        made.addWidget(one)
    return made
