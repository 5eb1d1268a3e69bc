"""Ten kills at random moments of a run: each rerun finishes, and everything equals a run that was left alone."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from film_recovery import ledger, project

KILLS = 10


@pytest.fixture
def trained_film(film: Path) -> Path:
    """The small film with a network to train, long enough to be killed in."""
    project.update(film, {"training.steps": 40, "training.patch": 32, "training.batch": 2})
    return film


def made(film: Path) -> dict[str, str]:
    """SHA-256 of the final weights, of the sidecar and of every rendered frame."""
    files = [
        *sorted((film / "pipeline" / "04_inference_render").glob("*.exr")),
        *sorted((film / "pipeline" / "03_copycat_training").glob("*.pt")),
        *sorted((film / "pipeline" / "03_copycat_training").glob("*.json")),
    ]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_leave_no_trace_in_the_result(film_recovery, started, trained_film: Path) -> None:
    pristine = trained_film.with_name("pristine")
    shutil.copytree(trained_film, pristine)
    begun = time.monotonic()
    said = film_recovery("run", "--project", trained_film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    seconds = time.monotonic() - begun
    expected = made(trained_film)
    assert len(expected) == 6

    shutil.rmtree(trained_film)  # the same place again: paths and names are part of what is made
    shutil.copytree(pristine, trained_film)
    random_moment = random.Random(20261121)
    for _ in range(KILLS):
        with started("run", "--project", trained_film, "--json") as process:
            time.sleep(random_moment.uniform(0.3, 0.9 * seconds))
            process.send_signal(signal.SIGKILL)
    said = film_recovery("run", "--project", trained_film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    assert ledger.verify(trained_film) == ()
    assert made(trained_film) == expected
