"""Each planted fault is told by its name in the frames that have it, and a good recovery has almost none."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery.demo import footage
from film_recovery.demo.recovered import Clip
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma, rgb_to_ycbcr, ycbcr_to_rgb
from film_recovery.outliers import (
    KINDS,
    LIMITS,
    UNITS,
    Limit,
    Measured,
    Outlier,
    find_outliers,
    find_untold,
    measure,
)
from film_recovery.outliers.codes import unevenness
from film_recovery.outliers.figures import Reading, _steepest, grain, skin_darker, skin_lighter
from film_recovery.outliers.finding import FORETOLD, _standing_out, _unexplained, nearest
from film_recovery.outliers.picture import HEIGHT, contact

FRAMES = 12
FAULTY = (5, 9)


@cache
def clip(mode: str) -> Clip:
    filmed = footage.photographs()
    first, _ = filmed.shots[2]
    return Clip(mode, [one[:160, :240] for one in filmed.pictures[first : first + FRAMES]], 0.015, 11)


@cache
def clean(mode: str) -> tuple[Measured, ...]:
    own = clip(mode)
    return tuple(measure(frame, own.source(frame), own.recovered(frame)) for frame in own.frames)


def with_fault(mode: str, fault: str) -> list[Measured]:
    own, rng = clip(mode), np.random.default_rng(2)
    shot = list(clean(mode))
    for frame in FAULTY:
        shot[frame - 1] = measure(frame, own.source(frame), own.planted(frame, fault, rng))
    return shot


@pytest.mark.parametrize("mode", ["sharpened", "coloured"])
def test_a_good_recovery_has_no_outlier(mode):
    assert find_outliers(clean(mode)) == ()


@pytest.mark.parametrize("fault", ["hue", "flicker", "seam", "halo", "grain", "banding", "bleed", "edges"])
@pytest.mark.parametrize("mode", ["sharpened", "coloured"])
def test_a_fault_is_told_by_its_name_in_its_frames(mode, fault):
    found = find_outliers(with_fault(mode, fault))
    assert sorted(one.frame for one in found if one.kind == fault) == list(FAULTY)
    assert {one.frame for one in found} == set(FAULTY)
    assert found[0].kind == fault and list(found) == sorted(found, key=lambda one: (-one.score, one.frame))


def test_grain_that_does_not_follow_the_sources_is_told():
    """Astronaut, textured: its finest detail comes and goes as the picture weaves."""
    filmed = footage.photographs()
    own = Clip("restored", filmed.pictures[:14], 0.03, 1110)
    rng = np.random.default_rng(2)
    shot = [measure(frame, own.source(frame), own.recovered(frame)) for frame in own.frames]
    assert find_outliers(shot) == ()
    for frame in FAULTY:
        shot[frame - 1] = measure(frame, own.source(frame), own.planted(frame, "grain", rng))
    assert sorted((one.frame, one.kind) for one in find_outliers(shot)) == [(one, "grain") for one in FAULTY]


def test_finest_detail_that_comes_and_goes_is_no_grain():
    """Astronaut, textured, weaving by parts of a pixel, with a grain of its own."""
    own = Clip("restored", footage.photographs().pictures[:20], 0.015, 3010)
    shot = [measure(frame, own.source(frame), own.recovered(frame)) for frame in own.frames]
    readings = [grain(one, [other for other in shot if other is not one]).value for one in shot]
    assert np.abs(readings).max() < 15


def test_texture_that_comes_and_goes_is_no_grain():
    """Grass all over the picture, in some frames moving and so softer; grain of the recovery's own."""

    def smooth(seed: int, sigma: float) -> np.ndarray:
        noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(192, 288)), (0, 0), sigma)
        return noise / noise.std()

    def look(number: int, power: float = 1.0) -> Measured:
        there = 0.45 + (0.0105 if 10 <= number <= 14 else 0.015) * smooth(1000 + number, 1.5)
        source = cv2.GaussianBlur(there, (0, 0), 1.0) + 0.02 * smooth(number, 0.6)
        recovered = there + 0.008 * power**0.5 * smooth(500 + number, 0.6)
        grey = (np.stack([one] * 3, axis=-1).astype(np.float32) for one in (source, recovered))
        return measure(number, *grey)

    shot = [look(number) for number in range(1, 25)]
    assert find_outliers(shot) == ()
    shot[4], shot[19] = look(5, 0.7), look(20, 0.7)
    assert sorted((one.frame, one.kind) for one in find_outliers(shot)) == [(5, "grain"), (20, "grain")]


