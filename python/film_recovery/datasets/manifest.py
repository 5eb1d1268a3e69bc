"""``manifest.json``: which pair is in which set, why, and the hashes of its files. ``split`` writes it.

Nobody trusts it: whoever opens its sets has every file hashed again. A file that changed stops the work, and so does a
picture of a held-out set that also stands in train.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from film_recovery._files import read_text, write_whole
from film_recovery.datasets.folder import Files, PicturePairs
from film_recovery.datasets.pictures import content_hash
from film_recovery.errors import CheckFailed, FilmRecoveryError

SCHEMA = 1
TRAIN = "train"
HELD_OUT = ("val", "val_colour", "test")
LEFT_OUT = "left_out"
SETS = (TRAIN, *HELD_OUT, LEFT_OUT)
LARGEST = 64 << 20  # bytes: a manifest of fifty thousand pairs is 40 MiB
_NAMED = 5

Progress = Callable[[str, int, int], None]
Hashed = list[tuple[Path, str]]  # files and their content hashes


@dataclass(frozen=True)
class Entry:
    """One pair. ``set``: one of SETS, ``reason``: why it is there. ``source``, ``target``: files, absolute in memory,
    relative to the manifest in the file. ``scene``: the label of the first of those that show the same.
    ``hashes``: perceptual, of both sides. ``failure``: followed by name. ``measures``: what it was picked by."""

    label: str
    set: str
    reason: str
    source: Path
    target: Path
    source_sha256: str
    target_sha256: str
    scene: str
    hashes: tuple[int, int]
    failure: bool = False
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def files(self) -> Files:
        return self.source, self.target

    @property
    def contents(self) -> frozenset[str]:
        return frozenset((self.source_sha256, self.target_sha256))


@dataclass(frozen=True)
class Manifest:
    """``seed``: what chance followed. ``entries``: in the order of their labels."""

    seed: int
    entries: tuple[Entry, ...]

    def of(self, *sets: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.set in sets]

    @property
    def failures(self) -> list[str]:
        return [entry.label for entry in self.entries if entry.failure]

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(entry.set for entry in self.entries)
        return {name: counted[name] for name in SETS}


@dataclass(frozen=True)
class Opened:
    """The sets of a manifest, verified. ``held_out``: val and val_colour together, which a training is measured on;
    ``test`` is for the end. Each may be empty but ``train``."""

    train: PicturePairs
    held_out: PicturePairs
    test: PicturePairs
    failures: tuple[str, ...]


def write(manifest: Manifest, file: Path) -> None:
    """Writes ``file`` whole; equal manifests give equal bytes."""
    home = Path(os.path.abspath(file)).parent
    rows = []
    for entry in manifest.entries:
        row = asdict(entry)
        for side in ("source", "target"):
            row[side] = _relative(getattr(entry, side), home)
        row["hashes"] = [f"{value:016x}" for value in entry.hashes]
        rows.append({key: value for key, value in row.items() if value not in (False, {})})
    content = {"schema": SCHEMA, "seed": manifest.seed, "counts": manifest.counts, "pairs": rows}
    write_whole(file, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read(file: Path) -> Manifest:
    """The manifest in ``file``. Raises FilmRecoveryError naming what is not as it must be."""
    if not file.is_file():
        raise _wrong(file, "There is no such manifest", "name one that film-recovery split has written")
    try:
        content = json.loads(read_text(file, LARGEST))
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"This is not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("pairs"), list):
        raise _wrong(file, "This is no manifest of pairs")
    if content.get("schema") != SCHEMA:
        raise _wrong(
            file, f"The manifest has schema {content.get('schema')!r}, not {SCHEMA}", "update Film Recovery"
        )
    home = Path(os.path.abspath(file)).parent
    entries = tuple(_entry(row, index, home, file) for index, row in enumerate(content["pairs"]))
    twice = [label for label, count in Counter(entry.label for entry in entries).items() if count > 1]
    if twice:
        raise _wrong(file, f"{twice[0]} stands there twice")
    seed = content.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise _wrong(file, f"seed is {seed!r}")
    return Manifest(seed, entries)


def open_sets(file: Path, progress: Progress | None = None) -> Opened:
    """The sets of the manifest in ``file``, every file of them hashed and compared.

    Raises FilmRecoveryError for a file that is missing or has changed, CheckFailed as :func:`guard`.
    """
    manifest = read(file)
    if not manifest.of(TRAIN):
        raise _wrong(file, "No pair is in train", "split again with more pairs")
    verify(manifest.of(TRAIN, *HELD_OUT), file, progress)
    guard(manifest)
    return Opened(
        _pairs(manifest.of(TRAIN)),
        _pairs(manifest.of("val", "val_colour")),
        _pairs(manifest.of("test")),
        tuple(manifest.failures),
    )


def verify(entries: Iterable[Entry], file: Path, progress: Progress | None = None) -> None:
    """Raises FilmRecoveryError when a file of ``entries`` is missing or not the one that was divided."""
    every = list(entries)
    changed = []
    for number, entry in enumerate(every, 1):
        for path, known in zip(entry.files, (entry.source_sha256, entry.target_sha256), strict=True):
            if content_hash(path) != known:
                changed.append(f"{_short(path)} ({entry.set})")
        if progress is not None:
            progress("pairs verified", number, len(every))
    if changed:
        raise FilmRecoveryError(
            f"{len(changed)} pictures are not those that were divided: {_list(changed)}.",
            file=str(file),
            remedy="bring the former pictures back, or split again",
        )


def guard(manifest: Manifest) -> None:
    """Raises CheckFailed when a picture of a held-out set, by content, also stands in train."""
    _guard(_known(manifest.of(TRAIN)), {name: _known(manifest.of(name)) for name in HELD_OUT})


def guard_pairs(
    train: PicturePairs, others: Mapping[str, PicturePairs], progress: Progress | None = None
) -> None:
    """As :func:`guard`, for pairs without a manifest: each set of ``others`` by its name.

    Files are equal only where their sizes are, so those alone are hashed whose size occurs on both sides.
    """
    suspect = _sizes([train]) & _sizes(others.values())
    total = sum(map(len, (train, *others.values())))
    done = 0

    def hashed(pairs: PicturePairs) -> Hashed:
        nonlocal done
        found: Hashed = []
        for files in pairs.files:
            found.extend((file, content_hash(file)) for file in files if _size(file) in suspect)
            done += 1
            if progress is not None:
                progress("pairs compared", done, total)
        return found

    _guard(hashed(train), {name: hashed(pairs) for name, pairs in others.items()})


def _sizes(sets: Iterable[PicturePairs]) -> set[int | None]:
    return {_size(file) for pairs in sets for files in pairs.files for file in files}


def _size(file: Path) -> int | None:
    """Bytes of ``file``; None where it is not there, which whoever hashes it says."""
    try:
        return file.stat().st_size
    except OSError:
        return None


def _guard(train: Hashed, others: Mapping[str, Hashed]) -> None:
    at_home = {known: file for file, known in train}
    found = [
        f"{_short(file)} ({held_out}) is {_short(at_home[known])}"
        for held_out, files in others.items()
        for file, known in files
        if known in at_home
    ]
    if found:
        raise CheckFailed(
            f"{len(found)} held-out pictures are also trained on, by content: {_list(found)}.",
            remedy="take them out of train, or split again: what a model has seen does not measure it",
        )


def _known(entries: Iterable[Entry]) -> Hashed:
    return [
        found
        for entry in entries
        for found in ((entry.source, entry.source_sha256), (entry.target, entry.target_sha256))
    ]


def _short(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _pairs(entries: list[Entry]) -> PicturePairs:
    return PicturePairs([entry.files for entry in entries], labels=[entry.label for entry in entries])


def _entry(row: Any, index: int, home: Path, file: Path) -> Entry:
    if not isinstance(row, dict):
        raise _wrong(file, f"pairs[{index}] is no pair")
    names = {entry.name for entry in fields(Entry)}
    unknown = sorted(row.keys() - names)
    if unknown:
        raise _wrong(file, f"pairs[{index}] has an unknown key {unknown[0]}")
    for name in names - {"hashes", "failure", "measures"}:
        if not isinstance(row.get(name), str) or not row[name]:
            raise _wrong(file, f"pairs[{index}].{name} is {row.get(name)!r}")
    if row["set"] not in SETS:
        raise _wrong(file, f"pairs[{index}].set is {row['set']!r}", f"one of {', '.join(SETS)}")
    hashes = row.get("hashes")
    if not (isinstance(hashes, list) and len(hashes) == 2 and all(_is_hash(value) for value in hashes)):
        raise _wrong(file, f"pairs[{index}].hashes is {hashes!r}")
    if not isinstance(row.get("failure", False), bool) or not isinstance(row.get("measures", {}), dict):
        raise _wrong(file, f"pairs[{index}] has a wrong failure or measures")
    sides = {side: Path(os.path.normpath(home / row[side])) for side in ("source", "target")}
    return Entry(**{**row, **sides, "hashes": (int(hashes[0], 16), int(hashes[1], 16))})


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 16 and set(value) <= set("0123456789abcdef")


def _relative(file: Path, home: Path) -> str:
    try:
        return Path(os.path.relpath(file, home)).as_posix()
    except ValueError:  # on another drive
        return file.as_posix()


def _list(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _wrong(file: Path, problem: str, remedy: str = "") -> FilmRecoveryError:
    return FilmRecoveryError(
        f"{problem}.", file=str(file), remedy=remedy or "split again; a manifest is not edited by hand"
    )
