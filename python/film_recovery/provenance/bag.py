"""A delivery as a BagIt bag (RFC 8493): the files under ``data/``, each with its SHA-256 in ``manifest-sha256.txt``.

Any archive's tools can check it, and so can ``sha256sum --check manifest-sha256.txt``. It takes its name when all of it
is there; files are hashed while they are copied, and the copy of a frame has to be the frame that the provenance is of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from film_recovery._files import explained, maker_of, read_text, sync_folder, temporary_prefix, unless_held
from film_recovery._hashes import sha256_of
from film_recovery._process import alive
from film_recovery.errors import FilmRecoveryError

MANIFEST, TAG_MANIFEST, INFO, DECLARATION = (
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
    "bag-info.txt",
    "bagit.txt",
)
_DECLARED = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_PIECE = 1 << 22  # bytes
_LIMIT = 1 << 28
_ROOM = 1.02  # of what is copied: file systems take a little more
_LOCK = ".lock"  # beside a bag that is being made, held for as long as somebody makes it

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class BagFinding:
    """``name``: in the bag. ``state``: changed, missing, or unknown (a file that the manifest has not)."""

    name: str
    state: str


def pack(
    files: Mapping[str, Path],
    bag: Path,
    info: Mapping[str, str],
    expected: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Copies ``files`` (name under ``data/``, with forward slashes → where it is) into the new bag ``bag``.

    ``info``: what bag-info.txt says beside the size. ``expected``: name → SHA-256 that its copy must have. Raises
    FilmRecoveryError for a bag that exists, a name that leaves ``data/`` or is no UTF-8, too little room on the disk, a
    file that cannot be read, or that is not the expected one; nothing is left then. What a killed process left
    unfinished beside the bag goes first.
    """
    wanted = dict(expected or {})
    foresee(files, bag)
    with explained(bag.parent, "made"):
        bag.parent.mkdir(parents=True, exist_ok=True)
    with _new_folder(bag) as place:
        manifest: dict[str, str] = {}
        sizes: dict[str, int] = {}
        for done, (name, file) in enumerate(sorted(files.items()), 1):
            sha256, taken = _copied(file, place / "data" / name)
            if wanted.get(name, sha256) != sha256:
                raise FilmRecoveryError(
                    f"{file.name} is not the one that its provenance is of.",
                    remedy="film-recovery verify says what changed; render it again",
                    file=str(file),
                )
            manifest[f"data/{name}"], sizes[f"data/{name}"] = sha256, taken
            if progress:
                progress("deliver", done, len(files))
        about = {**info, "Payload-Oxum": f"{sum(sizes.values())}.{len(manifest)}"}
        tags = {
            DECLARATION: _DECLARED,
            INFO: "".join(f"{key}: {_one_line(value)}\n" for key, value in about.items() if value),
            MANIFEST: _lines(manifest),
        }
        for name, text in tags.items():
            _write(place / name, text)
        hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tags.items()}
        _write(place / TAG_MANIFEST, _lines(hashes))
        _refuse_incomplete(place, sizes)
    return bag


def foresee(files: Mapping[str, Path], bag: Path) -> None:
    """What can be said before anything is read: raises as :func:`pack` does for a bag that exists, a name that no
    bag can hold, and too little room, which what a killed process left unfinished does not take."""
    for name, file in files.items():
        _refuse_name(name, file)
    if os.path.lexists(bag):
        raise FilmRecoveryError(
            "The bag exists already; a delivery is never changed.",
            remedy="name another folder",
            file=str(bag),
        )
    if bag.parent.is_dir():
        _clear_unfinished(bag.parent)
    _refuse_without_room(files, bag)


def is_bag(place: Path) -> bool:
    """Whether ``place`` is a bag, also where it has lost one of the files that make it one."""
    return any((place / name).is_file() for name in (DECLARATION, MANIFEST, TAG_MANIFEST))


def is_inside(place: Path) -> bool:
    """Whether ``place`` is a bag or lies in one."""
    return any(is_bag(one) for one in (place, *place.absolute().parents))


def count(bag: Path) -> int:
    """How many files the bag's manifest names."""
    return len(_read(bag / MANIFEST))


def findings(bag: Path, progress: Progress | None = None) -> tuple[BagFinding, ...]:
    """What of the bag is not as its manifests say: payload and tag files. Raises FilmRecoveryError for no bag."""
    if not is_bag(bag):
        raise FilmRecoveryError(
            "The folder is no BagIt bag.", remedy="name the delivery's folder", file=str(bag)
        )
    listed: dict[str, str] = {}
    for manifest in (MANIFEST, TAG_MANIFEST):
        if (bag / manifest).is_file():
            listed.update(_read(bag / manifest))
    parts = {DECLARATION, MANIFEST, TAG_MANIFEST} - set(listed)
    found = [BagFinding(name, "missing") for name in parts if not (bag / name).is_file()]
    for done, (name, sha256) in enumerate(sorted(listed.items()), 1):
        file = bag / name
        if not file.is_file():
            found.append(BagFinding(name, "missing"))
        elif _hash(file) != sha256:
            found.append(BagFinding(name, "changed"))
        if progress:
            progress("verify", done, len(listed))
    for place, _, names in os.walk(bag / "data"):
        for name in names:
            inside = (Path(place) / name).relative_to(bag).as_posix()
            if inside not in listed:
                found.append(BagFinding(inside, "unknown"))
    return tuple(sorted(found, key=lambda one: one.name))


