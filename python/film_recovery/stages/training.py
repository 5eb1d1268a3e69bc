"""Stage 3: what stands at CopyCat's inputs, and how it is set. Everything is measured pair by pair, before training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.analysis.identity import identity
from film_recovery.checks import Check, Outcome, judged
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph import epochs
from film_recovery.imaging.frame import RGB, Frame
from film_recovery.stages import walk
from film_recovery.stages.closed_form import last_training
from film_recovery.stages.measure import measures
from film_recovery.stages.teaching import initial_weights as own_weights
from film_recovery.stages.view import NotYet, View

CROP_SIZES = ("32", "64", "128", "256", "512")
# A CopyCat node where the script says nothing.
# Source: https://learn.foundry.com/nuke/content/reference_guide/air_nodes/copycat.html
COPYCAT_DEFAULTS: Mapping[str, str] = {
    "initialWeights": "None",
    "modelSize": "Medium",
    "batchSizeType": "Auto",
    "batchSize": "8",
    "cropSize": "256",
    "epochs": "10000",
    "checkpointInterval": "1000",
    "imageInterval": "100",
}


@measures("training.no_reference_blur")
def no_reference_blur(view: View, check: Check) -> Outcome:
    """Every active node between the Read of the Reference and CopyCat, groups included."""
    found = [place.path for place in walk.of_class(view.of_reference(), check.tolerance["classes"])]
    reason = (
        "Nothing softens the Reference."
        if not found
        else f"{len(found)} nodes soften the Reference: {', '.join(found)}."
    )
    return judged(check, not found, found, reason, {"node": found[0]} if found else {})


@measures("training.bbox_parity")
def bbox_parity(view: View, check: Check) -> Outcome:
    different = 0
    show: dict[str, Any] = {}
    said = ""
    for number in view.numbers:
        given, truth = _sides(view, number)
        if given.bbox != truth.bbox or not given.format.same_shape(truth.format):
            different += 1
            said = said or (
                f"in pair {number} Input has {given.bbox} in {given.format}, Ground Truth {truth.bbox} in "
                f"{truth.format}"
            )
            show = show or {"node": view.copycat.path, "frame": number}
    total = len(view.numbers)
    reason = (
        f"Both sides agree in all {total} pairs."
        if not different
        else f"{different} of {total} pairs differ; {said}."
    )
    return judged(check, not different, different, reason, show)


@measures("training.values_0_1")
def values_0_1(view: View, check: Check) -> Outcome:
    least, most = np.inf, -np.inf
    show: dict[str, Any] = {}
    margin = check.tolerance["margin"]
    for number in view.numbers:
        for frame in _sides(view, number):
            rgb = frame.rgb()
            least, most = min(least, float(rgb.min())), max(most, float(rgb.max()))
            if not show and (rgb.min() < -margin or rgb.max() > 1 + margin):
                show = {"node": view.copycat.path, "frame": number}
    reason = f"Values at CopyCat reach from {least:.4g} to {most:.4g}."
    return judged(check, not show, {"least": least, "most": most}, reason, show)


@measures("training.no_alpha")
def no_alpha(view: View, check: Check) -> Outcome:
    for number in view.numbers:
        for name, frame in zip(("Input", "Ground Truth"), _sides(view, number), strict=True):
            if set(frame.channels) != set(RGB):
                reason = f"{name} of pair {number} has {', '.join(frame.channels)}, where red, green and blue belong."
                return judged(
                    check,
                    False,
                    list(frame.channels),
                    reason,
                    {"node": view.copycat.path, "frame": number},
                )
    return judged(check, True, list(RGB), "Both sides have red, green and blue, and nothing else.")


@measures("training.clamp_share")
def clamp_share(view: View, check: Check) -> Outcome:
    """The Ground Truth before the clamp, in the area that CopyCat sees, all pairs together."""
    outside, total, change = 0, 0, 0.0
    worst = view.numbers[0]
    for number in view.numbers:
        rgb = _truth(view, number)
        moved = np.abs(rgb - np.clip(rgb, 0, 1)).max(axis=-1)
        outside += int(np.count_nonzero(moved))
        total += moved.size
        if float(moved.max()) > change:
            change, worst = float(moved.max()), number
    share = outside / total
    ok = share <= check.tolerance["share"] and change <= check.tolerance["change"]
    reason = f"The clamp changes {share:.2%} of the pixels of the Ground Truth, by {change:.3g} at most."
    show = {"node": view.ground_truth.path, "frame": worst}
    return judged(check, ok, {"share": share, "change": change}, reason, show)


@measures("training.ground_truth_identity")
def ground_truth_identity(view: View, check: Check) -> Outcome:
    """Before the clamp: chroma against the Source and luma against the Reference (colour: the other way round)."""
    locked, taken, worst = 0.0, 0.0, view.numbers[0]
    for number in view.numbers:
        truth = _truth(view, number)
        area = _sides(view, number)[1].bbox
        pictures = (
            view.evaluator.frame(view.source_pipe.path, number),
            view.evaluator.frame(view.reference_pipe.path, number),
        )
        source, reference = (identity(truth, picture.rgb(area)) for picture in pictures)
        spatial = view.kind == "spatial"
        kept = source.chroma_max if spatial else source.luma_max
        got = reference.luma_max if spatial else reference.chroma_max
        if max(kept, got) > max(locked, taken):
            worst = number
        locked, taken = max(locked, kept), max(taken, got)
    words = ("chroma", "luma") if view.kind == "spatial" else ("luma", "chroma")
    limit = check.tolerance["difference"]
    reason = (
        f"The Ground Truth's {words[0]} is off the Source's by {locked:.3g}, its {words[1]} off the Reference's by "
        f"{taken:.3g}; {limit:g} is allowed."
    )
    value = {f"source_{words[0]}": locked, f"reference_{words[1]}": taken}
    show = {"node": view.ground_truth.path, "frame": worst}
    return judged(check, max(locked, taken) <= limit, value, reason, show)


@measures("training.patch_fits")
def patch_fits(view: View, check: Check) -> Outcome:
    """CopyCat's crop size and the project's patch, against the smallest box at CopyCat's Input."""
    boxes = [_sides(view, number)[0].bbox for number in view.numbers]
    width, height = min(box.width for box in boxes), min(box.height for box in boxes)
    patch = max(_whole(view, "cropSize"), view.project.training.patch)
    value = {"patch": patch, "width": width, "height": height}
    ok = patch <= min(width, height)
    reason = (
        f"A patch of {patch} {'fits' if ok else 'does not fit'} the live area of {width}×{height} pixels."
    )
    return judged(check, ok, value, reason, {"node": view.copycat.path})


