"""A training as one YAML file: what ``train --config`` reads and what a training's folder keeps of how it was made.

Paths are relative to the file. Everything that is missing or wrong is said at once, before the first step. Fields of
``learning.settings.Settings`` stand beside the others under their own names.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from film_recovery._files import read_text
from film_recovery._yaml import yaml
from film_recovery.datasets import manifest as manifests
from film_recovery.datasets.folder import FolderPairs, PicturePairs, matched
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.lock import RECIPES
from film_recovery.learning.settings import Settings, for_recipe
from film_recovery.project.document import LARGEST, Document, ProjectFileError, parse
from film_recovery.project.readers import Reader, WrongValue, choice, integer, number, several, table, text

Sides = tuple[Path, Path]  # the folders of inputs and of targets
Place = Path | Sides | None

_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")  # YAML 1.1 takes 1e-3 for a word
_HEAD = "# A training of Film Recovery: film-recovery train --config THIS_FILE. Paths are relative to this file.\n"


class TrainingConfigError(FilmRecoveryError):
    """What is missing or wrong in a training's file, or its options. ``problems``: each with its line and remedy."""

    def __init__(self, problems: list[str], file: str | None = None) -> None:
        self.problems = tuple(problems)
        one = len(problems) == 1
        message = problems[0] if one else "".join(f"\n  {problem}" for problem in problems)
        head = "" if one else f"{len(problems)} things are missing or wrong:"
        remedy = "correct them in the file, then start again" if file else "correct them, then start again"
        super().__init__(head + message, remedy=remedy, file=file)


@dataclass(frozen=True)
class TrainingConfig:
    """What to train on (one of ``pairs``, ``manifest``, ``script``), what, and where to.

    ``pairs``: a folder of pairs, or two folders. ``manifest``: of ``split``; its val and val_colour are measured on.
    ``script``, ``node``: a CopyCat node. ``held_out``: pairs that only measure. ``recipe``: "" for that of the
    script. ``out``: the folder of the training. ``model``: the file to write, None for one in ``out``. ``finetune``:
    weights to start from. ``gravity``: photographs in which up stays up. ``max_hours``: None for no limit. The
    ``…_every``: None for the usual. ``device``: "" for the usual. ``settings``: fields of Settings that are given.
    All paths are absolute here.
    """

    pairs: Place = None
    manifest: Path | None = None
    script: Path | None = None
    node: str = "CopyCat1"
    held_out: Place = None
    recipe: str = ""
    out: Path | None = None
    model: Path | None = None
    finetune: Path | None = None
    gravity: bool = False
    max_hours: float | None = None
    device: str = ""
    look_every: int | None = None
    sheet_every: int | None = None
    checkpoint_every: int | None = None
    milestone_every: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.settings.items()
        }
        object.__setattr__(self, "settings", plain)

    def settings_for(self, recipe: str) -> Settings | None:
        """All settings of the network, with the defaults of ``recipe``; None where only the closed form is wanted."""
        given = dict(self.settings)
        steps = given.pop("steps", 0)
        return for_recipe(recipe, steps, gravity=self.gravity, **given) if steps else None

    def open_pairs(
        self, progress: manifests.Progress | None = None
    ) -> tuple[PicturePairs, PicturePairs | None]:
        """Pairs to train on, and those that only measure. No picture may be in both, by content.

        Raises CheckFailed where one is, FilmRecoveryError for files that changed since they were divided. Not for a
        ``script``.
        """
        if self.manifest is not None and self.held_out is not None:
            raise FilmRecoveryError(
                "Held-out pairs are given beside a manifest, which holds out its own.",
                remedy="give one of the two",
            )
        if self.manifest is not None:
            opened = manifests.open_sets(self.manifest, progress)
            return opened.train, opened.held_out if len(opened.held_out) else None
        if self.pairs is None:
            raise ValueError("the pairs of a script come from its CopyCat node")
        train = pairs_at(self.pairs)
        if self.held_out is None:
            return train, None
        held_out = pairs_at(self.held_out)
        manifests.guard_pairs(train, {"held_out": held_out}, progress)
        return train, held_out


def pairs_at(place: Path | Sides) -> PicturePairs:
    """The pairs in a folder, or in two folders."""
    return FolderPairs(place) if isinstance(place, Path) else PicturePairs(matched(*place))


