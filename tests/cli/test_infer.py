"""``infer``: a project's frames by the command line, and files by pattern, both held to the model's card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, project


def masters(film: Path) -> dict[str, str]:
    found = sorted((film / "pipeline" / "04_inference_render").glob("*.exr"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


def checks(said: Any) -> dict[str, Any]:
    return {line["id"]: line for line in said.lines if line.get("event") == "check"}


@pytest.fixture
def trained(film_recovery, film: Path) -> Path:
    """The small film, run to its end by the closed form; whatever its last stage says."""
    said = film_recovery("run", "--project", film, "--json")
    assert len(masters(film)) == 4, (said.lines[-1], said.text)
    return film


@pytest.mark.slow
def test_infer_makes_what_run_makes_and_stops_where_the_card_differs(film_recovery, trained: Path) -> None:
    whole = masters(trained)
    name = sorted(whole)[1]
    (trained / "pipeline" / "04_inference_render" / name).unlink()
    said = film_recovery("infer", "--project", trained, "--by", "Ana", "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    assert masters(trained) == whole
    assert said.result["written"] == 1 and checks(said)["inference.as_trained"]["outcome"] == "pass"
    record = ledger.read(trained).of_kind("stage")[-1]
    assert (record.by, record.data["stage"], record.data["written"]) == ("Ana", 4, 1)
    again = film_recovery("infer", "--project", trained, "--frames", "1004-1005", "--json")
    assert again.result["written"] == 0
    beyond = film_recovery("infer", "--project", trained, "--frames", "1001-1005", "--json")
    assert beyond.code == 2 and "1001-1003" in beyond.error["message"]
    model = next((trained / "pipeline" / "03_copycat_training").glob("*.pt"))
    other = film_recovery("infer", trained / "another.pt", "--project", trained, "--json")
    assert other.code == 2 and not checks(other)
    assert f"script runs {model.name}, and another.pt is asked for" in other.error["message"]
    own = film_recovery("infer", model, "--project", trained, "--json")
    assert own.code == 0 and own.result["written"] == 0
    project.update(trained, {"training.steps": 5})
    differs = film_recovery("infer", model, "--project", trained, "--json")
    assert differs.code == 1 and checks(differs)["inference.as_trained"]["outcome"] == "fail"
    assert "inference.as_trained: " in differs.error["message"]
    assert "trained with closed form, now small" in differs.error["message"]
    assert masters(trained) == whole


@pytest.mark.slow
def test_files_by_pattern_are_held_to_the_card(film_recovery, trained: Path, tmp_path: Path) -> None:
    model = next((trained / "pipeline" / "03_copycat_training").glob("*.pt"))
    scans = tmp_path / "scans" / "source" / "source.####.exr"
    out = tmp_path / "out"
    said = film_recovery("infer", model, scans, out / "got.####.exr", "--film", "Coffee <script>", "--json")
    told = checks(said)["inference.as_trained"]
    assert said.code == 1 and told["outcome"] == "fail"
    assert "--domain (ACEScg)" in told["reason"] and "--film" not in told["reason"]
    other = film_recovery("infer", model, scans, out / "x.####.exr", "--film", "Tea", "--reel", "1", "--json")
    assert other.code == 1
    assert "film: trained with Coffee <script>, now Tea" in checks(other)["inference.as_trained"]["reason"]
    assert not list(tmp_path.glob("out/*"))
    why = ("--accept-mismatch", "scans as they are", "--by", "Ana")
    gone_on = film_recovery("infer", model, scans, out / "got.####.exr", *why, "--json")
    assert gone_on.code == 0 and gone_on.result["written"] == 12
    kept = json.loads((out / "got.inference.json").read_text("utf-8"))
    assert kept["accepted"] == {"why": "scans as they are", "by": "Ana"}
    sidecar = model.with_suffix(".json")
    card = json.loads(sidecar.read_text())
    card["conditions"]["format"] = [2048, 1556, 1.0]
    sidecar.write_text(json.dumps(card), encoding="utf-8")
    small = film_recovery("infer", model, scans, out / "y.####.exr", "--json")
    assert small.code == 1
    assert (
        "format: trained with 2048 × 1556, now 192 × 144" in checks(small)["inference.as_trained"]["reason"]
    )
    wrong = film_recovery("infer", model, scans, "--json")
    assert wrong.code == 2
