"""What training and inference have to share, in the same JSON values for both: domain, pre-filter, crop, format, tile.

A training writes those of its side into the model's card; ``parity`` holds them against inference.
"""

from __future__ import annotations

from typing import Any

from film_recovery.comp.place import Place
from film_recovery.graph.alignment import WHOLE
from film_recovery.stages import walk
from film_recovery.stages.view import View

# No pixel depends on these; ``disable`` is looked at where it counts.
COSMETIC = frozenset(
    """name label xpos ypos selected disable tile_color gl_color note_font note_font_size note_font_color hide_input
    postage_stamp postage_stamp_frame bookmark cached dope_sheet""".split()
)
Sides = tuple[float, ...]
FILTERS = "inference.prefilter_parity"  # whose tolerance names the classes that are filters
ANY_TILE = "any"  # of a model whose receptive field is known: tiles that overlap by so much are the frame
TILES = ("None", "1024", "2048", "4096")  # of Nuke's Inference
OVERLAP = 64.0  # pixels: its default


def trained_under(view: View) -> dict[str, Any]:
    """JSON values, of the graph's training side as it is: what a training writes into its model's card."""
    ev = view.evaluator
    upstream = list(walk.upstream(ev, view.side(0), view.numbers))
    crops = walk.of_class(upstream, "Crop")
    boxes = [box_of(view, crops, number) for number in view.numbers]
    read = view.read_of(view.source_pipe)
    return {
        "domain": _domain(view),
        "read": _read_as(view, read),
        "prefilter": filters_of(view, walk.of_class(upstream, _filter_classes(view))),
        "crop": _listed(without_overlays(view, boxes)),
        "format": _format(view, read),
    }


def used_under(view: View) -> dict[str, Any]:
    """As :func:`trained_under`, of inference: the first of the frames that are wanted. Beside it ``tile``: Nuke's
    word for the size, and the overlap in pixels."""
    upstream = view.of_inference()
    read = view.read_of(view.inference)
    call = view.call(view.inference)
    return {
        "domain": _domain(view),
        "read": _read_as(view, read),
        "prefilter": filters_of(view, walk.of_class(upstream, _filter_classes(view))),
        "crop": _listed(box_of(view, walk.of_class(upstream, "Crop"), view.wanted_frames[0])),
        "format": _format(view, read),
        "tile": [
            call.choice("tileSize", TILES),
            call.number("tileOverlap") if call.is_set("tileOverlap") else OVERLAP,
        ],
    }


def filters_of(view: View, places: list[Place]) -> list[str]:
    """Each filter as its class and values; the size of a Median alone, since its other knobs have one value."""
    return sorted(_filter(view, place) for place in places)


def _filter(view: View, place: Place) -> str:
    if place.node.class_name == "Median":
        sizes = view.call(place).numbers("size", 2)
        return f"Median {sizes[0]:g}" if sizes[0] == sizes[1] else f"Median {sizes[0]:g}×{sizes[1]:g}"
    knobs = [f"{name} {knob.text}" for name, knob in place.node.knobs.items() if name not in COSMETIC]
    return " ".join([place.node.class_name, *knobs])


def without_overlays(view: View, boxes: list[Sides | None]) -> Sides | None:
    """The live area that all pairs of a keyed Crop are part of: its own word for it, or what its keys span."""
    if len(view.reference_crops) == 1 and None not in boxes:
        call = view.call(view.reference_crops[0])
        if call.is_set(WHOLE):
            return call.numbers(WHOLE, 4)
    return spanned([box for box in boxes if box is not None]) if None not in boxes else None


def spanned(boxes: list[Sides]) -> Sides:
    left, bottom, right, top = zip(*boxes, strict=True)
    return min(left), min(bottom), max(right), max(top)


def box_of(view: View, crops: list[Place], frame: int) -> Sides | None:
    """What the Crops on a way leave together at ``frame``, None without a Crop."""
    boxes = [view.call(crop, frame).numbers("box", 4) for crop in crops]
    if not boxes:
        return None
    left, bottom, right, top = zip(*boxes, strict=True)
    return max(left), max(bottom), min(right), min(top)


def _filter_classes(view: View) -> str:
    return str(view.check(FILTERS).tolerance["classes"])


def _domain(view: View) -> str:
    """The colour space of the graph's values, by its name in the config."""
    root = view.evaluator.root
    return str(root.config.resolve(root.working_space)) if root.managed else "unmanaged"


def _read_as(view: View, read: Place) -> str:
    """The colour space that the Source's files are taken for, by its name in the config; ``raw`` for as they are."""
    call = view.call(read)
    space = call.text("colorspace")
    if call.boolean("raw"):
        return "raw"
    managed = view.evaluator.root.managed and space not in ("", "default")
    return str(call.config.resolve(space)) if managed else space


def _format(view: View, read: Place) -> list[float]:
    shown = view.evaluator.frame(read.node, view.wanted_frames[0]).format
    return [shown.width, shown.height, shown.pixel_aspect]


def _listed(box: Sides | None) -> list[float] | None:
    return None if box is None else [float(side) for side in box]
