"""The data directory of Nuke's CopyCat: which one, what lies there, and the figures of its contact sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery.panel import problem
from film_recovery.panel.contents.training import CopyCat, Reader
from film_recovery.panel.qt import QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.work import Kit

_UNSEEN = (
    "What Nuke does cannot be seen from here, only what CopyCat leaves in its data directory. Its loss stays in files "
    "whose form is not known. Figures are of crops that it learns from, not of the hold-out."
)


class CopyCatData(QtWidgets.QWidget):
    """``changed``: another directory is looked at. ``measured``: the figures of its sheets are there."""

    changed = Signal()
    measured = Signal()

    def __init__(self, reader: Reader, kit: Kit) -> None:
        super().__init__()
        self._reader, self._session = reader, kit.session
        self._found: CopyCat | None = None
        self._at_work = False
        self._hindered = ""
        self.figures: dict[str, Mapping[str, float]] = {}
        self.pictures: dict[str, Path] = {}
        self.measured_count = 0
        self.folder = QtWidgets.QLineEdit()
        self.folder.setAccessibleName("CopyCat’s data directory")
        self.folder.setToolTip(
            "Where CopyCat keeps checkpoints and contact sheets; empty: as the script says"
        )
        self.choose = parts.button("Choose…", self._choose, "Another data directory")
        self.measure = parts.button("Measure the sheets", self._measure)
        self.kept = parts.label(name="quiet")
        self.folder.editingFinished.connect(self._edited)
        where = parts.line()
        where.addWidget(self.folder, 1)
        where.addWidget(self.choose)
        layout = parts.column(self)
        layout.addWidget(parts.label("CopyCat’s data directory", "strong"))
        layout.addLayout(where)
        layout.addWidget(parts.label(_UNSEEN, "quiet"))
        layout.addWidget(self.kept)
        layout.addWidget(self.measure)
        self.hide()

    def show_data(self, found: CopyCat) -> None:
        """What lies there."""
        if self._found is None or self._found.folder != found.folder:
            self.figures, self.pictures = {}, {}
        self._found = found
        if not self.folder.hasFocus():
            self.folder.setText(str(found.folder))
        told = [
            f"{len(one)} {word}{'' if len(one) == 1 else 's'}"
            for one, word in ((found.sheets, "contact sheet"), (found.checkpoints, "checkpoint"))
        ]
        told += [f"the last is {found.checkpoints[-1]}"] if found.checkpoints else []
        told += [f"not opened: {', '.join(found.unopened)}"] if found.unopened else []
        if any(name.endswith(".catnc") for name in found.checkpoints):
            told.append("written by NukeX Non-Commercial, which alone opens them")
        parts.say(self.kept, " · ".join(told))
        self.allow(self._hindered)

    def allow(self, hindered: str) -> None:
        """``hindered``: why the engine can do nothing now; empty when it can."""
        self._hindered = hindered
        none = "" if self._found is not None and self._found.sheets else "There is no contact sheet yet."
        parts.allow(
            self.measure,
            "They are being measured." if self._at_work else hindered or none,
            "PSNR, ΔE00 and saturation of every sheet, and what is left between Ground Truth and Output",
        )

    # Inside

    def _choose(self) -> None:
        found = QtWidgets.QFileDialog.getExistingDirectory(
            self, "CopyCat’s data directory", self.folder.text()
        )
        if found:
            self.folder.setText(found)
            self._edited()

    def _edited(self) -> None:
        text = self.folder.text().strip()
        wanted = Path(text).expanduser() if text else None
        if self._found is None or wanted != self._found.folder:
            self._reader.folder = wanted
            self.changed.emit()

    def _measure(self) -> None:
        found, project = self._found, self._session.project
        if found is None or project is None:
            return
        self._at_work = True
        self.allow(self._hindered)
        figures: dict[str, Mapping[str, float]] = {}
        pictures: dict[str, Path] = {}

        def heard(event: Mapping[str, Any]) -> None:
            if event.get("event") == "look":
                figures[str(event["name"])] = event["figures"]
                pictures[str(event["name"])] = Path(str(event["contact_sheet"]))
            elif event.get("event") == "error":
                self._session.troubled.emit(problem.of_event(event))

        def ended(code: int) -> None:
            self._at_work = False
            if self._found is not None and self._found.folder == found.folder:
                self.figures, self.pictures = figures, pictures
                self.measured_count += 1
                self.measured.emit()
            self.allow(self._hindered)

        # Each directory's own: the names of its sheets are those of every other.
        mark = hashlib.sha256(str(found.folder).encode()).hexdigest()[:12]
        out = project.folder / ".cache" / "copycat" / mark
        self._session.service.ask(["watch", "--out", str(out), "--", str(found.folder)], heard, ended)
