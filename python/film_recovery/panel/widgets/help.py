"""The help drawer: the quick reference of a recipe, what this stage asks for, what to do when it goes wrong, keys."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from film_recovery.panel.qt import QtWidgets, Signal
from film_recovery.panel.widgets import parts, style
from film_recovery.recipes import Recipe

KEYS = (
    ("Ctrl+0 … Ctrl+5", "a stage"),
    ("Ctrl+Return", "the next step"),
    ("F5", "check, and note it in the ledger"),
    ("Ctrl+T", "work or checks, where there is room for one"),
    ("Ctrl+W", "only what stops you"),
    ("Up, Down, Return", "go through the checks, open one"),
    ("S, F, M", "sign, fix, show the check that is open"),
    ("Left, Right, Up, Down", "film strip: frame by frame, pair by pair"),
    ("P, H, Delete", "film strip: a pair, a hold-out, neither"),
    ("A, B, W, F", "pictures: one, the other, the wipe, the whole"),
    ("Ctrl+Plus, Ctrl+Minus", "larger or smaller text"),
    ("Ctrl+L, F1", "the log, this help"),
)


class Help(QtWidgets.QWidget):
    """``closed``: it is not wanted any more. ``toured``: the tour is."""

    closed = Signal()
    toured = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._stage = 0
        self._pages: dict[str, Recipe] = {}
        self.which = QtWidgets.QComboBox()
        self.which.setToolTip("One page a recipe")
        self.which.setSizeAdjustPolicy(
            QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.text = QtWidgets.QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName("Quick reference")
        self.close_ = parts.button("Close", self.closed.emit, "Back to the stage (F1)")
        self.tour = parts.button("Tour", self.toured.emit, "Five steps through the panel, here")
        top = parts.line()
        top.addStretch(1)
        top.addWidget(self.tour)
        top.addWidget(self.close_)
        layout = parts.column(self, 6)
        layout.addLayout(top)
        layout.addWidget(self.which)
        layout.addWidget(self.text, 1)
        self.which.currentIndexChanged.connect(lambda *_: self._fill())

    def show_recipe(self, recipe: Recipe, stage: int) -> None:
        """The page of a recipe, with what ``stage`` asks for."""
        self._stage = stage
        self._pages.setdefault(recipe.id, recipe)
        self.add_recipes(())
        at = self.which.findData(recipe.id)
        if at != self.which.currentIndex():
            self.which.setCurrentIndex(at)
        else:
            self._fill()

    def add_recipes(self, found: Iterable[Recipe]) -> None:
        """More pages; their files are read elsewhere, for that takes a moment."""
        for recipe in found:
            self._pages.setdefault(recipe.id, recipe)
        self.which.blockSignals(True)
        for id, recipe in self._pages.items():
            if self.which.findData(id) < 0:
                self.which.addItem(recipe.title, id)
        self.which.blockSignals(False)

    def _fill(self) -> None:
        recipe = self._pages[str(self.which.currentData())]
        stage = recipe.stages[self._stage]
        own = style.colours(self.palette())
        steps = "".join(f"<li>{escape(one)}</li>" for one in quick_steps(recipe.quick_reference))
        remedies = "".join(
            f"<p><b>{escape(check.title)}</b><br>{escape('; '.join(check.remedy))}.</p>"
            for check in recipe.for_stage(self._stage)
            if check.remedy
        )
        keys = "".join(
            f"<tr><td><b>{escape(key)}</b>&nbsp;&nbsp;</td><td>{escape(what)}</td></tr>" for key, what in KEYS
        )
        place = self.text.verticalScrollBar().value()
        self.text.setHtml(
            f"<h3>{escape(recipe.title)}</h3><p>{escape(recipe.summary)}</p><ol>{steps}</ol>"
            f"<h4>{stage.number} · {escape(stage.title)}</h4><p>{escape(stage.help)}</p>"
            f"<h4>When a check of this stage fails</h4>{remedies}"
            f'<h4>Keys</h4><table style="color: {own.quiet}">{keys}</table>'
        )
        self.text.verticalScrollBar().setValue(place)


def quick_steps(text: str) -> list[str]:
    """The numbered lines of a quick reference, a continued one joined with the line before."""
    steps: list[str] = []
    for line in text.splitlines():
        number, dot, rest = line.partition(". ")
        if dot and number.isdigit():
            steps.append(rest.strip())
        elif steps and line.strip():
            steps[-1] += f" {line.strip()}"
    return steps
