"""A training's logs: the same figures in JSON lines, a table and TensorBoard, going on after a kill."""

from __future__ import annotations

import csv
import struct
from pathlib import Path

import pytest

from film_recovery.engine import run_log
from film_recovery.engine.run_log import Log, read_log
from film_recovery.errors import FilmRecoveryError


def write_steps(folder: Path, first: int, last: int) -> None:
    log = Log(folder, first, ("l1", "ssim"))
    for step in range(first + 1, last + 1):
        log.write(step, loss=3.0 / step, terms={"l1": 2.0 / step, "ssim": 1.0 / step}, learning_rate=1e-3)
        if step % 2 == 0:
            log.write(step, held_out={"psnr": 30.0 + step, "sat_ratio_60": 0.9})
    log.close()


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "log.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def curves(folder: Path) -> list[tuple[int, dict[str, float], bool]]:
    """Step, values and whether it says that what follows comes again, of every event in all files, oldest first."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for file in sorted((folder / "tensorboard").glob("events.out.tfevents.*")):
        data, place = file.read_bytes(), 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + length])
            place += 12 + length + 4
            values = {value.tag: value.simple_value for value in event.summary.value}
            found.append((event.step, values, event.HasField("session_log")))
    return found


def test_the_table_has_what_the_lines_have(tmp_path):
    write_steps(tmp_path, 0, 4)
    lines, table = read_log(tmp_path / "log.jsonl"), rows(tmp_path)
    assert [line["step"] for line in lines] == [int(row["step"]) for row in table] == [1, 2, 2, 3, 4, 4]
    assert table[0]["loss l1"] == "2.0" and table[0]["held-out psnr"] == ""
    assert (table[2]["held-out psnr"], table[2]["held-out de00"], table[2]["loss"]) == ("32.0", "", "")
    assert [float(row["seconds"]) for row in table] == [line["seconds"] for line in lines]


def test_tensorboard_gets_each_term_and_each_figure(tmp_path):
    write_steps(tmp_path, 0, 2)
    events = curves(tmp_path)
    assert events[0][:2] == (0, {})  # the version of the file
    assert events[1][0] == 1
    assert events[1][1] == pytest.approx(
        {"loss": 3.0, "loss/l1": 2.0, "loss/ssim": 1.0, "learning_rate": 1e-3}
    )
    assert events[3][:2] == (2, pytest.approx({"held-out/psnr": 32.0, "held-out/sat_ratio_60": 0.9}))


def test_after_a_kill_steps_are_not_there_twice(tmp_path):
    write_steps(tmp_path, 0, 5)
    with open(tmp_path / "log.csv", "a", encoding="utf-8") as file:
        file.write("6,0.1,")  # torn
    write_steps(tmp_path, 3, 6)
    assert [int(row["step"]) for row in rows(tmp_path)] == [1, 2, 2, 3, 4, 4, 5, 6, 6]
    again = [step for step, _, says_so in curves(tmp_path) if says_so]
    assert again == [4]


def test_without_tensorboardx_the_table_is_still_written(tmp_path, monkeypatch):
    monkeypatch.setattr(run_log, "find_spec", lambda name: None)
    write_steps(tmp_path, 0, 2)
    assert len(rows(tmp_path)) == 3
    assert not (tmp_path / "tensorboard").exists()


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    log = Log(tmp_path, 0, ("l1",))
    log.file.unlink()
    log.file.symlink_to("/dev/full")
    with pytest.raises(FilmRecoveryError, match="No space left") as caught:
        log.write(1, loss=1.0, terms={"l1": 1.0}, learning_rate=1.0)
    assert "free space" in caught.value.remedy
    log.close()
