"""Stage 3 by mouse and keys: settings and reasoning saved, a training watched, paused, resumed; CopyCat's sheets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger, project
from film_recovery.panel.contents import training as contents
from film_recovery.panel.contents.training import Log, Reader
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_training import TrainingWork

Show = Callable[..., Window]
Film = Callable[..., Path]
Page = Callable[..., Any]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton


def until(qtbot: Any, done: Callable[[], bool]) -> None:
    qtbot.waitUntil(done, timeout=PATIENCE)


def press(qtbot: Any, button: QtWidgets.QAbstractButton) -> None:
    assert button.isEnabled() and button.isVisible(), button.toolTip()
    qtbot.mouseClick(button, LEFT)


def typed(qtbot: Any, field: QtWidgets.QAbstractSpinBox, text: str) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def test_settings_are_chosen_from_the_preset_and_saved(
    show: Show, film: Film, qtbot: Any, page: Page
) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    work = page(panel, TrainingWork)
    form, presets = work.form, work.contents.presets
    before = project.load(folder).training
    assert (form.steps.value(), form.batch.value()) == (before.steps, before.batch)
    assert not form.save.isEnabled() and "Nothing" in form.save.toolTip()
    qtbot.keyClick(form.preset, Qt.Key.Key_Space)
    asked = form.typed
    assert (asked.size, asked.patch, asked.batch, asked.steps) == tuple(
        presets[name] for name in ("size", "patch", "batch", "steps")
    )
    assert not form.batch.isEnabled() and "Fixed" in form.batch.toolTip()
    pairs = len(project.load(folder).pairs)
    assert form.epochs.value() == presets["steps"] * presets["batch"] // pairs
    # A smaller patch sees fewer pixels a step, so the steps rise by the recipe's factor; back again they fall.
    form.patch.setFocus()
    qtbot.keyClick(form.patch, Qt.Key.Key_Down)
    assert form.typed.patch == presets["small_patch"]
    assert form.steps.value() == presets["steps"] * presets["small_patch_factor"]
    assert form.follows.isVisible() and "× 2" in form.follows.text()
    qtbot.keyClick(form.patch, Qt.Key.Key_Up)
    assert form.steps.value() == presets["steps"] and not form.follows.isVisible()
    typed(qtbot, form.epochs, "1500")
    assert form.steps.value() == 1500 * pairs // presets["batch"]
    assert not form.hours.isEnabled() and "Not known" in form.hours.toolTip()
    assert not work.train.isEnabled() and "Save" in work.train.toolTip()
    press(qtbot, form.save)
    until(qtbot, lambda: not form.is_changed and not panel.session.busy)
    now = project.load(folder).training
    assert (now.size, now.patch, now.steps) == ("medium", 512, form.steps.value())
    (record,) = ledger.read(folder).of_kind("set")
    assert record.by == "Ada" and record.data["from"]["training.steps"] == before.steps
    assert "training.engine" not in record.data["to"]
    typed(qtbot, form.steps, "77")
    press(qtbot, form.revert)
    assert form.steps.value() == now.steps and not form.is_changed


def test_the_reasoning_is_asked_for_before_training(show: Show, film: Film, qtbot: Any, page: Page) -> None:
    folder = film()
    project.update(folder, {"reasoning": ""})
    panel = show(folder, 1280, 800)
    work = page(panel, TrainingWork)
    until(qtbot, lambda: work.train.isEnabled())
    press(qtbot, work.fold)
    assert not work.reasoning.isVisible()
    press(qtbot, work.train)
    assert not panel.session.run.is_on and "write why" in work.more.text()
    assert work.reasoning.isVisible() and panel.focusWidget() is work.reasoning
    qtbot.keyClicks(work.reasoning, 'Why: {the lamp} #1, a "b" \\')
    said = work.reasoning.toPlainText()
    assert not work.train.isEnabled() and "reasoning" in work.train.toolTip()
    press(qtbot, work.keep)
    until(qtbot, lambda: project.load(folder).reasoning == said and not panel.session.busy)
    assert ledger.read(folder).of_kind("set")[-1].data["to"]["reasoning"] == said
    until(qtbot, lambda: work.train.isEnabled() and not work.keep.isEnabled())
    assert "write why" not in work.more.text()


def test_the_interval_of_the_checkpoints_is_the_operators(
    show: Show, film: Film, qtbot: Any, page: Page
) -> None:
    folder = film("--signed")
    panel = show(folder, 380, 900)
    work = page(panel, TrainingWork)
    form = work.form
    assert form.checkpoints.value() == 10_000 and "recipe keeps" not in form.kept.text()
    form.checkpoints.setFocus()
    form.checkpoints.selectAll()
    qtbot.keyClicks(form.checkpoints, "2500")
    qtbot.keyClick(form.checkpoints, Qt.Key.Key_Tab)
    assert "recipe keeps" in form.kept.text()
    press(qtbot, form.save)
    until(qtbot, lambda: project.load(folder).training.checkpoints == 2500 and not panel.session.busy)
    assert ledger.read(folder).of_kind("set")[-1].data["to"] == {"training.checkpoints": 2500}
    said = panel.session.checklist.item("training.settings")
    assert "2500" in said.reason and said.outcome == "warn", "the workflow fixes it, and says so"


@pytest.mark.slow
def test_a_training_is_watched_paused_and_brought_to_its_end(
    show: Show, film: Film, qtbot: Any, page: Page
) -> None:
    folder = film("--signed", "--steps", "400")
    panel = show(folder, 1280, 800)
    work = page(panel, TrainingWork)
    until(qtbot, lambda: work.train.isEnabled())
    assert work.train.text() == "Train" and not work.pause.isEnabled()
    assert "Nothing has been trained" in work.said.text() and work.card.text().startswith("No model")
    press(qtbot, work.train)
    until(qtbot, lambda: work.contents.run is not None and work.contents.run.step >= 150)
    assert "Training: step" in work.said.text() and "learning rate" in work.more.text()
    assert work.pause.isEnabled() and not work.train.isEnabled() and not work.form.save.isEnabled()
    # Its first picture, and the curves.
    until(qtbot, lambda: work.seen.viewer.images[0] is not None)
    first = work.contents.run
    until(qtbot, lambda: work.contents.run.step > first.step)  # it goes on, and so does the page
    assert len(work.contents.run.loss) > len(first.loss)
    assert {"psnr", "sat_ratio_60"} == set(first.held_out)
    # A spatial recovery leaves the colour as it is, so its difference is not measured.
    seen = [name for name, plot in work.figures.items() if plot.isVisible()]
    assert seen == ["psnr", "sat_ratio_60"] and work.loss.isVisible()
    # Left, and found again as it is: in another window, at another width.
    panel.close()
    panel = show(folder, 380, 900, wait=False)
    until(qtbot, lambda: panel.session.work == "network")
    work = page(panel, TrainingWork)
    until(qtbot, lambda: work.contents.run.step > first.step and "Training: step" in work.said.text())
    assert not work.fold.isChecked() and not work.form.isVisible()
    read = work._reader.lines
    press(qtbot, work.pause)
    assert not work.pause.isEnabled()
    until(qtbot, lambda: not panel.session.run.is_on and not panel.session.busy)
    assert jobs.everyone(folder)[-1].state == "cancelled"
    until(qtbot, lambda: work.train.text() == "Resume")
    paused = work.contents.run
    assert "Paused at step" in work.said.text() and paused.checkpoints and paused.step < 400
    assert work._reader.lines - read < 200, "the log was parsed anew"
    # The time that is left is known now, and decides steps.
    form = work.form
    assert form.hours.isEnabled() and paused.a_step > 0
    panel.page.show_stage(2)
    panel.page.show_stage(3)
    until(qtbot, lambda: work.train.isEnabled())
    press(qtbot, work.train)
    until(qtbot, lambda: work.contents.run.step == 400 and not panel.session.run.is_on)
    until(qtbot, lambda: "Trained: 400 steps, on 4 pairs" in work.said.text() and not panel.session.busy)
    done = work.contents.run
    assert done.folder == paused.folder, "it went on, and did not begin anew"
    assert work.train.text() == "Train" and "Nothing is trained anew unless" in work.train.toolTip()
    assert work.card.text().startswith("Model: ") and "400 steps" in work.card.text()
    assert "held-out PSNR: network" in work.card.text()
    # An earlier picture by a click on a curve, by keys, and wiped against the newest.
    steps = list(done.sheets)
    assert len(steps) > 2 and work.seen.step == steps[-1]
    area = work.loss._area()
    qtbot.mouseClick(work.loss, LEFT, pos=QtCore.QPoint(round(area.left()) + 2, round(area.center().y())))
    assert work.seen.step == steps[0]
    qtbot.keyClick(work.seen.slider, Qt.Key.Key_Right)
    assert work.seen.step == steps[1]
    qtbot.keyClick(work.seen.compare, Qt.Key.Key_Space)
    until(qtbot, lambda: all(image is not None for image in work.seen.viewer.images))
    assert work.seen.viewer.images[0] != work.seen.viewer.images[1]
    qtbot.keyClick(work.seen.kind, Qt.Key.Key_Down)
    assert work.seen.step in done.previews


def test_copycats_data_directory_is_watched(
    show: Show, film: Film, qtbot: Any, tmp_path: Path, page: Page
) -> None:
    folder = film()
    data = tmp_path / "copycat data"
    data.mkdir()
    sheet(data / "sheet_1.png", 40)
    panel = show(folder, 380, 900)
    work = page(panel, TrainingWork)
    assert not work.data.isVisible()
    work.form.engine.setFocus()
    qtbot.keyClick(work.form.engine, Qt.Key.Key_Down)
    press(qtbot, work.form.save)
    until(qtbot, lambda: work.data.isVisible() and not panel.session.busy)
    assert not work.train.isEnabled() and "NukeX" in work.train.toolTip()
    own = project.paths(project.load(folder)).training
    assert work.data.folder.text() == str(own), "as the script's CopyCat1 says"
    work.data.folder.selectAll()
    qtbot.keyClicks(work.data.folder, str(data))
    qtbot.keyClick(work.data.folder, Qt.Key.Key_Return)
    until(qtbot, lambda: work.contents.copycat.folder == data)
    until(qtbot, lambda: work.seen.viewer.images[0] is not None)
    # What comes is seen: a later sheet, a checkpoint, what cannot be opened.
    sheet(data / "sheet_10.png", 10)
    sheet(data / "sheet_2.png", 20)
    (data / "Training.7000.catnc").write_bytes(b"")
    (data / "Training.summary").write_bytes(b"")
    until(qtbot, lambda: len(work.contents.copycat.sheets) == 3 and work.contents.copycat.steps == 7000)
    assert "step 7000" in work.said.text()
    assert "Training.summary" in work.data.kept.text() and "Non-Commercial" in work.data.kept.text()
    assert [one.name for one in work.contents.copycat.sheets] == [
        "sheet_1.png",
        "sheet_2.png",
        "sheet_10.png",
    ]
    assert work.seen.step == 3
    assert not any(plot.isVisible() for plot in (work.loss, *work.figures.values()))
    press(qtbot, work.data.measure)
    until(qtbot, lambda: len(work.data.figures) == 3)
    found = [work.data.figures[f"sheet_{number}.png"]["psnr"] for number in (1, 2, 10)]
    assert found == sorted(found) and found[0] < found[-1]
    assert all(plot.isVisible() for plot in work.figures.values()) and not work.loss.isVisible()
    until(qtbot, lambda: work.seen.viewer.images[0] is not None)
    image = work.seen.viewer.images[0]
    assert image is not None and image.width() * 3 > image.height() * 4  # with the column Difference


def sheet(file: Path, off: int) -> None:
    """Two rows of three crops as CopyCat writes them; Output is ``off`` (of 255) from Ground Truth."""
    picture = QtGui.QImage(192, 128, QtGui.QImage.Format.Format_RGB888)
    for column, level in enumerate((60, 120, 120 + off)):
        painter = QtGui.QPainter(picture)
        painter.fillRect(column * 64, 0, 64, 128, QtGui.QColor(level, level, 40))
        painter.end()
    assert picture.save(str(file))


def lines(first: int, last: int) -> str:
    return "".join(
        json.dumps({"step": step, "loss": 1 / step, "learning_rate": 1e-3, "seconds": step * 0.5}) + "\n"
        for step in range(first, last + 1)
    )


def test_a_long_log_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    log = Log(file)
    log.look()
    assert log.step == 0  # there is none yet
    file.write_text(lines(1, 30_000), encoding="utf-8")
    log.look()
    assert (log.lines, log.step, log.a_step) == (30_000, 30_000, 0.5)
    points = log.loss.points
    assert 1000 <= len(points) <= 4000
    assert points[0] == (1, 1.0) and min(y for _, y in points) == 1 / 30_000
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    with open(file, "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"step": 30_000, "held_out": {"psnr": 31.5}, "seconds": 15_010.0}) + "\n")
        stream.write(lines(30_001, 30_002)[:-10])  # the last one is still being written
    log.look()
    assert (log.lines, log.step) == (30_002, 30_001)
    assert log.held_out["psnr"].points == ((30_000, 31.5),) and log.a_step == 0.5
    # A resume writes the log anew, from where it goes on.
    anew = tmp_path / "anew"
    anew.write_text(lines(1, 100), encoding="utf-8")
    anew.replace(file)
    log.look()
    assert (log.step, len(log.loss.points), log.held_out) == (100, 100, {})


def test_steps_and_epochs_say_the_same() -> None:
    asked = project.Training(steps=40_000, batch=3)
    assert contents.epochs_of(asked, 7) == 17_143
    for pairs in (1, 4, 7, 64):
        for number in (1, 500, 17_143):
            steps = contents.steps_of(number, 3, pairs)
            assert steps >= 1
            assert abs(contents.epochs_of(project.Training(steps=steps), pairs) - number) <= 3
    assert contents.epochs_of(asked, 0) == 0


def test_a_project_without_a_script_or_a_training_has_a_page(film: Film) -> None:
    folder = film()
    project.paths(project.load(folder)).script.unlink()
    found = Reader().read(folder)
    assert found.run is None and found.model is None and not found.copycat.sheets
    assert found.a_step(found.project.training) == 0
