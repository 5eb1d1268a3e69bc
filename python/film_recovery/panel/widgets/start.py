"""Without a project: open one, or make a new one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from film_recovery.panel.qt import Qt, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.background import Background
from film_recovery.panel.widgets.settings import Settings

if TYPE_CHECKING:
    from film_recovery.panel.widgets.new_form import NewForm


class Start(QtWidgets.QStackedWidget):
    """``chosen``: a project's folder. ``wanted``: the command that makes a new one. ``toured``: the tour, on a film."""

    chosen = Signal(str)
    wanted = Signal(list)
    toured = Signal()

    def __init__(self, settings: Settings, background: Background) -> None:
        super().__init__()
        self._settings, self._background = settings, background
        self._form: NewForm | None = None
        self.open = parts.button(
            "Open a project…", self._browse, "A folder with a project.yaml", "primary", sign="project"
        )
        self.new = parts.button(
            "New project…",
            self._show_new,
            "Asks what is wrong with the film, and finds the recipe",
            sign="add",
        )
        self.tour = parts.button(
            "Take the tour",
            self.toured.emit,
            "Makes a small damaged film of free photographs, opens it, and shows the panel in five steps",
            sign="help",
        )
        self.making = parts.label(name="quiet")
        self.making.hide()
        self._recent = parts.column(gap=2)
        first = QtWidgets.QWidget()
        layout = parts.column(first, 10, 4)
        layout.addWidget(parts.label("Film Recovery", "film"))
        said = "Recovers the detail or the colour of a film from another element that kept it, and measures every step."
        layout.addWidget(parts.label(said, "quiet"))
        layout.addWidget(self.open)
        layout.addWidget(self.new)
        layout.addWidget(self.tour)
        layout.addWidget(self.making)
        layout.addLayout(self._recent)
        layout.addStretch(1)
        self.addWidget(first)
        self.refresh()

    @property
    def is_asking(self) -> bool:
        """Whether the form of a new project is shown."""
        return self.currentIndex() > 0

    @property
    def form(self) -> NewForm:
        """What is asked of a new project; made when it is first wanted."""
        if self._form is None:
            from film_recovery.panel.widgets.new_form import NewForm

            self._form = NewForm(self._background)
            self._form.left.connect(lambda: self.setCurrentIndex(0))
            self._form.wanted.connect(self.wanted)
            area = QtWidgets.QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(self._form)
            self.addWidget(area)
        return self._form

    def refresh(self) -> None:
        """The projects that were opened lately."""
        self.setCurrentIndex(0)
        while self._recent.count():
            taken = self._recent.takeAt(0).widget()
            if taken is not None:
                taken.deleteLater()
        recent = self._settings.recent
        if recent:
            self._recent.addWidget(parts.label("Opened lately", "strong"))
        for folder in recent:
            one = parts.button(Path(folder).name, partial(self.chosen.emit, folder), folder)
            self._recent.addWidget(one)

    def show_making(self, said: str) -> None:
        """What is being made, instead of the buttons' use; empty: nothing."""
        parts.say(self.making, said)
        self.making.setVisible(bool(said))
        recent = (self._recent.itemAt(place).widget() for place in range(self._recent.count()))
        for one in (self.open, self.new, self.tour, *recent):
            if one is not None:
                one.setEnabled(not said)

    def _show_new(self) -> None:
        form = self.form
        self.setCurrentIndex(1)
        form.intra.setFocus()

    def _browse(self) -> None:
        found = QtWidgets.QFileDialog.getExistingDirectory(self, "A folder with a project.yaml")
        if found:
            self.chosen.emit(found)
