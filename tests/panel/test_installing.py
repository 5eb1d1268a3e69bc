"""A missing engine, installed from the panel: the real installer in a folder of its own, without a network."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs
from film_recovery._process import alive
from film_recovery.panel import installing, problem
from film_recovery.panel.qt import Qt
from film_recovery.panel.widgets.problem_box import ProblemBox
from film_recovery.panel.widgets.window import Window

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton
Missing = Callable[[], Window]


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin's folder as far as the installer needs it, so that nothing is made in this checkout."""
    folder = tmp_path / "my plugins" / "film recovery"
    code = [f"python/film_recovery/{name}.py" for name in ("__init__", "_files", "errors")]
    for name in ("install.py", "setup_env.py", "requirements/engine-hashed.txt", *code):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture
def missing(
    show: Callable[..., Window],
    film: Callable[..., Path],
    plugin: Path,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Missing:
    """The panel of a NukeX whose engine is nowhere, with ``plugin`` as the plugin's folder."""

    def opened() -> Window:
        folder = film()
        monkeypatch.setenv(jobs.ENGINE, "")
        monkeypatch.setattr(sys, "executable", str(plugin / "Nuke15.1"))
        panel = show(folder, 380, 900, wait=False)
        panel.installer.folder = plugin
        qtbot.waitUntil(lambda: panel.problem.isVisible(), timeout=PATIENCE)
        assert panel.problem.install.isVisible() and panel.problem.install.isEnabled()
        assert panel.step.kind == "retry" and not panel.installer.is_on
        return panel

    return opened


def ended(qtbot: Any, panel: Window) -> None:
    qtbot.waitUntil(lambda: not panel.installer.is_on, timeout=PATIENCE)
    assert not panel.installer.isVisible()


def test_what_the_installer_made_is_connected_to(
    missing: Missing, plugin: Path, qtbot: Any, tmp_path: Path
) -> None:
    made = plugin / ".venv-engine"
    prepared(made, plugin)
    panel = missing()
    home = Path.home() / ".nuke"
    before = home.exists()
    qtbot.mouseClick(panel.problem.install, LEFT)
    assert panel.installer.isVisible() and not panel.problem.isVisible() and panel.log.isVisible()
    ended(qtbot, panel)
    assert "install: the engine is" in panel.log.toPlainText()
    qtbot.waitUntil(
        lambda: bool(panel.session.checklist.outcomes) and not panel.session.busy, timeout=PATIENCE
    )
    assert Path(jobs.engine()).parent.parent == made and not panel.problem.isVisible()
    assert (plugin / "engine.txt").read_text(encoding="utf-8").strip() == jobs.engine()
    assert (plugin / "python" / "film_recovery" / "_vendor" / "yaml" / "__init__.py").is_file()
    assert home.exists() == before, "no home is touched"


def prepared(environment: Path, plugin: Path) -> None:
    """An environment as an earlier installation left it: the installer only has to find it whole."""
    engine = jobs.engine()
    subprocess.run([engine, "-m", "venv", "--without-pip", str(environment)], check=True)
    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = subprocess.run([engine, "-c", question], check=True, capture_output=True, text=True).stdout
    packages = next(environment.glob("[Ll]ib/**/site-packages"))
    (packages / "checkout.pth").write_text(f"{ROOT / 'python'}\n{there.strip()}\n", encoding="utf-8")
    locked = (plugin / "requirements" / "engine-hashed.txt").read_bytes()
    stamp = hashlib.sha256(f"{plugin}\n".encode() + locked).hexdigest()
    (environment / "made-engine").write_text(stamp, encoding="utf-8")


@pytest.fixture
def silent_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A package index that takes every question and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "300")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        server.settimeout(PATIENCE / 1000)
        yield server


