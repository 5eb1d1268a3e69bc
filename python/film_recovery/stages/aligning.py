"""Stage 2 at work: every pair and hold-out of a project solved, measured, and written into its pairs.

The solution of a pair stands in project.yaml beside its frames; from there the graph takes it (``graph.corners``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from film_recovery import project as projects
from film_recovery.footage.aligned import Aligned, Moment
from film_recovery.footage.clip import Clip
from film_recovery.project import PairOf, Project
from film_recovery.registration.live_area import LiveArea
from film_recovery.registration.residual import CANNOT_TELL, FAIL
from film_recovery.stages.clips import clip_of
from film_recovery.stages.view import View

_SETS = ("pairs", "hold_out")


def clips(project: Project) -> tuple[Clip, Clip]:
    """Source and Reference. Errors as ``clip_of``."""
    view = View(project)
    return clip_of(view, "source"), clip_of(view, "reference")


def moments(project: Project) -> list[Moment]:
    """Pairs, then hold-outs."""
    return [(pair.source, pair.reference) for name in _SETS for pair in getattr(project, name)]


def adopted(
    project: Project, found: Sequence[Aligned], area: LiveArea | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """What is to be written into project.yaml: the matrix of each moment that was solved and does not fail.

    A pair that was not keeps what it has. The live area is taken where the project has none; ``say`` is told what
    was left as it is.
    """
    by_moment = {(one.frame, one.reference_frame): one for one in found}
    values: dict[str, Any] = {}
    for name in _SETS:
        pairs = getattr(project, name)
        made = tuple(_with_matrix(pair, by_moment.get((pair.source, pair.reference)), say) for pair in pairs)
        if made != pairs:
            values[name] = list(made)
    if area is not None:
        box = (area.box.x, area.box.y, area.box.r, area.box.t)
        own = project.alignment.live_area
        if own is None:
            values["alignment.live_area"] = box
        elif tuple(own) != box:
            say(f"The live area stays {tuple(own)}, as the project has it; measured was {box}.")
    return values


def adopt(project: Project, values: dict[str, Any]) -> None:
    """Writes them; the lock is the caller's."""
    if values:
        projects.update(project.folder, values)


def _with_matrix(pair: PairOf, found: Aligned | None, say: Callable[[str], None]) -> PairOf:
    if found is None:
        return pair
    if not found.solution.solved or found.verdict == FAIL:
        say(f"Frame {pair.source} keeps the alignment that it had: {found.reason}")
        return pair
    if found.verdict == CANNOT_TELL:
        say(f"Frame {pair.source} takes a solution whose quality cannot be told: {found.reason}")
    return replace(pair, matrix=tuple(round(value, 10) for value in found.as_dict()["matrix"]))
