"""Planted faults are excluded, each for what it is; clean frames of worn elements stay."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest

from film_recovery.demo.cases import Faulty, faulty
from film_recovery.demo.reels import (
    PLANTED,
    Reel,
    banded,
    compressed,
    element,
    faded_print,
    film,
    plant,
    safety_copy,
)
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.compression import banding, blockiness
from film_recovery.footage.faults import THRESHOLDS, Fault, _blurs, excluded, find_faults, measured
from film_recovery.footage.offset import match
from film_recovery.footage.onesided import one_sided, picture_of
from film_recovery.footage.passing import passing, scratches
from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.luma import luma


def faults_of(case: Faulty) -> tuple[Fault, ...]:
    where = match(signatures(case.source), signatures(case.reference)).placement
    return find_faults(case.source, case.reference, case.pairs, placement=where, shots=case.shots)


SLOW = [pytest.param(seed, (44, 40), 5, marks=pytest.mark.slow) for seed in (240, 241, 242)]


@pytest.mark.parametrize(("seed", "lengths", "every"), [(240, (26, 24), 4), *SLOW])
def test_planted_faults_are_excluded_and_clean_frames_kept(
    seed: int, lengths: tuple[int, int], every: int
) -> None:
    case = faulty(seed, lengths, every)
    found = faults_of(case)
    assert {kind for kind, _ in case.planted.values()} == set(PLANTED)
    out = {fault.frame for fault in found}
    assert {frame: what for frame, what in case.planted.items() if frame not in out} == {}
    clean = set(case.source.frames) - set(case.planted)
    assert len(clean - out) >= 0.95 * len(clean), [fault.reason for fault in found if fault.frame in clean]
    named = [
        any((one.frame, one.kind, one.side) == (frame, *what) for one in found)
        for frame, what in case.planted.items()
    ]
    assert np.mean(named) >= 0.8
    for fault in found:
        assert fault.value > fault.threshold >= THRESHOLDS[fault.kind]


def test_without_a_reference_what_passes_is_found() -> None:
    case = faulty(243, (26, 24), 4)
    seen: list[int] = []
    found = find_faults(
        case.source,
        None,
        case.pairs,
        shots=case.shots,
        progress=lambda done, total, frame: seen.append(frame),
    )
    out = {fault.frame for fault in found}
    # Dirt is left out: with one element alone fast movement raises its limit (the test above has both).
    passing = ("flash", "splice", "instability", "scratch")
    planted = {frame for frame, (kind, side) in case.planted.items() if side == "Source" and kind in passing}
    assert planted and planted <= out
    assert {fault.side for fault in found} == {"Source"}
    assert seen == list(case.source.frames)


def test_a_subtitle_that_stays_is_found() -> None:
    rng = np.random.default_rng(244)
    clean = film((30,), 244)
    source, reference = element(clean, faded_print(rng), 244), element(clean, safety_copy(rng), 245)
    where = match(signatures(source), signatures(reference)).placement
    titled = [
        plant(picture, "subtitle or logo", np.random.default_rng(1)) if 8 <= at < 22 else picture
        for at, picture in enumerate(reference.pictures)
    ]
    pairs = [(frame, frame) for frame in source.frames]
    found = find_faults(source, Reel(titled, reference.frames), pairs, placement=where)
    text = [fault for fault in found if fault.kind == "subtitle or logo"]
    # Over a picture as bright as the letters, strokes do not stand out: half of the frames at least.
    assert {fault.frame for fault in text} <= set(range(9, 23)) and len(text) >= 7
    assert {fault.side for fault in text} == {"Reference"}
    # The film's own titles are on both elements, and no fault.
    both = [plant(picture, "subtitle or logo", np.random.default_rng(1)) for picture in clean[:10]]
    source, reference = (element(both, look, 244) for look in (faded_print(rng), safety_copy(rng)))
    where = match(signatures(source), signatures(reference)).placement
    found = find_faults(source, reference, pairs[:6], placement=where)
    assert "subtitle or logo" not in {fault.kind for fault in found}


def test_each_is_overridable() -> None:
    case = faulty(246, lengths=(12, 4), every=3)
    found = find_faults(case.source, case.reference, case.pairs, shots=case.shots)
    fault = next(one for one in found if one.kind == "flash")
    pairs = case.pairs
    assert fault.reason in excluded(found)[fault.frame]
    allowed = [(one.frame, one.kind) for one in found if one.frame == fault.frame]
    assert fault.frame not in excluded(found, allowed)
    lenient = find_faults(case.source, case.reference, pairs, shots=case.shots, thresholds={"flash": 2.0})
    assert "flash" not in {one.kind for one in lenient}
    with pytest.raises(FilmRecoveryError, match="no fault called 'flare'"):
        find_faults(case.source, None, pairs, thresholds={"flare": 1.0})
    plain = fault.as_dict()
    assert plain["kind"] == "flash" and plain["side"] in plain["reason"] and str(fault.own) in plain["reason"]


def test_no_picture_is_kept_of_a_pair() -> None:
    case = faulty(249, lengths=(6, 4))
    for one in measured(case.source, case.reference, case.pairs, shots=case.shots):
        assert len(pickle.dumps(one)) < 4000  # a mask of a frame has 72 000 bytes


def test_a_fade_is_no_flash() -> None:
    case = faulty(247, lengths=(30, 4), every=40)
    light = np.r_[np.linspace(1, 0.2, 30), np.ones(4)]
    pictures = [
        picture * np.float32(value) for picture, value in zip(case.source.pictures, light, strict=True)
    ]
    found = find_faults(Reel(pictures, case.source.frames), None, case.pairs, shots=case.shots)
    assert "flash" not in {fault.kind for fault in found}


def test_compression_and_banding(photograph) -> None:
    rng = np.random.default_rng(248)
    reel = element(film((3,), 248), safety_copy(rng), 248)
    for picture in reel.pictures:
        clean = luma(picture)
        assert blockiness(clean) < 0.1 and banding(clean) < 0.05
        assert blockiness(luma(compressed(picture, 12))) > THRESHOLDS["compression"]
        assert (
            blockiness(luma(compressed(picture, 12)[3:, 5:])) > THRESHOLDS["compression"]
        )  # the grid begins anywhere
        assert blockiness(luma(compressed(picture, 90))) < THRESHOLDS["compression"] / 2
        assert banding(luma(banded(picture, 20))) > THRESHOLDS["banding"]
        assert banding(luma(banded(picture, 256))) < THRESHOLDS["banding"] / 2
    assert banding(np.zeros((8, 8), np.float32)) == 0 and blockiness(np.zeros((20, 20), np.float32)) == 0
    heavy = Reel([compressed(picture, 10) for picture in reel.pictures], reel.frames)
    found = find_faults(reel, heavy, [(frame, frame) for frame in reel.frames])
    assert {(fault.kind, fault.side) for fault in found} >= {("compression", "Reference")}


def textured(seed: int, blur: float, size: tuple[int, int] = (200, 280)) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, size).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.clip(0.5 + 0.15 * soft / soft.std(), 0, 1).astype(np.float32)


def test_a_smear_under_grain_shows_along_its_own_way() -> None:
    clean = textured(250, 2.0)
    smeared = cv2.filter2D(clean, -1, np.full((1, 9), 1 / 9, np.float32))
    grain = np.random.default_rng(251).normal(0, 0.04, clean.shape).astype(np.float32)
    found = [one_sided(picture + grain, clean, Placement()) for picture in (clean, smeared)]
    sharp, soft = (np.array(one.softness) for one in found if one is not None)
    lost = soft - sharp  # along 0, 22.5, 45, 67.5, 90 … degrees
    assert np.argmax(lost) == 0 and lost[0] > THRESHOLDS["motion blur"] and lost[4] < lost[0] / 2
    # Where a shot's own softness wanders, a blurred frame is held against the few beside it.
    steady = np.concatenate([np.linspace(0, 1, 20), np.linspace(1, 0, 20)])[:, None].repeat(8, axis=1)
    steady[30, 2] += 0.5
    value, limit = _blurs(steady, np.zeros(40, np.intp), THRESHOLDS["motion blur"])
    assert np.flatnonzero(value > limit).tolist() == [30]


def test_a_scratch_through_black_is_one() -> None:
    plane = textured(252, 6.0)
    plane[140:] = 0.03
    lamp_post = plane.copy()
    plane[:, 100] -= 0.3
    lamp_post[:130, 100] -= 0.3
    assert scratches(np.clip(plane, 0, 1))[100] < -4 * THRESHOLDS["scratch"]
    assert abs(scratches(np.clip(lamp_post, 0, 1))[100]) < THRESHOLDS["scratch"]


def test_the_edge_of_a_letterbox_is_no_detail() -> None:
    # The picture ends where tiles do: the step to black is at the edge of a tile, and none of it is the picture's.
    plane = 0.5 + 0.05 * (textured(253, 8.0, (240, 312)) - 0.5)
    plane[60:180, 60:200] = textured(254, 3.0, (120, 140))
    boxed = plane.copy()
    boxed[:, 288:] = boxed[216:] = 0
    found = one_sided(plane, boxed, Placement(), inside=(picture_of([plane]), picture_of([boxed])))
    assert found is not None and found.covered == (0.0, 0.0)


def test_what_is_dark_at_the_edge_for_a_while_is_no_surround() -> None:
    plane = textured(257, 3.0, (240, 312))
    dark = plane.copy()
    dark[160:] = 0.01
    assert picture_of([plane, dark]).all()
    assert picture_of([dark, dark]).mean() == pytest.approx(160 / 240)
    assert not picture_of([np.zeros_like(plane)]).any()
    found = one_sided(dark, plane, Placement(), inside=(picture_of([plane, dark]), picture_of([plane])))
    assert found is not None and found.covered[0] > 0.1


def test_a_neighbour_that_hardly_resembles_a_frame_excuses_no_jump() -> None:
    whole = textured(255, 1.5, (240, 300))
    still, jumped, farther = (whole[20:220, 20 + off : 260 + off] for off in (0, 6, -6))
    noise = textured(256, 1.5, still.shape)
    beyond = (0.3 * farther + 0.7 * noise).astype(np.float32)  # says that the frame moves steadily on
    around = [(-1, still), (1, still), (2, beyond)]
    right, down = passing(jumped, around).jump
    assert np.hypot(right, down) * 240 == pytest.approx(6, abs=0.7)
