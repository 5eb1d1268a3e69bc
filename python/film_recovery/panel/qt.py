"""The one door to Qt: PySide6, or PySide2 where NukeX has that. All other modules import Qt from here.

NukeX 14 and 15 embed PySide2 on Python 3.10 and below, NukeX 16 PySide6 on 3.11; the other one is taken where only
that is installed. Raises FilmRecoveryError where there is none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from film_recovery.errors import FilmRecoveryError

if TYPE_CHECKING:
    from PySide6 import QtCore, QtGui, QtWidgets
    from PySide6.QtCore import Signal
    from PySide6.QtGui import QShortcut
else:
    try:
        if sys.version_info < (3, 11):
            from PySide2 import QtCore, QtGui, QtWidgets
        else:
            from PySide6 import QtCore, QtGui, QtWidgets
    except ImportError:
        try:
            if sys.version_info < (3, 11):
                from PySide6 import QtCore, QtGui, QtWidgets
            else:
                from PySide2 import QtCore, QtGui, QtWidgets
        except ImportError as missing:
            raise FilmRecoveryError(
                f"There is no Qt to show the panel with: {missing}.",
                remedy="pip install 'film-recovery[panel]' in the environment of film-recovery",
            ) from missing
    Signal = QtCore.Signal
    QShortcut = QtGui.QShortcut if hasattr(QtGui, "QShortcut") else QtWidgets.QShortcut

Qt = QtCore.Qt


def pointer(event: QtGui.QMouseEvent | QtGui.QDropEvent) -> QtCore.QPointF:
    """Where the pointer is, in pixels of the widget; Qt 6 and Qt 5 name it differently."""
    return QtCore.QPointF(event.position() if hasattr(event, "position") else event.pos())


__all__ = ["QShortcut", "Qt", "QtCore", "QtGui", "QtWidgets", "Signal", "pointer"]
