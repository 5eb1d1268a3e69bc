"""The division: whole scenes, repeatable, what exists stays; on surveyed pairs and on real files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery.datasets.folder import FolderPairs
from film_recovery.datasets.manifest import Manifest, guard, read, write
from film_recovery.datasets.splitting import MEASURES, Wishes, names_in, sizes_for, split
from film_recovery.datasets.survey import Colours, Side, Surveyed, survey
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError


def surveyed(count: int, first: int = 0) -> list[Surveyed]:
    """Pairs of which none resembles another, with colours of all kinds."""
    found = []
    for number in range(first, first + count):
        random = np.random.default_rng((7, number))
        sides = [Side(Path(f"/p/{side}/{number:04}.png"), _sha(f"{side}{number}")) for side in ("s", "t")]
        hashes = tuple(int(value) for value in random.integers(0, 2**63, 2))
        values = random.random(4)
        found.append(
            Surveyed(
                f"{number:04}",
                sides[0],
                sides[1],
                colours=Colours(0.2, values[0], 1.1, 1 + values[1], values[2], values[3], (0.0,) * 5),
                hashes=(hashes[0], hashes[1]),
            )
        )
    return found


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def labels(manifest: Manifest, *sets: str) -> set[str]:
    return {entry.label for entry in manifest.of(*sets)}


@pytest.mark.parametrize(
    ("count", "val_colour", "test"),
    [(100, 15, 15), (300, 30, 30), (10, 2, 2), (3, 1, 1), (5000, 60, 50)],
)
def test_the_sizes_of_the_workflow(count: int, val_colour: int, test: int) -> None:
    assert (sizes_for(count).val_colour, sizes_for(count).test) == (val_colour, test)
    if count < 1000:
        counts = split(surveyed(count), Wishes()).counts
        assert (counts["val_colour"], counts["test"]) == (val_colour, test)
        assert counts["train"] == count - val_colour - test


def test_equal_pictures_and_seed_give_equal_sets_whatever_their_names() -> None:
    pairs = surveyed(60)
    first = split(pairs, Wishes(seed=3))
    assert split(list(reversed(pairs)), Wishes(seed=3)) == first
    renamed = [replace(pair, label=f"z{9999 - int(pair.label)}") for pair in pairs]
    again = split(renamed, Wishes(seed=3))
    assert {e.source_sha256: e.set for e in again.entries} == {e.source_sha256: e.set for e in first.entries}
    other = split(pairs, Wishes(seed=4))
    assert labels(other, "test") != labels(first, "test")


def test_the_stress_set_is_bold_and_leaves_as_bold_ones_to_train() -> None:
    pairs = surveyed(100)
    manifest = split(pairs, Wishes())
    entries = {entry.label: entry for entry in manifest.entries}
    boldest = sorted(pairs, key=lambda pair: -pair.colours.bold_paint)
    assert entries[boldest[0].label].set == "val_colour"
    assert entries[boldest[0].label].reason.startswith("bold_paint: 9")
    assert entries[boldest[0].label].reason.endswith("% of the target is saturated green, teal or blue")
    assert entries[boldest[1].label].reason != "bold_paint"
    assert not entries[boldest[1].label].reason.startswith("bold_paint")
    reasons = [entry.reason.split(":")[0] for entry in manifest.of("val_colour")]
    assert {name: reasons.count(name) for name in MEASURES} == {
        "bold_paint": 9,
        "contrast": 2,
        "mixed_light": 2,
        "dark_corners": 2,
    }
    means = {
        name: np.mean([pair.colours.bold_paint for pair in pairs if entries[pair.label].set == name])
        for name in ("train", "val_colour")
    }
    assert means["val_colour"] > means["train"] + 0.1


def test_scenes_stay_on_one_side() -> None:
    pairs = surveyed(60)
    twins = [
        replace(
            pair,
            label=f"{pair.label}b",
            source=replace(pair.source, sha256=_sha(f"b{pair.label}")),
            target=replace(pair.target, sha256=_sha(f"c{pair.label}")),
            hashes=(pair.hashes[0] ^ 0b1011 << 20, pair.hashes[1] ^ (2**63 - 1)),
        )
        for pair in pairs[:30]
    ]
    manifest = split([*pairs, *twins], Wishes())
    home = {entry.label: entry for entry in manifest.entries}
    for twin in twins:
        assert home[twin.label].set == home[twin.label[:-1]].set
        assert home[twin.label].scene == twin.label[:-1]
    assert {home[twin.label].set for twin in twins} == {"train", "val_colour", "test"}
    assert len({entry.scene for entry in manifest.entries}) == 60


def test_copies_are_left_out_and_two_truths_of_one_source_stay_together() -> None:
    pairs = surveyed(30)
    copy = replace(pairs[4], label="copy")
    retouched = replace(pairs[8], label="other truth", target=replace(pairs[8].target, sha256=_sha("x")))
    manifest = split([*pairs, copy, retouched], Wishes())
    home = {entry.label: entry for entry in manifest.entries}
    assert (home["copy"].set, home["copy"].reason) == ("left_out", "the same files as 0004")
    assert home["other truth"].set == home["0008"].set != "left_out"


def test_sets_that_exist_never_change() -> None:
    old, new = surveyed(40), surveyed(100, first=40)
    first = split(old, Wishes(val=frozenset({"0001", "0002", "0003"})))
    assert labels(first, "val") == {"0001", "0002", "0003"}
    like_val = replace(new[0], hashes=(old[1].hashes[0], new[0].hashes[1]))
    trained = next(entry for entry in first.entries if entry.set == "train")
    like_train = replace(new[1], hashes=(trained.hashes[0] ^ 1, new[1].hashes[1]))
    second = split([*old, like_val, like_train, *new[2:]], Wishes(stay=first))
    for name in ("train", "val", "val_colour", "test"):
        before = labels(first, name)
        assert before <= labels(second, name)
        if name == "val":
            assert before == labels(second, name)
    home = {entry.label: entry for entry in second.entries}
    assert (home["0040"].set, home["0040"].reason) == ("left_out", "shows the same as 0001, which is in val")
    assert home["0041"].set == "train"
    assert len(labels(second, "test") - labels(first, "test")) == sizes_for(98).test
    assert split(new, Wishes(stay=first)).of("val") == first.of(
        "val"
    )  # the old pictures need not be given again


def test_an_existing_set_that_changed_is_refused() -> None:
    pairs = surveyed(20)
    first = split(pairs, Wishes())
    pairs[5] = replace(pairs[5], target=replace(pairs[5].target, sha256=_sha("edited again")))
    with pytest.raises(FilmRecoveryError, match=r"0005 \((train|test|val_colour)\) is not the pair"):
        split(pairs, Wishes(stay=first))


def test_failures_are_held_out_and_followed() -> None:
    pairs = surveyed(60)
    manifest = split(pairs, Wishes(failures=frozenset({"0010", "0011", "0012", "0013", "0014"})))
    assert manifest.failures == ["0010", "0011", "0012", "0013", "0014"]
    assert {entry.set for entry in manifest.entries if entry.failure} == {"val_colour"}
    assert manifest.counts["val_colour"] == sizes_for(60).val_colour + 5
    trained = next(entry.label for entry in manifest.entries if entry.set == "train")
    with pytest.raises(FilmRecoveryError, match=f"{trained} is in train"):
        split(pairs, Wishes(stay=manifest, failures=frozenset({trained})))
    with pytest.raises(UsageError, match=r"2 names of the list of failures are no pairs here: nine, ten"):
        split(pairs, Wishes(failures=frozenset({"ten", "nine", "0001"})))
    with pytest.raises(UsageError, match="16 names"):
        split(pairs, Wishes(failures=frozenset(pair.label for pair in pairs[:16])))


def test_the_list_of_names(tmp_path: Path) -> None:
    file = tmp_path / "failures.txt"
    file.write_text("wall_01.jpg\n\n# mural on the left\nwall_02   # teal\nwall 3.v2\n", encoding="utf-8")
    assert names_in(file) == {"wall_01", "wall_02", "wall 3.v2"}


def test_what_cannot_be_divided() -> None:
    pairs = surveyed(6)
    one_scene = [replace(pair, hashes=pairs[0].hashes) for pair in pairs]
    with pytest.raises(FilmRecoveryError, match="6 new pairs show 1 scenes"):
        split(one_scene, Wishes())
    with pytest.raises(UsageError, match="leave nothing of 6"):
        split(pairs, Wishes(val_colour=3, test=3))
    with pytest.raises(FilmRecoveryError, match="1 pairs cannot be used: 0002"):
        split([replace(pair, problem="broken") if pair.label == "0002" else pair for pair in pairs], Wishes())


def test_a_held_out_picture_in_train_stops_the_work() -> None:
    manifest = split(surveyed(20), Wishes())
    held, trained = manifest.of("test")[0], manifest.of("train")[0]
    planted = replace(trained, source_sha256=held.target_sha256)
    entries = tuple(planted if entry is trained else entry for entry in manifest.entries)
    guard(manifest)
    with pytest.raises(CheckFailed, match=r"1 held-out pictures .* t/\d+\.png \(test\) is s/\d+\.png"):
        guard(replace(manifest, entries=entries))


def test_real_pictures_end_in_one_scene(folder, files, crops: list[np.ndarray], tmp_path: Path) -> None:
    """The same wall a step to the left, in another grade, with grain, as JPEG: one scene each."""
    path = folder(count=16, suffix=".jpg", datatype="uint8")
    random = np.random.default_rng(3)
    for number, other in {
        1: crops[1] + random.normal(0, 0.04, crops[1].shape),
        6: crops[6] ** 1.3 * np.array([0.9, 1, 1.1]),
        11: cv2.GaussianBlur(np.roll(crops[11], 1, axis=1), (0, 0), 1),
    }.items():
        picture = np.clip(other, 0, 1).astype(np.float32)
        for side, content in (("source", picture), ("target", files.edited(picture))):
            files.write(path / side / f"again_{number:02}.jpg", files.encoded(content, "uint8"))
    manifest = split(survey(FolderPairs(path)), Wishes(val_colour=3, test=3))
    home = {entry.label: entry for entry in manifest.entries}
    for number in (1, 6, 11):
        assert home[f"again_{number:02}"].scene == home[f"wall_{number:02}"].scene
        assert home[f"again_{number:02}"].set == home[f"wall_{number:02}"].set
    assert len({entry.scene for entry in manifest.entries}) == 16
    write(manifest, tmp_path / "m.json")
    assert read(tmp_path / "m.json") == manifest


def test_what_the_measures_see(crops: list[np.ndarray]) -> None:
    from film_recovery.datasets.survey import colours

    grey = np.repeat(crops[0].mean(axis=-1, keepdims=True), 3, axis=-1)
    teal, red = grey.copy(), grey.copy()
    teal[:48] = (0.1, 0.55, 0.5)
    red[:48] = (0.7, 0.1, 0.1)
    assert colours(grey, teal).bold_paint == pytest.approx(0.5)
    assert colours(grey, red).bold_paint == 0
    assert colours(grey, red).saturated == pytest.approx(0.5)
    assert colours(grey, np.clip((grey - 0.5) * 1.5 + 0.5, 0, 1)).contrast > 1.2
    two_lamps = grey.copy()
    two_lamps[:, :48] *= (1, 0.8, 0.5)
    assert colours(two_lamps, grey).mixed_light > colours(grey, grey).mixed_light + 0.5
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    fall_off = (1 - 0.4 * (x**2 + y**2)[..., None]).astype(np.float32)
    even = np.full_like(grey, 0.6)
    assert colours(even * fall_off, even).dark_corners > 0.4
    assert colours(even, even).dark_corners == 0
    assert colours(teal, grey).kept < 0.3
