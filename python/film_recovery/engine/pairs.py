"""Pairs from a CopyCat node: what stands at its Input and its GroundTruth, frame by frame."""

from __future__ import annotations

import numpy as np

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.frame import RGB, Frame, Pixels
from film_recovery.learning.pairs import Pair


class CopyCatPairs:
    """The pairs at a CopyCat node's inputs, as the trainer wants them (a PairSource).

    Frame n of both inputs is pair n. Raises FilmRecoveryError when Input and Ground Truth differ in frame range,
    format, bounding box or channels: the network would learn the difference.
    """

    def __init__(self, evaluator: Evaluator, node: nk.Node) -> None:
        if node.class_name != "CopyCat":
            raise UsageError(f"{node.path} is a {node.class_name}, not a CopyCat.", node=node.path)
        sides = [_connected(node, index, name) for index, name in enumerate(("Input", "GroundTruth"))]
        ranges = [evaluator.frame_range(side) for side in sides]
        if ranges[0] != ranges[1]:
            raise FilmRecoveryError(
                f"Input has frames {ranges[0][0]}-{ranges[0][1]}, GroundTruth {ranges[1][0]}-{ranges[1][1]}.",
                node=node.path,
                remedy="give both branches the same pairs in the same order",
            )
        self.evaluator, self.node, self.sides = evaluator, node, sides
        self.frames = range(ranges[0][0], ranges[0][1] + 1)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def labels(self) -> list[str]:
        return [f"pair {number}" for number in self.frames]

    def __getitem__(self, index: int, /) -> Pair:
        number, label = self.frames[index], self.labels[index]
        given, truth = (self.evaluator.frame(side, number) for side in self.sides)
        for what, a, b in (
            ("format", str(given.format), str(truth.format)),
            ("bounding box", str(given.bbox), str(truth.bbox)),
            ("channels", ", ".join(sorted(given.channels)), ", ".join(sorted(truth.channels))),
        ):
            if a != b:
                raise FilmRecoveryError(
                    f"{label}: the {what} of Input is {a}, of GroundTruth {b}.",
                    node=self.node.path,
                    frame=number,
                    remedy="use FR_TrainPrep on both sides; CopyBBox from the Reference gives both one bounding box",
                )
        return Pair(top_down(given), top_down(truth), label)


def _connected(node: nk.Node, index: int, name: str) -> nk.Node:
    source = node.inputs[index] if index < len(node.inputs) else None
    if source is None:
        raise FilmRecoveryError(
            f"{name} of {node.path} is not connected.", node=node.path, remedy="connect it"
        )
    return source


def top_down(frame: Frame) -> Pixels:
    return np.ascontiguousarray(frame.select(RGB)[::-1])
