"""What the pairs' pictures say, measured for the checks of stage 1 (``curation_checks``) and kept by their content.

The key of what is kept is the bytes of the pictures' files and how they are read: a figure that is remembered is the
figure that would be measured again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from film_recovery.curation.coverage import WIDTH, Shown, describe
from film_recovery.curation.reference import COLOUR, SPATIAL, Verdict, judge
from film_recovery.footage.clip import Clip
from film_recovery.footage.cuts import SHORTEST, find_shots
from film_recovery.footage.faults import FLASH, REACH, Fault, find_faults
from film_recovery.footage.neighbours import DETAIL, Nearest, off_by_one, placed
from film_recovery.footage.placement import Placement
from film_recovery.footage.runs import part_of, spread
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.frame import Pixels
from film_recovery.project import PairOf, Project
from film_recovery.provenance.sealing import content_hash
from film_recovery.stages.clips import clip_of
from film_recovery.stages.remembered import remembered
from film_recovery.stages.view import NotYet, View

Moment = tuple[int, int]  # Source frame, Reference frame

_AROUND = REACH + 1  # frames before and after a pair: one bad frame among three does not move their middle
_FOR_CUTS = SHORTEST - 1  # frames more, of the Source: so many have to follow a cut for it to be told


class Pictures:
    """Both elements of a View, and what their files hold, each read once."""

    def __init__(self, view: View) -> None:
        self.project = view.project
        self.source: Clip = clip_of(view, "source")
        self.reference: Clip = clip_of(view, "reference")

    @cached_property
    def present(self) -> tuple[frozenset[int], frozenset[int]]:
        return frozenset(self.source.frames), frozenset(self.reference.frames)

    def has(self, moment: Moment) -> bool:
        return moment[0] in self.present[0] and moment[1] in self.present[1]

    def pairs(self, most: int) -> list[PairOf]:
        """Pairs and hold-outs that are there on both sides, ``most`` of them, evenly taken. Raises NotYet for none."""
        there = [pair for pair in all_pairs(self.project) if self.has((pair.source, pair.reference))]
        if not there:
            raise NotYet(
                "no pairs are chosen" if not all_pairs(self.project) else "the pairs' frames are not there"
            )
        return spread(sorted(there, key=lambda pair: pair.source), most)

    def about(self, clip: Clip, frames: Iterable[int]) -> list[Any]:
        """What the pictures of ``frames`` depend on: the bytes of their files, and how they are read."""
        config = clip.config.name if clip.config is not None else ""
        return [
            config,
            clip.space,
            clip.pixel_aspect,
            *(content_hash(clip.sequence.path(frame)) for frame in frames),
        ]


_PICTURES: WeakKeyDictionary[View, Pictures] = WeakKeyDictionary()


def pictures_of(view: View) -> Pictures:
    """One for all checks of a View."""
    if view not in _PICTURES:
        _PICTURES[view] = Pictures(view)
    return _PICTURES[view]


def about(seen: Pictures, moments: Sequence[Moment]) -> list[Any]:
    """What the pictures of both sides depend on."""
    return [
        seen.about(seen.source, (own for own, _ in moments)),
        seen.about(seen.reference, (other for _, other in moments)),
    ]


def nearest(view: View, seen: Pictures, most: int) -> dict[str, Any]:
    """Where the Source lies in the Reference, and of each pair the nearest of three frames; plain data."""
    moments = [(pair.source, pair.reference) for pair in seen.pairs(most)]
    near = {
        moment: [moment[1] + step for step in (-1, 0, 1) if moment[1] + step in seen.present[1]]
        for moment in moments
    }

    def make() -> dict[str, Any]:
        own = {moment: seen.source.small(moment[0], DETAIL) for moment in moments}
        others = {moment: _small(seen.reference, near[moment]) for moment in moments}
        where = placed((own[moment], others[moment][moment[1]]) for moment in moments)
        found = [(moment, off_by_one(own[moment], others[moment], placement=where)) for moment in moments]
        return {"placement": where.as_dict(), "pairs": [_plain(*one, near) for one in found]}

    frames = sorted({frame for some in near.values() for frame in some})
    key = [
        moments,
        seen.about(seen.source, (own for own, _ in moments)),
        seen.about(seen.reference, frames),
    ]
    return remembered(view.project, "nearest", (), key, make)


def _small(clip: Clip, frames: Iterable[int]) -> dict[int, Pixels]:
    return {frame: clip.small(frame, DETAIL) for frame in frames}


def _plain(moment: Moment, found: Nearest, near: dict[Moment, list[int]]) -> dict[str, Any]:
    """``margin``: 0 where the choice is not sure, or there was none."""
    margin = found.margin if found.sure and len(near[moment]) > 1 else 0.0
    return {"source": moment[0], "reference": moment[1], "frame": found.frame, "margin": round(margin, 5)}


def verdict_of(view: View, most: int) -> Verdict:
    """What ``curate`` says of the Reference's worth, on ``most`` of the pairs, at full size."""
    seen = pictures_of(view)
    moments = [(pair.source, pair.reference) for pair in seen.pairs(most)]
    kind = COLOUR if view.kind == COLOUR else SPATIAL
    where = nearest(view, seen, view.check("curation.matching").tolerance["pairs"])["placement"]

    def make() -> dict[str, Any]:
        return judge(kind, moments, seen.source, seen.reference, len(moments), Placement(**where)).as_dict()

    return Verdict(**remembered(view.project, "verdict", (), [kind, where, about(seen, moments)], make))


