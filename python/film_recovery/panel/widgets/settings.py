"""What the panel remembers for a user: name, recent projects, and its layout, which stands as it was left.

Nuke makes a pane's widget anew whenever it is reopened or a workspace restored, and tells it nothing of before.
"""

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
    def shown(self) -> tuple[str, int]:
        """The project that was shown last, and its stage; no folder where none was."""
        return str(self._kept.value("shown") or ""), int(str(self._kept.value("stage", "0")))

    @shown.setter
    def shown(self, shown: tuple[str, int]) -> None:
        self._kept.setValue("shown", shown[0])
        self._kept.setValue("stage", str(shown[1]))

    @property
    def help_open(self) -> bool:
        """Whether the help drawer is open."""
        return str(self._kept.value("help_open", "false")) == "true"

    @help_open.setter
    def help_open(self, is_open: bool) -> None:
        self._kept.setValue("help_open", "true" if is_open else "false")

    def sizes(self, name: str) -> list[int]:
        """Pixels of the parts of a divided place; empty where nobody moved them."""
        found = str(self._kept.value(f"sizes/{name}") or "")
        return [int(one) for one in found.split(" ") if one.isdigit()]

    def keep_sizes(self, name: str, sizes: list[int]) -> None:
        """As somebody moved them."""
        self._kept.setValue(f"sizes/{name}", " ".join(map(str, sizes)))

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