def _copied(file: Path, target: Path) -> tuple[str, int]:
    """SHA-256 and size of what was copied."""
    digest, size = hashlib.sha256(), 0
    with explained(target, "written"):
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = target.open("xb")
    with copy, explained(file, "read"), file.open("rb") as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            _put(copy, piece, target)
        with explained(target, "written"):
            copy.flush()
            os.fsync(copy.fileno())
    return digest.hexdigest(), size


def _put(copy: BinaryIO, piece: bytes, target: Path) -> None:
    with explained(target, "written"):
        copy.write(piece)


def _refuse_incomplete(place: Path, sizes: Mapping[str, int]) -> None:
    """Whatever was copied has to be there still when the bag takes its name: another program may have cleared it."""
    for name, size in sizes.items():
        file = place / name
        if not file.is_file() or file.stat().st_size != size:
            raise FilmRecoveryError(
                f"{name} was copied, and is not in the delivery any more: something else cleared it away.",
                remedy="deliver again, into a folder where no other program works",
                file=str(file),
            )


def _hash(file: Path) -> str:
    with explained(file, "read"):
        return sha256_of(file)


@contextmanager
def _new_folder(bag: Path) -> Iterator[Path]:
    """A folder beside ``bag`` that takes its name in the end, and goes on failure."""
    place = bag.parent / f"{temporary_prefix()}{os.urandom(6).hex()}"
    try:
        with _locked(place):
            with explained(place, "made"):
                (place / "data").mkdir(parents=True)
            yield place
            with explained(bag, "written"):
                os.rename(place, bag)
                sync_folder(bag.parent)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        _unlocked(place)


@contextmanager
def _locked(place: Path) -> Iterator[bool]:
    """Holds the lock on the unfinished bag ``place``; gives False where somebody else does, or none can be had."""
    file = place.with_name(place.name + _LOCK)
    with explained(file, "made"):
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with unless_held(handle) as mine:
            yield mine
    finally:
        os.close(handle)


def _unlocked(place: Path) -> None:
    """Takes away what the lock was on, once it is let go: Windows removes no open file."""
    with suppress(OSError):
        place.with_name(place.name + _LOCK).unlink()


def _refuse_name(name: str, file: Path) -> None:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise FilmRecoveryError(f"{name!r} is no place in a bag.", remedy="give a name relative to it")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FilmRecoveryError(
            f"The name {name!a} holds a byte that is no text, so no manifest can name it.",
            remedy="rename the file",
            file=os.fspath(file).encode("utf-8", "backslashreplace").decode(),
        ) from error


def _clear_unfinished(folder: Path) -> None:
    """Removes the bags that ended processes of this computer left unfinished in ``folder``; through no link.

    A container has the host's name and numbers of its own, so that a process which is at work may look ended: nothing
    goes whose lock somebody holds."""
    with explained(folder, "read"):
        left = [place for place in folder.iterdir() if maker_of(place.name) is not None]
    for place in left:
        maker = maker_of(place.name)
        if maker is None or alive(maker, "") or place.is_symlink():
            continue
        with suppress(FilmRecoveryError):  # a lock of another user's is nobody's to try
            _clear(place.with_name(place.name.removesuffix(_LOCK)))


def _clear(bag: Path) -> None:
    with _locked(bag) as mine:
        if not mine:
            return
        if bag.is_dir() and not bag.is_symlink():
            shutil.rmtree(bag, ignore_errors=True)
    _unlocked(bag)


def _refuse_without_room(files: Mapping[str, Path], bag: Path) -> None:
    needed = 0
    for file in files.values():
        with explained(file, "read"):
            needed += file.stat().st_size
    with explained(bag, "made"):
        free = shutil.disk_usage(next(one for one in bag.absolute().parents if one.is_dir())).free
    if needed * _ROOM > free:
        raise FilmRecoveryError(
            f"The delivery needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
            remedy="name a folder on a larger disk",
            file=str(bag),
        )


def _lines(hashes: Mapping[str, str]) -> str:
    """As ``sha256sum`` prints them; what would break a line is written as RFC 8493 (2.1.3) says."""
    return "".join(f"{sha256}  {_escaped(name)}\n" for name, sha256 in sorted(hashes.items()))


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _read(manifest: Path) -> dict[str, str]:
    found = {}
    # Only a line feed ends a line: a name may hold what else Python would split at, such as U+2028.
    lines = read_text(manifest, _LIMIT).split("\n")
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, 1):
        sha256, _, name = line.removesuffix("\r").partition("  ")
        name = name.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        if (
            len(sha256) != 64
            or not name
            or ".." in PurePosixPath(name).parts
            or PurePosixPath(name).is_absolute()
        ):
            raise FilmRecoveryError(
                "A line of the manifest is not “SHA-256, two spaces, name”.",
                remedy="fetch the delivery again",
                file=str(manifest),
                line=number,
            )
        found[name] = sha256
    return found


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _write(path: Path, text: str) -> None:
    with explained(path, "written"), path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
