"""What the buttons of the blocks call, with the node's full name: the running Nuke as a host, then the block's logic.

What an operator can put right is told, and nothing raises. The logic is imported when a button is pressed,
so that start-up pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from film_recovery.plugin.guard import telling

if TYPE_CHECKING:
    from film_recovery.host.base import Host


def rebuild_pair_stack(path: str) -> None:
    """FR_PairStack ▸ Rebuild."""
    from film_recovery.plugin import pair_stack

    _told(pair_stack.rebuild_and_tell, path)


def pairs_from_project(path: str) -> None:
    """FR_PairStack ▸ Pairs from project."""
    from film_recovery.plugin import pair_stack

    _told(pair_stack.take_from_project, path)


def pairs_to_project(path: str) -> None:
    """FR_PairStack ▸ Pairs to project."""
    from film_recovery.plugin import pair_stack

    _told(pair_stack.give_to_project, path)


def add_automatic_branch(path: str) -> None:
    """FR_Align ▸ Add automatic branch."""
    from film_recovery.plugin import align

    _told(align.add_automatic_branch, path)


def start_training(path: str) -> None:
    """FR_CopyCat ▸ Start Training."""
    from film_recovery.plugin import copycat

    _told(copycat.start_training, path)


def resume_training(path: str) -> None:
    """FR_CopyCat ▸ Resume Training."""
    from film_recovery.plugin import copycat

    _told(copycat.resume_training, path)


def create_inference(path: str) -> None:
    """FR_CopyCat ▸ Create Inference."""
    from film_recovery.plugin import copycat

    _told(copycat.create_inference, path)


def show_progress(path: str) -> None:
    """FR_CopyCat ▸ Show progress."""
    from film_recovery.plugin import copycat

    _told(copycat.show_progress, path)


def set_epochs(path: str) -> None:
    """FR_CopyCat ▸ Count pairs; CopyCat ▸ Film Recovery ▸ Set epochs."""
    from film_recovery.plugin import copycat

    _told(copycat.set_epochs, path)


def analyse_match_grade(path: str) -> None:
    """FR_MatchGradeBaseline ▸ Analyse."""
    from film_recovery.plugin import match_grade

    _told(match_grade.analyse, path)


def _told(logic: Callable[[Host, str], Any], path: str) -> None:
    from film_recovery.host.nuke import NukeHost

    host = NukeHost()
    with telling(host, path):
        logic(host, path)
