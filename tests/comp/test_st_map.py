"""The nodes of the residual warp: on each frame its own map, or the one that moves nothing; never a neighbour's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.graph.st_map import STACK, SWITCH, st_map_nodes, st_map_stack
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

STRAIGHT = 0.5  # what the map that moves nothing holds here; a frame's own holds its number


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    def written(name: str, value: float) -> None:
        picture = np.full((4, 6, 3), value, np.float32)
        write_frame(Frame.from_array(picture), tmp_path / name, datatype="float")

    for frame in (1003, 1004, 1005, 1009):
        written(f"stmap.{frame}.exr", frame)
    written("stmap_straight.exr", STRAIGHT)
    return f"{tmp_path.as_posix()}/stmap.####.exr", f"{tmp_path.as_posix()}/stmap_straight.exr"


def shown(text: str, node: str, frame: int) -> float:
    return float(Evaluator(nk.parse(text)).frame(node, frame).rgb()[0, 0, 0])


def test_a_frame_without_a_map_shows_none(files: tuple[str, str]) -> None:
    text = st_map_nodes(*files, [1009, 1003, 1004, 1005])
    wanted = {1003: 1003, 1004: 1004, 1005: 1005, 1009: 1009}
    for frame in (1, 1002, 1003, 1004, 1005, 1006, 1008, 1009, 1010, 5000):
        assert shown(text, SWITCH, frame) == wanted.get(frame, STRAIGHT), frame
    nodes = [(node.class_name, node.name) for node in nk.parse(text).nodes]
    assert nodes == [
        ("Read", "Read_STMap"),
        ("Read", "Read_STMap_Straight"),
        ("Switch", "Switch_STMap"),
        ("STMap", "STMap_Residual"),
        ("StickyNote", "Note_STMap"),
    ]


def test_frame_n_of_a_project_s_stack_has_the_map_of_pair_n(files: tuple[str, str]) -> None:
    text = st_map_stack(*files, [1009, None, 1003])
    found = [shown(text, STACK, frame) for frame in (0, 1, 2, 3, 4)]
    assert found == [1009, 1009, STRAIGHT, 1003, 1003]
