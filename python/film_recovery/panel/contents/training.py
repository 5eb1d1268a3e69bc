"""Stage 3 as a page shows it: how the network is to be trained, how its training goes, what came of it.

A log of 80 000 steps is read once; after that only what was added to it.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph import epochs
from film_recovery.panel.contents import changes_of, record
from film_recovery.project import FILE, Project, Training, load, paths
from film_recovery.recipes import load as load_recipe

LOG, ASKED = "log.jsonl", "asked.json"
COPYCAT = "copycat"
HELD_OUT = ("psnr", "de00", "sat_ratio_60")
_MOST = 1000  # stretches of a curve, each with its least and its largest value
_PICTURE = re.compile(r"(contact_sheet|preview)_(\d{7,})\.png")
_CHECKPOINT = re.compile(r"step_(\d{7,})\.ckpt")
_COPYCAT_CHECKPOINT = re.compile(r"(?P<run>.+)\.(?P<step>\d+)\.(?P<kind>cat|catnc)")
_COPYCAT_NODE = "CopyCat1"
_NO_VALUES: Mapping[str, Any] = MappingProxyType({})
_NO_PICTURES: Mapping[int, Path] = MappingProxyType({})

Point = tuple[float, float]


@dataclass(frozen=True)
class Run:
    """A training as its folder shows it. ``loss``: thinned, so that it looks the same. ``held_out``: by figure.

    ``step``, ``seconds``: of the last step that was logged. ``sheets``, ``previews``: step → picture. ``checkpoints``:
    steps that can be gone on from. ``a_step``: seconds; 0 while not known. ``settings``: what was asked of it.
    """

    folder: Path
    step: int = 0
    seconds: float = 0.0
    last_loss: float = 0.0
    rate: float = 0.0
    a_step: float = 0.0
    loss: tuple[Point, ...] = ()
    held_out: Mapping[str, tuple[Point, ...]] = field(default_factory=lambda: _NO_VALUES)
    sheets: Mapping[int, Path] = field(default_factory=lambda: _NO_PICTURES)
    previews: Mapping[int, Path] = field(default_factory=lambda: _NO_PICTURES)
    checkpoints: tuple[int, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: _NO_VALUES)

    def is_of(self, training: Training) -> bool:
        """Whether it was asked for with the settings that decide how long a step takes."""
        same = ("size", "patch", "batch")
        return all(self.settings.get(name) == getattr(training, name) for name in same)


@dataclass(frozen=True)
class CopyCat:
    """What Nuke's CopyCat left in its data directory. ``sheets``: pictures in the order of their names.

    ``checkpoints``: file names. ``unopened``: ``.summary`` and others whose form is not known. ``changed``: when the
    last of the sheets was written, for Nuke writes them in place.
    """

    folder: Path
    sheets: tuple[Path, ...] = ()
    checkpoints: tuple[str, ...] = ()
    steps: int = 0
    unopened: tuple[str, ...] = ()
    changed: float = 0.0


@dataclass(frozen=True)
class Model:
    """An exported model and what its card says; ``size`` in bytes."""

    file: Path
    size: int
    card: Mapping[str, Any]


@dataclass(frozen=True)
class Teaching:
    """The page. ``presets``: the recipe's. ``run``: the training that was last at work, or None."""

    project: Project
    presets: Mapping[str, Any]
    run: Run | None
    copycat: CopyCat
    model: Model | None

    @property
    def pairs(self) -> int:
        return len(self.project.pairs)

    def a_step(self, training: Training) -> float:
        """Seconds a step takes, as this project's own training measured them at such settings; 0: not known."""
        return self.run.a_step if self.run is not None and self.run.is_of(training) else 0.0


