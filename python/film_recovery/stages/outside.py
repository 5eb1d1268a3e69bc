"""Values outside 0–1, which is what a model was trained on: training clamps, inference must not, so they are counted.

Counted while a frame is rendered, at the network's input and at what is written, both in the graph's values; kept in
the record of the frames. ``inference.values_outside`` judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp import Evaluator
from film_recovery.comp.place import Place
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.finding import named
from film_recovery.footage.runs import spread
from film_recovery.imaging.frame import Frame
from film_recovery.rendering.domain import outside_of
from film_recovery.rendering.record import Record
from film_recovery.stages import walk
from film_recovery.stages.measure import measures
from film_recovery.stages.view import NotYet, View

_Name = TypeVar("_Name", int, str)
_TOLD = 8  # frames of the value, those with most first


def given(evaluator: Evaluator, write: Place) -> list[Place]:
    """What stands at the input of each Inference before ``write``."""
    found = walk.of_class(walk.upstream(evaluator, write), "Inference")
    inputs = [evaluator.graph.inputs(place)[:1] for place in found]
    return [place for one in inputs for place in one if place is not None]


def counting(evaluator: Evaluator, node: str, frame: int) -> Callable[[Frame], dict[str, Any]]:
    """Counts what the networks before the Write ``node`` are given, before they run; what is returned counts the frame
    that the Write gives: so no network runs twice, however little of the frame can be kept.

    It gives ``input`` and ``output``: pixels outside 0–1, of how many, and the least and most of their values. Empty
    for a Write without a network; of several networks, the worst.
    """
    write = evaluator.graph.named(node)
    inputs = [outside_of(evaluator.frame(place.path, frame)) for place in given(evaluator, write)]
    if not inputs:
        return lambda made: {}
    worst = max(inputs, key=lambda one: one["pixels"])
    return lambda made: {"input": worst, "output": outside_of(made)}


def total(found: Mapping[_Name, Mapping[str, Any]], of: str = "input") -> dict[str, Any]:
    """Of many frames or files, for the ledger: how many have such values, and the worst; empty where none has. ``of``:
    the input or the output."""
    some = {frame: one[of] for frame, one in found.items() if one.get(of, {}).get("pixels")}
    if not some:
        return {}
    worst = max(some, key=lambda frame: _share(some[frame]))
    return {
        "frames": len(some),
        "pixels": sum(one["pixels"] for one in some.values()),
        "least": min(one["least"] for one in some.values()),
        "most": max(one["most"] for one in some.values()),
        "worst": worst,
        "share": round(_share(some[worst]), 6),
    }


def noted(view: View) -> dict[int, Mapping[str, Any]]:
    """Frame → what was counted when it was rendered; of frames that our engine wrote."""
    try:
        written = view.written
    except NotYet:
        return {}
    record = Record(view.output.folder)
    rows = {frame: record.figures(view.output.sequence.path(frame).name) for frame in written}
    return {frame: one["outside"] for frame, one in rows.items() if one.get("outside")}


@measures("inference.values_outside")
def values_outside(view: View, check: Check) -> Outcome:
    """As counted in the written frames; before there are any, at the network's input on some frames of the range."""
    found = noted(view)
    where = f"{len(found)} rendered frames"
    if not found:
        some_of_it = spread(view.wanted_frames, check.tolerance["frames"])
        found = {frame: _before(view, frame) for frame in some_of_it}
        where = f"{len(found)} frames, before the render"
    value: dict[str, Any] = {"looked_at": len(found), **total(found)}
    out = [one["output"]["pixels"] for one in found.values() if "output" in one]
    beside = ""
    if out:
        frames = sum(count > 0 for count in out)
        value["of_output"] = {"frames": frames, "pixels": sum(out)}
        beside = f" What was written has {sum(out)} such pixels in {frames} frames; they are kept."
    if "worst" not in value:
        reason = f"No value at the network's input lies outside 0–1 in {where}.{beside}"
        return judged(check, True, value, reason)
    some = sorted(
        (frame for frame in found if found[frame]["input"]["pixels"]),
        key=lambda frame: -_share(found[frame]["input"]),
    )
    value["by_frame"] = {str(frame): found[frame]["input"]["pixels"] for frame in some[:_TOLD]}
    far = max(0.0, -value["least"], value["most"] - 1)
    ok = value["share"] <= check.tolerance["share"] and far <= check.tolerance["far"]
    reason = (
        f"{value['pixels']} pixels at the network's input lie outside 0–1, the trained domain, in {value['frames']} of "
        f"{where} ({named(some)}): from {value['least']:.3g} to {value['most']:.3g}, most in frame {value['worst']} "
        f"({value['share']:.2%}).{beside}"
    )
    return judged(check, ok, value, reason, {"frame": value["worst"], "node": view.inference.path})


def _before(view: View, frame: int) -> dict[str, Any]:
    place = view.evaluator.graph.inputs(view.inference)[0]
    if place is None:
        raise view.inference.error("It has no input.", remedy="connect it")
    try:
        return {"input": outside_of(view.evaluator.frame(place.path, frame))}
    except FilmRecoveryError as error:
        error.where.setdefault("frame", frame)
        raise


def _share(one: Mapping[str, Any]) -> float:
    return float(one["pixels"]) / max(1, int(one["of"]))
