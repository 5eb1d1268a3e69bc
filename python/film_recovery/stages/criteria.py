"""The workflow's criteria of acceptance, each judged on the measures of a recovery, shot by shot (``by_shot``).

The figures are over the written frames of a shot; those that need a Ground Truth are of the frames that have one.
Tolerances stand with the checks in the recipe. ``acceptance`` asks for a project, the command ``validate`` for
sequences too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

import numpy as np

from film_recovery.checks import Check
from film_recovery.stages.by_shot import Found, Judge, NotMeasurable, by_shot
from film_recovery.stages.by_shot import Show as Show
from film_recovery.stages.held_out import none_rendered
from film_recovery.stages.proof import Proof

_USUAL = 95  # of 100 frames: what more of them are beyond is no single frame's fault
_NOISE = (
    5.0  # deviations that detail and grain of a small or grainy picture reach by themselves in a long range
)
_MOST_NOISE = 2.0  # times the tolerance: a film that pulses all along has no noise to excuse it
# Figures of a shot. Of fewer the deviation may be the jump itself, so no noise is excused; and the worst of a few
# frames that have the fewest strong edges that can be measured is not what is usual.
_FEWEST = 8


def _sharper(proof: Proof, check: Check) -> Found:
    """Fine detail and edges of the recovery over the Source's, each a middle over the frames."""
    detail = proof.of("detail")
    if not detail:
        raise NotMeasurable("No frame has enough structure to tell detail from grain.")
    edges = {
        frame: proof.frames[frame]["edge"] / wide for frame, wide in proof.of("edge_source").items() if wide
    }
    gain = median(detail.values())
    value = {"detail": round(gain, 4)}
    said = f"Fine detail is {gain:.2f} times the Source's, the middle of {_frames(detail)}"
    over, worst = _under(gain, check.tolerance["detail"]), min(detail, key=lambda frame: detail[frame])
    if edges:
        width = median(edges.values())
        value["edge"] = round(width, 4)
        said += f"; strong edges are {width:.2f} times as wide"
        wider = _over(width, check.tolerance["edge"])
        if wider > max(over, 1):
            worst = max(edges, key=lambda frame: edges[frame])
        over = max(over, wider)
    return Found(over, value, f"{said}.", worst)


def _no_flicker(proof: Proof, check: Check) -> Found:
    """Light, detail and grain against the frames around, the Source's own changes taken off."""
    limits = {"flicker": "luma", "detail_jump": "detail", "grain_jump": "grain"}
    found = {name: proof.of(name) for name in limits}
    if not found["flicker"]:
        raise NotMeasurable("No three consecutive frames of a shot are written.")
    value: dict[str, float] = {}
    far: list[tuple[float, int]] = []
    said = []
    for name, limit in limits.items():
        if not found[name]:
            continue
        at = max(found[name], key=lambda frame: abs(found[name][frame]))
        most = abs(found[name][at])
        value[limit] = round(most, 5)
        allowed = check.tolerance[limit]
        if limit != "luma" and len(found[name]) >= _FEWEST:
            allowed = max(allowed, min(_NOISE * _deviation(found[name]), _MOST_NOISE * allowed))
        said.append(f"{limit} {100 * most:.2g} % (frame {at}; {100 * allowed:.2g} % is allowed)")
        far.append((_over(most, allowed), at))
    over, frame = max(far)
    reason = f"The largest departure from the frames around, beyond the Source's: {', '.join(said)}."
    return Found(over, value, reason, frame)


def _deviation(found: Mapping[int, float]) -> float:
    """Of what most frames do, by its median: a few that jump do not count."""
    return 1.4826 * median(abs(value) for value in found.values())


def _no_halos(proof: Proof, check: Check) -> Found:
    """What strong edges have beyond the Source's of overshoot, and of detail beyond the Ground Truth's."""
    halo = {frame: own - proof.frames[frame]["halo_source"] for frame, own in proof.of("halo").items()}
    kept = proof.of_truth("detail_kept")
    value: dict[str, float] = {}
    said: list[str] = []
    far: list[tuple[float, int]] = []
    if halo and len(halo) < min(_FEWEST, len(proof.frames)):
        said.append(
            f"strong edges on {len(halo)} of {_frames(proof.frames)} only, too few to tell what is usual of halos"
        )
    elif halo:
        usual = float(np.percentile(list(halo.values()), _USUAL))
        value["halo"] = round(usual, 5)
        frame = max(halo, key=lambda one: halo[one])
        said.append(
            f"edges go {100 * usual:.1f} % of their height further beyond their sides than the Source's on {_USUAL} of "
            f"100 of {_frames(halo)} (frame {frame}: {100 * halo[frame]:.1f} %)"
        )
        far.append((_over(usual, check.tolerance["halo"]), frame))
    if kept:
        most = median(kept.values())
        value["detail"] = round(most, 4)
        said.append(f"fine detail is {most:.2f} times the Ground Truth's on {_frames(kept)}")
        far.append((_over(most, check.tolerance["detail"]), max(kept, key=lambda one: kept[one])))
    if not far:
        _need_held_out(proof)
        raise NotMeasurable("Too few frames have enough strong edges, and no Ground Truth enough detail.")
    over, worst = max(far)
    reason = f"{'; '.join(said)}."
    return Found(over, value, reason[0].upper() + reason[1:], worst)


