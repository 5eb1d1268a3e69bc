"""The film is sacred: no render may write into a folder that holds an element of the film."""

from __future__ import annotations

from collections.abc import Iterator

from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.sequence import Sequence
from film_recovery.nk.walk import upstream
from film_recovery.rendering.output import Output


def protect_elements(evaluator: Evaluator, output: Output) -> None:
    """Refuses an output folder that is equal to, inside or around the folder of any element, links resolved."""
    folder = output.folder.resolve()
    for path, sequence in _elements(evaluator, output):
        element = sequence.folder.resolve()
        if folder == element or folder in element.parents or element in folder.parents:
            raise FilmRecoveryError(
                f"The output folder {folder} is equal to, inside or around {element}, where {path} keeps its "
                "frames. Elements of the film are never written to.",
                node=output.call.place.path,
                class_name="Write",
                knob="file",
                remedy="write to a folder of its own, such as pipeline/04_inference_render",
            )


def _elements(evaluator: Evaluator, output: Output) -> Iterator[tuple[str, Sequence]]:
    """Every Read of the script with a file. One that shows this Write's own frames again is none, unless the
    Write depends on it."""
    needed = {id(node) for node in upstream(output.call.node)}
    for node in evaluator.script.all_nodes():
        if node.class_name != "Read" or node.get("file") is None:
            continue
        call = evaluator.call(node, output.call.frame)
        sequence = Sequence.parse(str(call.path("file")))
        if sequence.pattern != output.sequence.pattern or id(node) in needed:
            yield call.place.path, sequence
