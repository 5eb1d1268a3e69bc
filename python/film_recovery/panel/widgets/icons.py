"""The panel's icons: signs of one line, drawn with the menus' own (icons/make_icons.py), in any colour."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import style

SIZE = 16  # pixels at a font of usual size
FOLDER = Path(__file__).resolve().parents[1] / "icons"
_NAME = "fr_sign"  # of a button's property


def icon(name: str, colour: str, disabled: str = "", size: int = SIZE) -> QtGui.QIcon:
    """The sign ``name`` as ``#rrggbb``; ``disabled``: its colour where its button cannot be pressed."""
    found = QtGui.QIcon()
    for ratio in (1, 2):
        found.addPixmap(pixmap(name, colour, size, ratio))
        if disabled:
            found.addPixmap(pixmap(name, disabled, size, ratio), QtGui.QIcon.Mode.Disabled)
    return found


def pixmap(name: str, colour: str, size: int = SIZE, ratio: float = 1) -> QtGui.QPixmap:
    """As a picture of ``size`` pixels, ``ratio`` times as fine."""
    wide = round(size * ratio)
    shape = _shape(name, wide > SIZE)
    if shape.width() != wide:
        kept, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        shape = shape.scaled(wide, wide, kept, smooth)
    picture = QtGui.QImage(shape)
    painter = QtGui.QPainter(picture)
    painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(picture.rect(), QtGui.QColor(colour))
    painter.end()
    found = QtGui.QPixmap.fromImage(picture)
    found.setDevicePixelRatio(ratio)
    return found


def put(button: QtWidgets.QAbstractButton, name: str) -> None:
    """Gives a button its sign, in the colour of its text; nothing where it has that already."""
    if button.property(_NAME) != name:
        button.setProperty(_NAME, name)
        button.setIconSize(QtCore.QSize(SIZE, SIZE))
        _dress(button, button.palette())


def dress(widget: QtWidgets.QWidget) -> None:
    """The signs of all buttons in it, in the colours that its palette has now."""
    buttons: list[Any] = [
        *widget.findChildren(QtWidgets.QPushButton),
        *widget.findChildren(QtWidgets.QToolButton),
    ]
    for button in buttons:
        if button.property(_NAME):
            _dress(button, widget.palette())


def _dress(button: QtWidgets.QAbstractButton, palette: QtGui.QPalette) -> None:
    role = QtGui.QPalette.ColorRole.ButtonText
    text = palette.color(QtGui.QPalette.ColorGroup.Active, role).name()
    grey = palette.color(QtGui.QPalette.ColorGroup.Disabled, role).name()
    if button.objectName() == "primary":
        own = style.colours(palette)
        text, grey = own.on_accent, own.quiet
    button.setIcon(icon(str(button.property(_NAME)), text, grey))


@lru_cache(maxsize=128)
def _shape(name: str, is_fine: bool) -> QtGui.QImage:
    """Its alpha is the sign."""
    file = FOLDER / f"{name.replace(' ', '_')}{'@2x' if is_fine else ''}.png"
    found = QtGui.QImage(str(file)).convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    found.setDevicePixelRatio(1)
    return found
