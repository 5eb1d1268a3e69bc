"""Stage 3: how the network is to be trained and why, how its training goes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery.panel import words
from film_recovery.panel.contents.training import COPYCAT, Model, Reader, Run, Teaching
from film_recovery.panel.qt import Qt, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.copycat_data import CopyCatData
from film_recovery.panel.widgets.plot import Plot, Series
from film_recovery.panel.widgets.training_form import TrainingForm
from film_recovery.panel.widgets.training_pictures import TrainingPictures
from film_recovery.panel.widgets.work import Kit, Work
from film_recovery.project.words import quoted

_REASONING = 4  # lines
_FIGURES = (("psnr", "PSNR"), ("de00", "ΔE00"), ("sat_ratio_60", "Saturation"))
_LINES = "Figures: of the hold-out, which never enters training. Upright lines: checkpoints."
_NOT_ON = "No training is on."
_WHY_FIRST = "First write why: it is asked for now, while it is known. Or press again to train without."


class TrainingWork(Work):
    """The page of stage 3."""

    title = "Training"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._reader = Reader()
        self._left: float | None = None
        self._total = 0
        self._asked_why = False
        self._hindered = ""
        self.said = parts.label(name="strong")
        self.more = parts.label(name="quiet")
        self.train = parts.button("Train", self._train, sign="run")
        self.pause = parts.button("Pause", self.session.run.cancel, sign="pause")
        self.fold = QtWidgets.QToolButton()
        self.fold.setCheckable(True)
        self.fold.setObjectName("stage")
        self.fold.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.fold.setText("Settings")
        self.fold.setToolTip("The recipe’s preset, what is changed of it, and why; open or folded")
        self.asked = QtWidgets.QWidget()
        self.form = TrainingForm()
        self.reasoning = QtWidgets.QPlainTextEdit()
        self.reasoning.setPlaceholderText("Why these elements, these pairs and these settings")
        self.reasoning.setAccessibleName("Reasoning")
        self.reasoning.setTabChangesFocus(True)
        lines = self.reasoning.fontMetrics().lineSpacing() * _REASONING
        self.reasoning.setFixedHeight(lines + 12)
        self.keep = parts.button("Save reasoning", self._keep)
        self.data = CopyCatData(self._reader, kit)
        self.loss = Plot("Loss", is_log=True)
        self.figures = {name: Plot(title) for name, title in _FIGURES}
        self.seen = TrainingPictures(kit.pictures)
        self.lines = parts.label(_LINES, "quiet")
        self.card = parts.label(name="quiet", selectable=True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        act = parts.line()
        for one in (self.train, self.pause, self.fold):
            act.addWidget(one)
        act.addStretch(1)
        why = parts.line()
        why.addWidget(parts.label("Reasoning", "strong"), 1)
        why.addWidget(self.keep)
        self._curves = QtWidgets.QGridLayout()
        self._curves.setContentsMargins(0, 0, 0, 0)
        self._curves.setSpacing(6)
        for column in (0, 1):
            self._curves.setColumnStretch(column, 1)
        self._show_plots([self.loss, *self.figures.values()])
        self.layout_.addWidget(self.said)
        self.layout_.addWidget(self.more)
        self.layout_.addLayout(act)
        inside = parts.column(self.asked)
        inside.addWidget(self.form)
        inside.addLayout(why)
        inside.addWidget(self.reasoning)
        self.layout_.addWidget(self.asked)
        self.layout_.addWidget(self.data)
        self.layout_.addLayout(self._curves)
        self.layout_.addWidget(self.lines)
        self.layout_.addWidget(self.seen)
        self.layout_.addWidget(self.card)
        self.layout_.addStretch(1)

    def _connect(self) -> None:
        self.session.opened.connect(self._forget)
        self.fold.setChecked(True)
        self.fold.toggled.connect(self.asked.setVisible)
        self.form.saved.connect(lambda values: self._change(values))
        self.form.changed.connect(lambda: self.allow(self._hindered))
        self.reasoning.textChanged.connect(lambda: self.allow(self._hindered))
        self.data.changed.connect(self.look_again)
        self.data.measured.connect(self._show_copycat)
        for plot in (self.loss, *self.figures.values()):
            plot.setCursor(Qt.CursorShape.CrossCursor)
            plot.setToolTip("Click: the picture nearest to it. Lines: checkpoints that it can go on from")
            plot.chosen.connect(self.seen.go_to)
        self.session.progressed.connect(self._progressed)
        self.session.run.changed.connect(self._run_changed)

    # The Work

    def files(self, folder: Path) -> tuple[Path, ...]:
        return self._reader.files(folder)

    def read(self, folder: Path) -> Teaching:
        return self._reader.read(folder)

    def fill(self, contents: Teaching) -> None:
        is_first = self._before is None or self._before.project.folder != contents.project.folder
        if is_first:
            self._asked_why = False
            self.fold.setChecked(contents.run is None)
        shown = self.reasoning.toPlainText()
        is_own = not is_first and shown != self._saved_reasoning()  # typed, and not saved yet
        if not is_own and shown != contents.project.reasoning:
            self.reasoning.setPlainText(contents.project.reasoning)
        self._before = contents
        self.form.show_teaching(contents)
        self.data.setVisible(self._is_copycat)
        if self._is_copycat:
            self.data.show_data(contents.copycat)
            self._show_copycat()
        else:
            self._show_run(contents.run)
        parts.say(self.card, of_model(contents.model))
        self._say()

    def allow(self, hindered: str) -> None:
        self._hindered = hindered
        self.form.allow(hindered)
        self.data.allow(hindered)
        is_written = self.reasoning.toPlainText() == self._saved_reasoning()
        parts.allow(
            self.keep,
            hindered or ("It is saved as it stands here." if is_written else ""),
            "Writes it into project.yaml; it goes into the notes and the report",
        )
        unsaved = "Save or revert the settings first." if self.form.is_changed else ""
        unsaved = unsaved or ("" if is_written else "Save the reasoning first.")
        where = "CopyCat is started in NukeX, at the script’s node CopyCat1." if self._is_copycat else ""
        tip = "Runs the project: trains on the pairs, then renders the short range. It stops where a check fails"
        if self._before is not None and is_trained(self._before):
            tip += ". Nothing is trained anew unless pairs, script or settings changed"
        parts.allow(self.train, hindered or where or unsaved, tip)
        self.train.setText("Resume" if self._can_resume else "Train")
        parts.allow(
            self.pause,
            _NOT_ON
            if not self._is_training
            else ("It finishes its step, then it stops." if self.session.run.cancelling else ""),
            "Stops after this step; what is done is kept, and Resume goes on from there",
        )

    # Inside

    _before: Teaching | None = None

    def _saved_reasoning(self) -> str:
        return "" if self._before is None else self._before.project.reasoning

    @property
    def _is_copycat(self) -> bool:
        return self._before is not None and self._before.project.training.engine == COPYCAT

    @property
    def _is_training(self) -> bool:
        return self.session.run.is_on and self.session.work == "network"

    @property
    def _can_resume(self) -> bool:
        found = self._before
        if found is None or found.run is None or is_trained(found) or self._is_copycat:
            return False
        asked = found.project.training
        return (
            bool(found.run.checkpoints)
            and found.run.settings.get("steps") == asked.steps
            and found.run.is_of(asked)
        )

    def _forget(self) -> None:
        """Another project: nothing that was typed or named is of it."""
        self._reader.folder, self._before = None, None
        self._left, self._asked_why = None, False

    def look_again(self) -> None:
        """Reads anew: what is looked at has another place."""
        self._stamp = None
        self._look()

    def _progressed(self, event: Mapping[str, Any]) -> None:
        if event.get("what") == "network":
            self._left, self._total = event.get("seconds_left"), int(event.get("total") or 0)
            self._say()

    def _run_changed(self) -> None:
        if not self.session.run.is_on:
            self._left = None
        self._say()

    def _say(self) -> None:
        found = self._before
        if found is None:
            return
        parts.say(self.said, self._state(found))
        run = found.run
        told = []
        if run is not None and run.step and not self._is_copycat:
            told = [f"loss {run.last_loss:.3g}", f"learning rate {run.rate:.2g}"]
            told += [f"{run.a_step:.3g} s a step"] if run.a_step else []
            told += [
                f"{title} {run.held_out[name][-1][1]:.4g} on the hold-out"
                for name, title in (("psnr", "PSNR"),)
                if run.held_out.get(name)
            ]
        if self._asked_why and not self._saved_reasoning():
            told = [_WHY_FIRST]
        parts.say(self.more, " · ".join(told))
        self.more.setVisible(bool(told))

    def _state(self, found: Teaching) -> str:
        """What the training is at, in words."""
        asked, run = found.project.training, found.run
        if self._is_copycat:
            steps = found.copycat.steps
            return (
                f"CopyCat kept a checkpoint of step {steps}." if steps else "CopyCat left no checkpoint yet."
            )
        if self._is_training:
            left = words.time_left(self._left)
            step = run.step if run is not None else 0
            return f"Training: step {step} of {self._total or asked.steps}{f' · {left}' if left else ''}"
        if is_trained(found):
            return _trained(found)
        if self._can_resume and run is not None:
            return f"Paused at step {run.step} of {asked.steps}. It goes on from step {run.checkpoints[-1]}."
        return "Nothing has been trained with these settings yet."

    def _show_run(self, run: Run | None) -> None:
        held_out = {} if run is None else run.held_out
        marks = () if run is None else run.checkpoints
        self.loss.show_series([Series("", () if run is None else run.loss)], marks=marks)
        for name, plot in self.figures.items():
            plot.show_series([Series("", held_out.get(name, ()), "info")], marks=marks)
        # What the recipe does not measure has no place: of a spatial recovery that is the colour difference.
        shown = [plot for name, plot in self.figures.items() if not held_out or name in held_out]
        self._show_plots([self.loss, *shown])
        self.lines.show()
        none = "There is no picture yet: the first comes before the first step."
        self.seen.show_pictures({} if run is None else run.sheets, {} if run is None else run.previews, none)

    def _show_copycat(self) -> None:
        if not self._is_copycat or self._before is None:
            return
        found, sheets = self._before.copycat, self.data.figures
        for name, plot in self.figures.items():
            points = tuple(
                (float(number), sheets[file.name][name])
                for number, file in enumerate(found.sheets, 1)
                if name in sheets.get(file.name, {})
            )
            plot.show_series([Series("", points, "info")])
        self._show_plots(list(self.figures.values()) if sheets else [])  # its loss is not known
        self.lines.hide()
        pictures = {
            number: self.data.pictures.get(file.name, file) for number, file in enumerate(found.sheets, 1)
        }
        none = "CopyCat left no contact sheet yet."
        self.seen.show_pictures(pictures, {}, none, "sheet", found.changed + self.data.measured_count)

    def _show_plots(self, shown: list[Plot]) -> None:
        """Two in a row; of an odd number the first has a row of its own."""
        if shown == self._shown:
            return
        self._shown = shown
        for plot in (self.loss, *self.figures.values()):
            self._curves.removeWidget(plot)
            if plot not in shown:
                plot.hide()
        odd = len(shown) % 2
        for number, plot in enumerate(shown):
            row, column = divmod(number + odd, 2) if number else (0, 0)
            self._curves.addWidget(plot, row, column, 1, 2 if odd and not number else 1)
            if (
                plot.parentWidget() is not None
            ):  # alone it would be a window; with the page it is shown anyway
                plot.show()

    _shown: list[Plot] | None = None

    # The deeds

    def _change(self, values: Mapping[str, str]) -> None:
        self.session.change_project(values, self.kit.signer())

    def _keep(self) -> None:
        self._asked_why = False
        self._change({"reasoning": quoted(self.reasoning.toPlainText())})

    def _train(self) -> None:
        if not self._saved_reasoning().strip() and not self._asked_why:
            self._asked_why = True
            self.fold.setChecked(True)
            self.reasoning.setFocus()
            self._say()
            return
        self._asked_why = False
        self.session.start_run(self.kit.signer())


def is_trained(found: Teaching) -> bool:
    """Whether there is a model of the settings that the project has."""
    if found.model is None:
        return False
    asked, card = found.project.training, found.model.card
    if not asked.steps:
        return not card.get("steps")
    same = (card.get("preset"), card.get("patch")) == (asked.size, asked.patch)
    return same and int(card.get("steps") or 0) >= asked.steps


def _trained(found: Teaching) -> str:
    """What was trained, and whether it still is what the project has."""
    steps = found.project.training.steps
    pairs = len(found.model.card.get("pairs") or ()) if found.model is not None else 0
    said = f"Trained: {steps} steps" if steps else "Fitted: the closed form alone, no network"
    if pairs and pairs != found.pairs:
        return f"{said}, on {pairs} pairs. The project has {found.pairs} now: train again."
    return f"{said}, on {pairs} pairs." if pairs else f"{said}."


def of_model(model: Model | None) -> str:
    """What a model's card says, on a line; what is missing where there is none."""
    if model is None:
        return "No model of these settings yet."
    card = model.card
    told = [model.file.name, f"{model.size / 1e6:.1f} MB"]
    told += [f"{card['steps']} steps"] if card.get("steps") else ["closed form"]
    told += _figures(card.get("figures") or {})
    return "Model: " + " · ".join(told)


def _figures(found: Mapping[str, Any]) -> list[str]:
    """On the hold-out where there is one, the network's beside those of what it stands on; else all that is said."""
    told = []
    for name, title in _FIGURES:
        values = [found.get(f"held_out_{who}_{name}") for who in ("network", "closed_form", "input")]
        of = [
            f"{who} {words.value(value)}"
            for who, value in zip(("network", "closed form", "Source"), values)
            if value is not None
        ]
        told += [f"held-out {title}: {', '.join(of)}"] if of else []
    return told or [f"{name.replace('_', ' ')} {words.value(value)}" for name, value in found.items()]
