"""Stage 4: the Source reaches the network as in training, the model fits, and the masters are what they must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp.place import Place
from film_recovery.imaging.writing import COMPRESSIONS
from film_recovery.project import plain_name
from film_recovery.stages import walk
from film_recovery.stages.conditions import Sides, box_of, filters_of, spanned, without_overlays
from film_recovery.stages.measure import measures
from film_recovery.stages.reads import ELEMENTS
from film_recovery.stages.training import film_words
from film_recovery.stages.view import View

NON_COMMERCIAL = (".nknc", ".catnc")
_METHODS = ("matrix", "Colorspace")
_RECIPES = ("spatial", "colour")


@measures("inference.prefilter_parity")
def prefilter_parity(view: View, check: Check) -> Outcome:
    """The filters on the Source in both graphs, type and values, and the size that the project says."""
    ev, classes = view.evaluator, check.tolerance["classes"]
    trained = filters_of(view, walk.of_class(walk.upstream(ev, view.side(0), view.numbers), classes))
    used = filters_of(view, walk.of_class(view.of_inference(), classes))
    value = {"training": trained, "inference": used, "project": view.project.prefilter}
    wanted = [f"Median {view.project.prefilter:g}"] if view.project.prefilter else []
    ok = trained == used and trained == wanted
    said = [", ".join(filters) or "none" for filters in (trained, used, wanted)]
    reason = f"Pre-filter in training: {said[0]}; at inference: {said[1]}; in the project: {said[2]}."
    return judged(check, ok, value, reason, {"node": view.inference_block.path})


@measures("inference.live_area")
def live_area(view: View, check: Check) -> Outcome:
    """The same box, at every pair; of a keyed one that without overlays, which no pair's box may leave."""
    ev = view.evaluator
    crops = walk.of_class(walk.upstream(ev, view.side(0), view.numbers), "Crop")
    trained = {number: box_of(view, crops, number) for number in view.numbers}
    crops = walk.of_class(view.of_inference(), "Crop")
    wanted_frames = view.wanted_frames
    # The stack's numbers too: a key of theirs, read on the Source's frames, would crop the master there.
    frames = {*walk.held_frames(ev, view.side(0)), *view.numbers} & {*wanted_frames}
    frames |= {*wanted_frames[:1], *wanted_frames[-1:]}
    used = {frame: box_of(view, crops, frame) for frame in sorted(frames)}
    wanted = without_overlays(view, list(trained.values()))
    elsewhere = [box for box in used.values() if box != wanted]
    less = [number for number, box in trained.items() if box != wanted]
    inside = all(_lies_in(trained[number], wanted) for number in less)
    training, inference = _said(wanted), _said(elsewhere[0] if elsewhere else wanted)
    if less:
        named = ", ".join(f"{_said(trained[number])} in pair {number}" for number in less)
        training += f", and {named}"
    reason = f"Live area in training: {training}; at inference: {inference}."
    value = {
        "training": {str(number): box for number, box in trained.items()} if less else wanted,
        "inference": elsewhere[0] if elsewhere else wanted,
    }
    return judged(check, inside and not elsewhere, value, reason, {"node": view.inference_block.path})


@measures("inference.same_read")
def same_read(view: View, check: Check) -> Outcome:
    """The same Read, or one that reads the same files the same way."""
    reads = [view.read_of(view.source_pipe), view.read_of(view.inference)]
    described = [_read_knobs(view, read) for read in reads]
    different = [name for name in described[0] if described[0][name] != described[1][name]]
    value = {"training": reads[0].path, "inference": reads[1].path, "different": different}
    if not different:
        return judged(check, True, value, f"Training and inference read the Source through {reads[1].path}.")
    name = different[0]
    reason = (
        f"{reads[1].path} differs from {reads[0].path} in {', '.join(different)}: {described[1][name]}, "
        f"in training {described[0][name]}."
    )
    return judged(check, False, value, reason, {"node": reads[1].path})


@measures("inference.untouched_source")
def untouched_source(view: View, check: Check) -> Outcome:
    found = [place.path for place in walk.of_class(view.of_inference(), check.tolerance["classes"])]
    reason = (
        "Nothing but pre-filter and Crop stands before Inference."
        if not found
        else f"{len(found)} nodes change the Source before Inference: {', '.join(found)}."
    )
    return judged(check, not found, found, reason, {"node": found[0]} if found else {})


@measures("inference.identity_lock")
def identity_lock(view: View, check: Check) -> Outcome:
    block = view.inference_block
    on = view.call(block).boolean("lock")
    return judged(
        check, on, on, f"The identity lock of {block.path} is {'on' if on else 'off'}.", {"node": block.path}
    )


@measures("inference.model_of_film")
def model_of_film(view: View, check: Check) -> Outcome:
    project, card = view.project, view.card
    ok = bool(card.film) and (card.film, card.reel) == (project.film, project.reel)
    value = {"film": card.film, "reel": card.reel}
    reason = (
        f"{view.model_file.name} was trained on {film_words(card.film, card.reel)}, this film is "
        f"{film_words(project.film, project.reel)}."
    )
    return judged(check, ok, value, reason, {"file": str(view.model_file), "node": view.inference.path})


@measures("inference.recipe_match")
def recipe_match(view: View, check: Check) -> Outcome:
    return _matches(view, check, "recipe", view.card.recipe, _RECIPES, view.kind)


@measures("inference.method_match")
def method_match(view: View, check: Check) -> Outcome:
    return _matches(view, check, "method", view.card.luma_method, _METHODS, view.project.method)


