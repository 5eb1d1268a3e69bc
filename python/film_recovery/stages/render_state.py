"""What a look at rendered frames was about: everything in the script that they depend on, and nothing beside it.

A node that was moved, or another part of the graph, takes no signature back; a filter, a box, another model does. The
render's job key (``rendering.job``) knows it by the same walk, but is stricter: it holds the frame range of the Reads
and the version of the program too.
"""

from __future__ import annotations

import re
from typing import Any

from film_recovery.comp.dependence import LOOKS, behind, described, described_value
from film_recovery.comp.place import Place
from film_recovery.comp.settings import setting
from film_recovery.errors import FilmRecoveryError
from film_recovery.stages import walk
from film_recovery.stages.conditions import COSMETIC, used_under
from film_recovery.stages.done import digest
from film_recovery.stages.view import NotYet, View

_CONSTANT = re.compile(r"[\d\s.eE+-]*|true|false")
_LATER = COSMETIC - {"disable"} | {"serialiseKnob", "first", "last", "origfirst", "origlast", "origset"}


def render_state(view: View) -> str:
    """A short digest of the nodes before the masters' Write, that Write, and what they make of the Source.

    Empty where there is no script that can be read.
    """
    try:
        upstream = walk.everything_upstream(view.evaluator, view.write)
        nodes = sorted(
            (
                place.unique,
                place.node.class_name,
                [_named(source) for source in view.evaluator.graph.inputs(place)],
                [(name, knob.text) for name, knob in place.node.knobs.items() if name not in _LATER],
            )
            for place in upstream
        )
        beside = _beside(view, {place.unique for place in upstream})
        return digest([nodes, used_under(view), *([beside] if beside else [])])[:16]
    except (NotYet, FilmRecoveryError):
        return ""


def _named(source: Place | None) -> str | None:
    """As signatures of earlier versions know it, where no other node of the script has its name."""
    if source is None:
        return None
    return source.node.path if source.unique == source.path else source.unique


def _beside(view: View, upstream: set[str]) -> list[Any]:
    """What a frame depends on that no picture comes through: a knob elsewhere that one follows, another node's box.

    A Crop that is the same at all frames, ``used_under`` says; so in the graphs that Build makes this is empty while
    the live area is not keyed, and signatures of earlier versions stand."""
    graph = view.evaluator.graph
    found = behind(view.evaluator, view.write, LOOKS | _LATER)
    places = [
        described(graph, place, LOOKS | _LATER) for place in found.places if place.unique not in upstream
    ]
    values = [
        described_value(graph, place, knob)
        for place, knob in found.values
        if place.unique not in upstream and knob not in _LATER and not _said(view, place, knob)
    ]
    return sorted([*places, *values], key=digest)


def _said(view: View, place: Place, knob: str) -> bool:
    """Whether it is a Crop's knob that is no other at another frame."""
    text = setting(view.evaluator.graph, place, knob).text
    return place.node.class_name == "Crop" and (text is None or bool(_CONSTANT.fullmatch(text)))
