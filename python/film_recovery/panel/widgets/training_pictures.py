"""What a training looked like, step by step: its contact sheets and previews, the newest or an earlier one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path

from film_recovery.panel.qt import Qt, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.pictures import Pictures, Wanted
from film_recovery.panel.widgets.viewer import Viewer

_TALL = 260  # pixels
SHEET, PREVIEW = "Contact sheet", "Preview"


class TrainingPictures(QtWidgets.QWidget):
    """Follows the newest picture until an earlier one is chosen; at the end of the slider it follows again."""

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._kinds: Mapping[str, Mapping[int, Path]] = {}
        self._word = "step"
        self._none = ""
        self._follows = True
        self._filling = False
        self.viewer = Viewer(pictures)
        self.viewer.setFixedHeight(_TALL)
        self.viewer.setToolTip(
            "Wheel: closer; drag: move; F: all of it. Columns: Input, Ground Truth, Output, Difference"
        )
        self.kind = QtWidgets.QComboBox()
        self.kind.addItems([SHEET, PREVIEW])
        self.kind.setToolTip("Pairs that it learns from, or the Preview: a frame that it has never seen")
        self.kind.setAccessibleName("Which pictures")
        self.slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.slider.setToolTip("Earlier pictures; at its right end the newest is followed")
        self.slider.setAccessibleName("Earlier pictures")
        self.slider.setMinimumWidth(60)
        self.compare = QtWidgets.QCheckBox("Wipe against the newest")
        self.compare.setToolTip("The chosen picture left of the line, the newest one right of it (A, B, W)")
        self.said = parts.label(name="quiet")
        self.kind.currentIndexChanged.connect(lambda *_: self._refill())
        self.slider.valueChanged.connect(lambda *_: self._slid())
        self.compare.toggled.connect(lambda *_: self._show())
        top = parts.line()
        top.addWidget(self.kind)
        top.addWidget(self.slider, 1)
        under = parts.line()
        under.addWidget(self.said, 1)
        under.addWidget(self.compare)
        layout = parts.column(self, 4)
        layout.addLayout(top)
        layout.addWidget(self.viewer)
        layout.addLayout(under)

    @property
    def step(self) -> int | None:
        """Of the picture that is shown; None while there is none."""
        steps = self._steps()
        return steps[self.slider.value()] if steps else None

    def show_pictures(
        self,
        sheets: Mapping[int, Path],
        previews: Mapping[int, Path],
        none: str,
        word: str = "step",
        changed: float = 0.0,
    ) -> None:
        """``none``: said in place of none. ``word``: what the numbers count. ``changed``: another one where a picture
        was written again under its name."""
        self._stamp = (changed,)
        self._kinds = {SHEET: sheets, PREVIEW: previews}
        self._none, self._word = none, word
        self.kind.setVisible(bool(previews))
        if not previews and self.kind.currentText() == PREVIEW:
            self.kind.setCurrentIndex(0)
        self._refill()

    def go_to(self, step: float) -> None:
        """The picture nearest to a step."""
        steps = self._steps()
        if steps:
            place = bisect_left(steps, step)
            near = [number for number in (place - 1, place) if 0 <= number < len(steps)]
            self.slider.setValue(min(near, key=lambda number: abs(steps[number] - step)))

    # Inside

    def _of_kind(self) -> Mapping[int, Path]:
        return self._kinds.get(self.kind.currentText(), {})

    def _steps(self) -> list[int]:
        return list(self._of_kind())

    def _refill(self) -> None:
        """The slider over the pictures that there are now, at the step where it was."""
        steps = self._steps()
        before = self._shown_step
        self._filling = True
        self.slider.setRange(0, max(0, len(steps) - 1))
        if self._follows or before is None:
            self.slider.setValue(len(steps) - 1)
        else:
            self.go_to(before)
        self._filling = False
        parts.allow(
            self.slider,
            "" if len(steps) > 1 else "There is no earlier picture yet.",
            "Earlier pictures; at its right end the newest is followed",
        )
        self._show()

    def _slid(self) -> None:
        if not self._filling:
            self._follows = self.slider.value() == self.slider.maximum()
            self._show()

    def _show(self) -> None:
        found, steps = self._of_kind(), self._steps()
        self._shown_step = step = self.step
        if step is None:
            self.viewer.show_pictures(None, said=self._none)
            parts.say(self.said, "")
            parts.allow(self.compare, "There is no picture yet.")
            return
        newest = steps[-1]
        one, last = (Wanted(str(found[at]), stamp=self._stamp) for at in (step, newest))
        names = (f"{self._word} {step}", f"{self._word} {newest}")
        wiped = self.compare.isChecked() and step != newest
        self.viewer.show_pictures(one, last if wiped else None, names)
        parts.say(self.said, f"{self._word.capitalize()} {step}{', the newest' if step == newest else ''}")
        parts.allow(
            self.compare,
            "It is the newest: choose an earlier one." if step == newest else "",
            "The chosen picture left of the line, the newest one right of it (A, B, W)",
        )

    _stamp: tuple[float, ...] = ()
    _shown_step: int | None = None
