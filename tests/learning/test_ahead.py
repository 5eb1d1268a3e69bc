"""Reading ahead: the same batches as drawn in place, errors in their step, and an end that leaves nothing behind."""

from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.ahead import Ahead
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.pairs import Opened, Pair, opened
from film_recovery.learning.sampling import Sampling, draw_batch
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import new_model, train_network


class Shelf:
    """Pairs that several threads may ask for, and which of them did; ``damaged`` cannot be read."""

    def __init__(self, damaged: int = -1) -> None:
        random = np.random.default_rng(1)
        sides = [random.random((2, 40, 44, 3)).astype(np.float32) for _ in range(5)]
        self.pairs = [Pair(given, truth, f"pair {index}") for index, (given, truth) in enumerate(sides)]
        self.damaged, self.asked = damaged, set[str]()

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int, /) -> Pair:
        return self.pairs[index]

    def opened(self, index: int, /) -> Opened:
        self.asked.add(threading.current_thread().name)
        if index == self.damaged:
            raise FilmRecoveryError(f"pair {index} is damaged.", remedy="bring it back")
        return self.pairs[index]


ALL = Sampling(
    16, 3, 5, exposure=0.1, vflip=True, transpose=True, shift=1.0, scale=0.1, jitter=0.5, position=True
)


@pytest.mark.parametrize("places", [range(3), range(1, 3)])
def test_batches_are_those_drawn_in_place(places: range) -> None:
    shelf = Shelf()
    with closing(Ahead(shelf, ALL, places)) as ahead:
        for step in range(4, 12):
            for found, expected in zip(
                ahead.take(step), draw_batch(shelf.pairs, ALL, step, places), strict=True
            ):
                assert torch.equal(found, expected)
    assert shelf.asked and threading.current_thread().name not in shelf.asked


def test_an_error_comes_in_the_step_that_it_belongs_to() -> None:
    sampling = Sampling(16, 1, 5)
    order = []
    for step in range(10):
        shelf = Shelf()
        for index in range(5):
            shelf.damaged = index
            try:
                draw_batch(shelf, sampling, step)
            except FilmRecoveryError:
                order.append(index)
    last = order[4]  # each comes once in the first five steps
    with closing(Ahead(Shelf(last), sampling, range(1))) as ahead:
        for step in range(4):
            ahead.take(step)
        with pytest.raises(FilmRecoveryError, match=f"pair {last} is damaged"):
            ahead.take(4)


def test_closed_it_leaves_no_thread() -> None:
    with closing(Ahead(Shelf(), ALL, range(3))) as ahead:
        ahead.take(0)
        assert any(thread.name.startswith("ahead") for thread in threading.enumerate())
    assert not any(thread.name.startswith("ahead") for thread in threading.enumerate())


def test_a_source_for_one_thread_is_asked_by_no_other() -> None:
    shelf = Shelf()
    with closing(Ahead(shelf.pairs, ALL, range(3))) as ahead:
        assert torch.equal(ahead.take(1).given, draw_batch(shelf.pairs, ALL, 1).given)
        assert not any(thread.name.startswith("ahead") for thread in threading.enumerate())
    assert opened(shelf.pairs, 2) is shelf.pairs[2]


def test_weights_are_those_of_a_training_in_place(tmp_path) -> None:
    settings = Settings(steps=6, patch=16, batch=2, seed=3)
    found = []
    for name, pairs in (("ahead", Shelf()), ("in place", Shelf().pairs)):
        model = new_model(LumaFilter("srgb", 3, 1), pairs, settings)
        train_network(model, pairs, settings, tmp_path / name, hashes={})
        found.append(b"".join(value.numpy().tobytes() for value in model.state_dict().values()))
    assert found[0] == found[1]
