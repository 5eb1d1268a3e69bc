"""Repairs that are obvious: what would change is shown first, a copy of what was is kept, elements are never touched.

``propose`` measures nothing; it says what would make the check hold. ``Fix.apply`` writes, if the file still is what
was shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from film_recovery import nk
from film_recovery.checks import Check
from film_recovery.comp.place import Place
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.graph import epochs
from film_recovery.graph.alignment import BOX, WHOLE, keyed_box
from film_recovery.project import Project, inside
from film_recovery.project.specification import keyed_areas
from film_recovery.stages import walk
from film_recovery.stages.backup import backed_up
from film_recovery.stages.building import COMPRESSIONS, DATATYPES, script_text, spec_of
from film_recovery.stages.view import NotYet, View

Repair = Callable[[View, nk.Script, Check], str]


@dataclass(frozen=True)
class Fix:
    """One repair of one file. ``before`` and ``after``: its whole text."""

    check: str
    description: str
    file: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty when nothing is to be done."""
        old, new = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(old, new, self.file.name, f"{self.file.name} (repaired)"))

    def apply(self) -> Path:
        """Keeps a copy of the file as ``<name>.bak-<n>``, writes the repaired one, and gives the copy's path.

        Raises FilmRecoveryError when the file has changed since it was shown, or cannot be written.
        """
        if nk.load(self.file).text() != self.before:
            raise FilmRecoveryError(
                "The file has changed since the repair was shown.",
                remedy="ask for the repair again",
                file=str(self.file),
            )
        copy = backed_up(self.file)
        nk.save(nk.parse(self.after), self.file)
        return copy


def propose(project: Project, check_id: str) -> Fix:
    """The repair for a check. Raises UsageError for a check that has none, or nothing to repair yet."""
    view = View(project)
    check = view.check(check_id)
    repair = _REPAIRS.get(check_id)
    if repair is None:
        offered = ", ".join(sorted(set(_REPAIRS) & {one.id for one in view.recipe.checks}))
        raise UsageError(
            f"{check_id} has no repair of its own.",
            remedy=f"{'; '.join(check.remedy)} (repairs exist for {offered})",
        )
    file = inside(project.folder, view.paths.script.relative_to(project.folder).as_posix())
    try:
        before = view.script.text()
        script = nk.parse(before, file=str(file))
        description = repair(view, script, check)
    except NotYet as reason:
        raise UsageError(f"Nothing to repair yet: {reason}.", remedy="do that first") from reason
    if not description:
        return Fix(check_id, "Nothing has to be done.", file, before, before)
    after = script_text(project) if description == _REBUILT else script.text()
    return Fix(check_id, description, file, before, after)


_SETTINGS = {"batchSize": "batch", "checkpointInterval": "checkpoints", "imageInterval": "contact_sheets"}
_REBUILT = "Builds the script again from the project."


def _rebuild(view: View, script: nk.Script, check: Check) -> str:
    return _REBUILT


def _epochs(view: View, script: nk.Script, check: Check) -> str:
    training = view.project.training
    wanted = epochs(training.steps, len(view.numbers), training.batch)
    _own(script, view.copycat).set("epochs", str(wanted))
    return f"Sets epochs of {view.copycat.path} to {wanted}."


def _settings(view: View, script: nk.Script, check: Check) -> str:
    node, tolerance = _own(script, view.copycat), check.tolerance
    node.set("modelSize", nk.quote(str(tolerance["size"]).capitalize()))
    node.set("batchSizeType", "Manual")
    for knob, name in _SETTINGS.items():
        node.set(knob, str(tolerance[name]))
    return f"Sets size, batch, checkpoints and contact sheets of {view.copycat.path} to the preset's."


def _no_weights(view: View, script: nk.Script, check: Check) -> str:
    node = _own(script, view.copycat)
    node.unset("initialWeights")
    node.unset("checkpointFile")
    return f"{view.copycat.path} starts without initial weights."


def _preview(view: View, script: nk.Script, check: Check) -> str:
    held = view.project.hold_out
    if view.preview is None or not held:
        raise NotYet("no preview is connected" if held else "no hold-out is chosen")
    holds = walk.of_class(walk.upstream(view.evaluator, view.preview), "FrameHold")
    if not holds:
        raise NotYet("the preview has no FrameHold")
    frame = held[0].source
    node = _own(script, holds[0])
    node.set("firstFrame", str(frame))
    node.set_text("label", f"hold-out\nframe {frame}")
    return f"Sets {holds[0].path} to the hold-out, frame {frame}."


def _link_source(view: View, script: nk.Script, check: Check) -> str:
    block = walk.block(
        view.evaluator, walk.upstream(view.evaluator, view.side(0), view.numbers), "FR_TrainPrep"
    )
    if block is None:
        raise NotYet("no FR_TrainPrep prepares the Source")
    return _link(view, script, block, BOX)


def _link_inference(view: View, script: nk.Script, check: Check) -> str:
    return _link(view, script, view.inference_block, WHOLE)


