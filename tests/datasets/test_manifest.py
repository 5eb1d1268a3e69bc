"""The manifest is data from strangers: read strictly, verified by content, and it guards a training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from film_recovery.datasets.folder import FolderPairs
from film_recovery.datasets.manifest import guard_pairs, open_sets, read, write
from film_recovery.datasets.splitting import Wishes, split
from film_recovery.datasets.survey import survey
from film_recovery.errors import CheckFailed, FilmRecoveryError


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory, files, crops: list[np.ndarray]) -> Path:
    """Sixteen pairs and their manifest beside them."""
    root = tmp_path_factory.mktemp("tree")
    for number, crop in enumerate(crops):
        for side, picture in (("source", crop), ("target", files.edited(crop))):
            files.write(root / "pairs" / side / f"wall_{number:02}.png", files.encoded(picture, "uint8"))
    found = survey(FolderPairs(root / "pairs"))
    write(split(found, Wishes(val=frozenset({"wall_15"}))), root / "manifest.json")
    return root


@pytest.fixture
def divided(tree: Path, tmp_path: Path) -> Path:
    """The manifest, in a copy of its own."""
    shutil.copytree(tree, tmp_path, dirs_exist_ok=True)
    return tmp_path / "manifest.json"


def test_the_sets_open_with_their_pictures_wherever_the_tree_is_moved(divided: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    opened = open_sets(divided, lambda *what: told.append(what))
    assert told[-1] == ("pairs verified", 16, 16)
    assert (len(opened.train), len(opened.held_out), len(opened.test)) == (11, 3, 2)
    assert "wall_15" in opened.held_out.labels
    assert opened.train[0].input.shape == (96, 96, 3)
    assert not {"source", "target"} - set(json.loads(divided.read_text())["pairs"][0])
    moved = tmp_path.parent / f"{tmp_path.name} moved"
    tmp_path.rename(moved)
    assert open_sets(moved / "manifest.json").train.labels == opened.train.labels


def test_equal_manifests_are_equal_bytes(divided: Path, tmp_path: Path) -> None:
    write(read(divided), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == divided.read_bytes()


def test_a_picture_that_changed_stops_the_work(divided: Path) -> None:
    label = read(divided).of("train")[2].label
    file = divided.parent / "pairs" / "target" / f"{label}.png"
    other = divided.parent / "pairs" / "target" / f"{read(divided).of('train')[3].label}.png"
    file.write_bytes(other.read_bytes())
    with pytest.raises(
        FilmRecoveryError, match=rf"1 pictures are not those .* target/{label}\.png \(train\)"
    ):
        open_sets(divided)
    file.unlink()
    with pytest.raises(FilmRecoveryError, match="cannot be read: No such file"):
        open_sets(divided)


def test_a_test_picture_planted_in_train_stops_the_work(divided: Path) -> None:
    """By content: under another name, in a manifest that somebody edited by hand."""
    manifest = read(divided)
    held, trained = manifest.of("test")[0], manifest.of("train")[0]
    trained.source.write_bytes(held.source.read_bytes())
    content = json.loads(divided.read_text())
    for row in content["pairs"]:
        if row["label"] == trained.label:
            row["source_sha256"] = held.source_sha256
    divided.write_text(json.dumps(content))
    with pytest.raises(CheckFailed, match="1 held-out pictures are also trained on") as refused:
        open_sets(divided)
    assert refused.value.exit_code == 1
    assert f"source/{held.label}.png (test) is source/{trained.label}.png" in refused.value.message


def test_two_folders_are_guarded_too(folder) -> None:
    train, other = FolderPairs(folder("a", count=4)), FolderPairs(folder("b", count=4, first=4))
    guard_pairs(train, {"held_out": other})
    (other.folder / "target" / "wall_05.png").write_bytes(
        (train.folder / "source" / "wall_02.png").read_bytes()
    )
    with pytest.raises(CheckFailed, match=r"target/wall_05\.png \(held_out\) is source/wall_02\.png"):
        guard_pairs(train, {"held_out": other})


def test_a_picture_whose_size_no_other_set_has_is_not_read(folder) -> None:
    train, other = FolderPairs(folder("a", count=4)), FolderPairs(folder("b", count=4, first=4))
    copy = train.folder / "source" / "wall_02.png"
    (other.folder / "target" / "wall_05.png").write_bytes(copy.read_bytes())
    (train.folder / "source" / "wall_01.png").unlink()  # reading it would be another error
    with pytest.raises(CheckFailed, match=r"wall_05\.png \(held_out\) is source/wall_02\.png"):
        guard_pairs(train, {"held_out": other})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: content.update(schema=2), "schema 2, not 1"),
        (lambda content: content.update(seed=-1), "seed is -1"),
        (lambda content: content.pop("pairs"), "no manifest of pairs"),
        (lambda content: content["pairs"][0].update(set="valid"), r"pairs\[0\].set is 'valid'"),
        (lambda content: content["pairs"][3].pop("source_sha256"), r"pairs\[3\].source_sha256 is None"),
        (lambda content: content["pairs"][3].update(hashes=["x", "y"]), r"pairs\[3\].hashes"),
        (lambda content: content["pairs"][1].update(sett="train"), "unknown key sett"),
        (lambda content: content["pairs"].append(content["pairs"][0]), "wall_00 stands there twice"),
        (lambda content: content["pairs"].append(7), r"pairs\[16\] is no pair"),
    ],
)
def test_a_manifest_that_is_none_is_named(divided: Path, change, problem: str) -> None:
    content = json.loads(divided.read_text())
    change(content)
    divided.write_text(json.dumps(content))
    with pytest.raises(FilmRecoveryError, match=problem) as refused:
        open_sets(divided)
    assert refused.value.where["file"] == str(divided)


def test_no_json_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="no such manifest"):
        read(tmp_path / "none.json")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(FilmRecoveryError, match="not JSON"):
        read(tmp_path / "deep.json")