def test_figures_of_one_fault_count_together():
    """Neither tells the frame alone, both together do; and what the steadier one says by chance, the other mends."""
    one, two = np.random.default_rng(8).normal(0, 10, (2, 24)).clip(-15, 15)
    one[11] = two[11] = -32
    both = [[Reading(float(value)) for value in values] for values in (one, two)]
    limit = Limit(1, 2.6)
    assert {found.frame for found in _standing_out("grain", range(1, 25), both, limit)} == {12}
    for alone in both:
        assert _standing_out("grain", range(1, 25), [alone], limit) == []
    by_chance = [Reading(-60.0 if at == 11 else reading.value) for at, reading in enumerate(both[0])]
    mends = [Reading(20.0 if at == 11 else 1.1 * reading.value) for at, reading in enumerate(both[1])]
    assert {found.frame for found in _standing_out("grain", range(1, 25), [by_chance], limit)} == {12}
    assert _standing_out("grain", range(1, 25), [by_chance, mends], limit) == []


@pytest.mark.parametrize("strength", [0.06, 0.1])
def test_stairs_are_told_where_filters_explain_little(strength):
    """Grain of the recovery's own is three quarters of the fine power at edges already; of more, stairs take so much
    that they would be told as grain."""
    own = Clip("restored", footage.photographs().pictures[:14], strength, 7)
    rng = np.random.default_rng(2)
    shot = [measure(frame, own.source(frame), own.recovered(frame)) for frame in own.frames]
    assert find_outliers(shot) == ()
    for frame in FAULTY:
        shot[frame - 1] = measure(frame, own.source(frame), own.planted(frame, "edges", rng))
    assert sorted((one.frame, one.kind) for one in find_outliers(shot)) == [(one, "edges") for one in FAULTY]


def noisy(number: int) -> np.ndarray:
    """A plain picture with grain of its own."""
    rng = np.random.default_rng(number)
    return (0.4 + rng.normal(0, 0.01, (128, 192, 1)) + np.zeros(3)).astype(np.float32)


def stepped(column: int) -> np.ndarray:
    step = np.zeros((128, 192, 3), np.float32)
    step[:, column:] = 2 / 255
    return step


def test_an_edge_that_moves_is_no_seam():
    still = [measure(number, noisy(number), noisy(number)) for number in range(1, 15)]
    moving = [*still]
    for number in range(5, 10):
        column = 40 + 6 * number
        moving[number - 1] = measure(number, noisy(number), noisy(number) + stepped(column))
    assert 7 not in {one.frame for one in find_outliers(moving) if one.kind == "seam"}
    still[6] = measure(7, noisy(7), noisy(7) + stepped(82))
    assert {(one.frame, one.kind) for one in find_outliers(still)} == {(7, "seam")}
    staying = [*still]
    staying[7] = measure(8, noisy(8), noisy(8) + stepped(82))
    assert {one.frame for one in find_outliers(staying) if one.kind == "seam"} == {7, 8}


@pytest.mark.parametrize("across", [False, True])
def test_the_edge_of_a_black_bar_that_weaves_is_no_seam(across):
    """Sharper in the recovery than in the Source; in one frame elsewhere than in the others."""

    def barred(number: int, row: int, off: float = 0.0) -> Measured:
        recovered = noisy(number)
        recovered[60:] += np.float32(off)
        recovered[:row] = recovered[row + 90 :] = 0.01
        source = cv2.GaussianBlur(recovered, (0, 0), 1.2)
        sides = (one.transpose(1, 0, 2) if across else one for one in (source, recovered))
        return measure(number, *(np.ascontiguousarray(side) for side in sides))

    shot = [barred(number, 20 if number == 7 else 18) for number in range(1, 15)]
    assert find_outliers(shot) == ()
    shot[9] = barred(10, 18, 3 / 255)
    assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(10, "seam")}


