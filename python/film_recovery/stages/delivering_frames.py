"""The delivery of a sequence of no project: what its frames say of themselves, and the provenance beside them.

Nothing is written beside the frames, which may be anybody's; the bag gets what is made.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from film_recovery import __version__
from film_recovery.errors import CheckFailed, UsageError
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.reading import read_header
from film_recovery.imaging.sequence import Sequence
from film_recovery.protection import keep_apart, keep_apart_from
from film_recovery.provenance.bag import foresee, pack
from film_recovery.provenance.origin import Origin, of_header
from film_recovery.provenance.sealing import (
    JSON,
    TEXT,
    Foreign,
    Seal,
    content_hash,
    disagreements,
    seal_beside,
    stem_of,
    write_seal,
)
from film_recovery.provenance.source_types import source_type as term_of
from film_recovery.rendering.record import CHANGED, FOREIGN, Record
from film_recovery.rendering.render import today
from film_recovery.stages.delivering import Accepted, Delivered, Part
from film_recovery.stages.provenance import Master, Progress, refuse_states

_MASTERS = "masters"  # their folder in the bag


def deliver_frames(
    pattern: str,
    out: Path,
    source_type: str = "",
    accepted: Accepted | None = None,
    progress: Progress | None = None,
) -> Delivered:
    """All frames of ``pattern`` as the new bag ``out``, with their sidecars.

    Those that lie beside them count, with who accepts frames of another program now added; where there are none, they
    are made of what the headers say. ``source_type``: the choice of IPTC's term, where none was made yet. Raises
    CheckFailed for frames that are not those of their provenance or say something else than it, changed since they
    were rendered, of another program and not accepted, or that do not all say the same; where no term was chosen, or
    another one than is said already. FilmRecoveryError as ``provenance.bag.pack``, and for a word that is no term.
    """
    out = Path(os.path.abspath(out))
    sequence = Sequence.parse(os.path.abspath(pattern))
    numbers = sequence.frames()
    if not numbers:
        raise UsageError(f"There is no frame of {pattern}.", remedy="check the path and the number of #")
    keep_apart(out, sequence.folder, "where the frames lie", file=str(out))
    keep_apart_from(map(sequence.path, numbers), out, "where the frames lie", file=str(out))
    foresee({f"{_MASTERS}/{sequence.path(one).name}": sequence.path(one) for one in numbers}, out)
    found = _looked_at(sequence, numbers, None if progress is None else partial(progress, "provenance"))
    refuse_states(found, (CHANGED,) if accepted else (CHANGED, FOREIGN))
    others = tuple(one for one in found if one.state == FOREIGN)
    frames = {one.file.name: one.sha256 for one in found}
    name = Path(sequence.pattern).name
    beside = [sequence.folder / f"{stem_of(name)}{end}" for end in (JSON, TEXT)]
    earlier = seal_beside(name, sequence.folder)
    with tempfile.TemporaryDirectory(prefix="film-recovery-") as made:
        if earlier is not None:
            seal = _as_sealed(earlier, found, frames, beside[0], source_type)
            seal = replace(seal, foreign=_foreign(others, accepted, seal.foreign))
            kept = seal == earlier and all(file.is_file() for file in beside)
            sidecars = beside if kept else list(write_seal(seal, Path(made)))
        else:
            seal = Seal(
                _origin(found, source_type),
                name,
                frames,
                format_frames(numbers),
                engine={"film-recovery": __version__},
                foreign=_foreign(others, accepted, None),
            )
            sidecars = list(write_seal(seal, Path(made)))
        files = {f"{_MASTERS}/{file.name}": file for file in (*sidecars, *(one.file for one in found))}
        expected = {f"{_MASTERS}/{name}": sha256 for name, sha256 in frames.items()}
        expected |= {f"{_MASTERS}/{file.name}": content_hash(file) for file in sidecars}
        bag = pack(files, out, _about(seal), expected, progress)
    return Delivered(bag, seal.origin.unsaid, (Part(sequence.folder, len(others), ()),))


def _looked_at(
    sequence: Sequence, numbers: list[int], progress: Callable[[int, int], None] | None
) -> tuple[Master, ...]:
    record = Record(sequence.folder)
    found = []
    for done, number in enumerate(numbers, 1):
        file = sequence.path(number)
        standing = record.standing(file, number, "")  # of whatever job: nobody says which one is meant
        header = of_header(read_header(file).metadata)
        found.append(Master(number, file, standing.state, standing.sha256, header))
        if progress:
            progress(done, len(numbers))
    return tuple(found)


def _as_sealed(
    seal: Seal, found: tuple[Master, ...], frames: dict[str, str], sidecar: Path, chosen: str
) -> Seal:
    """The provenance that lies beside the frames, if it is of them, and says what they say and what is ``chosen``."""
    others = (*disagreements(seal, frames, sidecar.parent), *sorted(set(frames) - set(seal.frames)))
    if others:
        raise CheckFailed(
            f"The provenance that lies there is not of {', '.join(others[:5])}.",
            remedy="film-recovery verify says what changed; put the frames back, or move what is no part of it away",
            file=str(sidecar),
        )
    for one in found:
        for key, (said, here) in seal.origin.denied_by(one.said).items():
            raise CheckFailed(
                f"Frame {one.number} says {key} “{said}”, the provenance beside it “{here}”.",
                remedy="put the provenance back that was written with the frames, or move it away",
                file=str(one.file),
                frame=one.number,
            )
    return replace(seal, origin=_termed(seal.origin, chosen, sidecar))


def _origin(found: tuple[Master, ...], chosen: str) -> Origin:
    """What all of the headers say together. Raises CheckFailed for a frame that says something else than the first,
    and where nobody has chosen a source type."""
    first = found[0]
    for one in found:
        for key, (said, before) in replace(one.said, processing_date="").differences(first.said).items():
            if key != "ProcessingDate":
                raise CheckFailed(
                    f"Frame {one.number} says {key} “{said}”, frame {first.number} “{before}”.",
                    remedy="deliver what belongs together: frames of one recovery, rendered alike",
                    file=str(one.file),
                    frame=one.number,
                )
    days = sorted({one.said.processing_date for one in found} - {""})
    return _termed(replace(first.said, processing_date=", ".join(days)), chosen, first.file)


def _termed(origin: Origin, chosen: str, file: Path) -> Origin:
    """``origin`` with IPTC's term: its own, or the ``chosen`` one. ``file`` says what it says now. Raises CheckFailed
    where there is none, or another one; FilmRecoveryError for a word that is none."""
    said = term_of(origin.source_type).term if origin.source_type else ""
    term = term_of(chosen).term if chosen else said
    if said not in ("", term):
        raise CheckFailed(
            f"The frames say IPTCDigitalSourceType “{said}”, and “{term}” is chosen.",
            remedy="leave the choice out, or render again",
            file=str(file),
        )
    if not term:
        raise CheckFailed(
            "Nobody has chosen what the frames are said to be (IPTC's Digital Source Type).",
            remedy="film-recovery deliver --terms shows the terms; choose one with --source-type TERM",
            file=str(file),
        )
    return replace(origin, source_type=term)


def _foreign(others: tuple[Master, ...], accepted: Accepted | None, before: Foreign | None) -> Foreign | None:
    """The frames of other programs, with who accepted them: ``before``, and now."""
    if not others or accepted is None:
        return before
    unsaid = dict.fromkeys(key for one in others for key in one.said.unsaid)
    new = Foreign(tuple(one.file.name for one in others), accepted.by, accepted.why, tuple(unsaid))
    if before is None:
        return new
    return Foreign(
        tuple(sorted({*before.names, *new.names})),
        "; ".join(dict.fromkeys((before.by, new.by))),
        "; ".join(dict.fromkeys((before.why, new.why))),
        tuple(dict.fromkeys((*before.unsaid, *new.unsaid))),
    )


def _about(seal: Seal) -> dict[str, str]:
    said = seal.origin
    return {
        "Source-Organization": said.institution,
        "Contact-Name": said.restorationist,
        "External-Description": ", ".join(
            word for word in (said.film, said.shot, f"frames {seal.frame_range}") if word
        ),
        "Bagging-Date": today(),
        "Bag-Software-Agent": f"film-recovery {__version__}",
    }
