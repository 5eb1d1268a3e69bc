"""What a model is judged by, and what a verdict says."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery.analysis.figures import NAMES
from film_recovery.engine.bounds import DEFAULTS, Bound, Judgement, Margin, load
from film_recovery.engine.verdict import Verdict, became_worse, judged_against, judged_alone
from film_recovery.errors import FilmRecoveryError


def _file(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_guard_hue_and_saturation() -> None:
    found = load()
    assert {bound.figure for bound in found.bounds} >= {"hue_shift_60", "sat_ratio_60", "sat_ratio_100"}
    assert {margin.figure for margin in found.worse} <= set(NAMES)
    # What was measured of others: washed-out paint fails, a good recovery does not.
    assert [o.outcome for o in judged_alone({"sat_ratio_60": 0.77}, found) if "sat_ratio_60" in o.check] == [
        "fail"
    ]
    assert [o.outcome for o in judged_alone({"sat_ratio_60": 0.97}, found) if "sat_ratio_60" in o.check] == [
        "pass"
    ]


def test_an_own_file_changes_adds_and_takes_away(tmp_path: Path) -> None:
    found = load(
        _file(
            tmp_path,
            "bounds:\n  sat_ratio_60: {at_least: 0.5}\n  hue_shift_60: null\n  psnr: {at_least: 30, why: dB}\n"
            "worse:\n  psnr: {better: higher, margin: 2}\n",
        )
    )
    bounds = {bound.figure: bound for bound in found.bounds}
    assert bounds["sat_ratio_60"] == Bound("sat_ratio_60", at_least=0.5)
    assert "hue_shift_60" not in bounds and bounds["psnr"].at_least == 30
    assert {margin.figure: margin.margin for margin in found.worse}["psnr"] == 2
    assert len(found.worse) == len(load().worse)
    assert load(_file(tmp_path, "")) == load()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bounds: {", "not YAML"),
        ("[]", "other things"),
        ("limits: {}", "other things"),
        ("bounds: 3", "no list of figures"),
        ("bounds: {beauty: {at_least: 1}}", "beauty, and there is no such figure"),
        ("bounds: {psnr: 30}", "psnr is 30"),
        ("bounds: {psnr: {}}", "neither at_least nor at_most"),
        ("bounds: {psnr: {at_least: much}}", "'much', not a number"),
        ("bounds: {psnr: {at_least: .nan}}", "not a number"),
        ("bounds: {psnr: {at_least: true}}", "not a number"),
        ("bounds: {psnr: {least: 3}}", "has least"),
        ("bounds: {psnr: {at_least: 3, at_most: 2}}", "no value between"),
        ("worse: {psnr: {better: up, margin: 1}}", "needs better"),
        ("worse: {psnr: {better: higher}}", "needs better"),
        ("worse: {psnr: {better: higher, margin: -1}}", "needs better"),
        ("worse: {psnr: {better: higher, margin: 1, at_least: 1}}", "has at_least"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(FilmRecoveryError, match=words) as caught:
        load(_file(tmp_path, text))
    assert caught.value.where["file"].endswith("own.yaml")


def test_the_defaults_are_one_file_of_data() -> None:
    assert DEFAULTS.suffix == ".yaml" and DEFAULTS.is_file()


@pytest.mark.parametrize(
    ("better", "value", "baseline", "behind"),
    [
        ("higher", 30, 31, 1),
        ("lower", 3, 2, 1),
        ("one", 1.2, 0.9, 0.1),
        ("zero", -3, 2, 1),
        ("one", 1, 0.9, -0.1),
    ],
)
def test_falling_behind(better: str, value: float, baseline: float, behind: float) -> None:
    assert Margin("psnr", better, 0).behind(value, baseline) == pytest.approx(behind)


JUDGEMENT = Judgement(
    (Bound("sat_ratio_60", 0.9, 1.1, "saturation"),),
    (Margin("psnr", "higher", 0.5, "dB"), Margin("de00_mean", "lower", 0.3, "ΔE00")),
)


def test_each_bound_has_an_outcome_and_a_remedy_where_it_fails() -> None:
    (held,) = judged_alone({"sat_ratio_60": 1.0}, JUDGEMENT)
    (broken,) = judged_alone({"sat_ratio_60": 0.8}, JUDGEMENT)
    (absent,) = judged_alone({}, JUDGEMENT)
    assert [held.outcome, broken.outcome, absent.outcome] == ["pass", "fail", "info"]
    assert broken.remedy and "0.8" in broken.reason and "0.9 to 1.1" in broken.reason
    assert Verdict((held, absent)).passed and not Verdict((held, broken)).passed


def test_a_model_may_not_fall_behind_the_baseline() -> None:
    outcomes = judged_against({"psnr": 30.0, "de00_mean": 2.0}, {"psnr": 30.4, "de00_mean": 1.6}, JUDGEMENT)
    assert [outcome.outcome for outcome in outcomes] == ["pass", "fail"]
    assert judged_against({"psnr": 30.0}, {}, JUDGEMENT) == []


def test_pictures_that_became_worse_are_listed_most_first() -> None:
    now = {
        "a": {"psnr": 29.0},
        "b": {"psnr": 28.0, "de00_mean": 2.0},
        "c": {"psnr": 40.0},
        "new": {"psnr": 1.0},
    }
    before = {"a": {"psnr": 30.0}, "b": {"psnr": 30.0, "de00_mean": 1.9}, "c": {"psnr": 40.4}}
    found = became_worse(now, before, JUDGEMENT)
    assert [(entry.picture, entry.figure) for entry in found] == [("b", "psnr"), ("a", "psnr")]
    assert (found[0].was, found[0].now) == (30, 28)
