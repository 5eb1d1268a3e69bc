"""A program, run by the engine's Python: masters of a project that stand out from the frames around them.

python spoil_frames.py PROJECT FRAME...
"""

from __future__ import annotations

import sys

from film_recovery import project
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB
from film_recovery.stages.view import View


def main(folder: str, *frames: str) -> None:
    sequence = View(project.load(folder)).output.sequence
    for frame in map(int, frames):
        path = sequence.path(frame)
        sound = read_frame(path)
        write_frame(sound.with_channels(RGB, sound.select(RGB) * (0.9, 1.05, 0.9)), path, datatype="half")


if __name__ == "__main__":
    main(*sys.argv[1:])
