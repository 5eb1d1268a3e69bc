"""One of several processes at a render: a task as a line of JSON, then frame numbers, one a line; a reply to each.

Ends when nothing more comes. Where the one that hands out is gone, another render may be on by now: what this one is
at is not put into its place.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from film_recovery import engine as engine  # registers Inference
from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import share
from film_recovery.rendering.render import opened
from film_recovery.rendering.space import Room
from film_recovery.stages.frames import figures


def main(replies: TextIO) -> None:
    """Works until standard input ends, or a frame cannot be made. ``replies``: where each line of reply goes."""

    def say(reply: dict[str, object]) -> None:
        print(json.dumps(reply), file=replies, flush=True)

    leader = os.getppid()
    task = json.loads(sys.stdin.readline() or "null")
    try:
        if task is not None:
            _work(task, say, leader)
    except BrokenPipeError:  # nobody hears any more
        sys.stderr.close()


def _work(task: Mapping[str, Any], say: Callable[[dict[str, object]], None], leader: int) -> None:
    try:
        evaluator = Evaluator(nk.load(Path(task["script"])))
        node = task["node"]
        with (
            share.kept_to(task["memory"], task["workers"]),
            opened(
                evaluator,
                node,
                [],
                job=task["job"],
                header=task["header"],
                day=task["day"],
                figures=lambda own, frame: figures(own, node, frame),
                wanted=lambda: os.getppid() == leader,
            ) as whole,
        ):
            room = Room(whole.output.folder, [], {})  # who leads knows how much is to come
            for line in sys.stdin:
                say({"outside": whole.make(int(line), room)})
    except FilmRecoveryError as error:
        said = {"message": error.message, "remedy": error.remedy, "exit_code": error.exit_code}
        say({"error": {**said, "where": {key: str(value) for key, value in error.where.items()}}})
