"""FR_Merge: the chosen part of the Recovered on the Original, and nothing else touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame
from film_recovery.imaging.luma import chroma, luma

FEEDS = ("original", "recovered")
CHANNELS = (*RGB, ALPHA, "depth.Z")
SHAPE = Format(12, 8)


@pytest.fixture
def plates(bench) -> tuple[Frame, Frame]:
    """Values below 0 and above 1, a negative zero, an alpha and a depth that differ."""
    random = np.random.default_rng(31)
    made = []
    for name in FEEDS:
        pixels = random.uniform(-0.2, 1.3, (8, 12, 5)).astype(np.float32)
        pixels[0, 0] = -0.0
        made.append(bench.plate(name, pixels, channels=CHANNELS))
    return made[0], made[1]


def wide(frame: Frame) -> NDArray[Any]:
    return frame.rgb().astype(np.float64)


def bits(frame: Frame) -> bytes:
    return frame.select(CHANNELS).tobytes()


@pytest.mark.parametrize("method", ["matrix", "Colorspace"])
@pytest.mark.parametrize("mode", ["luminosity", "colour"])
def test_luma_of_one_and_chroma_of_the_other(bench, plates, mode: str, method: str) -> None:
    original, recovered = plates
    made = bench.frame("FR_Merge", {"mode": mode, "method": method}, FEEDS)
    luma_from, chroma_from = (recovered, original) if mode == "luminosity" else (original, recovered)
    np.testing.assert_allclose(luma(wide(made)), luma(wide(luma_from)), atol=1e-6)
    np.testing.assert_allclose(chroma(wide(made)), chroma(wide(chroma_from)), atol=1e-6)
    assert made.rgb().min() < 0 and made.rgb().max() > 1, "nothing is clamped"
    assert np.abs(made.rgb() - original.rgb()).max() > 0.1


@pytest.mark.parametrize("mix", ["0", "0.3", "1"])
@pytest.mark.parametrize("mode", ["luminosity", "colour"])
def test_alpha_and_other_channels_are_the_originals(bench, plates, mode: str, mix: str) -> None:
    original, _ = plates
    made = bench.frame("FR_Merge", {"mode": mode, "mix": mix}, FEEDS)
    assert set(made.channels) == set(CHANNELS)
    for name in CHANNELS[3:]:
        assert made.channel(name).tobytes() == original.channel(name).tobytes()


@pytest.mark.parametrize("method", ["matrix", "Colorspace"])
@pytest.mark.parametrize("mix", ["0", "-1"])
def test_mix_0_is_the_original_bit_for_bit(bench, plates, mix: str, method: str) -> None:
    made = bench.frame("FR_Merge", {"mix": mix, "method": method}, FEEDS)
    assert bits(made) == bits(plates[0])


@pytest.mark.parametrize("method", ["matrix", "Colorspace"])
@pytest.mark.parametrize("mode", ["luminosity", "colour"])
def test_mix_1_is_the_composite_and_between_lies_between(bench, plates, mode: str, method: str) -> None:
    knobs = {"mode": mode, "method": method}
    whole = bench.frame("FR_Merge", {**knobs, "mix": "1"}, FEEDS)
    inner = bench.evaluator("FR_Merge", knobs, FEEDS).frame("Block.Composite", 1)
    assert bits(whole) == bits(inner)
    assert bits(bench.frame("FR_Merge", {**knobs, "mix": "3"}, FEEDS)) == bits(inner)
    mixed = bench.frame("FR_Merge", {**knobs, "mix": "0.25"}, FEEDS)
    np.testing.assert_allclose(wide(mixed), 0.75 * wide(plates[0]) + 0.25 * wide(whole), atol=1e-6)


@pytest.mark.parametrize(
    ("knobs", "used", "unused"),
    [
        ({"method": "matrix"}, "MatrixPart", "ColorspacePart"),
        ({"method": "Colorspace"}, "ColorspacePart", "MatrixPart"),
        ({"mix": "0"}, "Ends", "Mixed"),
        ({"mix": "0.5"}, "Mixed", ""),
        ({"mix": "1"}, "Composite", "Mixed"),
    ],
)
@pytest.mark.parametrize("node", ["Block", "Instance"])
def test_the_knobs_choose_the_nodes(bench, plates, node: str, knobs, used: str, unused: str) -> None:
    evaluator = bench.evaluator("FR_Merge", knobs, FEEDS)
    evaluator.frame(node, 1)
    assert f"{node}.{used}" in evaluator.timings and f"{node}.{unused}" not in evaluator.timings


@pytest.mark.parametrize("method", ["matrix", "Colorspace"])
@pytest.mark.parametrize("mode", ["luminosity", "colour"])
def test_a_recovered_that_equals_the_original_changes_nothing(bench, plates, mode: str, method: str) -> None:
    made = bench.frame("FR_Merge", {"mode": mode, "method": method}, ("original", "original"))
    np.testing.assert_array_equal(made.select(CHANNELS), plates[0].select(CHANNELS))


@pytest.mark.parametrize("method", ["matrix", "Colorspace"])
@pytest.mark.parametrize("mode", ["luminosity", "colour"])
def test_outside_the_recovered_the_original_stays(bench, plates, mode: str, method: str) -> None:
    original, _ = plates
    cropped = np.random.default_rng(32).uniform(0, 1, (5, 20, 3)).astype(np.float32)
    bench.plate("recovered", cropped, format=SHAPE, origin=(3, 2))
    made = bench.frame("FR_Merge", {"mode": mode, "method": method}, FEEDS)
    assert (made.bbox, made.format) == (original.bbox, original.format)
    changed = (made.rgb() != original.rgb()).any(axis=2)
    inside = np.zeros((8, 12), bool)
    inside[2:7, 3:12] = True
    assert changed[inside].all() and not changed[~inside].any()
    assert made.bbox == Box(0, 0, 12, 8)
