"""The verdict follows from checks and figures, and says in words what it follows from."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from film_recovery.checks import Outcome, StageReport
from film_recovery.delivery import FigureRow, ReportData, verdict
from film_recovery.errors import FilmRecoveryError

IDENTITY = Outcome("validation.identity", "pass", 0.0004, {"max": 0.001}, "held")


def _data(*outcomes: Outcome, recipe: str = "spatial-gauge", **rows: dict[str, Any]) -> ReportData:
    figures = tuple(FigureRow(name, "dB", "luma", "higher", values) for name, values in rows.items())
    reports = (StageReport(5, outcomes),) if outcomes else ()
    return ReportData("F", "1", "2", recipe, "T", reports=reports, figures=figures, held_out=(1, 5))


def test_all_is_well() -> None:
    found = verdict(_data(IDENTITY, psnr={"Source": 30.0, "Closed form": 33.0, "Network": 34.0}))
    assert found.outcome == "pass"
    assert found.concerns == ()
    assert found.sentences == (
        "The detail of “F”, reel 1, shot 2 was recovered on 2 frames that never entered training: "
        "psnr improved from 30 to 34 dB.",
        "The Source’s colour (chroma) is kept: measured 0.0004, tolerance max 0.001.",
    )


GAIN = {"Source": 30.0, "Network": 34.0}


@pytest.mark.parametrize(
    ("data", "outcome", "said"),
    [
        (_data(psnr=GAIN), "warn", "No check was made."),
        (_data(IDENTITY), "warn", "No figure compares the recovered frames with the Source."),
        (
            _data(Outcome("a.b", "pass", 1, 1, ""), psnr=GAIN),
            "warn",
            "The identity of chroma was not checked.",
        ),
        (_data(IDENTITY, Outcome("a.b", "warn", 1, 2, "why"), psnr=GAIN), "warn", "a.b: why"),
        (_data(IDENTITY, Outcome("a.b", "fail", 1, 2, "why"), psnr=GAIN), "fail", "a.b: why"),
        (
            _data(IDENTITY, psnr=GAIN, ssim={"Source": 3.0, "Network": 2.5}),
            "warn",
            "ssim is worse than the Source’s: from 3 to 2.5 dB.",
        ),
        (
            _data(IDENTITY, psnr={"Source": 30.0, "Network": 29.0}),
            "fail",
            "No figure improved: Source is better in psnr.",
        ),
        (
            _data(IDENTITY, psnr={"Source": 30.0, "Unsharp": 35.0, "Network": 34.0}),
            "warn",
            "psnr: Unsharp (35 dB) did better than Network (34 dB).",
        ),
    ],
)
def test_a_doubt_is_named(data: ReportData, outcome: str, said: str) -> None:
    found = verdict(data)
    assert found.outcome == outcome
    assert said in [concern.text for concern in found.concerns]
    assert found.concerns[0].outcome == outcome, "the gravest comes first"


def test_info_is_no_concern() -> None:
    assert verdict(_data(IDENTITY, Outcome("a.b", "info", 1, 2, "why"), psnr=GAIN)).outcome == "pass"


def test_a_difference_below_the_shown_digits_is_none() -> None:
    found = verdict(_data(IDENTITY, psnr={"Source": 30.0, "Closed form": 34.000001, "Network": 34.0}))
    assert found.outcome == "pass"


def test_a_broken_identity_is_said() -> None:
    broken = dataclasses.replace(IDENTITY, outcome="fail", value=0.02)
    found = verdict(_data(broken, recipe="colour-reference", psnr=GAIN))
    assert (
        "The Source’s picture detail (luma) is not kept: measured 0.02, tolerance max 0.001."
        in found.sentences
    )


def test_worse_everywhere_is_not_called_recovered() -> None:
    said = verdict(_data(IDENTITY, psnr={"Source": 30.0, "Network": 29.0})).sentences[0]
    assert "was not recovered" in said
    assert "became worse, from 30 to 29 dB" in said


def test_closer_to_the_target_is_better() -> None:
    row = FigureRow("sat", "", "", "target", {"Source": 0.7, "Other": 1.2, "Network": 0.95}, target=1.0)
    data = dataclasses.replace(_data(IDENTITY), figures=(row,))
    assert verdict(data).outcome == "pass"
    over = dataclasses.replace(row, values={"Source": 0.7, "Network": 1.4})
    assert verdict(dataclasses.replace(data, figures=(over,))).outcome == "fail"


def test_the_delivered_column_can_be_named() -> None:
    data = _data(IDENTITY, psnr={"Source": 30.0, "Network": 34.0, "Unsharp": 31.0})
    assert data.delivered == "Unsharp", "the last one, where none is named"
    named = dataclasses.replace(data, recovered_column="Network")
    assert "from 30 to 34 dB" in verdict(named).sentences[0]


def test_a_figure_says_what_is_better() -> None:
    with pytest.raises(FilmRecoveryError, match="does not say what is better"):
        FigureRow("x", "", "", "bigger", {})
    with pytest.raises(FilmRecoveryError, match="does not say what is better"):
        FigureRow("x", "", "", "target", {})
