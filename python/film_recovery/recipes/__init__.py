"""Recipes as data: which stages a recovery has, what is checked in each, its presets and its help. Light.

``load`` reads ``data/<id>.yaml`` and the checks that it names from ``data/checks.yaml``; ``choose`` finds the recipe
for a new project. Each check is measured by one function in ``stages`` or signed by the operator.
"""

from __future__ import annotations

from film_recovery.recipes.chooser import Answers, Choice, choose
from film_recovery.recipes.loading import RECIPES, load
from film_recovery.recipes.model import STAGES, Recipe, Stage, Step

__all__ = ["RECIPES", "STAGES", "Answers", "Choice", "Recipe", "Stage", "Step", "choose", "load"]
