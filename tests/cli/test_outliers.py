"""``film-recovery outliers`` of a project and of sequences: what it finds, writes, adds and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from film_recovery import ledger, project, stages
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB
from film_recovery.stages.outliers import EDITION, beginning, compared, last_accepted, lever


def greener(path: Path) -> None:
    frame = read_frame(path)
    write_frame(frame.with_channels(RGB, frame.select(RGB) * (0.9, 1.05, 0.9)), path, datatype="half")


@pytest.mark.slow
def test_a_project_tells_its_outliers_and_makes_pairs_of_them(film_recovery, film):
    project.update(film, {"inference.frames": "1001-1012", "inference.short_range": "1001-1012"})
    assert film_recovery("run", "--project", film, "--json").code == 0
    output = stages.View(project.load(film)).output.sequence
    for frame in (1005, 1006, 1009):
        greener(output.path(frame))
    said = film_recovery("outliers", film, "--add", "5", "--by", "Ada", "--json")
    assert said.code == 0, (said.lines, said.text)
    hue = [one["frame"] for one in said.result["outliers"] if one["kind"] == "hue"]
    assert sorted(hue) == [1005, 1006, 1009]
    assert said.result["added"] == [1009]
    notes = " ".join(said.result["notes"])
    assert "1006 passed over: a hold-out" in notes and "1005 passed over: beside the hold-out 1006" in notes
    loaded = project.load(film)
    (pair,) = (one for one in loaded.pairs if one.source == 1009)
    assert pair.reason.startswith("outlier: ") and "hue" in pair.reason
    assert {one.source for one in loaded.hold_out} == {1006}
    data = json.loads((film / "pipeline/05_validation/outliers.json").read_text("utf-8"))
    assert (film / "pipeline/05_validation" / data["outliers"][0]["picture"]).is_file()
    row = ledger.read(film).of_kind("outliers")[-1].data
    assert row["added"] == [1009] and "5 now, 7 next" in row["lever"] and row["training"]

    greener(output.path(1011))
    refused = film_recovery("outliers", film, "--add-frames", "1005,1006,1009,1011", "--json")
    said = refused.error["message"]
    assert refused.code == 2 and "1011" not in said and project.load(film).pairs == loaded.pairs
    assert "1005 is beside the hold-out 1006" in said and "1006 is a hold-out" in said
    assert "1009 is a pair already" in said

    part = film_recovery("outliers", film, "--frames", "1001-1008", "--json")
    assert part.code == 0 and part.result["part"] and not part.result["accepted"]
    assert (film / "pipeline/05_validation/outliers_part/outliers.json").is_file()
    kept = json.loads((film / "pipeline/05_validation/outliers.json").read_text("utf-8"))
    assert kept["count"] == 12
    assert "before" not in ledger.read(film).of_kind("outliers")[-1].data


@pytest.mark.slow
def test_sequences_by_pattern(film_recovery, elements, tmp_path):
    pattern = elements / "source" / "source.####.exr"
    copied = tmp_path / "recovered"
    copied.mkdir()
    for number in range(1001, 1013):
        path = copied / f"recovered.{number}.exr"
        path.write_bytes((elements / "source" / f"source.{number}.exr").read_bytes())
    greener(copied / "recovered.1007.exr")
    given = ("outliers", "--source", pattern, "--recovered", copied / "recovered.####.exr", "--json")
    said = film_recovery(*given, "--out", tmp_path / "found")
    assert said.code == 0, (said.lines, said.text)
    assert {one["frame"] for one in said.result["outliers"]} == {1007}
    assert "hue" in said.result["kinds"] and said.result["frames"] == 12
    assert len(list((tmp_path / "found" / "outliers").glob("1007_*.png"))) == said.result["count"]
    assert film_recovery(*given, "--add", "2").code == 2
    beyond = film_recovery(*given, "--frames", "1010-1014")
    assert beyond.code == 2 and "1013-1014" in beyond.error["message"]
    inside = film_recovery(*given, "--out", elements / "source")
    assert inside.code != 0 and not (elements / "source" / "outliers.json").exists()


def test_wrong_use(film_recovery, tmp_path):
    assert film_recovery("outliers", "--source", "a.####.exr", "--json").code == 2
    assert film_recovery("outliers", tmp_path, "--out", tmp_path / "o", "--json").code == 2
    assert film_recovery("outliers", tmp_path, "--add", "1", "--add-frames", "3", "--json").code == 2


def test_levers_come_in_the_order_of_the_workflow(film):
    loaded = project.load(film)
    assert "more pairs" in lever(loaded, 80_000)
    more = [
        {"source": n, "reference": n, "reason": "spread"} for n in (1001, 1002, 1003, 1004, 1005, 1007, 1008)
    ]
    more += [{"source": n, "reference": n, "reason": "spread"} for n in (1009, 1010, 1011, 1012)]
    project.update(film, {"pairs": more, "training.exposure": 0.5})
    assert "more steps" in lever(project.load(film), 80_000)
    project.update(film, {"training.steps": 80_000})
    assert "less photometric" in lever(project.load(film), 80_000)
    assert beginning(project.load(film), 1, "run_3").startswith("fine-tune from run_3")
    assert beginning(project.load(film), 5, "run_3").startswith("fresh")
    assert beginning(project.load(film), 1, "").startswith("fresh")


def test_rates_of_earlier_statistics_are_not_compared_with():
    older, present, worse = ({"accepted": True}, {"accepted": True, "edition": EDITION}, {"edition": EDITION})
    assert last_accepted([older]) is None
    assert last_accepted([present, worse, older]) is present


def test_an_iteration_is_accepted_when_no_kind_is_more_frequent():
    first = compared({"count": 100, "kinds": {"hue": 2}}, None)
    assert first["accepted"] and first["rates"] == {"hue": 20.0}
    assert compared({"count": 100, "kinds": {"hue": 1}}, first)["accepted"]
    worse = compared({"count": 100, "kinds": {"hue": 1, "seam": 1}}, first)
    assert not worse["accepted"] and worse["worse"] == ["seam"]
    assert np.isclose(worse["before"]["hue"], 20.0)
