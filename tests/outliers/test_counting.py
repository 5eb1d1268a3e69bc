"""How the benchmark counts what is told."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from film_recovery.demo import footage
from film_recovery.demo.recovered import Clip
from film_recovery.outliers import measure

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bench_outliers.py"


def test_a_clean_frame_that_several_runs_tell_is_one_mistake_in_precision_once(capsys):
    spec = importlib.util.spec_from_file_location("bench_outliers", BENCHMARK)
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    clip = Clip("coloured", [one[:160, :240] for one in footage.photographs().pictures[:12]], 0.015, 11)
    shot = [measure(frame, clip.source(frame), clip.recovered(frame)) for frame in clip.frames]
    rng = np.random.default_rng(2)
    flickering = {
        frame: measure(frame, clip.source(frame), clip.planted(frame, "flicker", rng)) for frame in (5, 9)
    }
    shot[4] = flickering[5]  # what counts as clean
    runs = [("flicker", {9: flickering[9]}), ("hue", {}), ("halo", {})]
    benchmark.found(iter([("a clip", "coloured", 0.015, shot, runs)]))
    rows = {row["subject"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["flicker"]["recall"] == 1
    assert rows["flicker"]["precision"] == pytest.approx(1 / 4)
    assert rows["flicker"]["precision_once"] == pytest.approx(1 / 2)
