"""What ``film-recovery align`` leaves in its folder: align.json, heat-maps, STMaps, and the nodes to paste.

``align.json`` grows moment by moment, since the tiles of a long clip are no matter for memory; it takes its name when
all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery import graph
from film_recovery.cli.report import json_line
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.aligned import Aligned, Moment
from film_recovery.footage.clip import Clip
from film_recovery.graph.corners import align_block
from film_recovery.graph.st_map import st_map_nodes, st_map_stack
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.registration.geometry import Grid
from film_recovery.registration.heatmap import heatmap
from film_recovery.registration.mesh import Mesh, measured_mesh, st_map, straight
from film_recovery.registration.residual import FAIL

RECORD, BLOCK, MAPS = "align.json", "FR_Align.nk", "STMap.nk"
_HEATMAP, _MESH, _STRAIGHT = "residual", "stmap", "stmap_straight.exr"

Add = Callable[[Aligned], None]
End = Callable[[Mapping[str, Any]], None]


@contextmanager
def record(folder: Path, about: Mapping[str, Any]) -> Iterator[tuple[Add, End]]:
    """``align.json``: ``about``, then every moment that is added, then what ends it. Nothing stays after an error."""
    with (
        replacement(folder / RECORD, create_directories=True) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        stream.write(f'{json_line(about)[:-1]}, "frames": [')
        between = "\n"

        def add(one: Aligned) -> None:
            nonlocal between
            stream.write(between + json_line(one.as_dict()))
            between = ",\n"

        def end(more: Mapping[str, Any]) -> None:
            stream.write(f"\n], {json_line(more)[1:]}\n")

        yield add, end


def write_block(folder: Path, found: Sequence[Aligned], source: Clip, reference: Clip) -> None:
    """``FR_Align.nk``, keyed on the Source's own frames: in a project the script has its pairs' keys already."""
    good = [one for one in found if one.solution.solved and one.verdict != FAIL]
    if not good:
        return
    grids = good[0].solution
    elements = _element(source, grids.source), _element(reference, grids.reference)
    frames = {one.frame for one in good}
    matrices = {one.frame: one.as_dict()["matrix"] if one.frame in frames else () for one in found}
    _write(folder / BLOCK, align_block(matrices, *elements))


def write_heatmap(folder: Path, one: Aligned, source: Clip) -> None:
    """The heat-map of a moment, where something was measured."""
    if one.residual is None:
        return
    drawn = heatmap(source.picture(one.frame), one.residual)
    done, data = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
    if not done:
        raise FilmRecoveryError("The heat-map could not be encoded.", frame=one.frame, remedy="report this")
    _write(folder / f"{_HEATMAP}.{one.frame:04d}.png", data.tobytes())


def write_map(folder: Path, one: Aligned, source: Clip, reference: Clip) -> Mesh:
    """The residual warp of a solved moment as an STMap. Errors as ``measured_mesh``; then nothing is written."""
    pictures = reference.picture(one.reference_frame), source.picture(one.frame)
    mesh = measured_mesh(*pictures, one.solution)
    _write_places(folder / f"{_MESH}.{one.frame:04d}.exr", mesh)
    return mesh


def write_map_nodes(folder: Path, grid: Grid, mapped: Sequence[int], pairs: Sequence[Moment] | None) -> None:
    """``STMap.nk``. ``mapped``: the frames that have a map, at least one. ``pairs``: of a project, else None.

    Other frames get the map that moves nothing, of the Source's ``grid``.
    """
    _write_places(folder / _STRAIGHT, straight(grid))
    maps, still = ((folder.absolute() / name).as_posix() for name in (f"{_MESH}.####.exr", _STRAIGHT))
    if pairs is None:
        _write(folder / MAPS, st_map_nodes(maps, still, mapped))
        return
    stack = [number if number in mapped else None for number, _ in pairs]
    if set(stack) != {None}:
        _write(folder / MAPS, st_map_stack(maps, still, stack))


def _write_places(file: Path, mesh: Mesh) -> None:
    """As 32-bit float: half has no room for the thousandth of a pixel."""
    places = st_map(mesh)
    whole = np.dstack([places, np.zeros(places.shape[:2], np.float32)])
    file.parent.mkdir(parents=True, exist_ok=True)
    write_frame(Frame.from_array(whole, top_down=True), file, datatype="float", compression="zip")


def _element(clip: Clip, grid: Grid) -> graph.Element:
    first, last = clip.frames[0], clip.frames[-1]
    return graph.Element(clip.sequence.pattern, first, last, grid.width, grid.height, grid.pixel_aspect)


def _write(file: Path, content: str | bytes) -> None:
    with replacement(file, create_directories=True) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