@measures("training.settings")
def settings(view: View, check: Check) -> Outcome:
    """The CopyCat node's settings, and the project's where it has them, against the preset."""
    training = view.project.training
    automatic = _word(view, "batchSizeType") != "Manual"
    found: dict[str, set[Any]] = {
        "size": {_word(view, "modelSize").lower(), training.size},
        "batch": {"automatic" if automatic else _whole(view, "batchSize"), training.batch},
        "checkpoints": {_whole(view, "checkpointInterval"), training.checkpoints},
        "contact_sheets": {_whole(view, "imageInterval")},
    }
    other = {
        name: sorted(values, key=str) for name, values in found.items() if values != {check.tolerance[name]}
    }
    said = "; ".join(
        f"{name.replace('_', ' ')} is {' / '.join(map(str, values))}, not {check.tolerance[name]}"
        for name, values in other.items()
    )
    reason = "Size, batch, checkpoints and contact sheets are the preset's." if not other else f"{said}."
    return judged(check, not other, other, reason[0].upper() + reason[1:], {"node": view.copycat.path})


@measures("training.steps_range")
def steps_range(view: View, check: Check) -> Outcome:
    """The project's steps; a small patch sees fewer pixels a step, so its range is raised by the preset's factor."""
    training, tolerance = view.project.training, check.tolerance
    if training.steps == 0:
        return Outcome(
            check.id,
            "info",
            0,
            tolerance,
            "0 steps: the closed form only, no network is trained.",
            check.remedy,
        )
    factor = tolerance["small_patch_factor"] if training.patch <= tolerance["small_patch"] else 1
    least, most = int(tolerance["least"] * factor), int(tolerance["most"] * factor)
    reason = f"{training.steps} steps at patch {training.patch}, where {least} to {most} are usual."
    return judged(check, least <= training.steps <= most, training.steps, reason)


@measures("training.steps_epochs")
def steps_epochs(view: View, check: Check) -> Outcome:
    training, count = view.project.training, len(view.numbers)
    wanted = epochs(training.steps, count, training.batch)
    found = _whole(view, "epochs")
    product = f"{training.steps} steps × batch {training.batch} ÷ {count} pairs"
    reason = f"CopyCat has {found} epochs; {product} are {wanted}."
    ok = abs(found - wanted) <= check.tolerance["epochs"]
    return judged(check, ok, {"epochs": found, "wanted": wanted}, reason, {"node": view.copycat.path})


