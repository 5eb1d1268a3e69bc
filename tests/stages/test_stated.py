"""Files of no project: what is stated of them against the model's card, what stops, and what the sidecar keeps."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery.cli.inferring import Wanted, of_files
from film_recovery.cli.report import Report, events_to
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.stages.stated import Stated


def infer(
    model: Path, source: object, out: Path, stated: Stated, **more: str
) -> tuple[int, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    token = events_to.set(lambda event: events.append(dict(event)))
    try:
        with Report(as_json=True) as report:
            wanted = Wanted(stated=stated, **more)
            return of_files(report, model, str(source), out, wanted, None, None, "cpu"), events
    finally:
        events_to.reset(token)


def check(events: list[dict[str, Any]]) -> dict[str, Any]:
    return next(event for event in events if event["event"] == "check")


@pytest.fixture
def model(place: Any) -> Path:
    """An identity model of the small film, beside no project."""
    place.save_model_of(crop=None)
    shutil.copytree(place.model.parent, place.root / "models")
    return Path(place.root / "models" / place.model.name)


@pytest.fixture
def scans(place: Any) -> str:
    return str(place.root / "film" / "source" / "source.####.exr")


@pytest.fixture
def all_stated(place: Any) -> Stated:
    domain = "lin_ap1"  # another name of ACEScg
    return Stated("A Trip", "2", "spatial", "matrix", domain, "none", "none", place.script)


def test_what_the_card_fixes_has_to_be_stated(
    model: Path, scans: str, all_stated: Stated, place: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "got.####.exr"
    code, events = infer(model, scans, out, Stated())
    told = check(events)
    assert (code, told["outcome"]) == (1, "fail")
    for word in ("--film (A Trip)", "--reel (2)", "--recipe (spatial)", "--method (matrix)", "--domain (ACEScg)",
                 "--prefilter (none)", "--crop (the whole frame)", "--pairs"):  # fmt: skip
        assert word in told["reason"], word
    assert not out.parent.exists()
    code, events = infer(model, scans, out, all_stated)
    assert (code, check(events)["outcome"]) == (0, "pass"), check(events)
    assert events[-1]["written"] == 8
    kept = json.loads((out.parent / "got.inference.json").read_text("utf-8"))
    assert kept["stated"]["film"] == "A Trip" and kept["accepted"] is None and len(kept["files"]) == 8


@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        ("film", "Tea", "film: trained with A Trip, now Tea"),
        ("reel", "1", "reel: trained with 2, now 1"),
        ("recipe", "colour", "recipe: trained with spatial, now colour"),
        ("method", "Colorspace", "method: trained with matrix, now Colorspace"),
        ("domain", "ACES2065-1", "domain: trained with ACEScg, now ACES2065-1"),
        ("prefilter", "Median 3", "prefilter: trained with none, now Median 3"),
        ("crop", "4 6 120 90", "crop: trained with the whole frame, now 4 6 120 90"),
    ],
)
def test_each_statement_is_held_against_the_card(
    model: Path, scans: str, all_stated: Stated, tmp_path: Path, name: str, word: str, said: str
) -> None:
    code, events = infer(model, scans, tmp_path / "out", replace(all_stated, **{name: word}))
    assert code == 1 and said in check(events)["reason"]
    assert not (tmp_path / "out").exists()


def test_pairs_and_pictures_are_looked_at(place: Any, all_stated: Stated, scans: str, tmp_path: Path) -> None:
    place.save_model_of(crop=[4.0, 6.0, 120.0, 90.0])
    stated = replace(all_stated, crop="4, 6, 120, 90")
    code, events = infer(place.model, scans, tmp_path / "out", stated)
    assert code == 1
    assert "picture: the crop 4 6 120 90 that is stated, the file holds 0 0 128 96" in check(events)["reason"]
    place.save_model_of(crop=None)
    place.write("reference", 5, place.picture("reference", 5) * 0.9)
    code, events = infer(place.model, scans, tmp_path / "out", all_stated)
    assert code == 1 and "pair 3: trained with " in check(events)["reason"]
    with pytest.raises(UsageError, match="four numbers"):
        infer(place.model, scans, tmp_path / "out", replace(all_stated, crop="4 6"))


def test_no_filter_is_held_against_one_that_was_trained_with(
    place: Any, all_stated: Stated, scans: str, tmp_path: Path
) -> None:
    place.save_model_of(crop=None, prefilter=["Median 3"])
    code, events = infer(place.model, scans, tmp_path / "out", all_stated)
    assert code == 1 and "prefilter: trained with Median 3, now none" in check(events)["reason"]


def test_who_goes_on_in_spite_of_it_is_kept_beside_the_files(model: Path, scans: str, tmp_path: Path) -> None:
    """Also of a model without a card."""
    out = tmp_path / "out"
    code, _ = infer(model, scans, out, Stated(film="Tea"), accept="  ")
    assert code == 1
    code, events = infer(model, scans, out, Stated(film="Tea"), accept="a test of tea", by="Bo")
    assert code == 0 and events[-1]["written"] == 8
    kept = json.loads((out / "inference.json").read_text("utf-8"))
    assert kept["accepted"] == {"why": "a test of tea", "by": "Bo"}
    assert kept["check"]["value"]["different"]["film"] == {"model": "A Trip", "now": "Tea"}
    assert "domain" in kept["check"]["value"]["not_stated"]
    bare = tmp_path / "bare.cat"
    shutil.copy(model, bare)
    code, events = infer(bare, scans, tmp_path / "other", Stated(film="A Trip"))
    assert code == 1 and "bare.cat has no card beside it" in check(events)["reason"]
    assert "--accept-mismatch" in check(events)["remedy"]


def test_who_goes_on_is_kept_from_the_first_file_on(model: Path, scans: str, tmp_path: Path) -> None:
    """A frame that cannot be read stops it; the same run goes on in its own place."""
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(Path(scans).parent, source)
    damaged = sorted(source.iterdir())[2]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FilmRecoveryError):
        infer(model, source, out, Stated(film="Tea"), accept="a test of tea", by="Bo")
    assert len(list(out.glob("*.exr"))) == 2
    kept = json.loads((out / "inference.json").read_text("utf-8"))
    assert kept["accepted"] == {"why": "a test of tea", "by": "Bo"} and kept["stated"] == {"film": "Tea"}
    assert (kept["complete"], kept["values"], len(kept["files"])) == (False, None, 8)
    damaged.write_bytes(whole)
    assert infer(model, source, out, Stated(film="Tea"), accept="a test of tea", by="Bo")[0] == 0
    kept = json.loads((out / "inference.json").read_text("utf-8"))
    assert (kept["complete"], kept["earlier"]) == (True, []) and kept["values"]


def test_what_ran_into_the_same_place_before_stays_known(
    model: Path, scans: str, all_stated: Stated, tmp_path: Path
) -> None:
    """Also what a sidecar of an older version says, which knew of its last run alone."""
    sidecar = tmp_path / "out" / "inference.json"
    assert infer(model, scans, sidecar.parent, Stated(film="Tea"), accept="a test of tea", by="Bo")[0] == 0
    first = json.loads(sidecar.read_text("utf-8"))
    older = {name: value for name, value in first.items() if name not in ("complete", "earlier")}
    sidecar.write_text(json.dumps(older), "utf-8")
    for _ in range(2):
        assert infer(model, scans, sidecar.parent, all_stated)[0] == 0
        kept = json.loads(sidecar.read_text("utf-8"))
        assert kept["accepted"] is None and len(kept["earlier"]) == 1
        assert kept["earlier"][0]["accepted"] == {"why": "a test of tea", "by": "Bo"}
    sidecar.write_text("{}", "utf-8")
    with pytest.raises(FilmRecoveryError, match="has the name of the sidecar"):
        infer(model, scans, sidecar.parent, all_stated)
    assert sidecar.read_text("utf-8") == "{}"


def test_the_input_s_values_outside_the_trained_domain_are_counted_too(
    model: Path, all_stated: Stated, tmp_path: Path
) -> None:
    """Of kept files as well."""
    values = np.full((96, 128, 3), 0.5, np.float32)
    values[:4, :8] = 1.5
    values[90, :3] = -0.25
    write_frame(
        Frame.from_array(values), tmp_path / "in" / "a.1.exr", datatype="half", create_directories=True
    )
    for _ in range(2):
        _, events = infer(model, tmp_path / "in" / "a.#.exr", tmp_path / "out" / "b.#.exr", all_stated)
    counted = events[-1]["outside_trained_domain"]
    assert events[-1]["kept"] == 1 and counted["files"] == 1
    for of in ("input", "output"):
        assert (counted[of]["pixels"], counted[of]["least"], counted[of]["most"]) == (35, -0.25, 1.5)
    assert read_frame(tmp_path / "out" / "b.1.exr").pixels.max() == 1.5
    kept = json.loads((tmp_path / "out" / "b.inference.json").read_text("utf-8"))
    assert kept["outside_trained_domain"] == counted
