"""The measures of a proof as the report's charts: each over the frames, its tolerance as a dashed line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from film_recovery.curation.spectra import frequencies
from film_recovery.delivery import Chart
from film_recovery.stages.proof import Proof

Points = tuple[tuple[float, float], ...]
Limits = Mapping[str, Mapping[str, Any]]
_ENCODED = "Luma, encoded sRGB 0–1"
_COLOUR = "Encoded sRGB"
_TRUTH = "Ground Truth"

# What the report says is missing on a frame without a Ground Truth, by kind.
NEED_TRUTH_WORDS = (
    "detail kept of the Ground Truth’s",
    "grain’s power and spectrum against the Ground Truth’s",
    "PSNR and SSIM",
    "colour difference, hue and saturation to the Ground Truth",
)


def charts_of(kind: str, proof: Proof, limit: Limits) -> tuple[Chart, ...]:
    """What was measured of every frame, and dots for what was measured against the Ground Truth.

    ``kind``: spatial or colour. ``limit``: check → its tolerance.
    """
    all_of = _sharpness if kind == "spatial" else _colour
    shown = (*all_of(proof, limit), *_steadiness(proof, limit), *_same(kind, proof, limit), *_grain(proof))
    return tuple(chart for chart in shown if any(chart.lines.values()) or any(chart.marks.values()))


def _sharpness(proof: Proof, limit: Limits) -> tuple[Chart, ...]:
    halo = limit.get("validation.no_halos", {})
    return (
        _spectrum(
            "Power spectrum of luma", proof.power, "Radial, over blocks of 32 × 32 pixels", "Reference"
        ),
        Chart(
            "Detail",
            "times the Source’s",
            {"Detail": _points(proof.of("detail"))},
            {f"times the {_TRUTH}’s": _points(proof.of_truth("detail_kept"))},
            {"equal": 1.0},
            domain=f"Amplitude of fine detail, power spectra; {_ENCODED}",
        ),
        Chart(
            "Resolution",
            "cycles per pixel",
            _both(proof, "resolution"),
            domain=f"Up to which half of what the other shows is kept; {_ENCODED}",
        ),
        Chart(
            "Width of edges",
            "pixels",
            _both(proof, "edge"),
            {_TRUTH: _points(proof.of_truth("edge_truth"))},
            domain=f"10 to 90 % of strong edges; {_ENCODED}",
        ),
        Chart(
            "Halo",
            "%",
            {name: _percent(points) for name, points in _both(proof, "halo").items()},
            {_TRUTH: _percent(_points(proof.of_truth("halo_truth")))},
            {} if not halo else {"beyond the Source": 100 * halo["halo"]},
            domain=f"How far strong edges go beyond their sides, of their height; {_ENCODED}",
        ),
    )


def _colour(proof: Proof, limit: Limits) -> tuple[Chart, ...]:
    hue, saturation = (limit.get(f"validation.{name}", {}) for name in ("hue", "saturation"))
    wander = limit.get("validation.consistent", {})
    return (
        Chart(
            "Colour difference",
            "ΔE00",
            {"to the Source": _points(proof.of("change"))},
            {f"to the {_TRUTH}": _points(proof.of_truth("de00"))},
            domain=f"CIEDE2000, mean; {_COLOUR}",
        ),
        Chart(
            "Hue on saturated pixels",
            "degrees",
            {"from the Source": _points(proof.of("hue_change"))},
            {f"from the {_TRUTH}": _points(proof.of_truth("hue"))},
            {f"allowed from the {_TRUTH}": hue["mean"], "allowed": -hue["mean"]} if hue else {},
            domain=f"CIELAB hue, mean, where the other has a saturation of 60 of 255; {_COLOUR}",
        ),
        Chart(
            "Saturation on saturated pixels",
            "ratio",
            {"to the Source’s": _points(proof.of("saturation_change"))},
            {f"to the {_TRUTH}’s": _points(proof.of_truth("saturation"))},
            {f"least of the {_TRUTH}’s": saturation["least"]} if saturation else {},
            domain=f"HSV, where the other has 60 of 255; {_COLOUR}",
        ),
        Chart(
            "Consistency of colour",
            "ΔE",
            {"Consistency of colour": _points(proof.of("wander"))},
            limits={"allowed": wander["delta_e"]} if wander else {},
            domain="By how much the Source’s colours become others than usually in this range; CIELAB",
        ),
    )


def _steadiness(proof: Proof, limit: Limits) -> tuple[Chart, ...]:
    allowed = limit.get("validation.no_flicker", {})
    light = 100 * allowed["luma"] if allowed else 0.0
    return (
        Chart(
            "Flicker",
            "% of luma",
            {"Flicker": _percent(_points(proof.of("flicker")))},
            limits={"allowed": light, "allowed, darker": -light} if allowed else {},
            domain=f"Against the frames before and after, the Source’s own change taken off; {_ENCODED}",
        ),
        Chart(
            "Detail and grain from frame to frame",
            "%",
            {
                "detail": _percent(_points(proof.of("detail_jump"))),
                "grain’s power": _percent(_points(proof.of("grain_jump"))),
            },
            domain=f"Against the frames around, over the Source’s; {_ENCODED}",
        ),
    )


def _same(kind: str, proof: Proof, limit: Limits) -> tuple[Chart, ...]:
    word = "chroma" if kind == "spatial" else "luma"
    allowed = limit.get("validation.identity", {})
    return (
        Chart(
            f"Identity of {word}",
            "graph values",
            {f"Identity of {word}": _points(proof.of("identity"))},
            limits={"allowed": allowed["difference"]} if allowed else {},
            domain=f"Largest difference of {word} to the Source, before any clamp",
        ),
        Chart(
            "Values outside 0–1",
            "%",
            {"Values outside 0–1": _percent(_points(proof.of("outside")))},
            domain=f"Share of the values; {_COLOUR}",
        ),
    )


def _grain(proof: Proof) -> tuple[Chart, ...]:
    return (
        Chart(
            "Grain",
            "deviation of luma",
            _both(proof, "grain"),
            domain=f"In quiet places; {_ENCODED}",
        ),
        _spectrum("Spectrum of the grain", proof.spectra, "In quiet places", _TRUTH, first=3),
    )


def _spectrum(
    name: str, spectra: Mapping[str, tuple[float, ...]], where: str, truth: str, first: int = 1
) -> Chart:
    """Power over frequency from the band ``first`` on. ``truth``: what the Ground Truth's line is called: a spatial
    one's luma is the Reference's, as it lies on the Source."""
    words = {"recovered": "Recovered", "source": "Source", "truth": truth}
    over = "held-out " if "truth" in spectra else ""
    return Chart(
        name,
        "power",
        {
            word: tuple(zip(frequencies()[first:], spectra[side][first:], strict=True))
            for side, word in words.items()
            if side in spectra
        },
        across="cycles per pixel",
        domain=f"{where}, mean over the {over}frames; {_ENCODED}",
    )


def _both(proof: Proof, name: str) -> dict[str, Points]:
    return {"Recovered": _points(proof.of(name)), "Source": _points(proof.of(f"{name}_source"))}


def _points(found: Mapping[int, float]) -> Points:
    return tuple((float(frame), value) for frame, value in sorted(found.items()))


def _percent(points: Points) -> Points:
    return tuple((x, 100 * y) for x, y in points)