def load(file: Path, unchecked: Sequence[str] = ()) -> TrainingConfig:
    """The training in ``file``; the paths named in ``unchecked`` need not exist.

    Raises TrainingConfigError with all that is missing or wrong.
    """
    if not file.is_file():
        raise FilmRecoveryError(
            "The training's file does not exist.", file=str(file), remedy="check the path of --config"
        )
    try:
        document = parse(read_text(file, LARGEST), str(file))
    except ProjectFileError as error:
        place = f"line {error.where['line']}: " if "line" in error.where else ""
        message = error.message.replace("project file", "training's file")
        raise TrainingConfigError([f"{place}{message}"], str(file)) from error
    problems: list[str] = []
    config = _read(document, Path(os.path.abspath(file)).parent, problems)
    problems += missing(config, document)
    _check_places(config, document, problems, unchecked)
    _check_settings(config, document, problems)
    if problems:
        raise TrainingConfigError(problems, str(file))
    return config


def wrong(config: TrainingConfig) -> list[str]:
    """All that is wrong in what the options of ``train`` say, beside what is :func:`missing`."""
    problems: list[str] = []
    for name, reader in _OWN.items():
        value = getattr(config, name)
        if name not in _PLACES and value not in (None, ""):
            try:
                reader(value, _key(None, name))
            except WrongValue as error:
                problems.append(error.message)
    _check_places(config, None, problems)
    _check_settings(config, None, problems)
    return problems


def dump(config: TrainingConfig, file: Path) -> str:
    """The text of ``file`` for ``config``, which :func:`load` reads back as it was."""
    home = Path(os.path.abspath(file)).parent
    content: dict[str, Any] = {}
    for entry in dataclasses.fields(TrainingConfig):
        value = getattr(config, entry.name)
        if entry.name == "settings" or value == entry.default:
            continue
        content[entry.name] = _plain(value, home)
    for name, value in config.settings.items():
        is_path = name in _PATHS and value
        content[name] = _plain(Path(value), home) if is_path else _plain(value, home)
    body: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return _HEAD + body


def _plain(value: Any, home: Path) -> Any:
    if isinstance(value, Path):
        return _relative(value, home)
    if isinstance(value, tuple) and value and isinstance(value[0], Path):
        return {name: _relative(side, home) for name, side in zip(_SIDES, value, strict=True)}
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _relative(path: Path, home: Path) -> str:
    try:
        return Path(os.path.relpath(path, home)).as_posix()
    except ValueError:  # on another drive
        return path.as_posix()


def _boolean(value: Any, key: str) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(key, f"{key} is {value!r}; expected true or false.", "give true or false")
    return value


def _exponents(reader: Reader) -> Reader:
    """Also takes 1e-3, which YAML reads as a word."""

    def read(value: Any, key: str) -> Any:
        is_number = isinstance(value, str) and _EXPONENT.fullmatch(value)
        return reader(float(value) if is_number else value, key)

    return read


