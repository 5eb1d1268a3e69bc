"""What is done against the rules, for once: only by an explicit box and a reason, recorded, never remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger, project
from film_recovery.panel.qt import Qt
from film_recovery.panel.widgets.override import Override
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_render import RenderWork
from film_recovery.panel.widgets.work_validation import ValidationWork

Show = Callable[..., Window]
Film = Callable[..., Path]
Program = Callable[..., None]
Page = Callable[..., Any]
Idle = Callable[..., None]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton
CLI = ("-m", "film_recovery.cli.main")


def choose(qtbot: Any, one: Override, why: str) -> None:
    one.box.setFocus()
    qtbot.keyClick(one.box, Qt.Key.Key_Space)
    assert one.why.isVisible()
    qtbot.keyClicks(one.why, why)


@pytest.mark.slow
def test_the_short_range_is_left_out_by_an_explicit_choice(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film("--long")
    project.update(folder, {"inference.frames": "1-52"})
    panel = show(folder, 380, 900)
    work = page(panel, RenderWork)
    qtbot.waitUntil(lambda: work.all.isEnabled() and work.skip.box.isEnabled(), timeout=PATIENCE)
    assert not work.skip.box.isChecked() and "ledger" in work.skip.box.toolTip()
    choose(qtbot, work.skip, " ")
    assert not work.all.isEnabled() and "Say why" in work.all.toolTip()
    qtbot.keyClicks(work.skip.why, "the premiere is tonight")
    qtbot.mouseClick(work.all, LEFT)
    assert not work.skip.box.isChecked() and not work.skip.why.text(), "it is of one run"
    qtbot.waitUntil(lambda: not work.contents.missing, timeout=PATIENCE)
    idle(panel)
    (record,) = ledger.read(folder).of_kind("short range skipped")
    assert (record.by, record.data["why"]) == ("Ada", "the premiere is tonight")
    assert "Ada went on without a look" in panel.session.checklist.item("inference.short_range").reason


@pytest.mark.slow
def test_without_the_choice_the_render_waits_for_the_look(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film("--long")
    project.update(folder, {"inference.frames": "1-60"})
    panel = show(folder, 380, 900)
    work = page(panel, RenderWork)
    qtbot.waitUntil(work.all.isEnabled, timeout=PATIENCE)
    qtbot.mouseClick(work.all, LEFT)
    qtbot.waitUntil(panel.problem.isVisible, timeout=PATIENCE)
    assert "waits for a look" in panel.problem.message.text()
    idle(panel)
    assert not ledger.read(folder).of_kind("short range skipped")


@pytest.mark.slow
def test_what_is_signed_leaves_nothing_out(show: Show, finished: Path, qtbot: Any, page: Page) -> None:
    work = page(show(finished, 380, 900), RenderWork)
    qtbot.waitUntil(work.all.isEnabled, timeout=PATIENCE)
    assert not work.skip.box.isEnabled() and "nothing is left out" in work.skip.box.toolTip()


@pytest.mark.slow
def test_a_delivery_in_spite_of_what_fails(
    show: Show, finished: Path, program: Program, tmp_path: Path, qtbot: Any, page: Page, idle: Idle
) -> None:
    project.update(finished, {"delivery.source_type": "algorithmicallyEnhanced"})
    program(*CLI, "run", "--project", finished)
    project.update(finished, {"tolerances": {"validation.identity": {"difference": 0.0}}})
    panel = show(finished, 380, 900)
    work = page(panel, ValidationWork)
    bag = tmp_path / "bag"
    qtbot.keyClicks(work.folder, str(bag))
    qtbot.waitUntil(work.deliver.isEnabled, timeout=PATIENCE)
    for one in (work.failing, work.foreign):
        assert not one.box.isChecked() and "who" in one.box.toolTip()
    choose(qtbot, work.failing, "half is coarser than that")
    choose(qtbot, work.foreign, "rendered in another room")
    qtbot.mouseClick(work.deliver, LEFT)
    assert not work.failing.box.isChecked() and not work.foreign.why.text()
    idle(panel)
    (job,) = jobs.everyone(finished)
    words = list(job.arguments)
    for option, why in (
        ("--accept-failing", "half is coarser than that"),
        ("--accept-foreign", "rendered in another room"),
    ):
        assert words[words.index(option) + 1] == why
    (record,) = ledger.read(finished).of_kind("accepted")
    assert (record.by, record.data["why"]) == ("Ada", "half is coarser than that")


@pytest.mark.slow
def test_going_on_without_a_measurement_is_chosen_and_said(
    show: Show, finished: Path, program: Program, qtbot: Any, page: Page, idle: Idle
) -> None:
    """The held-out frame is not among those to render."""
    project.update(finished, {"inference.frames": "5-8"})
    panel = show(finished, 380, 900)
    panel.session.start_run("Ada")
    qtbot.waitUntil(panel.problem.isVisible, timeout=PATIENCE)
    idle(panel)
    assert "not measured" in panel.problem.message.text()
    work = page(panel, ValidationWork)
    qtbot.waitUntil(work.unmeasured.isVisible, timeout=PATIENCE)
    assert not work.go_on.isEnabled() and "meant" in work.go_on.toolTip()
    choose(qtbot, work.unmeasured, "a test strip")
    qtbot.mouseClick(work.go_on, LEFT)
    qtbot.waitUntil(lambda: bool(ledger.read(finished).of_kind("accepted")), timeout=PATIENCE)
    idle(panel)
    assert not panel.problem.isVisible() and not work.unmeasured.box.isChecked()
    # A later run rests on it, and says so.
    panel.session.start_run("Bo")
    idle(panel)
    said = [item.reason for item in panel.session.checklist.of_stage(5) if item.is_pending]
    assert any("gone on without it by Ada" in reason and "a test strip" in reason for reason in said), said
    assert "gone on without it by Ada" in work.missing.text().replace("\u200b", "")
