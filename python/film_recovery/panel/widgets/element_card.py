"""One element: a frame of it, what its files are, what is said of it, and the colour space that it is read in."""

from __future__ import annotations

from collections.abc import Sequence

from film_recovery.panel.contents.elements import USUAL, WORDS, Card, ColourNames
from film_recovery.panel.qt import Qt, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import icons, parts, style
from film_recovery.panel.widgets.pictures import Pictures, Wanted
from film_recovery.panel.widgets.viewer import Viewer

_TALL = 180  # pixels of the picture's height
_LARGE = 640  # pixels of the picture's longest side
_TITLES = {"source": "Source: the damaged element", "reference": "Reference: the better element"}
_READING = "The engine is reading the names of the OCIO config."


class Words(QtWidgets.QLineEdit):
    """A line of project.yaml. ``said``: what was typed, when that is done; only where it was changed. ``usual``: words
    that are offered, by the arrow or the key Down; any other may be typed."""

    said = Signal(str)

    def __init__(self, title: str, tip: str, usual: Sequence[str] = ()) -> None:
        super().__init__()
        self.tip = tip
        if usual:
            self._offer(usual)
        self.setAccessibleName(title)
        self.setPlaceholderText(tip)
        self.setCursorPosition(0)
        self.editingFinished.connect(self._done)

    def show_text(self, text: str) -> None:
        """As the file has it; what is being typed stays."""
        self._kept = text
        if not (self.hasFocus() and self.isModified()) and text != self.text():
            self.setText(text)
            self.setCursorPosition(0)

    def allow(self, hindered: str) -> None:
        """What is seen stays readable, and says why it cannot be changed."""
        self.setReadOnly(bool(hindered))
        more = ", Down shows what is usual" if self.completer() is not None else ""
        self.setToolTip(hindered or f"{self.tip}. Enter keeps it{more}")

    def show_usual(self) -> None:
        """The list of what is usual, whatever stands in the line."""
        offered = self.completer()
        if offered is not None and not self.isReadOnly():
            self.setFocus()
            offered.setCompletionPrefix("")
            offered.complete()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self.completer() is not None:
            self.show_usual()
        else:
            super().keyPressEvent(event)

    def _offer(self, usual: Sequence[str]) -> None:
        offered = QtWidgets.QCompleter(list(usual), self)
        offered.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        offered.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCompleter(offered)
        arrow = icons.icon("down", style.colours(self.palette()).quiet)
        shown = self.addAction(arrow, QtWidgets.QLineEdit.ActionPosition.TrailingPosition)
        shown.setToolTip("What is usual; anything else may be typed (Down)")
        shown.triggered.connect(lambda *_: self.show_usual())
        offered.activated.connect(self._take)

    def _take(self, text: str) -> None:
        changed = not self.isReadOnly() and text != self._kept
        self.setText(text)
        self.setModified(changed)
        self._done()

    def _done(self) -> None:
        if self.isModified() and not self.isReadOnly():
            self.setModified(False)
            self.said.emit(self.text().strip())

    _kept = ""


class Spaces(QtWidgets.QComboBox):
    """Names of the config. ``said``: the one that was chosen; turning the wheel or a key alone changes nothing."""

    said = Signal(str)

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self.tip = tip
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(24)
        self._now = ""
        self.activated.connect(lambda *_: self._chosen())

    def show_names(self, names: ColourNames | None, now: str) -> None:
        """The config's names, ``now`` the current one, which stands first where the config does not have it."""
        self._now = now
        entries = list(names.entries) if names is not None else []
        if now not in [name for name, _ in entries]:
            known = names is None or any(now.lower() == name.lower() for name, _ in entries)
            entries.insert(0, (now, now if known else f"{now}, as project.yaml has it"))
        self.clear()
        for name, shown in entries:
            self.addItem(shown, name)
        self.setCurrentIndex([name for name, _ in entries].index(now))

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        event.ignore()  # it scrolls the page

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        keys = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape)
        if event.key() in keys or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        else:
            self.showPopup()

    def _chosen(self) -> None:
        name = str(self.currentData())
        if name != self._now:
            self.said.emit(name)


class ElementCard(QtWidgets.QWidget):
    """``said``: a key of project.yaml and what is to stand there."""

    said = Signal(str, str)

    def __init__(self, name: str, pictures: Pictures) -> None:
        super().__init__()
        self._name = name
        self.viewer = Viewer(pictures)
        self.viewer.setFixedHeight(_TALL)
        self.facts = parts.label(selectable=True)
        self.file = parts.label(name="quiet", selectable=True)
        self.follows = parts.label(name="quiet")
        self.space = Spaces(
            f"Colour space of the {name.capitalize()}",
            "What the values of its files are; the same for both where the pairs are trained on",
        )
        self.stands_for = parts.label(name="quiet")
        self.words = {
            key: Words(f"{title} of the {name.capitalize()}", tip, USUAL.get(key, ()))
            for key, title, tip in WORDS
        }
        layout = parts.column(self, 4)
        layout.addWidget(parts.label(_TITLES[name], "strong"))
        for one in (self.viewer, self.facts, self.file, self.follows):
            layout.addWidget(one)
        grid = QtWidgets.QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        titles = {"colour space": self.space, **{title: self.words[key] for key, title, _ in WORDS}}
        for row, (title, field) in enumerate(titles.items()):
            said = QtWidgets.QLabel(title[:1].upper() + title[1:])
            said.setBuddy(field)
            grid.addWidget(said, row, 0)
            grid.addWidget(field, row, 1)
        layout.addLayout(grid)
        layout.addWidget(self.stands_for)
        layout.addStretch(1)
        self.space.said.connect(lambda text: self._say("colourspace", text))
        for key, field in self.words.items():
            field.said.connect(lambda text, key=key: self._say(key, text))

    def show_card(self, card: Card, names: ColourNames | None) -> None:
        """The element, and the names of the config where they are known."""
        one = card.element
        wanted = Wanted(card.file, card.frame, _LARGE, one.colourspace)
        self.viewer.show_pictures(wanted, None, (f"frame {card.frame}", ""))
        parts.say(self.facts, card.facts)
        parts.say(self.file, card.file)
        parts.say(
            self.follows,
            f"The master of {one.master_of}: file, size and colour space follow from it."
            if one.master_of
            else "",
        )
        self.follows.setVisible(bool(one.master_of))
        self.space.show_names(names, one.colourspace)
        space = "" if names is None else names.stands_for.get(self._name, "")
        listed = [] if names is None else [name for name, _ in names.entries]
        said = f"{one.colourspace} is {space} here." if space and one.colourspace not in listed else ""
        if names is not None and not space:
            said = f"The config has no {one.colourspace}: choose one of its own names."
        parts.say(self.stands_for, said)
        self.stands_for.setVisible(bool(said))
        for key, field in self.words.items():
            field.show_text(str(getattr(one, key)))

    def allow(self, hindered: str, has_names: bool, follows: bool) -> None:
        """``has_names``: whether the config is known; ``follows``: whether the element is another project's master."""
        for field in self.words.values():
            field.allow(hindered)
        why = "It follows from the project whose master this is." if follows else ""
        parts.allow(self.space, hindered or why or ("" if has_names else _READING), self.space.tip)

    def _say(self, key: str, text: str) -> None:
        self.said.emit(f"elements.{self._name}.{key}", text)
