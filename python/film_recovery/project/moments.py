"""Which frame of the Reference belongs to a Source frame, as far as the pairs that are known say."""

from __future__ import annotations

from collections.abc import Sequence

from film_recovery.project.model import PairOf


def offset_at(pairs: Sequence[PairOf], frame: int) -> int:
    """Reference minus Source of the pair nearest to ``frame``; 0 where there is none."""
    if not pairs:
        return 0
    nearest = min(pairs, key=lambda pair: (abs(pair.source - frame), pair.source))
    return nearest.reference - nearest.source
