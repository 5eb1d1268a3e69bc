"""Stage 4: the short range and its signature, the full render frame by frame, and the frames that stand out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery.panel.checklist import Item
from film_recovery.panel.contents import changes_of, frames, render
from film_recovery.panel.contents.render import CHECK, LOOKED, Outlier, Render
from film_recovery.panel.problem import Problem
from film_recovery.panel.qt import QtWidgets
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.frames_bar import FramesBar, Range
from film_recovery.panel.widgets.outlier_list import OutlierList
from film_recovery.panel.widgets.override import Override
from film_recovery.panel.widgets.pictures import Wanted
from film_recovery.panel.widgets.viewer import Viewer
from film_recovery.panel.widgets.work import Kit, Work

_SIZE = 1280  # pixels of a picture that is looked at
_TALL = 240  # pixels of the viewer
_SHOWN = 5  # moments that are named


class RenderWork(Work):
    """The page of stage 4."""

    title = "Render"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self.short_said = parts.label(name="quiet")
        self.short_state = parts.label()
        self.short = parts.button(
            "Render the short range", lambda: self._job("infer", "--short-range"), sign="render"
        )
        self.sign = parts.button("Sign…", lambda: self.kit.sign(CHECK), sign="sign")
        self.state = parts.label()
        self.bar = FramesBar("Frames of the render")
        self.all = parts.button("Render", self._render, sign="render")
        self.workers = QtWidgets.QSpinBox()
        self.workers.setRange(1, max(1, os.cpu_count() or 1))
        self.workers.setAccessibleName("Processes that render")
        self.skip = Override(
            "--skip-short-range",
            "Without a look at the short range",
            "Renders everything although nobody has looked at fifty to a hundred frames first, which show flicker and "
            "halos before days do. The ledger keeps who and why, and the check says it.",
        )
        self.viewer = Viewer(kit.pictures)
        self.viewer.setMinimumHeight(_TALL)
        self.said = parts.label(name="strong")
        self.look_said = parts.label(name="quiet")
        self.list = OutlierList()
        self.reason = parts.label(selectable=True)
        self.picture = Viewer(kit.pictures)
        self.picture.setAccessibleName("Picture of the outlier")
        self.picture.setToolTip("Recovered, Source, and what they differ by")
        self.look = parts.button("Look for outliers", lambda: self._job("outliers"), sign="find")
        self.add = parts.button("Add as pair", self._add, sign="add")
        self.answer = parts.label(name="strong")
        self.lever = parts.label(name="quiet")
        self._hindered = ""
        self._adding: tuple[int, ...] = ()
        self._lay_out()
        self.bar.moved.connect(self._moved)
        self.skip.changed.connect(lambda: self.allow(self._hindered))
        self.list.looked.connect(self._look_at)
        self.list.itemSelectionChanged.connect(lambda: self.allow(self._hindered))
        self.list.wanted.connect(self._add)
        self.session.progressed.connect(self._progressed)
        self.session.run.ended.connect(self._ended)

    def _lay_out(self) -> None:
        add = self.layout_.addWidget
        add(parts.label("Short range", "strong"))
        add(self.short_said)
        add(self.short_state)
        self.layout_.addLayout(parts.beside(self.short, self.sign))
        add(parts.label("Full render", "strong"))
        add(self.state)
        add(self.bar)
        count = QtWidgets.QLabel("Processes")
        count.setBuddy(self.workers)
        self.layout_.addLayout(parts.beside(self.all, count, self.workers))
        add(self.skip)
        add(self.said)
        add(self.viewer)
        add(parts.label("Outliers", "strong"))
        add(self.look_said)
        self.layout_.addLayout(parts.beside(self.look, self.add))
        for one in (self.answer, self.list, self.reason, self.picture, self.lever):
            add(one)
        self.layout_.addStretch(1)
        for one in (self.list, self.reason, self.picture, self.answer):
            one.hide()

    # The Work

    def files(self, folder: Path) -> tuple[Path, ...]:
        return render.files(folder)

    def read(self, folder: Path) -> Render:
        return render.read(folder)

    def forget(self) -> None:
        self.skip.clear()
        self._adding = ()
        self.answer.hide()

    def fill(self, contents: Render) -> None:
        found = contents.outliers or ()
        marks: dict[int, str] = {}
        for one in reversed(found):
            marks[one.frame] = f"{one.kind}, {one.score:.1f} times the limit"
        self.bar.show_range(Range(contents.wanted, contents.written, marks, contents.short.frames))
        self._tell_short(contents)
        missing = len(contents.missing)
        rest = f"{missing} missing" if missing else "none is missing"
        parts.say(
            self.state, f"{len(contents.written)} of {len(contents.wanted)} frames are written; {rest}."
        )
        self.list.show_outliers(found)
        self._tell_look(contents)
        self._moved(self.bar.current)

    def allow(self, hindered: str) -> None:
        self._hindered = hindered
        found = self.contents
        if not isinstance(found, Render):
            for one in (self.short, self.sign, self.all, self.look, self.add):
                parts.allow(one, "The project is still being read.")
            return
        item = self._item(CHECK)
        parts.allow(
            self.short,
            hindered,
            "Fifty to a hundred frames first: they show flicker and halos before days do",
        )
        there = any(frame in found.written for frame in found.short.frames)
        parts.allow(
            self.sign,
            hindered
            or ("This recipe has no short range." if item is None else "")
            or ("" if there else "Render the short range first, then look at it."),
            "Opens the check’s own form: your name and what you saw",
        )
        self.sign.setText("Sign again…" if item is not None and item.is_signed else "Sign…")
        seen = item is None or item.is_signed or found.short.whole
        self.skip.allow(
            hindered or ("The short range is signed, or all there is: nothing is left out." if seen else "")
        )
        if seen:
            self.skip.clear()
        parts.allow(
            self.all,
            hindered or self.skip.lacks,
            "Renders what is missing; what is there and unchanged is kept. It waits for the short range’s signature",
        )
        self.workers.setToolTip("How many processes render, each frames of its own; memory is taken by each")
        parts.allow(
            self.look,
            hindered or ("" if found.written else "No frame is written yet."),
            "Holds every written frame against its neighbours and the Source",
        )
        self._allow_adding(found)
        self._tell_short(found)
        self._tell_look(found)

    # Inside

    def _item(self, id: str) -> Item | None:
        """A check as the session knows it; None where the recipe has none of that name."""
        checklist = self.session.checklist
        known = checklist is not None and checklist.recipe.has(id)
        return checklist.item(id) if checklist is not None and known else None

    def _tell_short(self, found: Render) -> None:
        short = found.short
        hard = [f"{frame}: {why}" for frame, why in list(short.moments.items())[:_SHOWN]]
        parts.say(self.short_said, short.said if not hard or hard[0] in short.said else "; ".join(hard))
        done, item = set(found.written), self._item(CHECK)
        there = sum(frame in done for frame in short.frames)
        words = [f"{there} of {len(short.frames)} rendered"] if short.frames else ["not rendered yet"]
        if item is not None and item.is_signed:
            words.append(f"signed by {item.measured}")
        elif item is not None:
            words.append("not signed" if there else "then it is looked at and signed")
        parts.say(self.short_state, " · ".join(words))

    def _tell_look(self, found: Render) -> None:
        item = self._item(LOOKED)
        if found.outliers is None:
            said = "Nobody has looked for frames that stand out."
        elif item is not None and item.is_pending and item.reason:
            said = item.reason
        else:
            count = len(found.outliers)
            said = f"{count or 'No'} outlier{'' if count == 1 else 's'} in the last look. {found.unjudged}".strip()
        parts.say(self.look_said, said)
        look = found.look
        lines = [f"Next lever: {look.lever}." if look.lever else ""]
        lines += [f"Next training: {look.training}." if look.training else ""]
        lines += [f"More frequent than when it was accepted: {', '.join(look.worse)}." if look.worse else ""]
        parts.say(self.lever, "\n".join(one for one in lines if one))
        self.lever.setVisible(any(lines))

    def _allow_adding(self, found: Render) -> None:
        chosen = self.list.frames
        self.add.setText("Add as pairs" if len(chosen) > 1 else "Add as pair")
        kept = [why for why in map(found.kept, chosen) if why]
        why = "" if chosen else "Choose frames that stand out, in the list."
        if chosen and len(kept) == len(chosen):
            why = " ".join(kept)
        tip = "The frames that are chosen and the Reference’s of the same moments train next time (P)"
        parts.allow(self.add, self._hindered or why, " ".join([f"{tip}.", *kept]))

    def _moved(self, frame: int) -> None:
        found = self.contents
        if not isinstance(found, Render):
            return
        self.list.show_frame(frame)
        words = [f"Frame {frame}", self.bar.state_of(frame) or "not to be rendered"]
        words += ["short range"] if frame in found.short.frames and not found.short.whole else []
        words += [found.short.moments[frame]] if frame in found.short.moments else []
        words += [one.kind for one in found.of_frame(frame)]
        parts.say(self.said, " · ".join(words))
        self._show_outlier(self.list.current)
        self.allow(self._hindered)
        file = frames.file_of(found.pattern, frame)
        self.session.background.run(
            lambda: changes_of([file]), lambda stamp: self._compare(frame, stamp), lambda _: None
        )

    def _compare(self, frame: int, stamp: tuple[float, ...]) -> None:
        """Source and Recovered of the current frame; another stamp is another picture."""
        found = self.contents
        if not isinstance(found, Render) or frame != self.bar.current:
            return
        source = found.project.source
        a = Wanted(found.project.file_of("source"), frame, _SIZE, source.colourspace)
        b = Wanted(str(found.pattern), frame, _SIZE, found.space, stamp=stamp) if any(stamp) else None
        self.viewer.show_pictures(a, b, ("Source", "Recovered"))
        one = self.list.current
        box = None
        if one is not None and one.frame == frame and one.where is not None:
            left, bottom, right, top = one.where
            wide, tall = source.width, source.height
            box = (left / wide, bottom / tall, right / wide, top / tall)
        self.viewer.show_box(box)

    def _look_at(self, one: Outlier) -> None:
        self.bar.go_to(one.frame)
        self._moved(one.frame)

    def _show_outlier(self, one: Outlier | None) -> None:
        found = self.contents
        shown = isinstance(found, Render) and one is not None
        self.reason.setVisible(shown)
        has_picture = shown and one is not None and one.picture is not None
        self.picture.setVisible(has_picture)
        if isinstance(found, Render) and one is not None:
            parts.say(self.reason, one.reason)
            if one.picture is not None:
                wanted = Wanted(str(one.picture), size=_SIZE, stamp=found.stamp)
                self.picture.show_pictures(wanted, names=("", ""))

    def _progressed(self, event: Mapping[str, Any]) -> None:
        is_render = str(event.get("what")).split("/")[-1] == "render"
        frame = event.get("frame")
        self.bar.show_work(int(frame) if is_render and frame is not None else None)

    def _ended(self, state: str, what: Problem | None) -> None:
        self.bar.show_work(None)
        adding, self._adding = self._adding, ()
        if not adding:
            return
        named = ", ".join(map(str, adding))
        said = (
            f"Added as pair{'s' if len(adding) > 1 else ''}: {named}."
            if state == "done"
            else f"Not added: {state}."
        )
        if what is not None:
            said = f"{what.message} {what.remedy}".strip()
        parts.say(self.answer, said)
        self.answer.show()

    def _render(self) -> None:
        self._job("infer", "--workers", str(self.workers.value()), *self.skip.take())

    def _add(self) -> None:
        found = self.contents
        if not self.add.isEnabled() or not isinstance(found, Render):
            return
        self._job(
            "outliers", "--add-frames", ",".join(str(one) for one in self.list.frames if not found.kept(one))
        )
        self._adding = tuple(one for one in self.list.frames if not found.kept(one))

    def _job(self, *command: str) -> None:
        self.answer.hide()
        self._adding = ()
        self.session.start_job(command, self.kit.signer())
