"""``templates/*.nk``: the graph of a placeholder film for each recipe, ready to open and to fill.

``python -m film_recovery.graph.templates`` writes them anew after a change to the graph or to a gizmo; a test
holds the committed files against this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from film_recovery.graph.notes import COLOUR_SECOND, SPATIAL_FIRST, TELECINE_RAISED, TELECINE_USED, Notes
from film_recovery.graph.recovery import draw, recovery_graph, sheet_for
from film_recovery.graph.spec import Element, GraphSpec, Shot

FIRST, LAST = 466, 505
PAIRS = (471, 478, 492, 499)
PREVIEW = 485
SHOTS = 6
PAIRS_A_SHOT = 9
SHOT_GAP = 1000  # frame numbers from one shot to the next: shot 1 begins at 1001
BETWEEN = 200  # DAG units between two graphs in one script


def placeholder(template: str, recipe: str = "") -> GraphSpec:
    """A film of 2048 × 1556 with four pairs, the hold-out between them, nothing aligned or cropped yet."""
    kind = recipe or template.partition("-")[0]
    return GraphSpec(
        recipe=kind,
        source=_element("source"),
        reference=_element("reference"),
        pairs=[(frame, frame) for frame in PAIRS],
        preview=PREVIEW,
        output=_output(kind),
        data_directory="../pipeline/03_copycat_training",
        template=template,
    )


def telecine() -> str:
    """Two graphs side by side: the telecine raised to the print, and the print recovered from that."""
    second = replace(placeholder("spatial-telecine"), reference=_master("telecine"))
    first = replace(
        second,
        source=_element("telecine"),
        reference=_element("source"),
        output=_output("telecine"),
        data_directory="../pipeline/03_copycat_training/telecine",
    )
    return _two((first, "_T", TELECINE_RAISED), (second, "", TELECINE_USED))


def combined() -> str:
    """Two graphs side by side: spatial recovery, and colour recovery of its master."""
    first = placeholder("combined", "spatial")
    second = replace(
        placeholder("combined", "colour"),
        source=_master("spatial"),
        reference=_element("colour"),
        data_directory="../pipeline/03_copycat_training/colour",
    )
    return _two((first, "", SPATIAL_FIRST), (second, "_C", COLOUR_SECOND))


def multi_shot() -> str:
    """Six shots of nine pairs, one training, each shot with an inference of its own."""
    shots = [_shot(number) for number in range(1, SHOTS + 1)]
    first = shots[0]
    spec = replace(
        placeholder("multi-shot", "spatial"),
        source=first.source,
        reference=first.reference,
        pairs=first.pairs,
        output=first.output,
        preview=first.source.first + 22,
        more=shots[1:],
    )
    return recovery_graph(spec)


def _single(template: str) -> Callable[[], str]:
    return lambda: recovery_graph(placeholder(template))


_SINGLE = ("spatial-gauge", "spatial-generation", "colour-reference", "colour-constructed")
TEMPLATES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        **{name: _single(name) for name in _SINGLE},
        "spatial-telecine": telecine,
        "combined": combined,
        "multi-shot": multi_shot,
    }
)


def write(folder: Path) -> None:
    """Every template into ``folder``."""
    for name, make in TEMPLATES.items():
        (folder / f"{name}.nk").write_text(make(), encoding="utf-8")


def _two(*graphs: tuple[GraphSpec, str, Notes]) -> str:
    sheet = sheet_for([spec for spec, _, _ in graphs])
    for spec, suffix, words in graphs:
        sheet.suffix = suffix
        width = draw(sheet, spec, words)
        sheet.origin = (sheet.origin[0] + width + BETWEEN, 0)
    return "".join(sheet.parts)


def _element(name: str) -> Element:
    return Element(f"../elements/{name}/{name}.####.exr", FIRST, LAST, 2048, 1556)


def _master(kind: str) -> Element:
    """What another graph renders, read as it is written."""
    return Element(_output(kind), FIRST, LAST, 2048, 1556, colourspace=GraphSpec.write_colourspace)


def _output(kind: str) -> str:
    return f"../pipeline/04_inference_render/{kind}_v001/shot_{kind}_v001.####.exr"


def _shot(number: int) -> Shot:
    """A shot of 50 frames, nine pairs spread over it."""
    first = number * SHOT_GAP + 1
    frames = [first + 1 + 6 * index for index in range(PAIRS_A_SHOT)]
    source, reference = (
        Element(f"../elements/{name}/shot{number}/{name}.####.exr", first, first + 49, 2048, 1556)
        for name in ("source", "reference")
    )
    output = f"../pipeline/04_inference_render/shot{number}_v001/shot{number}_spatial_v001.####.exr"
    return Shot(source, reference, [(frame, frame) for frame in frames], output)


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[3] / "templates")
