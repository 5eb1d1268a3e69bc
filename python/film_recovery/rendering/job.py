"""What the bytes of a frame depend on beside the element's files, as one key: equal keys, equal frames.

Of the script that is what the Write's picture depends on (``comp.dependence``) and what is read of its Root. So a node
that was moved, a note, another branch of the graph leave the key, and the frames, as they are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from film_recovery import __version__, nk
from film_recovery.comp import Evaluator
from film_recovery.comp.dependence import LOOKS, behind, described, described_value
from film_recovery.comp.place import Place
from film_recovery.comp.root import READ
from film_recovery.errors import FilmRecoveryError
from film_recovery.rendering.output import Output
from film_recovery.rendering.record import sha256

# How often CopyCat keeps a checkpoint: no pixel of a render depends on it, so that every script counts as one that has
# the usual interval.
_INTERVAL = re.compile(r"(?m)^( *checkpointInterval) \d+$")
_USUAL = r"\1 10000"
_UNSEEN = LOOKS | {"checkpointInterval"}


def job_keys(evaluator: Evaluator, output: Output, job: str) -> tuple[str, str]:
    """The key of the render, and the one that earlier versions gave it; ``job`` is the caller's own part of both.

    An equal earlier key says that nothing at all in the script has changed, so frames under it are of this job too.
    Raises FilmRecoveryError for a gizmo before the Write that cannot be read.
    """
    config = evaluator.root.config.name
    around = (
        config,
        sha256(Path(config)) if Path(config).is_file() else "",
        output.call.place.path,
        job,
    )
    earlier = (__version__, _INTERVAL.sub(_USUAL, evaluator.script.text()), *_gizmos(evaluator), *around)
    return _hashed(__version__, _before(evaluator, output.call.place), *around), _hashed(*earlier)


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _before(evaluator: Evaluator, write: Place) -> str:
    """All that the Write's picture depends on in the script, as one line of text."""
    graph = evaluator.graph
    found = behind(evaluator, write, _UNSEEN)
    values = {*found.values}
    if graph.root is not None:
        others = set(graph.root.node.knobs) - READ
        values.update(behind(evaluator, graph.root, others).values, ((graph.root, knob) for knob in READ))
    rows = (
        [described(graph, place, _UNSEEN) for place in found.places],
        [described_value(graph, *value) for value in values],
    )
    return json.dumps([sorted(map(json.dumps, each)) for each in rows])


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
