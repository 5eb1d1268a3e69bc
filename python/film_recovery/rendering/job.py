"""What the bytes of a frame depend on beside the element's files, as one key: equal keys, equal frames."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from film_recovery import __version__, nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.rendering.output import Output
from film_recovery.rendering.record import sha256

# How often CopyCat keeps a checkpoint: no pixel of a render depends on it, so that every script counts as one that has
# the usual interval.
_INTERVAL = re.compile(r"(?m)^( *checkpointInterval) \d+$")
_USUAL = r"\1 10000"


def job_key(evaluator: Evaluator, output: Output, job: str) -> str:
    """SHA-256 over program, script, gizmo files, OCIO config, the Write and ``job`` (the caller's own part)."""
    config = evaluator.root.config.name
    parts = (
        __version__,
        _INTERVAL.sub(_USUAL, evaluator.script.text()),
        *_gizmos(evaluator),
        config,
        sha256(Path(config)) if Path(config).is_file() else "",
        output.call.place.path,
        job,
    )
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _gizmos(evaluator: Evaluator) -> Iterator[str]:
    """Every node inside the gizmo files that the script uses, those inside other gizmos included."""
    graph = evaluator.graph
    waiting = [graph.of_node(node) for node in evaluator.script.all_nodes() if not node.is_group]
    seen: set[int] = set()
    while waiting:
        place = waiting.pop()
        try:
            definition, inside = graph.definition(place), graph.inside(place)
        except FilmRecoveryError:
            continue  # a gizmo that cannot be read stops the evaluation, if the Write needs it at all
        if definition is None or inside is None or id(definition) in seen:
            continue
        seen.add(id(definition))
        yield from (_text(node) for node in (definition, *inside.nodes))
        waiting.extend(inside.place(node) for node in inside.nodes)


def _text(node: nk.Node) -> str:
    inputs = [None if source is None else source.path for source in node.inputs]
    return f"{node.path} {node.class_name} {inputs} {[(entry.name, entry.raw) for entry in node.entries()]}"
