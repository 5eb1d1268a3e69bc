"""Stage 5: the recovery compared by eye and by figures, signed off, and delivered."""

from __future__ import annotations

from pathlib import Path

from film_recovery.panel.checklist import Item
from film_recovery.panel.contents import changes_of, frames, validation
from film_recovery.panel.contents.validation import Criterion, Validation
from film_recovery.panel.qt import QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.figure_tables import BaselineTable, CriteriaTable
from film_recovery.panel.widgets.frames_bar import FramesBar, Range
from film_recovery.panel.widgets.override import Override
from film_recovery.panel.widgets.pictures import Wanted
from film_recovery.panel.widgets.plot import Limit, Plot, Series
from film_recovery.panel.widgets.viewer import Viewer
from film_recovery.panel.widgets.work import Kit, Work

_STAGE = 5
_SIZE = 1280  # pixels of a picture that is looked at
_TALL = 260  # pixels of the viewer
_SIDES = (("Source", "Recovered"), ("Source", "Reference"), ("Reference", "Recovered"))
_COLOURS = ("accent", "info", "pass")  # of a plot's lines


class ValidationWork(Work):
    """The page of stage 5."""

    title = "Result"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self.said = parts.label(name="strong")
        self.sides = QtWidgets.QComboBox()
        self.sides.addItems([f"{one} | {other}" for one, other in _SIDES])
        self.sides.setAccessibleName("What is compared")
        self.sides.setToolTip("Left and right of the wipe. The Reference is shown as scanned, not aligned")
        self.viewer = Viewer(kit.pictures)
        self.viewer.setMinimumHeight(_TALL)
        self.bar = FramesBar("Frames of the result")
        self.validate = parts.button("Validate", lambda: self._job("validate"), sign="check")
        self.report = parts.button("Report", self._open_report, sign="report")
        self.sign = parts.button("Sign off…", self._sign, sign="sign")
        self.accepted = parts.label(name="quiet")
        self.criteria = CriteriaTable()
        self.reason = parts.label(selectable=True)
        self.baselines = BaselineTable()
        self.charts: dict[str, Plot] = {}
        self.charts_place = parts.column(gap=8)
        self.signed = parts.label(name="quiet")
        self.movies = parts.button("Review movies", lambda: self._job("proxies"), sign="render")
        self.timeline = parts.button("Timeline", lambda: self._job("timeline"))
        self.made = parts.label(name="quiet")
        self.origin = parts.label()
        self.unsaid = parts.label()
        self.folder = QtWidgets.QLineEdit()
        self.folder.setPlaceholderText("New folder of the delivery")
        self.folder.setAccessibleName("New folder of the delivery")
        self.folder.setToolTip(
            "A folder that is not there yet: masters, provenance, notes, report, model and script"
        )
        self.browse = parts.button("…", self._browse, "Chooses where the new folder is made")
        self.deliver = parts.button("Deliver", self._deliver, sign="deliver")
        self.failing = Override(
            "--accept-failing",
            "Although checks fail",
            "Delivers although checks fail, or were not measured. The ledger, which goes along with the delivery, "
            "keeps which they are, who and why.",
        )
        self.foreign = Override(
            "--accept-foreign",
            "Frames of another program too",
            "Delivers frames that this project has not rendered itself, such as NukeX’s. The provenance keeps which "
            "they are, who accepted them and why.",
        )
        self.unmeasured = Override(
            "--accept-unmeasured",
            "Go on without what was not measured",
            "Runs to the end although something that has to hold was not measured. The ledger keeps what, who and why; "
            "it stands for this very model, graph and masters, and the check says so.",
        )
        self.missing = parts.label(name="quiet")
        self.go_on = parts.button("Run to the end", self._run_on, sign="run")
        self._hindered = ""
        self._lay_out()
        self.sides.currentIndexChanged.connect(lambda *_: self._moved(self.bar.current))
        self.bar.moved.connect(self._moved)
        self.criteria.chosen.connect(self._look_at)
        self.folder.textChanged.connect(lambda *_: self.allow(self._hindered))
        self.folder.returnPressed.connect(self._deliver)
        for one in (self.failing, self.foreign, self.unmeasured):
            one.changed.connect(lambda: self.allow(self._hindered))

    def _lay_out(self) -> None:
        add, line = self.layout_.addWidget, self.layout_.addLayout
        top = parts.line()
        top.addWidget(self.said, 1)
        top.addWidget(self.sides)
        line(top)
        add(self.viewer)
        add(self.bar)
        line(parts.beside(self.validate, self.report, self.sign))
        labels: tuple[QtWidgets.QWidget, ...] = (self.signed, self.accepted, self.criteria, self.reason)
        for one in (*labels, self.baselines):
            add(one)
        for one in (self.missing, self.unmeasured, self.go_on):
            add(one)
            one.hide()
        line(self.charts_place)
        add(parts.label("To look at elsewhere", "strong"))
        line(parts.beside(self.movies, self.timeline))
        add(self.made)
        add(parts.label("Delivery", "strong"))
        add(self.origin)
        add(self.unsaid)
        where = parts.line()
        where.addWidget(self.folder, 1)
        where.addWidget(self.browse)
        where.addWidget(self.deliver)
        line(where)
        add(self.failing)
        add(self.foreign)
        self.browse.setFixedWidth(self.browse.fontMetrics().averageCharWidth() * 6)
        self.layout_.addStretch(1)
        self.reason.hide()

    # The Work

    def files(self, folder: Path) -> tuple[Path, ...]:
        return validation.files(folder)

    def read(self, folder: Path) -> Validation:
        return validation.read(folder)

    def forget(self) -> None:
        self.folder.clear()
        for one in (self.failing, self.foreign, self.unmeasured):
            one.clear()

    def fill(self, contents: Validation) -> None:
        self._show_charts(contents)
        self.baselines.show_figures(contents)
        accepted = contents.accepted
        said = "No earlier iteration was accepted: there is nothing to fall behind."
        if accepted is not None:
            record = accepted.record
            said = f"Accepted before: {record.time[:10]}, by {', '.join(accepted.by)}, model {accepted.model[:8]}."
        parts.say(self.accepted, said)
        made = [
            f"Review movies: {', '.join(contents.movies)}."
            if contents.movies
            else "No review movie is made yet."
        ]
        made += [f"Timeline: {contents.timeline.name}."] if contents.timeline is not None else []
        parts.say(self.made, " ".join(made))
        said_of = contents.project.delivery
        parts.say(
            self.origin,
            "\n".join(
                f"{name}: {word or 'not said'}"
                for name, word in (
                    ("IPTC source type", said_of.source_type),
                    ("Restorationist", said_of.restorationist),
                    ("Institution", said_of.institution),
                )
            ),
        )
        unsaid = contents.unsaid
        lines = [f"Nobody has said {', '.join(unsaid)}, so no master says it."] if unsaid else []
        if not said_of.source_type:
            lines.append(
                "Without the source type nothing is delivered; film-recovery deliver --terms explains them."
            )
        lines += [f"Delivered last into {contents.delivered}."] if contents.delivered else []
        parts.say(self.unsaid, "\n".join(lines))
        self.unsaid.setVisible(bool(lines))
        self._show_criteria(contents)
        self._moved(self.bar.current)

    def allow(self, hindered: str) -> None:
        self._hindered = hindered
        found = self.contents
        buttons = (self.validate, self.report, self.sign, self.movies, self.timeline, self.deliver)
        if not isinstance(found, Validation):
            for one in buttons:
                parts.allow(one, "The project is still being read.")
            return
        empty = "" if found.written else "No frame is written yet."
        parts.allow(
            self.validate,
            hindered or empty,
            "Measures every written frame, over time and against baselines, and judges by the criteria",
        )
        parts.allow(
            self.report,
            "" if found.report is not None else "There is no report yet: run the project.",
            "Opens it",
        )
        parts.allow(
            self.movies, hindered or empty, "H.264 and ProRes through the Rec.709 display, for reviewers"
        )
        parts.allow(
            self.timeline, hindered or empty, "Original on V1, Recovered on V2, markers on what to look at"
        )
        self._allow_signing(hindered, empty)
        self._allow_delivery(hindered, empty)
        self._allow_going_on(hindered, found)
        self._show_criteria(found)

    # Inside

    def _manual(self) -> tuple[Item, ...]:
        """What a person signs in this stage."""
        checklist = self.session.checklist
        items = checklist.of_stage(_STAGE) if checklist is not None else ()
        return tuple(item for item in items if item.check.manual)

    def _next_to_sign(self) -> Item | None:
        items = self._manual()
        return next((item for item in items if not item.is_signed), items[-1] if items else None)

    def _allow_signing(self, hindered: str, empty: str) -> None:
        items, one = self._manual(), self._next_to_sign()
        signed = [item for item in items if item.is_signed]
        self.sign.setText("Sign again…" if items and len(signed) == len(items) else "Sign off…")
        title = "" if one is None else f"“{one.check.title}”"
        parts.allow(
            self.sign,
            hindered or empty or ("" if one is not None else "This recipe has nothing to sign here."),
            f"Opens the form of {title}: your name and what you saw",
        )
        said = "; ".join(f"{item.check.title}: {item.measured}" for item in signed)
        left = [item.check.title for item in items if not item.is_signed]
        parts.say(
            self.signed,
            " ".join(
                [f"Signed: {said}." if said else "Nothing is signed."]
                + ([f"To be signed: {'; '.join(left)}."] if left else [])
            ),
        )

    def _allow_delivery(self, hindered: str, empty: str) -> None:
        text = self.folder.text().strip()
        why = "" if text else "Name a new folder for it."
        found = self.contents
        if isinstance(found, Validation) and not found.project.delivery.source_type.strip():
            why = "Nobody has chosen what the masters are said to be (IPTC source type): nothing is delivered without."
        if text and not Path(text).expanduser().is_absolute():
            why = "Give the whole path of the folder."
        parts.allow(
            self.deliver,
            hindered or empty or why or self.failing.lacks or self.foreign.lacks,
            "Packs masters, provenance, notes, report, model and script into that folder, each bound by its SHA-256",
        )

    def _allow_going_on(self, hindered: str, found: Validation) -> None:
        """Where every frame is there and something that has to hold is still not measured: no run brings it."""
        checklist = self.session.checklist
        items = checklist.of_stage(_STAGE) if checklist is not None else ()
        waiting = [
            item
            for item in items
            if item.check.severity == "shall" and not item.check.manual and item.is_pending
        ]
        is_rendered = set(found.wanted) <= set(found.written)
        shown = bool(waiting) and is_rendered and found.report is not None
        named = "\n".join(f"{item.check.title}: {item.reason}" for item in waiting)
        parts.say(self.missing, f"Not measured, although it has to hold:\n{named}" if shown else "")
        for one in (self.missing, self.unmeasured, self.go_on):
            one.setVisible(shown)
        if not shown:
            self.unmeasured.clear()
        self.unmeasured.allow(hindered)
        chosen = "" if self.unmeasured.box.isChecked() else "Choose first that it is meant, and why."
        parts.allow(
            self.go_on,
            hindered or chosen or self.unmeasured.lacks,
            "Runs what is left, without that measurement",
        )

    def _show_criteria(self, found: Validation) -> None:
        checklist = self.session.checklist
        items = checklist.of_stage(_STAGE) if checklist is not None else ()
        rows = validation.criteria(items, found.accepted)
        self.criteria.show_criteria(rows, found.accepted is not None)
        marks = {frame: "held out: it has a Ground Truth" for frame in found.held_out}
        for one in rows:
            if one.frame is not None:
                marks[one.frame] = (
                    f"{one.title}: {one.reason}"
                    if one.state in ("warn", "fail")
                    else marks.get(one.frame, f"worst of “{one.title}”")
                )
        self.bar.show_range(Range(found.wanted, found.written, marks))

    def _show_charts(self, found: Validation) -> None:
        titles = [one.title for one in found.charts]
        for title in [one for one in self.charts if one not in titles]:
            gone = self.charts.pop(title)
            gone.hide()
            gone.deleteLater()
        for one in found.charts:
            if one.title not in self.charts:
                plot = Plot(one.title)
                plot.setToolTip(
                    f"{one.title}. A click goes to that frame; the line stands at the frame that is shown"
                )
                plot.chosen.connect(lambda frame: self.bar.go_to(round(frame)))
                self.charts[one.title] = plot
                self.charts_place.addWidget(plot)
        self._mark_charts(found)

    def _mark_charts(self, found: Validation) -> None:
        for one in found.charts:
            lines = zip(one.lines.items(), _COLOURS)
            series = [Series(name, points, colour) for (name, points), colour in lines]
            limits = [Limit(value, name) for name, value in one.limits.items()]
            frame, ends = float(self.bar.current), [(line[0][0], line[-1][0]) for line in one.lines.values()]
            is_within = min(first for first, _ in ends) <= frame <= max(last for _, last in ends)
            self.charts[one.title].show_series(series, limits, [frame] if is_within else [])

    def _moved(self, frame: int) -> None:
        found = self.contents
        if not isinstance(found, Validation):
            return
        words = [f"Frame {frame}", self.bar.state_of(frame) or "not to be rendered"]
        words += ["held out"] if frame in found.held_out else []
        parts.say(self.said, " · ".join(words))
        self._mark_charts(found)
        file = frames.file_of(found.pattern, frame)
        self.session.background.run(
            lambda: changes_of([file]), lambda stamp: self._compare(frame, stamp), lambda _: None
        )

    def _compare(self, frame: int, stamp: tuple[float, ...]) -> None:
        """Both sides of the current frame; another stamp is another picture."""
        found = self.contents
        if not isinstance(found, Validation) or frame != self.bar.current:
            return
        project = found.project
        elements = {
            name: Wanted(project.file_of(key), moment, _SIZE, project.elements[key].colourspace)
            for name, key, moment in (
                ("Source", "source", frame),
                ("Reference", "reference", found.reference_of(frame)),
            )
        }
        if any(stamp):
            elements["Recovered"] = Wanted(str(found.pattern), frame, _SIZE, found.space, stamp=stamp)
        a, b = _SIDES[self.sides.currentIndex()]
        self.viewer.show_pictures(elements[a], elements.get(b), (a, b))

    def _look_at(self, one: Criterion) -> None:
        parts.say(self.reason, one.reason)
        self.reason.setVisible(bool(one.reason))
        if one.frame is not None:
            self.bar.go_to(one.frame)

    def _sign(self) -> None:
        one = self._next_to_sign()
        if one is not None:
            self.kit.sign(one.check.id)

    def _open_report(self) -> None:
        if isinstance(self.contents, Validation) and self.contents.report is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(self.contents.report)))

    def _browse(self) -> None:
        place = QtWidgets.QFileDialog.getExistingDirectory(self, "Where the new folder is made")
        if place and isinstance(self.contents, Validation):
            name = self.contents.project.shot or self.contents.project.film
            self.folder.setText(str(Path(place) / f"{name} delivery"))

    def _deliver(self) -> None:
        if self.deliver.isEnabled():
            words = [*self.failing.take(), *self.foreign.take()]
            self._job("deliver", str(Path(self.folder.text().strip()).expanduser()), *words)

    def _run_on(self) -> None:
        if self.go_on.isEnabled():
            self._job("run", *self.unmeasured.take())

    def _job(self, *command: str) -> None:
        self.session.start_job(command, self.kit.signer())
