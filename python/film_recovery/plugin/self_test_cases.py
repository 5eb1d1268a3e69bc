"""The cases of the self-test: what is put into Nuke, where it is sampled, what is expected there.

They are data, in ``self_test_data``: plates (EXR), ``cases.json`` (not YAML, so that the self-test runs in a Nuke
that the plugin was not installed into, where PyYAML is not at hand) and ``expected.json``, which
``python -m film_recovery.demo.self_test_data`` makes with this product's own engine. ``self_test`` runs them.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import graph, nk
from film_recovery._files import read_text
from film_recovery.errors import FilmRecoveryError

DATA = Path(__file__).with_name("self_test_data")
GROUP = "FilmRecoverySelfTest"
BLOCK = "Block"
SIZE = (48, 32)  # of the plates' format, in pixels
RGB = ("rgba.red", "rgba.green", "rgba.blue")
TOLERANCE = 2e-5
MODEL = "self_test"  # .pt is delivered, .cat is made from it in Nuke
CAT, OCIO = "cat", "ocio"
NEEDS = (CAT, OCIO)
_MOST_BYTES = 1 << 20
_REMEDY = "install Film Recovery again"
_PUSHED = re.compile(r"push \$N(\w+)")
_FILE = re.compile(r"@FILE:(\w+)@")

Values = Mapping[str, Sequence[float]]  # channel to one value a point, in the order of the case's points


@dataclass(frozen=True)
class Plate:
    """A plate: ``file`` in the data folder, with #### for the frame where it has several."""

    name: str
    file: str
    first: int
    last: int


@dataclass(frozen=True)
class Case:
    """One thing to evaluate. Knob values are words of a script.

    With ``block``: that block with ``knobs``, ``inner`` knobs and the nodes ``feeds`` at its inputs, as Group or
    as an instance of the gizmo. Without: ``nodes``, a piece of script whose last node is sampled. ``nodes`` may
    stand before a block, too; ``@FILE:plate@`` in them is a plate's file. ``node`` is a node inside the block that is
    sampled in place of what comes out.
    ``points``: pixels (column, row), counted from the lower left; ``tolerance``: absolute, or relative above 1.
    """

    id: str
    title: str
    block: str
    as_gizmo: bool
    knobs: Mapping[str, str]
    inner: Mapping[str, str]
    feeds: tuple[str, ...]
    nodes: str
    node: str
    frames: tuple[int, ...]
    channels: tuple[str, ...]
    points: tuple[tuple[int, int], ...]
    tolerance: float
    settles: tuple[str, ...]
    needs: tuple[str, ...]

    def sampled(self) -> tuple[str, ...]:
        """The node to sample for each of ``frames``, as a path in the case's own script."""
        if self.node:
            return (f"{BLOCK}.{self.node}",) * len(self.frames)
        return tuple(f"Frame{frame}" for frame in self.frames)


@dataclass(frozen=True)
class Cases:
    """All of it. ``claims``: what ``docs/nuke-parity.md`` leaves open, by the names that ``settles`` uses."""

    plates: Mapping[str, Plate]
    claims: Mapping[str, str]
    cases: tuple[Case, ...]
    folder: Path


def grid() -> tuple[tuple[int, int], ...]:
    """The usual points: 8 columns, 6 rows, corners included."""
    columns, rows = (0, 7, 13, 20, 27, 34, 41, 47), (0, 6, 12, 19, 25, 31)
    return tuple((x, y) for y in rows for x in columns)


