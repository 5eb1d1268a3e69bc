"""ModifyMetaData: sets and removes metadata. No pixel changes."""

from __future__ import annotations

from dataclasses import replace

from film_recovery.comp.call import NodeCall
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import Frame


@register(
    "ModifyMetaData",
    knobs={"metadata": ""},
    source="https://learn.foundry.com/nuke/content/reference_guide/metadata_nodes/modifymetadata.html",
)
def modify_metadata(call: NodeCall) -> Frame:
    """The list ``{set key value}`` or ``{remove key ""}``, line by line, top to bottom.

    ``remove`` takes out the key of exactly that name; that Nuke matches patterns there is unconfirmed, so a
    pattern (``*`` or ``?``) is an error. Values are text; ``[value parent.film]`` in one becomes that knob's
    text, whatever it holds. That Nuke, too, takes the list apart first is unconfirmed.
    """
    frame = call.input(0)
    metadata = dict(frame.metadata)
    for action, key, value in _lines(call):
        if action == "set":
            metadata[key] = value
        elif "*" in key or "?" in key:
            raise call.error(f"The key {key!r} is a pattern.", knob="metadata", remedy="name one key a line")
        else:
            metadata.pop(key, None)
    return replace(frame, metadata=metadata)


def _lines(call: NodeCall) -> list[tuple[str, str, str]]:
    lines = []
    for words in call.parts("metadata"):
        action, key, value = (*words, "", "", "")[:3]
        if action not in ("set", "remove") or not key or len(words) > 3:
            raise call.error(
                f"The line {' '.join(words)[:80]!r} is not of the form: set key value, or: remove key.",
                knob="metadata",
                remedy="make the line again in Nuke",
            )
        lines.append((action, key, value))
    return lines
