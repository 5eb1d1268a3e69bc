"""Whether the frames, the model and the pairs are still those that the provenance is of; what changed, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.sequence import Sequence
from film_recovery.provenance.sealing import JSON, Bound, Seal, content_hash, read_seal

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Finding:
    """``kind``: frame, model, script or pair. ``state``: changed, missing or unknown (a file that nobody sealed).

    ``name``: of the frame, or of the pair; ``file``: where it is, or should be."""

    kind: str
    state: str
    name: str
    file: str

    @property
    def text(self) -> str:
        """In words."""
        said = {
            "changed": "is not the one that was delivered",
            "missing": "is not there",
            "unknown": "was not there when the provenance was written",
        }
        return f"The {self.kind} {self.name} {said[self.state]}."


@dataclass(frozen=True)
class Verified:
    """``file``: the sidecar. ``findings``: all that is wrong. ``elsewhere``: what could not be looked at, because it
    does not lie here, such as the scans of a delivery that holds the masters alone. ``looked_at``: how many were."""

    file: Path
    seal: Seal
    findings: tuple[Finding, ...]
    elsewhere: tuple[Finding, ...]
    looked_at: int

    @property
    def intact(self) -> bool:
        return not self.findings


def seals(folder: Path) -> list[Path]:
    """The JSON sidecars in ``folder``, or below it, in order. Raises FilmRecoveryError where there is none."""
    found = sorted(folder.rglob(f"*{JSON}")) if folder.is_dir() else [folder] if folder.is_file() else []
    if not found:
        raise FilmRecoveryError(
            "There is no provenance.",
            remedy="name a folder of masters, or write it: film-recovery deliver",
            file=str(folder),
        )
    return found


def verify(file: Path, progress: Progress | None = None) -> Verified:
    """Reads every frame beside the sidecar ``file``, and whatever else it names.

    A file of a pair, the script or the model that is not there is *elsewhere*, a frame that is not there is missing,
    and one of the same sequence that was not sealed is unknown. Raises FilmRecoveryError for a damaged sidecar.
    """
    folder = file.parent
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
            (elsewhere if finding.state == "missing" else found).append(finding)
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
    """Frames of the sequence that nobody sealed."""
    sequence = Sequence.parse((folder / seal.sequence).as_posix())
    present = [sequence.path(number) for number in sequence.frames()]
    return [
        Finding("frame", "unknown", file.name, str(file)) for file in present if file.name not in seal.frames
    ]
