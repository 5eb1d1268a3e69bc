"""The panel: how soon it is there, and whether it ever keeps its operator waiting.

    python benchmarks/bench_panel.py            (needs Qt: python3 setup_env.py panel)

* **first paint**: a fresh process, from before the first import to the end of the first paint, without a project; the
  peer is an empty window of the same Qt in a process of its own. Processor milliseconds, least and middle of seven by
  turns.
* **opening**, **training**: the small film of the tests is opened, measured, and trained, while the stages and pages
  are gone through. Between two turns of the main loop lies what kept the operator waiting: the longest such stretch in
  processor milliseconds of the main thread, so that other work on the machine does not count (it still costs caches).
  Opening: each of three panels one after another; the first imports.
* **pressed**: what else an operator presses, with all six stages opened before: help, log, larger and smaller text,
  another width, a check opened, the tour, the form of a new project. The longest stretch of each.
* **2 000 checks**: a stage of so many is shown, each of them told, all but those that stop hidden and shown again, the
  list scrolled to its end; **500 thumbnails**: a strip goes over so many pictures, made before, as fast as it can. The
  longest stretch each.
* **the machine**: one and the same painting, again and again, in a program without a panel. What its longest time is
  above its middle, the machine adds to any step now and then.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from film_recovery.panel.widgets.window import Window

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
TURNS, PANELS = 7, 3
PATIENCE = 600.0
CHECKS, THUMBNAILS, PAINTED = 2000, 500, 3000

_PAINTED = """
import time
begin = time.process_time()
{imports}
program = {program}
made = {window}
made.resize(1000, 800)
made.show()
while not made.isVisible():
    program.processEvents()
program.processEvents()
made.grab()
print((time.process_time() - begin) * 1000)
"""
EMPTY = _PAINTED.format(
    imports="from PySide6 import QtWidgets",
    program="QtWidgets.QApplication([])",
    window="QtWidgets.QWidget()",
)
PANEL = _PAINTED.format(
    imports="from film_recovery.panel.widgets import window",
    program="window.application()",
    window="window.Window()",
)


def main() -> None:
    if sys.argv[1:]:
        in_a_program(sys.argv[1], Path(sys.argv[2]))
        return
    painted()
    with tempfile.TemporaryDirectory() as folder:
        place = film(Path(folder))
        for name in PARTS:
            subprocess.run([sys.executable, __file__, name, str(place)], check=True)


def in_a_program(part: str, place: Path) -> None:
    """One part, with settings of its own."""
    from film_recovery.panel.qt import QtCore
    from film_recovery.panel.widgets import window

    kinds = QtCore.QSettings
    kinds.setPath(kinds.Format.IniFormat, kinds.Scope.UserScope, str(place.parent / part))
    window.application()
    PARTS[part](place)


def painted() -> None:
    taken: dict[str, list[float]] = {"empty": [], "panel": []}
    for _ in range(TURNS):
        for name, text in (("empty", EMPTY), ("panel", PANEL)):
            with tempfile.TemporaryDirectory() as home:
                variables = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "HOME": home}
                done = subprocess.run(
                    [sys.executable, "-c", text], capture_output=True, text=True, check=True, env=variables
                )
            taken[name].append(float(done.stdout.split()[-1]))
    empty, panel = (statistics.median(taken[name]) for name in ("empty", "panel"))
    print(
        f"first paint: least {min(taken['panel']):.0f}, middle {panel:.0f} ms; an empty window of the same Qt: "
        f"{min(taken['empty']):.0f}, {empty:.0f} ms; ratio of the middles {panel / empty:.1f}"
    )


def film(folder: Path) -> Path:
    make = ROOT / "tests" / "panel" / "make_film.py"
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, str(make), str(folder / "film"), "--signed", "--steps", "100000"],
        check=True,
        env=variables,
    )
    return folder / "film" / "project"


class Watch:
    """Turns the main loop, and keeps its longest stretch in seconds of the main thread's processor time."""

    def __init__(self) -> None:
        self.longest = 0.0

    def until(self, done: Callable[[], bool]) -> None:
        from film_recovery.panel.qt import QtCore, QtWidgets

        program = QtWidgets.QApplication.instance()
        assert program is not None
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                raise SystemExit("The panel did not come to what was to be measured.")
            begin = time.thread_time()
            program.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 1)
            self.longest = max(self.longest, time.thread_time() - begin)
            time.sleep(0.001)

    def during(self, deed: Callable[[], object], settle: int = 40) -> float:
        """``deed``, and so many turns after it. Gives the longest stretch so far, in milliseconds."""
        begin = time.thread_time()
        deed()
        self.longest = max(self.longest, time.thread_time() - begin)
        turns = iter(range(settle))
        self.until(lambda: next(turns, None) is None)
        return self.longest * 1000


def opened(place: Path, watch: Watch) -> Window:
    """A panel on the project in ``place``, measured."""
    from film_recovery.panel.widgets.window import Window

    panel = Window(str(place))
    panel.resize(1280, 800)
    panel.show()
    session = panel.session
    watch.until(lambda: bool(session.checklist and session.checklist.outcomes and not session.busy))
    return panel


def went_through(place: Path) -> None:
    longest = []
    for _ in range(PANELS):
        watch = Watch()
        panel = opened(place, watch)
        for stage in range(6):
            watch.during(lambda page=panel.page, stage=stage: page.show_stage(stage))
        longest.append(f"{watch.longest * 1000:.0f}")
        panel.close()
    print(f"opening and going through the stages: longest stretch {', '.join(longest)} ms in {PANELS} panels")


