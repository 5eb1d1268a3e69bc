"""Pairs from two folders, one file a picture, matched by their names: ``source/`` and ``target/``, ``lq/`` and ``gt/``.

Thousands of pairs: listing reads names only; a picture is read when it is asked for. What fits into memory stays.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from film_recovery.datasets.decoded import Decoded
from film_recovery.datasets.pictures import SUFFIXES, UPRIGHT, is_linear, read_picture
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_header
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.pairs import Opened, Pair, Parts

LAYOUTS = (("source", "target"), ("lq", "gt"))
ROOM = 1 << 30  # bytes of pixels that stay in memory
_NAMED = 5  # files that a message lists

Files = tuple[Path, Path]  # source and target


class PicturePairs:
    """Pairs of files (a PairSource). A pair is read when it is asked for; ``labels`` are unique.

    The first pairs that fit into ``room`` bytes stay in memory and the others are read each time: a training asks
    for every pair once before it asks for any again, and then a cache that lets the oldest go never has the next.
    With ``decoded``, set when a training begins, those are decoded once and kept on disk. Several threads may ask.
    """

    def __init__(self, files: Sequence[Files], *, labels: Sequence[str] = (), room: int = ROOM) -> None:
        self.files = list(files)
        self.labels = list(labels) or [source.stem for source, _ in self.files]
        self._kept: dict[int, Pair] = {}
        self._room = room
        self._accounts = threading.Lock()
        self.decoded: Decoded | None = None

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int, /) -> Pair:
        """The pair at ``index``, values as in :func:`pictures.read_picture`.

        Raises FilmRecoveryError naming the file that cannot be read, or both when their sizes differ.
        """
        found = self.opened(index)
        if isinstance(found, Pair):
            return found
        everything = (slice(None), slice(None))
        return Pair(found.input[everything], found.truth[everything], self.labels[index])

    def opened(self, index: int, /) -> Opened:
        """The pair at ``index``: in memory, or its sides on disk, of which parts are read. Errors as above."""
        if index in self._kept:
            return self._kept[index]
        keys = [file_key(file) for file in self.files[index]] if self.decoded is not None else []
        if self.decoded is not None:
            sides = [self.decoded.find(key) for key in keys]
            if sides[0] is not None and sides[1] is not None:
                return Parts(sides[0], sides[1])
        given, truth = (read_picture(file) for file in self.files[index])
        if given.shape != truth.shape:
            raise _different_sizes(self.files[index], given, truth)
        pair = Pair(given, truth, self.labels[index])
        if not self._keeps(index, pair) and self.decoded is not None:
            for key, side in zip(keys, (given, truth), strict=True):
                self.decoded.keep(key, side)
        return pair

    def _keeps(self, index: int, pair: Pair) -> bool:
        """Whether ``pair`` stays in memory."""
        size = pair.input.nbytes + pair.truth.nbytes
        with self._accounts:
            if index not in self._kept and size <= self._room:
                self._room -= size
                self._kept[index] = pair
            return index in self._kept

    def key(self, index: int, /) -> str:
        """What changes when a file of the pair does (:func:`file_key`); no picture is read."""
        return "-".join(file_key(file) for file in self.files[index])

    @property
    def curve(self) -> str:
        """``srgb`` where all values are scene-linear (EXR), ``none`` where all are encoded.

        Raises FilmRecoveryError, naming a file of each kind, where both occur.
        """
        linear: dict[bool, Path] = {}
        for file in (file for pair in self.files for file in pair):
            linear.setdefault(is_linear(file), file)
        if len(linear) > 1:
            raise FilmRecoveryError(
                f"{linear[True].name} holds scene-linear values, {linear[False].name} encoded ones.",
                file=str(linear[True]),
                remedy="save all pictures in one domain: all as EXR, or none",
            )
        return "srgb" if True in linear else "none"


class FolderPairs(PicturePairs):
    """The pairs in ``folder``: ``source/NAME.*`` with ``target/NAME.*`` (or ``lq``, ``gt``), in the order of names.

    Raises FilmRecoveryError naming the files that have no partner, two files of one name, or a missing folder.
    """

    def __init__(self, folder: Path, *, room: int = ROOM) -> None:
        self.folder = folder
        super().__init__(matched(*sides_of(folder)), room=room)


def file_key(file: Path) -> str:
    """Path, size and time of the last change of ``file``, as a short hash; "missing" where it is not there.

    A file that was changed without a change of size and time is taken for what it was.
    """
    try:
        found = file.stat()
    except OSError:
        return "missing"
    told = f"{os.path.abspath(file)}\n{found.st_size}\n{found.st_mtime_ns}"
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def sides_of(folder: Path) -> Files:
    """The folders of inputs and targets in ``folder``."""
    if not folder.is_dir():
        raise FilmRecoveryError(
            f"There is no folder {folder.name}.", file=str(folder), remedy="check the path of the pairs"
        )
    there = [layout for layout in LAYOUTS if any((folder / name).is_dir() for name in layout)]
    if len(there) > 1:
        raise FilmRecoveryError(
            f"The folder holds {', '.join('/ '.join(layout) + '/' for layout in there)}: two sets of pairs.",
            file=str(folder),
            remedy="keep one of the two, or give each a folder of its own",
        )
    source, target = there[0] if there else LAYOUTS[0]
    return folder / source, folder / target


def matched(source: Path, target: Path) -> list[Files]:
    """The pictures of two folders that have the same name, in the order of these. Errors as FolderPairs."""
    sides = [_pictures(side) for side in (source, target)]
    for here, there in ((0, 1), (1, 0)):
        alone = [file.name for stem, file in sides[here].items() if stem not in sides[there]]
        if alone:
            name = (source, target)[there]
            raise FilmRecoveryError(
                f"{len(alone)} pictures have no partner in {name.name}: {', '.join(alone[:_NAMED])}"
                f"{' …' if len(alone) > _NAMED else ''}.",
                file=str(name),
                remedy="give both pictures of a pair the same name, and remove those without a partner",
            )
    if not sides[0]:
        raise FilmRecoveryError(
            "There are no pictures in this folder.",
            file=str(source),
            remedy=f"put pictures there: {' '.join(SUFFIXES)}",
        )
    return [(sides[0][stem], sides[1][stem]) for stem in sorted(sides[0])]


def _pictures(folder: Path) -> dict[str, Path]:
    """The pictures in ``folder`` by stem. Hidden files and files of other kinds are passed over."""
    if not folder.is_dir():
        raise FilmRecoveryError(
            f"There is no folder {folder.name}.",
            file=str(folder),
            remedy="a folder of pairs holds source/ and target/, or lq/ and gt/",
        )
    found: dict[str, Path] = {}
    for name in sorted(entry.name for entry in os.scandir(folder) if entry.is_file()):
        stem, suffix = os.path.splitext(name)
        if suffix.lower() not in SUFFIXES or name.startswith("."):
            continue
        if stem in found:
            raise FilmRecoveryError(
                f"{found[stem].name} and {name} have the same name.",
                file=str(folder / name),
                remedy="keep one of them",
            )
        found[stem] = folder / name
    return found


def _different_sizes(files: Files, given: Pixels, truth: Pixels) -> FilmRecoveryError:
    sides = zip(files, (given, truth), strict=True)
    sizes = [f"{file.parent.name}/{file.name} is {side.shape[1]} × {side.shape[0]}" for file, side in sides]
    noted = [file.name for file in files if read_header(file).orientation != UPRIGHT]
    turn = f" ({', '.join(noted)} was turned as its EXIF orientation says)" if noted else ""
    return FilmRecoveryError(
        f"The sides of a pair differ in size: {sizes[0]}, {sizes[1]}{turn}.",
        file=str(files[1]),
        remedy="save both sides upright, in one size, with the same crop",
    )
