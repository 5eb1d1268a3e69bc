"""What the panel remembers for a user: name, recent projects, whether the log is open, the window's place."""

from __future__ import annotations

from film_recovery.panel.qt import QtCore

_RECENT = 8


class Settings:
    """Kept by Qt in the user's own configuration, as a file of its own."""

    def __init__(self) -> None:
        kinds = QtCore.QSettings
        self._kept = kinds(kinds.Format.IniFormat, kinds.Scope.UserScope, "FilmRecovery", "panel")

    @property
    def name(self) -> str:
        """Who signs; at first the login name."""
        return str(self._kept.value("name") or _person())

    @name.setter
    def name(self, name: str) -> None:
        self._kept.setValue("name", name)

    @property
    def recent(self) -> list[str]:
        """Folders of projects, the newest first."""
        found = self._kept.value("recent") or []
        return [str(one) for one in ([found] if isinstance(found, str) else found)]

    def add_recent(self, folder: str) -> None:
        """Puts a folder first."""
        self._kept.setValue("recent", [folder, *(one for one in self.recent if one != folder)][:_RECENT])

    @property
    def log_open(self) -> bool:
        """Whether the log is unfolded."""
        return str(self._kept.value("log_open", "false")) == "true"

    @log_open.setter
    def log_open(self, is_open: bool) -> None:
        self._kept.setValue("log_open", "true" if is_open else "false")

    @property
    def text_size(self) -> int:
        """Points more (or less) than the host's own text."""
        return int(str(self._kept.value("text_size", "0")))

    @text_size.setter
    def text_size(self, more: int) -> None:
        self._kept.setValue("text_size", str(more))

    @property
    def show_work(self) -> bool:
        """Whether a narrow page shows the stage's work, not its checks."""
        return str(self._kept.value("show_work", "false")) == "true"

    @show_work.setter
    def show_work(self, is_work: bool) -> None:
        self._kept.setValue("show_work", "true" if is_work else "false")

    @property
    def geometry(self) -> QtCore.QByteArray | None:
        """Of the window, where it is a program of its own."""
        found = self._kept.value("geometry")
        return found if isinstance(found, QtCore.QByteArray) else None

    @geometry.setter
    def geometry(self, geometry: QtCore.QByteArray) -> None:
        self._kept.setValue("geometry", geometry)


def _person() -> str:
    from film_recovery._process import person

    return person()
