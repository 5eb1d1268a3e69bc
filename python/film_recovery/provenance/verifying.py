"""Whether the frames, the model and the pairs are still those that the provenance is of; what changed, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.imaging.sequence import Sequence
from film_recovery.provenance.bag import is_inside
from film_recovery.provenance.sealing import JSON, Bound, Seal, content_hash, read_seal, stem_of

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Finding:
    """``kind``: frame, model, script or pair. ``state``: changed, missing or unknown (a file that nobody sealed).

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
        found = [file for file in (place, beside) if file.is_file()][:1]
    if not found:
        raise FilmRecoveryError(
            "There is no provenance.",
            remedy="name a folder of masters, or write it: film-recovery deliver",
            file=str(place),
        )
    return found


def verify(file: Path, progress: Progress | None = None) -> Verified:
    """Reads every frame beside the sidecar ``file``, and whatever else it names.

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
        found += _compared("frame", name, folder / name, sha256)
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
    if not file.is_file():
        return [Finding(kind, "missing", name, str(file))]
    return [] if content_hash(file) == sha256 else [Finding(kind, "changed", name, str(file))]


def _unsealed(seal: Seal, folder: Path) -> list[Finding]:
    """Frames of the sequence that nobody sealed, from the first to the last that were: what lies before or after is
    other work."""
    numbers = parse_frames(seal.frame_range) if seal.frame_range else []
    if not numbers:
        return []
    sequence = Sequence.parse((folder / seal.sequence).as_posix(), min(numbers), max(numbers))
    present = [sequence.path(number) for number in sequence.frames()]
    return [
        Finding("frame", "unknown", file.name, str(file)) for file in present if file.name not in seal.frames
    ]
