"""What an operator works with in a stage, beside its checks: read from the project's folder, shown, acted on.

A page reads off the main thread, and only while it is seen; what it shows is plain data of ``panel.contents``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery.panel import problem
from film_recovery.panel.qt import QtGui, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.pictures import Pictures
from film_recovery.panel.widgets.session import Session

if TYPE_CHECKING:
    from film_recovery.host.base import Host


@dataclass(frozen=True)
class Kit:
    """What every page works with. ``signer``: the name of who works. ``host``: the node graph that is open, or None.
    ``sign``: opens a check's own form, by its id."""

    session: Session
    pictures: Pictures
    signer: Callable[[], str]
    host: Host | None = None
    sign: Callable[[str], None] = lambda id: None


class Work(QtWidgets.QWidget):
    """A stage's work. Subclasses say what is read (``files``, ``read``) and how it is shown (``fill``)."""

    title = ""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self.kit, self.session, self.pictures = kit, kit.session, kit.pictures
        self.contents: Any = None
        self.layout_ = parts.column(self, 8)
        self._stamp: tuple[float, ...] | None = None
        self._reading = False
        self._told = ""
        self.session.looked.connect(self._look)
        self.session.opened.connect(self._opened)

    # Said by subclasses

    def files(self, folder: Path) -> tuple[Path, ...]:
        """The files whose change means that there is something else to show. Called off the main thread."""
        raise NotImplementedError

    def read(self, folder: Path) -> Any:
        """What the page shows, or FilmRecoveryError. Called off the main thread."""
        raise NotImplementedError

    def fill(self, contents: Any) -> None:
        """Shows what was read."""
        raise NotImplementedError

    def forget(self) -> None:
        """Another project is shown: nothing that was typed or chosen for the last one stays."""

    def allow(self, hindered: str) -> None:
        """``hindered``: why nothing may be changed now; empty when it may."""

    # For whoever shows it

    def refresh(self) -> None:
        """As the session is now."""
        self.allow(self.session.occupied or self.session.busy)

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self._look()
        self.refresh()

    # Inside

    def _opened(self) -> None:
        self._stamp, self.contents = None, None
        self.forget()
        self._look()

    def _look(self) -> None:
        project = self.session.project
        if project is None or self._reading or not self.isVisible():
            return
        self._reading = True
        folder, before = project.folder, self._stamp

        def work() -> tuple[tuple[float, ...], Any]:
            from film_recovery.panel.contents import changes_of

            stamp = changes_of(self.files(folder))
            return stamp, None if stamp == before else self.read(folder)

        def done(found: tuple[tuple[float, ...], Any]) -> None:
            self._reading = False
            if self.session.project is not project:
                return
            if self._stamp != before:  # it was to be looked at anew meanwhile
                self._look()
                return
            if found[0] == self._stamp:
                return
            self._told = ""
            self._stamp, self.contents = found
            self.fill(self.contents)
            self.refresh()

        def failed(error: BaseException) -> None:
            self._reading = False
            if self.session.project is project and str(error) != self._told:
                self._told = str(error)  # once, although it is tried again each second
                self.session.troubled.emit(problem.of_error(error))

        self.session.background.run(work, done, failed)
