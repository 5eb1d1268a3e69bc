"""Hard times, with real processes: another process on the project, a read-only project, a torn ledger.

Each is said with what, where and what to do; nothing is lost, and a rerun in better times gives the same frames as a
run that was never disturbed. Full disks have a file of their own.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from film_recovery import ledger, nk, project, stages
from film_recovery.project import lock

PYTHON = Path(__file__).resolve().parents[2] / "python"
LIBC = ctypes.CDLL(None)
RENDER = "pipeline/04_inference_render"
FRAMES = ("Write_Recovered", "--frames", "1004-1007")


def content(folder: Path) -> dict[str, bytes]:
    """Every file, whole, but what measurements remember of themselves."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def frames(film: Path) -> dict[str, str]:
    files = sorted((film / RENDER).glob("*.exr"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@contextmanager
def stopped(process: subprocess.Popen[str]) -> Iterator[None]:
    """Lets ``process`` say its first word, and holds it there: it has the lock, and goes on at the end."""
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def assert_refused(said, process: subprocess.Popen[str], what: str) -> None:
    assert said.code == 3, (said.lines, said.text)
    assert said.error["type"] == "ProjectLocked"
    assert f"process {process.pid}" in said.error["message"] and what in said.error["message"]
    assert "--take-over" in said.error["remedy"]


@pytest.fixture
def rendered(film_recovery, film: Path) -> Path:
    """The film once it was run; gives its script."""
    assert film_recovery("run", "--project", film).code == 0
    return project.paths(project.load(film)).script


# Two processes on one project


@pytest.mark.slow
def test_beside_a_run_others_are_told_and_change_nothing(film_recovery, started, film: Path) -> None:
    script = stages.build_script(project.load(film))
    with started("run", "--project", film, "--json") as run:
        with stopped(run):
            before = script.read_bytes()
            opened = nk.load(script)
            opened.node("CopyCat1").set("batchSize", "8")  # something to repair
            nk.save(opened, script)
            changed = content(film)
            for arguments in (
                ("train", "--script", script),
                ("render", script, *FRAMES),
                ("sign", a_manual_check(film), "--by", "Ana", "--project", film),
                ("fix", "training.settings", "--apply", "--project", film),
                ("run", "--project", film),
            ):
                assert_refused(film_recovery(*arguments, "--json"), run, "run")
            checked = film_recovery("check", "ingest", "--project", film, "--json")
            assert checked.code == 0
            assert [line for line in checked.lines if line["event"] == "check"]
            assert checked.result["recorded"] == "no"
            assert checked.result["held by"].endswith(": run")
            status = film_recovery("status", "--project", film, "--json")
            assert status.result["held by"].endswith(": run")
            assert content(film) == changed
            script.write_bytes(before)
        run.communicate(timeout=120)
    assert run.returncode == 0
    assert ledger.verify(film) == ()
    assert not ledger.read(film).of_kind("check")
    assert film_recovery("check", "ingest", "--project", film, "--json").code == 0
    assert len(ledger.read(film).of_kind("check")) == 1


def a_manual_check(film: Path) -> str:
    return str(ledger.read(film).of_kind("sign")[0].data["check"])


@pytest.mark.slow
def test_beside_a_render_by_hand_others_render_and_nobody_changes_the_graph(
    film_recovery, started, film: Path, rendered: Path
) -> None:
    expected = frames(film)
    shutil.rmtree(film / RENDER)
    with started("render", rendered, *FRAMES, "--json") as render:
        with stopped(render):
            assert_refused(
                film_recovery("run", "--project", film, "--json"), render, "render Write_Recovered"
            )
            assert_refused(film_recovery("train", "--script", rendered, "--json"), render, "render")
            farm = film_recovery("render", rendered, *FRAMES, "--json")
            assert farm.code == 0, (farm.lines, farm.text)
            checked = film_recovery("check", "ingest", "--project", film, "--json")
            assert "recorded" not in [key for line in checked.lines for key in line]
            status = film_recovery("status", "--project", film, "--json")
            assert status.result["held by"].endswith("render Write_Recovered")
        render.communicate(timeout=60)
    assert render.returncode == 0
    assert frames(film) == expected
    assert len(ledger.read(film).of_kind("check")) == 1
    assert lock.holder(film) is None
    assert film_recovery("run", "--project", film, "--json").code == 0


@pytest.mark.slow
def test_renders_and_trainings_take_over_by_choice_and_that_is_recorded(
    film_recovery, film: Path, rendered: Path, tmp_path: Path
) -> None:
    elsewhere = {"owner": "Bo", "host": "elsewhere", "pid": 1, "start": "x", "what": "run"}
    left = json.dumps({**elsewhere, "since": "2026-01-01T00:00:00+00:00"})
    link = tmp_path / "link.nk"
    link.symlink_to(rendered)
    for arguments in (("render", link, *FRAMES), ("train", "--script", link)):
        (film / lock.FILE).write_text(left, encoding="utf-8")
        said = film_recovery(*arguments, "--json")
        assert (said.code, said.error["type"]) == (3, "ProjectLocked")
        said = film_recovery(*arguments, "--take-over", "--json")
        assert said.code == 0, (said.lines, said.text)
        assert not (film / lock.FILE).exists()
        record = ledger.read(film).records[-1]
        assert record.kind == "taken over"
        assert "Bo on elsewhere" in record.data["from"] and arguments[0] in record.data["what"]
    assert ledger.verify(film) == ()


def test_a_script_of_no_project_needs_no_lock(film_recovery, script, plates: Path) -> None:
    assert film_recovery("render", script(), "Write1", "--frames", "1").code == 0
    assert not list(plates.glob(".film-recovery*"))


# A read-only project


def under_permissions(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the program so that permissions hold for it: root loses the right to pass them by."""
    am_root = os.geteuid() == 0
    return subprocess.run(
        [sys.executable, "-m", "film_recovery.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"},
        timeout=120,
        preexec_fn=_lose_rights if am_root else None,
    )


def _lose_rights() -> None:
    """Takes CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH from what the next program may get (prctl, PR_CAPBSET_DROP)."""
    for capability in (1, 2):
        if LIBC.prctl(24, capability, 0, 0, 0):
            raise OSError("root cannot give up its rights")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """``folder``, its folders and files."""
    paths = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


def error_of(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 3, (done.stdout[-2000:], done.stderr)
    assert "Traceback" not in done.stderr
    (error,) = (json.loads(line) for line in done.stdout.splitlines() if '"error"' in line)
    assert "ermission" in error["message"] + error["remedy"]
    return error


@pytest.mark.slow
def test_a_read_only_project_is_said_and_stays_as_it_is(film: Path) -> None:
    script = stages.build_script(project.load(film))
    before = content(film)
    with read_only(film):
        for arguments in (
            ("run", "--project", film),
            ("render", script, *FRAMES),
            ("train", "--script", script),
            ("check", "ingest", "--project", film),
            ("sign", a_manual_check(film), "--by", "Ana", "--project", film),
        ):
            error = error_of(under_permissions(*arguments, "--json"))
            assert error["file"] == str(film)
        assert under_permissions("status", "--project", film).returncode == 0
        assert content(film) == before


@pytest.mark.slow
def test_read_only_folders_of_a_project_are_said_and_a_rerun_goes_on(film: Path) -> None:
    pristine = film.with_name("pristine")
    shutil.copytree(film, pristine)
    assert under_permissions("run", "--project", film).returncode == 0
    expected = frames(film)
    shutil.rmtree(film)
    shutil.copytree(pristine, film)
    for name in (
        "nuke_base", "pipeline/01_dataset_curation", "pipeline/03_copycat_training", RENDER, "pipeline/05_validation"
    ):  # fmt: skip
        with read_only(film / name):
            error = error_of(under_permissions("run", "--project", film, "--json"))
            assert str(film / name) in os.path.normpath(error["file"])
        assert ledger.verify(film) == ()
        assert lock.holder(film) is None
    done = under_permissions("run", "--project", film)
    assert done.returncode == 0, done.stderr
    assert frames(film) == expected
    stops = ledger.read(film).of_kind("stopped")
    assert len(stops) >= 3


# A torn ledger


@pytest.mark.slow
def test_a_torn_ledger_line_is_said_and_the_run_goes_on(film_recovery, film: Path) -> None:
    whole = (film / ledger.FILE).read_bytes()
    torn = b'{"index": 14, "time": "2026-11-21T10:0'
    (film / ledger.FILE).write_bytes(whole + torn)
    status = film_recovery("status", "--project", film, "--json")
    assert (status.code, "torn" in status.result["ledger"]) == (1, True)
    assert (film / ledger.FILE).read_bytes() == whole + torn
    said = film_recovery("run", "--project", film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    assert (film / ledger.FILE).read_bytes().startswith(whole)
    assert ledger.verify(film) == ()
    (record,) = ledger.read(film).of_kind("torn")
    assert (film / record.data["file"]).read_bytes() == torn + b"\n"
    assert record.data["file"] in (film / "notes" / "experiments.md").read_text(encoding="utf-8")
