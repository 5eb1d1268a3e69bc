"""What the checks look at, each thing made when it is first asked for, and once.

A View belongs to one project at one moment: the script, the evaluator, headers and the model card are kept. What
does not exist yet raises NotYet, which says what has to happen first.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from film_recovery import engine as engine  # registers CopyCat and Inference
from film_recovery import nk, recipes
from film_recovery.checks import Check
from film_recovery.comp import Evaluator, NodeCall
from film_recovery.comp.nodes import io
from film_recovery.comp.place import Place
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import reading
from film_recovery.imaging.frame import Box
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import FILE, Project, paths
from film_recovery.recipes import Recipe
from film_recovery.rendering.output import Output, write_output
from film_recovery.stages import chain, walk
from film_recovery.stages.reads import Reading, two_reads

if TYPE_CHECKING:
    from film_recovery.learning.export import ModelCard


class NotYet(Exception):
    """A check cannot be measured before something else has been done: what, in a few words, and how."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class View:
    """One project as the checks see it. ``kind``: of the graph, spatial or colour (combined is spatial first)."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.recipe: Recipe = recipes.load(project.recipe)
        self.kind = "colour" if self.recipe.kind == "colour" else "spatial"
        self.paths = paths(project)
        self._headers: dict[tuple[str, int], reading.Header] = {}

    def check(self, id: str) -> Check:
        """The check ``id`` of the recipe, with the project's own tolerances in it.

        Raises UsageError for an unknown check, FilmRecoveryError for a tolerance that the check does not have.
        """
        check = self.recipe.check(id)
        own = self.project.tolerances.get(id, {})
        for name, value in own.items():
            usual = check.tolerance.get(name)
            if usual is None or not _alike(usual, value):
                known = ", ".join(f"{key}: {one!r}" for key, one in check.tolerance.items()) or "none"
                raise FilmRecoveryError(
                    f"tolerances: {id} has no tolerance {name}: {value!r}.",
                    file=str(self.project.folder / FILE),
                    remedy=f"its tolerances, as the recipe has them: {known}",
                )
        return replace(check, tolerance=MappingProxyType({**check.tolerance, **own}))

    # Elements

    def sequence(self, element: str) -> Sequence:
        """The files of ``source`` or ``reference``."""
        one = self.project.elements[element]
        return Sequence.parse(self.project.file_of(element), one.first, one.last)

    def need(self, element: str) -> None:
        """Raises NotYet when the element is the master of another project that has not rendered it."""
        if self._not_rendered[element]:
            raise NotYet(self._not_rendered[element])

    def awaited(self, error: FilmRecoveryError) -> str:
        """What has to be rendered before the file of ``error`` can be read; empty when no project renders it."""
        folder = Path(os.path.realpath(error.where.get("file", ""))).parent
        for element, missing in self._not_rendered.items():
            if missing and folder == Path(os.path.realpath(self.sequence(element).folder)):
                return missing
        return ""

    @cached_property
    def _not_rendered(self) -> dict[str, str]:
        return {element: chain.not_rendered(self.project, element) for element in self.project.elements}

    def frames(self, element: str) -> list[int]:
        """The frames that are looked at: first and last, every pair, every hold-out.

        Of a Reference that is not complete (a constructed one), the pairs and hold-outs only. Raises NotYet for a
        master that has not been rendered.
        """
        self.need(element)
        one = self.project.elements[element]
        chosen = {getattr(pair, element) for pair in (*self.project.pairs, *self.project.hold_out)}
        complete = element == "source" or self.check("ingest.frame_range").tolerance["reference_complete"]
        ends = {one.first, one.last} if complete or not chosen else set()
        return sorted({frame for frame in chosen if one.first <= frame <= one.last} | ends)

    def header(self, element: str, frame: int) -> reading.Header:
        """The header of one frame; FilmRecoveryError when it is missing or damaged."""
        key = (element, frame)
        if key not in self._headers:
            self._headers[key] = reading.read_header(self.sequence(element).pattern, frame=frame)
        return self._headers[key]

    def file(self, element: str, frame: int) -> Path:
        return self.sequence(element).path(frame)

    @cached_property
    def own_reading(self) -> Reading:
        """How the project says that its elements are read."""
        evaluator = Evaluator(two_reads(self.project))
        return Reading(
            evaluator, evaluator.graph.named("Read_Source"), evaluator.graph.named("Read_Reference")
        )

    @cached_property
    def script_reading(self) -> Reading:
        """How the script reads them."""
        return Reading(self.evaluator, self.read_of(self.source_pipe), self.read_of(self.reference_pipe))

    @cached_property
    def readings(self) -> list[Reading]:
        """The project's, and the script's where it exists and is another."""
        own = self.own_reading
        if not self.paths.script.exists() or self.script_reading.described() == own.described():
            return [own]
        return [own, self.script_reading]

    # The script

    @cached_property
    def script(self) -> nk.Script:
        if not self.paths.script.exists():
            missing = "the script has not been built"
            raise NotYet(missing if self.project.pairs else f"no pairs are chosen, so {missing}")
        return nk.load(self.paths.script)

    @cached_property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.script)

    def call(self, place: Place, frame: float = 1) -> NodeCall:
        """The knob values of ``place`` at ``frame``."""
        return NodeCall(self.evaluator, place, float(frame))

    @cached_property
    def copycat(self) -> Place:
        return self._only("CopyCat")

    @cached_property
    def numbers(self) -> range:
        """The frames of the stacks: frame n is pair n."""
        first, last = self.evaluator.range_of(self.side(0))
        return range(first, last + 1)

    def side(self, index: int) -> Place:
        """What stands at an input of CopyCat: 0 Input, 1 Ground Truth."""
        inputs = self.evaluator.graph.inputs(self.copycat)
        place = inputs[index] if index < len(inputs) else None
        if place is None:
            name = ("Input", "GroundTruth", "Preview")[index]
            raise self.copycat.error(f"{name} is not connected.", remedy="connect it")
        return place

    @cached_property
    def preview(self) -> Place | None:
        inputs = self.evaluator.graph.inputs(self.copycat)
        return inputs[2] if len(inputs) > 2 else None

    @cached_property
    def ground_truth(self) -> Place:
        """The FR_GroundTruth block that CopyCat learns from."""
        found = walk.block(self.evaluator, walk.upstream(self.evaluator, self.side(1)), "FR_GroundTruth")
        if found is None:
            raise self.copycat.error(
                "No FR_GroundTruth stands upstream of GroundTruth.", remedy="build the Ground Truth with it"
            )
        return found

    @property
    def source_pipe(self) -> Place:
        """What stands at the Source input of the Ground Truth."""
        return self._pipe(0, "Source")

    @property
    def reference_pipe(self) -> Place:
        """What stands at its Reference input: the aligned Reference."""
        return self._pipe(1, "Reference")

    def of_reference(self) -> list[Place]:
        """Every active node that works on the aligned Reference, or on the Ground Truth after the swap."""
        ev, numbers = self.evaluator, self.numbers
        after = walk.upstream(ev, self.side(1), numbers, stop=self.ground_truth)
        found = {**dict.fromkeys(walk.upstream(ev, self.reference_pipe, numbers)), **dict.fromkeys(after)}
        return list(found)

    @cached_property
    def reference_crops(self) -> list[Place]:
        """The Crops on the aligned Reference, those that are switched off (while aligning) included."""
        ev = self.evaluator
        found = dict.fromkeys(walk.of_class(walk.everything_upstream(ev, self.reference_pipe), "Crop"))
        after = walk.upstream(ev, self.side(1), self.numbers, stop=self.ground_truth)
        found.update(dict.fromkeys(walk.of_class(after, "Crop")))
        return list(found)

    @cached_property
    def write(self) -> Place:
        """The Write that an Inference feeds."""
        ev = self.evaluator
        writes = [ev.graph.of_node(node) for node in self.script.all_nodes() if node.class_name == "Write"]
        found = [one for one in writes if walk.of_class(walk.upstream(ev, one), "Inference")]
        if len(found) != 1:
            raise FilmRecoveryError(
                f"The script has {len(found)} Write nodes after an Inference, where one is needed.",
                file=str(self.paths.script),
                remedy="keep the one that writes the masters",
            )
        return found[0]

    @cached_property
    def output(self) -> Output:
        """What that Write writes."""
        return write_output(self.evaluator, self.write.path)

    @cached_property
    def inference(self) -> Place:
        """The Inference node that feeds it."""
        return walk.of_class(walk.upstream(self.evaluator, self.write), "Inference")[0]

    @cached_property
    def inference_block(self) -> Place:
        """The FR_Inference around it."""
        found = walk.block(self.evaluator, walk.upstream(self.evaluator, self.write), "FR_Inference")
        if found is None:
            raise self.inference.error(
                "It stands outside of FR_Inference, so nothing locks what the recipe may not change.",
                remedy="use FR_Inference",
            )
        return found

    def of_inference(self) -> list[Place]:
        """Every active node between the Read and Inference."""
        found = walk.upstream(self.evaluator, self.inference, self.wanted_frames[:1])
        return [place for place in found if place is not self.inference]

    # Model and frames

    @cached_property
    def model_file(self) -> Path:
        """The model that the script's Inference names, .pt where Nuke has made no .cat of it yet."""
        call = self.call(self.inference)
        if not call.text("modelFile"):
            raise NotYet("no model is chosen")
        file = Path(os.path.normpath(call.path("modelFile")))
        if not file.exists() and file.with_suffix(".pt").exists():
            file = file.with_suffix(".pt")
        if not file.exists():
            raise NotYet(f"the model {file.name} has not been trained")
        return file

    @cached_property
    def card(self) -> ModelCard:
        from film_recovery.engine.nodes import loaded_model

        return loaded_model(self.model_file).card

    @cached_property
    def wanted_frames(self) -> list[int]:
        """The frames that are to be rendered."""
        return chain.wanted_frames(self.project)

    @cached_property
    def written(self) -> list[int]:
        """Those of them that are on disk. Raises NotYet when there is none."""
        on_disk = set(self.output.sequence.frames())
        found = [frame for frame in self.wanted_frames if frame in on_disk]
        if not found:
            raise NotYet("no frame has been rendered")
        return found

    def live_area(self, frame: int) -> Box:
        """The area that a written frame is judged in: what FR_Inference gives of the Source's picture at ``frame``, by
        the header of its file."""
        call = self.call(self.inference_block, frame)
        format, bbox = io.shape(self.call(self._source_read, frame))
        whole = format.box.intersect(bbox)
        if not call.boolean("use_crop"):
            return whole
        x, y, r, t = (round(value) for value in call.numbers("box", 4))
        return Box(x, y, r, t).intersect(whole)

    def files_of(self, frame: int) -> list[Path]:
        """A written frame and the Source's file that it is held against."""
        source = io.file_shown(self.call(self._source_read, frame))
        return [self.output.sequence.path(frame), *([source] if source else [])]

    # Inside

    @cached_property
    def _source_read(self) -> Place:
        return self.read_of(self.inference)

    def _only(self, class_name: str) -> Place:
        found = [node for node in self.script.all_nodes() if node.class_name == class_name]
        if len(found) != 1:
            raise FilmRecoveryError(
                f"The script has {len(found)} {class_name} nodes, where one is needed.",
                file=str(self.paths.script),
                remedy="keep one, or build the script again",
            )
        return self.evaluator.graph.of_node(found[0])

    def _pipe(self, index: int, name: str) -> Place:
        inputs = self.evaluator.graph.inputs(self.ground_truth)
        place = inputs[index] if index < len(inputs) else None
        if place is None:
            raise self.ground_truth.error(f"Its input {name} is not connected.", remedy="connect it")
        return place

    def read_of(self, place: Place) -> Place:
        """The Read behind ``place``."""
        found = walk.of_class(walk.upstream(self.evaluator, place, self.numbers), "Read")
        if not found:
            raise place.error("No Read stands upstream of it.", remedy="connect the element")
        return found[0]


def _alike(usual: Any, value: Any) -> bool:
    """Whether ``value`` is of the same kind as the recipe's: a switch, a number or a text."""
    if isinstance(usual, bool) or isinstance(value, bool):
        return isinstance(usual, bool) and isinstance(value, bool)
    if isinstance(usual, str):
        return isinstance(value, str)
    return isinstance(value, (int, float))
