"""What a command says while it works."""

from __future__ import annotations

import json
import time

import pytest

from film_recovery.cli.report import Report


def test_the_time_left_is_told_from_the_pace_of_this_run_not_of_an_earlier_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Report(as_json=True) as report:
        for done in (101, 102, 103):
            report.progress("network", done, 203)
            time.sleep(0.2)
    first, *_, last = (json.loads(line)["seconds_left"] for line in capsys.readouterr().out.splitlines())
    assert first is None
    assert last >= 15, "100 steps of 0.2 s are left; 103 steps in 0.4 s would give 0.4 s"


def test_what_was_kept_is_no_pace_of_what_is_still_to_be_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A render that goes on: 90 frames are looked at in a tenth of a second each, then each takes ten; between those
    to come 4 are there already."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with Report(as_json=True) as report:
        for done in range(1, 94):
            kept = done <= 90
            clock[0] += 0.1 if kept else 10.0
            to_make = 6 if kept else 6 - (done - 90)
            report.progress("render", done, 100, frame=done, kept=kept, to_make=to_make)
    left = [json.loads(line)["seconds_left"] for line in capsys.readouterr().out.splitlines()]
    assert set(left[:90]) == {None} and left[90:] == [50.0, 40.0, 30.0]


def test_a_table_for_a_person_shows_nothing_of_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    data = {
        "held_out": {},
        "looks": {"input": {}, "network": {}},
        "better": "",
        "cattery": None,
        "notes": [],
        "picked_by": {"bold_paint": 2, "contrast": 0},
        "figures": {"input": {"psnr": 30.12345, "sat_ratio_60": 0.9}, "network": {"psnr": 31.0}},
        "passed": False,
        "steps": 0,
        "sizes": [3, 4],
    }
    Report(as_json=False).result(data)
    text = capsys.readouterr().out
    assert not any(word in text for word in ("held", "looks", "better", "cattery", "notes", "None", "{", "["))
    for words in (
        "bold paint: 2, contrast: 0",
        "input – psnr: 30.12, sat ratio 60: 0.9",
        "network – psnr: 31",
    ):
        assert words in text
    rows = [" ".join(line.strip("│ ").split()) for line in text.splitlines()]
    assert {"passed │ False", "steps │ 0", "sizes │ 3, 4"} <= set(rows)
    with Report(as_json=True) as report:
        report.result(data)
    assert json.loads(capsys.readouterr().out) == {"event": "result", **data}