def load_cases(folder: Path = DATA) -> Cases:
    """The cases in ``folder``. Raises FilmRecoveryError when the file is missing or is not what it should be."""
    file = folder / "cases.json"
    text = read_text(file, _MOST_BYTES)
    try:
        data = json.loads(text)
        plates = {name: _plate(name, value) for name, value in data["plates"].items()}
        claims = {str(name): str(value) for name, value in data["claims"].items()}
        cases = tuple(_case(one) for one in data["cases"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FilmRecoveryError(
            f"The self-test's cases cannot be understood: {error!r}.", remedy=_REMEDY, file=str(file)
        ) from error
    return Cases(plates, claims, cases, folder)


def load_expected(folder: Path = DATA) -> dict[str, dict[int, Values]]:
    """What each case is expected to give: case, frame, channel, then a value a point."""
    file = folder / "expected.json"
    text = read_text(file, _MOST_BYTES)
    try:
        return {
            case: {
                int(frame): {
                    channel: [_number(value) for value in values] for channel, values in made.items()
                }
                for frame, made in frames.items()
            }
            for case, frames in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise FilmRecoveryError(
            f"The self-test's expected values cannot be read: {error!r}.", remedy=_REMEDY, file=str(file)
        ) from error


def expected_text(expected: Mapping[str, Mapping[int, Values]]) -> str:
    """The inverse of :func:`load_expected`: strict JSON, a line for each case, frame and channel."""
    cases = []
    for case, frames in expected.items():
        lines = [
            f"  {json.dumps(str(frame))}: {{\n"
            + ",\n".join(
                f"   {json.dumps(channel)}: [{', '.join(map(_shown, values))}]"
                for channel, values in made.items()
            )
            + "\n  }"
            for frame, made in frames.items()
        ]
        cases.append(f" {json.dumps(case)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(cases) + "\n}\n"


def case_text(case: Case, cases: Cases, model: str = "") -> str:
    """The case as script text: Reads, nodes, the block, and a FrameHold on what comes out for each frame.

    ``model``: the .cat that ``@MODEL@`` in a knob stands for. Raises FilmRecoveryError for a plate or block that
    does not exist.
    """
    named = {*case.feeds, *_PUSHED.findall(case.nodes)}
    reads = [plate_text(plate, cases.folder) for name, plate in cases.plates.items() if name in named]
    parts = [*reads, _FILE.sub(lambda found: _file_word(cases.plates[found[1]], cases.folder), case.nodes)]
    if case.block:
        parts += [f"push $N{feed}\n" for feed in reversed(case.feeds)]
        parts.append(_block_text(case, model))
    parts.append("set Nmade [stack 0]\n")
    if not case.node:
        for name, frame in zip(case.sampled(), case.frames):
            knobs = {"firstFrame": str(frame), "name": name}
            parts += ["push $Nmade\n", nk.node_text("FrameHold", knobs)]
    return "".join(parts)


def plate_text(plate: Plate, folder: Path) -> str:
    """A Read of the plate, its values as they are in the file. Raises FilmRecoveryError if the file is missing."""
    first, last = str(plate.first), str(plate.last)
    knobs = {
        "file": _file_word(plate, folder),
        "first": first,
        "last": last,
        "origfirst": first,
        "origlast": last,
        "origset": "true",
        "raw": "true",
        "name": f"Read_{plate.name}",
    }
    return nk.node_text("Read", knobs, inputs=0) + f"set N{plate.name} [stack 0]\n"


def _file_word(plate: Plate, folder: Path) -> str:
    for frame in range(plate.first, plate.last + 1):
        one = folder / plate.file.replace("####", f"{frame:04d}")
        if not one.is_file():
            raise FilmRecoveryError(f"The plate {plate.name} is missing.", remedy=_REMEDY, file=str(one))
    return nk.quote(os.path.abspath(folder / plate.file).replace("\\", "/"))


def _block_text(case: Case, model: str) -> str:
    def filled(words: Mapping[str, str]) -> dict[str, str]:
        return {knob: nk.quote(model) if word == "@MODEL@" else word for knob, word in words.items()}

    if case.as_gizmo:
        return nk.node_text(case.block, {**filled(case.knobs), "name": BLOCK}, inputs=len(case.feeds))
    return graph.group(case.block, BLOCK, filled(case.knobs), filled(case.inner), (0, 0))


def _plate(name: str, value: Mapping[str, Any]) -> Plate:
    return Plate(str(name), str(value["file"]), int(value.get("first", 1)), int(value.get("last", 1)))


def _case(value: Mapping[str, Any]) -> Case:
    known = "id title block as knobs inner feeds nodes node frames channels points tolerance settles needs".split()
    unknown = set(value) - set(known)
    if (
        unknown
        or set(value.get("needs", ())) - set(NEEDS)
        or value.get("as", "group") not in ("group", "gizmo")
    ):
        raise ValueError(f"case {value.get('id')}: {sorted(unknown) or 'needs or as'} is not known")
    return Case(
        id=str(value["id"]),
        title=str(value["title"]),
        block=str(value.get("block", "")),
        as_gizmo=value.get("as", "group") == "gizmo",
        knobs={str(knob): str(word) for knob, word in value.get("knobs", {}).items()},
        inner={str(knob): str(word) for knob, word in value.get("inner", {}).items()},
        feeds=tuple(map(str, value.get("feeds", ()))),
        nodes=str(value.get("nodes", "")),
        node=str(value.get("node", "")),
        frames=tuple(map(int, value.get("frames", (1,)))),
        channels=tuple(map(str, value.get("channels", RGB))),
        points=tuple((int(x), int(y)) for x, y in value["points"]) if "points" in value else grid(),
        tolerance=float(value.get("tolerance", TOLERANCE)),
        settles=tuple(map(str, value.get("settles", ()))),
        needs=tuple(map(str, value.get("needs", ()))),
    )


_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _number(value: float | str) -> float:
    return _SPECIAL[value] if isinstance(value, str) else float(value)


def _shown(value: float) -> str:
    return f"{value:.8g}" if math.isfinite(value) else json.dumps(str(float(value)))