@measures("training.initial_weights")
def initial_weights(view: View, check: Check) -> Outcome:
    """None; of CopyCat a checkpoint whose sidecar names this film and reel; of the project one that it made itself."""
    word = _word(view, "initialWeights")
    show = {"node": view.copycat.path}
    checkpoints = []
    if word == "Checkpoint":
        checkpoints.append(view.call(view.copycat).path("checkpointFile"))
    elif word != "None":
        reason = f"CopyCat starts from the pre-trained weights {word}."
        return judged(check, False, word, reason, show)
    own = own_weights(view.project)  # inside the project, so of this film
    for checkpoint in checkpoints:
        problem = _foreign(view, checkpoint)
        if problem:
            return judged(check, False, checkpoint.name, problem, {**show, "file": str(checkpoint)})
    names = [checkpoint.name for checkpoint in (*checkpoints, *([own] if own else []))]
    reason = f"Starts from {', '.join(names)}, a checkpoint of this film." if names else "No initial weights."
    return judged(check, True, names or "None", reason)


@measures("training.reasoning")
def reasoning(view: View, check: Check) -> Outcome:
    length = len(view.project.reasoning.split())
    reason = f"The reasoning has {length} words." if length else "No reasoning is written down."
    return judged(check, length > 0, length, reason, {} if length else {"file": "project.yaml"})


@measures("training.preview")
def preview(view: View, check: Check) -> Outcome:
    show = {"node": view.copycat.path}
    if view.preview is None:
        return judged(check, False, [], "Nothing is connected to CopyCat's Preview.", show)
    frames = walk.held_frames(view.evaluator, view.preview)
    held = [pair.source for pair in view.project.hold_out]
    ok = bool(frames) and set(frames) <= set(held)
    which = f"frame {frames[0]}" if frames else "no held frame"
    reason = f"The preview shows {which}, {'a' if ok else 'no'} hold-out."
    return judged(check, ok, frames, reason, show)


# How well a model did on held-out frames, the figure that decides first: name in the ledger → words, unit.
DECIDING: Mapping[str, tuple[str, str]] = {"de00": ("colour difference", "ΔE00"), "psnr": ("PSNR", "dB")}


@measures("training.network_better")
def network_better(view: View, check: Check) -> Outcome:
    """The last training's own figures on held-out frames, as the ledger has them."""
    last = last_training(view.project)
    if not last:
        raise NotYet("nothing has been trained")
    if not last.get("settings", {}).get("steps"):
        return judged(
            check, True, {}, "The closed form alone was trained, so no network can be worse than it."
        )
    figures = last.get("figures", {})
    name = next((name for name in DECIDING if f"network {name}" in figures), "")
    closed = figures.get(f"closed_form {name}")
    if closed is None or not last.get("better"):
        raise NotYet("the last training measured no held-out frame")
    words, unit = DECIDING[name]
    network, ok = figures[f"network {name}"], last["better"] == "network"
    reason = (
        f"On held-out frames the {'network' if ok else 'closed form'} of the last training did better: {words} "
        f"{network:.4g} {unit} of the network, {closed:.4g} {unit} of the closed form."
    )
    return judged(check, ok, {"figure": name, "network": network, "closed_form": closed}, reason)


def _word(view: View, knob: str) -> str:
    """A knob of the CopyCat node."""
    call = view.call(view.copycat)
    return call.text(knob) if call.is_set(knob) else COPYCAT_DEFAULTS[knob]


def _whole(view: View, knob: str) -> int:
    call = view.call(view.copycat)
    if not call.is_set(knob):
        return int(COPYCAT_DEFAULTS[knob])
    if knob == "cropSize" and not call.text(knob).isdigit():
        return int(call.choice(knob, CROP_SIZES))  # a menu: an expression gives the number of an entry
    return call.integer(knob)


def _sides(view: View, number: int) -> tuple[Frame, Frame]:
    """Input and Ground Truth of a pair, as CopyCat gets them."""
    given, truth = (view.evaluator.frame(view.side(index).path, number) for index in (0, 1))
    return given, truth


def _truth(view: View, number: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """RGB of the Ground Truth before the clamp, over the area that CopyCat gets."""
    return view.evaluator.frame(view.ground_truth.path, number).rgb(_sides(view, number)[1].bbox)


def _foreign(view: View, checkpoint: Path) -> str:
    """Why ``checkpoint`` is not of this film; empty when it is."""
    from film_recovery.engine.nodes import loaded_model

    try:
        card = loaded_model(checkpoint).card
    except FilmRecoveryError as error:
        return f"Nothing says which film {checkpoint.name} was trained on: {error.message}"
    of, this = (card.film, card.reel), (view.project.film, view.project.reel)
    return (
        ""
        if of == this
        else f"{checkpoint.name} was trained on {film_words(*of)}, this film is {film_words(*this)}."
    )


def film_words(film: str, reel: str) -> str:
    """A film and its reel for a sentence."""
    return f"“{film}”{f', reel {reel}' if reel else ''}" if film else "an unnamed film"
