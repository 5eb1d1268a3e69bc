"""``split`` and ``config import`` as a person or a program calls them, and a training from what they wrote."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def walls(tmp_path: Path) -> Path:
    """Fourteen pairs of JPEGs, each another picture."""
    for number in range(14):
        random = np.random.default_rng((5, number))
        source = cv2.resize(random.uniform(20, 235, (6, 8, 3)).astype(np.float32), (64, 48), interpolation=2)
        target = np.clip(source * (1.1, 1.0, 0.9) + 6, 0, 255)
        for side, picture in (("lq", source), ("gt", target)):
            path = tmp_path / "walls" / side / f"{number:02}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(
                str(path), picture.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95]
            )
    return tmp_path / "walls"


def test_split_then_train_from_the_manifest(film_recovery, walls: Path, tmp_path: Path) -> None:
    names = tmp_path / "failures.txt"
    names.write_text("03.jpg\n07\n")
    out = tmp_path / "manifest.json"
    said = film_recovery("split", walls, "--out", out, "--failures", names, "--seed", 2, "--json")
    assert said.code == 0, (said.lines, said.text)
    checks = {line["id"]: line for line in said.lines if line["event"] == "check"}
    assert checks["pairs.readable"]["outcome"] == "pass"
    assert checks["pairs.profile"]["outcome"] == "warn"
    assert checks["pairs.profile"]["value"]["source"] == {"none": 14}
    assert checks["pairs.profile"]["remedy"]
    result = said.result
    assert (result["train"], result["val_colour"], result["test"], result["failures"]) == (8, 4, 2, 2)
    assert sum(result["picked_by"].values()) == 2
    rows = {row["label"]: row for row in json.loads(out.read_text())["pairs"]}
    assert rows["03"]["set"] == "val_colour"
    assert rows["03"]["source"] == "walls/lq/03.jpg"
    arguments = ("--recipe", "paired", "--steps", 2, "--patch", 32, "--batch", 1, "--seed", 1, "--json")
    trained = film_recovery("train", "--manifest", out, "--out", tmp_path / "run", *arguments)
    assert trained.code == 0, (trained.lines, trained.text)
    assert trained.result["pairs"] == 8
    assert trained.result["held_out"]["network"]["psnr"] > 20
    # A picture of the test set, planted in train: nothing is trained.
    test = next(row for row in rows.values() if row["set"] == "test")
    train = next(row for row in rows.values() if row["set"] == "train")
    (tmp_path / train["source"]).write_bytes((tmp_path / test["source"]).read_bytes())
    content = json.loads(out.read_text())
    for row in content["pairs"]:
        if row["label"] == train["label"]:
            row["source_sha256"] = test["source_sha256"]
    out.write_text(json.dumps(content))
    stopped = film_recovery("train", "--manifest", out, "--out", tmp_path / "other", *arguments)
    assert stopped.code == 1
    assert "1 held-out pictures are also trained on" in stopped.error["message"]
    assert not (tmp_path / "other" / "model.pt").exists()


def test_new_pairs_leave_the_sets_as_they_are(film_recovery, walls: Path, tmp_path: Path) -> None:
    late = tmp_path / "late"
    for side in ("lq", "gt"):
        (late / side).mkdir(parents=True)
        for number in range(4):
            (walls / side / f"{number:02}.jpg").rename(late / side / f"{number:02}.jpg")
    out = tmp_path / "manifest.json"
    assert film_recovery("split", walls, "--out", out, "--val", _names(tmp_path, "13")).code == 0
    first = {row["label"]: row["set"] for row in json.loads(out.read_text())["pairs"]}
    assert first["13"] == "val"
    for side in ("lq", "gt"):
        for file in (late / side).iterdir():
            file.rename(walls / side / file.name)
    again = film_recovery("split", walls, "--out", out, "--json")
    assert again.code == 3
    assert "sets that exist never change" in again.error["message"]
    said = film_recovery("split", walls, "--out", out, "--extend", out, "--json")
    assert said.code == 0, (said.lines, said.text)
    second = {row["label"]: row["set"] for row in json.loads(out.read_text())["pairs"]}
    assert {label: second[label] for label in first} == first
    assert len(second) == 14
    assert said.result["val"] == 1


def test_a_val_folder_of_its_own(film_recovery, walls: Path, tmp_path: Path) -> None:
    for side in ("lq", "gt"):
        (tmp_path / "val" / side).mkdir(parents=True)
        (walls / side / "11.jpg").rename(tmp_path / "val" / side / "11.jpg")
        (tmp_path / "val" / side / "05.jpg").write_bytes((walls / side / "05.jpg").read_bytes())
    out = tmp_path / "manifest.json"
    said = film_recovery("split", walls, "--out", out, "--val", tmp_path / "val", "--json")
    assert said.code == 0, (said.lines, said.text)
    rows = {row["label"]: row for row in json.loads(out.read_text())["pairs"]}
    assert {label for label, row in rows.items() if row["set"] == "val"} == {"val/05", "val/11"}
    assert rows["05"]["set"] == "left_out"
    assert rows["05"]["reason"] == "shows the same as val/05, which is in val"


def _names(folder: Path, *names: str) -> Path:
    (folder / "names.txt").write_text("\n".join(names))
    return folder / "names.txt"


def test_a_failed_check_writes_nothing(film_recovery, walls: Path, tmp_path: Path) -> None:
    (walls / "gt" / "04.jpg").write_bytes(b"no picture")
    out = tmp_path / "manifest.json"
    said = film_recovery("split", walls, "--out", out, "--json")
    assert said.code == 1
    assert said.result["worst"] == "fail"
    assert not out.exists()
    only = film_recovery("split", walls, "--check")
    assert only.code == 1
    assert "04" in only.text


@pytest.mark.slow
def test_where_a_manifest_does_not_go(film_recovery, walls: Path, tmp_path: Path) -> None:
    inside = film_recovery("split", walls, "--out", walls / "lq" / "m.json", "--json")
    assert inside.code == 3
    assert "never written to" in inside.error["message"]
    assert film_recovery("split", walls, "--out", tmp_path / "no" / "m.json", "--json").code == 3
    assert film_recovery("split", walls, "--json").code == 2
    named = film_recovery("split", walls, "--out", tmp_path / "sp", "--json")
    assert (named.code, f"--out {tmp_path / 'sp.json'}" in named.error["remedy"]) == (2, True)
    assert not (tmp_path / "sp").exists()
    assert film_recovery("split", walls, "--check", "--json").code == 0


def test_config_import(film_recovery, tmp_path: Path) -> None:
    options = tmp_path / "options.yml"
    options.write_text("name: a\nscale: 4\nnetwork_g: {type: NAFNet, width: 32}\ntrain: {total_iter: 5}\n")
    said = film_recovery("config", "import", options, "--out", tmp_path / "a.yaml", "--json")
    assert said.code == 0, (said.lines, said.text)
    assert [item["name"] for item in said.result["without_counterpart"]] == ["scale"]
    assert "steps: 5" in (tmp_path / "a.yaml").read_text()
    told = film_recovery("config", "import", options, "--out", tmp_path / "b.yaml")
    assert "no counterpart: scale: 4 (nothing is enlarged here)" in told.text
    again = film_recovery("config", "import", options, "--out", tmp_path / "a.yaml", "--json")
    assert again.code == 3
    options.write_text("nothing")
    wrong = film_recovery("config", "import", options, "--out", tmp_path / "c.yaml", "--json")
    assert wrong.code == 3
    assert wrong.error["file"] == str(options)
