"""Families of content: what they answer to and what not; what is missing; what stands out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import demo
from film_recovery.curation.choosing import choose
from film_recovery.curation.coverage import WIDTH, Shown, describe, missing, standing_out, vectors
from film_recovery.curation.families import FAMILIES, NAMES, shares
from film_recovery.curation.plot import coverage_plot
from film_recovery.curation.sheet import Cell, contact_sheet
from film_recovery.curation.survey import MOST, looked_at, survey
from film_recovery.errors import FilmRecoveryError, UsageError

PHOTOGRAPHS = Path(demo.__file__).parent / "photographs"
SHAPE = (120, 160)


def flat(*colour: float) -> np.ndarray:
    return np.broadcast_to(np.float32(colour), (*SHAPE, 3)).copy()


def textured(picture: np.ndarray, strength: float = 0.05, seed: int = 1) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, SHAPE).astype(np.float32), (0, 0), 0.8)
    return np.clip(picture + (noise / noise.std() * strength)[..., None], 0, 1).astype(np.float32)


def lines() -> np.ndarray:
    picture = flat(0.2, 0.2, 0.2)
    picture[:, 10::20] = picture[:, 11::20] = 0.9
    return picture


def spots() -> np.ndarray:
    picture = flat(0.3, 0.3, 0.3)
    for down in range(3):
        picture[10 + down :: 30, 10::30] = picture[10 + down :: 30, 11::30] = 1.0
    return picture


def ramp() -> np.ndarray:
    return np.repeat(np.linspace(0.2, 0.8, SHAPE[1], dtype=np.float32)[None, :, None], SHAPE[0], 0).repeat(
        3, 2
    )


SHOW = {
    "foliage_like": textured(flat(0.25, 0.5, 0.2)),
    "skin_like": flat(0.85, 0.65, 0.52),
    "sky_like": flat(0.45, 0.65, 0.95),
    "neutral": flat(0.5, 0.5, 0.5),
    "red": flat(0.8, 0.1, 0.1),
    "green": flat(0.1, 0.7, 0.15),
    "blue": flat(0.1, 0.1, 0.8),
    "fabric_like": textured(flat(0.5, 0.45, 0.5), 0.035),
    "fine_detail": textured(flat(0.5, 0.5, 0.5), 0.1),
    "sharp_line": lines(),
    "deep_shadow": flat(0.03, 0.03, 0.03),
    "highlight": spots(),
    "gradient": ramp(),
    "warm": flat(0.65, 0.5, 0.4),
    "cool": flat(0.4, 0.5, 0.65),
    "bright": flat(0.9, 0.9, 0.9),
    "dark": flat(0.1, 0.1, 0.1),
    "open_air": flat(0.45, 0.65, 0.95),
    "enclosed": flat(0.5, 0.4, 0.4),
}
LACK = {
    "foliage_like": flat(0.25, 0.5, 0.2),  # green without texture is paint
    "skin_like": textured(flat(0.85, 0.65, 0.52), 0.1),
    "sky_like": textured(flat(0.45, 0.65, 0.95)),
    "neutral": flat(0.6, 0.4, 0.4),
    "red": flat(0.6, 0.45, 0.45),
    "fine_detail": flat(0.5, 0.5, 0.5),
    "sharp_line": textured(flat(0.5, 0.5, 0.5), 0.1),
    "highlight": flat(1.0, 1.0, 1.0),  # a white wall does not glint
    "gradient": flat(0.5, 0.5, 0.5),
    "warm": flat(0.4, 0.5, 0.65),
    "dark": flat(0.7, 0.7, 0.7),
    "open_air": flat(0.5, 0.4, 0.4),
    "enclosed": flat(0.45, 0.65, 0.95),
}


@pytest.mark.parametrize("name", SHOW)
def test_a_family_answers_to_what_it_is_named_for(name: str) -> None:
    assert shares(SHOW[name])[name] > 0.003 if name == "highlight" else shares(SHOW[name])[name] > 0.2


@pytest.mark.parametrize("name", LACK)
def test_and_not_to_what_it_is_not(name: str) -> None:
    assert shares(LACK[name])[name] < 0.02


def test_static_is_what_stays_where_it_was_whatever_the_light_does() -> None:
    picture = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[:240, :320, ::-1].astype(np.float32) / 255
    still, moved = picture * 0.9 + 0.05, np.roll(picture, 12, axis=1)
    known = [shares(picture, other)["static"] for other in (still, moved, None)]
    assert known[0] > 1.5 * known[1] and known[0] > 0.2 and known[2] == 0.0


def test_every_name_is_there_once_and_is_a_share() -> None:
    found = shares(textured(flat(0.5, 0.3, 0.2)))
    assert tuple(found) == NAMES and len(set(NAMES)) == len(FAMILIES) == 20
    assert all(0 <= share <= 1 for share in found.values())
    outside = flat(-0.2, 1.7, 0.4)  # a linear read leaves such values
    assert all(0 <= share <= 1 for share in shares(outside).values())


def shown() -> list[Shown]:
    """Twenty frames: indoors, then sky, then one look at red for two frames."""
    looks = [flat(0.5, 0.4, 0.4)] * 10 + [flat(0.45, 0.65, 0.95)] * 8 + [flat(0.8, 0.1, 0.1)] * 2
    return [describe(100 + n, textured(look, 0.004, n)) for n, look in enumerate(looks)]


def test_vectors_tell_looks_apart_more_than_frames() -> None:
    found = vectors(shown())
    assert sorted(found) == list(range(100, 120)) and len({len(one) for one in found.values()}) == 1

    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm((found[a] - found[b])[:-1]))

    assert apart(100, 104) < 0.3 * apart(104, 112) and apart(112, 116) < 0.3 * apart(112, 119)
    content = np.array([found[frame][:-1] for frame in sorted(found)])
    assert ((content - content.mean(0)) ** 2).sum(1).mean() == pytest.approx(1.0, abs=0.01)
    time = np.array([found[frame][-1] for frame in sorted(found)])
    assert np.allclose(np.diff(time), time[1] - time[0], atol=1e-5) and np.mean(time**2) == pytest.approx(
        1, abs=1e-4
    )
    with pytest.raises(FilmRecoveryError, match="No frame"):
        vectors([])


def test_a_still_picture_has_no_hold_out() -> None:
    """Frames differ in their moment only, so none of them says what a model makes of another picture."""
    look = textured(flat(0.5, 0.4, 0.4))
    known = vectors([describe(frame, look) for frame in range(40)])
    choice = choose(known, [(0, 39)], {frame: frame for frame in known}, 4)
    assert len(choice.pairs) == 4 and choice.hold_out == ()


def test_what_no_pair_shows_is_named_with_where_it_is() -> None:
    lacking = {one.family: one for one in missing(shown(), [100, 112])}
    assert "red" in lacking and lacking["red"].frame in (118, 119) and lacking["red"].chosen == 0.0
    assert "sky_like" not in lacking and "foliage_like" not in lacking
    assert "red" not in {one.family for one in missing(shown(), [100, 118])}
    assert {one.family for one in missing(shown(), [])} >= {"red", "sky_like"}


def test_what_stands_out_is_what_others_have_not() -> None:
    assert standing_out(shown(), 118)[0].startswith("saturated red")
    assert standing_out(shown(), 999) == ()


def test_a_survey_looks_at_the_references_colours_and_forgets_across_cuts() -> None:
    class Pictures:
        asked: list[int] = []  # noqa: RUF012

        def small(self, frame: int, width: int) -> np.ndarray:
            assert width == WIDTH
            self.asked.append(frame)
            return textured(flat(0.5, 0.4, 0.4), 0.1, seed=frame // 2)

    clip = Pictures()
    found = survey(clip, [1, 2, 3, 4], [(1, 2), (3, 4)], {1: 12, 2: 13, 4: 16})
    assert clip.asked == [12, 13, 16] and [one.frame for one in found] == [1, 2, 4]
    assert [one.shares["static"] > 0.5 for one in found] == [False, True, False]


def test_long_ranges_are_stepped_over_and_needed_frames_kept() -> None:
    frames = looked_at([(0, 4 * MOST)], range(4 * MOST), [1, 2])
    assert len(frames) <= MOST + 2 and {0, 1, 2, 4} <= set(frames)
    assert looked_at([(3, 5)], range(10), [9]) == [3, 4, 5]


def test_sheet_and_plot_show_every_pair(tmp_path: Path) -> None:
    cells = [Cell(n + 1, (100 + n, 200 + n), "word " * 60, "1", hold_out=n == 4) for n in range(5)]
    path = contact_sheet(
        cells, lambda cell: (flat(0.2, 0.4, 0.6), flat(0.9, 0.4, 0.1)[:60]), tmp_path / "s.png", "A <film>"
    )
    sheet = cv2.imread(str(path))
    blue, orange = (
        (np.abs(sheet.astype(int) - colour).sum(2) < 4).any(0).sum()
        for colour in ([153, 102, 51], [26, 102, 230])
    )
    assert blue > 3 * 150 and orange > 3 * 150
    with pytest.raises(UsageError, match="no pairs"):
        contact_sheet([], lambda cell: (flat(0, 0, 0), flat(0, 0, 0)), tmp_path / "t.png", "")
    found = shown()
    lacking = missing(found, [100, 112])
    text = coverage_plot(found, [100, 112], [105], [(100, 119)], lacking, "A <film> & more")
    assert "<film>" not in text and "&lt;film&gt; &amp; more" in text
    assert text.count('class="l"') == len(lacking) > 0 and "no pair shows enough of" in text
