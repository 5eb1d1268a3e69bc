"""Time of the training graph at 2048 × 1556: each node, and the whole pair.

    python benchmarks/bench_graph.py [--repeat 3]

Writes two half EXR elements to a temporary folder, builds the graph of each recipe with four keyed pairs, and
pulls Input and Ground Truth of the CopyCat node for pair after pair. Each pair is evaluated once (nothing is
cached from before). Prints one JSON object a recipe: milliseconds a node (median over pairs), and in all; and the
ratio to the time that OpenImageIO alone needs to read the same two files, which cancels the machine's speed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame

WIDTH, HEIGHT = 2048, 1556
PAIRS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="how often the whole graph is measured")
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write_elements(root)
        for recipe in graph.RECIPES:
            print(json.dumps(_measured(root, recipe, repeat)))


def _write_elements(root: Path) -> None:
    rng = np.random.default_rng(0)
    yy, xx = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    base = np.stack([0.5 + 0.4 * np.sin(xx / (9 + 3 * c) + yy / (17 - 4 * c)) for c in range(3)], axis=-1)
    for number in range(1, PAIRS + 1):
        for name in ("source", "reference"):
            grain = rng.normal(0, 0.02, base.shape)
            path = root / name / f"{name}.{number:04d}.exr"
            write_frame(
                Frame.from_array(np.clip(base + grain, 0, 1)), path, datatype="half", create_directories=True
            )


def _measured(root: Path, recipe: str, repeat: int) -> dict[str, object]:
    source = graph.Element(str(root / "source" / "source.####.exr"), 1, PAIRS, WIDTH, HEIGHT)
    reference = graph.Element(str(root / "reference" / "reference.####.exr"), 1, PAIRS, WIDTH, HEIGHT)
    spec = graph.GraphSpec(
        recipe=recipe,
        source=source,
        reference=reference,
        pairs=[(n, n) for n in range(1, PAIRS + 1)],
        preview=1,
        output=str(root / "out" / "out.####.exr"),
        data_directory=str(root / "training"),
        translate=[(0.28 * n, -0.41 * n) for n in range(1, PAIRS + 1)],
        live_area=(16, 16, WIDTH - 16, HEIGHT - 16),
    )
    script = nk.parse(graph.recovery_graph(spec), file=str(root / "graph.nk"))
    pairs_ms, nodes_ms, reads_ms = [], {}, []
    for _ in range(repeat):
        evaluator = Evaluator(script)
        pairs = CopyCatPairs(evaluator, script.node("CopyCat1"))
        for index in range(PAIRS):
            before = dict(evaluator.timings)
            started = time.perf_counter()
            pairs[index]
            pairs_ms.append(1000 * (time.perf_counter() - started))
            for path, seconds in evaluator.timings.items():
                nodes_ms.setdefault(path, []).append(1000 * (seconds - before.get(path, 0.0)))
            started = time.perf_counter()
            for element in (source, reference):
                read_frame(Path(element.file.replace("####", f"{index + 1:04d}")))
            reads_ms.append(1000 * (time.perf_counter() - started))
    nodes = {path: round(statistics.median(values), 1) for path, values in nodes_ms.items()}
    pair, read = statistics.median(pairs_ms), statistics.median(reads_ms)
    return {
        "recipe": recipe,
        "size": f"{WIDTH}x{HEIGHT}",
        "pair_ms": round(pair, 1),
        "read_only_ms": round(read, 1),
        "ratio_to_reading": round(pair / read, 2),
        "nodes_ms": dict(sorted(nodes.items(), key=lambda item: -item[1])),
    }


if __name__ == "__main__":
    main()