def test_a_dark_picture_is_no_bar():
    dark = [measure(number, noisy(number) - 0.37, noisy(number) - 0.37) for number in range(1, 15)]
    dark[6] = measure(7, noisy(7) - 0.37, noisy(7) - 0.37 + stepped(82))
    assert {(one.frame, one.kind) for one in find_outliers(dark)} == {(7, "seam")}


@pytest.mark.parametrize("across", [False, True])
def test_a_dark_edge_of_the_picture_is_no_bar(across):
    """A night sky, a curtain: it has grain, which a black bar has not."""

    def night(number: int, off: float = 0.0) -> Measured:
        source = 0.03 + np.random.default_rng(number).normal(0, 0.004, (256, 192, 1)) + np.zeros(3)
        source[85:] += 0.35
        recovered = source.copy()
        recovered[40:] += off
        sides = (one.transpose(1, 0, 2) if across else one for one in (source, recovered))
        return measure(number, *(np.ascontiguousarray(side, np.float32) for side in sides))

    shot = [night(number, 3 / 255 * (number == 7)) for number in range(1, 15)]
    assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(7, "seam")}


def test_a_line_that_is_elsewhere_in_some_frames_is_no_seam():
    """In six of twenty, and in this one."""
    own, others = np.zeros((2, 400), np.float32), np.zeros((20, 2, 400), np.float32)
    grain = np.random.default_rng(3).normal(0, 0.1 / 255, (21, 1, 400))
    own += grain[0].astype(np.float32)
    others += grain[1:].astype(np.float32)
    others[::4, :, 200] += 4 / 255
    others[1::16, :, 200] += 4 / 255
    own[:, 200] += 4 / 255
    found = _steepest(own, others[:, 0], np.zeros(400), "column")
    assert abs(found.codes) < 3 * found.spread
    others[:, :, 200] = others[:, :, 100]
    found = _steepest(own, others[:, 0], np.zeros(400), "column")
    assert found.at == 201 and abs(found.codes) > 10 * found.spread


def test_a_large_plain_area_whose_light_goes_up_and_down_is_no_flicker():
    """The recovery keeps it, with a grain of its own: the Source's says nothing of a place's tone."""

    def picture(number: int, off: float = 0.0) -> Measured:
        rng = np.random.default_rng(number)
        there = np.full((160, 240, 1), 0.8, np.float32) * (1 + 0.02 * np.sin(2.4 * number))
        there[:50] = 0.15 + 0.5 * np.linspace(0, 1, 240)[:, None]
        source, recovered = (there + rng.normal(0, 0.05, (160, 240, 3)) for _ in range(2))
        return measure(number, source.astype(np.float32), (recovered * (1 + off)).astype(np.float32))

    shot = [picture(number) for number in range(1, 17)]
    assert find_outliers(shot) == ()
    shot[4], shot[10] = picture(5, 0.01), picture(11, -0.01)
    assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(5, "flicker"), (11, "flicker")}


def white(number: int, share: float, off: float = 0.0) -> Measured:
    """``share`` of it at the end of the scale, in Source and Recovered."""
    source = noisy(number)
    source[: round(share * len(source))] = 1
    return measure(number, source, np.minimum(source * np.float32(1 + off), 1))


def test_flicker_is_that_of_what_is_not_cut_off():
    shot = [white(number, 0.75) for number in range(1, 15)]
    assert find_outliers(shot) == () and find_untold(shot) == ()
    shot[5] = white(6, 0.75, 0.01)
    (told,) = find_outliers(shot)
    assert (told.frame, told.kind) == (6, "flicker") and told.figure == pytest.approx(1, abs=0.1)


def test_a_frame_that_is_nearly_all_cut_off_is_said_not_to_be_judged():
    shot = [white(number, 0.98 if number == 4 else 0.3) for number in range(1, 15)]
    assert find_outliers(shot) == ()
    assert [(one.frame, one.kinds) for one in find_untold(shot)] == [(4, ("flicker",))]


@pytest.mark.parametrize("level", [0.0, 0.004, 1.0])
def test_a_source_that_is_all_black_or_all_white_shows_nothing_to_judge(level):
    shot = [measure(number, noisy(number), noisy(number)) for number in range(1, 15)]
    for number in (4, 5, 6):
        plain = np.full((128, 192, 3), level, np.float32)
        shot[number - 1] = measure(number, plain, plain)
    assert find_outliers(shot) == () and find_untold(shot) == ()


