"""Colours and shapes of the panel, made from the palette of whoever hosts it: dark in NukeX, dark on its own."""

from __future__ import annotations

from dataclasses import dataclass

from film_recovery.panel.qt import QtGui, QtWidgets


@dataclass(frozen=True)
class Colours:
    """Of states and text, as ``#rrggbb``, at least 4.5 : 1 on the palette's ground."""

    passed: str
    info: str
    warn: str
    fail: str
    quiet: str
    accent: str
    on_accent: str
    line: str
    raised: str

    def of(self, state: str) -> str:
        """The colour of an outcome or a stage's state."""
        named = {"pass": self.passed, "signed": self.passed, "warn": self.warn, "fail": self.fail}
        return {**named, "info": self.info, "running": self.accent}.get(state, self.quiet)


DARK = Colours(
    "#7fca86", "#8cbfe8", "#e8b755", "#ff9289", "#b3b0a9", "#e3b15a", "#221a08", "#55534f", "#424140"
)
LIGHT = Colours(
    "#1c672b", "#15578c", "#735000", "#a01f1a", "#55524c", "#7a4a00", "#ffffff", "#c4c1ba", "#f6f4ef"
)


def colours(palette: QtGui.QPalette) -> Colours:
    """Those that can be read on the palette's ground."""
    return DARK if palette.color(QtGui.QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def dark_palette() -> QtGui.QPalette:
    """For the panel as a program of its own: neutral and dark, so that pictures are judged and not the window."""
    roles = QtGui.QPalette.ColorRole
    palette = QtGui.QPalette()
    for role, colour in (
        (roles.Window, "#323130"),
        (roles.Base, "#292827"),
        (roles.AlternateBase, "#2f2e2d"),
        (roles.Button, "#454442"),
        (roles.WindowText, "#e6e3dc"),
        (roles.Text, "#e6e3dc"),
        (roles.ButtonText, "#e6e3dc"),
        (roles.ToolTipBase, "#1f1e1d"),
        (roles.ToolTipText, "#e6e3dc"),
        (roles.BrightText, "#ffffff"),
        (roles.Highlight, "#8a6524"),
        (roles.HighlightedText, "#ffffff"),
        (roles.Link, "#e3b15a"),
        (roles.PlaceholderText, "#a5a29b"),
        (roles.Mid, "#4a4946"),
        (roles.Dark, "#242322"),
        (roles.Light, "#5a5855"),
    ):
        palette.setColor(role, QtGui.QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, role, QtGui.QColor("#8f8c86"))
    return palette


def sheet(palette: QtGui.QPalette) -> str:
    """The panel's style sheet. Of sizes it has padding only, in pixels: text has that of its part (``TextSize``)."""
    own = colours(palette)
    return f"""
    QLabel#quiet, QLabel#summary {{ color: {own.quiet}; }}
    QLabel#film, QLabel#heading, QLabel#strong {{ font-weight: 600; }}
    QFrame#row {{ border: 0; border-bottom: 1px solid {own.line}; border-left: 3px solid transparent; }}
    QFrame#row[opened="true"] {{ background: {own.raised}; }}
    QFrame#row:focus {{ background: {own.raised}; border-left: 3px solid {own.accent}; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {own.quiet}; border-radius: 3px;
        background: palette(base); }}
    QCheckBox::indicator:checked {{ background: {own.accent}; border-color: {own.accent}; }}
    QCheckBox::indicator:focus, QCheckBox::indicator:hover {{ border-color: {own.accent}; }}
    QFrame#problem {{ border: 1px solid {own.fail}; border-radius: 4px; background: {own.raised}; }}
    QFrame#problem[stop="true"] {{ border-color: {own.warn}; }}
    QFrame#bubble {{ border: 1px solid {own.accent}; border-radius: 6px; background: {own.raised}; }}
    QFrame#job {{ border: 1px solid {own.line}; border-radius: 4px; background: {own.raised}; }}
    QToolButton#stage {{ border: 1px solid transparent; border-radius: 4px; padding: 5px; text-align: left; }}
    QToolButton#stage:checked {{ background: {own.raised}; border-color: {own.line}; }}
    QToolButton#stage:hover, QToolButton#stage:focus {{ border-color: {own.accent}; }}
    QPushButton {{ padding: 4px 10px; }}
    QPushButton#primary {{ background: {own.accent}; color: {own.on_accent}; border: 1px solid {own.accent};
        border-radius: 4px; padding: 7px 14px; font-weight: 600; }}
    QPushButton#primary:hover, QPushButton#primary:focus {{ border: 1px solid palette(window-text); }}
    QPushButton#primary:disabled {{ background: transparent; color: {own.quiet}; border: 1px solid {own.line}; }}
    QPlainTextEdit {{ border: 1px solid {own.line}; }}
    QScrollArea {{ border: 0; }}
    """


def fixed_font() -> QtGui.QFont:
    """For differences and the log."""
    return QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont)


def dress(widget: QtWidgets.QWidget) -> bool:
    """Gives the panel its style, from the palette that it has now; false where it had that already."""
    new = sheet(widget.palette())
    is_new = new != widget.styleSheet()
    if is_new:
        widget.setStyleSheet(new)
    return is_new
