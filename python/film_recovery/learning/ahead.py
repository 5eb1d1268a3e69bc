"""Reads ahead: the patches of the next steps are drawn by a few threads while a step computes.

Which patches a step sees is a pure function (``sampling.py``), so whoever draws them, and when, the batches are the
same bytes. Only sources that several threads may ask (``pairs.PartSource``) are read ahead; from others, such as the
frames of a script, each batch is drawn when its step comes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from film_recovery.learning.pairs import PairSource, PartSource
from film_recovery.learning.sampling import Batch, Patch, Sampling, batch_of, draw_batch, draw_patch

# Each thread holds at most one pair that it decodes: 0.3 GiB for 12 megapixels.
_THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))
_STEPS = 2  # at least so many steps ahead


class Ahead:
    """The batches of a training, step after step; to be closed."""

    def __init__(self, pairs: PairSource, sampling: Sampling, places: Sequence[int]) -> None:
        """``places``: those of each batch that are wanted, in order."""
        self.pairs, self.sampling, self.places = pairs, sampling, places
        self._pool = ThreadPoolExecutor(_THREADS, "ahead") if isinstance(pairs, PartSource) else None
        self._steps = max(_STEPS, -(-2 * _THREADS // len(places)))
        self._under_way: dict[int, list[Future[Patch]]] = {}

    def take(self, step: int) -> Batch:
        """As :func:`draw_batch`; what went wrong in drawing it is raised here, in the step that it belongs to."""
        if self._pool is None:
            return draw_batch(self.pairs, self.sampling, step, self.places)
        for wanted in range(step, step + self._steps + 1):
            if wanted not in self._under_way:
                self._under_way[wanted] = [
                    self._pool.submit(draw_patch, self.pairs, self.sampling, wanted, place)
                    for place in self.places
                ]
        return batch_of([patch.result() for patch in self._under_way.pop(step)], self.sampling)

    def close(self) -> None:
        """Ends the threads, after the patch that each is at."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