def _path(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongValue(key, f"{key} is {value!r}; expected a path.", "give a path, relative to this file")
    return value


def _place(value: Any, key: str) -> Any:
    """A folder, or ``{source: …, target: …}``."""
    if not isinstance(value, Mapping):
        return _path(value, key)
    if set(value) != set(_SIDES):
        raise WrongValue(key, f"{key} has {', '.join(value)}.", "give one folder, or source and target")
    return tuple(_path(value[name], f"{key}.{name}") for name in _SIDES)


_SIDES = ("source", "target")
_number = _exponents(number())
_OWN: dict[str, Reader] = {
    "pairs": _place,
    "manifest": _path,
    "script": _path,
    "node": text(r"\S+", "the name of a node"),
    "held_out": _place,
    "recipe": choice(RECIPES),
    "out": _path,
    "model": _path,
    "finetune": _path,
    "gravity": _boolean,
    "max_hours": _exponents(number(0)),
    "device": text(),
    "look_every": integer(1),
    "sheet_every": integer(0),
    "checkpoint_every": integer(1),
    "milestone_every": integer(1),
}
_PLACES = ("pairs", "manifest", "script", "held_out", "out", "model", "finetune")
_PATHS = ("perceptual",)  # fields of Settings that name a file
_BY_TYPE: dict[Any, Reader] = {
    int: integer(),
    float: _number,
    bool: _boolean,
    str: text(),
    tuple[float, float]: several(_number, 2),
    tuple[int, ...]: several(integer(1)),
    Mapping[str, float]: table(_number),
}


def _readers() -> dict[str, Reader]:
    """A reader for every key; those of Settings by their types."""
    types = get_type_hints(Settings)
    return {**_OWN, **{entry.name: _BY_TYPE[types[entry.name]] for entry in dataclasses.fields(Settings)}}


def _read(document: Document, home: Path, problems: list[str]) -> TrainingConfig:
    readers = _readers()
    own: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, given in document.data.items():
        if name not in readers:
            near = difflib.get_close_matches(name, readers, 1)
            hint = f"did you mean {near[0]}?" if near else "remove it"
            problems.append(f"{_line(document, name)}there is no key {name}; {hint}")
            continue
        try:
            value = readers[name](given, name)
        except WrongValue as error:
            problems.append(f"{_line(document, error.key)}{error.message}")
            continue
        if name in _PLACES:
            value = (
                tuple(_absolute(home, side) for side in value)
                if isinstance(value, tuple)
                else _absolute(home, value)
            )
        if name in _PATHS and value:
            value = str(_absolute(home, value))
        (own if name in _OWN else settings)[name] = value
    return TrainingConfig(**own, settings=settings)


def _absolute(home: Path, path: str) -> Path:
    return Path(os.path.abspath(home / path))


def missing(config: TrainingConfig, document: Document | None = None) -> list[str]:
    """What does not say enough, or too much, in a training's file, or without one in the options of ``train``."""

    def has(name: str) -> bool:
        return bool(getattr(config, name)) if document is None else name in document.data

    problems: list[str] = []
    sources = ("pairs", "manifest", "script")
    given = [name for name in sources if has(name)]
    if len(given) != 1:
        keys = " and ".join(_key(document, name) for name in given)
        what = f"{keys} are given" if given else "there is nothing to train on"
        problems.append(f"{what}; name one of {', '.join(_key(document, name) for name in sources)}")
    if "script" not in given and not has("recipe"):
        problems.append(f"{_key(document, 'recipe')} is missing; give one of {', '.join(RECIPES)}")
    if document is None:
        if "script" not in given and not has("out") and not has("model"):
            problems.append("--out is missing; name the folder of this training, or the --model to write")
    elif not has("out"):
        problems.append("out is missing; name the folder of this training")
    if config.held_out is not None and config.manifest is not None:
        held, manifest = _key(document, "held_out"), _key(document, "manifest")
        problems.append(
            f"{_line(document, 'held_out')}{held} is given beside {manifest}, which holds out its own"
        )
    if _needs_held_out(config) and config.held_out is None and config.manifest is None:
        problems.append(
            f"{_line(document, 'ceiling')}{_key(document, 'ceiling')}: the training goes on while held-out pairs"
            f" improve, and none are held out; add {_key(document, 'held_out')}, or leave the ceiling out"
        )
    return problems


def _needs_held_out(config: TrainingConfig) -> bool:
    steps, ceiling = (config.settings.get(name) or 0 for name in ("steps", "ceiling"))
    return bool(0 < steps < ceiling)


def _check_places(
    config: TrainingConfig, document: Document | None, problems: list[str], unchecked: Sequence[str] = ()
) -> None:
    def tried(name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except FilmRecoveryError as error:
            problems.append(f"{_line(document, name)}{_key(document, name)}: {error}")

    for name in ("pairs", "held_out"):
        place = getattr(config, name)
        if place is not None:
            tried(name, lambda place=place: pairs_at(place))  # type: ignore[misc]
    if config.manifest is not None:
        path = config.manifest
        tried("manifest", lambda: manifests.read(path))
    for name in ("script", "finetune", *_PATHS):
        value = config.settings.get(name) if name in _PATHS else getattr(config, name)
        if value and name not in unchecked and not Path(value).is_file():
            problems.append(f"{_line(document, name)}{_key(document, name)}: there is no file {value}")
    if config.out is not None and config.out.is_file():
        problems.append(
            f"{_line(document, 'out')}{_key(document, 'out')}: {config.out} is a file, not a folder"
        )


def _check_settings(config: TrainingConfig, document: Document | None, problems: list[str]) -> None:
    """Each setting by itself, so that all that is wrong is found; then, if each is right, all together."""
    if document is not None and config.settings and "steps" not in config.settings:
        problems.append("steps is missing; give how many the network trains, or 0 for the closed form only")
    before = len(problems)
    alone = {name: value for name, value in config.settings.items() if name not in _TOGETHER}
    for name, value in alone.items():
        if name == "steps" and value == 0:
            continue  # the closed form only
        try:
            Settings(**{"steps": 1, name: value})
        except FilmRecoveryError as error:
            problems.append(f"{_line(document, name)}{error}")
    lost = any(config.settings.get(name) and not Path(config.settings[name]).is_file() for name in _PATHS)
    if len(problems) > before or lost or not config.settings.get("steps"):
        return
    try:
        config.settings_for(config.recipe) if config.recipe else Settings(**config.settings)
    except FilmRecoveryError as error:
        problems.append(str(error))


# What is right or wrong only beside another.
_TOGETHER = (
    "jitter",
    "jitter_exposure",
    "jitter_contrast",
    "loss",
    *_PATHS,
    "perceptual_sha256",
)


def _key(document: Document | None, name: str) -> str:
    """What the operator knows ``name`` by: the key of a file, or the option."""
    return name if document is not None else f"--{name.replace('_', '-')}"


def _line(document: Document | None, key: str) -> str:
    line = None if document is None else document.line(key)
    return "" if line is None else f"line {line}: "
