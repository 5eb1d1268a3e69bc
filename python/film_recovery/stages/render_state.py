"""What a look at rendered frames was about: everything in the script that they depend on, and nothing beside it.

A node that was moved, or another part of the graph, takes no signature back; a filter, a box, another model does.
"""

from __future__ import annotations

from film_recovery.errors import FilmRecoveryError
from film_recovery.stages import walk
from film_recovery.stages.conditions import COSMETIC, used_under
from film_recovery.stages.done import digest
from film_recovery.stages.view import NotYet, View

_LATER = COSMETIC - {"disable"} | {"serialiseKnob", "first", "last", "origfirst", "origlast", "origset"}


def render_state(view: View) -> str:
    """A short digest of the nodes before the masters' Write, that Write, and what they make of the Source.

    Empty where there is no script that can be read.
    """
    try:
        nodes = sorted(
            (
                place.path,
                place.node.class_name,
                [source.path if source else None for source in place.node.inputs],
                [(name, knob.text) for name, knob in place.node.knobs.items() if name not in _LATER],
            )
            for place in walk.everything_upstream(view.evaluator, view.write)
        )
        return digest([nodes, used_under(view)])[:16]
    except (NotYet, FilmRecoveryError):
        return ""
