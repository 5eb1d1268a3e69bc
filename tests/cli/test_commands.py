"""Each command once, as a program would use it: exit code, JSON lines, files."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import pytest

from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame


def test_render_writes_frames_and_counts_them(film_recovery, script, plates: Path) -> None:
    said = film_recovery("render", script(), "Write1", "--frames", "1-3,5", "--json")
    assert said.code == 0
    assert said.result["written"] == 4
    progress = [line for line in said.lines if line["event"] == "progress"]
    assert [line["frame"] for line in progress] == [1, 2, 3, 5]
    source, result = (
        read_frame(plates / folder / name)
        for folder, name in (("elements", "plate.0003.exr"), ("out", "result.0003.exr"))
    )
    np.testing.assert_array_equal(source.pixels, result.pixels)


def test_a_killed_render_continues_and_gives_the_same_bytes(
    film_recovery, started, script, plates: Path
) -> None:
    path = script("Blur {\n size 8\n name Soft\n}\n")
    assert film_recovery("render", path, "Write1", "--frames", "1-5", "--json").code == 0
    expected = {file.name: file.read_bytes() for file in (plates / "out").glob("*.exr")}
    for file in (plates / "out").iterdir():
        file.unlink()
    with started("render", path, "Write1", "--frames", "1-5", "--json") as process:
        process.stdout.readline()  # the first frame is done
        process.send_signal(signal.SIGKILL)
    again = film_recovery("render", path, "Write1", "--frames", "1-5", "--json")
    assert again.code == 0
    assert again.result["kept"] >= 1
    assert {file.name: file.read_bytes() for file in (plates / "out").glob("*.exr")} == expected
    assert {file.name for file in (plates / "out").iterdir()} == {*expected, ".film-recovery.jsonl"}


def test_a_changed_plate_is_rendered_again(film_recovery, script, plates: Path) -> None:
    film_recovery("render", script(), "Write1", "--frames", "1-2", "--json")
    time.sleep(0.01)
    write_frame(
        Frame.from_array(np.full((24, 32, 3), 0.25, np.float32)),
        plates / "elements" / "plate.0002.exr",
        datatype="half",
    )
    said = film_recovery("render", script(), "Write1", "--frames", "1-2", "--json")
    assert (said.result["written"], said.result["kept"]) == (1, 1)
    assert read_frame(plates / "out" / "result.0002.exr").pixels.max() == 0.25


def test_compare_of_equal_images(film_recovery, plates: Path) -> None:
    plate = plates / "elements" / "plate.####.exr"
    said = film_recovery("compare", plate, plate, "--identity", "luma", "--json")
    assert said.code == 0
    assert said.result["frames"] == 5
    assert said.result["de00_mean"] == 0
    assert said.result["luma_identical"] and said.result["chroma_identical"]
    assert said.result["sat_ratio_60"] == pytest.approx(1)


def test_compare_judges_identity(film_recovery, plates: Path) -> None:
    frame = read_frame(plates / "elements" / "plate.0001.exr")
    write_frame(frame.with_pixels(frame.pixels + np.float32(0.01)), plates / "brighter.exr", datatype="float")
    a, b = plates / "brighter.exr", plates / "elements" / "plate.0001.exr"
    luma = film_recovery("compare", a, b, "--identity", "luma", "--json")
    assert luma.code == 1
    check = next(line for line in luma.lines if line["event"] == "check")
    assert (check["id"], check["outcome"]) == ("identity.luma", "fail")
    assert check["value"] == pytest.approx(0.01, abs=1e-6)
    assert film_recovery("compare", a, b, "--identity", "chroma", "--json").code == 0


def test_nk_check_reports_each_file(film_recovery, script, plates: Path) -> None:
    good = script()
    bad = plates / "bad.nk"
    bad.write_text("Grade {\n white {1\n")
    said = film_recovery("nk", "check", good, bad)
    assert said.code == 3
    first, second = said.lines
    assert set(first) == {"file", "ok", "nodes", "bytes_equal", "tcl", "error"}
    assert (first["ok"], first["bytes_equal"], first["error"]) == (True, True, None)
    assert first["nodes"] == 3
    assert second["ok"] is False and second["error"]


def test_doctor(film_recovery) -> None:
    said = film_recovery("doctor", "--json")
    assert said.code == 0
    outcomes = {line["id"]: line["outcome"] for line in said.lines}
    assert outcomes["doctor.packages"] == outcomes["doctor.colour"] == outcomes["doctor.blocks"] == "pass"


def test_text_for_a_person(film_recovery, script) -> None:
    said = film_recovery("render", script(), "Write1", "--frames", "1")
    assert said.code == 0
    assert said.lines == []


def test_train_on_a_folder_of_pairs(film_recovery, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for name in "ab":
        source = rng.uniform(0, 1, (48, 64, 3)).astype(np.float32)
        for side, picture in (("source", source), ("target", np.sqrt(source))):
            path = tmp_path / "pairs" / side / f"{name}.png"
            write_frame(Frame.from_array(picture), path, create_directories=True)
    arguments = (
        "--pairs",
        tmp_path / "pairs",
        "--recipe",
        "colour",
        "--steps",
        2,
        "--patch",
        32,
        "--batch",
        1,
    )
    said = film_recovery("train", *arguments, "--model", tmp_path / "models" / "m.pt", "--json")
    assert said.code == 0, (said.lines, said.text)
    assert said.result["steps"] == 2
    assert said.result["psnr_fit"] > said.result["psnr_input"]
    inside = film_recovery("train", *arguments, "--model", tmp_path / "pairs" / "source" / "m.pt", "--json")
    assert inside.code == 3
    assert "never written to" in inside.error["message"]
    assert film_recovery("train", "--json").code == 2
