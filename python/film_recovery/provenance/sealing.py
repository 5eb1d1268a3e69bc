"""The provenance beside a sequence of masters: ``NAME.provenance.json`` for programs, ``.txt`` for people.

Every frame is bound to it by SHA-256, and so are the model, the script and the files of every pair; so whatever
changed since can be named (``verifying``). Both are written whole, the JSON last: it is what counts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from film_recovery import __version__
from film_recovery._files import explained, read_text, write_whole
from film_recovery._hashes import sha256_of
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.imaging.sequence import Sequence
from film_recovery.provenance.origin import HEADER, Origin
from film_recovery.provenance.source_types import source_types

SCHEMA = "film-recovery-provenance/1"
JSON, TEXT = ".provenance.json", ".provenance.txt"
_LIMIT = 1 << 28  # bytes: a million frames take a tenth of it
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Bound:
    """A file and its SHA-256. ``path``: from the folder of the sidecar, with forward slashes; absolute outside of the
    project."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Foreign:
    """Frames that another program rendered, and that somebody accepted all the same.

    ``names``: of the frames. ``by``, ``why``: who accepted them, in what words. ``unsaid``: the attributes of
    ``origin.HEADER`` that the header of at least one of them does not have.
    """

    names: tuple[str, ...]
    by: str
    why: str
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seal:
    """What the sidecars say. ``sequence``: the pattern of the frames' names, ``shot_v001.####.exr``. ``frames``: name →
    SHA-256, of the sidecar's own folder. ``frame_range``: ``1001-1100``. ``foreign``: those of them that others made.

    ``model``, ``script``: None where there is none. ``pairs``: what a pair is called → its files. ``engine``: what else
    made the frames, name → version. ``graph``: a digest of the nodes that made them, as the ledger's of an iteration;
    empty where there is no project. ``notes``: the operator's reasoning and whatever a reader should know.
    """

    origin: Origin
    sequence: str
    frames: Mapping[str, str]
    frame_range: str = ""
    model: Bound | None = None
    script: Bound | None = None
    pairs: Mapping[str, tuple[Bound, ...]] = field(default_factory=lambda: _NOTHING)
    engine: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    notes: str = ""
    foreign: Foreign | None = None
    graph: str = ""

    @property
    def stem(self) -> str:
        """What the sidecars are called, before their ends."""
        return stem_of(self.sequence)

    @property
    def digest(self) -> str:
        """Over all frames, as :func:`digest_of`."""
        return digest_of(self.frames)


def digest_of(frames: Mapping[str, str]) -> str:
    """SHA-256 over a line ``<SHA-256>  <name>`` for each of ``frames`` (name → SHA-256), in order of their names."""
    lines = "".join(f"{frames[name]}  {name}\n" for name in sorted(frames))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def stem_of(sequence: str) -> str:
    """What the sidecars of the frames ``shot_v001.####.exr`` (or ``%04d``) are called, before their ends: what stands
    before the number, and after it, without the file's own end: of ``eye_####_L.exr`` ``eye__L``."""
    parts = Sequence.parse(sequence).parts
    head, tail = (sequence, "") if parts is None else (parts[0], parts[2])
    after = tail.rpartition(".")[0] if "." in tail else tail
    return f"{head.rstrip('.')}{after}" or "masters"


def is_same(sequence: str, other: str) -> bool:
    """Whether both patterns are of the same frames, ``####`` or ``%04d``, of whatever width."""
    one, two = Sequence.parse(sequence).parts, Sequence.parse(other).parts
    return sequence == other if one is None or two is None else (one[0], one[2]) == (two[0], two[2])


def seal_beside(sequence: str, folder: Path) -> Seal | None:
    """The provenance of the frames ``sequence`` that lies in ``folder``; None where there is none.

    Raises FilmRecoveryError as :func:`read_seal`, and for one of other frames whose sidecar has the same name."""
    file = folder / f"{stem_of(sequence)}{JSON}"
    if not file.is_file():
        return None
    seal = read_seal(file)
    _refuse_another(file, seal.sequence, sequence)
    return seal