def _link(view: View, script: nk.Script, block: Place, knob: str) -> str:
    """``box`` and ``use_crop`` of a block follow the one Crop on the aligned Reference, whose box may be keyed."""
    if len(view.reference_crops) != 1:
        raise NotYet(f"{len(view.reference_crops)} Crops stand on the Reference, where one belongs")
    crop = view.reference_crops[0]
    node = _own(script, block)
    knob = knob if view.call(crop).is_set(knob) else BOX
    node.set("box", nk.expression(*[f"{crop.node.name}.{knob}.{side}" for side in "xyrt"]))
    node.set("use_crop", nk.expression(f"!{crop.node.name}.disable"))
    return f"Links the live area of {block.path} to {crop.path}."


def _enable_crop(view: View, script: nk.Script, check: Check) -> str:
    area = view.project.alignment.live_area
    if area is None:
        raise NotYet("the project names no live area")
    crop = view.reference_crops[0]
    keys = keyed_areas(view.project, view.project.pairs)
    if bool(keys) != view.call(crop).is_set(WHOLE):
        return _REBUILT  # preview and inference are linked otherwise where the box is keyed
    node = _own(script, crop)
    node.unset("disable")
    node.set(WHOLE if keys else BOX, nk.numbers(area))
    if keys:
        node.set(BOX, keyed_box(keys))
    return f"Enables {crop.path} with the project's live area."


def _remove_classes(nodes: Callable[[View], list[Place]]) -> Repair:
    def repair(view: View, script: nk.Script, check: Check) -> str:
        found = walk.of_class(nodes(view), check.tolerance["classes"])
        for place in found:
            script.remove(_own(script, place))
        names = ", ".join(place.path for place in found)
        return f"Removes {names}." if found else ""

    return repair


def _on_reference(view: View) -> list[Place]:
    return list(walk.upstream(view.evaluator, view.reference_pipe, view.numbers))


def _prefilter(view: View, script: nk.Script, check: Check) -> str:
    size = view.project.prefilter
    trained = walk.of_class(
        walk.upstream(view.evaluator, view.side(0), view.numbers), check.tolerance["classes"]
    )
    node = _own(script, view.inference_block)
    if len(trained) != bool(size) or any(place.node.class_name != "Median" for place in trained):
        return _REBUILT
    for place in trained:
        _own(script, place).set("size", str(size))
    node.set("prefilter", nk.boolean(bool(size)))
    if size:
        node.set("prefilter_size", str(size))
    return f"Sets the pre-filter of training and inference to {f'Median {size}' if size else 'none'}."


def _lock(view: View, script: nk.Script, check: Check) -> str:
    _own(script, view.inference_block).set("lock", "true")
    return f"Switches the identity lock of {view.inference_block.path} on."


def _as_model(knob: str, of_card: str) -> Repair:
    def repair(view: View, script: nk.Script, check: Check) -> str:
        word = getattr(view.card, of_card)
        blocks = (view.inference_block, view.ground_truth)
        for block in blocks:
            _own(script, block).set(knob, nk.quote(word))
        names = " and ".join(block.path for block in blocks)
        return f"Sets {knob} of {names} to {word}, as the model has it."

    return repair


def _output_file(view: View, script: nk.Script, check: Check) -> str:
    spec = spec_of(view.project)
    _own(script, view.write).set("file", nk.quote(spec.output))
    return f"Sets the file of {view.write.path} to {spec.output}."


def _output_format(view: View, script: nk.Script, check: Check) -> str:
    node = _own(script, view.write)
    node.set("datatype", nk.quote(DATATYPES[str(check.tolerance["datatype"])]))
    return f"Sets {view.write.path} to 16-bit half."


def _output_compression(view: View, script: nk.Script, check: Check) -> str:
    node = _own(script, view.write)
    node.set("compression", nk.quote(COMPRESSIONS["zip"]))
    node.unset("dw_compression_level")
    return f"Sets the compression of {view.write.path} to ZIP."


def _output_space(view: View, script: nk.Script, check: Check) -> str:
    node = _own(script, view.write)
    node.set("colorspace", nk.quote(str(check.tolerance["role"])))
    node.unset("raw")
    return f"Sets the colour space of {view.write.path} to {check.tolerance['role']}."


def _own(script: nk.Script, place: Place) -> nk.Node:
    """The node of ``place`` in the script that is being repaired."""
    if place.host is not None and not place.host.node.is_group:
        raise place.error("It stands inside a gizmo, whose file is not changed.", remedy="repair it by hand")
    return script.node(place.path)


_REPAIRS: Mapping[str, Repair] = MappingProxyType(
    {
        "curation.stack_order": _rebuild,
        "curation.script_current": _rebuild,
        "alignment.crop_linked": _link_source,
        "alignment.crop_enabled": _enable_crop,
        "alignment.no_colour_correction": _remove_classes(_on_reference),
        "training.template": _rebuild,
        "training.no_reference_blur": _remove_classes(View.of_reference),
        "training.settings": _settings,
        "training.steps_epochs": _epochs,
        "training.initial_weights": _no_weights,
        "training.preview": _preview,
        "inference.prefilter_parity": _prefilter,
        "inference.live_area": _link_inference,
        "inference.untouched_source": _remove_classes(View.of_inference),
        "inference.identity_lock": _lock,
        "inference.recipe_match": _as_model("recipe", "recipe"),
        "inference.method_match": _as_model("method", "luma_method"),
        "inference.output_name": _output_file,
        "inference.output_place": _output_file,
        "inference.output_format": _output_format,
        "inference.compression": _output_compression,
        "inference.output_colourspace": _output_space,
    }
)
FIXABLE = frozenset(_REPAIRS)
