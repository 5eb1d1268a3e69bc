"""Joins the node graph with the models.

``comp`` evaluates graphs and knows nothing of networks; ``learning`` fits models and knows nothing of graphs.
Here the two meet: ``nodes`` registers Inference and CopyCat with comp, ``match_grade`` MatchGrade, ``pairs`` makes
pairs from the inputs of a CopyCat node, ``training`` fits a model on them. Rows: a Frame's lowest row comes first, a
model's highest; the flip happens here. Importing this package makes the nodes known; torch is loaded when a model is.
"""

from film_recovery.engine import match_grade as match_grade  # these two register the node classes
from film_recovery.engine import nodes as nodes
from film_recovery.engine.nodes import model_hashes

__all__ = ["model_hashes"]
