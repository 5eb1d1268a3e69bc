"""Nodes of the Node Graph window that make no picture of their own."""

from __future__ import annotations

from film_recovery.comp.call import NodeCall
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import Frame

_OTHER = "https://learn.foundry.com/nuke/content/reference_guide/other_nodes"

# The Viewer shows; whatever it is set to, what it is given stays as it is.
_VIEWER = """channels gain gamma input_process input_process_node viewerProcess capture_format capture_resize
    file fps frame frame_range frame_range_lock colour_sample_bbox input_number samplepoints show_timecode
    view viewerInputOrder inputIDs rgb_only overlay_mask safe_zone masking_mode masking_ratio roi downrez
    proxy_settings zoom_lock ignore_pxaspect monitorOutNDISenderName monitorOutOutputTransform""".split()


@register("Dot", source=f"{_OTHER}/dot.html")
@register("NoOp", source=f"{_OTHER}/noop.html")
@register("PostageStamp", source=f"{_OTHER}/postagestamp.html")
@register("Viewer", ignored=_VIEWER, source=f"{_OTHER}/viewer.html")
def pass_on(call: NodeCall) -> Frame:
    """Input 0, as it is."""
    return call.input(0)


@register(
    "BackdropNode",
    ignored=("bdwidth", "bdheight", "z_order", "appearance", "border_width", "layer"),
    source=f"{_OTHER}/backdrop.html",
)
@register("StickyNote", source=f"{_OTHER}/stickynote.html")
def no_picture(call: NodeCall) -> Frame:
    """An error: these nodes are notes."""
    raise call.error("This node makes no picture.", remedy="choose a node that does")
