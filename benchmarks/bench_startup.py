"""What Film Recovery adds to the start of NukeX, beside an init.py that only imports nuke.

    python benchmarks/bench_startup.py

Each is run in a fresh Python with the committed emulation of ``nuke``. Prints one JSON object: milliseconds for
``init.py`` and ``menu.py`` together, for the empty one, what is added, and the ratio of both. Best of 9.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import runpy, sys, time
sys.path[:0] = [{emulation!r}, {python!r}]
import nuke
started = time.perf_counter()
for file in {files!r}:
    runpy.run_path(file)
print((time.perf_counter() - started) * 1000)
"""


def milliseconds(files: list[Path], emulation: Path) -> float:
    """The shortest of nine starts."""
    python = str(ROOT / "python")
    program = PROGRAM.format(emulation=str(emulation), python=python, files=[str(file) for file in files])
    runs = []
    for _ in range(9):
        done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, encoding="utf-8")
        lines = done.stdout.splitlines()
        if done.returncode or len(lines) != 1:
            sys.exit(f"the start failed: {done.stdout}{done.stderr}")
        runs.append(float(lines[0]))
    return min(runs)


def main() -> None:
    """Measures and prints."""
    emulation = ROOT / "tests" / "emulated_nuke"
    empty = ROOT / "benchmarks" / "empty_init.py"
    ours = milliseconds([ROOT / "init.py", ROOT / "menu.py"], emulation)
    peer = milliseconds([empty, empty], emulation)
    result = {
        "bench": "startup",
        "milliseconds": round(ours, 2),
        "empty_milliseconds": round(peer, 2),
        "added_milliseconds": round(ours - peer, 2),
        "ratio": round(ours / peer, 1),
        "python": platform.python_version(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
