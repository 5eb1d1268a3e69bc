"""The command line as a person or a program calls it, on a tiny film."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery import ledger, recipes
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
    """One thread; one day for all, so that frames of two runs are equal around midnight too."""
    day = {"SOURCE_DATE_EPOCH": "1769860800"}
    return {**os.environ, **day, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "film_recovery.cli.main", *arguments]


@pytest.fixture(scope="session")
def warm() -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs the program in a process forked from a warm one: exit code, standard output and standard error.

    Two are asked by turns, so that no order of a set is the same in a command and the next. Where there is no fork
    (Windows) each command loads its libraries itself.
    """
    if not hasattr(os, "fork"):
        yield cold
        return
    made = [sys.executable, str(Path(__file__).with_name("warm.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment()}
    processes: list[subprocess.Popen[str]] = []

    def call(arguments: list[str], folder: Path) -> tuple[int, str, str]:
        if len(processes) < 2:
            processes.append(subprocess.Popen(made, **pipes))
        process = processes[-1]
        processes.reverse()
        files = {name: folder / f"{name}.txt" for name in ("out", "error")}
        asked = {"arguments": arguments, "folder": os.getcwd(), "environment": environment()}
        asked.update((name, str(path)) for name, path in files.items())
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        return code, files["out"].read_text("utf-8"), files["error"].read_text("utf-8")

    yield call
    for process in processes:
        process.communicate()


def cold(arguments: list[str], folder: Path) -> tuple[int, str, str]:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, env=environment(), timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def film_recovery(warm, tmp_path_factory) -> Callable[..., Said]:
    """Runs the real program in its own process."""

    def call(*arguments: object) -> Said:
        code, out, text = warm([str(one) for one in arguments], tmp_path_factory.mktemp("said"))
        lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return Said(code, lines, text)

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


# A small film and its project

PHOTOGRAPH = Path(recipes.__file__).parents[1] / "demo" / "photographs" / "coffee.png"
FRAMES = range(1001, 1013)
PAIRS = (1001, 1004, 1007, 1010)
HOLD_OUT = 1006


@pytest.fixture
def elements(tmp_path: Path) -> Path:
    """A faded Source, a Reference of good colour, and a soft copy of the Source; 12 frames of a moving camera."""
    photograph = cv2.imread(str(PHOTOGRAPH))[..., ::-1].astype(np.float32) / 255
    for step, number in enumerate(FRAMES):
        clean = photograph[10 + 9 * step : 10 + 9 * step + 144, 20 + 15 * step : 20 + 15 * step + 192]
        cast = np.clip(clean ** np.array([0.6, 0.95, 0.8], np.float32), 0, 1)
        grey = cast.mean(axis=2, keepdims=True)
        faded = grey + np.float32(0.7) * (cast - grey)
        soft = cv2.GaussianBlur(faded, (0, 0), 1.2)
        for name, picture in (("source", faded), ("reference", clean), ("soft", soft)):
            frame = Frame.from_array(picture, top_down=True)
            path = tmp_path / "scans" / name / f"{name}.{number}.exr"
            write_frame(frame, path, datatype="half", create_directories=True)
    return tmp_path / "scans"


@pytest.fixture
def film(film_recovery, elements: Path, tmp_path: Path) -> Path:
    """A project of that film, everything filled in and signed."""
    folder = tmp_path / "film"
    pairs = [{"source": n, "reference": n, "reason": "spread", "shot": "table"} for n in PAIRS]
    words = {"holder": "Archive", "authorisation": "written, 2026", "type": "print", "gauge": "35 mm"}
    settings = {
        "reel": "1",
        "shot": "table",
        "reasoning": "the DVD kept the colour",
        "pairs": pairs,
        "hold_out": [{"source": HOLD_OUT, "reference": HOLD_OUT, "reason": "between", "shot": "table"}],
        "alignment.live_area": [4, 4, 188, 140],
        "training.steps": 0,
        "training.patch": 64,
        "training.size": "small",
        "inference.frames": "1004-1007",
        **{
            f"elements.{name}.{key}": value
            for name in ("source", "reference")
            for key, value in words.items()
        },
    }
    arguments = [part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    patterns = [elements / name / f"{name}.####.exr" for name in ("source", "reference")]
    said = film_recovery(
        "new", folder, "--film", "Coffee <script>", "--source", patterns[0], "--reference", patterns[1],
        "--inter-frame", "--colour-reference", *arguments, "--json",
    )  # fmt: skip
    assert said.code == 0, (said.lines, said.text)
    assert said.result["recipe"] == "colour-reference"
    for check in recipes.load("colour-reference").checks:
        if check.manual:
            ledger.append(folder, "sign", {"check": check.id, "note": "simulated"}, "tester")
    return folder
