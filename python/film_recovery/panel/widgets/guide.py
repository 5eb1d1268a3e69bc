"""What leads an operator through the panel: the help drawer, and the tour on a film of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from film_recovery.panel.qt import QtCore, QtWidgets
from film_recovery.recipes import RECIPES, Recipe, load

if TYPE_CHECKING:
    from film_recovery.panel.widgets.help import Help
    from film_recovery.panel.widgets.panel import Panel
    from film_recovery.panel.widgets.tour import Stop, Tour

FOLDER = "Film Recovery demo"  # in the user's documents
_WIDEST = 16_777_215  # pixels, as Qt has it
_LEAST = 280


def _all_recipes() -> list[Recipe]:
    return [load(id) for id in RECIPES]


class Guide(QtCore.QObject):
    """Of one panel. ``tour``: the one that is on, or None. The drawer is made when it is first wanted."""

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.tour: Tour | None = None
        self._help: Help | None = None
        self._waits_for: Path | None = None
        panel.start.toured.connect(self._prepare)

    @property
    def help(self) -> Help:
        """The drawer."""
        if self._help is None:
            from film_recovery.panel.widgets.help import Help

            self._help = Help()
            self._help.hide()
            self._panel.text_size.put(self._help)
            self._help.closed.connect(self.toggle)
            self._help.toured.connect(self.show_tour)
            self._panel.add_beside(self._help)
        return self._help

    @property
    def is_open(self) -> bool:
        """Whether the drawer is seen."""
        return self._help is not None and self._help.isVisible()

    def toggle(self) -> None:
        """Opens the help, or closes it."""
        self.show_help(not self.is_open)
        self._panel.settings.help_open = self.is_open

    def show_help(self, is_wanted: bool) -> None:
        """The drawer, beside the page, or in its place where the panel is narrow."""
        panel = self._panel
        if is_wanted or self.is_open:
            self.help.setVisible(is_wanted and panel.session.project is not None)
        self.refresh()
        if self.is_open:
            panel.session.background.run(
                _all_recipes, self.help.add_recipes, lambda error: panel.log.add(f"help: {error}")
            )
        self.arrange(panel.is_row)
        (self.help.text if self.is_open else panel.page).setFocus()

    def refresh(self) -> None:
        """The help of the stage that is shown, where the drawer is open."""
        panel = self._panel
        if self.is_open and panel.session.checklist is not None:
            self.help.show_recipe(panel.session.checklist.recipe, panel.page.stage)

    def arrange(self, is_row: bool) -> None:
        """``is_row``: the panel is narrow."""
        panel = self._panel
        panel.page.setVisible(not (is_row and self.is_open))
        if self._help is not None:
            self._help.setMaximumWidth(_WIDEST if is_row else max(_LEAST, panel.width() // 4))

    def opened(self) -> None:
        """A project is shown: the one that the tour waited for, or another."""
        project = self._panel.session.project
        if project is not None:
            is_it, self._waits_for = project.folder == self._waits_for, None
            if is_it:
                self.show_tour()

    def show_tour(self) -> None:
        """Five steps over the panel, as it is open."""
        from film_recovery.panel.widgets.tour import Tour

        panel = self._panel
        if panel.session.project is None or self.tour is not None:
            return
        self.show_help(False)
        panel.to_stage(1)
        panel.page.show_work(True)
        self.tour = Tour(panel, self._stops())
        panel.text_size.put(self.tour)
        self.tour.ended.connect(self._ended)

    @property
    def prepares(self) -> bool:
        """Whether a film for the tour is being looked for, made, or opened."""
        return self._waits_for is not None

    def texts(self) -> Iterator[QtWidgets.QWidget]:
        """The parts that have text, as far as they were made."""
        yield from (one for one in (self._help, self.tour) if one is not None)

    # Inside

    def _stops(self) -> tuple[Stop, ...]:
        from film_recovery.panel.widgets.tour import Stop

        panel = self._panel
        page = panel.page
        checks = page.checks if page.checks.isVisible() else page.to_checks
        return (
            Stop(
                panel.rail,
                "Six stages",
                "From the elements to the delivered master, in this order. The mark says how each stands: open, "
                "passed, warned, failed, signed.",
            ),
            Stop(
                page.work or page,
                "The work of a stage",
                "Here the film strip: P makes the frame a pair, H keeps it apart, Delete takes it out. Every choice "
                "keeps its reason.",
            ),
            Stop(
                checks,
                "The checks of a stage",
                "Each is measured against a tolerance, or signed by you. An open one says why, what to do, and shows "
                "the place.",
            ),
            Stop(
                panel.primary,
                "The next step",
                "One button is always what comes next: sign, fix, look, run. Ctrl+Return presses it.",
            ),
            Stop(
                panel.header.help,
                "Help",
                "The quick reference of this recipe and all keys, beside your work. Runs go on when this panel or "
                "Nuke is closed.",
            ),
        )

    def _ended(self) -> None:
        self.tour = None
        self._panel.page.setFocus()

    def _prepare(self) -> None:
        """A film to look at: the one that an earlier tour made, or a new one."""
        places = QtCore.QStandardPaths
        out = Path(places.writableLocation(places.StandardLocation.DocumentsLocation)) / FOLDER
        session = self._panel.session
        self._waits_for = (out / "spatial").absolute()
        self._panel.start.show_making("Looking for the film…")

        def looked(is_there: bool) -> None:
            if is_there:
                session.open(str(out / "spatial"))
            else:
                session.make(["demo", "--prepare", "spatial", "--footage", "photographs", "--out", str(out)])

        session.background.run(lambda: _is_project(out / "spatial"), looked, lambda _: looked(False))


def _is_project(folder: Path) -> bool:
    from film_recovery.project import FILE

    return (folder / FILE).is_file()
