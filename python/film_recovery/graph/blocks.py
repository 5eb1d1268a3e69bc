"""The building blocks of ``gizmos/``, copied into a script as Groups, so that it opens without the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError, UsageError


def gizmo_folder() -> Path:
    """Where ``FR_*.gizmo`` are: beside the code in a checkout, inside the package when installed."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "gizmos", package.parents[1] / "gizmos"):
        if folder.is_dir():
            return folder
    raise FilmRecoveryError(
        "The folder gizmos is missing from this installation.",
        file=str(package),
        remedy="install film-recovery again",
    )


def group(
    gizmo: str, name: str, knobs: Mapping[str, str], inner: Mapping[str, str], position: tuple[int, int]
) -> str:
    """The gizmo as a Group node: text with its inside.

    ``knobs``: values of the group's own knobs; ``inner``: values of knobs inside (``Inference1.modelFile``),
    which is where Nuke keeps what a linked knob shows. Both are single words already quoted by ``nk``.
    """
    path = gizmo_folder() / f"{gizmo}.gizmo"
    if not path.is_file():
        raise UsageError(
            f"There is no block {gizmo}.", file=str(path), remedy="use one of the FR_*.gizmo files"
        )
    text = path.read_text(encoding="utf-8").replace("Gizmo {", "Group {", 1)
    return _filled(text, str(path), name, tuple(knobs.items()), tuple(inner.items()), position)


@lru_cache(maxsize=256)  # a graph is drawn anew for each hold-out and check, with the same blocks
def _filled(
    text: str,
    file: str,
    name: str,
    knobs: tuple[tuple[str, str], ...],
    inner: tuple[tuple[str, str], ...],
    position: tuple[int, int],
) -> str:
    """The Group node of ``text`` with its values filled in; a function of its arguments alone."""
    script = nk.parse(text, file=file)
    block = script.nodes[0]
    inputs = sum(node.class_name == "Input" for node in block.nodes)
    for knob, word in (("inputs", str(inputs)), *knobs):
        block.set(knob, word)
    block.set("name", nk.quote(name))
    block.set("xpos", str(position[0]))
    block.set("ypos", str(position[1]))
    for address, word in inner:
        node_name, knob = address.split(".")
        script.node(f"{name}.{node_name}").set(knob, word)
    return script.text()
