"""A program, run by the engine's Python: whether two scripts give the same pictures.

python same_frames.py SCRIPT OTHER NODE:FRAME...
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from film_recovery import (
    engine as engine,  # registers CopyCat and Inference
)
from film_recovery import (
    nk,
)
from film_recovery.comp import Evaluator


def main() -> None:
    first, second = (Evaluator(nk.load(Path(name))) for name in sys.argv[1:3])
    for word in sys.argv[3:]:
        node, _, number = word.partition(":")
        one, other = (evaluator.frame(node, int(number)) for evaluator in (first, second))
        assert one.channels == other.channels and one.bbox == other.bbox, word
        np.testing.assert_array_equal(one.pixels, other.pixels, err_msg=word)
        assert float(np.ptp(one.pixels)) > 0, f"{word} is one colour: it says nothing"


if __name__ == "__main__":
    main()
