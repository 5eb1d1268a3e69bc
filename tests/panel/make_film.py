"""A program, run by the engine's Python: a small film in a folder, and a project of it.

    python make_film.py FOLDER [--signed] [--steps N] [--break-lock] [--long]

The film is that of the stages' tests, from free photographs. ``--signed``: every manual check is signed. ``--steps``:
of the network; without, the closed form alone. ``--break-lock``: the script's identity lock is off, which has a repair.
``--long``: another film, of 160 frames with a model, to be rendered; all is signed but its short range.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

from film_recovery.project import Training

SHORT_RANGE = "inference.short_range"


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("--signed", action="store_true")
    asked.add_argument("--break-lock", action="store_true")
    asked.add_argument("--steps", type=int, default=0)
    asked.add_argument("--long", action="store_true")
    given = asked.parse_args()
    stages = _stages()
    if given.long:
        stages.signed(
            stages.make_long(given.folder, stages.write_long(given.folder / "film")).folder, SHORT_RANGE
        )
        return
    place = stages.make_place(given.folder, "spatial-gauge")
    place.make(training=Training(size="small", patch=32, batch=2, steps=given.steps))
    if given.signed:
        stages.signed(place.folder)
    if given.break_lock:
        place.knob("FR_Inference1", "lock", "false")


def _stages() -> object:
    """The stages' own test film."""
    file = Path(__file__).resolve().parents[1] / "stages" / "conftest.py"
    spec = importlib.util.spec_from_file_location("stages_conftest", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
