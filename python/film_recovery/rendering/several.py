"""Several processes at one render: each makes frames of its own, and together they make the bytes that one would.

The frames are handed out one by one, so that a slow one keeps nobody waiting. What a frame is does not depend on who
makes it. A process that loses the one that hands out puts no frame into its place any more, and ends.
``stages.frames_process`` is the program that each runs; here they are only led.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from film_recovery.errors import FilmRecoveryError

Reply = Mapping[str, Any]
_END: Reply = {}


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[str]
    frame: int | None = None
    heard: Thread | None = None

    def give(self, frame: int) -> None:
        self.frame = frame
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{frame}\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended, and its last words are on their way


@dataclass(eq=False)
class _Line:
    """What the workers say, in the order in which they say it."""

    queue: SimpleQueue[tuple[_Worker, Reply]] = field(default_factory=SimpleQueue)

    def follow(self, worker: _Worker) -> None:
        def hear() -> None:
            assert worker.process.stdout is not None
            try:
                for line in worker.process.stdout:
                    reply = _reply(line)
                    if reply:
                        self.queue.put((worker, reply))
            finally:  # whatever came: who waits for this process is told
                self.queue.put((worker, _END))

        worker.heard = Thread(target=hear, daemon=True)
        worker.heard.start()


def shared_out(
    command: Sequence[str],
    task: Mapping[str, Any],
    frames: Sequence[int],
    workers: int,
    told: Callable[[int, Reply], None],
) -> None:
    """Has ``frames`` made by ``workers`` processes of ``command``, each of which reads ``task`` as one line of JSON.

    ``told``: called with each frame and what its process said of it. Raises the FilmRecoveryError that a process
    reports or ``told`` raises; the others then finish the frame that they are at, so nothing half-made is left.
    """
    waiting = list(reversed(frames))
    line = _Line()
    with _processes(command, task, min(workers, len(frames))) as processes:
        busy = 0
        for worker in processes:
            line.follow(worker)
            worker.give(waiting.pop())
            busy += 1
        while busy:
            worker, reply = line.queue.get()
            if not reply:
                if worker.frame is not None:
                    raise _lost(worker)
                continue
            if "error" in reply:
                raise _error(reply)
            frame, worker.frame = worker.frame, None
            busy -= 1
            assert frame is not None
            told(frame, reply)
            if waiting:
                worker.give(waiting.pop())
                busy += 1


@contextmanager
def _processes(command: Sequence[str], task: Mapping[str, Any], count: int) -> Iterator[list[_Worker]]:
    threads = max(1, (os.cpu_count() or 1) // count)
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))}
    begun: list[_Worker] = []
    try:
        for _ in range(count):
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=environment,
            )
            begun.append(_Worker(process))
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(dict(task)) + "\n")
                process.stdin.flush()
            except OSError:
                pass
        yield begun
    finally:
        for worker in begun:  # no more frames: each ends after the one that it is at
            assert worker.process.stdin is not None
            try:
                worker.process.stdin.close()
            except OSError:
                pass
        for worker in begun:
            worker.process.wait()
            if worker.heard is not None:
                worker.heard.join()
            assert worker.process.stdout is not None
            worker.process.stdout.close()


# Isolated (-I): of the folder that it is started in, and of the environment, nothing is imported.
_PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # who leads is told, and stops handing out
replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what a library prints is no reply
sys.path[:0] = [{path!r}]
from {module} import main
main(replies)
"""


def interpreter(module: str) -> list[str]:
    """The command that runs ``main`` of ``module`` of this program, given the stream for its replies, with the Python
    that runs now."""
    path = str(Path(__file__).resolve().parents[2])
    return [sys.executable, "-I", "-c", _PROGRAM.format(path=path, module=module)]


def _reply(line: str) -> Reply:
    """What a line says; empty for one that is no reply."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _error(reply: Reply) -> FilmRecoveryError:
    said = reply["error"]
    error = FilmRecoveryError(said["message"], remedy=said.get("remedy", ""), **said.get("where", {}))
    error.exit_code = int(said.get("exit_code", error.exit_code))
    return error


def _lost(worker: _Worker) -> FilmRecoveryError:
    assert worker.process.stdin is not None
    try:
        worker.process.stdin.close()  # one that only stopped replying ends too
    except OSError:
        pass
    worker.process.wait()
    return FilmRecoveryError(
        f"A process of the render ended at this frame without a word (exit code {worker.process.returncode}).",
        frame=worker.frame,
        remedy="run it again: finished frames are kept; with fewer --workers where the memory was short",
    )
