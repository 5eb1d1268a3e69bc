"""The panel in NukeX: what Nuke makes, without arguments, when the panel is opened or a workspace restored."""

from __future__ import annotations

from film_recovery.host.nuke import NukeHost
from film_recovery.panel.qt import QtCore
from film_recovery.panel.widgets.panel import Panel
from film_recovery.panel.widgets.settings import Settings
from film_recovery.plugin.places import project_folder


class Docked(Panel):
    """On the script that is open in Nuke; shows that script's project, or the last one where it has none. Nuke makes it
    anew whenever it is reopened, and so do workspaces; it stands as it was left."""

    def __init__(self) -> None:
        host = NukeHost()
        super().__init__(host, project_folder(host) or Settings().shown[0])
        session, pictures, installer = self.session, self.pictures, self.installer

        def let_go(*_: object) -> None:
            installer.let_go()
            session.close()
            pictures.close()

        # Nuke deletes a closed pane's widgets without a close event.
        self.destroyed.connect(let_go)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(420, 800)
