"""What the pairs' pictures say: what cannot be told, what an operator allowed, what is kept, what travels on."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery import project, recipes
from film_recovery.cli.learning import Asked, train
from film_recovery.cli.report import Report, events_to
from film_recovery.demo import reels
from film_recovery.demo.reels import compressed
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import Alignment, PairOf
from film_recovery.stages.flagged import flags_of

PAIRS = tuple(PairOf(number, number, "x") for number in (1, 3, 5, 7))
LARGE = (320, 224)


def with_flags(place: Any, frame: int, *flags: str) -> None:
    pairs = [replace(pair, flags=flags) if pair.source == frame else pair for pair in place.project.pairs]
    project.update(place.folder, {"pairs": pairs})


def test_what_cannot_be_told_of_the_reference_is_no_pass(place: Any) -> None:
    for frame in range(1, 9):
        for element in ("source", "reference"):
            place.write(element, frame, np.zeros((96, 128, 3), np.float32))
    found = place.outcome("curation.reference_better")
    assert (
        found.outcome == "warn" and "Cannot tell: Too little of the picture" in found.reason and found.remedy
    )


def test_a_reference_that_is_better_in_something_else_may_be_as_good(place: Any) -> None:
    for frame in range(1, 9):
        place.write("reference", frame, place.picture("source", frame))
    same = place.outcome("curation.reference_better")
    assert same.outcome == "fail" and "is no better" in same.reason
    project.update(place.folder, {"tolerances": {"curation.reference_better": {"as_good": 0.9}}})
    found = place.outcome("curation.reference_better")
    assert (found.outcome, found.value["ratio"]) == ("pass", 1.0) and "As good as the Source" in found.reason
    assert recipes.load("spatial-telecine").check("curation.reference_better").tolerance["as_good"] == 0.9


def test_constructed_colours_are_signed_and_not_measured() -> None:
    constructed = {check.id: check for check in recipes.load("colour-constructed").checks}
    assert constructed["curation.constructed_colours"].manual
    assert "curation.coverage" in constructed, "which is measured on the Source"
    assert not {f"curation.{id}" for id in ("reference_better", "exclusions", "flags")} & set(constructed)
    for other in set(recipes.RECIPES) - {"colour-constructed"}:
        known = {check.id: check for check in recipes.load(other).checks}
        assert "curation.constructed_colours" not in known
        assert not known["curation.reference_better"].manual


def test_where_nothing_moves_no_moment_can_be_told_and_none_fails(place: Any) -> None:
    for frame in range(1, 9):
        for element in ("source", "reference"):
            place.write(element, frame, place.picture(element, 4))
    place.make(pairs=(PAIRS[0], PairOf(3, 4, "x"), *PAIRS[2:]), hold_out=(PairOf(6, 6),))
    found = place.outcome("curation.matching")
    assert (found.outcome, found.value) == ("pass", {"pairs": 5, "told": 0, "wrong": []})
    assert "0 could be told" in found.reason and "too little moves" in found.reason


def test_a_hold_out_of_another_moment_is_named_with_its_remedy(place: Any) -> None:
    project.update(place.folder, {"hold_out": [PairOf(4, 5)]})
    found = place.outcome("curation.matching")
    assert found.outcome == "fail" and found.remedy[0] == "film-recovery pairs holdout 4:4"


def test_pairs_are_looked_at_evenly_and_counted(place: Any) -> None:
    place.make(tolerances={"curation.matching": {"pairs": 2}})
    found = place.outcome("curation.matching")
    assert found.value["pairs"] == 2 and "2 of 5 pairs and hold-outs" in found.reason


def test_a_fault_that_a_flag_names_was_allowed(place: Any) -> None:
    place.write("source", 5, np.clip(place.picture("source", 5) * 1.4 + 0.15, 0, 1))
    assert "Flash" in place.outcome("curation.exclusions").reason
    with_flags(place, 5, "a flash, kept for the sky")
    left = place.outcome("curation.exclusions")
    assert "Flash" not in left.reason and "Allowed, for a flag names it: 1 fault" in left.reason
    with_flags(place, 5, "Flash on the Reference, frame 5", "dirt")
    assert "Flash on the Source" in place.outcome("curation.exclusions").reason
    with_flags(place, 5, "a flash, kept for the sky", "dirt")
    assert place.outcome("curation.exclusions").outcome == "pass"


def test_a_flash_at_the_end_of_an_element_cannot_be_told_from_a_change_of_light(place: Any) -> None:
    place.write("source", 1, np.clip(place.picture("source", 1) * 0.6, 0, 1))
    assert "Flash" not in place.outcome("curation.exclusions").reason


@pytest.mark.slow
def test_what_is_beside_a_cut_is_no_fault(place: Any) -> None:
    """The reel is cut before frame 9. Its faults are looked for three frames around the pair, which reach over it."""
    clean, rng = reels.film((8, 8), 1), np.random.default_rng(1)
    worn = reels.element(clean, reels.faded_print(rng), 1)
    made = {"source": worn, "reference": reels.element(clean, reels.safety_copy(rng), 51)}
    for name, reel in made.items():
        for frame in range(4, 15):
            place.write(name, frame, reel.picture(frame))
    height, width = clean[0].shape[:2]
    elements = {
        name: replace(one, first=4, last=14, width=width, height=height)
        for name, one in place.draft.elements.items()
    }
    place.make(elements=elements, pairs=(PairOf(9, 9, "x"),), hold_out=())
    found = place.outcome("curation.exclusions")
    assert found.outcome == "pass", found.reason


def test_compression_that_is_flagged_passes(place: Any) -> None:
    place.write("reference", 5, compressed(np.clip(place.picture("reference", 5), 0, 1), 8))
    lacking = place.outcome("curation.flags")
    assert lacking.outcome == "warn"
    assert place.outcome("curation.exclusions").outcome == "pass", "compression is a matter of flags"
    with_flags(place, 5, lacking.value[0]["flag"])
    assert place.outcome("curation.flags").outcome == "pass"


def scene(frame: int, photograph: Any, front: float) -> np.ndarray:
    """A camera that pans over a photograph; what stands in front of it is ``front`` pixels farther."""

    def filmed(more: float) -> np.ndarray:
        move = np.array([[1, 0, 20 + 6 * frame + more], [0, 1, 30 + 3 * frame]], np.float64)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(photograph("chelsea.png"), move, LARGE, flags=flags)

    mask = np.zeros(LARGE[::-1], np.float32)
    cv2.ellipse(mask, (110, 120), (65, 75), 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 1)[..., None]
    return np.clip(filmed(0) * (1 - mask) + filmed(front) * mask, 0, 1)


@pytest.mark.slow
def test_parallax_is_flagged_or_told(place: Any, photograph: Any) -> None:
    for frame in range(1, 9):
        place.write("source", frame, cv2.GaussianBlur(scene(frame, photograph, 0), (0, 0), 0.8))
        place.write("reference", frame, scene(frame, photograph, 1.5 if frame == 3 else 0))
    elements = {
        name: replace(one, width=LARGE[0], height=LARGE[1]) for name, one in place.draft.elements.items()
    }
    place.make(elements=elements, pairs=PAIRS[:2], alignment=Alignment())
    found = place.outcome("curation.flags")
    assert found.outcome == "warn" and [one["frame"] for one in found.value] == [3]
    assert "of the tiles lie up to 1.5 px apart from the rest" in found.reason
    assert found.remedy[0].startswith('film-recovery pairs flag 3 "Parallax: ')
    with_flags(place, 3, "parallax: the cat")
    told = place.outcome("curation.flags")
    assert told.outcome == "pass" and "parallax could be told on 2. 1 carry flags" in told.reason


def test_a_figure_is_kept_until_the_pictures_change(place: Any) -> None:
    ids = ("reference_better", "matching", "coverage", "exclusions")
    first = [place.outcome(f"curation.{id}") for id in ids]
    cache = project.paths(place.project).cache
    (kept,) = cache.glob("verdict-*.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "reason": "As it was kept."}))
    again = [place.outcome(f"curation.{id}") for id in ids]
    assert again[0].reason.startswith("As it was kept.") and again[1:] == first[1:]
    before = set(cache.iterdir())
    place.write("source", 5, place.picture("source", 5) * 0.99)
    for id in ids:
        place.outcome(f"curation.{id}")
    new = {path.name.partition("-")[0] for path in set(cache.iterdir()) - before}
    assert new == {"verdict", "nearest", "faults"}, "coverage is of the Reference's pictures"
    assert not place.outcome("curation.reference_better").reason.startswith("As it was kept.")


def test_flags_travel_on(place: Any) -> None:
    assert flags_of(place.project) == {}
    with_flags(place, 5, "halos", "parallax: the mast")
    project.update(place.folder, {"hold_out": [PairOf(4, 4, flags=("blocks",))]})
    assert flags_of(place.project) == {"pair 5": "halos; parallax: the mast", "hold-out 4": "blocks"}
    for id in ("training.flags", "validation.flags"):
        found = place.outcome(id)
        assert found.outcome == "info" and not found.pending and found.show["frame"] == 5


def test_a_training_by_hand_says_the_flags_as_a_run_does(place: Any, tmp_path: Path) -> None:
    script = place.script

    def heard(out: str, node: str = "CopyCat9") -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        token = events_to.set(lambda event: events.append(dict(event)))
        try:
            with Report(as_json=True) as report, suppress(FilmRecoveryError):
                train(report, Asked(script=script, node=node, steps=0, out=tmp_path / out))
        finally:
            events_to.reset(token)
        return [event for event in events if event.get("id") == "training.flags"]

    assert heard("plain") == []
    with_flags(place, 5, "parallax: the mast")
    known = place.outcome("training.flags")
    (said,) = heard("run", "CopyCat1")
    assert (tmp_path / "run" / "model.pt").is_file()
    assert (said["outcome"], said["reason"]) == (known.outcome, known.reason) and "pair 5" in said["reason"]
    (place.folder / project.FILE).write_text("film: [", encoding="utf-8")
    (said,) = heard("broken")
    assert said["outcome"] == "warn" and "not known" in said["reason"]


@pytest.mark.parametrize("id", ["reference_better", "matching", "coverage", "exclusions", "flags"])
def test_without_pairs_it_is_not_yet(place: Any, id: str) -> None:
    place.make(pairs=(), hold_out=())
    assert place.outcome(f"curation.{id}").pending
