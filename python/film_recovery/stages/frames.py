"""Frames of a script's Write, made by this process or by several, each with the count of values outside 0–1.

``run``, ``infer`` and ``render`` all make their frames here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import engine, nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.errors import UsageError
from film_recovery.imaging.frame import Frame
from film_recovery.learning import share
from film_recovery.rendering import several
from film_recovery.rendering.record import Record
from film_recovery.rendering.render import opened, room_for
from film_recovery.stages import outside

PROCESS = "film_recovery.stages.frames_process"
Progress = Callable[[int, int, int, bool, int], None]


@dataclass(frozen=True)
class Made:
    """``rendered``: what a render did; ``outside``: what was counted outside 0–1 in the frames, for the ledger."""

    rendered: rendering.Rendered
    outside: Mapping[str, Any]


def figures(evaluator: Evaluator, node: str, frame: int) -> Callable[[Frame], dict[str, Any]]:
    """What the record keeps of a frame that is about to be made, told once it is."""
    counted = outside.counting(evaluator, node, frame)

    def told(made: Frame) -> dict[str, Any]:
        found = counted(made)
        return {"outside": found} if found else {}

    return told


def make_frames(
    script: Path,
    node: str,
    frames: Sequence[int],
    *,
    header: Mapping[str, str] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Made:
    """Writes ``frames`` of the Write ``node`` of ``script``, by ``workers`` processes; as :func:`rendering.render`.

    ``progress(done, total, frame, kept, to_make)``: the last, how many of those to come the record does not expect to
    be kept.
    Raises UsageError for fewer than one.
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: none would render.", remedy="choose 1 or more")
    evaluator = Evaluator(nk.load(script))
    job = engine.model_hashes(evaluator, node)
    tell = counting(evaluator, node, frames, job, header, progress) if progress else _untold
    if workers == 1 or len(frames) < 2:
        with share.kept_to(share.available()):
            done = rendering.render(
                evaluator,
                node,
                frames,
                job=job,
                header=header,
                figures=lambda own, frame: figures(own, node, frame),
                progress=tell,
            )
    else:
        done = _by_several(evaluator, script, node, frames, job, header, workers, tell)
    record = Record(done.files[0].parent) if done.files else None
    found = {
        number: row["outside"]
        for number, file in zip(frames, done.files, strict=True)
        if record is not None and (row := record.figures(file.name)).get("outside")
    }
    return Made(done, outside.total(found))


def _untold(done: int, total: int, frame: int, kept: bool) -> None:
    """Where nobody asks how far it is."""


def counting(
    evaluator: Evaluator,
    node: str,
    frames: Sequence[int],
    job: str,
    header: Mapping[str, str] | None,
    progress: Progress,
) -> rendering.Progress:
    """The progress of a render, asked alike, that tells beside each frame how many are still to be made."""
    sequence = rendering.write_output(evaluator, node).sequence
    there = os.path.isdir(sequence.folder)  # what is wrong with the folder the render says
    noted = rendering.noted(evaluator, node, frames, job=job, header=header) if there else set()
    to_make = {frame for frame in frames if frame not in noted or not sequence.path(frame).is_file()}

    def tell(done: int, total: int, frame: int, kept: bool) -> None:
        to_make.discard(frame)
        progress(done, total, frame, kept, len(to_make))

    return tell


def _by_several(
    evaluator: Evaluator,
    script: Path,
    node: str,
    frames: Sequence[int],
    job: str,
    header: Mapping[str, str] | None,
    workers: int,
    progress: rendering.Progress,
) -> rendering.Rendered:
    done: dict[int, int | None] = {}
    with opened(evaluator, node, frames, job=job, header=header) as whole:
        room = room_for(whole, frames, workers)
        room.refuse_too_little()
        free, count = share.available(), min(workers, len(frames))
        # One day for all, also where the job begins only now.
        task = {
            "script": str(script),
            "node": node,
            "job": job,
            "header": dict(header or {}),
            "day": whole.began,
            "workers": count,
            "memory": None if free is None else free // count,
        }

        def told(number: int, reply: Mapping[str, Any]) -> None:
            done[number] = reply["outside"]
            if reply["outside"] is not None:
                room.made(number, whole.path(number))
            progress(len(done), len(frames), number, reply["outside"] is None)
            room.refuse_too_little()

        several.shared_out(several.interpreter(PROCESS), task, frames, workers, told)
        files = tuple(whole.path(number) for number in frames)
    written = tuple(number for number in frames if done[number] is not None)
    kept = tuple(number for number in frames if done[number] is None)
    return rendering.Rendered(written, kept, sum(count or 0 for count in done.values()), files)
