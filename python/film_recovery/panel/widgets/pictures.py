"""Pictures for the pages: asked of an engine of their own, decoded off the main thread, kept while there is room.

Measuring a long film may keep the session's engine for minutes, so pictures have one for themselves. Whoever paints
asks :meth:`Pictures.of` each time; what is not there yet is on its way, and ``came`` says when it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from film_recovery.panel.qt import QtCore, QtGui, Signal
from film_recovery.panel.widgets.background import Background
from film_recovery.panel.widgets.service import STOPPED, Service

_ROOM = 256 << 20  # bytes of decoded pictures
_WAITING = 64  # requests; what was wanted before these has been scrolled away
_AT_ONCE = 2  # with the engine: one that it works on, one that waits there


@dataclass(frozen=True)
class Wanted:
    """One picture. ``file`` (with ``####`` and ``frame`` a sequence's), or ``node`` of the project's script at
    ``frame``. ``size``: of its longest side in pixels. ``stamp``: another one, another picture: what else decides it.
    A ``file`` that is a PNG already and has no ``frame`` is read as it is."""

    file: str = ""
    frame: int | None = None
    size: int = 320
    colourspace: str = ""
    node: str = ""
    stamp: tuple[float, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether nothing has to be made of it."""
        return self.frame is None and self.file.lower().endswith(".png") and not self.colourspace

    def words(self, project: Path) -> list[str]:
        """The request to the engine."""
        frame = [] if self.frame is None else ["--frame", str(self.frame)]
        space = ["--colourspace", self.colourspace] if self.colourspace else []
        what = ["--node", self.node] if self.node else ["--", self.file]
        return ["thumbnail", *frame, "--size", str(self.size), *space, "--project", str(project), *what]


class Pictures(QtCore.QObject):
    """Of one project at a time. ``came``: one that was asked for is there, or cannot be (:meth:`problem` says why)."""

    came = Signal(object)

    def __init__(self, background: Background, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._service = Service(self)
        self._project = Path()
        self._kept: OrderedDict[Wanted, QtGui.QImage] = OrderedDict()
        self._bytes = 0
        self._problems: dict[Wanted, str] = {}
        self._waiting: OrderedDict[Wanted, None] = OrderedDict()
        self._asked: dict[Wanted, int] = {}  # by a number of our own: the same may be asked for again
        self._ids: dict[int, int] = {}  # number → the service's
        self._again: set[Wanted] = set()
        self._count = 0
        self._soon = QtCore.QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._ask)

    def show_project(self, folder: Path) -> None:
        """Another project: nothing is known of its pictures."""
        for id in self._ids.values():
            self._service.cancel(id)
        self._ids.clear()
        self._again.clear()
        self._project = folder
        self._kept.clear()
        self._problems.clear()
        self._waiting.clear()
        self._asked.clear()
        self._bytes = 0

    def of(self, wanted: Wanted) -> QtGui.QImage | None:
        """The picture; None while it is on its way, or where it cannot be made."""
        found = self._kept.get(wanted)
        if found is not None:
            self._kept.move_to_end(wanted)
        elif wanted not in self._problems and wanted not in self._asked:
            self._waiting[wanted] = None
            self._waiting.move_to_end(wanted)
            while len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
            self._ask()
        return found

    @property
    def busy(self) -> bool:
        """Whether a picture is on its way."""
        return bool(self._asked or self._waiting)

    def problem(self, wanted: Wanted) -> str:
        """Why it cannot be made; empty where it can."""
        return self._problems.get(wanted, "")

    def ask(
        self, words: Sequence[str], heard: Callable[[dict[str, Any]], None], ended: Callable[[int], None]
    ) -> None:
        """Another short question about the project, to this engine, which measuring does not keep busy."""
        self._service.ask([*words, "--project", str(self._project)], heard, ended)

    def close(self) -> None:
        """Ends the engine."""
        self._waiting.clear()
        self._service.close()

    # Inside

    def _ask(self) -> None:
        while self._waiting and len(self._asked) < _AT_ONCE:
            wanted, _ = self._waiting.popitem()  # the last that was asked for is what is looked at
            self._count += 1
            number = self._asked[wanted] = self._count
            if wanted.is_ready:
                self._decode(wanted, number, wanted.file)
                continue
            self._ids[number] = self._service.ask(
                wanted.words(self._project),
                partial(self._heard, wanted, number),
                partial(self._ended, wanted, number),
            )

    def _heard(self, wanted: Wanted, number: int, event: Mapping[str, Any]) -> None:
        if event.get("event") == "result" and event.get("file"):
            self._decode(wanted, number, str(event["file"]))
        elif event.get("event") == "error":
            self._done(wanted, number, None, str(event.get("message")))

    def _ended(self, wanted: Wanted, number: int, code: int) -> None:
        self._ids.pop(number, None)
        if code == STOPPED and self._asked.get(wanted) == number and wanted not in self._again:
            # Its engine died, perhaps of another picture: it is asked for once more, of the next engine.
            self._again.add(wanted)
            del self._asked[wanted]
            self._waiting[wanted] = None
            self._soon.start()
        elif code != 0:
            self._done(wanted, number, None, "The engine could not make it.")

    def _decode(self, wanted: Wanted, number: int, file: str) -> None:
        def work() -> QtGui.QImage:
            return QtGui.QImage(file)

        def done(image: QtGui.QImage) -> None:
            self._done(wanted, number, image, f"{file} cannot be read." if image.isNull() else "")

        self._background.run(work, done, lambda error: self._done(wanted, number, None, str(error)))

    def _done(self, wanted: Wanted, number: int, image: QtGui.QImage | None, why: str) -> None:
        if self._asked.get(wanted) != number:
            return  # of a request that nobody waits for any more
        del self._asked[wanted]
        if image is None or image.isNull():
            self._problems[wanted] = why
        else:
            self._kept[wanted] = image
            self._bytes += image.sizeInBytes()
            while self._bytes > _ROOM and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].sizeInBytes()
        self.came.emit(wanted)
        self._ask()
