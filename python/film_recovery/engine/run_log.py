"""What a training says of itself, step by step: for a program, a spreadsheet and TensorBoard.

``log.jsonl`` has a line a step (step, loss, its terms, learning_rate, seconds) and a line a look (step, held_out).
``log.csv`` has the same as a table, the figures on held-out pairs in columns of their own. Where tensorboardX is
installed, ``tensorboard/`` has the same as curves. After a kill all three go on at the step that was kept.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement

_FLUSH_AFTER = 2.0  # seconds: how far TensorBoard lags behind
HELD_OUT = ("psnr", "de00", "sat_ratio_60")


class Log:
    """The logs in ``folder`` from ``first`` (steps that are done) on: later lines, of a run that was killed, go.

    ``terms``: names of the terms of the loss. Raises FilmRecoveryError when the disk is full.
    """

    def __init__(self, folder: Path, first: int, terms: Iterable[str]) -> None:
        self.file, self.table = folder / "log.jsonl", folder / "log.csv"
        kept = [line for line in read_log(self.file) if line["step"] <= first]
        self.started = time.monotonic() - max((line["seconds"] for line in kept), default=0.0)
        self.columns = (
            "step",
            "loss",
            *(f"loss {name}" for name in terms),
            "learning_rate",
            "seconds",
            *(f"held-out {name}" for name in HELD_OUT),
        )
        _write(self.file, "".join(json.dumps(line) + "\n" for line in kept))
        _write(self.table, _csv([self.columns, *map(self._row, kept)]))
        self.curves = _curves(folder / "tensorboard", first)

    @property
    def seconds(self) -> float:
        """Of this training, the runs that it continues included."""
        return round(time.monotonic() - self.started, 3)

    def write(self, step: int, **figures: Any) -> None:
        """Adds a line to each. Raises FilmRecoveryError when the disk is full."""
        line = {"step": step, **figures, "seconds": self.seconds}
        self._add(self.file, json.dumps(line, allow_nan=False) + "\n")
        self._add(self.table, _csv([self._row(line)]))
        if self.curves is not None:
            self.curves.write(step, _values(line))

    def close(self) -> None:
        if self.curves is not None:
            self.curves.close()

    def _row(self, line: Mapping[str, Any]) -> list[Any]:
        values = _values(line)
        return [values.get(name, "") for name in self.columns]

    def _add(self, file: Path, text: str) -> None:
        with _explained(file), open(file, "a", encoding="utf-8", newline="") as stream:
            stream.write(text)


def read_log(file: Path) -> list[dict[str, Any]]:
    """The lines of a ``log.jsonl``; a last line that a kill cut short is left out. [] without the file."""
    if not file.exists():
        return []
    lines = file.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line.startswith(b"{") and line.endswith(b"}")]


def curves_can_be_written() -> bool:
    """Whether TensorBoard's curves are written too: tensorboardX is installed."""
    return find_spec("tensorboardX") is not None


def _values(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of ``log.jsonl`` as the table's columns."""
    found = {name: line[name] for name in ("step", "loss", "learning_rate", "seconds") if name in line}
    found |= {f"loss {name}": value for name, value in line.get("terms", {}).items()}
    return found | {f"held-out {name}": value for name, value in line.get("held_out", {}).items()}


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write(file: Path, text: str) -> None:
    with replacement(file, create_directories=True) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FilmRecoveryError(
            f"The training's log cannot be written: {error.strerror}.",
            file=str(file),
            remedy="free space on its disk, then resume",
        ) from error


class _Curves:
    """TensorBoard's file of this run, written here and not in a thread, so that a full disk stops the training."""

    def __init__(self, folder: Path, first: int) -> None:
        from tensorboardX import RecordWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        self.event = Event
        self.file = folder / f"events.out.tfevents.{time.time_ns() // 1000}.{first}"
        with _explained(self.file):
            folder.mkdir(parents=True, exist_ok=True)
            self.records = RecordWriter(str(self.file))
        self._add(file_version="brain.Event:2")
        if first:  # TensorBoard then drops what an earlier file says of the steps that come again
            self._add(step=first + 1, session_log=SessionLog(status=SessionLog.START))
        self._flush()

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        from tensorboardX.proto.summary_pb2 import Summary

        shown = [
            Summary.Value(tag=name.replace(" ", "/", 1), simple_value=value)
            for name, value in values.items()
            if name not in ("step", "seconds")
        ]
        self._add(step=step, summary=Summary(value=shown))
        if time.monotonic() > self.flushed + _FLUSH_AFTER:
            self._flush()

    def close(self) -> None:
        with _explained(self.file):
            self.records.close()

    def _add(self, **content: Any) -> None:
        with _explained(self.file):
            self.records.write(self.event(wall_time=time.time(), **content).SerializeToString())

    def _flush(self) -> None:
        with _explained(self.file):
            self.records.flush()
        self.flushed = time.monotonic()


def _curves(folder: Path, first: int) -> _Curves | None:
    return _Curves(folder, first) if curves_can_be_written() else None
