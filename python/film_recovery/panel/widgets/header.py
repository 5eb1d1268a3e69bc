"""The top of the panel: which film, which recipe, where, and who holds it."""

from __future__ import annotations

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import icons, parts
from film_recovery.panel.widgets.session import Session


class Header(QtWidgets.QWidget):
    """``closed``: the operator wants another project. ``helped``: the help. ``taken_over``: to take the project from
    whoever holds it."""

    closed = Signal()
    helped = Signal()
    taken_over = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.film = parts.label(name="film")
        self.where = parts.label(name="quiet", selectable=True)
        self.held = parts.label(name="strong")
        self.held.hide()
        self.help = QtWidgets.QToolButton()
        self.help.setText("Help")
        self.help.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.put(self.help, "help")
        self.help.setToolTip("The quick reference of this recipe, and the tour (F1)")
        self.help.clicked.connect(lambda *_: self.helped.emit())
        self.take_over = parts.button("Take over…", self.taken_over.emit)
        self.take_over.setToolTip(
            "For when whoever holds it cannot let go: asks first, and the ledger notes it"
        )
        self.menu = QtWidgets.QToolButton()
        self.menu.setText("Project")
        self.menu.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.put(self.menu, "project")
        self.menu.setToolTip("Other projects, this one’s file and folder")
        self.menu.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        entries = QtWidgets.QMenu(self.menu)
        entries.addAction("Open or make another…").triggered.connect(lambda *_: self.closed.emit())
        entries.addAction("Open project.yaml").triggered.connect(lambda *_: self._show("project.yaml"))
        entries.addAction("Show the folder").triggered.connect(lambda *_: self._show(""))
        self._steps = QtWidgets.QMenu("Steps of this recovery", entries)
        entries.addMenu(self._steps)
        self.menu.setMenu(entries)
        top = parts.line()
        top.addWidget(self.film, 1)
        top.addWidget(self.help)
        top.addWidget(self.menu)
        layout = parts.column(self, 2)
        layout.addLayout(top)
        layout.addWidget(self.where)
        who = parts.line()
        who.addWidget(self.held, 1)
        who.addWidget(self.take_over)
        layout.addLayout(who)

    def refresh(self) -> None:
        """As the session is now."""
        project, checklist = self._session.project, self._session.checklist
        if project is None or checklist is None:
            return
        parts.say(self.film, project.title or project.film)
        parts.say(self.where, f"{checklist.recipe.title} · {project.folder}")
        self.where.setToolTip(checklist.recipe.summary)
        held = self._session.state.held_by
        parts.say(self.held, f"Read-only. {held}" if held else "")
        self.held.setToolTip("It can be looked at; nothing can be changed." if held else "")
        self.held.setVisible(bool(held))
        self.take_over.setVisible(bool(held))

    def show_steps(self) -> None:
        """The other projects of this recovery, where there are any."""
        project, checklist = self._session.project, self._session.checklist
        self._steps.clear()
        if project is None or checklist is None:
            return
        found = [(step.title, project.folder / "steps" / step.name) for step in checklist.recipe.steps]
        if project.folder.parent.name == "steps":
            found.append(("The whole recovery", project.folder.parents[1]))
        for title, folder in found:
            action = self._steps.addAction(title)
            action.triggered.connect(lambda *_, place=str(folder): self._session.open(place))
        self._steps.menuAction().setVisible(bool(found))

    def _show(self, name: str) -> None:
        if self._session.project is not None:
            path = self._session.project.folder / name
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(path)))