class Curve:
    """Points that come in order of x, kept as at most ``2 × most`` that look the same as all of them."""

    def __init__(self, most: int = _MOST) -> None:
        self._most, self._stride, self._taken = most, 1, 0
        self._stretches: list[tuple[Point, Point]] = []  # of each the least and the largest value

    def add(self, x: float, y: float) -> None:
        """One more point; what is not finite is left out."""
        if not math.isfinite(y):
            return
        if self._taken % self._stride == 0:
            self._stretches.append(((x, y), (x, y)))
        else:
            least, most = self._stretches[-1]
            self._stretches[-1] = ((x, y) if y < least[1] else least, (x, y) if y > most[1] else most)
        self._taken += 1
        if self._taken == self._stride * self._most * 2:
            both = zip(self._stretches[::2], self._stretches[1::2])
            self._stretches = [
                (min(a[0], b[0], key=lambda one: one[1]), max(a[1], b[1], key=lambda one: one[1]))
                for a, b in both
            ]
            self._stride *= 2

    @property
    def points(self) -> tuple[Point, ...]:
        """In order of x."""
        return tuple(point for ends in self._stretches for point in sorted(set(ends)))


class Log:
    """A ``log.jsonl``, of which each look reads what was added since the one before. Not for two threads at once."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines = 0  # that were parsed, all looks together
        self._begin((0, 0))

    def look(self) -> None:
        """Reads on; from the start where the file is another one, as after a resume.

        Raises FilmRecoveryError for a file that cannot be read.
        """
        try:
            with open(self.file, "rb") as stream:
                status = os.fstat(stream.fileno())
                which = (status.st_dev, status.st_ino)
                if which != self._which or status.st_size < self._at:
                    self._begin(which)
                stream.seek(self._at)
                content = stream.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise FilmRecoveryError(
                f"The training's log cannot be read: {error.strerror}.",
                file=str(self.file),
                remedy="look at its rights",
            ) from error
        whole, end, _ = content.rpartition(b"\n")  # a line that is still being written comes next time
        self._at += len(whole) + len(end)
        for text in whole.split(b"\n"):
            self._take(text)

    def _begin(self, which: tuple[int, int]) -> None:
        self._which, self._at = which, 0
        self.loss = Curve()
        self.held_out: dict[str, Curve] = {}
        self.step, self.seconds, self.last_loss, self.rate = 0, 0.0, 0.0, 0.0
        self._worked, self._steps, self._has_looked = 0.0, 0, False

    @property
    def a_step(self) -> float:
        """Seconds from one step to the next, on the average; looks, which come between, are in no pair of steps."""
        return self._worked / self._steps if self._steps else 0.0

    def _take(self, text: bytes) -> None:
        if not text.startswith(b"{"):
            return
        self.lines += 1
        try:
            line = json.loads(text)
            step, seconds = int(line["step"]), float(line["seconds"])
        except (ValueError, KeyError, TypeError):
            return  # a kill cut it short
        if "loss" in line:
            self.loss.add(step, float(line["loss"]))
            if step == self.step + 1 and self.step and not self._has_looked:
                self._worked += seconds - self.seconds
                self._steps += 1
            self.step, self.last_loss = step, float(line["loss"])
            self.rate = float(line.get("learning_rate") or 0.0)
            self._has_looked = False
        else:
            self._has_looked = True
        self.seconds = seconds
        for name in HELD_OUT:
            value = (line.get("held_out") or {}).get(name)
            if value is not None:
                self.held_out.setdefault(name, Curve()).add(step, float(value))


class Reader:
    """Reads the page again and again; what it knows of a log it keeps. Not for two threads at once."""

    def __init__(self) -> None:
        self._log: Log | None = None
        self._directory: tuple[tuple[float, ...], Path | None] = ((), None)  # of a state of the script
        self.folder: Path | None = None  # of CopyCat's data, where the operator named one

    @property
    def lines(self) -> int:
        """Of the log, that were parsed so far."""
        return 0 if self._log is None else self._log.lines

    def files(self, folder: Path) -> tuple[Path, ...]:
        """What the page depends on. Raises FilmRecoveryError where the project cannot be read."""
        project = load(folder)
        places = paths(project)
        found = [
            folder / FILE,
            places.script,
            places.model,
            places.model.with_suffix(".json"),
            places.training,
        ]
        run = last_run(places.training)
        if run is not None:
            found += [run, run / LOG, run / ASKED, run / "checkpoints"]
        return (*found, self.folder or places.training)

    def read(self, folder: Path) -> Teaching:
        """The page. Raises FilmRecoveryError for a project or a record that cannot be read."""
        project = load(folder)
        places = paths(project)
        run = last_run(places.training)
        stamp = changes_of([places.script])
        if self._directory[0] != stamp:
            self._directory = (stamp, data_directory(places.script))
        data = self.folder or self._directory[1] or places.training
        return Teaching(
            project,
            load_recipe(project.recipe).presets,
            None if run is None else self._run(run),
            copycat(data),
            model(places.model),
        )

    def _run(self, folder: Path) -> Run:
        if self._log is None or self._log.file != folder / LOG:
            self._log = Log(folder / LOG)
        log = self._log
        log.look()
        pictures: dict[str, dict[int, Path]] = {"contact_sheet": {}, "preview": {}}
        for name, step, file in _named(folder, _PICTURE):
            pictures[name][step] = file
        return Run(
            folder,
            log.step,
            log.seconds,
            log.last_loss,
            log.rate,
            log.a_step,
            log.loss.points,
            MappingProxyType({name: curve.points for name, curve in log.held_out.items()}),
            MappingProxyType(dict(sorted(pictures["contact_sheet"].items()))),
            MappingProxyType(dict(sorted(pictures["preview"].items()))),
            tuple(
                sorted(
                    int(found[1])
                    for found in map(_CHECKPOINT.fullmatch, _names(folder / "checkpoints"))
                    if found
                )
            ),
            record(folder / ASKED),
        )


def last_run(training: Path) -> Path | None:
    """The folder of the training that was last at work; None before the first."""
    runs = [training / name for name in _names(training) if name.startswith("run_")]
    return max((run for run in runs if run.is_dir()), key=_changed, default=None)


def data_directory(script: Path) -> Path | None:
    """Where the script's CopyCat keeps its data; None where the script does not say."""
    if not script.is_file():
        return None
    try:
        said = nk.load(script).node(_COPYCAT_NODE).text("dataDirectory")
    except FilmRecoveryError:
        return None  # a damaged script, or one without the node: the checks tell of it
    return Path(os.path.normpath(script.parent / said)) if said else None


