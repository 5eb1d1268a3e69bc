"""The templates are the graph module's output, open as they are, and hold no path or colour space of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery import graph
from film_recovery.graph import templates

FOLDER = Path(__file__).resolve().parents[2] / "templates"


@pytest.mark.parametrize("recipe", graph.RECIPES)
def test_a_template_is_what_the_code_makes(recipe: str) -> None:
    committed = (FOLDER / f"{recipe}_recovery.nk").read_text(encoding="utf-8")
    assert committed == graph.recovery_graph(templates.placeholder(recipe))
