"""Signatures: one row a frame, in order, from memory and from files; robust to what the years do to a film."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.demo.degrade import Damage
from film_recovery.demo.reels import Look, Reel, element, film
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import open_clip
from film_recovery.footage.signatures import ahead, signatures, structure, unit
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame


@pytest.fixture(scope="module")
def clean() -> Reel:
    return element(film((12, 8), 201), Look(), 201)


def test_figures_are_those_of_the_pictures(clean: Reel) -> None:
    seen: list[tuple[int, int, int]] = []
    found = signatures(clean, progress=lambda *state: seen.append(state))
    picture = clean.pictures[4]
    y = picture @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    assert found.frames == clean.frames and len(found) == 20
    assert found.thumbnails.shape == (20, 45, 64)
    assert found.mean[4] == pytest.approx(y.mean(), abs=1e-5)
    assert found.contrast[4] == pytest.approx(y.std(), abs=1e-5)
    assert found.saturation[4] == pytest.approx((picture.max(-1) - picture.min(-1)).mean(), abs=1e-5)
    assert found.motion[0] == 0 and found.motion[12] > 0.5 > found.motion[1:12].max()
    assert seen == [(number, 20, number) for number in range(1, 21)]
    assert found.as_dict()["frames"] == list(range(1, 21)) and len(found.as_dict()["mean"]) == 20


def test_a_faded_grainy_print_has_the_same_structure(clean: Reel) -> None:
    worn = element(film((12, 8), 201), Look(Damage(fade=True, grain=0.04), monochrome=True, flicker=0.05), 9)
    one, other = signatures(clean), signatures(worn)
    like = unit(one.structure()) @ unit(other.structure()).T
    assert np.diag(like).min() > 0.6
    assert like[:12, 12:].max() < 0.4
    grey = unit(one.thumbnails[:1]) @ unit(one.thumbnails[:1] * 0.3 + 0.5).T
    assert grey[0, 0] == pytest.approx(1, abs=1e-4)
    faded = structure(one.thumbnails[:1] * 0.5 + 0.2)
    assert (unit(faded) @ unit(one.structure()[:1]).T)[0, 0] > 0.98


def test_blur_lowers_sharpness_and_a_repeat_does_not_move(clean: Reel) -> None:
    soft = element(film((12, 8), 201), Look(Damage(blur=2.0)), 201)
    assert (signatures(soft).sharpness < 0.8 * signatures(clean).sharpness).all()
    twice = Reel([clean.pictures[0], clean.pictures[0], clean.pictures[6]], (1, 2, 3))
    assert signatures(twice).motion[1] == pytest.approx(0, abs=1e-5)
    assert signatures(twice).motion[2] > 0.001


def test_files_give_what_memory_gives(clean: Reel, tmp_path) -> None:
    for frame in clean.frames[:5]:
        write_frame(
            Frame.from_array(clean.picture(frame)[::-1]), tmp_path / f"a.{frame:04d}.exr", datatype="half"
        )
    found = signatures(open_clip("Source", str(tmp_path / "a.####.exr")), threads=2)
    wanted = signatures(Reel(clean.pictures[:5], clean.frames[:5]), threads=1)
    assert found.frames == wanted.frames
    np.testing.assert_allclose(found.thumbnails, wanted.thumbnails, atol=2e-3)
    np.testing.assert_allclose(found.sharpness, wanted.sharpness, rtol=0.02)


def test_a_frame_of_another_shape_is_named(clean: Reel) -> None:
    odd = Reel([clean.pictures[0], clean.pictures[1][:100]], (7, 8))
    with pytest.raises(FilmRecoveryError, match=r"another shape.*frame 8"):
        signatures(odd)
    with pytest.raises(FilmRecoveryError, match="no frame"):
        signatures(Reel([], ()))
    with pytest.raises(FilmRecoveryError, match=r"not measured.*frame 99"):
        signatures(clean).index(99)


def test_work_ahead_stays_in_order_and_small() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item * item

    stream = ahead(range(50), work, threads=3)
    assert next(stream) == (0, 0)
    assert len(begun) <= 5
    assert list(stream) == [(item, item * item) for item in range(1, 50)]
