"""The held-out pairs: moments that training never saw, through the same graph as the training pairs.

What is measured on them judges a model. The graph is the project's own, with the hold-out in place of the pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.comp.place import Place
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.imaging.frame import Box, Pixels
from film_recovery.project import PairOf, Project, paths
from film_recovery.project.specification import keyed_areas, solved
from film_recovery.stages.building import spec_of
from film_recovery.stages.reads import set_colour
from film_recovery.stages.view import NotYet


@dataclass(frozen=True, eq=False)
class HeldOut:
    """One held-out moment over the live ``area``: H×W×3, top row first, graph values.

    ``source`` and ``truth`` as they stand at CopyCat's inputs; ``reference`` aligned, before the Ground Truth.
    """

    frame: int
    area: Box
    source: Pixels
    truth: Pixels
    reference: Pixels


def none_rendered() -> NotYet:
    """Why nothing is held against the Ground Truth before a held-out frame is written."""
    return NotYet(
        "no held-out frame has been rendered, so there is no Ground Truth to measure by",
        "let inference.frames in project.yaml take in a held-out frame, and render it",
    )


def pairs_of(project: Project) -> CopyCatPairs:
    """The hold-out as pairs, for scoring while training."""
    evaluator = _evaluator(project)
    return CopyCatPairs(evaluator, evaluator.script.node("CopyCat1"))


def moments(project: Project) -> Iterator[HeldOut]:
    """Every held-out moment of ``project``, evaluated when its turn comes."""
    pairs = pairs_of(project)
    for index, pair in enumerate(project.hold_out):
        number = pairs.frames[index]
        aligned = pairs.evaluator.frame("LiveAreaCrop", number)
        truth = pairs.evaluator.frame(pairs.sides[1], number)
        taken = pairs[index]
        reference = np.ascontiguousarray(aligned.rgb(truth.bbox)[::-1])
        yield HeldOut(pair.source, truth.bbox, taken.input, taken.truth, reference)


def pipes(project: Project) -> Iterator[tuple[PairOf, int, Evaluator, tuple[Place, Place]]]:
    """Each held-out pair, its frame of the stacks, and where Source and aligned Reference reach the Ground Truth."""
    if not project.hold_out:
        return
    evaluator = _evaluator(project)
    truth = evaluator.graph.of_node(evaluator.script.node("FR_GroundTruth1"))
    source, reference = evaluator.graph.inputs(truth)[:2]
    assert source is not None and reference is not None  # the graph is the template's own
    for number, pair in enumerate(project.hold_out, 1):
        yield pair, number, evaluator, (source, reference)


def _evaluator(project: Project) -> Evaluator:
    spec = replace(
        spec_of(project),
        pairs=[(pair.source, pair.reference) for pair in project.hold_out],
        translate=project.alignment.hold_out,
        solved=solved(project.hold_out),
        live_area_keys=keyed_areas(project, project.hold_out),
    )
    script = nk.parse(graph.recovery_graph(spec), file=str(paths(project).script))
    set_colour(script, project)
    return Evaluator(script)
