"""A delivery as a BagIt bag (RFC 8493): the files under ``data/``, each with its SHA-256 in ``manifest-sha256.txt``.

Any archive's tools can check it, and so can ``sha256sum --check manifest-sha256.txt``. It takes its name when all of it
is there; files are hashed while they are copied, and the copy of a frame has to be the frame that the provenance is of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from film_recovery._files import explained, maker_of, read_text, sync_folder, temporary_prefix
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
    for name, file in files.items():
        _refuse_name(name, file)
    if os.path.lexists(bag):
        raise FilmRecoveryError(
            "The bag exists already; a delivery is never changed.",
            remedy="name another folder",
            file=str(bag),
        )
    with explained(bag.parent, "made"):
        bag.parent.mkdir(parents=True, exist_ok=True)
    _clear_unfinished(bag.parent)
    _refuse_without_room(files, bag)
    with _new_folder(bag) as place:
        manifest: dict[str, str] = {}
        size = 0
        for done, (name, file) in enumerate(sorted(files.items()), 1):
            sha256, taken = _copied(file, place / "data" / name)
            if wanted.get(name, sha256) != sha256:
                raise FilmRecoveryError(
                    f"{file.name} is not the one that its provenance is of.",
                    remedy="film-recovery verify says what changed; render it again",
                    file=str(file),
                )
            manifest[f"data/{name}"] = sha256
            size += taken
            if progress:
                progress("deliver", done, len(files))
        about = {**info, "Payload-Oxum": f"{size}.{len(manifest)}"}
        tags = {
            DECLARATION: _DECLARED,
            INFO: "".join(f"{key}: {_one_line(value)}\n" for key, value in about.items() if value),
            MANIFEST: _lines(manifest),
        }
        for name, text in tags.items():
            _write(place / name, text)
        hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tags.items()}
        _write(place / TAG_MANIFEST, _lines(hashes))
    return bag


def is_inside(place: Path) -> bool:
    """Whether ``place`` is a bag or lies in one."""
    return any((one / DECLARATION).is_file() for one in (place, *place.absolute().parents))


def count(bag: Path) -> int:
    """How many files the bag's manifest names."""
    return len(_read(bag / MANIFEST))


def findings(bag: Path, progress: Progress | None = None) -> tuple[BagFinding, ...]:
    """What of the bag is not as its manifests say: payload and tag files. Raises FilmRecoveryError for no bag."""
    if not (bag / DECLARATION).is_file() or not (bag / MANIFEST).is_file():
        raise FilmRecoveryError(
            "The folder is no BagIt bag.", remedy="name the delivery's folder", file=str(bag)
        )
    found = []
    listed: dict[str, str] = {}
    for manifest in (MANIFEST, TAG_MANIFEST):
        if (bag / manifest).is_file():
            listed.update(_read(bag / manifest))
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
    with explained(file, "read"), file.open("rb") as source, target.open("xb") as copy:
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


def _hash(file: Path) -> str:
    with explained(file, "read"), file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _new_folder(bag: Path) -> Iterator[Path]:
    """A folder beside ``bag`` that takes its name in the end, and goes on failure."""
    place = bag.parent / f"{temporary_prefix()}{os.urandom(6).hex()}"
    with explained(place, "made"):
        (place / "data").mkdir(parents=True)
    try:
        yield place
        with explained(bag, "written"):
            os.rename(place, bag)
        sync_folder(bag.parent)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


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
    """Removes the bags that ended processes of this computer left unfinished in ``folder``; through no link."""
    with explained(folder, "read"):
        left = [place for place in folder.iterdir() if maker_of(place.name) is not None]
    for place in left:
        maker = maker_of(place.name)
        if maker is not None and not alive(maker, "") and place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)


def _refuse_without_room(files: Mapping[str, Path], bag: Path) -> None:
    needed = 0
    for file in files.values():
        with explained(file, "read"):
            needed += file.stat().st_size
    free = shutil.disk_usage(bag.parent).free
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