def content_of(view: View, seen: Pictures, clip: Clip, frame: int, own: int) -> Shown:
    """What ``clip`` shows in its frame ``own``, as Source frame ``frame``."""

    def make() -> dict[str, Any]:
        return {"shares": dict(describe(frame, clip.small(own, WIDTH)).shares)}

    kept = remembered(view.project, "shown", (), seen.about(clip, [own]), make)
    return Shown(frame, kept["shares"], ())


def faults_of(view: View, most: int) -> tuple[list[PairOf], list[Fault]]:
    """The pairs that are looked at, and the faults on their own frames."""
    seen = pictures_of(view)
    pairs = seen.pairs(most)
    where = Placement(**nearest(view, seen, most)["placement"])
    frames = {pair.source for pair in pairs}
    around = {
        (pair.source + step, pair.reference + step) for pair in pairs for step in range(-_AROUND, _AROUND + 1)
    }
    found: list[Fault] = []
    for run in _runs(moment for moment in around if seen.has(moment)):
        longer = _longer(seen, run)

        def make(run: list[Moment] = run, longer: tuple[int, ...] = longer) -> dict[str, Any]:
            shots = [
                (shot.first, shot.last)
                for shot in find_shots(signatures(replace(seen.source, frames=longer)))
            ]
            faults = find_faults(seen.source, seen.reference, run, placement=where, shots=shots)
            return {"faults": [_fields(fault) for fault in faults if _can_tell(fault, run, shots)]}

        key = [run, where.as_dict(), about(seen, run), longer, seen.about(seen.source, longer)]
        kept = remembered(view.project, "faults", (), key, make)
        found += [fault for fields in kept["faults"] if (fault := Fault(*fields)).frame in frames]
    return pairs, found


def _longer(seen: Pictures, run: Sequence[Moment]) -> tuple[int, ...]:
    """The Source's frames of ``run``, and those at its ends without which a cut in it could not be told."""
    first, last = run[0][0] - _FOR_CUTS, run[-1][0] + _FOR_CUTS
    return tuple(frame for frame in range(first, last + 1) if frame in seen.present[0])


def _runs(moments: Iterable[Moment]) -> list[list[Moment]]:
    """Moments that follow one another, together: what is near two pairs is looked at once."""
    runs: list[list[Moment]] = []
    for own, other in sorted(moments, key=lambda moment: (moment[1] - moment[0], moment[0])):
        if runs and runs[-1][-1] == (own - 1, other - 1):
            runs[-1].append((own, other))
        else:
            runs.append([(own, other)])
    return runs


def _can_tell(fault: Fault, run: Sequence[Moment], shots: Sequence[tuple[int, int]]) -> bool:
    """At the end of an element or a shot, a flash cannot be told from a change of light that stays."""
    shot = part_of(fault.frame, shots)
    inner = [frame for frame, _ in run if part_of(frame, shots) == shot][2:-2]
    return fault.kind != FLASH or fault.frame in inner


def _fields(fault: Fault) -> list[Any]:
    return [fault.frame, fault.own, fault.side, fault.kind, fault.value, fault.threshold]


def all_pairs(project: Project) -> tuple[PairOf, ...]:
    return (*project.pairs, *project.hold_out)
