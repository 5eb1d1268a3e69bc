"""How fast a 10 MB script is read and written back, beside a real Tcl interpreter reading the same text.

    python benchmarks/bench_nk.py [megabytes]

Prints one JSON object: the text's size and blocks; seconds to parse it and give it back, to parse it
and read every knob, and for Tcl to parse it (null without tkinter); ``ratio`` is the first by the last. Best of 3.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from film_recovery import nk
from film_recovery.nk import tcl


def script_text(size: int) -> str:
    """A script of about ``size`` characters: groups, branches, curves, expressions, labels, user knobs."""
    parts = ["#! /opt/Nuke/Nuke15.1 -nx\nversion 15.1 v3\nRoot {\n inputs 0\n name bench.nk\n}\n"]
    length = index = 0
    while length < size:
        index += 1
        parts.append(_stage(index))
        length += len(parts[-1])
    return "".join(parts)


def _stage(index: int) -> str:
    place = {"name": "", "xpos": nk.number(index % 97 * 110), "ypos": nk.number(index * 30)}

    def node(kind: str, knobs: dict[str, str], inputs: int | str | None = None, indent: int = 0) -> str:
        return nk.node_text(kind, {**knobs, **place, "name": f"{kind}{index}"}, inputs, indent)

    animated = nk.curve({frame: (frame * 37 % 101) / 8 for frame in range(1, 40, 3)})
    label = nk.quote(f"shot {index}\nsee [notes] and {{brackets}}")
    return "".join(
        [
            node("Read", {"file": f"/jobs/film/reel_{index}.%04d.exr", "first": "1001", "last": "1100"}, 0),
            f"set N{index:x} [stack 0]\n",
            node("Grade", {"white": nk.numbers([1.1, 1, 0.9]), "multiply": animated, "label": label}),
            f"push $N{index:x}\n",
            node("Merge2", {"operation": "difference", "mix": nk.expression("parent.amount")}, "2"),
            node("Group", {"label": nk.stored("[value amount]")}).replace(
                f" name Group{index}\n",
                f" name Group{index}\n addUserKnob {{7 amount l Amount R 0 10}}\n amount 2\n",
            ),
            node("Input", {}, 0, 1),
            node("Transform", {"translate": nk.curves([{1: 0.5, 50: 20}, {1: 0, 50: 5}], "L")}, None, 1),
            node("Output", {}, None, 1),
            "end_group\n",
        ]
    )


def seconds(action: Callable[[], Any], repeats: int = 3) -> float:
    """The shortest of ``repeats`` runs of ``action``."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def main(megabytes: float) -> None:
    """Measures and prints."""
    text = script_text(int(megabytes * 1e6))
    script = nk.parse(text)
    assert script.text() == text
    parse = seconds(lambda: nk.parse(text).text())
    knobs = seconds(
        lambda: [knob.text for node in nk.parse(text).all_nodes() for knob in node.knobs.values()], 1
    )
    interpreter = None if tcl.check(text) is None else seconds(lambda: tcl.check(text))
    result = {
        "bench": "nk",
        "megabytes": round(len(text) / 1e6, 2),
        "blocks": script.block_count,
        "parse_and_text_seconds": round(parse, 3),
        "parse_and_every_knob_seconds": round(knobs, 3),
        "tcl_seconds": None if interpreter is None else round(interpreter, 3),
        "ratio": None if interpreter is None else round(parse / interpreter, 2),
        "python": platform.python_version(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
