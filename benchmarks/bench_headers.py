"""How long the headers of ten thousand frames take: the survey of stage 0 against reading them one by one.

    python benchmarks/bench_headers.py [--frames 10000] [--workers 4]

Writes small EXR files with timecodes to a temporary folder. Prints one JSON object: seconds of ``footage.headers``, and
of OpenImageIO opening the same files one after another and telling no more than their size, which is the peer.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from film_recovery.footage.headers import WORKERS, header_findings, survey
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=WORKERS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _write(place, given.frames)
        started = time.perf_counter()
        found = survey("Source", str(place / "scan.#####.exr"), workers=given.workers)
        findings = header_findings(found)
        ours = time.perf_counter() - started
        started = time.perf_counter()
        sizes = {_size(place / f"scan.{number:05d}.exr") for number in range(given.frames)}
        peer = time.perf_counter() - started
    said = {
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "frames": len(found.frames),
        "workers": given.workers,
        "seconds": round(ours, 2),
        "opened_one_by_one_seconds": round(peer, 2),
        "ratio": round(ours / peer, 2),
        "findings": {one.id: one.severity for one in findings},
        "sizes": sorted(sizes),
    }
    print(json.dumps(said))


def _write(place: Path, count: int) -> None:
    metadata = {"timeCode": (0x01000000, 0), "framesPerSecond": (24, 1)}
    first = place / "scan.00000.exr"
    write_frame(
        Frame.from_array(np.zeros((18, 32, 3), np.float32), metadata=metadata), first, datatype="half"
    )
    for number in range(1, count):
        shutil.copyfile(first, place / f"scan.{number:05d}.exr")


def _size(path: Path) -> tuple[int, int]:
    image = oiio.ImageInput.open(str(path))
    size = image.spec().width, image.spec().height
    image.close()
    return size


if __name__ == "__main__":
    main()
