"""The processes that train together: which of them this is, and what they tell one another.

``torchrun --nproc-per-node 2 -m film_recovery … train …`` starts them and says in the environment who is who. Each
computes its share of every batch; the terms of the loss and the gradients of all add up to those of one process with
the whole batch. The first alone writes. A process that ends, however it ends, closes its connections: the others then
raise where they wait for it. One process alone is ``ALONE``, for which all of this does nothing.

On the CPU they talk through gloo; on NVIDIA cards through nccl, which is *unconfirmed* on more than one card.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import torch
from torch import Tensor, distributed, nn

from film_recovery.errors import FilmRecoveryError

# The first measures and pictures while the others wait; one that died is noticed at once all the same.
_LONGEST_WAIT = timedelta(hours=4)
_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Workers:
    """``rank`` (from 0) of this process among ``count``; on this computer it is ``local`` among ``here``."""

    rank: int = 0
    count: int = 1
    local: int = 0
    here: int = 1

    @property
    def writes(self) -> bool:
        """Whether this process writes files and speaks to the operator: the first does."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """The places of a global ``batch`` that this process computes: equal shares, in order.

        Raises FilmRecoveryError, naming the nearest two batches, when it cannot be divided.
        """
        if batch % self.count:
            below, above = batch // self.count * self.count, (batch // self.count + 1) * self.count
            nearest = f"{below} or {above}" if below else str(above)
            raise FilmRecoveryError(
                f"A batch of {batch} cannot be shared by {self.count} processes.",
                remedy=f"choose a batch of {nearest}, or another number of processes",
            )
        size = batch // self.count
        return range(self.rank * size, (self.rank + 1) * size)

    def total(self, tensor: Tensor) -> Tensor:
        """The sum of ``tensor`` over all processes, the same in each, without a gradient."""
        found = tensor.detach()
        if self.count == 1:
            return found
        found = found.clone()
        with _together():
            distributed.all_reduce(found)
        return found

    @torch.no_grad()
    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replaces each gradient by its sum over all processes."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.total(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def from_first(self, tensor: Tensor) -> Tensor:
        """``tensor`` of the first process, in each; all have one of the same shape and type."""
        return self.total(tensor if self.writes else torch.zeros_like(tensor))

    @torch.no_grad()
    def take_from_first(self, module: nn.Module) -> None:
        """Gives ``module`` the weights and buffers that the first process has."""
        if self.count > 1:
            for value in module.state_dict().values():
                value.copy_(self.from_first(value))

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is true in any process."""
        if self.count == 1:
            return flag
        return bool(self.total(torch.tensor([float(flag)])).item() > 0)

    def barrier(self) -> None:
        """Waits until every process is here."""
        self.any(False)


ALONE = Workers()


@contextmanager
def from_environment() -> Iterator[Workers]:
    """The workers that torchrun's variables name, joined until the end of the block; ALONE without them.

    Raises FilmRecoveryError for variables that are missing or make no sense, and for others that do not come.
    """
    rank, count = _numbers()
    if count == 1:
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if distributed.is_nccl_available() else "gloo"
    try:
        distributed.init_process_group(backend, rank=rank, world_size=count, timeout=_LONGEST_WAIT)
    except (RuntimeError, ValueError) as error:
        raise FilmRecoveryError(
            f"The processes of this training do not find one another: {_first_line(error)}.",
            remedy="start them with torchrun, and check MASTER_ADDR and MASTER_PORT",
        ) from error
    try:
        yield Workers(rank, count, *_here(rank, count))
    finally:
        distributed.destroy_process_group()


def leave(code: int) -> NoReturn:
    """Ends this process with ``code``, at once, what it said being written.

    For one of several: threads of torch that outlive the training, or still wait for a process that died, may abort the
    interpreter on its way out, and what ended well, or in an error, would end as a crash.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _numbers() -> tuple[int, int]:
    """Rank and number of processes as the environment has them."""
    if "WORLD_SIZE" not in os.environ:
        return 0, 1
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if missing:
        raise FilmRecoveryError(
            f"WORLD_SIZE is set, but not {', '.join(missing)}.",
            remedy="start the processes with torchrun, or unset WORLD_SIZE to train in one",
        )
    try:
        rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except ValueError:
        rank, count = -1, 0
    if not 0 <= rank < count:
        raise FilmRecoveryError(
            f"This is process {os.environ['RANK']} of {os.environ['WORLD_SIZE']}, as RANK and WORLD_SIZE say.",
            remedy="start the processes with torchrun",
        )
    return rank, count


def _here(rank: int, count: int) -> tuple[int, int]:
    """Rank and number of processes on this computer; without torchrun's word, all are."""
    local, here = (os.environ.get(name, "") for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    return (int(local), int(here)) if local.isdecimal() and here.isdecimal() else (rank, count)


@contextmanager
def _together() -> Iterator[None]:
    """What torch says when another process is gone, as a message."""
    try:
        yield
    except RuntimeError as error:
        raise FilmRecoveryError(
            "Another process of this training has ended, so this one ends too.",
            remedy="look at what the other said; then resume from the last checkpoint",
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
