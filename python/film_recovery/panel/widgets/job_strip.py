"""The run that is on: what it is at, how far, how long still, and the button that stops it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from film_recovery.panel import words
from film_recovery.panel.qt import QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.session import Session


class JobStrip(QtWidgets.QFrame):
    """Hidden while nothing runs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("job")
        self._session = session
        self.what = parts.label(name="strong")
        self.left = parts.label(name="quiet")
        self.bar = QtWidgets.QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.cancel = parts.button("Cancel", session.run.cancel, sign="stop")
        words_ = parts.column(gap=0)
        words_.addWidget(self.what)
        words_.addWidget(self.left)
        top = parts.line()
        top.addLayout(words_, 1)
        top.addWidget(self.cancel)
        layout = parts.column(self, 4, 8)
        layout.addLayout(top)
        layout.addWidget(self.bar)
        session.progressed.connect(self._progress)
        self._shown: str | None = None
        self.hide()

    def refresh(self) -> None:
        """As the run is now."""
        run = self._session.run
        if run.is_on and self._shown != run.id:
            self._shown = run.id
            parts.say(self.what, "The run starts")
            parts.say(self.left, "It goes on when this panel or Nuke is closed.")
            self.bar.setRange(0, 0)
        hindered = "The run is being started." if run.starting else ""
        if run.cancelling:
            hindered = "The run is finishing its step, then it stops."
            parts.say(self.left, hindered)
        parts.allow(
            self.cancel,
            hindered,
            "Stops the run; what is finished is kept, and another run goes on from there",
        )
        self.setVisible(run.is_on)

    def _progress(self, event: Mapping[str, Any]) -> None:
        done, total = int(event.get("done") or 0), int(event.get("total") or 0)
        parts.say(self.what, f"{words.work(str(event.get('what')))} · {done} of {total}")
        if not self._session.run.cancelling:
            parts.say(self.left, words.time_left(event.get("seconds_left")))
        self.bar.setRange(0, total)
        self.bar.setValue(done)
