"""Photographs the panel to ``docs/pictures/panel-*.png``: ``python docs/make_panel_pictures.py``.

On small films made of the free photographs, through real runs; docked (380 × 900) and as a window (1280 × 800). Takes
some minutes.
Needs ``python3 setup_env.py panel``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import cv2  # noqa: E402

from film_recovery import recipes  # noqa: E402
from film_recovery.panel.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from film_recovery.panel.widgets import window  # noqa: E402
from film_recovery.panel.widgets.window import Window  # noqa: E402
from film_recovery.recipes import STAGES  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
DOCKED, WIDE = (380, 900), (1280, 800)
LIMIT = 300.0  # seconds


def main() -> None:
    folder = Path(tempfile.gettempdir(), "restoration")  # it is read in the pictures
    folder.mkdir()
    try:
        kinds = QtCore.QSettings
        kinds.setPath(kinds.Format.IniFormat, kinds.Scope.UserScope, f"{folder}/settings")
        program = window.application()
        program.setFont(QtGui.QFont("DejaVu Sans", 9))
        checks(program, film(folder / "a_trip", "--break-lock"))
        running(program, film(folder / "a_night", "--signed", "--steps", "200000"))
        new(program)
        pages(program, recovered(folder / "coffee"))
    finally:
        shutil.rmtree(folder)


def pages(program: QtWidgets.QApplication, project: Path) -> None:
    """Every stage's page, as a window and docked, of a film that has been through all of them; help and tour."""
    for size, name in ((WIDE, "wide"), (DOCKED, "docked")):
        panel = opened(program, project, size)
        panel.page.show_work(True)
        for stage in range(len(STAGES)):
            page(program, panel, stage, name)
        panel.guide.show_help(True)
        keep(program, panel, f"panel-help-{name}")
        panel.guide.show_tour()
        tour = panel.guide.tour
        assert tour is not None
        tour.show_stop(1)
        spin(program, lambda panel=panel: not panel.pictures.busy, 1.0)
        keep(program, panel, f"panel-tour-{name}")
        tour.end()
        panel.close()


def page(program: QtWidgets.QApplication, panel: Window, stage: int, name: str) -> None:
    """One page, when all of it is there."""
    panel.page.show_stage(stage)
    spin(program, lambda: panel.page.work is not None and panel.page.work.contents is not None)
    spin(program, lambda: not panel.pictures.busy, 1.5)
    keep(program, panel, f"panel-{stage}-{STAGES[stage]}-{name}")


def checks(program: QtWidgets.QApplication, project: Path) -> None:
    """Before a run: what stops, a signature, a repair."""
    panel = opened(program, project, WIDE)
    panel.page.sign("ingest.references_verified")
    keep(program, panel, "panel-checks")
    panel.resize(*DOCKED)
    panel.page.show_stage(0)
    keep(program, panel, "panel-docked")
    panel.page.fix("inference.identity_lock")
    form = panel.page.rows["inference.identity_lock"].form
    spin(program, lambda: form is not None and not form.findChildren(QtWidgets.QPlainTextEdit)[0].isHidden())
    keep(program, panel, "panel-repair")
    panel.close()


def running(program: QtWidgets.QApplication, project: Path) -> None:
    """A training that is on."""
    panel = opened(program, project, WIDE)
    panel.fold.setChecked(True)
    panel.session.start_run("Ada")
    panel.page.show_stage(3)
    spin(program, lambda: panel.strip.bar.value() > 20)
    keep(program, panel, "panel-run")
    panel.session.run.cancel()
    spin(program, lambda: not panel.session.run.is_on)
    panel.close()


def new(program: QtWidgets.QApplication) -> None:
    """The recipe chooser."""
    panel = Window()
    panel.resize(*DOCKED)
    panel.show()
    panel.start.new.click()
    form = panel.start.form
    form.intra.setChecked(True)
    form.inter.setChecked(True)
    form.better.setCurrentIndex(0)
    form.film.setText("A Trip")
    form.source.setText("scans/print.####.exr")
    keep(program, panel, "panel-new")
    panel.close()


def recovered(folder: Path) -> Path:
    """The demo's film of free photographs, curated, aligned, signed and taken through a short training."""
    project = folder / "colour"
    command("demo", "--prepare", "colour", "--footage", "photographs", "--out", folder)
    command("set", "--project", project, "training.size=small", "training.patch=128", "training.steps=400")
    command("curate", project, "--apply")
    command("align", project, "--apply", may_fail=True)
    signed_together = (range(4), [4], [5])  # a training, the short range and the full one lie between
    for stages in signed_together:
        for check in recipes.load("colour-reference").checks:
            if check.manual and check.stage in stages:
                command("sign", check.id, "--by", "Ada Lovelace", "--note", "simulated", "--project", project)
        command("run", "--project", project, "--accept-unmeasured", "a picture for the docs", may_fail=True)
    command("outliers", project, may_fail=True)
    return project


def command(*words: object, may_fail: bool = False) -> None:
    """A command of the engine; the pictures show a check that fails as well."""
    said = [sys.executable, "-m", "film_recovery", *map(str, words)]
    done = subprocess.run(
        said, env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, capture_output=True, text=True
    )
    if done.returncode and not (may_fail and done.returncode == 1):
        sys.exit(f"{' '.join(said[2:])}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def film(folder: Path, *options: str) -> Path:
    """A project of a small film, made by the tests' own program."""
    folder.mkdir()
    make = ROOT / "tests" / "panel" / "make_film.py"
    subprocess.run([sys.executable, str(make), str(folder), *options], check=True)
    return folder / "project"


def opened(program: QtWidgets.QApplication, project: Path, size: tuple[int, int]) -> Window:
    panel = Window(str(project))
    panel.settings.name = "Ada Lovelace"
    panel.resize(*size)
    panel.show()
    session = panel.session
    spin(program, lambda: bool(session.checklist and session.checklist.outcomes and not session.busy))
    return panel


def spin(program: QtWidgets.QApplication, done: Callable[[], bool], least: float = 0.4) -> None:
    """Lets the panel work until ``done``, and a moment longer."""
    end = time.monotonic() + LIMIT
    while not done():
        if time.monotonic() > end:
            sys.exit("The panel did not come to what was to be photographed.")
        program.processEvents()
        time.sleep(0.01)
    settle = time.monotonic() + least
    while time.monotonic() < settle:
        program.processEvents()


def keep(program: QtWidgets.QApplication, panel: Window, name: str) -> None:
    """Takes the picture; colours are reduced, to keep the file small."""
    spin(program, lambda: True)
    file = PICTURES / f"{name}.png"
    panel.grab().save(str(file))
    picture = cv2.imread(str(file))
    cv2.imwrite(str(file), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
