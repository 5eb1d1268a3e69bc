"""The command line as a person or a program calls it, on a tiny film."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

PYTHON = Path(__file__).resolve().parents[2] / "python"


@dataclass(frozen=True)
class Said:
    """What a command left: exit code, JSON lines of standard output, text of standard error."""

    code: int
    lines: list[dict[str, Any]]
    text: str

    @property
    def error(self) -> dict[str, Any]:
        errors = [line for line in self.lines if line.get("event") == "error"]
        assert len(errors) == 1, (self.lines, self.text)
        return errors[0]

    @property
    def result(self) -> dict[str, Any]:
        return next(line for line in self.lines if line.get("event") == "result")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "film_recovery.cli.main", *arguments]


@pytest.fixture
def film_recovery() -> Callable[..., Said]:
    """Runs the real program in its own process."""

    def call(*arguments: object) -> Said:
        done = subprocess.run(
            command(*map(str, arguments)), capture_output=True, text=True, env=environment(), timeout=120
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Said(done.returncode, lines, done.stderr)

    return call


@pytest.fixture
def started() -> Callable[..., subprocess.Popen[str]]:
    """Starts the real program and leaves it running."""

    def start(*arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(*map(str, arguments)), stdout=subprocess.PIPE, text=True, env=environment()
        )

    return start


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    """Five frames of 32 × 24 in ``elements/plate.####.exr``."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "elements"
    folder.mkdir()
    for number in range(1, 6):
        values = rng.uniform(0, 1, (24, 32, 3)).astype(np.float32)
        write_frame(Frame.from_array(values), folder / f"plate.{number:04d}.exr", datatype="half")
    return tmp_path


@pytest.fixture
def script(plates: Path) -> Callable[..., Path]:
    """A Read, whatever is given between, and a Write into ``out/``."""

    def make(between: str = "", *, read: str = "", out: str = "out") -> Path:
        path = plates / "test.nk"
        path.write_text(
            f"""Root {{
 inputs 0
 format "32 24 0 0 32 24 1 "
 colorManagement OCIO
}}
Read {{
 inputs 0
 file {plates.as_posix()}/elements/plate.####.exr
 first 1
 last 5
 raw true
{read} name Plate
}}
{between}Write {{
 file {plates.as_posix()}/{out}/result.####.exr
 file_type exr
 raw true
 create_directories true
 name Write1
}}
""",
            encoding="utf-8",
        )
        return path

    return make
