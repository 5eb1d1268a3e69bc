"""Whether the frames, the model and the pairs are still those that the provenance is of; what changed, by its name.

Its words are held against the headers of the frames, which the hashes of these bind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.reading import read_header
from film_recovery.imaging.sequence import Sequence
from film_recovery.provenance.bag import is_inside
from film_recovery.provenance.origin import of_header
from film_recovery.provenance.sealing import (
    JSON,
    Bound,
    Seal,
    content_hash,
    read_seal,
    seal_beside,
    stem_of,
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Finding:
    """``kind``: frame, header, model, script or pair. ``state``: changed, missing or unknown (a file that nobody
    sealed); of a header other (than the provenance) or unreadable.

    ``name``: of the frame, or of the pair; ``file``: where it is, or should be. ``expected``: it may change, for the
    work goes on: the model and the script of a project, which a delivery has copies of."""

    kind: str
    state: str
    name: str
    file: str
    expected: bool = False

    @property
    def text(self) -> str:
        """In words."""
        said = {
            "changed": "is not the one that the provenance is of",
            "missing": "is not there",
            "unknown": "was not there when the provenance was written",
            "other": "does not say what the provenance says",
            "unreadable": "cannot be read",
        }
        return f"The {self.kind} {self.name} {said[self.state]}."


@dataclass(frozen=True)
class Verified:
    """``file``: the sidecar. ``findings``: all that is wrong, or *expected*. ``elsewhere``: what could not be looked
    at, because it does not lie here, such as the scans of a delivery that holds the masters alone. ``looked_at``: how
    many were."""

    file: Path
    seal: Seal
    findings: tuple[Finding, ...]
    elsewhere: tuple[Finding, ...]
    looked_at: int

    @property
    def intact(self) -> bool:
        return all(one.expected for one in self.findings)


def seals(place: Path) -> list[Path]:
    """The JSON sidecars in the folder ``place``, or below it, in order; ``place`` itself; or that of its frames, where
    it is a pattern such as ``masters/shot.####.exr``. Raises FilmRecoveryError where there is none."""
    if place.is_dir():
        found = sorted(place.rglob(f"*{JSON}"))
    else:
        beside = place.parent / f"{stem_of(place.name)}{JSON}"
        if not place.is_file():
            seal_beside(place.name, place.parent)  # refuses that of another sequence
        found = [file for file in (place, beside) if file.is_file()][:1]
    if not found:
        raise FilmRecoveryError(
            "There is no provenance.",
            remedy="name a folder of masters, or write it: film-recovery deliver",
            file=str(place),
        )
    return found


def verify(file: Path, progress: Progress | None = None) -> Verified:
    """Reads every frame beside the sidecar ``file``, with its header, and whatever else it names.

    A file of a pair, the script or the model that is not there is *elsewhere*; a frame that is not there is missing;
    one of the same sequence that was not sealed, between the first and the last that were, is unknown. Outside of a
    bag the model and the script may change. Raises FilmRecoveryError for a damaged sidecar.
    """
    folder = file.parent
    goes_on = not is_inside(folder)
    seal = read_seal(file)
    found: list[Finding] = []
    elsewhere: list[Finding] = []
    total = len(seal.frames) + len(list(_named(seal)))
    done = 0
    for name, sha256 in seal.frames.items():
        found += _compared("frame", name, folder / name, sha256) or _denied(seal, name, folder / name)
        done += 1
        if progress:
            progress("verify", done, total)
    for kind, name, one in _named(seal):
        for finding in _compared(kind, name, folder / one.path, one.sha256):
            told = replace(finding, expected=goes_on and kind in ("model", "script"))
            (elsewhere if finding.state == "missing" else found).append(told)
        done += 1
        if progress:
            progress("verify", done, total)
    found += _unsealed(seal, folder)
    return Verified(file, seal, tuple(found), tuple(elsewhere), done - len(elsewhere))


def _named(seal: Seal) -> Iterator[tuple[str, str, Bound]]:
    """Everything bound beside the frames: kind, what it is called, and the file."""
    if seal.model is not None:
        yield "model", Path(seal.model.path).name, seal.model
    if seal.script is not None:
        yield "script", Path(seal.script.path).name, seal.script
    for name, files in seal.pairs.items():
        for one in files:
            yield "pair", f"{name} ({Path(one.path).name})", one


def _compared(kind: str, name: str, file: Path, sha256: str) -> list[Finding]:
    if not os.path.isfile(file):  # False also for what is no path of this system
        return [Finding(kind, "missing", name, str(file))]
    return [] if content_hash(file) == sha256 else [Finding(kind, "changed", name, str(file))]


def _denied(seal: Seal, name: str, file: Path) -> list[Finding]:
    """Where the header of a frame, which is the sealed one, says something else than the provenance."""
    try:
        header = of_header(read_header(file).metadata)
    except FilmRecoveryError:
        return [Finding("header", "unreadable", f"of {name}", str(file))]
    denied = seal.origin.denied_by(header)
    told = ", ".join(f"{key} “{said}”, not “{here}”" for key, (said, here) in denied.items())
    return [Finding("header", "other", f"of {name} ({told})", str(file))] if denied else []


def _unsealed(seal: Seal, folder: Path) -> list[Finding]:
    """Frames of the sequence that nobody sealed, from the first to the last that were: what lies before or after is
    other work."""
    sequence = Sequence.parse((folder / seal.sequence).as_posix())
    if sequence.is_still:
        return []
    present = {number: sequence.path(number) for number in sequence.frames()}
    numbers = _numbers(seal)
    return [
        Finding("frame", "unknown", file.name, str(file))
        for number, file in present.items()
        if file.name not in seal.frames and numbers and min(numbers) < number < max(numbers)
    ]


def _numbers(seal: Seal) -> list[int]:
    """Those of the sealed frames, by their names: whatever the range says that is told of them."""
    parts = Sequence.parse(seal.sequence).parts
    if parts is None:
        return []
    head, _, tail = parts
    words = [name[len(head) : len(name) - len(tail)] for name in seal.frames]
    return [int(word) for word in words if re.fullmatch(r"-?\d+", word, re.ASCII)]
