"""The recovery graph as Nuke script text: elements and pairs in, an ordinary .nk out.

Where it stands: a recipe, two elements and the chosen pairs come in (``spec``); ``nk`` writes and quotes; what
comes out runs in Nuke and in ``comp`` alike. ``templates/*.nk`` are this package's output for a placeholder
film. The building blocks are copied from ``gizmos/`` as Groups. Light: standard library only.
"""

from film_recovery.graph.blocks import gizmo_folder, group
from film_recovery.graph.recovery import recovery_graph
from film_recovery.graph.spec import BATCH, RECIPES, Element, GraphSpec, epochs

__all__ = ["BATCH", "RECIPES", "Element", "GraphSpec", "epochs", "gizmo_folder", "group", "recovery_graph"]