@pytest.mark.parametrize("level", [0.0, 1.0])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_what_the_recovery_alone_crushes_or_blows_out_is_flicker(level, share):
    def lit(number: int, cut: bool = False) -> Measured:
        source = noisy(number)
        source[:64] += np.float32(0.3 if level else -0.25)
        recovered = source.copy()
        if cut:
            recovered[: round(share * 128)] = level
        return measure(number, source, recovered)

    shot = [lit(number, number == 7) for number in range(1, 17)]
    assert (7, "flicker") in {(one.frame, one.kind) for one in find_outliers(shot)}
    assert find_outliers([lit(number) for number in range(1, 17)]) == () and find_untold(shot) == ()


@pytest.mark.parametrize("kind", ["light grain", "dark grain", "glints"])
def test_cut_pixels_that_are_scattered_leave_flicker_to_judge(kind):
    """Three to nine hundredths of the picture: the ends of its grain, or glints."""
    mean, spread = {"light grain": (0.93, 0.05), "dark grain": (0.05, 0.03), "glints": (0.5, 0.02)}[kind]

    def picture(number: int, off: float = 0.0) -> Measured:
        rng = np.random.default_rng(number)
        source, own = (mean + rng.normal(0, part * spread, (128, 240, 1)) + np.zeros(3) for part in (1, 0.4))
        recovered = own * (1 + off)
        if kind == "glints":
            source[rng.random((128, 240)) < 0.04] = 1
            recovered = np.where(source == 1, 1, recovered)
        sides = (np.clip(one, 0, 1).astype(np.float32) for one in (source, recovered))
        return measure(number, *sides)

    shot = [picture(number) for number in range(1, 15)]
    assert find_outliers(shot) == () and find_untold(shot) == ()
    shot[5] = picture(6, -0.02)
    assert (6, "flicker") in {(one.frame, one.kind) for one in find_outliers(shot)}


def test_what_one_frame_alone_shows_is_not_judged_by_tones_and_colours():
    """A title on near black, in colours that no other frame has: what becomes of them, nobody knows."""

    def picture(number: int, title: bool = False, off: float = 0.0) -> Measured:
        rng = np.random.default_rng(number)
        source = 0.08 + rng.normal(0, 0.01, (128, 192, 3)).astype(np.float32)
        source[100:110, 20:60] += 0.5
        if title:
            source[30:90:12, 30:160] += np.array([0.6, 0.1, 0.5], np.float32)
            source[36:90:12, 30:160] += np.array([0.5, 0.3, 0.2], np.float32)
        recovered = source.copy()
        recovered[:95] += 0.2 * np.maximum(source[:95] - 0.2, 0)[..., ::-1]
        return measure(number, source, recovered * np.float32(1 + off))

    shot = [picture(number, title=number == 1) for number in range(1, 15)]
    assert not {one.kind for one in find_outliers(shot)} & set(FORETOLD)
    assert [(one.frame, one.kinds) for one in find_untold(shot)] == [(1, FORETOLD)]
    shot[8] = picture(9, off=0.02)
    assert (9, "flicker") in {(one.frame, one.kind) for one in find_outliers(shot)}
    few = [picture(number, title=number == 1) for number in range(1, 8)]
    untold = find_untold(few)
    assert [one.frame for one in untold] == list(range(1, 8)), "the others are too few without it"
    assert all("flicker" in one.kinds and "bleed" in one.kinds for one in untold)


def test_the_colours_of_one_frame_that_are_recovered_as_all_are_no_turn():
    """A blue title in a film of greys; the same colour matrix, and curve, in every frame."""
    by = np.array([[1.0, 0.06, -0.06], [-0.03, 1.05, -0.02], [0.02, -0.12, 1.1]], np.float32)

    def picture(number: int) -> Measured:
        rng = np.random.default_rng(number)
        clean = np.linspace(0.1, 0.5, 192)[None, :, None] * np.array([1, 0.97, 0.93]) + np.zeros((128, 1, 1))
        if number == 7:
            for row in range(30, 110, 12):
                clean[row : row + 5, 30:160] = (0.1, 0.25, 0.8)
        grain = rng.normal(0, 0.01, (2, *clean.shape))
        sides = (clean + grain[0], (clean @ by.T) ** 0.95 + grain[1] / 3)
        return measure(number, *(one.astype(np.float32) for one in sides))

    shot = [picture(number) for number in range(1, 17)]
    assert find_outliers(shot) == ()
    assert [(one.frame, one.kinds) for one in find_untold(shot)] == [(7, FORETOLD)]
    assert "hue" in FORETOLD


