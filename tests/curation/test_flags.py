"""Flags of a pair: what a person wrote stays, what was measured is made anew, and a side is kept apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import demo
from film_recovery.curation import flags
from film_recovery.curation.reference import judge_colour, judge_detail
from film_recovery.footage.faults import BANDS, BLOCKS, DIRT, THRESHOLDS, Fault

WRITTEN = (
    "halos: around the mast",
    "grain mismatch: looks coarser on the left",
    "compression of the sky, seen on the wall",
    "dirt, my limit (limit is taste)",
    "Dirt on the Source, frame 7: a hair (limit 0.3).",
    "halos: 4.1 % of an edge's height, and it is fine",
)


def measured() -> list[str]:
    """Every text that is made."""
    made = [
        Fault(7, 12, side, kind, value, 0.06).reason
        for kind in THRESHOLDS
        for side in ("Source", "Reference")
        for value in (0.21, 1234.5)
    ]
    photo = cv2.imread(str(Path(demo.__file__).parent / "photographs/astronaut.png"))[:256, :256]
    blocky = cv2.imdecode(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 8])[1], cv2.IMREAD_COLOR)
    clean, blocks = (one[..., ::-1].astype(np.float32) / 255 for one in (photo, blocky))
    sharp = np.clip(clean * 3 - 2 * cv2.GaussianBlur(clean, (0, 0), 1.5), 0, 1)
    for pair in ((clean, blocks), (blocks, sharp)):
        made += judge_detail([pair]).flags
    grey = np.repeat(clean.mean(2, keepdims=True), 3, 2)
    shade = np.linspace(0.3, 1, 256, dtype=np.float32)[None, :, None]
    return [*made, *judge_colour([(grey * shade, grey)]).flags]


def test_what_a_person_wrote_stays() -> None:
    assert flags.joined((), WRITTEN) == WRITTEN


def test_what_is_made_is_made_anew() -> None:
    made = measured()
    for word in ("grain mismatch", "halos", "compression of the S", "compression of the R", "colour", "fade"):
        assert any(word in one for one in made), word
    assert flags.joined((), made) == ()
    assert flags.joined(made[:1], [*made, WRITTEN[0]]) == (made[0], WRITTEN[0])


def test_faults_that_were_not_measured_anew_stay() -> None:
    fault, verdict = Fault(7, 12, "Source", DIRT, 0.4, 0.3).reason, "halos: 4.1 % of an edge's height"
    new = "halos: 4.3 % of an edge's height"
    assert flags.joined((new,), (fault, verdict, WRITTEN[0]), faults=False) == (new, fault, WRITTEN[0])


@pytest.mark.parametrize(
    ("flag", "kind", "sides"),
    [
        (Fault(7, 12, "Reference", DIRT, 0.4, 0.3).reason, DIRT, {"Reference"}),
        ("dirt on the Source, kept", DIRT, {"Source"}),
        ("dirt, as the Reference has it", DIRT, {"Source", "Reference"}),
        ("compression of the Reference: blocks of 8 × 8 pixels, 0.91", BANDS, {"Reference"}),
        ("compression of the Reference: blocks of 8 × 8 pixels, 0.91", BLOCKS, {"Reference"}),
        ("parallax: the mast", DIRT, set()),
    ],
)
def test_a_flag_of_one_side_says_nothing_of_the_other(flag: str, kind: str, sides: set[str]) -> None:
    assert {side for side in ("Source", "Reference") if flags.names((flag,), kind, side)} == sides
    assert flags.names((flag,), kind) == bool(sides)
