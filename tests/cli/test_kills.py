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

import numpy as np
import pytest
import torch

from film_recovery import ledger, project
from film_recovery.engine.networks import CHECKPOINT_EVERY
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning.checkpoint import BEST, checkpoints, load_checkpoint, step_of

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

# Of a training alone, 80 steps and a round of 20 in any case: start, training, looks (at 40 and 80), extension.
TRAINING_MOMENTS = (0, 0, 3, 25, 40, 62, 80, 84, 91, 97)


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


def pairs_in(folder: Path, names: str, seed: int) -> Path:
    random = np.random.default_rng(seed)
    for name in names:
        truth = random.uniform(0, 1, (96, 128, 3)).astype(np.float32)
        for side, picture in (("source", truth**1.6), ("target", truth)):
            write_frame(Frame.from_array(picture), folder / side / f"{name}.png", create_directories=True)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_leave_no_trace_in_a_training_that_goes_on(film_recovery, started, tmp_path: Path) -> None:
    """The command train: killed while it starts, trains, looks and is extended, and each time resumed."""
    options: dict[str, object] = {
        "pairs": pairs_in(tmp_path / "pairs", "abc", 1),
        "held-out": pairs_in(tmp_path / "held", "xy", 2),
        "recipe": "colour",
        "steps": 80,
        "ceiling": 120,
        "patch": 32,
        "batch": 2,
        "look-every": 40,
        "checkpoint-every": 5,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    through, run = tmp_path / "through", tmp_path / "run"
    said = film_recovery("train", *words, "--out", through, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    assert said.result["steps_done"] > max(TRAINING_MOMENTS), (
        "the training was not extended past the last kill"
    )

    print(f"seed {SEED}")
    random_wait = random.Random(SEED)
    seen = []
    for moment in TRAINING_MOMENTS:
        begun = (run / "training.yaml").exists()
        asked = ("--resume", run) if begun else (*words, "--out", run)
        before = max(map(step_of, checkpoints(run / "checkpoints")), default=0)
        with started("train", *asked, "--json") as process:
            wait = random_wait.uniform(0, 0.02 if moment else 2)
            events = killed(process, "network" if moment else "", moment, wait)
        steps = [event["done"] for event in events if event.get("what") == "network"]
        assert not steps or steps[0] == before + 1, "not resumed from its newest checkpoint"
        seen.append(steps[-1] if steps else 0)
        print(f"killed at step {seen[-1]}, begun at {before}")
    assert any(step > 80 for step in seen)

    said = film_recovery("train", "--resume", run, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    for name in ("model.pt", "closed_form.pt"):
        assert (run / name).read_bytes() == (through / name).read_bytes(), name
    best = [load_checkpoint(folder / "checkpoints" / BEST) for folder in (run, through)]
    assert best[0].best == best[1].best
    assert all(torch.equal(value, best[1].average[name]) for name, value in best[0].average.items())
    names = [
        sorted(path.name for path in (folder / "checkpoints").glob("*.ckpt")) for folder in (run, through)
    ]
    assert names[0] == names[1]
