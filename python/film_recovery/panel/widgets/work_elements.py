"""Stage 0: both elements with what is said of them, changed in place, and the colour management of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery.panel.contents import elements
from film_recovery.panel.contents.elements import CONFIG, NAMES, WORKING_SPACE, ColourNames, Elements
from film_recovery.panel.qt import QtGui, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.element_card import ElementCard, Spaces, Words
from film_recovery.panel.widgets.work import Kit, Work

_BESIDE = 560  # pixels of width from which the elements stand side by side


class ElementsWork(Work):
    """The page of stage 0."""

    title = "Elements"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self.names: ColourNames | None = None
        self._asked: tuple[Path, str] | None = None
        self.cards = {name: ElementCard(name, kit.pictures) for name in NAMES}
        self.config = Words("OCIO config", "Its file, or its name; empty: what $OCIO says, else ACES 1.3")
        self.working = Spaces("Working space", "What the graph computes in: ACEScg, by its role scene_linear")
        self.read_as = parts.label(name="quiet")
        self._both = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.TopToBottom)
        self._both.setSpacing(14)
        for card in self.cards.values():
            self._both.addWidget(card, 1)
            card.said.connect(self._say)
        self.layout_.addLayout(self._both)
        self.layout_.addWidget(parts.label("Colour management", "strong"))
        grid = QtWidgets.QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (title, field) in enumerate((("OCIO config", self.config), ("Working space", self.working))):
            said = QtWidgets.QLabel(title)
            said.setBuddy(field)
            grid.addWidget(said, row, 0)
            grid.addWidget(field, row, 1)
        self.layout_.addLayout(grid)
        self.layout_.addWidget(self.read_as)
        self.layout_.addStretch(1)
        self.config.said.connect(lambda text: self._say(CONFIG, text))
        self.working.said.connect(lambda text: self._say(WORKING_SPACE, text))
        self.session.troubled.connect(self._troubled)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        directions = QtWidgets.QBoxLayout.Direction
        wide = self.width() >= _BESIDE
        self._both.setDirection(directions.LeftToRight if wide else directions.TopToBottom)

    # The Work

    def files(self, folder: Path) -> tuple[Path, ...]:
        return elements.files(folder)

    def read(self, folder: Path) -> Elements:
        return elements.read(folder)

    def forget(self) -> None:
        for field in (self.config, *(one for card in self.cards.values() for one in card.words.values())):
            field.setModified(False)

    def fill(self, contents: Elements) -> None:
        colour = contents.project.colour
        asked = (
            contents.project.folder,
            repr((colour, [card.element.colourspace for card in contents.cards])),
        )
        if self._asked is None or self._asked[0] != asked[0]:
            self.names = None
        for card in contents.cards:
            self.cards[card.name].show_card(card, self.names)
        self.config.show_text(colour.config)
        self.working.show_names(self.names, colour.working_space)
        if asked != self._asked:
            self._asked = asked
            self._ask_names(asked)

    def allow(self, hindered: str) -> None:
        # Measuring hinders nobody who types: a change ends it, and it begins anew.
        occupied = self.session.occupied
        has_names = self.names is not None
        found = self.contents
        for card in found.cards if isinstance(found, Elements) else ():
            self.cards[card.name].allow(occupied, has_names, bool(card.element.master_of))
        self.config.allow(occupied)
        reading = "" if has_names else "The engine is reading the names of the OCIO config."
        parts.allow(self.working, occupied or reading, self.working.tip)

    # Inside

    def _ask_names(self, asked: tuple[Path, str]) -> None:
        parts.say(self.read_as, "Reading the config…")

        def heard(event: Mapping[str, Any]) -> None:
            if asked != self._asked:
                return
            if event.get("event") == "result":
                self.names = elements.names_of(event)
                parts.say(self.read_as, f"Read as {self.names.config}.")
                if isinstance(self.contents, Elements):
                    self.fill(self.contents)
            elif event.get("event") == "error":
                self.names = None
                remedy = str(event.get("remedy") or "")
                parts.say(self.read_as, f"{event.get('message')} {remedy[:1].upper() + remedy[1:]}.")
            self.allow("")

        def ended(code: int) -> None:
            if code and self.names is None and asked == self._asked:
                self._asked = None  # the engine that was asked is gone: at the next look another one is
                parts.say(self.read_as, "The engine ended before it had read the config. Check asks again.")

        self.pictures.ask(["config", "colourspaces"], heard, ended)

    def _say(self, key: str, text: str) -> None:
        self.session.change_project({key: json.dumps(text, ensure_ascii=False)}, self.kit.signer())

    def _troubled(self, what: object) -> None:
        """What was typed and not taken stays to be corrected; a list shows what the file has."""
        found = self.contents
        if what is None or not isinstance(found, Elements):
            return
        said = {self.config: found.project.colour.config}
        for card in found.cards:
            mine = self.cards[card.name]
            said.update({field: getattr(card.element, key) for key, field in mine.words.items()})
            mine.space.show_names(self.names, card.element.colourspace)
        self.working.show_names(self.names, found.project.colour.working_space)
        for field, text in said.items():
            field.setModified(field.text() != text)
