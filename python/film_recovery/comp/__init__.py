"""The node graph without Nuke: Nuke script text evaluated on frames by this product's own functions.

``Evaluator(script).frame(node, frame)`` is the whole of it; ``register`` adds a node class.
"""

from __future__ import annotations

from film_recovery.comp import nodes as nodes  # registers the node classes
from film_recovery.comp.call import NodeCall
from film_recovery.comp.evaluate import Evaluator
from film_recovery.comp.registry import register

__all__ = ["Evaluator", "NodeCall", "register"]
