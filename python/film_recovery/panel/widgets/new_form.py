"""A new project: what is wrong with the film, which elements there are; the recipe follows, or why there is none."""

from __future__ import annotations

from film_recovery.panel import new_project
from film_recovery.panel.new_project import BETTER, Wishes
from film_recovery.panel.qt import QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.background import Background
from film_recovery.panel.widgets.tick import Tick
from film_recovery.recipes import RECIPES, Answers, load

_FILES = "Frames (*.exr *.dpx *.tif *.tiff *.png *.jpg *.jpeg);;All files (*)"


class NewForm(parts.Tall):
    """``wanted``: the command that makes the project. ``left``: none is to be made."""

    wanted = Signal(list)
    left = Signal()

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._titles: dict[str, str] = {}
        self.intra = Tick("Within frames: scratches, dust, worn grain, lost detail")
        self.inter = Tick("In the colour: faded dyes, scenes that do not match")
        self.better = QtWidgets.QComboBox()
        for id, text in BETTER:
            self.better.addItem(text, id)
        self.colour_reference = Tick("A DVD, telecine or print kept the colour")
        self.black_and_white = Tick("It is black-and-white and is to be coloured")
        self.enlarge = Tick("A larger picture is wanted than any element holds")
        self.choice = parts.label(name="strong")
        self.scope = parts.label()
        self.film, self.source, self.reference, self.colour, self.folder = (
            QtWidgets.QLineEdit() for _ in range(5)
        )
        self._colour_box = self._field(
            "Third element, which kept the colour (optional)", self.colour, "frames"
        )
        self.make = parts.button("Make the project", self._make, name="primary", sign="add")
        layout = parts.column(self, 8)
        layout.addWidget(parts.label("New project", "heading"))
        layout.addWidget(parts.label("What is wrong with the film?", "strong"))
        for one in (self.intra, self.inter, self.black_and_white, self.enlarge):
            layout.addWidget(_Wrapped(one))
        layout.addWidget(parts.label("Is there another element that kept the detail?", "strong"))
        self.better.setSizeAdjustPolicy(
            QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.better.setMinimumContentsLength(12)
        layout.addWidget(self.better)
        layout.addWidget(_Wrapped(self.colour_reference))
        layout.addWidget(self.choice)
        layout.addWidget(self.scope)
        layout.addWidget(self._field("Title of the film", self.film))
        layout.addWidget(self._field("Source: the damaged element", self.source, "frames"))
        layout.addWidget(self._field("Reference: the element that is better", self.reference, "frames"))
        layout.addWidget(self._colour_box)
        layout.addWidget(self._field("Folder of the project", self.folder, "folder"))
        self.lacks = parts.label(name="quiet")
        layout.addWidget(self.lacks)
        buttons = parts.line()
        buttons.addWidget(parts.button("Back", self.left.emit))
        buttons.addStretch(1)
        buttons.addWidget(self.make)
        layout.addLayout(buttons)
        layout.addStretch(1)
        for box in (self.intra, self.inter, self.colour_reference, self.black_and_white, self.enlarge):
            box.toggled.connect(lambda *_: self._refresh())
        self.better.currentIndexChanged.connect(lambda *_: self._refresh())
        for line in (self.film, self.source, self.reference, self.colour, self.folder):
            line.textChanged.connect(lambda *_: self._refresh())
        self._refresh()
        background.run(_titles, self._know, lambda error: parts.say(self.choice, str(error)))

    @property
    def wishes(self) -> Wishes:
        """What was answered so far."""
        answers = Answers(
            self.intra.isChecked(),
            self.inter.isChecked(),
            str(self.better.currentData()),
            self.colour_reference.isChecked(),
            self.black_and_white.isChecked(),
            self.enlarge.isChecked(),
        )
        return Wishes(
            self.folder.text(),
            self.film.text(),
            self.source.text(),
            self.reference.text(),
            self.colour.text(),
            answers,
        )

    def _refresh(self) -> None:
        wishes = self.wishes
        choice = wishes.choice
        title = self._titles.get(choice.recipe, "") if choice.recipe else "No recipe"
        parts.say(self.choice, f"{title}: {choice.why}" if title else choice.why)
        parts.say(self.scope, choice.out_of_scope)
        self.scope.setVisible(bool(choice.out_of_scope))
        self._colour_box.setVisible(choice.recipe == "combined")
        lacks = wishes.lacks
        parts.say(self.lacks, lacks[:1].upper() + lacks[1:])
        parts.allow(
            self.make,
            lacks[:1].upper() + lacks[1:],
            "Makes the folder with project.yaml; elements are read only",
        )

    def _know(self, titles: dict[str, str]) -> None:
        self._titles = titles
        self._refresh()

    def _make(self) -> None:
        self.wanted.emit(self.wishes.command())

    def _field(self, title: str, line: QtWidgets.QLineEdit, browse: str = "") -> QtWidgets.QWidget:
        """A line to type in, below its title, with a button that browses for ``frames`` or a ``folder``."""
        made = QtWidgets.QWidget()
        line.setAccessibleName(title)
        layout = parts.column(made, 2)
        layout.addWidget(parts.label(title))
        row = parts.line()
        row.addWidget(line, 1)
        if browse:
            row.addWidget(parts.button("Browse…", lambda: self._browse(line, browse, title), title))
        if browse == "frames":
            line.setPlaceholderText("scans/print.####.exr")
        layout.addLayout(row)
        return made

    def _browse(self, line: QtWidgets.QLineEdit, what: str, title: str) -> None:
        if what == "folder":
            found = QtWidgets.QFileDialog.getExistingDirectory(self, title, line.text())
        else:
            found = QtWidgets.QFileDialog.getOpenFileName(self, title, line.text(), _FILES)[0]
            found = new_project.pattern_of(found) if found else ""
        if found:
            line.setText(found)


def _titles() -> dict[str, str]:
    """Of every recipe, by its id: read from their files, off the main thread."""
    return {id: load(id).title for id in RECIPES}


class _Wrapped(QtWidgets.QWidget):
    """A check box whose words may take several lines, which Qt's own may not; a click on the words counts."""

    def __init__(self, box: QtWidgets.QCheckBox) -> None:
        super().__init__()
        self._box = box
        text = parts.label(box.text())
        box.setAccessibleName(box.text())
        box.setText("")
        row = parts.line(8)
        row.addWidget(box, 0)
        row.addWidget(text, 1)
        self.setLayout(row)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self._box.toggle()
