"""Stage 1, one branch: Read, FrameRange, a FrameHold a pair, two AppendClips. Several shots: clips of clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from film_recovery import nk
from film_recovery.graph.areas import GAP, HEADER, PAIR_GAP, PAIRS_A_ROW, PAIRS_A_ROW_OF_SHOTS, Area
from film_recovery.graph.sheet import Sheet
from film_recovery.graph.spec import Element, GraphSpec

SHOTS_A_ROW = 2
_NOTE = 90  # the height of an area's note, where several shots stand below it
_HOLDS = 215  # from the top of the Read to the first row of FrameHolds
_ROW = 70
_CLIP = 50  # from the last row to the AppendClip
_MARGIN = 30
BETWEEN = 130  # from one column of shots to the next


def size(spec: GraphSpec) -> tuple[int, int]:
    """Width and height of a curation area."""
    width, height = _shot_size(spec)
    columns = min(SHOTS_A_ROW, len(spec.shots))
    rows = -(-len(spec.shots) // SHOTS_A_ROW)
    more = _NOTE + 80 if len(spec.shots) > 1 else 0
    return (
        columns * width + (columns - 1) * BETWEEN + 2 * _MARGIN,
        HEADER + more + rows * height + (rows - 1) * GAP + 90,
    )


def branch(sheet: Sheet, spec: GraphSpec, word: str, area: Area) -> tuple[list[str], str]:
    """The branch of one element (``word``: Source or Reference) in its area. Gives its Reads and its stack."""
    width, height = _shot_size(spec)
    many = len(spec.shots) > 1
    top = area.y + HEADER + (_NOTE if many else 0)
    reads, clips = [], []
    number = 0
    for index, shot in enumerate(spec.shots):
        row, column = divmod(index, SHOTS_A_ROW)
        corner = (area.x + _MARGIN + column * (width + BETWEEN), top + row * (height + GAP))
        element, side = (shot.source, 0) if word == "Source" else (shot.reference, 1)
        frames = [pair[side] for pair in shot.pairs]
        tag = f"_{index + 1}" if many else ""
        read, clip = _shot(sheet, element, f"{word}{tag}", frames, number, corner, width, _a_row(spec))
        number += len(frames)
        reads.append(read)
        clips.append(
            _aside(sheet, f"Branch_{word}{tag}", area, (row, column), corner[1] + height, clip)
            if many
            else clip
        )
    middle = area.x + area.width // 2
    if many:
        clips = [sheet.node("AppendClip", f"AppendClip_{word}", (middle, area.bottom - 120), clips)]
    return reads, sheet.node("AppendClip", f"Stack_{word}", (middle, area.bottom - 50), clips)


def _aside(sheet: Sheet, name: str, area: Area, cell: tuple[int, int], bottom: int, clip: str) -> str:
    """A Dot between the columns, so that the way from a shot to the last AppendClip crosses no other shot."""
    row, column = cell
    away = 14 * (3 - row) * (1 if column else -1)
    return sheet.node("Dot", name, (area.x + area.width // 2 + away, bottom - 18), [clip])


def _shot_size(spec: GraphSpec) -> tuple[int, int]:
    """Width and height of one shot, the same for all."""
    most = max(len(shot.pairs) for shot in spec.shots)
    rows = -(-most // _a_row(spec))
    return PAIR_GAP * max(4, min(most, _a_row(spec))), _HOLDS + rows * _ROW + _CLIP


def _a_row(spec: GraphSpec) -> int:
    """How many FrameHolds stand side by side."""
    return PAIRS_A_ROW_OF_SHOTS if len(spec.shots) > 1 else PAIRS_A_ROW


def _shot(
    sheet: Sheet,
    element: Element,
    name: str,
    frames: Sequence[int],
    before: int,
    corner: tuple[int, int],
    width: int,
    a_row: int,
) -> tuple[str, str]:
    """One shot of one element. ``before``: how many pairs the shots before it have. Gives Read and AppendClip."""
    left, top = corner
    middle = left + width // 2
    read = _read(sheet, element, f"Read_{name}", (middle, top))
    span = sheet.node(
        "FrameRange",
        f"FrameRange_{name}",
        (middle, top + 145),
        [read],
        first_frame=str(element.first),
        last_frame=str(element.last),
        time='""',
    )
    holds = []
    for index, frame in enumerate(frames):
        row, column = divmod(index, a_row)
        first = middle - PAIR_GAP * (min(len(frames) - row * a_row, a_row) - 1) // 2
        holds.append(
            sheet.node(
                "FrameHold",
                f"FrameHold_{name}_{index + 1}",
                (first + PAIR_GAP * column, top + _HOLDS + row * _ROW),
                [span],
                firstFrame=str(frame),
                label=nk.quote(f"pair {before + index + 1}\nframe {frame}"),
            )
        )
    rows = -(-len(frames) // a_row)
    at = (middle, top + _HOLDS + rows * _ROW + _CLIP - 20)
    return read, sheet.node("AppendClip", f"AppendClip_{name}", at, holds)


def _read(sheet: Sheet, element: Element, name: str, at: tuple[int, int]) -> str:
    return sheet.node(
        "Read",
        name,
        at,
        file=nk.quote(Path(element.file).as_posix()),
        format=nk.quote(shape_of(element)),
        first=str(element.first),
        last=str(element.last),
        origfirst=str(element.first),
        origlast=str(element.last),
        origset="true",
        colorspace=nk.quote(element.colourspace),
    )


def shape_of(element: Element) -> str:
    """The format of an element, as a format knob saves it."""
    size = f"{element.width} {element.height}"
    return f"{size} 0 0 {size} {element.pixel_aspect:g} "
