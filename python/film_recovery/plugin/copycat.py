"""CopyCat with the settings of film recovery: the block FR_CopyCat, and a plain CopyCat with a Film Recovery tab.

``path`` is either of them. Training runs in Nuke (its own buttons are pressed); everything else works on any Host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.host.base import Host, HostError, child, parent
from film_recovery.plugin import pair_stack
from film_recovery.plugin.inputs import pictures
from film_recovery.plugin.places import place_of

BLOCK = "FR_CopyCat"
TRAINED = "fr_trained_pairs"  # the pairs of the training that was started last
_BELOW = 100  # DAG units
_INPUTS = ("Input", "GroundTruth", "Preview")
INNER = "CopyCat1"
# Of CopyCat's knobs only those that every Nuke from 14 on has.
PRESET = {
    "useGPUIfAvailable": "true",
    "batchSizeType": "Manual",
    "batchSize": str(graph.BATCH),
    "modelSize": "Medium",
    "checkpointInterval": "10000",
    "imageInterval": "100",
}
LARGE_PATCH, SMALL_PATCH = 512, 256
FACTOR = 2  # how many times more steps the small patch gets
_SCRIPT_FOLDER = "[python {nuke.script_directory()}]"
_STEP = re.compile(r"\.([0-9]+)\.cat(?:nc)?\Z")


def plain_copycat(
    name: str = "CopyCat1",
    position: tuple[int, int] = (0, 0),
    *,
    data_directory: str = "",
    steps: int = 40_000,
    pairs: int = 4,
    patch: int = LARGE_PATCH,
    inputs: int = 3,
) -> str:
    """An ordinary CopyCat node with the preset and a tab *Film Recovery* of its own, as script text.

    Its epochs are written as a number and follow steps, pairs and patch when *Set epochs* or *Start* is pressed.
    """
    if patch not in (LARGE_PATCH, SMALL_PATCH):
        raise UsageError(f"A patch of {patch} is not offered.", remedy=f"use {LARGE_PATCH} or {SMALL_PATCH}")
    total = steps * (FACTOR if patch < LARGE_PATCH else 1)
    knobs = {
        "dataDirectory": nk.quote(data_directory),
        "epochs": str(graph.epochs(total, pairs)),
        **PRESET,
        "cropSize": str(patch),
        "name": nk.quote(name),
        "xpos": str(position[0]),
        "ypos": str(position[1]),
    }
    lines = [
        '{20 film_recovery l "Film Recovery"}',
        '{3 fr_pairs l pairs t "How many pairs stand at Input." R 1 64}',
        '{3 fr_steps l steps t "Training steps at patch 512: 40000 to 80000." R 40000 80000}',
        '{7 fr_factor l "factor for 256" t "How many times more steps a patch below 512 needs." R 1 4}',
        _button("fr_set_epochs", "Set epochs", "set_epochs", "Counts the pairs upstream and sets epochs."),
        _button("fr_start", "Start Training", "start_training", "Sets epochs and starts a new training."),
        _button(
            "fr_resume",
            "Resume Training",
            "resume_training",
            "Goes on from the last checkpoint. Not after pairs were changed.",
        ),
        _button("fr_inference", "Create FR_Inference", "create_inference", "For the newest checkpoint."),
        f'{{1 {TRAINED} l "pairs of the training" +INVISIBLE}}',
    ]
    values = {"fr_pairs": pairs, "fr_steps": steps, "fr_factor": FACTOR}
    text = nk.node_text("CopyCat", knobs, inputs=inputs).rstrip()
    assert text.endswith("}")
    added = [f" addUserKnob {line}" for line in lines] + [
        f" {knob} {value}" for knob, value in values.items()
    ]
    return "\n".join([text[:-1].rstrip("\n"), *added, "}", ""])


def _button(knob: str, label: str, callback: str, tooltip: str) -> str:
    words = [
        "22",
        knob,
        "l",
        nk.stored(label),
        "t",
        nk.stored(tooltip),
        "T",
        nk.stored(button_script(callback)),
    ]
    return "{" + " ".join([*words, "+STARTLINE"]) + "}"


def button_script(callback: str) -> str:
    """What a button of a block runs: ``callbacks.<callback>``, or a message where the plugin is missing."""
    return (
        "try:\n    from film_recovery.plugin import callbacks\nexcept ImportError:\n"
        "    nuke.message('Film Recovery is not installed here; the rest of this node works without it.')\n"
        f"else:\n    callbacks.{callback}(nuke.thisNode().fullName())"
    )


def drop_plain(host: Host) -> str:
    """Puts a plain CopyCat with the tab into the script, fed by what is selected; gives its path."""
    feeds = [
        one for one in host.selected() if host.class_of(one) not in ("BackdropNode", "StickyNote", "Viewer")
    ]
    places = [place_of(host, one) for one in feeds] or [(0, -_BELOW)]
    place = sum(x for x, _ in places) // len(places), max(y for _, y in places) + _BELOW
    with host.undo("Film Recovery: CopyCat"):
        fed = pictures(host, _INPUTS, feeds)
        (path,) = host.insert(plain_copycat(position=place, inputs=0))
        for name, feed in fed.paths.items():
            host.connect(path, _INPUTS.index(name), feed)
    host.show(path)
    if len(feeds) > 1:
        host.message(f"{path}: {fed.told()}")
    return path


def set_epochs(host: Host, path: str) -> None:
    """Counts the pairs at Input and sets *pairs*; epochs follow: in the block by expression, else written here.

    Where the pairs cannot be counted the knob keeps its value on a plain CopyCat, and the block says so.
    """
    _inner(host, path)
    if _pairs_at(host, path) is None and _is_block(host, path):
        raise UsageError(
            "The pairs at Input cannot be counted: there is no FR_PairStack or AppendClip of FrameHolds upstream.",
            remedy="write the number of pairs",
            node=path,
            knob="pairs",
        )
    _count(host, path)


def _count(host: Host, path: str) -> str:
    """Sets *pairs* to what stands at Input, where that can be counted; gives what to say if it was another number."""
    knob = "pairs" if _is_block(host, path) else "fr_pairs"
    counted, before = _pairs_at(host, path), host.knob(path, knob)
    if counted == 0:
        raise UsageError(
            "There are no pairs at Input.", remedy="give the stack its pairs", node=path, knob=knob
        )
    with host.undo("Set epochs"):
        if counted is not None:
            _set(host, path, knob, str(counted))
        if not _is_block(host, path):
            _set(host, path, "epochs", str(_epochs(host, path)))
    if counted is None or str(counted) == before:
        return ""
    return f"{path}: pairs was {before}; {counted} stand at Input, and epochs follow."


def _epochs(host: Host, path: str) -> int:
    """Of a plain CopyCat: steps in all × batch ÷ pairs, rounded up."""
    pairs, steps, batch = (_number(host, path, knob) for knob in ("fr_pairs", "fr_steps", "batchSize"))
    small = _number(host, path, "cropSize") < LARGE_PATCH
    total = round(steps * (_number(host, path, "fr_factor") if small else 1))
    return graph.epochs(total, int(pairs), int(batch))


def start_training(host: Host, path: str) -> None:
    """Starts a new training and keeps what it started with. Raises before it where a knob or a connection is missing;
    needs NukeX."""
    inner = _ready(host, path)
    note = _count(host, path)
    _number(host, path, "pairs" if _is_block(host, path) else "fr_pairs")
    if note:
        host.message(note)
    kept = host.has_knob(path, TRAINED)
    before = host.text(path, TRAINED) if kept else ""
    if kept:
        host.set_text(path, TRAINED, fingerprint(host, path))
    try:
        host.press(inner, "startTraining")
    except FilmRecoveryError:  # it never started; a training that is cancelled later has its checkpoints
        if kept:
            host.set_text(path, TRAINED, before)
        raise


def resume_training(host: Host, path: str) -> None:
    """Goes on from the last checkpoint; needs NukeX. Raises UsageError where the pairs are no longer those of Start."""
    inner = _ready(host, path)
    before = host.text(path, TRAINED) if host.has_knob(path, TRAINED) else ""
    now = fingerprint(host, path)
    if before and before != now:
        raise UsageError(
            f"The pairs changed since this training was started: they were {before[:200]}, they are {now[:200]}.",
            remedy="press Start Training for a new one, or put the pairs back",
            node=path,
        )
    note = _count(host, path)
    _number(host, path, "pairs" if _is_block(host, path) else "fr_pairs")
    if not before:
        note += f"{path}: this node did not start the training, so whether its pairs changed is not known. "
    if note:
        host.message(note)
    host.press(inner, "resumeTraining")


def fingerprint(host: Host, path: str) -> str:
    """The frames that a training gets, in order: of every stack above Input, then above GroundTruth."""
    return "; ".join(
        f"{name} {' / '.join(_stacks(host, source, set())) or 'not known'}"
        for name, source in zip(("Input", "GroundTruth"), host.inputs(path))
        if source is not None
    )


def _stacks(host: Host, path: str, seen: set[str]) -> list[str]:
    if path in seen:
        return []
    seen.add(path)
    class_name = host.class_of(path)
    if host.has_knob(path, "fr_id") and host.text(path, "fr_id") == pair_stack.BLOCK:
        return [" ".join(pair_stack.frames_inside(host, path))]
    if class_name == "FrameHold":
        return [host.knob(path, "firstFrame") if host.has_knob(path, "firstFrame") else "1"]
    found = [one for source in host.inputs(path) if source is not None for one in _stacks(host, source, seen)]
    ends = {"Read": ("first", "last"), "FrameRange": ("first_frame", "last_frame")}.get(class_name)
    if ends and not found:
        return ["–".join(host.knob(path, knob) if host.has_knob(path, knob) else "" for knob in ends)]
    return found


def _ready(host: Host, path: str) -> str:
    """The CopyCat of ``path``, where a training has what it needs."""
    inner = _inner(host, path)
    if not nk.decode(host.knob(inner, "dataDirectory") or '""').strip():
        raise UsageError(
            "There is no data directory.",
            remedy="choose a folder for the training, not one that holds the film",
            node=path,
            knob="dataDirectory",
        )
    connected = host.inputs(path)
    for index, name in enumerate(("Input", "GroundTruth")):
        if index >= len(connected) or connected[index] is None:
            raise UsageError(f"{name} is not connected.", remedy="connect it through FR_TrainPrep", node=path)
    return inner


def show_progress(host: Host, path: str) -> None:
    """Opens the panel of the CopyCat: graphs and contact sheets."""
    host.open_panel(_inner(host, path))


def create_inference(host: Host, path: str) -> str:
    """An FR_Inference beside ``path`` with the newest checkpoint of its data directory; gives its path.

    It is connected to nothing: what the training got is clamped, and inference must get the Source as it was read.
    """
    inner = _inner(host, path)
    model = newest_checkpoint(data_directory(host, path))
    recipe = _recipe(host, path)
    x, y = place_of(host, path)
    text = graph.group(
        "FR_Inference",
        "FR_Inference1",
        {"recipe": recipe} if recipe else {},
        {"Inference1.modelFile": nk.quote(model.as_posix())},
        (x + 160, y),
    )
    with host.undo("Create FR_Inference"):
        made = host.insert(text, parent(path))[0]
    host.show(made)
    host.message(
        f"{made} runs {model.name}, the newest checkpoint of {inner}. "
        "Connect the Source to it as it was read: no clamp, grade or conversion before it."
    )
    return made


def data_directory(host: Host, path: str) -> Path:
    """Where the training keeps its files. Relative folders and Nuke's script directory lead from the script's file."""
    inner = _inner(host, path)
    word = nk.decode(host.knob(inner, "dataDirectory") or '""')
    script = host.script_file()
    home = os.path.dirname(script) if script else ""
    if word.startswith(_SCRIPT_FOLDER) and home:
        word = nk.escaped(home) + word[len(_SCRIPT_FOLDER) :]
    value = nk.literal(word)
    if not value:
        raise UsageError(
            "There is no data directory." if value == "" else "The data directory is worked out by Nuke.",
            remedy="write the folder out",
            node=path,
            knob="dataDirectory",
        )
    return Path(home) / value


def newest_checkpoint(folder: Path) -> Path:
    """The checkpoint (.cat, or .catnc of Nuke Non-Commercial) in ``folder`` that was written last."""
    try:
        found = [one for one in folder.iterdir() if one.suffix in (".cat", ".catnc") and one.is_file()]
        newest = max(found, key=lambda one: (one.stat().st_mtime_ns, _step(one)), default=None)
    except OSError as error:
        raise FilmRecoveryError(
            f"The data directory cannot be read: {error.strerror}.",
            remedy="choose the folder that the training wrote to",
            file=str(folder),
        ) from error
    if newest is None:
        raise FilmRecoveryError(
            "There is no checkpoint yet.",
            remedy="train first; the first one comes after 10 000 steps",
            file=str(folder),
        )
    return newest


def _step(file: Path) -> int:
    found = _STEP.search(file.name)
    return int(found[1]) if found else -1


def _inner(host: Host, path: str) -> str:
    """The CopyCat node itself."""
    if host.class_of(path) == "CopyCat":
        return path
    inner = child(path, INNER)
    if not _is_block(host, path) or inner not in host.nodes(path):
        raise HostError(
            f"{path} is neither a CopyCat nor a whole {BLOCK}.", remedy=f"put in a new {BLOCK}", node=path
        )
    return inner


def _is_block(host: Host, path: str) -> bool:
    return (
        host.class_of(path) != "CopyCat"
        and host.has_knob(path, "fr_id")
        and host.text(path, "fr_id") == BLOCK
    )


def _number(host: Host, path: str, knob: str) -> float:
    try:
        value = float(host.knob(path, knob))
    except ValueError:
        value = 0.0
    if not value > 0:
        raise UsageError(
            f"{knob} is not a number above zero.",
            remedy="write a number, not an expression",
            node=path,
            knob=knob,
        )
    return value


def _set(host: Host, path: str, knob: str, word: str) -> None:
    if host.knob(path, knob) != word:
        host.set_knob(path, knob, word)


def _pairs_at(host: Host, path: str) -> int | None:
    """How many pairs stand at input 0, or None where the graph does not tell."""
    inputs = host.inputs(path)
    return _frames_of(host, inputs[0], frozenset()) if inputs and inputs[0] is not None else None


def _frames_of(host: Host, path: str, below: frozenset[str]) -> int | None:
    """How many frames the stack at ``path`` has: of FrameHolds, one each. ``below``: the way here."""
    if path in below:
        return None
    if host.has_knob(path, "fr_id") and host.text(path, "fr_id") == "FR_PairStack":
        return len(pair_stack.frames_inside(host, path))
    class_name = host.class_of(path)
    if class_name == "FrameHold":
        return 1
    sources = [one for one in host.inputs(path) if one is not None]
    counts = [
        _frames_of(host, one, below | {path})
        for one in (sources if class_name == "AppendClip" else sources[:1])
    ]
    known = [count for count in counts if count is not None]
    return sum(known) if counts and len(known) == len(counts) else None


def _recipe(host: Host, path: str) -> str:
    """The recipe of the Ground Truth that feeds ``path``; ``""`` where none is found."""
    for node in _upstream(host, path):
        if host.has_knob(node, "fr_id") and host.text(node, "fr_id") == "FR_GroundTruth":
            return host.knob(node, "recipe")
    return ""


def _upstream(host: Host, path: str) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        for source in host.inputs(waiting.pop(0)):
            if source is not None and source not in seen:
                seen.add(source)
                waiting.append(source)
                yield source