def copycat(folder: Path) -> CopyCat:
    """What lies in a data directory. Pictures that are ours, in the folder that it shares with them, are left out."""
    names = sorted(_names(folder), key=_in_order)
    kept = [found for found in map(_COPYCAT_CHECKPOINT.fullmatch, names) if found is not None]
    sheets = tuple(folder / name for name in names if name.endswith(".png") and not _PICTURE.fullmatch(name))
    return CopyCat(
        folder,
        sheets,
        tuple(found[0] for found in kept),
        max((int(found["step"]) for found in kept), default=0),
        tuple(name for name in names if name.endswith((".summary", ".ost"))),
        _changed(sheets[-1]) if sheets else 0.0,
    )


def model(file: Path) -> Model | None:
    """The project's model, where it is there. Raises FilmRecoveryError for a card that cannot be read."""
    card = record(file.with_suffix(".json"))
    try:
        size = file.stat().st_size
    except OSError:
        return None
    return Model(file, size, MappingProxyType(card)) if card else None


def epochs_of(training: Training, pairs: int) -> int:
    """As CopyCat counts; 0 where there is no pair."""
    return epochs(training.steps, pairs, training.batch) if pairs else 0


def steps_of(number: int, batch: int, pairs: int) -> int:
    """The steps that make ``number`` epochs; at least one for any."""
    return max(number * pairs // batch, min(1, number))


def factor(presets: Mapping[str, Any], patch: int) -> float:
    """How many times as many steps a patch needs, as the recipe says."""
    return float(presets["small_patch_factor"]) if patch <= int(presets["small_patch"]) else 1.0


def with_patch(training: Training, patch: int, presets: Mapping[str, Any]) -> int:
    """The steps that follow from another patch."""
    return round(training.steps * factor(presets, patch) / factor(presets, training.patch))


def _named(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, int, Path]]:
    for name in _names(folder):
        found = pattern.fullmatch(name)
        if found is not None:
            yield found[1], int(found[2]), folder / name


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _changed(run: Path) -> int:
    for file in (run / LOG, run):
        try:
            return file.stat().st_mtime_ns
        except OSError:
            continue
    return 0


def _in_order(name: str) -> list[tuple[int, str]]:
    """So that 2 comes before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
