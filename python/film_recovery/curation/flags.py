"""What was found about a pair and stays: the texts in ``flags`` of project.yaml, which go on into training and proof.

``curate --apply`` writes what it measures, ``pairs flag`` what an operator saw. A flag that names a fault says that the
pair is kept all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from film_recovery.footage.faults import BANDS, BLOCKS, SIDES, THRESHOLDS

PARALLAX = "parallax"
TO_FLAG = (BLOCKS, BANDS)  # faults of the whole element, which are flagged; the others are of single frames
_NUMBER = r"-?(?:[\d.]+(?:e[+-]?\d+)?|inf|nan)"
_KINDS, _SIDES = "|".join(map(re.escape, THRESHOLDS)), "|".join(SIDES)
# The texts that are made, whole: what a person wrote may begin or end like one. First ``Fault.reason``, whose first
# letter is a capital, then those of ``curation.reference``.
_FAULT = re.compile(rf"(?i:{_KINDS}) on the (?:{_SIDES}), frame -?\d+: {_NUMBER} .+ \(limit {_NUMBER}\)\.")
_VERDICT = re.compile(
    rf"grain mismatch: {_NUMBER} times the Source's, at {_NUMBER} against {_NUMBER} cycles per pixel"
    rf"|halos: {_NUMBER} % of an edge's height"
    rf"|compression of the (?:{_SIDES}): blocks of 8 × 8 pixels, {_NUMBER}"
    r"|the Reference is nearly without colour"
    rf"|the fade is uneven over the frame: {_NUMBER} of density"
)
_SIDE = re.compile(rf"(?:{_KINDS}) (?:on|of) the ({_SIDES})\b", re.IGNORECASE)


def names(flags: Iterable[str], kind: str, side: str = "") -> bool:
    """Whether one of ``flags`` names the fault ``kind``. Banding is compression too.

    ``side``: Source or Reference, where only flags of that side, or of none, count: ``Dirt on the Reference`` does
    not name dirt on the Source.
    """
    words = (kind, BLOCKS) if kind == BANDS else (kind,)
    return any(word in flag.lower() and _of(flag, side) for flag in flags for word in words)


def _of(flag: str, side: str) -> bool:
    said = _SIDE.match(flag)
    return not side or said is None or said[1].lower() == side.lower()


def joined(new: Iterable[str], before: Iterable[str], *, faults: bool = True) -> tuple[str, ...]:
    """``new``, as measured, with what a person wrote among ``before``; what was measured before is left out.

    ``faults``: False where the pair's faults were not measured anew; those of ``before`` stay then.
    """
    found = tuple(new)
    kept = (
        flag
        for flag in before
        if not _VERDICT.fullmatch(flag) and not (faults and _FAULT.fullmatch(flag)) and flag not in found
    )
    return (*found, *kept)
