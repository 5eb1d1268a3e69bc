"""Words of the operator and of the film that look like Tcl: a title, a folder, a shot's name, a label.

From project.yaml through *Build*, a saved script and a second session to pixels: nothing in them ever runs, in the
emulation nor in a real Tcl, and what is shown is the text itself.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from film_recovery import engine as engine  # registers Inference and CopyCat
from film_recovery import nk, project
from film_recovery.comp import Evaluator
from film_recovery.host.nuke import NukeHost
from film_recovery.host.script import ScriptHost
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.nk.tcl import read_blocks
from film_recovery.plugin import commands

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 48, 32
PAIRS, HELD = (4, 8, 15, 16), 23
PLANTED = (
    '[python {nuke.message("x")}]',
    "$env(HOME) ${x} $x",
    'The "Big" {Sleep',
    "} [exit] {",
    "Ночь — 漢字 [exec ls] é",
)
Install = Callable[..., AbstractContextManager[ModuleType]]


@pytest.fixture(params=PLANTED)
def planted(request: pytest.FixtureRequest) -> str:
    text: str = request.param
    return text


@pytest.fixture
def film(planted: str, tmp_path: Path) -> Path:
    """A project whose title, folder, elements' folder, shot and reasons are the planted text."""
    scans = tmp_path / f"scans {planted}"
    scans.mkdir()
    rng = np.random.default_rng(3)
    for name in ("print", "dvd"):
        for number in (*PAIRS, HELD):
            frame = Frame.from_array(rng.uniform(0.1, 0.9, (HEIGHT, WIDTH, 3)).astype(np.float32))
            write_frame(frame, scans / f"{name}.{number:04d}.exr", datatype="float")
    elements = {
        side: project.Element((scans / f"{name}.####.exr").as_posix(), 1, 90, WIDTH, HEIGHT)
        for side, name in (("source", "print"), ("reference", "dvd"))
    }
    pairs = tuple(project.PairOf(frame, frame, planted, planted) for frame in PAIRS)
    draft = project.Draft(planted, "colour-reference", elements, pairs=pairs)
    draft = project.drafted(draft, {"title": planted, "hold_out": [{"source": HELD, "reference": HELD}]})
    folder = tmp_path / f"film {planted}"
    project.create(folder, draft)
    return folder


class Tcl:
    """A real Tcl that takes a knob's value as Nuke does: once, for ``[…]``, ``$…`` and backslashes; tells what ran."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, ...]] = []
        self._tcl = tkinter.Tcl()
        for command in ("python", "exec", "exit"):
            self._tcl.createcommand(command, lambda *words: self.ran.append(words) or "")

    def shown(self, value: str) -> str:
        return str(self._tcl.call("subst", value))


def values_with(text: str, planted: str) -> Iterator[tuple[str, str]]:
    """Class and value, as Tcl reads the script, of every knob that holds a piece of the planted text."""
    piece = max(planted.replace("{", " ").replace("}", " ").split(), key=len).strip('[]"$')
    for class_name, knobs in read_blocks(text) or ():
        for _, value in knobs:
            if piece in value:
                yield class_name, value


def test_it_is_shown_and_never_run(planted: str, film: Path, tmp_path: Path, install_nuke: Install) -> None:
    file = tmp_path / "a comp.nk"
    with install_nuke() as nuke:
        nuke.emulation.start(ROOT)
        nuke.root()["colorManagement"].setValue("OCIO")
        host = NukeHost()
        host.set_project(film.as_posix())
        entry = nuke.menu("Nuke").findItem("Film Recovery/Build/Graph of the project")
        entry.invoke()
        assert "new nodes" in nuke.emulation.messages[-1]
        host.set_text("ManualTransform", "label", planted)
        host.set_text("FrameHold_Source_1", "label", f"pair 1 {planted}")
        before = host.script_text()
        entry.invoke()
        assert "is there and up to date" in nuke.emulation.messages[-1]
        assert host.script_text() == before
        nuke.scriptSaveAs(file.as_posix())
        assert (nuke.emulation.tcl, len(nuke.emulation.messages)) == ([], 2)
    with install_nuke() as nuke:
        nuke.emulation.start(ROOT)
        nuke.scriptOpen(file.as_posix())
        _says_it(NukeHost(), planted, film)
        again = NukeHost().script_text()
        assert (nuke.emulation.tcl, nuke.emulation.messages) == ([], [])
    _says_it(ScriptHost(file), planted, film)
    for text in (file.read_text("utf-8"), again):
        tcl = Tcl()
        found = [(class_name, tcl.shown(value)) for class_name, value in values_with(text, planted)]
        assert tcl.ran == []
        assert [shown for _, shown in found if planted not in shown] == []
        assert {"Root", "BackdropNode", "Read", "CopyCat", "Transform", "FrameHold"} <= {
            one for one, _ in found
        }
        evaluator = Evaluator(nk.parse(text, file=file.as_posix()))
        for name in ("Read_Source", "LiveAreaCrop", "CopyCat1"):
            frame = evaluator.frame(name, 4 if name == "Read_Source" else 1)
            assert frame.rgb().max() > 0.1
        assert evaluator.files_read[0].parent.name == f"scans {planted}"


def _says_it(host: NukeHost | ScriptHost, planted: str, film: Path) -> None:
    assert host.project() == film.as_posix()
    assert planted in host.text("Backdrop_Recovery", "label")
    assert host.text("ManualTransform", "label") == planted
    assert host.text("FrameHold_Source_1", "label") == f"pair 1 {planted}"
    assert host.text("Read_Source", "file").endswith(f"scans {planted}/print.####.exr")
    assert f"film {planted}/" in host.text("CopyCat1", "dataDirectory")


def test_the_same_on_a_script_file(planted: str, film: Path, tmp_path: Path) -> None:
    host = ScriptHost(nk.parse("version 15.1 v3\nRoot {\n inputs 0\n colorManagement OCIO\n}\n"))
    host.set_project(film.as_posix())
    commands.run_on(host, "build", "")
    assert "new nodes" in host.messages[-1]
    host.set_text("ManualTransform", "label", planted)
    host.set_text("FrameHold_Source_1", "label", f"pair 1 {planted}")
    host.save(tmp_path / "comp.nk")
    again = ScriptHost(tmp_path / "comp.nk")
    _says_it(again, planted, film)
    commands.run_on(again, "build", "")
    assert "is there and up to date" in again.messages[-1]
    assert again.script_text() == host.script_text()


@pytest.mark.parametrize("live", PLANTED[:2])
def test_this_test_would_see_it_run(live: str) -> None:
    """The same text, stored as it stands: Tcl takes it for its own."""
    text = f"NoOp {{\n name N\n label {nk.stored(live)}\n}}\n"
    ((_, value),) = values_with(text, live)
    tcl = Tcl()
    try:
        assert tcl.shown(value) != live
    except tkinter.TclError:
        assert "$x" in live
    assert bool(tcl.ran) == live.startswith("[")
