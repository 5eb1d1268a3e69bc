"""``templates/*.nk``: the graph of a placeholder film, ready to open and to fill.

``python -m film_recovery.graph.templates`` writes them anew after a change to the graph or to a gizmo; a test
holds the committed files against this module.
"""

from __future__ import annotations

from pathlib import Path

from film_recovery.graph.recovery import recovery_graph
from film_recovery.graph.spec import RECIPES, Element, GraphSpec

FIRST, LAST = 466, 505
PAIRS = (471, 478, 492, 499)
PREVIEW = 485


def placeholder(recipe: str) -> GraphSpec:
    """A film of 2048 × 1556 with four pairs, the hold-out between them, nothing aligned or cropped yet."""
    source = Element("../elements/source/source.####.exr", FIRST, LAST, 2048, 1556)
    reference = Element("../elements/reference/reference.####.exr", FIRST, LAST, 2048, 1556)
    return GraphSpec(
        recipe=recipe,
        source=source,
        reference=reference,
        pairs=[(frame, frame) for frame in PAIRS],
        preview=PREVIEW,
        output=f"../pipeline/04_inference_render/shot_v001/shot_{recipe}_v001.####.exr",
        data_directory="../pipeline/03_copycat_training",
    )


def write(folder: Path) -> None:
    """Both templates into ``folder``."""
    for recipe in RECIPES:
        (folder / f"{recipe}_recovery.nk").write_text(recovery_graph(placeholder(recipe)), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[3] / "templates")
