"""How the network is to be trained: the recipe's preset, and what an operator changes of it, before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from film_recovery.panel import words
from film_recovery.panel.contents import training
from film_recovery.panel.contents.training import COPYCAT, Teaching
from film_recovery.panel.qt import Qt, QtCore, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.tick import Tick
from film_recovery.project import ENGINES, SIZES, Training

_MOST = 2_147_483_647  # steps: the largest number that a spin box holds
_ENGINES = {"open": "Open engine", COPYCAT: "CopyCat, in NukeX"}
_OF_PRESET = ("size", "patch", "batch", "steps", "checkpoints")


class TrainingForm(QtWidgets.QWidget):
    """``saved``: values of project.yaml by dotted key, as YAML text. ``changed``: what is typed, or what is saved."""

    saved = Signal(dict)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._contents: Teaching | None = None
        self._filling = False
        self._hindered = ""
        self.engine, self.model_size, self.patch = (QtWidgets.QComboBox() for _ in range(3))
        self.batch, self.steps, self.epochs, self.checkpoints = (QtWidgets.QSpinBox() for _ in range(4))
        self.hours = QtWidgets.QDoubleSpinBox()
        self.for_memory = Tick("Other batch: too little VRAM")
        self.follows = parts.label(name="quiet")
        self.usual = parts.label(name="quiet")
        self.kept = parts.label(name="quiet")
        self.save = parts.button("Save settings", self._save)
        self.revert = parts.button("Revert", self.revert_all)
        self.preset = parts.button("Preset", self._take_preset)
        self._set_up()
        self._lay_out()

    def _set_up(self) -> None:
        for engine in ENGINES:
            self.engine.addItem(_ENGINES[engine], engine)
        for size in SIZES:
            self.model_size.addItem(size, size)
        for combo in (self.engine, self.model_size, self.patch):
            combo.setSizeAdjustPolicy(
                QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(7)
        self.steps.setRange(0, _MOST)
        self.steps.setSingleStep(1000)
        self.epochs.setRange(0, _MOST)
        self.epochs.setSingleStep(1000)
        self.batch.setRange(1, 64)
        self.hours.setRange(0.0, 10_000.0)
        self.hours.setDecimals(2)
        self.hours.setSuffix(" h")
        self.checkpoints.setRange(1, _MOST)
        self.checkpoints.setSingleStep(1000)
        for spin in (self.steps, self.epochs, self.checkpoints):
            spin.setGroupSeparatorShown(True)
        for one, name in self._named():
            one.setAccessibleName(name)
            one.installEventFilter(self)
        self.engine.currentIndexChanged.connect(lambda *_: self._edited())
        self.model_size.currentIndexChanged.connect(lambda *_: self._edited())
        self.patch.currentIndexChanged.connect(lambda *_: self._other_patch())
        self.batch.valueChanged.connect(lambda *_: self._edited())
        self.steps.valueChanged.connect(lambda *_: self._edited())
        self.checkpoints.valueChanged.connect(lambda *_: self._edited())
        self.epochs.valueChanged.connect(self._other_epochs)
        self.hours.valueChanged.connect(self._other_hours)
        self.for_memory.toggled.connect(self._for_memory)

    def _named(self) -> tuple[tuple[QtWidgets.QWidget, str], ...]:
        return (
            (self.engine, "Engine"),
            (self.model_size, "Model size"),
            (self.patch, "Patch"),
            (self.batch, "Batch"),
            (self.steps, "Steps"),
            (self.epochs, "Epochs"),
            (self.hours, "Time"),
            (self.checkpoints, "Checkpoint every"),
        )

    def _lay_out(self) -> None:
        grid = QtWidgets.QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for number, (one, name) in enumerate(self._named()):
            row, column = divmod(number, 2)
            said = QtWidgets.QLabel(name)
            said.setBuddy(one)
            cell = parts.column(gap=1)
            cell.addWidget(said)
            cell.addWidget(one)
            grid.addLayout(cell, row, column)
            one.setMinimumWidth(1)
        grid.addWidget(self.for_memory, 4, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        layout = parts.column(self)
        layout.addLayout(grid)
        for label in (self.follows, self.usual, self.kept):
            layout.addWidget(label)
        layout.addLayout(parts.beside(self.save, self.revert, self.preset))

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """The wheel scrolls the page, and changes a value only where the operator has gone to."""
        if (
            event.type() == QtCore.QEvent.Type.Wheel
            and isinstance(watched, QtWidgets.QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    # For whoever shows it

    @property
    def typed(self) -> Training:
        """The settings as they stand in the form; the project's where it has none of them."""
        assert self._contents is not None
        return replace(
            self._contents.project.training,
            engine=str(self.engine.currentData()),
            size=str(self.model_size.currentData()),
            patch=int(self.patch.currentData() or 1),
            batch=self.batch.value(),
            steps=self.steps.value(),
            checkpoints=self.checkpoints.value(),
        )

    @property
    def is_changed(self) -> bool:
        """Whether something is typed that is not saved."""
        return self._contents is not None and self.typed != self._contents.project.training

    def show_teaching(self, contents: Teaching) -> None:
        """The project's settings; what is typed and not saved stays."""
        before, kept = self._contents, self.is_changed
        self._contents = contents
        if before is None or before.project.folder != contents.project.folder:
            kept = False
        if not kept:
            self._fill(contents.project.training)
        self._refresh()

    def revert_all(self) -> None:
        """As the project has it."""
        if self._contents is not None:
            self._fill(self._contents.project.training)
            self._refresh()

    def allow(self, hindered: str) -> None:
        """``hindered``: why nothing may be saved now; empty when it may."""
        self._hindered = hindered
        unchanged = "" if self.is_changed else "Nothing is changed."
        parts.allow(
            self.save, hindered or unchanged, "Writes the settings into project.yaml, and notes the change"
        )
        parts.allow(self.revert, unchanged, "As project.yaml has it")
        preset = "" if self._contents and not self._is_preset() else "It is the recipe’s preset already."
        parts.allow(self.preset, preset, "What the recipe proposes; nothing is written before you save it")

    # Inside

    def _fill(self, asked: Training) -> None:
        assert self._contents is not None
        presets = self._contents.presets
        self._filling = True
        self.engine.setCurrentIndex(self.engine.findData(asked.engine))
        self.model_size.setCurrentIndex(self.model_size.findData(asked.size))
        self.patch.clear()
        own = (int(presets["patch"]), int(presets["small_patch"]), asked.patch)
        for patch in sorted(set(own), reverse=True):
            self.patch.addItem(f"{patch} pixels", patch)
        self.patch.setCurrentIndex(self.patch.findData(asked.patch))
        self.for_memory.setChecked(asked.batch != int(presets["batch"]))
        self.batch.setValue(asked.batch)
        self.steps.setValue(asked.steps)
        self.checkpoints.setValue(asked.checkpoints)
        self._patch = asked.patch
        self._filling = False

    def _edited(self) -> None:
        if not self._filling and self._contents is not None:
            self._refresh()

    def _other_patch(self) -> None:
        """The steps follow the patch, as the recipe says: a small one sees fewer pixels a step."""
        if self._filling or self._contents is None:
            return
        now = self.typed
        steps = training.with_patch(replace(now, patch=self._patch), now.patch, self._contents.presets)
        self._patch = now.patch
        self.steps.setValue(steps)
        self._refresh()

    def _other_epochs(self, number: int) -> None:
        if not self._filling and self._contents is not None and self._contents.pairs:
            self.steps.setValue(training.steps_of(number, self.batch.value(), self._contents.pairs))
            self._refresh()

    def _other_hours(self, hours: float) -> None:
        if self._filling or self._contents is None:
            return
        a_step = self._contents.a_step(self.typed)
        if a_step:
            self.steps.setValue(round(hours * 3600 / a_step))
            self._refresh()

    def _for_memory(self, is_other: bool) -> None:
        if not self._filling and self._contents is not None:
            if not is_other:
                self.batch.setValue(int(self._contents.presets["batch"]))
            self._refresh()

    def _take_preset(self) -> None:
        if self._contents is not None:
            presets = {name: self._contents.presets[name] for name in _OF_PRESET}
            self._fill(replace(self.typed, **presets))
            self._refresh()

    def _is_preset(self) -> bool:
        assert self._contents is not None
        return all(getattr(self.typed, name) == self._contents.presets[name] for name in _OF_PRESET)

    def _refresh(self) -> None:
        """What follows from the form, as it is now."""
        found = self._contents
        if found is None:
            return
        asked, presets = self.typed, found.presets
        a_step = found.a_step(asked)
        self._filling = True
        if not self.epochs.hasFocus():
            self.epochs.setValue(training.epochs_of(asked, found.pairs))
        if not self.hours.hasFocus():
            self.hours.setValue(asked.steps * a_step / 3600)
        self.hours.setSpecialValueText("" if a_step else "not known yet")
        self._filling = False
        parts.allow(
            self.epochs,
            "" if found.pairs else "There are no pairs yet (stage 1).",
            f"As CopyCat counts: steps × batch {asked.batch} ÷ {found.pairs} pairs",
        )
        parts.allow(
            self.hours,
            "" if a_step else "Not known yet: this project has no training at this size, patch and batch.",
            f"{a_step:.3g} s a step, as this project’s own training measured it on its computer",
        )
        parts.allow(
            self.batch,
            "" if self.for_memory.isChecked() else "Fixed by the recipe, so that trainings can be compared.",
            "Pairs a step, as many as the VRAM holds",
        )
        self._say(asked, presets, a_step)
        self._explain()
        self.allow(self._hindered)
        self.changed.emit()

    def _say(self, asked: Training, presets: Mapping[str, Any], a_step: float) -> None:
        times = training.factor(presets, asked.patch)
        least, most = (round(float(presets[name]) * times) for name in ("steps", "steps_most"))
        small = (
            f"A patch of {presets['small_patch']} pixels or less sees fewer pixels a step: steps × {times:g}. "
            "Only for a small live area, or too little VRAM."
        )
        parts.say(self.follows, small)
        self.follows.setVisible(times != 1)
        usual = f"{_number(least)} to {_number(most)} steps are usual"
        if not asked.steps:
            usual = "0 steps: the closed form alone, no network"
        time = words.duration(asked.steps * a_step) if a_step and asked.steps else ""
        parts.say(self.usual, f"{usual}{f' · {time}' if time else ''}.")
        kept = ""
        if asked.checkpoints != int(presets["checkpoints"]):
            kept = f"The recipe keeps a checkpoint every {_number(int(presets['checkpoints']))} steps. "
        if asked.engine == COPYCAT:
            kept += f"Contact sheets every {presets['contact_sheets']} steps, as the recipe has it."
        parts.say(self.kept, kept.strip())
        self.kept.setVisible(bool(kept))

    def _explain(self) -> None:
        self.engine.setToolTip("Who trains: this program, or CopyCat in NukeX at the script’s node CopyCat1")
        self.model_size.setToolTip("Of the network. Smaller ones learn less, and overfit less")
        self.patch.setToolTip("The square that a step looks at, in pixels; it must fit the live area")
        self.steps.setToolTip(
            "Too few leave it soft or grey, too many sharpen too much. 0: closed form alone"
        )
        self.checkpoints.setToolTip(
            "Steps between two checkpoints that are kept: what a later training may start from, and a model each"
        )
        self.for_memory.setToolTip(
            "The batch is fixed by the recipe; another one only where the VRAM is too small"
        )

    def _save(self) -> None:
        if self._contents is None or not self.is_changed:
            return
        before, now = self._contents.project.training, self.typed
        names = ("engine", *_OF_PRESET)
        self.saved.emit(
            {
                f"training.{name}": str(getattr(now, name))
                for name in names
                if getattr(now, name) != getattr(before, name)
            }
        )

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.save.isEnabled():
            self._save()
        else:
            super().keyPressEvent(event)

    _patch = 0


def _number(given: int) -> str:
    """As the fields beside it write numbers."""
    return str(QtCore.QLocale().toString(given))