def test_a_seam_below_its_limit_that_raises_the_mean_is_no_flicker():
    """Seven tenths of the limit and more."""
    shot = [measure(number, noisy(number), noisy(number)) for number in range(1, 15)]
    limits = {"seam": Limit(2.3, 3.5)}
    assert find_outliers(shot, limits) == ()
    shot[6] = measure(7, noisy(7), noisy(7) + stepped(82))
    (seam,) = find_outliers(shot, limits)
    assert (seam.frame, seam.kind, seam.shown) == (7, "seam", "flicker")
    (flicker,) = find_outliers(shot, {"seam": Limit(9, 3.5)})
    assert flicker.kind == "flicker" and seam.score == flicker.score
    assert seam.reason.endswith("times the limit of flicker, which it brings).")
    shot[6] = measure(7, noisy(7), noisy(7) * np.float32(1.01))
    assert {(one.frame, one.kind) for one in find_outliers(shot, limits)} == {(7, "flicker")}


def test_a_seam_of_what_is_not_cut_off_is_no_flicker():
    """That is dark, and its mean is not that of the whole picture."""

    def lit(number: int, off: float) -> Measured:
        source = noisy(number) - 0.3
        recovered = source + np.float32(off) * (np.arange(192) >= 40)[:, None]
        source[:90], recovered[:90] = 1, 1 + np.float32(off) * (np.arange(192) >= 40)[:, None]
        return measure(number, source, recovered.astype(np.float32))

    shot = [lit(number, 2 / 255 * (number == 7)) for number in range(1, 15)]
    assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(7, "seam")}


def test_grain_that_halos_bring_is_not_told():
    frames = clean("sharpened")
    around = [[one for one in frames if one is not own] for own in frames]
    more, fewer = (Outlier(5, "halo", off, 0.0, 2.0) for off in (3.0, -3.0))
    grains = [Outlier(5, "grain", off, 0.0, 1.4) for off in (14.0, -14.0)]
    kinds = [
        {one.kind for one in _unexplained([halo, of], frames, around)}
        for halo in (more, fewer)
        for of in grains
    ]
    assert kinds == [{"halo"}, {"halo", "grain"}, {"halo", "grain"}, {"halo", "grain"}]


def test_a_small_area_of_skin_is_told_as_skin():
    """Two hundredths of the picture, among greys that are warm, and nearly skin."""

    def picture(number: int, off: float) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(number)
        source = (rng.uniform(0.2, 0.7, (30, 48, 1)) + rng.normal(0, 0.012, (30, 48, 3))).astype(np.float32)
        source = cv2.resize(source, (192, 120), interpolation=cv2.INTER_CUBIC)
        source += np.array([0.0176, -0.0039, -0.0156], np.float32)
        source[50:74, 80:100] = (0.62, 0.46, 0.38)
        source += rng.normal(0, 0.005, source.shape).astype(np.float32)
        recovered = source.copy()
        recovered[50:74, 80:100] += np.float32(off) * np.array([1.5748, -0.4681, 0], np.float32)
        return source, recovered

    shot = [measure(number, *picture(number, 0)) for number in range(1, 15)]
    assert find_outliers(shot) == ()
    shot[5] = measure(6, *picture(6, 3 / 255))
    assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(6, "skin")}