@measures("inference.full_format")
def full_format(view: View, check: Check) -> Outcome:
    block = view.inference_block
    call = view.call(block)
    preview = call.is_set("preview") and call.boolean("preview")
    reason = f"{block.path} renders {'in its preview format' if preview else 'the full format'}."
    return judged(check, not preview, preview, reason, {"node": block.path})


@measures("inference.non_commercial")
def non_commercial(view: View, check: Check) -> Outcome:
    """Files of NukeX Non-Commercial in the project, and its licence for a render that is not the open engine's."""
    folders = (view.paths.script.parent, view.paths.training)
    files = [
        file
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.rglob("*"))
        if file.suffix in NON_COMMERCIAL
    ]
    source, tier, engine = view.project.source, view.project.tier, view.project.training.engine
    value = {"tier": tier, "engine": engine, "files": [file.name for file in files]}
    if files:
        names = ", ".join(file.name for file in files)
        reason = f"{len(files)} files of NukeX Non-Commercial are in use: {names}."
        return judged(check, False, value, reason, {"file": str(files[0])})
    if tier == "nc" and engine == "copycat":
        limit = f"{check.tolerance['width']} × {check.tolerance['height']}"
        reason = (
            f"NukeX Non-Commercial renders {limit} at most and no archival frames; the Source is {source.width} × "
            f"{source.height}."
        )
        return judged(check, False, value, reason)
    by = "the open engine renders" if tier == "nc" else f"the licence is {tier}"
    return judged(check, True, value, f"No limits of NukeX Non-Commercial apply: {by}.")


@measures("inference.output_name")
def output_name(view: View, check: Check) -> Outcome:
    project, name = view.project, Path(view.output.sequence.pattern).name
    shot = plain_name(project.shot or project.film)
    modelfile = Path(view.call(view.inference).text("modelFile")).stem
    parts = {
        "shot": shot,
        "version": project.inference.version,
        "model": modelfile.removeprefix(f"{shot}_") or "a model",
    }
    missing = [f"{what} ({word})" for what, word in parts.items() if word not in name]
    if view.output.sequence.is_still:
        missing.append("frame number (####)")
    reason = (
        f"{name} names shot, version and model."
        if not missing
        else f"{name} does not name: {', '.join(missing)}."
    )
    return judged(check, not missing, name, reason, {"node": view.write.path})


@measures("inference.output_format")
def output_format(view: View, check: Check) -> Outcome:
    """What the Write says; the frames themselves are looked at in validation."""
    output = view.output
    kind = Path(output.sequence.pattern).suffix.lower().lstrip(".")
    value = {"file_type": kind, "datatype": output.datatype or "integer"}
    ok = value == dict(check.tolerance)
    reason = f"Frames are {kind.upper()}, {value['datatype']}."
    return judged(check, ok, value, reason, {"node": view.write.path})


@measures("inference.compression")
def compression(view: View, check: Check) -> Outcome:
    token = (view.output.compression or "none").partition(":")[0]
    word = COMPRESSIONS.get(token, token)
    ok = word in check.tolerance["allowed"].split()
    reason = f"The compression is {word.upper()}{'' if ok else ', which loses values'}."
    return judged(check, ok, word, reason, {"node": view.write.path})


@measures("inference.output_colourspace")
def output_colourspace(view: View, check: Check) -> Outcome:
    space = view.output.holds or "raw"
    wanted = view.evaluator.root.config.resolve(check.tolerance["role"])
    ok = space == wanted
    reason = f"Frames are written in {space}{'' if ok else f', not in {wanted}'}."
    return judged(check, ok, space, reason, {"node": view.write.path})


@measures("inference.output_place")
def output_place(view: View, check: Check) -> Outcome:
    folder = view.output.folder.resolve()
    place = (view.project.folder / check.tolerance["folder"]).resolve()
    inside = place == folder or place in folder.parents
    elements = [view.sequence(element).folder.resolve() for element in ELEMENTS]
    meets = [one for one in elements if one == folder or one in folder.parents or folder in one.parents]
    beside = "" if inside else f", which is not under {check.tolerance['folder']}"
    reason = f"Frames are written to {folder}{beside}."
    if meets:
        reason = f"Frames are written to {folder}, where an element lies ({meets[0]})."
    return judged(check, inside and not meets, str(folder), reason, {"node": view.write.path})


def _lies_in(box: Sides | None, other: Sides | None) -> bool:
    return other is None or (box is not None and spanned([box, other]) == other)


def _said(box: Sides | None) -> str:
    return "the whole frame" if box is None else " ".join(f"{side:g}" for side in box)


def _read_knobs(view: View, read: Place) -> dict[str, Any]:
    call = view.call(read)
    space = call.text("colorspace")
    managed = view.evaluator.root.managed and space not in ("", "default")
    return {
        "file": call.path("file").as_posix(),
        "colorspace": call.config.resolve(space) if managed else space,
        "raw": call.boolean("raw"),
    }


def _matches(
    view: View, check: Check, knob: str, of_model: str, words: tuple[str, ...], of_project: str
) -> Outcome:
    """The model's word against FR_Inference's, FR_GroundTruth's and the project's."""
    found = {"model": of_model, "project": of_project}
    for block in (view.inference_block, view.ground_truth):
        found[block.path] = view.call(block).choice(knob, words)
    ok = len(set(found.values())) == 1
    said = ", ".join(f"{name} {word}" for name, word in found.items())
    reason = f"The {knob} is {of_model} everywhere." if ok else f"The {knob} differs: {said}."
    other = [path for path, word in found.items() if word != of_model and path not in ("model", "project")]
    return judged(check, ok, found, reason, {"node": other[0]} if other else {})
