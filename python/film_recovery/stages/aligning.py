"""Stage 2 at work: every pair and hold-out of a project solved, measured, and written into its pairs.

The solution of a pair stands in project.yaml beside its frames; from there the graph takes it (``graph.corners``), as
it takes the boxes of the one Crop (``graph.alignment``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from film_recovery import project as projects
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.footage.aligned import Aligned, Moment, Span, align, shots_of
from film_recovery.footage.clip import Clip
from film_recovery.imaging.frame import Box
from film_recovery.project import PairOf, Project
from film_recovery.registration.geometry import Grid, from_nuke
from film_recovery.registration.live_area import LiveArea
from film_recovery.registration.residual import CANNOT_TELL, FAIL
from film_recovery.registration.solve import Solution
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


def ranged(
    project: Project, frames: Sequence[int], on_disk: Sequence[int], partners_on_disk: Sequence[int]
) -> list[Moment]:
    """Each of ``frames`` of the Source with its Reference frame: as far away as in the pairs among ``frames``.

    ``on_disk``, ``partners_on_disk``: the frames of Source and Reference that can be read. Raises UsageError for
    frames that they have not, for a range without a pair, and where the pairs in it, or one in it and the next beside
    it, do not say one and the same offset.
    """
    missing = sorted(set(frames) - set(on_disk))
    if missing:
        raise UsageError(f"The Source has no frame {missing[0]}.", remedy="give frames that it has")
    known = sorted(moments(project))
    inside = [moment for moment in known if moment[0] in set(frames)]
    if not inside:
        raise UsageError(
            f"No pair lies in frames {min(frames)}-{max(frames)}, so their Reference frames are not known.",
            remedy="give a range that pairs lie in",
        )
    offset = inside[0][1] - inside[0][0]
    earlier = [moment for moment in known if min(frames) < inside[0][0] and moment[0] < min(frames)]
    later = [moment for moment in known if max(frames) > inside[-1][0] and moment[0] > max(frames)]
    for before, after in pairwise([*earlier[-1:], *inside, *later[:1]]):
        if after[1] - after[0] != before[1] - before[0]:
            raise UsageError(
                f"Between frames {before[0]} and {after[0]} the offset changes from {before[1] - before[0]} to "
                f"{after[1] - after[0]}, so the Reference frames between them are not known.",
                remedy=f"align the ranges to {before[0]} and from {after[0]} one by one",
            )
    found = [(number, number + offset) for number in sorted(set(frames))]
    lacking = sorted({other for _, other in found} - set(partners_on_disk))
    if lacking:
        raise UsageError(
            f"Frame {lacking[0] - offset} has no partner: the Reference has no frame {lacking[0]}.",
            remedy="give a range that lies within both elements",
        )
    return found


def shots(project: Project, source: Clip, wanted: Sequence[Moment]) -> list[Span]:
    """The shots that ``wanted`` lie in: as curation recorded them where each is a pair that says so, else measured."""
    names = {pair.source: pair.shot for name in _SETS for pair in getattr(project, name)}
    if not all(names.get(number) for number, _ in wanted):
        return shots_of(source, wanted)
    runs = groupby(sorted(number for number, _ in wanted), key=lambda number: names[number])
    spans = [list(run) for _, run in runs]
    return [(span[0], span[-1]) for span in spans]


def beside(
    project: Project,
    seen: Collection[Moment],
    source: Clip,
    reference: Clip,
    missed: Callable[[int, FilmRecoveryError], None],
) -> Iterator[Aligned]:
    """The pairs and hold-outs that are not among ``seen``, one by one: as the project has them aligned, else solved.

    For what is measured over all of them, the live area. What is solved here was not asked for, and is not written; so
    one whose scans cannot be read is ``missed`` and stops nothing.
    """
    for name in _SETS:
        for pair in getattr(project, name):
            moment = pair.source, pair.reference
            if moment in seen:
                continue
            try:
                for clip, frame in zip((source, reference), moment, strict=True):
                    clip.picture(frame)
                if pair.matrix:
                    yield Aligned(*moment, _as_it_is(pair, source, reference), None)
                else:
                    yield from align(source, reference, [moment])
            except FilmRecoveryError as error:
                missed(pair.source, error)


def _as_it_is(pair: PairOf, source: Clip, reference: Clip) -> Solution:
    """The matrix that ``pair`` has."""
    theirs, own = _grid(reference, pair.reference), _grid(source, pair.source)
    return Solution(from_nuke(np.reshape(pair.matrix, (3, 3)), theirs, own), theirs, own)


def _grid(clip: Clip, frame: int) -> Grid:
    size = clip.header(frame).format
    return Grid(size.width, size.height, clip.aspect(frame))


def adopted(
    project: Project, found: Sequence[Aligned], area: LiveArea | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """What is to be written into project.yaml: the matrix of each moment that was solved and does not fail.

    A pair that was not keeps what it has. The live area is taken where the project has none, and so are the keys of
    the moments at which overlays leave less of it; ``say`` is told what was left as it is.
    """
    by_moment = {(one.frame, one.reference_frame): one for one in found}
    values: dict[str, Any] = {}
    for name in _SETS:
        pairs = getattr(project, name)
        made = tuple(_with_matrix(pair, by_moment.get((pair.source, pair.reference)), say) for pair in pairs)
        if made != pairs:
            values[name] = list(made)
    if area is not None:
        values.update(_areas(project, area, say))
    return values


def _areas(project: Project, area: LiveArea, say: Callable[[str], None]) -> dict[str, Any]:
    """``alignment.live_area`` and ``alignment.live_area_keys``, where they change."""
    values: dict[str, Any] = {}
    box = _sides(area.box)
    own = project.alignment.live_area
    if own is None:
        values["alignment.live_area"] = box
    elif tuple(own) != box:
        say(f"The live area stays {tuple(own)}, as the project has it; measured was {box}.")
    frames = {number for number, _ in moments(project)}
    left = {frame: part for frame, part in area.keys(Box(*(own or box))).items() if frame in frames}
    for frame in (frame for frame, part in left.items() if part.empty):
        say(f"In frame {frame} overlays leave nothing of the live area: take another frame for that pair.")
    measured = {frame: _sides(part) for frame, part in left.items() if not part.empty}
    kept = dict(project.alignment.live_area_keys)
    for frame in sorted(kept.keys() & area.overlays.keys()):
        if kept[frame] != measured.get(frame, own or box):
            say(
                f"The live area of frame {frame} stays {kept[frame]}, as the project has it; measured was "
                f"{measured.get(frame, own or box)}."
            )
    keys = {**measured, **kept}
    if keys != kept:
        values["alignment.live_area_keys"] = dict(sorted(keys.items()))
    return values


def _sides(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.r, box.t


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