def test_skin_by_things_of_nearly_its_colour_is_told():
    """A sky a little paler than skin's palest: grain takes as many of its pixels across that limit as it takes back."""
    size = np.full((120, 192), 0.024, np.float32)
    size[20:60, 30:70] = size[70:90, 120:160] = 0.036
    angle = np.radians(128)
    ycc = np.stack([np.full_like(size, 0.7), size * np.cos(angle), size * np.sin(angle)], axis=-1)
    ycc[90:, :, 1:] = (-0.03, -0.04)

    def picture(number: int, off: float) -> tuple[np.ndarray, np.ndarray]:
        grain = np.random.default_rng(number).normal(0, 0.02, ycc.shape)
        source = ycbcr_to_rgb(ycc.astype(np.float32)) + grain.astype(np.float32)
        recovered = rgb_to_ycbcr(source)
        recovered[:90, :, 2] += np.float32(off) * (size[:90] > 0.03)
        return source, ycbcr_to_rgb(recovered)

    shot = [measure(number, *picture(number, 0)) for number in range(1, 15)]
    assert find_outliers(shot) == ()
    for off in (3 / 255, -3 / 255):
        shot[5] = measure(6, *picture(6, off))
        (told,) = find_outliers(shot)
        assert (told.frame, told.kind) == (6, "skin") and told.figure == pytest.approx(3, abs=0.5)


def test_lightness_of_skin_is_read_with_its_sign():
    """Or its course over a pan, from darker to lighter, would have the same figure at both ends."""

    def picture(number: int, off: float) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(number)
        source = rng.uniform(0.2, 0.7, (30, 48, 1)).repeat(3, axis=2).astype(np.float32)
        source = cv2.resize(source, (192, 120), interpolation=cv2.INTER_CUBIC)
        source[40:80, 70:110] = (0.62, 0.46, 0.38)
        source += rng.normal(0, 0.005, source.shape).astype(np.float32)
        recovered = source.copy()
        recovered[40:80, 70:110] += np.float32(off / 255)
        return source, recovered

    pan = [measure(number, *picture(number, (number - 8.5) / 5)) for number in range(1, 17)]
    around = [[pan[other] for other in nearest(len(pan), at)] for at in range(len(pan))]
    lighter, darker = (
        np.array([figure(one, others).value for one, others in zip(pan, around, strict=True)])
        for figure in (skin_lighter, skin_darker)
    )
    assert lighter[0] < -0.5 and lighter[-1] > 0.5 and np.array_equal(darker, -lighter)
    assert find_outliers(pan) == ()
    for off in (3, -3):
        shot = [measure(number, *picture(number, off * (number == 6))) for number in range(1, 17)]
        assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(6, "skin")}


def test_a_large_area_of_skin_is_told_as_skin():
    """Most of the picture, and partly no colour of skin any more where it is off."""

    def picture(number: int, off: float) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(number)
        shade = cv2.resize(rng.uniform(0.3, 0.7, (12, 18)), (192, 120), interpolation=cv2.INTER_CUBIC)
        angle = np.radians(np.linspace(118, 147, 192)) + np.zeros((120, 1))
        ycc = np.stack([shade, 0.06 * np.cos(angle), 0.06 * np.sin(angle)], axis=-1).astype(np.float32)
        ycc[:20, :, 1:] = (0.02, -0.01)
        source = ycbcr_to_rgb(ycc) + rng.normal(0, 0.004, ycc.shape).astype(np.float32)
        recovered = rgb_to_ycbcr(source)
        recovered[20:, :, 2] += np.float32(off)
        return source, ycbcr_to_rgb(recovered)

    shot = [measure(number, *picture(number, 0)) for number in range(1, 15)]
    assert find_outliers(shot) == ()
    for off in (3 / 255, -3 / 255):
        shot[5] = measure(6, *picture(6, off))
        assert {(one.frame, one.kind) for one in find_outliers(shot)} == {(6, "skin")}


def test_what_stands_out_does_not_count_in_what_is_usual():
    values = np.random.default_rng(0).normal(0, 1, 24)
    faulty = (3, 8, 12, 16, 20)
    values[list(faulty)] = -9, -9, -5.5, -9, -9
    readings = [Reading(float(value)) for value in values]
    told = _standing_out("grain", range(1, 25), [readings], Limit(0.5, 4))
    assert {one.frame for one in told} == {at + 1 for at in faulty}


def test_figures_are_in_their_unit():
    (hue, _) = (one for one in find_outliers(with_fault("sharpened", "hue")) if one.kind == "hue")
    assert abs(hue.figure) == pytest.approx(3.0, abs=0.1) and abs(hue.usual) < 0.05
    flicker = find_outliers(with_fault("coloured", "flicker"))[0]
    assert abs(flicker.figure) == pytest.approx(1.0, abs=0.05)


