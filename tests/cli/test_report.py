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
