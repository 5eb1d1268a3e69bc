"""The panel in NukeX: what Nuke makes, without arguments, when the panel is opened or a workspace restored."""

from __future__ import annotations

from film_recovery.host.nuke import NukeHost
from film_recovery.panel import in_script
from film_recovery.panel.qt import QtCore
from film_recovery.panel.widgets.panel import Panel


class Docked(Panel):
    """On the script that is open in Nuke; shows that script's project, or the last one where it has none. Nuke makes it
    anew whenever it is reopened, and so do workspaces; it stands as it was left."""

    def __init__(self) -> None:
        self._nuke = NukeHost()
        super().__init__(self._nuke)
        session, pictures, installer = self.session, self.pictures, self.installer

        def let_go(*_: object) -> None:
            installer.let_go()
            session.close()
            pictures.close()

        # Nuke deletes a closed pane's widgets without a close event.
        self.destroyed.connect(let_go)

    def _begun(self) -> None:
        super()._begun()
        said, last = in_script.said_by(self._nuke), self.settings.shown[0]

        def open_it(folder: str) -> None:
            if folder and not self.was_asked:
                self.session.open(folder)

        def trouble(error: BaseException) -> None:
            self.log.add(f"the script’s project: {error}")
            open_it(last)

        # Where the script lies may be a slow disk.
        self.session.background.run(lambda: in_script.project_said(said) or last, open_it, trouble)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(420, 800)