def test_a_seam_says_where_it_is():
    own = clip("coloured")
    shot = list(clean("coloured"))
    picture = own.recovered(6)
    picture[100:] += np.float32(2 / 255)  # the 100th row from the top; 160 rows
    shot[5] = measure(6, own.source(6), picture)
    (seam,) = (one for one in find_outliers(shot) if one.kind == "seam")
    assert seam.where is not None
    left, bottom, right, top = seam.where
    assert (left, right) == (0, 240) and abs(bottom - 59) <= 1 and abs(top - 61) <= 1
    assert seam.figure == pytest.approx(2.0, abs=0.2)
    assert "Frame 6, seam at 0, " in seam.reason


def test_skin_that_is_off_is_no_turn_of_all_colours():
    """The cat's fur has the colour of skin: turned by no more than an offset of it explains."""
    filmed = footage.photographs()
    first, _ = filmed.shots[2]
    own = Clip("sharpened", filmed.pictures[first : first + FRAMES], 0.03, 5)
    rng = np.random.default_rng(2)
    for fault, other in (("skin", "hue"), ("hue", "skin")):
        shot = [measure(frame, own.source(frame), own.recovered(frame)) for frame in own.frames]
        shot[5] = measure(6, own.source(6), own.planted(6, fault, rng))
        kinds = {one.kind for one in find_outliers(shot)}
        assert fault in kinds and other not in kinds


def test_a_small_fast_pan_that_is_recovered_exactly_has_no_outlier():
    """Every frame shows what the others do not, so none of them foretells it well."""
    whole = cv2.imread(str(Path(footage.__file__).parent / "photographs" / "coffee.png"))[..., ::-1]
    texture = cv2.GaussianBlur(np.random.default_rng(6).normal(size=whole.shape[:2]), (0, 0), 1.5)
    wide = 0.15 + 0.7 * whole.astype(np.float32) / 255 + 0.1 * (texture / texture.std())[..., None]
    wide = (0.1 + 0.8 * np.clip(wide, 0, 1)).astype(np.float32)
    shot = []
    for number in range(1, 9):
        row, column = 20 + 4 * number, 40 + 9 * number
        truth = wide[row : row + 96, column : column + 128]
        source = cv2.GaussianBlur(truth, (0, 0), 1.2)
        recovered = source + (luma(truth) - luma(source))[..., None]
        shot.append(measure(number, source[6:90, 4:120], recovered[6:90, 4:120]))
    assert find_outliers(shot) == ()


def test_a_black_that_many_pixels_have_is_no_banding():
    picture = np.random.default_rng(4).uniform(0.05, 0.9, (120, 160, 3)).astype(np.float32)
    spiked = picture.copy()
    spiked[:40] = 0.03
    rounded = np.round(picture * 63) / 63
    assert unevenness(spiked) < 0.3 < 2 < unevenness(rounded.astype(np.float32))


def test_a_few_frames_tell_nothing():
    assert find_outliers(with_fault("sharpened", "hue")[:6]) == ()


def test_limits_can_be_replaced():
    shot = with_fault("sharpened", "hue")
    assert not [one for one in find_outliers(shot, {"hue": Limit(20, 4)}) if one.kind == "hue"]


def test_every_kind_has_limit_and_unit():
    assert set(KINDS) == set(LIMITS) == set(UNITS)


def test_neighbours_are_the_nearest_without_the_frame_itself():
    assert nearest(5, 0, 2) == [1, 2] and nearest(5, 4, 2) == [2, 3] and nearest(5, 2, 2) == [1, 3]
    assert all(len(nearest(30, at)) == 20 and at not in nearest(30, at) for at in range(30))


def test_pictures_that_cannot_be_compared_are_refused():
    picture = clip("sharpened").recovered(1)
    with pytest.raises(FilmRecoveryError, match="differ in shape"):
        measure(1, picture, picture[:-2])


def test_a_picture_shows_all_three():
    own = clip("sharpened")
    shown = contact(own.recovered(1), own.source(1), (10, 20, 12, 140))
    assert shown.shape[0] == HEIGHT and shown.min() >= 0 and shown.max() <= 1
