"""MatchGrade as the evaluator runs it: an open stand-in, since Nuke's own analysis cannot be had without Nuke.

Only the task *Match Graded Source* with a *3D LUT*: from the Source (input 0) to the target (input 1) on the keyed
reference frames, then over every frame of the Source. The LUT is ``analysis/colour_lattice.py``'s, not Foundry's:
what Nuke stores of its own analysis (``serializeKnob``) is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from film_recovery import nk
from film_recovery.analysis.colour_lattice import ColourLattice, fit_lattice
from film_recovery.comp import Evaluator, NodeCall, register
from film_recovery.comp.place import Place
from film_recovery.comp.settings import setting
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import RGB, Frame, Pixels

MATCHGRADE_PAGE = "https://learn.foundry.com/nuke/content/reference_guide/color_nodes/matchgrade.html"
MOST_NODES = 32  # of a LUT along each axis
_FRAMES = "sourceRefFrames"


@dataclass(frozen=True)
class _Match:
    """A fitted LUT and the files that it was fitted on: every frame that it is applied to depends on them."""

    lattice: ColourLattice
    files: tuple[Path, ...]


# Fitted once an Evaluator: its script does not change.
_FITTED: WeakKeyDictionary[Evaluator, dict[Place, _Match]] = WeakKeyDictionary()


@register(
    "MatchGrade",
    knobs={
        "matchGradeTask": "Match Graded Source",
        "transform": "3D LUT",
        "analysisType": "Analyze Reference Frames",
        "output": "Matched",
        "lutres": 32,
        _FRAMES: 0,
        "mask": "None",
        "colorspace": "RGB",
        "prelut": "Auto Detect",
    },
    ignored=(
        # Buttons; Nuke's own result, of which none is read; what other tasks and the panel keep.
        "addSourceRefFrame deleteSourceRefFrame addTargetRefFrame deleteTargetRefFrame alignTargetToSource "
        "analyzeRefFrames calculateCDL createOCIOCDLTransform createOCIOFileTransform writelut autoAlign outfile "
        "serializeKnob lutExists cdlExists cdlError slope offset power saturation isLog userMessage "
        "targetRefFrames applyToMask iterations minimumSampleThreshold boxHeight boxWidth scale translation "
        "firstExecution isExecuting isExported lockOffset lockPower lockSaturation lockSlope "
        "cdlError_panelDropped offset_panelDropped power_panelDropped slope_panelDropped"
    ).split(),
    source=MATCHGRADE_PAGE,
)
def match_grade(call: NodeCall) -> Frame:
    """Red, green and blue of the Source through a smooth 3D LUT; other channels pass.

    The LUT is fitted on the frames that ``sourceRefFrames`` is keyed at, over the area that both inputs cover.
    *Stand-in*: colours match those of Nuke's MatchGrade in kind, not in value.
    """
    call.default_only("matchGradeTask", "Match Graded Source")
    call.default_only("transform", "3D LUT")
    call.default_only("analysisType", "Analyze Reference Frames")
    call.default_only("mask", "None")
    call.default_only("colorspace", "RGB")
    call.default_only("prelut", "Auto Detect")
    output = call.choice("output", ("Matched", "Source", "Target"))
    if output == "Target":
        return call.input(1)
    image = call.input(0)
    if output == "Source" or image.bbox.empty:
        return image
    known = _FITTED.setdefault(call.evaluator, {})
    if call.place not in known:
        known[call.place] = _fitted(call)
    match = known[call.place]
    for file in match.files:
        call.evaluator.note_file(file)
    try:
        return image.with_channels(RGB, match.lattice.apply(image.select(RGB)))
    except FilmRecoveryError as error:
        raise call.error(error.message, remedy=error.remedy) from error


def _fitted(call: NodeCall) -> _Match:
    size = call.integer("lutres")
    if not 2 <= size <= MOST_NODES:
        raise call.error(f"A LUT of {size} nodes cannot be fitted.", "lutres", f"use 2 to {MOST_NODES}")
    frames = reference_frames(call)
    if not frames:
        raise call.error(
            "No reference frame is keyed, so there is nothing to match.",
            _FRAMES,
            "write the frames into FR_MatchGradeBaseline and press Analyse, or key sourceRefFrames",
        )
    try:
        lattice = fit_lattice([_pair(call, frame) for frame in frames], size=size)
    except FilmRecoveryError as error:
        error.where.setdefault("node", call.place.path)
        raise
    sides = [side for side in call.evaluator.graph.inputs(call.place)[:2] if side is not None]
    files = {file for side in sides for frame in frames for file in call.evaluator.sources(side.path, frame)}
    return _Match(lattice, tuple(sorted(files)))


def reference_frames(call: NodeCall) -> tuple[float, ...]:
    """The frames at which ``sourceRefFrames`` has keys, in order."""
    found = setting(call.evaluator.graph, call.place, _FRAMES)
    parts = nk.components(found.text) if found.text else ()
    return tuple(key.frame for part in parts if isinstance(part, nk.Curve) for key in part.keys)


def _pair(call: NodeCall, frame: float) -> tuple[Pixels, Pixels]:
    """Source and target at ``frame``, over the area of both (H×W×3)."""
    sides = [call.input(index, frame) for index in (0, 1)]
    area = sides[0].bbox.intersect(sides[1].bbox)
    if area.empty:
        raise call.error(f"Source and target share no pixel at frame {frame:g}.", remedy="align them first")
    source, target = (np.ascontiguousarray(side.cropped(area).select(RGB)) for side in sides)
    return source, target
