"""Groups and gizmos: evaluated by their own inside; Input and Output are its doors."""

from __future__ import annotations

from film_recovery.comp.call import NodeCall
from film_recovery.comp.place import Place
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import Frame

_GROUPS = "https://learn.foundry.com/nuke/content/reference_guide/other_nodes/group.html"


def _group_range(call: NodeCall) -> tuple[int, int]:
    return call.evaluator.range_of(_output(call))


def _input_range(call: NodeCall) -> tuple[int, int]:
    return call.evaluator.range_of(_outside(call))


@register("Group", source=_GROUPS, frame_range=_group_range)
def group(call: NodeCall) -> Frame:
    """What the Output node inside gives. Also evaluates gizmos, whatever their class name."""
    return call.evaluator.pull(_output(call), call.frame)


register("Gizmo", source=_GROUPS, frame_range=_group_range)(group)


@register(
    "Input",
    knobs={"number": 0},
    source="https://learn.foundry.com/nuke/content/reference_guide/other_nodes/input.html",
    frame_range=_input_range,
)
def group_input(call: NodeCall) -> Frame:
    """What is connected to the matching pipe of the group around it: Inputs count by ``number``."""
    return call.evaluator.pull(_outside(call), call.frame)


@register("Output", source="https://learn.foundry.com/nuke/content/reference_guide/other_nodes/output.html")
def group_output(call: NodeCall) -> Frame:
    """Its input."""
    return call.input(0)


def _output(call: NodeCall) -> Place:
    inside = call.evaluator.graph.inside(call.place)
    outputs = [] if inside is None else inside.of_class("Output")
    if len(outputs) != 1:
        raise call.error(
            f"The group has {len(outputs)} Output nodes where it needs exactly one.",
            remedy="add an Output node inside the group" if not outputs else "delete the others",
        )
    return outputs[0]


def _outside(call: NodeCall) -> Place:
    source = call.evaluator.outer_input(call.place)
    if source is None:
        host = call.place.host
        where = f"of {host.path}" if host is not None else "of a group (it stands in none)"
        raise call.error(
            f"Nothing is connected to the input “{call.node.name}” {where}.", remedy="connect it"
        )
    return source
