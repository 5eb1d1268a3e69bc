"""FR_Parity: what each view shows, to the digit, and what its read-outs say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Format
from film_recovery.imaging.luma import luma

WIDTH, HEIGHT = 12, 8
FEEDS = ("source", "reference")
READOUTS = ("agree_size", "agree_pixel_aspect", "agree_range", "agree_bbox", "agree")
# Makes one pixel not a number and one infinite; a file with such pixels would not be read at all.
BROKEN = (
    'push $Nplate_{name}\nExpression {{\n expr0 "x==3&&y==2 ? 0/0 : r"\n expr1 "x==5&&y==6 ? 1/0 : g"\n'
    " name broken_{name}\n}}\nset Nplate_broken_{name} [stack 0]\n"
)


def values(seed: int, low: float = 0.05, high: float = 0.95) -> NDArray[Any]:
    return np.random.default_rng(seed).uniform(low, high, (HEIGHT, WIDTH, 3)).astype(np.float32)


@pytest.fixture
def plates(bench) -> tuple[NDArray[Any], NDArray[Any]]:
    pictures = values(1, -0.1, 1.2), values(2, -0.1, 1.2)
    for name, picture in zip(FEEDS, pictures, strict=True):
        bench.plate(name, picture)
    return pictures


def dim(picture: NDArray[Any]) -> NDArray[Any]:
    grey = np.clip(luma(picture.astype(np.float64)), 0, 1) * 0.25
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_the_pictures_themselves_are_shown_bit_for_bit(bench, plates) -> None:
    for name, picture in zip(FEEDS, plates, strict=True):
        np.testing.assert_array_equal(bench.frame("FR_Parity", {"view": name}, FEEDS).rgb(), picture)


@pytest.mark.parametrize(
    ("position", "split"),
    [("0", 0), ("0.25", 3), ("0.5", 6), ("0.7", 8), ("1", WIDTH), ("7", WIDTH), ("-2", 0)],
)
def test_the_wipe_has_source_on_the_left(bench, plates, position: str, split: int) -> None:
    source, reference = plates
    shown = bench.frame("FR_Parity", {"view": "wipe", "position": position}, FEEDS)
    assert shown.format == Format(WIDTH, HEIGHT)
    expected = np.concatenate([source[:, :split], reference[:, split:]], axis=1)
    np.testing.assert_array_equal(shown.rgb(shown.format.box), expected)


def test_the_difference_times_gain(bench, plates) -> None:
    source, reference = plates
    shown = bench.frame("FR_Parity", {"view": "difference", "gain": "4"}, FEEDS).rgb()
    np.testing.assert_array_equal(shown, np.abs(reference - source) * np.float32(4))
    alike = bench.frame("FR_Parity", {"view": "difference", "gain": "4"}, ("source", "source")).rgb()
    assert not alike.any()


@pytest.mark.parametrize("side", ["both", "source", "reference"])
def test_pixels_outside_0_to_1_are_painted_and_no_others(bench, side: str) -> None:
    source, reference = values(3), values(4)
    source[1, 2, 0], source[4, 4, 2], source[0, 0] = -0.001, 1.001, (0, 1, 1)
    reference[1, 2, 1], reference[6, 7, 1] = 1.5, -2.0
    bench.plate("source", source)
    bench.plate("reference", reference)
    shown = bench.frame("FR_Parity", {"view": "out-of-range", "side": side}, FEEDS).rgb()
    expected = dim(reference if side == "reference" else source)
    if side != "reference":
        expected[1, 2] = expected[4, 4] = (1, 0, 0)
    if side != "source":
        expected[1, 2] = (1, 0, 1) if side == "both" else (0, 0, 1)
        expected[6, 7] = (0, 0, 1)
    np.testing.assert_allclose(shown, expected, atol=1e-6)


@pytest.mark.parametrize("value", [-0.001, 1.001])
@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize("name", FEEDS)
def test_every_channel_and_both_limits_count(bench, name: str, channel: int, value: float) -> None:
    pictures = {"source": values(3), "reference": values(4)}
    pictures[name][5, 6, channel] = value
    for feed in FEEDS:
        bench.plate(feed, pictures[feed])
    shown = bench.frame("FR_Parity", {"view": "out-of-range"}, FEEDS).rgb()
    painted = np.argwhere(np.ptp(shown, axis=2) > 0.9)
    assert painted.tolist() == [[5, 6]]
    assert shown[5, 6].tolist() == ([1, 0, 0] if name == "source" else [0, 0, 1])


@pytest.mark.parametrize("side", ["both", "source", "reference"])
def test_pixels_that_are_no_numbers_are_painted_and_no_others(bench, side: str) -> None:
    source, reference = values(5, -3, 3), values(6, -3, 3)
    bench.plate("source", source)
    bench.plate("reference", reference)
    feeds = ("broken_source", "reference")
    shown = bench.frame("FR_Parity", {"view": "NaN", "side": side}, feeds, BROKEN.format(name="source")).rgb()
    expected = dim(reference if side == "reference" else source)
    if side != "reference":
        expected[2, 3] = expected[6, 5] = (1, 0, 0)
    np.testing.assert_allclose(shown, expected, atol=1e-6)


def test_a_missing_reference_leaves_the_source_visible(bench, plates) -> None:
    shown = bench.frame("FR_Parity", {"view": "source"}, ("source", None))
    np.testing.assert_array_equal(shown.rgb(), plates[0])
    with pytest.raises(FilmRecoveryError, match="Reference"):
        bench.frame("FR_Parity", {"view": "reference"}, ("source", None))


@pytest.mark.parametrize("node", ["Block", "Instance"])
def test_the_readouts_of_two_alike_agree(bench, plates, node: str) -> None:
    spans = {name: {"first": "11", "last": "34"} for name in FEEDS}
    call = bench.evaluator("FR_Parity", {}, FEEDS, reads=spans).call(node, 11)
    for name in FEEDS:
        size = (call.number(f"{name}_width"), call.number(f"{name}_height"))
        assert size == (WIDTH, HEIGHT)
        assert call.number(f"{name}_pixel_aspect") == 1
        assert (call.number(f"{name}_first"), call.number(f"{name}_last")) == (11, 34)
        assert call.numbers(f"{name}_bbox", 4) == (0, 0, WIDTH, HEIGHT)
    assert [call.number(knob) for knob in READOUTS] == [1] * 5


@pytest.mark.parametrize(
    ("differs", "change"),
    [
        ("agree_size", {"format": Format(WIDTH + 1, HEIGHT)}),
        ("agree_size", {"format": Format(WIDTH, HEIGHT + 1)}),
        ("agree_pixel_aspect", {"format": Format(WIDTH, HEIGHT, 1.5)}),
        ("agree_range", {"reads": {"first": "2"}}),
        ("agree_range", {"reads": {"last": "9"}}),
        ("agree_bbox", {"area": (1, 0, WIDTH, HEIGHT)}),
        ("agree_bbox", {"area": (0, -1, WIDTH, HEIGHT)}),
        ("agree_bbox", {"area": (0, 0, WIDTH - 1, HEIGHT)}),
        ("agree_bbox", {"area": (0, 0, WIDTH, HEIGHT + 1)}),
    ],
)
def test_a_readout_tells_exactly_what_differs(bench, differs: str, change: dict[str, Any]) -> None:
    spans = {name: {"first": "1", "last": "8"} for name in FEEDS}
    spans["reference"] |= change.get("reads", {})
    bench.plate("source", values(1), format=Format(WIDTH, HEIGHT))
    x, y, r, t = change.get("area", (0, 0, WIDTH, HEIGHT))
    shape = change.get("format", Format(WIDTH, HEIGHT))
    bench.plate("reference", np.zeros((t - y, r - x, 3)), format=shape, origin=(x, y))
    call = bench.evaluator("FR_Parity", {}, FEEDS, reads=spans).call("Block", 2)
    assert {knob for knob in READOUTS if not call.number(knob)} == {differs, "agree"}


def test_the_readouts_give_each_side_s_own_figures(bench) -> None:
    bench.plate("source", values(1), format=Format(20, 10, 2.0), origin=(3, 1))
    bench.plate("reference", values(2), format=Format(WIDTH, HEIGHT, 0.5), origin=(-2, -4))
    spans = {"source": {"first": "1", "last": "24"}, "reference": {"first": "5", "last": "9"}}
    call = bench.evaluator("FR_Parity", {}, FEEDS, reads=spans).call("Block", 6)
    names = ("width", "height", "pixel_aspect", "first", "last")
    assert [call.number(f"source_{name}") for name in names] == [20, 10, 2, 1, 24]
    assert [call.number(f"reference_{name}") for name in names] == [WIDTH, HEIGHT, 0.5, 5, 9]
    assert call.numbers("source_bbox", 4) == (3, 1, 3 + WIDTH, 1 + HEIGHT)
    assert call.numbers("reference_bbox", 4) == (-2, -4, WIDTH - 2, HEIGHT - 4)
    assert not any(call.number(knob) for knob in READOUTS)