def disagreements(seal: Seal, frames: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """The frames of ``seal`` that are not in ``folder`` any more, or that ``frames`` (name → SHA-256) has otherwise."""
    return tuple(
        name
        for name, sha256 in seal.frames.items()
        if (frames[name] != sha256 if name in frames else not (folder / name).is_file())
    )


def bound(path: Path, folder: Path, home: Path) -> Bound:
    """The file as it is now, named as :func:`seen_from`. Raises FilmRecoveryError where it cannot be read."""
    return Bound(seen_from(path, folder, home), content_hash(path))


def content_hash(path: Path) -> str:
    """SHA-256 of the file's bytes. Raises FilmRecoveryError where it cannot be read."""
    with explained(path, "read"):
        return sha256_of(path)


def seen_from(path: Path, folder: Path, home: Path) -> str:
    """``path`` from ``folder`` where it lies in ``home``, which is moved and delivered as a whole; else absolute."""
    here, whole = Path(os.path.abspath(path)), Path(os.path.abspath(home))
    if whole not in here.parents:
        return here.as_posix()
    return Path(os.path.relpath(here, os.path.abspath(folder))).as_posix()


def write_seal(seal: Seal, folder: Path) -> tuple[Path, Path]:
    """Writes both sidecars into ``folder``, in place of earlier ones of the same sequence. Raises FilmRecoveryError as
    ``write_whole``, and where those of another one have their name."""
    text, data = folder / f"{seal.stem}{TEXT}", folder / f"{seal.stem}{JSON}"
    if data.is_file() and (before := _sequence_in(data)):
        _refuse_another(data, before, seal.sequence)
    write_whole(text, _text(seal))
    content = {"schema": SCHEMA, "made_by": f"film-recovery {__version__}", **asdict_of(seal)}
    write_whole(data, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return data, text


def asdict_of(seal: Seal) -> dict[str, Any]:
    """JSON values: all fields, and the digest over the frames."""
    return {
        "origin": asdict(seal.origin),
        "sequence": seal.sequence,
        "frames": dict(seal.frames),
        "frames_digest": seal.digest,
        "frame_range": seal.frame_range,
        "model": None if seal.model is None else asdict(seal.model),
        "script": None if seal.script is None else asdict(seal.script),
        "pairs": {name: [asdict(one) for one in files] for name, files in seal.pairs.items()},
        "engine": dict(seal.engine),
        "notes": seal.notes,
        "foreign": None if seal.foreign is None else asdict(seal.foreign),
        "graph": seal.graph,
    }


def read_seal(file: Path) -> Seal:
    """The seal in a JSON sidecar. Raises FilmRecoveryError for a file that is damaged or of another kind, and for
    one whose frames are not those that its digest is of."""
    text = read_text(file, _LIMIT)
    try:
        content = json.loads(text)
        if content["schema"] != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        origin = Origin(**{one.name: _word(content["origin"][one.name]) for one in fields(Origin)})
        seal = Seal(
            origin,
            _name(content["sequence"]),
            {_name(name): _sha256(value) for name, value in content["frames"].items()},
            _range(content["frame_range"]),
            _bound(content["model"]),
            _bound(content["script"]),
            {_word(name): _several(files) for name, files in content["pairs"].items()},
            {_word(name): _word(value) for name, value in content["engine"].items()},
            _word(content["notes"]),
            _foreign(content["foreign"]),
            _word(content.get("graph", "")),  # one of an older version does not say it
        )
        if not seal.frames:
            raise ValueError("it names no frame")
        if content["frames_digest"] != seal.digest:
            raise ValueError("its list of frames was changed: it is not the one that its digest is of")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise FilmRecoveryError(
            f"The provenance cannot be used: {reason}.",
            remedy="put the file back from the delivery, or write it anew: film-recovery deliver",
            file=str(file),
        ) from error
    return seal


def _sequence_in(file: Path) -> str:
    """The sequence that the sidecar ``file`` says it is of; empty for one so damaged that it says nothing."""
    try:
        return _name(json.loads(read_text(file, _LIMIT))["sequence"])
    except (FilmRecoveryError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _refuse_another(file: Path, sequence: str, wanted: str) -> None:
    if not is_same(sequence, wanted):
        raise FilmRecoveryError(
            f"{file.name} is the provenance of other frames, {sequence}, and {wanted} would share its name.",
            remedy="keep the two sequences in folders of their own, or name their frames otherwise",
            file=str(file),
        )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _range(value: Any) -> str:
    word = _word(value)
    try:
        parse_frames(word or "0")
    except FilmRecoveryError as error:
        raise ValueError(f"{word[:80]!r} are no frames") from error
    return word


def _name(value: Any) -> str:
    name = _word(value)
    if not name or Path(name).name != name:
        raise ValueError(f"{name!r} is no name of a frame beside it")
    return name


def _sha256(value: Any) -> str:
    word = _word(value)
    if len(word) != 64 or set(word) - set("0123456789abcdef"):
        raise ValueError(f"{word[:80]!r} is no SHA-256")
    return word


def _bound(value: Any) -> Bound | None:
    return None if value is None else Bound(_word(value["path"]), _sha256(value["sha256"]))


def _foreign(value: Any) -> Foreign | None:
    if value is None:
        return None
    names, unsaid = (tuple(_word(one) for one in value[key]) for key in ("names", "unsaid"))
    return Foreign(names, _word(value["by"]), _word(value["why"]), unsaid)


def _several(values: Any) -> tuple[Bound, ...]:
    found = tuple(_bound(value) for value in values)
    return tuple(one for one in found if one is not None)


def _text(seal: Seal) -> str:
    """For a reader: what the header says, what is bound, and the frames as ``sha256sum --check`` reads them.

    Nothing that somebody typed begins a line, so that none of it can pass for one of a frame.
    """
    origin = seal.origin
    terms = source_types()
    lines = ["PROVENANCE OF THE FRAMES IN THIS FOLDER", ""]
    lines += [_row(key, getattr(origin, name) or "-") for key, name in HEADER.items()]
    if origin.source_type in terms:
        term = terms[origin.source_type]
        lines += [_row("", f"{term.title} ({term.uri})")]
    lines += ["", _row("Frames", f"{seal.frame_range or '-'} ({len(seal.frames)} files)")]
    lines += [_row("SHA-256 over all", seal.digest), *_of_others(seal.foreign)]
    for name, one in (("Model", seal.model), ("Script", seal.script)):
        if one is not None:
            lines += [_row(name, one.path), _row("", f"SHA-256 {one.sha256}")]
    lines += [_row(name, version) for name, version in seal.engine.items()]
    lines += ["", f"Pairs that the model was trained on: {len(seal.pairs)}"]
    for name, files in seal.pairs.items():
        lines += [
            f"  {_one_line(name)}",
            *(f"    {_one_line(one.path)}, SHA-256 {one.sha256}" for one in files),
        ]
    if seal.notes:
        lines += ["", "Notes", *(f"| {line}" for line in seal.notes.splitlines())]
    lines += ["", "Each frame, as sha256sum checks it:", ""]
    lines += [f"{seal.frames[name]}  {name}" for name in sorted(seal.frames)]
    return "\n".join(lines) + "\n"


def _of_others(foreign: Foreign | None) -> list[str]:
    if foreign is None:
        return []
    many = f"{len(foreign.names)} frames that another program rendered: {', '.join(foreign.names)}"
    unsaid = f"their headers do not all say {', '.join(foreign.unsaid)}" if foreign.unsaid else ""
    rows = [many, f"accepted by {foreign.by}: {foreign.why}", unsaid]
    return ["", *(_row("Foreign" if row == many else "", row) for row in rows if row), ""]


def _row(name: str, value: str) -> str:
    return f"{_one_line(name):<24}{_one_line(value)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def hashed(files: Iterable[Path]) -> dict[str, str]:
    """Name → SHA-256 of each frame. Raises FilmRecoveryError naming the one that cannot be read."""
    return {file.name: content_hash(file) for file in files}
