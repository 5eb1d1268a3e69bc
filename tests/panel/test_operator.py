"""What an operator does with the panel, on the real engine: open, check, sign, fix, run, cancel, close, reattach."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger
from film_recovery.panel.qt import Qt, QtGui, QtWidgets
from film_recovery.panel.widgets.forms import FixForm, SignForm
from film_recovery.panel.widgets.window import Window

Show = Callable[..., Window]
Film = Callable[..., Path]
LEFT = Qt.MouseButton.LeftButton
PATIENCE = 120_000
TO_SIGN = "ingest.references_verified"
LOCK = "inference.identity_lock"


def measured(qtbot: Any, panel: Window) -> None:
    qtbot.waitUntil(
        lambda: (
            panel.session.checklist is not None
            and bool(panel.session.checklist.outcomes)
            and not (panel.session.busy or panel.session.stale)
        ),
        timeout=PATIENCE,
    )


def until(qtbot: Any, done: Callable[[], bool]) -> None:
    qtbot.waitUntil(done, timeout=PATIENCE)


def press(qtbot: Any, button: QtWidgets.QAbstractButton) -> None:
    assert button.isEnabled() and button.isVisible(), button.toolTip()
    qtbot.mouseClick(button, LEFT)


def state(panel: Window, stage: int) -> str:
    assert panel.session.checklist is not None
    return panel.session.checklist.state(stage)


def test_opening_measures_and_records_nothing(show: Show, film: Film) -> None:
    folder = film()
    panel = show(folder)
    assert panel.header.film.text() == "A Trip"
    assert [state(panel, stage) for stage in (0, 3, 5)] == ["fail", "not run", "not run"]
    assert "fail" in panel.rail.buttons[0].accessibleName()
    assert panel.step.kind == "sign" and panel.primary.isEnabled()
    assert panel.page.rows["ingest.size_parity"].value.text().startswith("source")
    assert ledger.read(folder).records == ()


def test_check_is_recorded(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    panel = show(folder)
    qtbot.keyClick(panel.page.rows[TO_SIGN], Qt.Key.Key_F5)
    assert panel.session.busy and not panel.primary.isEnabled()
    measured(qtbot, panel)
    assert [record.kind for record in ledger.read(folder).records] == ["check"]


def test_the_primary_button_leads_to_a_signature(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    press(qtbot, panel.primary)
    row = panel.page.rows[TO_SIGN]
    form = row.form
    assert isinstance(form, SignForm) and form.name.text() == "Ada"
    form.name.clear()
    assert not form.sign.isEnabled() and "name" in form.sign.toolTip()
    qtbot.keyClicks(form.name, "Grace H.")
    qtbot.keyClicks(form.note, "letter of the archive, 1998")
    qtbot.keyClick(form.note, Qt.Key.Key_Return)
    until(qtbot, lambda: panel.session.checklist.item(TO_SIGN).is_signed and not panel.session.busy)
    (record,) = ledger.read(folder).of_kind("sign")
    assert (record.by, record.data["note"]) == ("Grace H.", "letter of the archive, 1998")
    assert panel.step.kind == "sign" and panel.step.check != TO_SIGN
    said = panel.session.checklist.item(TO_SIGN).reason
    panel.session.measure()
    measured(qtbot, panel)
    assert panel.session.checklist.item(TO_SIGN).reason == said  # as the engine itself says it


def test_a_repair_is_shown_then_made(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--break-lock")
    panel = show(folder, 380, 900)
    script = folder / "nuke_base" / "spatial_recovery.nk"
    before = script.read_text(encoding="utf-8")
    press(qtbot, panel.rail.buttons[4])
    row = panel.page.rows[LOCK]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Return)
    assert row.is_open
    qtbot.keyClick(row, Qt.Key.Key_F)
    form = row.form
    assert isinstance(form, FixForm) and not form.apply.isEnabled()
    until(qtbot, lambda: form.apply.isEnabled())
    assert "lock true" in form.change.toPlainText()
    assert script.read_text(encoding="utf-8") == before
    press(qtbot, form.apply)
    until(qtbot, lambda: panel.session.checklist.item(LOCK).outcome == "pass")
    assert script.read_text(encoding="utf-8") != before
    assert script.with_name(script.name + ".bak-1").read_text(encoding="utf-8") == before


def test_a_repair_that_is_not_wanted_changes_nothing(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--break-lock")
    panel = show(folder)
    panel.page.fix(LOCK)
    row = panel.page.rows[LOCK]
    form = row.form
    assert isinstance(form, FixForm)
    until(qtbot, lambda: form.apply.isEnabled())
    qtbot.keyClick(form.apply, Qt.Key.Key_Escape)
    assert row.form is None and row.is_open
    assert ledger.read(folder).of_kind("fix") == ()


@pytest.mark.slow
def test_a_run_from_the_first_press_to_the_report(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--signed")
    panel = show(folder)
    assert panel.step.kind == "run"
    press(qtbot, panel.primary)
    until(qtbot, lambda: panel.strip.isVisible() and not panel.session.run.starting)
    assert not panel.primary.isEnabled() and panel.step.kind == "wait"
    assert panel.step.why == panel.primary.toolTip()
    until(qtbot, lambda: not panel.session.run.is_on)
    (job,) = jobs.everyone(folder)
    assert (job.state, job.by) == ("done", "Ada")
    measured(qtbot, panel)
    assert not panel.strip.isVisible() and not panel.problem.isVisible()
    assert panel.step.kind == "report" and (folder / "pipeline/05_validation/report.html").is_file()
    assert "the run ended: done" in panel.log.toPlainText()


@pytest.mark.slow
def test_a_run_stops_at_what_has_to_be_signed_and_says_so(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film())
    panel.session.start_run("Ada")
    until(qtbot, lambda: panel.problem.isVisible())
    assert "Stage 0 (ingest) stops" in panel.problem.message.text()
    press(qtbot, panel.problem.copy)
    assert "Stage 0 (ingest) stops" in QtGui.QGuiApplication.clipboard().text()
    measured(qtbot, panel)
    assert panel.step.kind == "sign"


@pytest.mark.slow
def test_a_training_is_left_found_again_and_cancelled(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--signed", "--steps", "200000")
    panel = show(folder)
    press(qtbot, panel.primary)
    until(qtbot, lambda: panel.session.work == "network")
    (job,) = jobs.everyone(folder)
    panel.close()
    assert jobs.get(folder, job.id).state == "running"

    again = show(folder, 380, 900, wait=False)
    until(qtbot, lambda: again.session.run.id == job.id and again.session.work == "network")
    assert again.strip.isVisible() and again.strip.bar.maximum() == 200000
    assert not again.session.hindered  # it is our own run, not somebody else
    until(qtbot, lambda: again.session.stage_at_work == 3)
    assert "running" in again.rail.buttons[3].accessibleName()
    press(qtbot, again.strip.cancel)
    assert not again.strip.cancel.isEnabled() and again.strip.cancel.toolTip()
    until(qtbot, lambda: not again.session.run.is_on)
    assert jobs.get(folder, job.id).state == "cancelled"
    measured(qtbot, again)
    assert again.step.kind == "run" and not again.problem.isVisible()


@pytest.mark.slow
def test_a_run_that_is_killed_is_told_with_its_last_lines(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--signed", "--steps", "200000")
    panel = show(folder)
    press(qtbot, panel.primary)
    until(qtbot, lambda: panel.session.work == "network")
    (job,) = jobs.everyone(folder)
    (job.place / "log.txt").write_text("out of memory\n", encoding="utf-8")
    os.killpg(job.pid, signal.SIGKILL)
    until(qtbot, lambda: panel.problem.isVisible())
    assert "without a word" in panel.problem.message.text()
    assert panel.problem.problem is not None and "out of memory" in panel.problem.problem.text()
    measured(qtbot, panel)
    assert panel.step.kind == "run"


@pytest.mark.slow
def test_an_engine_that_dies_is_told_and_tried_again(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film())
    panel.session.measure()
    until(qtbot, lambda: panel.session.service.pid > 0)
    os.kill(panel.session.service.pid, signal.SIGKILL)
    until(qtbot, lambda: panel.problem.isVisible())
    assert "stopped unexpectedly" in panel.problem.message.text()
    assert panel.step.kind == "retry"
    press(qtbot, panel.primary)
    measured(qtbot, panel)
    assert not panel.problem.isVisible() and panel.step.kind == "sign"


@pytest.mark.slow
@pytest.mark.parametrize("lacking", ["python", "package"])
def test_a_missing_engine_says_how_to_install_it(
    lacking: str, show: Show, film: Film, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = film()
    python = tmp_path / "python"
    if lacking == "package":  # a Python, without Film Recovery in it
        python.write_text(
            "#!/bin/sh\necho 'No module named film_recovery.cli' >&2\nexit 1\n", encoding="utf-8"
        )
        python.chmod(0o755)
    with monkeypatch.context() as broken:
        broken.setenv("FILM_RECOVERY_ENGINE", str(python))
        panel = show(folder, wait=False)
        until(qtbot, lambda: panel.problem.isVisible())
        assert "install.py" in panel.problem.remedy.text().replace("\u200b", "")
        assert panel.step.kind == "retry"
    press(qtbot, panel.primary)
    measured(qtbot, panel)
    assert not panel.problem.isVisible()


def test_a_second_operator_looks_only(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    hold = (
        "import sys; from film_recovery.project import lock\n"
        "with lock.held(sys.argv[1], 'align by hand'): print('held', flush=True); sys.stdin.read()"
    )
    command = [jobs.engine(), "-c", hold, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        panel = show(folder)
        until(qtbot, lambda: panel.header.held.isVisible())
        assert "Read-only" in panel.header.held.text() and "align by hand" in panel.header.held.text()
        row = panel.page.look_at(TO_SIGN)
        button = row.findChild(QtWidgets.QPushButton, "sign")
        assert not button.isEnabled() and "align by hand" in button.toolTip()
        qtbot.keyClick(row, Qt.Key.Key_S)
        assert row.form is None
        assert panel.step.kind == "check"
        other.communicate("")
    until(qtbot, lambda: not panel.header.held.isVisible())
    assert panel.step.kind == "sign"


def test_a_change_on_disk_asks_for_another_check(show: Show, film: Film, qtbot: Any) -> None:
    folder = film()
    panel = show(folder)
    until(qtbot, lambda: panel.session._stamp is not None)
    file = folder / "project.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    os.utime(file, (1, 1))
    until(qtbot, lambda: panel.step.kind == "check")
    assert "changed" in panel.primary.toolTip()
    press(qtbot, panel.primary)
    measured(qtbot, panel)
    assert panel.step.kind == "sign"


def test_the_list_is_walked_and_filtered_by_keys(show: Show, film: Film, qtbot: Any) -> None:
    panel = show(film(), 380, 700)
    first, second = list(panel.page.rows.values())[:2]
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert second.hasFocus()
    qtbot.keyClick(second, Qt.Key.Key_Space)
    assert second.is_open
    qtbot.keyClick(second, Qt.Key.Key_Escape)
    assert not second.is_open
    qtbot.keyClick(second, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    seen = [row for row in panel.page.rows.values() if row.isVisible()]
    assert seen and all(row.item.outcome == "fail" for row in seen)
    qtbot.keyClick(seen[0], Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert panel.page.stage == 3 and panel.page.checks.nothing.isVisible()
    qtbot.keyClick(panel, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert panel.log.isVisible() and panel.settings.log_open
    press(qtbot, panel.rail.buttons[1])
    assert panel.page.stage == 1


def test_show_me_opens_the_file_where_there_is_no_nuke(show: Show, film: Film, qtbot: Any) -> None:
    folder = film("--break-lock")
    panel = show(folder)
    row = panel.page.look_at(LOCK)
    button = row.findChild(QtWidgets.QPushButton, "show")
    assert not button.isEnabled() and "NukeX" in button.toolTip()  # a node, and no file


def test_a_new_project_by_the_chooser(show: Show, films: Film, tmp_path: Path, qtbot: Any) -> None:
    elements = films().parent / "film"
    panel = show(None, 380, 900)
    press(qtbot, panel.start.new)
    form = panel.start.form
    assert not form.make.isEnabled()
    form.black_and_white.setFocus()
    qtbot.keyClick(form.black_and_white, Qt.Key.Key_Space)
    assert "out of scope" in form.scope.text() and "no recipe" in form.make.toolTip()
    qtbot.keyClick(form.black_and_white, Qt.Key.Key_Space)
    qtbot.keyClick(form.intra, Qt.Key.Key_Space)
    assert "out of scope" in form.scope.text()
    qtbot.keyClick(form.better, Qt.Key.Key_Down)
    assert form.wishes.choice.recipe == "spatial-gauge" and not form.scope.isVisible()
    folder = tmp_path / "new film"
    for line, text in (
        (form.film, "Ein <b>Film</b>"),
        (form.source, elements / "source" / "source.####.exr"),
        (form.reference, elements / "reference" / "reference.####.exr"),
        (form.folder, folder),
    ):
        qtbot.keyClicks(line, str(text))
    press(qtbot, form.make)
    until(qtbot, lambda: panel.session.project is not None)
    assert panel.header.film.text() == "Ein <b>Film</b>"
    measured(qtbot, panel)
    assert (folder / "project.yaml").is_file() and panel.settings.recent == [str(folder)]


def test_a_project_that_cannot_be_made_says_why(show: Show, tmp_path: Path, qtbot: Any) -> None:
    panel = show(None)
    press(qtbot, panel.start.new)
    form = panel.start.form
    form.inter.setChecked(True)
    for line, text in ((form.film, "A"), (form.source, "no.####.exr"), (form.reference, "no.####.exr")):
        line.setText(text)
    form.folder.setText(str(tmp_path / "new"))
    press(qtbot, form.make)
    until(qtbot, lambda: panel.problem.isVisible())
    assert "on disk" in panel.problem.message.text()
    assert form.film.text() == "A" and panel.session.project is None


def test_the_command_line_refuses_a_folder_without_a_project(tmp_path: Path) -> None:
    command = [jobs.engine(), "-m", "film_recovery.cli.main", "panel", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=jobs.clean(os.environ), timeout=120)
    assert done.returncode == 2 and "There is no project" in done.stderr
