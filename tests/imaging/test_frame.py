"""Boxes, formats and frames: geometry holds for any boxes, and pixels are never changed in place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import RGB, Box, Format, Frame, non_finite

small = st.integers(-12, 12)
sizes = st.integers(1, 9)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), small, small, sizes, sizes)
any_boxes = st.builds(Box, small, small, small, small)


def ramp(box: Box, format: Format | None = None) -> Frame:
    """Every pixel holds its own x, y, and a constant: a misplaced pixel shows."""
    y, x = np.mgrid[box.y : box.t, box.x : box.r].astype(np.float32)
    return Frame(np.stack([x, y, np.ones_like(x)], axis=-1), RGB, format or Format(10, 10), box)


@given(any_boxes, any_boxes)
def test_intersection_is_inside_both_and_union_holds_both(a: Box, b: Box) -> None:
    shared, whole = a.intersect(b), a.union(b)
    assert shared == b.intersect(a)
    if not shared.empty:
        assert a.intersect(shared) == shared == b.intersect(shared)
    for box in (a, b):
        if not box.empty:
            assert whole.intersect(box) == box
    assert a.union(a) == a


@given(any_boxes, small, small)
def test_moving_keeps_size_and_comes_back(box: Box, dx: int, dy: int) -> None:
    moved = box.moved(dx, dy)
    assert (moved.width, moved.height) == (box.width, box.height)
    assert moved.moved(-dx, -dy) == box
    assert box.empty == (box.width == 0 or box.height == 0)


@given(boxes, boxes)
def test_crop_keeps_every_pixel_in_its_place_and_is_black_elsewhere(bbox: Box, window: Box) -> None:
    frame = ramp(bbox)
    cropped = frame.cropped(window)
    assert cropped.bbox == window
    assert cropped.format == frame.format
    for row in range(window.height):
        for column in range(window.width):
            x, y = window.x + column, window.y + row
            inside = bbox.x <= x < bbox.r and bbox.y <= y < bbox.t
            expected = (x, y, 1) if inside else (0, 0, 0)
            assert tuple(cropped.pixels[row, column]) == expected


@given(boxes, boxes)
def test_crop_out_and_back_in_loses_nothing(bbox: Box, other: Box) -> None:
    frame = ramp(bbox)
    assert np.array_equal(frame.cropped(bbox.union(other)).cropped(bbox).pixels, frame.pixels)


def test_pixels_cannot_be_changed_and_the_callers_array_stays_writable() -> None:
    array = np.zeros((2, 3, 3), np.float32)
    frame = Frame(array, RGB, Format(3, 2), Box(0, 0, 3, 2))
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels[0, 0, 0] = 1
    array[0, 0, 0] = 1


def test_top_down_arrays_are_flipped_at_the_door() -> None:
    picture = np.arange(6, dtype=np.float32).reshape(2, 1, 3)
    frame = Frame.from_array(picture, top_down=True)
    assert frame.pixels[0, 0].tolist() == [3, 4, 5]
    assert np.array_equal(frame.top_down(), picture)
    assert frame.top_down().flags.c_contiguous


@pytest.mark.parametrize(
    ("pixels", "channels", "error"),
    [
        (np.zeros((2, 3, 3)), RGB, TypeError),
        (np.zeros((3, 2, 3), np.float32), RGB, ValueError),
        (np.zeros((2, 3, 2), np.float32), ("rgba.red", "rgba.red"), ValueError),
    ],
)
def test_a_frame_that_contradicts_itself_is_refused(
    pixels: np.ndarray, channels: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Frame(pixels, channels, Format(3, 2), Box(0, 0, 3, 2))


def test_select_orders_channels_and_names_a_missing_one() -> None:
    frame = ramp(Box(0, 0, 2, 2))
    assert np.array_equal(frame.select(("rgba.green", "rgba.red")), frame.pixels[:, :, [1, 0]])
    filled = frame.select(("rgba.red", "depth.Z"), fill_missing=True)
    assert not filled[:, :, 1].any()
    with pytest.raises(FilmRecoveryError, match=r"depth\.Z.*rgba\.red, rgba\.green, rgba\.blue"):
        frame.select(("depth.Z",))


def test_with_channels_replaces_and_adds_in_order() -> None:
    frame = ramp(Box(0, 0, 2, 2))
    changed = frame.with_channels(("rgba.alpha", "rgba.red"), np.full((2, 2, 2), 5, np.float32))
    assert changed.channels == (*RGB, "rgba.alpha")
    assert (changed.channel("rgba.red") == 5).all()
    assert (changed.channel("rgba.alpha") == 5).all()
    assert np.array_equal(changed.channel("rgba.green"), frame.channel("rgba.green"))


def test_formats_are_compared_by_shape_not_by_name() -> None:
    assert Format(4, 3, 1.0, "a").same_shape(Format(4, 3, 1.0000001, "b"))
    assert not Format(4, 3).same_shape(Format(4, 3, 2.0))
    assert not Format(4, 3).same_shape(Format(3, 4))


def test_non_finite_counts_nan_and_both_infinities() -> None:
    array = np.zeros((2, 2, 3), np.float32)
    assert non_finite(Frame.from_array(array)) == 0
    array[0, 0] = (np.nan, np.inf, -np.inf)
    assert non_finite(Frame.from_array(array)) == 3
