"""A model's own few nodes as script text: CatFileCreator, which makes the .cat, and the Inference that runs it."""

from __future__ import annotations

from pathlib import PurePath

from film_recovery import nk

VERSION = "version 14.0 v5\n"
CHANNELS = "rgba.red,rgba.green,rgba.blue"
_NOTE = (
    "{name}\n\n1. Select {creator} and press Create .cat file and Inference.\n"
    "2. Feed {inference} the values that the model takes: {takes}.\n\n"
    "Nuke 14 or newer makes the .cat; newer Nukes read it too, older ones do not."
)


def model_script(model: PurePath, cat: PurePath, name: str, takes: str) -> str:
    """The text of a .nk to open or to insert: no Root, nothing that runs by itself.

    ``model``: the TorchScript file; ``cat``: where Nuke is to write. ``name``: of the model, any text. ``takes``: the
    values that it is fed, in words, for the note beside the nodes.
    """
    creator, inference = "CatFileCreator_FR", "Inference_FR"
    note = _NOTE.format(name=name, creator=creator, inference=inference, takes=takes)
    parts = [
        VERSION,
        nk.node_text("StickyNote", {"label": nk.quote(note), **_place("FR_Model", 0, 0)}, inputs=0),
        nk.node_text(
            "CatFileCreator",
            {
                "torchScriptFile": nk.quote(model.as_posix()),
                "catFile": nk.quote(cat.as_posix()),
                "channelsIn": nk.quote(CHANNELS),
                "channelsOut": nk.quote(CHANNELS),
                "modelId": nk.quote(name),
                **_place(creator, 0, 180),
            },
            inputs=0,
        ),
        "push 0\n",
        nk.node_text("Inference", {"modelFile": nk.quote(cat.as_posix()), **_place(inference, 160, 180)}),
    ]
    return "".join(parts)


def _place(name: str, x: int, y: int) -> dict[str, str]:
    return {"name": nk.quote(name), "xpos": str(x), "ypos": str(y)}
