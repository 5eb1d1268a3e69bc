"""What a recovery graph is made of: elements, pairs, alignment, places. Plain data, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from film_recovery.errors import UsageError

RECIPES = ("spatial", "colour")
TEMPLATE_VERSION = 2  # raised whenever a node, a connection or a block of the graph changes
BATCH = 3  # pairs a step, fixed: predictable over machines
STEPS = 40_000
CHECKPOINTS = 10_000  # steps between two that are kept


@dataclass(frozen=True)
class Element:
    """One element of the film as a Read sees it. ``file``: a pattern with ``####``; ``colourspace``: a role."""

    file: str
    first: int
    last: int
    width: int
    height: int
    pixel_aspect: float = 1.0
    colourspace: str = "color_picking"


@dataclass(frozen=True)
class Shot:
    """One shot of a graph that trains on several: its elements, its pairs, and the file that it is written to."""

    source: Element
    reference: Element
    pairs: Sequence[tuple[int, int]]
    output: str


@dataclass(frozen=True)
class GraphSpec:
    """All that a recovery graph holds.

    ``pairs``: Source frame and Reference frame of each pair, in order. ``preview``: the hold-out's Source
    frame. ``translate``: the alignment of the Reference for each pair, in pixels, in order of the pairs. ``solved``:
    likewise the solved one, a homography as ``corners`` takes it, or empty for a pair that has none.
    ``live_area``: left, bottom, right, top of the one Crop, or None while it is not known (Crop bypassed).
    ``live_area_keys``: that box for each pair, in order of the pairs, where overlays come and go; empty: one box.
    ``patch`` and ``size`` are CopyCat's crop size and model size, ``checkpoints`` its interval of checkpoints;
    ``prefilter`` is the size of the Median on the Source only, the same in training and inference (0: none).
    ``compression``, ``datatype``: words of a Write.
    ``template``: the recipe's or template's id, which the main backdrop carries. ``more``: further shots for the
    same training; their pairs follow in the stacks, and each gets an inference of its own. ``note``: the words of
    the main note; empty: what an operator has to fill in.
    """

    recipe: str
    source: Element
    reference: Element
    pairs: Sequence[tuple[int, int]]
    preview: int
    output: str
    data_directory: str
    model_file: str = ""
    translate: Sequence[tuple[float, float]] = ()
    solved: Sequence[Sequence[float]] = ()
    live_area: tuple[int, int, int, int] | None = None
    live_area_keys: Sequence[tuple[int, int, int, int]] = ()
    method: str = "matrix"
    steps: int = STEPS
    patch: int = 512
    batch: int = BATCH
    size: str = "Medium"
    checkpoints: int = CHECKPOINTS
    prefilter: int = 0
    compression: str = ""
    datatype: str = ""
    write_colourspace: str = "aces_interchange"
    title: str = ""
    template: str = ""
    more: Sequence[Shot] = ()
    note: str = ""

    @property
    def shots(self) -> tuple[Shot, ...]:
        """The first shot, which is the spec's own, and all others."""
        return Shot(self.source, self.reference, self.pairs, self.output), *self.more

    @property
    def pair_count(self) -> int:
        """The pairs of all shots: the length of the stacks."""
        return sum(len(shot.pairs) for shot in self.shots)


def epochs(steps: int, pairs: int, batch: int = BATCH) -> int:
    """CopyCat's unit of training length: steps × batch ÷ pairs, rounded up."""
    return -(-steps * batch // pairs)


def check(spec: GraphSpec) -> None:
    if spec.recipe not in RECIPES:
        raise UsageError(f"Unknown recipe {spec.recipe!r}.", remedy=f"choose one of {', '.join(RECIPES)}")
    if not all(shot.pairs for shot in spec.shots):
        raise UsageError("A recovery graph needs at least one pair.", remedy="choose 4 to 9 pairs for a shot")
    for given in (spec.translate, spec.solved):
        if given and len(given) != spec.pair_count:
            raise UsageError(
                f"{len(given)} alignments for {spec.pair_count} pairs.", remedy="give one a pair, or none"
            )
    if spec.live_area_keys and len(spec.live_area_keys) != spec.pair_count:
        raise UsageError(
            f"{len(spec.live_area_keys)} live areas for {spec.pair_count} pairs.",
            remedy="give one a pair, or none",
        )
    for left, bottom, right, top in spec.live_area_keys:
        if right <= left or top <= bottom:
            raise UsageError(
                f"The live area {left} {bottom} {right} {top} is empty.",
                remedy="give left, bottom, right, top; right and top are the larger ones",
            )
