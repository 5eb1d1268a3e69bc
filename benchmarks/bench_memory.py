"""What NAFNet-32 takes on a whole frame: peak memory of the process, and seconds.

    python benchmarks/bench_memory.py [width height] [global|local]

As a render runs it: scripted, saved weights or none make no difference to memory. Prints one JSON object; ``ratio`` is
the peak by what ``memory.needed`` foretells. Run it in a process of its own, under Linux.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from film_recovery.learning import memory, tiling
from film_recovery.learning.nafnet import Nafnet


def peak() -> int:
    """Bytes that this process has held at its fullest."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main(width: int, height: int, pooling: str) -> None:
    """Measures and prints."""
    warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
    network = Nafnet(pooling=pooling).eval().requires_grad_(False)
    module = torch.jit.script(network)
    frame = np.random.default_rng(0).random((height, width, 3), np.float32)
    start = time.perf_counter()
    tiling.apply(module, frame, radius=network.radius)
    result = {
        "bench": "memory",
        "frame": [width, height],
        "pooling": pooling,
        "threads": torch.get_num_threads(),
        "seconds": round(time.perf_counter() - start, 1),
        "peak_gib": round(peak() / 2**30, 2),
        "ratio": round(peak() / memory.needed(network, height, width), 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    size = [int(side) for side in sys.argv[1:3]] or [4096, 3112]
    main(size[0], size[1], sys.argv[3] if len(sys.argv) > 3 else "local")
