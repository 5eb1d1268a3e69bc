"""The panel as an operator has it: real widgets, moved by mouse and keys, on the real engine and a small film.

The engine is another Python where this one has none (PySide2's): ``FILM_RECOVERY_ENGINE`` names it then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

from film_recovery import jobs
from film_recovery.panel.qt import QtCore
from film_recovery.panel.widgets import window
from film_recovery.panel.widgets.panel import Panel
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work import Work
from film_recovery.panel.widgets.works import WORKS

MAKE_FILM = Path(__file__).with_name("make_film.py")
PATIENCE = 120_000  # milliseconds; a limit, nothing waits for it


def run_engine(*words: object) -> None:
    """A program, by the engine's Python."""
    command = [jobs.engine(), *map(str, words)]
    variables = {**jobs.clean(os.environ), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def run_program() -> Callable[..., None]:
    """``run_program(file, words…)``: by the engine's Python; it has to succeed."""
    return run_engine


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a film and its project once for each set of options."""
    made: dict[tuple[str, ...], Path] = {}

    def make(*options: str) -> Path:
        if options not in made:
            made[options] = tmp_path_factory.mktemp("film")
            run_engine(MAKE_FILM, made[options], *options)
        return made[options] / "project"

    return make


@pytest.fixture
def film(films: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """A project of one's own; the elements are shared, nobody writes there."""

    def copied(*options: str) -> Path:
        return Path(shutil.copytree(films(*options), tmp_path / "film"))

    return copied


@pytest.fixture(scope="session")
def taken_through(films: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The signed film's project, taken through a whole run once: masters, measures, report."""
    folder = Path(shutil.copytree(films("--signed"), tmp_path_factory.mktemp("finished") / "film"))
    run_engine("-m", "film_recovery.cli.main", "run", "--project", folder, "--by", "Ada")
    return folder


@pytest.fixture
def finished(taken_through: Path, tmp_path: Path) -> Path:
    """A copy of one's own of the project that was taken through a run."""
    return Path(shutil.copytree(taken_through, tmp_path / "film"))


@pytest.fixture
def program() -> Callable[..., None]:
    """Runs a program, or the engine's command line, by the engine's Python."""
    return run_engine


@pytest.fixture(autouse=True)
def settings(tmp_path: Path) -> None:
    """The user's own are not touched."""
    kinds = QtCore.QSettings
    kinds.setPath(kinds.Format.IniFormat, kinds.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture
def engine_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def show(qtbot: Any, engine_variables: None) -> Iterator[Callable[..., Window]]:
    """Opens the panel, on a folder if one is given, and waits until it has been measured."""
    window.application()
    opened: list[Window] = []

    def open_one(
        folder: Path | None = None, width: int = 1000, height: int = 800, wait: bool = True
    ) -> Window:
        panel = Window("" if folder is None else str(folder))
        opened.append(panel)
        panel.settings.name = "Ada"
        panel.resize(width, height)
        panel.show()
        qtbot.waitExposed(panel)
        if folder is not None and wait:
            measured(qtbot, panel)
        return panel

    yield open_one
    for panel in opened:
        panel.close()
        panel.deleteLater()
    for panel in opened:
        stop_run(panel)


def measured(qtbot: Any, panel: Window) -> None:
    """Waits until the panel knows every check."""

    def known() -> bool:
        checklist = panel.session.checklist
        return (
            checklist is not None
            and bool(checklist.outcomes)
            and not panel.session.busy
            and not panel.session.stale
        )

    qtbot.waitUntil(known, timeout=PATIENCE)


@pytest.fixture
def page(qtbot: Any) -> Callable[..., Any]:
    """``page(panel, PairsWork)``: that work, shown and read."""

    def shown(panel: Panel, kind: type[Work]) -> Work:
        panel.page.show_stage(next(stage for stage, (_, name) in WORKS.items() if name == kind.__name__))
        panel.page.show_work(True)
        work = panel.page.work
        assert isinstance(work, kind)
        qtbot.waitUntil(lambda: work.contents is not None, timeout=PATIENCE)
        return work

    return shown


@pytest.fixture
def idle(qtbot: Any) -> Callable[[Panel], None]:
    """``idle(panel)``: waits until nothing is measured and no run is on."""

    def waits(panel: Panel) -> None:
        session = panel.session
        qtbot.waitUntil(lambda: not session.busy and not session.run.is_on, timeout=PATIENCE)

    return waits


def stop_run(panel: Window) -> None:
    """No run outlives its test."""
    folders = [Path(folder) for folder in panel.settings.recent if Path(folder).is_dir()]
    for job in (job for folder in folders for job in jobs.everyone(folder)):
        if job.state in ("starting", "running"):
            jobs.cancel(job.folder, job.id)
