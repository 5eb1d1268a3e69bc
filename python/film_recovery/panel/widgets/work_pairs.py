"""Stage 1: the film strip, the pairs chosen from it and why, and what of the film no pair shows."""

from __future__ import annotations

from pathlib import Path

from film_recovery.panel.contents import pairs
from film_recovery.panel.contents.pairs import HOLD_OUT, PAIR, Curation
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.coverage import Coverage
from film_recovery.panel.widgets.pair_list import PairList
from film_recovery.panel.widgets.pictures import Wanted
from film_recovery.panel.widgets.strip import Film, Strip
from film_recovery.panel.widgets.work import Kit, Work

_STRIP = 144  # pixels of height
_SMALL = 200  # pixels: size of the strip's pictures
_KEYS = {
    Qt.Key.Key_P: PAIR,
    Qt.Key.Key_H: HOLD_OUT,
}


class PairsWork(Work):
    """The page of stage 1."""

    title = "Pairs"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self.strip = Strip(kit.pictures)
        self.strip.setFixedHeight(_STRIP)
        self.side = QtWidgets.QComboBox()
        self.side.addItems(["Source", "Reference"])
        self.side.setToolTip("Which element the strip shows; frames are the Source's, their moments the same")
        self.said = parts.label(name="strong")
        self.why_not = parts.label(name="quiet")
        self.verdict = parts.label(name="quiet")
        self.reason = QtWidgets.QLineEdit()
        self.reason.setPlaceholderText("Why this frame (goes into the table of pairs)")
        self.reason.setAccessibleName("Reason of the next pair")
        self.pair = parts.button("Pair", lambda: self._choose(self.strip.current, PAIR), sign="add")
        self.hold = parts.button("Hold-out", lambda: self._choose(self.strip.current, HOLD_OUT), sign="hold")
        self.remove = parts.button("Remove", lambda: self._remove(self.strip.current), sign="remove")
        self.list = PairList()
        self.coverage = Coverage()
        self.curate = parts.button("Choose pairs", lambda: self._job("curate", "--apply"), sign="find")
        self.more = parts.button("More pairs", lambda: self._job("curate", "--apply", "--more"))
        self.sheet = parts.button("Contact sheet", self._open_sheet, sign="sheet")
        self._lay_out()
        self.side.currentIndexChanged.connect(lambda *_: self._show_film())
        self.strip.moved.connect(self._moved)
        self.strip.pressed.connect(self._pressed)
        self.list.looked.connect(self.strip.go_to)
        self.list.dropped.connect(self._choose)
        self.list.removed.connect(self._remove)
        self.coverage.chosen.connect(self.strip.go_to)
        self._hindered = ""

    def _lay_out(self) -> None:
        top = parts.line()
        top.addWidget(self.said, 1)
        top.addWidget(self.side)
        act = parts.beside(self.pair, self.hold, self.remove)
        work = parts.beside(self.curate, self.more, self.sheet)
        self.layout_.addLayout(work)
        self.layout_.addWidget(self.verdict)
        self.layout_.addWidget(self.strip)
        self.layout_.addLayout(top)
        self.layout_.addWidget(self.why_not)
        self.layout_.addWidget(self.reason)
        self.layout_.addLayout(act)
        self.layout_.addWidget(self.list)
        self.layout_.addWidget(self.coverage)
        self.layout_.addStretch(1)

    # The Work

    def files(self, folder: Path) -> tuple[Path, ...]:
        return pairs.files(folder)

    def read(self, folder: Path) -> Curation:
        return pairs.read(folder)

    def forget(self) -> None:
        self.reason.clear()

    def fill(self, contents: Curation) -> None:
        parts.say(self.verdict, contents.verdict)
        self.verdict.setVisible(bool(contents.verdict))
        self.sheet.setVisible(contents.sheet is not None)
        self._show_film()
        self.list.show_curation(contents)
        self.coverage.show_curation(contents)
        self._moved(self.strip.current)

    def allow(self, hindered: str) -> None:
        self._hindered = hindered
        kind = self._kind(self.strip.current)
        parts.allow(
            self.pair,
            hindered or ("It is a pair already." if kind == PAIR else ""),
            "Trains on this frame and the Reference’s of the same moment (P)",
        )
        parts.allow(
            self.hold,
            hindered or ("It is a hold-out already." if kind == HOLD_OUT else ""),
            "Keeps this frame apart: it never enters training, and shows how well it generalises (H)",
        )
        parts.allow(
            self.remove, hindered or ("" if kind else "It is no pair."), "Takes the pair out (Delete)"
        )
        parts.allow(
            self.curate,
            hindered,
            "Looks at the whole range: offset, shots, faults, what it shows; keeps your pairs and adds what is missing",
        )
        parts.allow(self.more, hindered, "The next step of 4, 7, 11 pairs, when training stalls")
        self.sheet.setToolTip("All pairs side by side, as a picture")

    # Inside

    def _kind(self, frame: int) -> str:
        return self.contents.kind_of(frame) if isinstance(self.contents, Curation) else ""

    def _show_film(self) -> None:
        found = self.contents
        if not isinstance(found, Curation):
            return
        name = "reference" if self.side.currentIndex() else "source"
        element, file = found.project.elements[name], found.project.file_of(name)
        # A constructed Reference has only some frames, and another offset here and there: a moment is the Source's.
        moment = found.reference_of if name == "reference" else int

        def wanted(frame: int) -> Wanted:
            return Wanted(file, moment(frame), _SMALL, element.colourspace)

        marks = {
            one.pair.source: (
                "info" if one.kind == HOLD_OUT else "running",
                f"hold-out {one.index}" if one.kind == HOLD_OUT else f"pair {one.index}",
            )
            for one in found.chosen
        }
        source = found.project.source
        self.strip.show_film(Film(source.first, source.last, wanted, marks, found.excluded, found.shots))

    def _moved(self, frame: int) -> None:
        found = self.contents
        if not isinstance(found, Curation):
            return
        shot = next((n for n, (first, last) in enumerate(found.shots, 1) if first <= frame <= last), 0)
        words = [f"Frame {frame}", f"Reference {found.reference_of(frame)}"]
        words += [f"shot {shot}"] if shot else []
        words += [found.kind_of(frame)] if found.kind_of(frame) else []
        parts.say(self.said, " · ".join(words))
        parts.say(self.why_not, found.excluded.get(frame, ""))
        self.why_not.setVisible(frame in found.excluded)
        self.list.show_frame(frame)
        self.allow(self._hindered)

    def _pressed(self, key: int) -> None:
        kind = _KEYS.get(Qt.Key(key))
        if kind is not None:
            self._choose(self.strip.current, kind)
        elif key in (int(Qt.Key.Key_Delete), int(Qt.Key.Key_Backspace)):
            self._remove(self.strip.current)

    def _choose(self, frame: int, kind: str) -> None:
        if self._hindered or self._kind(frame) == kind:
            return
        text = self.reason.text().strip()
        why = ["--reason", text] if text else []
        self.reason.clear()
        self.session.change_pairs("add" if kind == PAIR else "holdout", str(frame), self.kit.signer(), *why)

    def _remove(self, frame: int) -> None:
        if not self._hindered and self._kind(frame):
            self.session.change_pairs("remove", str(frame), self.kit.signer())

    def _job(self, *command: str) -> None:
        self.session.start_job(command, self.kit.signer())

    def _open_sheet(self) -> None:
        if isinstance(self.contents, Curation) and self.contents.sheet is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(self.contents.sheet)))
