"""The recovery graph as Nuke script text: elements and pairs in, an ordinary .nk out.

Where it stands: a recipe, two elements and the chosen pairs come in (``spec``); ``nk`` writes and quotes; what
comes out runs in Nuke and in ``comp`` alike. ``templates/*.nk`` are this package's output for a placeholder
film. The building blocks are copied from ``gizmos/`` as Groups. ``difference`` says where a script is no longer what
its template is, ``picture`` draws one. Light: standard library only.
"""

from film_recovery.graph.blocks import gizmo_folder, group
from film_recovery.graph.difference import Difference, differences
from film_recovery.graph.notes import BUILT
from film_recovery.graph.recovery import recovery_graph
from film_recovery.graph.spec import BATCH, RECIPES, TEMPLATE_VERSION, Element, GraphSpec, Shot, epochs

__all__ = [
    "BATCH",
    "BUILT",
    "RECIPES",
    "TEMPLATE_VERSION",
    "Difference",
    "Element",
    "GraphSpec",
    "Shot",
    "differences",
    "epochs",
    "gizmo_folder",
    "group",
    "recovery_graph",
]
