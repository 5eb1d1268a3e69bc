"""pairs.csv and the FR_PairStack of the chosen pairs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from film_recovery import nk
from film_recovery.curation import table
from film_recovery.curation.table import Row
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.host.script import ScriptHost
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.imaging.sequence import Sequence
from film_recovery.plugin.pair_stack_text import pair_stack_text

BCD = (0x01020310, 0)  # 01:02:03:10


@pytest.fixture
def element(tmp_path: Path) -> Sequence:
    for number in (1, 2):
        picture = np.full((6, 8, 3), number / 4, np.float32)
        path = tmp_path / "scan" / f"scan.{number:04d}.exr"
        frame = Frame.from_array(picture, metadata={"timeCode": BCD} if number == 1 else {})
        write_frame(frame, path, create_directories=True)
    return Sequence.parse(tmp_path / "scan" / "scan.####.exr", 1, 2)


def test_a_table_is_read_as_it_was_written(tmp_path: Path, element: Sequence) -> None:
    rows = tuple(
        table.described(row, element, element)
        for row in (
            Row(1, table.TRAINING, 1, 2, "s010", 'sky, "blue"\nand grass', flags="grain mismatch"),
            Row(2, table.TRAINING, 2, 1, "", "=HYPERLINK(1)"),
            Row(1, table.HOLD_OUT, 2, 9, "s010", ""),
        )
    )
    path = table.write(rows, tmp_path / "new" / table.FILE)
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0])[:6] == ["index", "set", "source_frame", "reference_frame", "shot", "reason"]
    assert lines[0]["source_timecode"] == "01:02:03:10" and lines[0]["reference_timecode"] == ""
    assert lines[0]["source_sha256"] == lines[1]["reference_sha256"] != lines[1]["source_sha256"]
    assert len(lines[0]["source_sha256"]) == 64
    assert lines[1]["reason"] == "'=HYPERLINK(1)"  # a spreadsheet shows it, and calls nothing
    assert lines[2]["reference_sha256"] == "" != lines[2]["source_sha256"]  # there is no frame 9
    assert table.read(path)[1:] == rows[1:]


def test_pixels_count_not_the_file_around_them(tmp_path: Path, element: Sequence) -> None:
    again = tmp_path / "again.0001.exr"
    write_frame(Frame.from_array(np.full((6, 8, 3), 0.25, np.float32)), again, compression="none")
    assert (
        table.content(again, None) == table.content(element.pattern, 1) != table.content(element.pattern, 2)
    )


def test_an_older_table_has_empty_columns_and_a_broken_one_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(
        "index,set,source_frame,reference_frame,shot,reason\n1,training,5,6,a,b\n", encoding="utf-8"
    )
    assert table.read(path) == (Row(1, "training", 5, 6, "a", "b"),)
    path.write_text(
        "index,set,source_frame,reference_frame,shot,reason\n1,training,x,6,a,b\n", encoding="utf-8"
    )
    with pytest.raises(FilmRecoveryError, match="no frame numbers") as error:
        table.read(path)
    assert error.value.where["line"] == 2
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        table.read(tmp_path / "none.csv")


def test_the_pair_stack_holds_the_chosen_frames() -> None:
    text = pair_stack_text(
        "reference", [12, 5], [8], first=1, last=20, timecode="01:00:00:00", timecode_frame=5, fps=25
    )
    host = ScriptHost(nk.parse(text))
    (path,) = host.find("FR_PairStack")
    assert host.text(path, "pairs") == "12 5" and host.text(path, "hold_out") == "8"
    assert host.knob(path, "side") == "1"
    holds = [host.knob(one, "firstFrame") for one in host.inputs(f"{path}.AppendClip_Pairs") if one]
    assert holds == ["12", "5"]
    assert host.text(f"{path}.FrameHold_1", "label") == "pair 1\nframe 12\n01:00:00:07"
    both = nk.parse(pair_stack_text("source", [1], first=1, last=2) + text)
    assert [node.class_name for node in both.nodes if node.class_name == "Group"] == ["Group", "Group"]
    assert all(not one.inputs for one in both.nodes)


def test_a_pair_stack_refuses_what_its_button_refuses() -> None:
    with pytest.raises(UsageError, match="outside the frame range"):
        pair_stack_text("source", [30], first=1, last=20)
    with pytest.raises(UsageError, match="a pair and a hold-out"):
        pair_stack_text("source", [3], [3], first=1, last=20)
    with pytest.raises(UsageError, match="no side"):
        pair_stack_text("left", [3], first=1, last=20)