@pytest.mark.slow
def test_it_is_cancelled_with_all_that_it_started(
    missing: Missing, qtbot: Any, silent_index: socket.socket
) -> None:
    panel = missing()
    qtbot.mouseClick(panel.problem.install, LEFT)
    run = panel.installer._run
    assert run is not None
    qtbot.waitUntil(lambda: "install: pip install" in panel.log.toPlainText(), timeout=PATIENCE)
    assert panel.installer.last.text().replace("\u200b", "").startswith("install: pip")
    asking, _ = silent_index.accept()  # pip has come as far as the index
    with asking:
        qtbot.mouseClick(panel.installer.cancel, LEFT)
        assert not panel.installer.cancel.isEnabled()
        ended(qtbot, panel)
        process = run._process
        assert process is not None and not alive(process.pid, "")
        asking.settimeout(PATIENCE / 1000)
        while asking.recv(1 << 16):  # until pip is gone too
            pass
    assert "was cancelled" in panel.problem.message.text() and panel.problem.install.isEnabled()
    assert jobs.ENGINE in os.environ and not os.environ[jobs.ENGINE]


@pytest.mark.slow
def test_what_a_killed_installer_left_at_work_is_ended(
    missing: Missing, qtbot: Any, silent_index: socket.socket
) -> None:
    panel = missing()
    qtbot.mouseClick(panel.problem.install, LEFT)
    run = panel.installer._run
    assert run is not None
    asking, _ = silent_index.accept()
    process = run._process
    assert process is not None
    with asking:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE / 1000)
        assert panel.installer.is_on, "pip still writes into the environment"
        qtbot.mouseClick(panel.installer.cancel, LEFT)
        ended(qtbot, panel)
        asking.settimeout(PATIENCE / 1000)
        while asking.recv(1 << 16):  # until pip is gone too
            pass
    assert "was cancelled" in panel.problem.message.text()


def test_an_installer_that_was_killed_is_not_said_to_have_failed_at_its_last_line() -> None:
    said = installing.failed(-9, ["install: pip install --require-hashes"])
    assert said.reason == "the installer was ended by signal 9"


def test_the_disk_is_not_asked_whether_an_engine_can_be_installed_where_none_is_missing(qtbot: Any) -> None:
    asked: list[str] = []

    def hindrance() -> str:
        asked.append("hindrance")
        return ""

    box = ProblemBox(hindrance)
    qtbot.addWidget(box)
    box.show_problem(problem.Problem("The disk is full.", kind="stop"))
    assert not asked
    box.show_problem(problem.no_engine("There is none."))
    assert asked == ["hindrance"]


@pytest.mark.slow
def test_without_a_network_it_says_so_with_the_last_lines(
    missing: Missing, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    panel = missing()
    qtbot.mouseClick(panel.problem.install, LEFT)
    ended(qtbot, panel)
    assert panel.problem.isVisible() and "network" in panel.problem.remedy.text()
    assert "No matching distribution" in panel.problem.reason.text().replace("\u200b", "")
    found = panel.problem.problem
    assert found is not None and "Setting up needs a package index" in found.text()
    assert panel.problem.install.isEnabled(), "it can be tried again"


def test_without_the_engines_python_it_says_how_to_get_it(missing: Missing, plugin: Path, qtbot: Any) -> None:
    setup = plugin / "setup_env.py"
    text = setup.read_text(encoding="utf-8")
    setup.write_text(text.replace('ENGINE_PYTHON = "3.11"', 'ENGINE_PYTHON = "3.99"'), encoding="utf-8")
    panel = missing()
    qtbot.mouseClick(panel.problem.install, LEFT)
    ended(qtbot, panel)
    assert "Python 3.99 is not installed" in panel.problem.reason.text().replace("\u200b", "")
    assert "get it with" in panel.problem.remedy.text()


def test_without_any_python_it_says_so(
    missing: Missing, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = missing()
    monkeypatch.setenv("PATH", str(tmp_path))
    qtbot.mouseClick(panel.problem.install, LEFT)
    ended(qtbot, panel)
    assert "No Python" in panel.problem.reason.text() and panel.problem.install.isVisible()


def test_what_would_not_help_is_not_offered(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(jobs.ENGINE, "/site/engine/bin/python")
    assert "/site/engine" in installing.hindrance(plugin)
    (plugin / "engine.txt").write_text("/site/engine/bin/python\n", encoding="utf-8")
    assert installing.hindrance(plugin) == "", "the installer itself wrote that down"
    assert "site" in installing.hindrance(tmp_path)


def test_a_job_without_an_engine_offers_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jobs.ENGINE, str(tmp_path / "python"))
    with pytest.raises(jobs.NoEngine) as raised:
        jobs.start(tmp_path, ["check"])
    assert problem.of_error(raised.value).kind == "missing"
