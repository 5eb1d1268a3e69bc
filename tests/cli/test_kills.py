"""Ten kills all over a run: each rerun goes on from what is there, and everything equals a run that was left alone."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.engine.networks import CHECKPOINT_EVERY
from film_recovery.learning.checkpoint import checkpoints, step_of

STEPS = 320
FRAMES = 12
SEED = 20261121
# What is heard before each kill: kind or subject of an event, and how much of it is done.
MOMENTS = (
    ("", 0),  # while it starts
    ("check", 0),
    ("network", 40),  # before the first checkpoint
    ("network", 115),  # after it; from here on each run goes on from a checkpoint
    ("network", 160),
    ("network", 198),  # about to write the second
    ("network", 260),
    ("model", 1),
    ("render", 2),
    ("render", 7),
)


@pytest.fixture
def trained_film(film: Path) -> Path:
    """The small film with a network to train, long enough to be killed in."""
    project.update(
        film,
        {
            "training.steps": STEPS,
            "training.patch": 16,
            "training.batch": 1,
            "inference.frames": "1001-1012",
        },
    )
    return film


def made(film: Path) -> dict[str, str]:
    """SHA-256 of the final weights, of the sidecar and of every rendered frame."""
    files = [
        *sorted((film / "pipeline" / "04_inference_render").glob("*.exr")),
        *sorted((film / "pipeline" / "03_copycat_training").glob("*.pt")),
        *sorted((film / "pipeline" / "03_copycat_training").glob("*.json")),
    ]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def newest_checkpoint(film: Path) -> int:
    """How many steps the newest checkpoint of the film's training has; 0 without one."""
    found = (film / "pipeline" / "03_copycat_training").glob("run_*/checkpoints")
    return max((step_of(path) for folder in found for path in checkpoints(folder)), default=0)


def heard(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.endswith("\n"):  # a kill can tear the last one
            yield json.loads(line)


def killed(process: subprocess.Popen[str], what: str, done: int, wait: float) -> list[dict[str, Any]]:
    """Kills ``process``, which has to be alive, ``wait`` seconds after the event; all that it said until then."""
    said: list[dict[str, Any]] = []
    if what:
        for event in heard(process):
            said.append(event)
            if what in (event["event"], event.get("what")) and event.get("done", 0) >= done:
                break
    time.sleep(wait)
    assert process.poll() is None, f"the run had ended before it was killed at {what} {done}: {said[-1:]}"
    process.send_signal(signal.SIGKILL)
    said.extend(heard(process))
    assert process.wait() == -signal.SIGKILL
    return said


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_leave_no_trace_in_the_result(film_recovery, started, trained_film: Path) -> None:
    pristine = trained_film.with_name("pristine")
    shutil.copytree(trained_film, pristine)
    said = film_recovery("run", "--project", trained_film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    expected = made(trained_film)
    assert len(expected) == FRAMES + 2

    shutil.rmtree(trained_film)  # the same place again: paths and names are part of what is made
    shutil.copytree(pristine, trained_film)
    print(f"seed {SEED}")
    random_wait = random.Random(SEED)
    after_a_checkpoint, resumed, rendering = [], [], []
    for what, done in MOMENTS:
        before = newest_checkpoint(trained_film)
        with started("run", "--project", trained_film, "--json") as process:
            events = killed(process, what, done, random_wait.uniform(0, 0.02 if what else 0.5))
        progress = [event for event in events if event["event"] == "progress"]
        steps = [event["done"] for event in progress if event["what"] == "network"]
        assert not steps or steps[0] == before + 1, "not resumed from its newest checkpoint"
        resumed += [steps[0]] if before and steps else []
        last = progress[-1] if progress else {"what": "", "done": 0, "total": 0}
        print(f"killed at {last['what']} {last['done']} of {last['total']}")
        if last["what"] == "network" and CHECKPOINT_EVERY < last["done"] < STEPS:
            after_a_checkpoint.append(last["done"])
        if last["what"] == "render" and last["done"] < FRAMES:
            rendering.append(last["done"])
    assert after_a_checkpoint and resumed and rendering

    said = film_recovery("run", "--project", trained_film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    assert ledger.verify(trained_film) == ()
    assert made(trained_film) == expected
