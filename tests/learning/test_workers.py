"""Several processes train as one: the same losses, one that writes, and an end for all on every path. Real processes,
real connections."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.checkpoint import checkpoints, load_checkpoint
from film_recovery.learning.workers import Workers, from_environment

# Each process: trains, prints "step N TOTAL" for each step of the first, and "done" or "end NAME MESSAGE". It ends as
# the command does.
CODE = """
import sys, os, json, signal, torch
from dataclasses import replace
from pathlib import Path
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import test_trainer
from film_recovery.learning.trainer import Watch
from film_recovery.learning.workers import from_environment, leave
folder, wish, options = Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
settings = replace(test_trainer.SETTINGS, **options)
asked = 0
def step(number, terms, rate):
    print("step", number, repr(sum(terms.values())), flush=True)
def look(number, model):
    if wish == "look fails" and number == 4:
        raise OSError(28, "No space left on device")
def stop():
    global asked
    asked += 1
    if workers.rank == 1 and asked == 3:
        if wish == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if wish == "error":
            raise RuntimeError("broken")
        return wish == "stop"
    return False
pairs = test_trainer.make_pairs()
try:
    with from_environment() as workers:
        if wish == "other pairs" and workers.rank == 1:
            pairs[0].input[0, 0, 0] += 0.5
        watch = Watch(step=step, look=look, every=4, stop=stop)
        test_trainer.run(folder / str(workers.rank) if wish == "own folders" else folder, settings, pairs,
            workers=workers, watch=watch, resume=wish == "resume")
        print("done", flush=True)
    leave(0)
except Exception as error:
    print("end", type(error).__name__, str(error).replace("\\n", " "), flush=True)
    leave(3)
"""


def command(folder: Path, wish: str, options: str) -> list[str]:
    return [sys.executable, "-c", CODE, str(Path(__file__).parent), str(folder), wish, options]


def together(folder: Path, wish: str = "", options: str = "{}") -> list[tuple[int, list[str]]]:
    """Two processes as torchrun starts them: exit code and lines of each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(2):
        variables = {
            "RANK": str(rank),
            "WORLD_SIZE": "2",
            "LOCAL_RANK": str(rank),
            "LOCAL_WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        process = subprocess.Popen(
            command(folder, wish, options),
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **variables},
        )
        started.append(process)
    try:
        said = [process.communicate(timeout=200)[0].splitlines() for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    return [(process.returncode, lines) for process, lines in zip(started, said, strict=True)]


def losses(lines: list[str]) -> list[float]:
    return [float(line.split()[2]) for line in lines if line.startswith("step ")]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(tmp_path):
    """50 steps, float32, terms that are plain and weighted means; and the first alone writes."""
    options = '{"steps": 50, "patch": 24, "batch": 4, "loss": {"l1": 1.0, "ssim": 0.2}}'
    alone = subprocess.run(
        command(tmp_path / "alone", "", options), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    (code, first), (other_code, other) = together(tmp_path / "both", "own folders", options)
    assert (code, other_code) == (0, 0)
    assert other == ["done"]
    assert not (tmp_path / "both" / "1").exists()
    expected = losses(alone)
    assert len(expected) == 50
    assert losses(first) == pytest.approx(expected, rel=1e-4)
    assert expected[-1] < expected[0]
    one, two = (
        load_checkpoint(checkpoints(folder)[-1]).average
        for folder in (tmp_path / "alone", tmp_path / "both" / "0")
    )
    assert all((one[name] - two[name]).abs().max() < 1e-3 for name in one)


@pytest.mark.slow
def test_a_stop_in_any_process_stops_all_at_the_same_step_and_is_kept(tmp_path):
    ends = together(tmp_path, "stop")
    assert [code for code, _ in ends] == [3, 3]
    assert all("end TrainingStopped" in lines[-1] and "after step 3" in lines[-1] for _, lines in ends)
    assert checkpoints(tmp_path)[-1].name == "step_0000003.ckpt"
    assert [code for code, _ in together(tmp_path, "resume")] == [0, 0]
    assert checkpoints(tmp_path)[-1].name == "step_0000012.ckpt"


@pytest.mark.parametrize(
    ("wish", "code"), [("error", 3), pytest.param("kill", -signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_when_one_process_ends_so_do_the_others(tmp_path, wish, code):
    (first_code, first), (other_code, other) = together(tmp_path, wish)
    assert (first_code, other_code) == (3, code)
    assert "end FilmRecoveryError Another process of this training has ended" in first[-1]
    assert wish == "kill" or other[-1] == "end RuntimeError broken"


@pytest.mark.slow
def test_when_the_first_process_cannot_go_on_neither_do_the_others(tmp_path):
    (_, first), (code, other) = together(tmp_path, "look fails")
    assert first[-1].startswith("end OSError")
    assert code == 3
    assert "Another process of this training has ended" in other[-1]


@pytest.mark.slow
def test_processes_with_other_pairs_do_not_train_together(tmp_path):
    ends = together(tmp_path, "other pairs")
    assert all("do not have the same pairs" in lines[-1] for _, lines in ends[1:])
    assert not losses(ends[0][1])


@pytest.mark.parametrize(
    ("batch", "count", "nearest"), [(5, 2, "4 or 6"), (1, 2, "of 2,"), (16, 3, "15 or 18")]
)
def test_a_batch_that_cannot_be_shared_names_the_nearest_two(batch, count, nearest):
    with pytest.raises(FilmRecoveryError, match=f"batch of {batch} cannot be shared.*{nearest}"):
        Workers(0, count).share(batch)


def test_shares_are_in_order_and_complete():
    assert [list(Workers(rank, 3).share(6)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WORLD_SIZE": "2"}, "not RANK, MASTER_ADDR, MASTER_PORT"),
        ({"WORLD_SIZE": "2", "RANK": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, "process 2 of 2"),
        ({"WORLD_SIZE": "two", "RANK": "0", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, "process 0 of two"),
    ],
)
def test_variables_that_make_no_sense_are_named(monkeypatch, variables, words):
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(FilmRecoveryError, match=words), from_environment():
        pass


def test_one_process_alone_needs_no_variables(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with from_environment() as workers:
        assert (workers.rank, workers.count, workers.writes) == (0, 1, True)