def _grain(proof: Proof, check: Check) -> Found:
    """The power of the grain over the Ground Truth's, on held-out frames."""
    _need_held_out(proof)
    power = proof.of_truth("grain_power")
    if not power:
        raise NotMeasurable("No held-out frame has places quiet enough to see grain alone.")
    middle = median(power.values())
    least = 1 - check.tolerance["power"]
    shape = median(proof.of_truth("grain_shape").values())
    reason = (
        f"The grain's power is {middle:.2f} times the Ground Truth's on {_frames(power)}, its spectrum {shape:.1f} dB "
        f"off; {least:.2f} to {1 / least:.2f} times is alike."
    )
    worst = max(power, key=lambda frame: abs(np.log(max(power[frame], 1e-6))))
    over = max(_under(middle, least), middle * least)
    return Found(over, round(middle, 4), reason, worst)


def _hue(proof: Proof, check: Check) -> Found:
    """The shift of hue on the Ground Truth's saturated pixels, its mean and its spread; the worst held-out frame, the
    value the worst of each."""
    _need_held_out(proof)
    turned = proof.of_truth("hue")
    if not turned:
        lost = proof.of_truth("hue_lost")
        if not lost:
            raise NotMeasurable("The Ground Truth of no held-out frame is saturated anywhere.")
        frame = max(lost, key=lambda one: lost[one])
        reason = f"Where the Ground Truth is saturated, the recovery is grey in each of {_frames(lost)}."
        return Found(math.inf, {"lost": round(lost[frame], 3)}, reason, frame)
    spread = {frame: proof.held_out[frame].get("hue_p95", 0.0) for frame in turned}
    # Each frame by the tolerance that it comes nearest to: the mean of one may be right and its colours split.
    allowed = check.tolerance
    over = {
        frame: max(_over(abs(turned[frame]), allowed["mean"]), _over(spread[frame], allowed["p95"]))
        for frame in turned
    }
    worst = max(over, key=lambda frame: over[frame])
    value = {"mean": round(_furthest(turned.values()), 3), "p95": round(max(spread.values()), 3)}
    reason = (
        f"Saturated colours are turned by {turned[worst]:.1f}° on the mean in frame {worst}, 95 of 100 of their pixels "
        f"by less than {spread[worst]:.1f}°; worst of {_frames(turned)}."
    )
    return Found(over[worst], value, reason, worst)


def _saturation(proof: Proof, check: Check) -> Found:
    """Saturation over the Ground Truth's where that is saturated, the worst held-out frame."""
    _need_held_out(proof)
    kept = proof.of_truth("saturation")
    if not kept:
        raise NotMeasurable("The Ground Truth of no held-out frame is saturated anywhere.")
    worst = min(kept, key=lambda frame: kept[frame])
    reason = (
        f"Where the Ground Truth is saturated, the recovery has {kept[worst]:.2f} times its saturation in frame "
        f"{worst}, the least of {_frames(kept)}; {check.tolerance['least']:g} is needed."
    )
    return Found(_under(kept[worst], check.tolerance["least"]), round(kept[worst], 4), reason, worst)


def _consistent(proof: Proof, check: Check) -> Found:
    """Whether equal colours of the Source become equal colours all along: the change of each, frame by frame."""
    wander = proof.of("wander")
    if not wander:
        raise NotMeasurable("Fewer than three frames with colours in common are written.")
    usual = float(np.percentile(list(wander.values()), _USUAL))
    worst = max(wander, key=lambda frame: wander[frame])
    reason = (
        f"The Source's colours change as they usually do within ΔE {usual:.2g} on {_USUAL} of 100 of {_frames(wander)} "
        f"(frame {worst}: {wander[worst]:.2g}); {check.tolerance['delta_e']:g} is allowed."
    )
    return Found(_over(usual, check.tolerance["delta_e"]), round(usual, 4), reason, worst)


def _need_held_out(proof: Proof) -> None:
    if not proof.held_out:
        raise none_rendered()


def _frames(found: Mapping[int, Any]) -> str:
    return f"{len(found)} frame{'s' if len(found) != 1 else ''}"


def _furthest(values: Iterable[float]) -> float:
    """From 0, either way."""
    return max(values, key=abs)


def _over(value: float, allowed: float) -> float:
    """How many times what is ``allowed`` a ``value`` is; endless where nothing but 0 is."""
    if allowed > 0:
        return value / allowed
    return math.inf if value > 0 else 0.0


def _under(value: float, least: float) -> float:
    """How many times too small a ``value`` is for what it has to be at ``least``."""
    if value > 0:
        return least / value
    return math.inf if least > 0 else 0.0


CRITERIA: Mapping[str, Judge] = {
    "validation.sharper": by_shot(_sharper, {"detail": min, "edge": max}),
    "validation.no_flicker": by_shot(_no_flicker, {"luma": max, "detail": max, "grain": max}),
    "validation.no_halos": by_shot(_no_halos, {"halo": max, "detail": max}),
    "validation.grain": by_shot(_grain),
    "validation.hue": by_shot(_hue, {"mean": _furthest, "p95": max, "lost": max}),
    "validation.saturation": by_shot(_saturation),
    "validation.consistent": by_shot(_consistent),
}
