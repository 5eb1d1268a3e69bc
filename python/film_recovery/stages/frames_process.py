"""One of several processes at a render: a task as a line of JSON, then frame numbers, one a line; a reply to each.

Ends when nothing more comes, also because the one that hands out is gone: what it is at is finished first.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from film_recovery import engine as engine  # registers Inference
from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.rendering.render import opened
from film_recovery.rendering.space import Room
from film_recovery.stages.frames import figures


def main() -> None:
    """Works until standard input ends, or a frame cannot be made."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who leads is told, and stops handing out
    task = json.loads(sys.stdin.readline() or "null")
    if task is None:
        return
    try:
        evaluator = Evaluator(nk.load(Path(task["script"])))
        node = task["node"]
        with opened(
            evaluator,
            node,
            [],
            job=task["job"],
            header=task["header"],
            day=task["day"],
            figures=lambda own, frame: figures(own, node, frame),
        ) as whole:
            room = Room(whole.output.folder, [], {})  # who leads knows how much is to come
            for line in sys.stdin:
                _say({"outside": whole.make(int(line), room)})
    except FilmRecoveryError as error:
        said = {"message": error.message, "remedy": error.remedy, "exit_code": error.exit_code}
        _say({"error": {**said, "where": {key: str(value) for key, value in error.where.items()}}})
    except BrokenPipeError:
        sys.stderr.close()


def _say(reply: dict[str, object]) -> None:
    print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
