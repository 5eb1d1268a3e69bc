"""How long a training step waits for its patches, when the pairs are large JPEGs that do not fit into memory.

Three ways: drawn in place from files decoded each time (as it was); read ahead; read ahead with the decoded pictures
on disk. What computes is played by a pause of ``--step`` seconds, as a graphics card leaves the processors alone. The
folder of decoded pictures is filled before, as a training does when it fits its closed form, and that is timed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from film_recovery.datasets.decoded import Decoded
from film_recovery.datasets.folder import FolderPairs
from film_recovery.learning.ahead import Ahead
from film_recovery.learning.sampling import Sampling, draw_batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--megapixels", type=float, default=4.0)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--step", type=float, default=0.2, help="seconds that a step computes")
    given = parser.parse_args()
    sampling = Sampling(given.patch, given.batch, 1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _make(place / "pairs", given.pairs, given.megapixels)

        def timed(pairs: FolderPairs, ahead: bool) -> dict[str, float]:
            first = given.pairs // given.batch + 1
            steps = range(first, first + given.steps)
            if not ahead:
                return _waits(lambda step: draw_batch(pairs, sampling, step), steps, given.step)
            with closing(Ahead(pairs, sampling, range(given.batch))) as batches:
                return _waits(batches.take, steps, given.step)

        found: dict[str, Any] = {"processors": os.cpu_count(), **vars(given)}
        found["in_place"] = timed(FolderPairs(place / "pairs", room=0), ahead=False)
        found["ahead"] = timed(FolderPairs(place / "pairs", room=0), ahead=True)
        pairs = FolderPairs(place / "pairs", room=0)
        pairs.decoded = Decoded(place / "decoded")
        started = time.perf_counter()
        for index in range(len(pairs)):
            pairs.opened(index)
        found["decoding_once_seconds_a_pair"] = round((time.perf_counter() - started) / len(pairs), 3)
        found["decoded_mib_a_pair"] = round(
            sum(file.stat().st_size for file in (place / "decoded").iterdir()) / len(pairs) / 2**20, 1
        )
        found["ahead_decoded"] = timed(pairs, ahead=True)
    for name in ("ahead", "ahead_decoded"):
        found[name]["of_in_place"] = round(found[name]["waiting"] / found["in_place"]["waiting"], 4)
    print(json.dumps(found, indent=1))


def _waits(take: Callable[[int], Any], steps: range, compute: float) -> dict[str, float]:
    """Seconds of a step that it waits, on average and at worst; the first, which fills the queue, apart."""
    waits = []
    for step in steps:
        started = time.perf_counter()
        take(step)
        waits.append(time.perf_counter() - started)
        time.sleep(compute)
    return {
        "waiting": round(float(np.mean(waits[1:])), 4),
        "longest": round(max(waits[1:]), 4),
        "first": round(waits[0], 4),
    }


def _make(folder: Path, count: int, megapixels: float) -> None:
    """Pairs of JPEGs with as much detail as a photograph: noise at several sizes."""
    random = np.random.default_rng(0)
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
    for number in range(count):
        picture = np.zeros((height, width, 3), np.float32)
        for size in (8, 64, 512):
            noise = random.integers(0, 256, (max(1, height // size), max(1, width // size), 3), np.uint8)
            picture += np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))
        for side, gain in (("source", 0.25), ("target", 1 / 3)):
            (folder / side).mkdir(parents=True, exist_ok=True)
            file = folder / side / f"{number:04}.jpg"
            Image.fromarray((picture * gain).astype(np.uint8)).save(file, quality=95)


if __name__ == "__main__":
    main()
