"""Stage 5: every written frame measured beside its Source, the held-out ones beside their Ground Truth too.

The figures are ``validation``'s. They are kept by the content of the files, one frame for itself, so that a rerun, or
a check after it, measures only what changed, and a run that was stopped goes on where it was. One frame is in memory at
a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from film_recovery.analysis.identity import identity
from film_recovery.curation.spectra import frequencies
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.frame import Box, Pixels
from film_recovery.provenance.sealing import content_hash
from film_recovery.stages.done import digest
from film_recovery.stages.held_out import HeldOut, moments
from film_recovery.stages.masters import written
from film_recovery.stages.remembered import remembered
from film_recovery.stages.survey import known, survey
from film_recovery.stages.view import View
from film_recovery.validation.course import over_time
from film_recovery.validation.frame import NEED_TRUTH, FrameMeasures, measured

FILE = "measures.json"
_KEPT = 2  # the form of what is kept of a frame: more when it says more
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Proof:
    """``frames``: written frame → its figures (``validation.frame``, ``validation.course``) and ``identity`` (largest
    difference of what the recipe locks, graph values). ``held_out``: frame → those against its Ground Truth.
    ``spectra``: side → the grain's power by band, a mean over the held-out frames, or over all where none is there.
    ``power``: likewise the radial power spectrum of luma. ``shots``: first and last frames of the range's shots; empty:
    not known, and taken for one.
    """

    frames: Mapping[int, Mapping[str, float]]
    held_out: Mapping[int, Mapping[str, float]]
    spectra: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    shots: tuple[tuple[int, int], ...] = ()
    power: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def of(self, name: str) -> dict[int, float]:
        """Frame → the figure ``name``, where a frame has it."""
        return _having(self.frames, name)

    def of_truth(self, name: str) -> dict[int, float]:
        """The same of the held-out frames, against their Ground Truth."""
        return _having(self.held_out, name)

    def as_dict(self) -> dict[str, Any]:
        return {
            "frames": {str(frame): dict(values) for frame, values in self.frames.items()},
            "held_out": {str(frame): dict(values) for frame, values in self.held_out.items()},
            "shots": [list(shot) for shot in self.shots],
            "grain_spectra": {side: list(power) for side, power in self.spectra.items()},
            "power_spectra": {side: list(power) for side, power in self.power.items()},
            "frequencies": list(frequencies()),
            "need_the_ground_truth": list(NEED_TRUTH),
        }


def _having(frames: Mapping[int, Mapping[str, float]], name: str) -> dict[int, float]:
    return {frame: values[name] for frame, values in frames.items() if name in values}


_PROOFS: WeakKeyDictionary[View, Proof] = WeakKeyDictionary()


def proof_of(view: View, progress: Progress | None = None) -> Proof:
    """The measures of all frames that are written.

    Raises NotYet where there is none, or nobody is told (``progress``) and a long range's joins are not known;
    FilmRecoveryError naming a frame and its file that cannot be measured.
    """
    if view not in _PROOFS:
        _PROOFS[view] = _proof(view, progress)
    return _PROOFS[view]


def proof_from(
    course: Mapping[int, FrameMeasures],
    truth: Mapping[int, FrameMeasures],
    shots: tuple[tuple[int, int], ...] = (),
) -> Proof:
    """Of measured frames, and those measured against a Ground Truth too; ``shots`` as the Proof has them."""
    shown = truth.values() or course.values()
    spectra, power = _mean(one.spectra for one in shown), _mean(one.power for one in shown)
    return Proof(
        over_time(course), {frame: one.values for frame, one in truth.items()}, spectra, shots, power
    )


def write_measures(
    folder: Path, proof: Proof, against_truth: Mapping[str, Mapping[str, float | None]] | None = None
) -> Path:
    """``measures.json`` in ``folder``: every figure of every frame, for other programs; gives its path.

    ``against_truth``: figure → Source, each baseline, Recovered → its mean over the held-out frames.
    """
    found = {**proof.as_dict(), **({"against_the_ground_truth": against_truth} if against_truth else {})}
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    with replacement(folder / FILE, create_directories=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return folder / FILE


def _proof(view: View, progress: Progress | None) -> Proof:
    numbers = view.written
    course: dict[int, FrameMeasures] = {}
    for done, frame in enumerate(numbers, 1):
        course[frame] = _of_frame(view, frame)
        if progress:
            progress("measures", done, len(numbers))
    seen = survey(view, progress) if progress else known(view)
    return proof_from(course, _held_out(view), seen.shots)


def _of_frame(view: View, frame: int) -> FrameMeasures:
    read = view.read_of(view.inference)
    area = view.live_area(frame)

    def make() -> dict[str, Any]:
        source, recovered = view.evaluator.frame(read.path, frame).rgb(area), written(view, frame, area)
        try:
            found = measured(displayed(view, source), displayed(view, recovered))
        except FilmRecoveryError as error:  # the masters were looked at: it is the Source
            error.where.update(frame=frame, node=read.path)
            raise
        apart = identity(recovered, source)
        locked = apart.chroma_max if view.kind == "spatial" else apart.luma_max
        return {**found.as_dict(), "values": {**found.values, "identity": locked}}

    about = _about(view, area, view.files_of(frame))
    kept = remembered(view.project, "measures", (), about, make)
    return FrameMeasures(**kept)


def _held_out(view: View) -> dict[int, FrameMeasures]:
    """Of the hold-outs that are written, over the area of their Ground Truth."""
    there = set(view.written) & {pair.source for pair in view.project.hold_out}
    if not there:
        return {}
    return {
        moment.frame: _of_moment(view, moment) for moment in moments(view.project) if moment.frame in there
    }


def _of_moment(view: View, moment: HeldOut) -> FrameMeasures:
    sides = (moment.source, moment.truth)

    def make() -> dict[str, Any]:
        recovered = written(view, moment.frame, moment.area)
        source, truth = (displayed(view, side[::-1]) for side in sides)
        return measured(source, displayed(view, recovered), truth).as_dict()

    files = [view.output.sequence.path(moment.frame)]
    return FrameMeasures(
        **remembered(view.project, "measures", sides, _about(view, moment.area, files), make)
    )


def displayed(view: View, pixels: Pixels) -> Pixels:
    """Graph values, bottom row first, as displayed: encoded sRGB, top row first."""
    root = view.evaluator.root
    shown = root.config.convert(np.ascontiguousarray(pixels), root.working_space, "color_picking")
    return np.ascontiguousarray(shown[::-1])


def _about(view: View, area: Box, files: Iterable[Any]) -> list[Any]:
    """What the figures depend on: the bytes of the files, how both are read, and where they are measured."""
    reading = view.script_reading.described()
    of_files = (content_hash(file) for file in files)
    return [_KEPT, view.kind, str(area), view.output.holds, digest(reading), *of_files]


def _mean(spectra: Iterable[Mapping[str, list[float]]]) -> dict[str, tuple[float, ...]]:
    """By side, by band, over the frames that have it."""
    found: dict[str, list[list[float]]] = {}
    for one in spectra:
        for side, power in one.items():
            found.setdefault(side, []).append(power)
    return {side: tuple(np.mean(np.array(power), axis=0).tolist()) for side, power in found.items()}
