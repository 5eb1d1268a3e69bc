"""FR_Compare: which picture stands where, and what is shown of it, to the digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB, Format
from film_recovery.imaging.luma import WEIGHTS, chroma, luma

WIDTH, HEIGHT = 13, 8  # an odd width: the halves differ
HALF = 6
FEEDS = ("original", "recovered", "baseline")
WITHOUT = ("original", "recovered", None)
SHAPE = Format(WIDTH, HEIGHT, 1.5)
Pictures = dict[str, NDArray[Any]]


@pytest.fixture
def pictures(bench) -> Pictures:
    random = np.random.default_rng(21)
    made = {name: random.uniform(-0.1, 1.2, (HEIGHT, WIDTH, 3)).astype(np.float32) for name in FEEDS}
    for name, picture in made.items():
        bench.plate(name, picture, format=SHAPE)
    return made


def shown(bench, knobs: dict[str, str], feeds=FEEDS) -> NDArray[Any]:
    frame = bench.frame("FR_Compare", knobs, feeds)
    assert frame.format.same_shape(SHAPE)
    return frame.rgb(frame.format.box)


def beside(left: NDArray[Any], right: NDArray[Any], column: int) -> NDArray[Any]:
    return np.concatenate([left[:, :column], right[:, column:]], axis=1)


@pytest.mark.parametrize(("position", "split"), [("0", 0), ("0.3", 4), ("1", WIDTH), ("9", WIDTH), ("-1", 0)])
def test_the_wipe(bench, pictures: Pictures, position: str, split: int) -> None:
    expected = beside(pictures["original"], pictures["recovered"], split)
    np.testing.assert_array_equal(shown(bench, {"position": position}), expected)


@pytest.mark.parametrize(
    ("left", "right"), [("Original", "Baseline"), ("Baseline", "Recovered"), ("Recovered", "Original")]
)
def test_any_two_can_be_compared(bench, pictures: Pictures, left: str, right: str) -> None:
    one, two = pictures[left.lower()], pictures[right.lower()]
    knobs = {"left": left, "right": right}
    np.testing.assert_array_equal(shown(bench, knobs), beside(one, two, 7))
    difference = shown(bench, {**knobs, "view": "difference", "gain": "3"})
    np.testing.assert_array_equal(difference, np.abs(one - two) * np.float32(3))


@pytest.mark.parametrize(("part", "first"), [("0", 0), ("0.5", 3), ("1", HALF), ("4", HALF), ("-4", 0)])
def test_side_by_side_shows_the_same_part_of_both_pixel_for_pixel(
    bench, pictures: Pictures, part: str, first: int
) -> None:
    made = shown(bench, {"view": nk.quote("side by side"), "part": part})
    np.testing.assert_array_equal(made[:, :HALF], pictures["original"][:, first : first + HALF])
    np.testing.assert_array_equal(made[:, HALF:], pictures["recovered"][:, first : first + WIDTH - HALF])


def expected_of(picture: NDArray[Any], quantity: str) -> NDArray[Any]:
    wide = picture.astype(np.float64)
    grey = luma(wide)[:, :, None]
    if quantity == "Y":
        return np.repeat(grey, 3, axis=2)
    if quantity == "Cb/Cr":
        return wide - grey + 0.5
    within = np.clip(wide, 0, 1)
    largest = within.max(axis=2, keepdims=True)
    ratio = (largest - within.min(axis=2, keepdims=True)) / np.where(largest > 0, largest, 1)
    return np.repeat(ratio, 3, axis=2)


@pytest.mark.parametrize("quantity", ["Y", "Cb/Cr", "saturation"])
def test_what_is_shown_of_the_pictures(bench, pictures: Pictures, quantity: str) -> None:
    one, two = (expected_of(pictures[name], quantity) for name in ("original", "recovered"))
    np.testing.assert_allclose(shown(bench, {"quantity": quantity}), beside(one, two, 7), atol=5e-7)
    knobs = {"quantity": quantity, "view": "difference", "gain": "1"}
    np.testing.assert_allclose(shown(bench, knobs), np.abs(one - two), atol=1e-6)


def test_chroma_keeps_no_luma_and_luma_no_chroma(bench, pictures: Pictures) -> None:
    made = shown(bench, {"quantity": "Cb/Cr"}).astype(np.float64)
    np.testing.assert_allclose(luma(made), 0.5, atol=5e-7)
    original = pictures["original"].astype(np.float64)
    np.testing.assert_allclose(chroma(made)[:, :7], chroma(original)[:, :7], atol=5e-7)
    assert np.abs(chroma(shown(bench, {"quantity": "Y"}).astype(np.float64))).max() < 5e-7


@pytest.mark.parametrize("view", ["wipe", "difference", '"side by side"'])
@pytest.mark.parametrize("quantity", ["RGB", "Y", "Cb/Cr", "saturation"])
def test_without_a_baseline_every_view_works(bench, pictures: Pictures, view: str, quantity: str) -> None:
    knobs = {"view": view, "quantity": quantity}
    np.testing.assert_array_equal(shown(bench, knobs, WITHOUT), shown(bench, knobs))


def test_a_missing_baseline_that_is_compared_is_named(bench, pictures: Pictures) -> None:
    with pytest.raises(FilmRecoveryError, match="Baseline"):
        shown(bench, {"right": "Baseline"}, WITHOUT)


def test_the_format_stays_the_originals(bench, pictures: Pictures) -> None:
    wide = np.random.default_rng(22).uniform(0, 1, (HEIGHT + 4, WIDTH + 6, 3)).astype(np.float32)
    bench.plate("baseline", wide, format=Format(WIDTH + 6, HEIGHT + 4, 1.5))
    for view in ("wipe", "difference"):
        made = shown(bench, {"left": "Baseline", "right": "Original", "view": view, "gain": "1"})
        inside = wide[:HEIGHT, :WIDTH]
        expected = beside(inside, pictures["original"], 7)
        if view == "difference":
            expected = np.abs(pictures["original"] - inside)
        np.testing.assert_array_equal(made, expected)


def test_alpha_is_wiped_with_the_picture(bench) -> None:
    for name, alpha in (("original", 0.25), ("recovered", 1.0)):
        pixels = np.full((HEIGHT, WIDTH, 4), alpha, np.float32)
        bench.plate(name, pixels, format=SHAPE, channels=(*RGB, ALPHA))
    frame = bench.frame("FR_Compare", {}, WITHOUT)
    expected = np.where(np.arange(WIDTH) < 7, 0.25, 1.0) * np.ones((HEIGHT, 1))
    np.testing.assert_array_equal(frame.cropped(frame.format.box).channel(ALPHA), expected)


def test_the_matrices_are_those_of_the_product() -> None:
    """Luma takes the weights, chroma the rest, in FR_Compare and in FR_Merge alike."""
    rest = np.eye(3) - np.array([WEIGHTS] * 3)
    found = []
    for name in ("FR_Compare", "FR_Merge"):
        for node in nk.load(graph.gizmo_folder() / f"{name}.gizmo").all_nodes():
            if node.class_name == "ColorMatrix":
                rows = [[float(v) for v in row.text.split()] for row in nk.fields(node.get("matrix").text)]
                wanted = rest if node.name.startswith("Chroma") else [WEIGHTS] * 3
                np.testing.assert_allclose(rows, wanted, rtol=0, atol=1e-16)
                found.append(node.name)
    assert len(found) == 6
