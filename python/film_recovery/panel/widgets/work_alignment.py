"""Stage 2: the pairs with what is left of each; one in a wipe, its difference and heat-map; the switch, the Crop."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.panel import pointing, problem
from film_recovery.panel.contents import alignment
from film_recovery.panel.contents.alignment import AlignmentOf, Row
from film_recovery.panel.contents.pairs import HOLD_OUT
from film_recovery.panel.qt import QShortcut, Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.moment_list import MomentList
from film_recovery.panel.widgets.pictures import Wanted
from film_recovery.panel.widgets.viewer import Viewer
from film_recovery.panel.widgets.work import Kit, Work
from film_recovery.plugin import alignment_switch
from film_recovery.plugin.alignment_switch import DIFFERENCE, MODES, SOURCE, SWITCH

_LARGE = 1024  # pixels of a picture's longest side
_LOW, _TALL, _WIDE = (
    230,
    340,
    480,
)  # pixels: heights of the viewer, and the width from which it is the taller one
WIPE, DIFFERENT, HEAT = "wipe", "difference", "heat-map"
_RESIDUAL = "alignment.residual"
_FLAGS = (
    "parallax: ",
    "compression: ",
    "warp: ",
    "occluded: ",
)  # what is usual; where it is, is typed behind it


class _Offered(QtWidgets.QComboBox):
    """Words to begin with; the wheel scrolls the page, and leaves what is typed."""

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        event.ignore()


class AlignmentWork(Work):
    """The page of stage 2."""

    title = "Alignment"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self.align = parts.button("Align", self._align, sign="align")
        self.block = parts.button("FR_Align.nk", self._open_block)
        self.around = parts.label(name="quiet")
        self.viewer = Viewer(kit.pictures)
        self.ways = {
            WIPE: self._choice("Wipe", lambda: self.show_way(WIPE)),
            DIFFERENT: self._choice("Difference", lambda: self.show_way(DIFFERENT)),
            HEAT: self._choice("Heat-map", lambda: self.show_way(HEAT)),
        }
        self.crop = QtWidgets.QCheckBox("Crop")
        self.crop.setChecked(True)
        self.crop.toggled.connect(lambda *_: self._show())
        self.switch = {
            mode: self._choice(f"{mode} {word}", partial(self.set_mode, mode))
            for mode, word in enumerate(MODES)
        }
        self.unsaved = parts.label(name="quiet")
        self.list = MomentList()
        self.said = parts.label(name="strong")
        self.details = parts.label(name="quiet", selectable=True)
        self.flag_text = _Offered()
        typed = QtWidgets.QLineEdit()
        typed.setPlaceholderText("What was seen and stays, and where")
        self.flag_text.setLineEdit(typed)
        self.flag_text.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        # Or a word that was begun would be ended by one that nobody typed.
        self.flag_text.setCompleter(None)  # type: ignore[arg-type]
        self.flag_text.addItems(_FLAGS)
        self.flag_text.setCurrentIndex(-1)
        self.flag_text.setSizeAdjustPolicy(
            QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.flag_text.setMinimumContentsLength(12)
        self.flag_text.setMinimumWidth(1)
        self.flag_text.setAccessibleName("What is flagged on this pair")
        self.flag = parts.button("Flag", self._flag, sign="flag")
        self.unflag = parts.button("Clear flags", self._unflag)
        self.list.setToolTip("Up and down choose a pair; Page Up and Page Down do so from the picture too")
        self.way = self._shown = WIPE  # as it was chosen, and as the pair can be shown
        self._standing: tuple[str, int | None] = ("", None)
        self._hindered = ""
        self._lay_out()
        self._add_keys()
        self.list.looked.connect(lambda *_: self._show())
        self.flag_text.editTextChanged.connect(lambda *_: self._allow_flags())
        typed.returnPressed.connect(self._flag)
        self.session.measured.connect(lambda id: self._tell() if id == _RESIDUAL else None)

    def _lay_out(self) -> None:
        act = parts.beside(self.align, self.block)
        ways = parts.beside(*self.ways.values(), self.crop)
        switch = parts.beside(*self.switch.values())
        self.layout_.addLayout(act)
        self.layout_.addWidget(self.said)
        self.layout_.addLayout(ways)
        self.layout_.addWidget(self.viewer)
        self.layout_.addLayout(switch)
        self.layout_.addWidget(self.unsaved)
        self.layout_.addWidget(self.details)
        self.layout_.addWidget(self.list)
        self.layout_.addWidget(self.flag_text)
        self.layout_.addLayout(parts.beside(self.flag, self.unflag))
        self.layout_.addWidget(self.around)
        self.layout_.addStretch(1)
        self.viewer.setFixedHeight(_LOW)

    def _add_keys(self) -> None:
        ways = {"W": WIPE, "D": DIFFERENT, "H": HEAT}
        for key, way in ways.items():
            self._key(key, partial(self.show_way, way))
        for mode in self.switch:
            self._key(str(mode), partial(self.set_mode, mode))
        self._key("C", self.crop.toggle)
        self._key("PgUp", lambda: self.list.step(-1))
        self._key("PgDown", lambda: self.list.step(1))

    def _key(self, key: str, pressed: object) -> None:
        one = QShortcut(QtGui.QKeySequence(key), self)
        one.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        one.activated.connect(pressed)

    def _choice(self, text: str, pressed: object) -> QtWidgets.QToolButton:
        one = QtWidgets.QToolButton()
        one.setObjectName("stage")
        one.setText(text)
        one.setCheckable(True)
        one.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        one.clicked.connect(pressed)
        return one

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self.viewer.setFixedHeight(_TALL if self.width() >= _WIDE else _LOW)

    # The Work

    def files(self, folder: Path) -> tuple[Path, ...]:
        return alignment.files(folder)

    def read(self, folder: Path) -> AlignmentOf:
        return alignment.read(folder)

    def forget(self) -> None:
        self.flag_text.setEditText("")

    def fill(self, contents: AlignmentOf) -> None:
        parts.say(self.around, " ".join(["Around the live area:", *contents.around]))
        self.around.setVisible(bool(contents.around))
        self.list.show_rows(contents)
        self._show()

    def allow(self, hindered: str) -> None:
        self._hindered = hindered
        found, row = self.contents, self._row()
        has_pairs = isinstance(found, AlignmentOf) and bool(found.rows)
        parts.allow(
            self.align,
            hindered or ("" if has_pairs else "No pairs are chosen yet. Choose them in stage 1."),
            "Solves every pair and hold-out, measures what is left, and writes the solutions into project.yaml",
        )
        has_block = isinstance(found, AlignmentOf) and found.block is not None
        parts.allow(
            self.block,
            "" if has_block else "Align writes it: an FR_Align keyed on the frames of the Source.",
            "Opens the folder of FR_Align.nk, the solutions as nodes to drop into any script",
        )
        tips = {
            WIPE: "Source left, aligned Reference right of the line; left and right keys move it (W)",
            DIFFERENT: "What differs between the two: edges should be near black (D)",
            HEAT: "How far each part of the picture is off, as align drew it (H)",
        }
        for way, one in self.ways.items():
            parts.allow(one, self._no_way(way, row), tips[way])
            one.setChecked(way == self._shown)
        parts.allow(
            self.crop,
            "" if row is not None and row.crop is not None else self._no_crop(row),
            "Darkens what the one Crop takes away: it must hide nothing that alignment is judged by (C)",
        )
        self._allow_switch(row)
        self._allow_flags()

    # Flags

    def _allow_flags(self) -> None:
        row, text = self._row(), self.flag_text.currentText().strip()
        away = self._hindered or ("" if row is not None else "Choose a pair in the list.")
        lacks = "" if text.rstrip(":") else "Say what was seen."
        if row is not None and text in row.pair.flags:
            lacks = "The pair carries that flag already."
        tip = "What stays with this pair: training, validation and the final note say it again"
        parts.allow(self.flag_text, away, tip)
        parts.allow(self.flag, away or lacks, f"{tip} (Return)")
        no_flags = "" if row is not None and row.pair.flags else "It carries no flag."
        parts.allow(self.unflag, away or no_flags, "Takes all flags of this pair away")

    def _flag(self) -> None:
        row = self._row()
        if row is not None and self.flag.isEnabled():
            text = self.flag_text.currentText().strip()
            self.flag_text.setEditText("")
            self.session.change_pairs("flag", str(row.pair.source), self.kit.signer(), more=[text])

    def _unflag(self) -> None:
        row = self._row()
        if row is not None and self.unflag.isEnabled():
            self.session.change_pairs("flag", str(row.pair.source), self.kit.signer(), "--clear")

    # Shown

    def show_way(self, way: str) -> None:
        """``wipe``, ``difference`` or ``heat-map``; where the pair has it."""
        if not self._no_way(way, self._row()):
            self.way = way
            if way == WIPE:
                self.viewer.set_mode("wipe")
        self._show()

    def _row(self) -> Row | None:
        found = self.contents
        return found.row_of(self.list.current) if isinstance(found, AlignmentOf) else None

    def _no_way(self, way: str, row: Row | None) -> str:
        """Why the pair cannot be shown so; empty where it can."""
        if row is None:
            return "Choose a pair in the list below."
        if way == HEAT:
            return (
                "" if row.measured and row.measured.heatmap else "Align draws it when it measures the pair."
            )
        if way == DIFFERENT:
            return self._no_node(row)
        return ""

    def _no_node(self, row: Row) -> str:
        """Why the script cannot show the pair; empty where it can."""
        if self.contents.no_script:
            return str(self.contents.no_script)
        if row.kind == HOLD_OUT:
            return "A hold-out stands in no stack of the script; it is aligned when it is scored."
        return (
            ""
            if row.number
            else "The script does not have this pair yet. A run builds it anew, or Build in NukeX."
        )

    def _no_crop(self, row: Row | None) -> str:
        if row is None:
            return "Choose a pair in the list below."
        if row.number:
            return "The script’s Crop is off, or computed by an expression."
        return "No live area is known yet. Align finds it."

    def _show(self) -> None:
        """The pair that is current, the way that was chosen, where it can be."""
        found, row = self.contents, self._row()
        if not isinstance(found, AlignmentOf):
            return
        way = self._shown = WIPE if self._no_way(self.way, row) else self.way
        if row is None:
            self.viewer.show_pictures(None, None, said=found.no_script or "Choose a pair in the list.")
        elif way == HEAT and row.measured is not None:
            picture = Wanted(str(row.measured.heatmap), stamp=(row.measured.stamp,))
            self.viewer.show_pictures(picture, None, ("heat-map", ""))
        elif way == DIFFERENT:
            self.viewer.show_pictures(self._of_node(DIFFERENCE, row), None, ("difference", ""))
        elif not self._no_node(row):
            mode = "aligned Reference" if row.mode is None else f"Reference, {MODES[row.mode]}"
            self.viewer.show_pictures(
                self._of_node(SOURCE, row),
                self._of_node(SWITCH, row),
                (f"Source {row.pair.source}", f"{mode} {row.pair.reference}"),
            )
        else:
            self.viewer.show_pictures(
                self._scanned("source", row),
                self._scanned("reference", row),
                (f"Source {row.pair.source}", f"Reference {row.pair.reference}, not aligned"),
            )
        self.viewer.show_box(self._box(row) if way != HEAT and self.crop.isChecked() else None)
        self._tell()
        self._look_at_switch()

    def enterEvent(self, event: QtCore.QEvent) -> None:
        """Whoever comes back from the node graph may have changed something there."""
        super().enterEvent(event)  # type: ignore[arg-type]
        self._look_at_switch()

    def _look_at_switch(self) -> None:
        self._standing = self._switch_of(self._row())
        self.allow(self._hindered)

    def _of_node(self, name: str, row: Row) -> Wanted:
        return Wanted(
            node=self.contents.graph.nodes[name], frame=row.number, size=_LARGE, stamp=self.contents.stamp
        )

    def _scanned(self, name: str, row: Row) -> Wanted:
        project = self.contents.project
        frame = row.pair.source if name == "source" else row.pair.reference
        return Wanted(project.file_of(name), frame, _LARGE, project.elements[name].colourspace)

    def _box(self, row: Row | None) -> tuple[float, float, float, float] | None:
        if row is None or row.crop is None:
            return None
        wide, tall = self.contents.project.source.width, self.contents.project.source.height
        left, bottom, right, top = row.crop
        return left / wide, bottom / tall, right / wide, top / tall

    def _tell(self) -> None:
        row = self._row()
        if row is None:
            parts.say(self.said, self.contents.no_script if isinstance(self.contents, AlignmentOf) else "")
            parts.say(self.details, "")
            return
        name = f"Hold-out {row.index}" if row.kind == HOLD_OUT else f"Pair {row.index}"
        words = [name, f"Source {row.pair.source}", f"Reference {row.pair.reference}"]
        measured = row.measured
        if measured is None:
            words.append("not measured yet")
        else:
            words.append(
                measured.verdict
                if measured.pixels is None
                else f"{measured.pixels:.2f} px, {measured.verdict}"
            )
        parts.say(self.said, " · ".join(words))
        lines = [] if measured is None else [measured.reason]
        if measured is not None and not measured.applied and measured.verdict != "fail":
            lines.append(
                "Measured, and not in project.yaml: the pair has another solution, or none. Align writes it."
            )
        if measured is not None and measured.verdict == "fail":
            lines.append(
                "The solution that was measured is not taken: the pair keeps the alignment that it had."
            )
        if row.waits:
            lines.append(
                "The script does not have this solution yet: a run builds it anew, or Build in NukeX."
            )
        lines += [f"⚑ {flag}" for flag in row.pair.flags]
        in_script = self._in_script(row)
        lines += [in_script] if in_script else []
        lines += [self._no_node(row)] if self._no_node(row) else []
        parts.say(self.details, "\n".join(lines))
        self.details.setVisible(bool(lines))

    def _in_script(self, row: Row) -> str:
        """What the check measured of the pair as the script aligns it."""
        checklist = self.session.checklist
        if checklist is None:
            return ""
        value = checklist.item(_RESIDUAL).value
        name = f"hold-out {row.pair.source}" if row.kind == HOLD_OUT else str(row.number)
        off = value.get(name) if isinstance(value, dict) else None
        return f"As the script aligns it now: off by {off:.2f} px." if isinstance(off, float) else ""

    # The switch

    def _allow_switch(self, row: Row | None) -> None:
        why, mode = self._standing
        why = why or self._hindered
        tips = (
            "F_Align’s own solve, where the script has one (0)",
            "The Transform that is keyed by hand, where edges remain (1)",
            "The corner pin that Align solved (2)",
        )
        for number, one in self.switch.items():
            one.setChecked(number == mode)
            parts.allow(one, why, tips[number])
        saved = row.mode if row is not None else None
        parts.say(
            self.unsaved,
            "Save the script: what is seen here is the script as it was saved."
            if not why and mode is not None and mode != saved
            else "",
        )
        self.unsaved.setVisible(bool(self.unsaved.text()))

    def _switch_of(self, row: Row | None) -> tuple[str, int | None]:
        """Why it cannot be set, and how it stands: in the script that is open, else as that was saved."""
        if row is None or self._no_node(row):
            return (self._no_node(row) if row is not None else "Choose a pair in the list below."), None
        host, project = self.kit.host, self.session.project
        if host is None or project is None:
            return "The switch is set in NukeX: open the panel there, in the project’s script.", row.mode
        away = pointing.hindrance(host, project.folder, {})
        if away:
            return away, row.mode
        found = alignment_switch.graph_of(host)
        number = found.number_of(*row.moment)
        if not number:
            return "The script that is open does not have this pair. Build updates it.", row.mode
        return "", alignment_switch.mode_of(host, found, number)

    def set_mode(self, mode: int, *_: object) -> None:
        """Switches the pair that is current, in the script that is open."""
        row, host = self._row(), self.kit.host
        if row is not None and host is not None and not (self._hindered or self._switch_of(row)[0]):
            try:
                found = alignment_switch.graph_of(host)
                said = alignment_switch.set_mode(host, found, found.number_of(*row.moment), mode)
                self.session.said.emit(said)
            except FilmRecoveryError as error:
                self.session.troubled.emit(problem.of_error(error))
        self._look_at_switch()

    # Work

    def _align(self) -> None:
        self.session.start_job(["align", "--apply"], self.kit.signer())

    def _open_block(self) -> None:
        if isinstance(self.contents, AlignmentOf) and self.contents.block is not None:
            folder = str(self.contents.block.parent)
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(folder))