def trained(place: Path) -> None:
    panel = opened(place, Watch())
    session = panel.session
    watch = Watch()
    watch.during(lambda: session.start_run("bench"))
    watch.until(lambda: session.work.endswith("network") and panel.strip.bar.value() > 50)
    for stage in (3, 1, 3, 4, 5, 3):
        watch.during(lambda stage=stage: panel.page.show_stage(stage), settle=200)
    watch.during(session.run.cancel)
    watch.until(lambda: not session.run.is_on and not session.busy)
    print(f"a training from its start to its end: longest stretch {watch.longest * 1000:.0f} ms")
    panel.close()


def pressed(place: Path) -> None:
    panel = opened(place, Watch())
    for stage in range(6):
        Watch().during(lambda stage=stage: panel.page.show_stage(stage), settle=60)

    def narrow_and_wide() -> None:
        panel.resize(*((1920, 1080) if panel.is_row else (380, 900)))

    deeds: dict[str, Callable[[], object]] = {
        "help": panel.guide.toggle,
        "log": panel.fold.toggle,
        "text": lambda: panel.text_size.change(-2 if panel.settings.text_size else 2),
        "width": narrow_and_wide,
        "a check": lambda: panel.page.look_at("ingest.channels"),
        "tour": panel.guide.show_tour,
        "leaving": panel.session.leave,
        "new project": panel.start._show_new,
    }
    twice = {"help", "log", "text", "width"}  # there and back
    said = []
    for name, deed in deeds.items():
        found = [f"{Watch().during(deed, settle=80):.0f}" for _ in range(2 if name in twice else 1)]
        said.append(f"{name} {', '.join(found)} ms")
    print(f"pressed, longest stretches: {'; '.join(said)}")
    panel.close()


def many_checks(place: Path) -> None:
    found = [checked(place) for _ in range(PANELS)]
    said = (
        f"{name} {', '.join(f'{one[name] * 1000:.0f}' for one in found)} ms"
        for name in ("shown", "told", "filtered", "scrolled")
    )
    print(f"{CHECKS} checks, longest stretches in {PANELS} panels: {'; '.join(said)}")


def checked(place: Path) -> dict[str, float]:
    """Seconds of the longest stretch by what was done, in a panel of its own."""
    from film_recovery.panel.checklist import Checklist

    panel = opened(place, Watch())
    session = panel.session
    assert session.checklist is not None
    recipe = session.checklist.recipe
    one = recipe.for_stage(0)[0]
    checks = tuple(replace(one, id=f"ingest.many_{number}") for number in range(CHECKS))
    session.checklist = Checklist(replace(recipe, checks=checks))
    watches = {name: Watch() for name in ("shown", "told", "filtered", "scrolled")}
    watches["shown"].during(lambda: panel.page.show_stage(0), settle=400)
    for check in checks:
        event = {
            "event": "check",
            "id": check.id,
            "outcome": "warn",
            "value": 1.0,
            "reason": "of the benchmark",
        }
        watches["told"].during(lambda event=event: session._told(event), settle=1)
    for _ in range(2):
        watches["filtered"].during(panel.page.stops.toggle)
    bar = panel.page.checks.verticalScrollBar()
    while bar.value() < bar.maximum():
        watches["scrolled"].during(lambda: bar.setValue(bar.value() + bar.pageStep()), settle=4)
    panel.close()
    return {name: watch.longest for name, watch in watches.items()}


def many_pictures(place: Path) -> None:
    import cv2
    import numpy as np

    from film_recovery.panel.widgets.pictures import Wanted
    from film_recovery.panel.widgets.strip import Film, Strip
    from film_recovery.panel.widgets.window import Window

    files = [place.parent / f"many_{number}.png" for number in range(THUMBNAILS)]
    drawn = np.random.default_rng(1)
    for file in files:
        cv2.imwrite(str(file), drawn.integers(0, 255, (150, 200, 3), np.uint8))
    panel = Window()
    strip = Strip(panel.pictures)
    strip.resize(1000, 144)
    strip.show()
    strip.show_film(Film(1, THUMBNAILS, lambda frame: Wanted(str(files[frame - 1])), {}, {}))
    watch = Watch()
    for frame in range(1, THUMBNAILS + 1):
        watch.during(lambda frame=frame: strip.go_to(frame), settle=1)
        wanted = Wanted(str(files[frame - 1]))
        watch.until(lambda wanted=wanted: panel.pictures.of(wanted) is not None)
    print(f"{THUMBNAILS} thumbnails: longest stretch {watch.longest * 1000:.0f} ms")
    panel.close()


def the_machine(place: Path) -> None:
    from film_recovery.panel.qt import QtCore, QtGui

    drawn = QtGui.QImage(1280, 800, QtGui.QImage.Format.Format_ARGB32)
    taken = []
    for _ in range(PAINTED):
        begin = time.thread_time()
        painter = QtGui.QPainter(drawn)
        for number in range(4):
            painter.fillRect(drawn.rect(), QtGui.QColor(number, 10, 10, 200))
        for number in range(400):
            painter.drawText(QtCore.QPoint(10, 10 + number * 2), "The text of a check that is long enough")
        painter.end()
        taken.append((time.thread_time() - begin) * 1000)
        time.sleep(0.001)
    print(f"the machine: one painting of {statistics.median(taken):.0f} ms took {max(taken):.0f} at most")


PARTS: dict[str, Callable[[Path], None]] = {
    "opened": went_through,
    "trained": trained,
    "pressed": pressed,
    "checks": many_checks,
    "thumbnails": many_pictures,
    "machine": the_machine,
}

if __name__ == "__main__":
    main()
