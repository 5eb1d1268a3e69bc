"""A seat that lacks the plugin, or has a broken one: stored buttons only tell, start-up says one line, Nuke goes on.

Each case is a process of its own, on the emulated Nuke, with a copy of the package that lacks ``plugin`` or has one
that cannot be imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from film_recovery import graph, nk
from film_recovery.plugin import copycat, menus

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "film_recovery"
PRESS = """
import sys, nuke
nuke.scriptOpen(sys.argv[1])
pressed = 0
for node in nuke.allNodes(recurseGroups=True):
    for name, knob in sorted(node.knobs().items()):
        if isinstance(knob, nuke.PyScript_Knob) and "film_recovery" in knob.command():
            before = nuke.allNodes(recurseGroups=True)
            knob.execute()
            pressed += 1
            assert nuke.allNodes(recurseGroups=True) == before
            assert len(nuke.emulation.messages) == pressed, name
assert nuke.emulation.tcl == []
assert nuke.emulation.executed == []
print(pressed, *sorted(set(nuke.emulation.messages)), sep="\\n")
"""
START = """
import sys, nuke
nuke.emulation.start(sys.argv[1])
assert nuke.emulation.messages == []
read = nuke.createNode("Read")
print("Nuke goes on", read.name(), [item.name() for item in nuke.menu("Nuke").items()])
"""


@pytest.fixture
def python_folder(tmp_path: Path) -> Path:
    """A ``python`` folder with the package, without its plugin."""
    folder = tmp_path / "checkout" / "python"
    package = folder / "film_recovery"
    package.mkdir(parents=True)
    for part in PACKAGE.iterdir():
        if part.name not in ("plugin", "__pycache__"):
            (package / part.name).symlink_to(part)
    return folder


def run(program: str, python_folder: Path, *arguments: str) -> str:
    """Runs ``program`` where only ``python_folder`` and the emulation are to be imported; gives what it printed."""
    path = os.pathsep.join(map(str, (python_folder, ROOT / "tests" / "emulated_nuke")))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def with_every_button(nuke: ModuleType, file: Path) -> int:
    """Saves a script with every block that has buttons of ours; gives how many buttons."""
    nuke.pluginAddPath(str(graph.gizmo_folder()))
    for block in menus.STATEFUL:
        nuke.createNode(block)
    plain = file.with_name("plain.nk")
    plain.write_text(copycat.plain_copycat(data_directory="/t"), encoding="utf-8")
    nuke.nodePaste(str(plain))
    nuke.scriptSaveAs(str(file))
    blocks = [node for node in nk.load(file).all_nodes() if node.user_knobs]
    return sum(
        "film_recovery" in knob.target for node in blocks for knob in node.user_knobs if knob.code == 22
    )


def test_a_stored_button_only_tells(emulated_nuke: ModuleType, python_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "comp.nk"
    buttons = with_every_button(emulated_nuke, file)
    assert buttons >= 8, "FR_PairStack's Rebuild and the others"
    number, *told = run(PRESS, python_folder, str(file)).splitlines()
    assert int(number) == buttons
    assert told == ["Film Recovery is not installed here; the rest of this node works without it."]


def test_with_the_plugin_the_same_buttons_do_more_than_tell_that(
    emulated_nuke: ModuleType, tmp_path: Path
) -> None:
    """The check above could not fail otherwise."""
    with_every_button(emulated_nuke, tmp_path / "comp.nk")
    node = emulated_nuke.toNode("FR_PairStack1")
    node["pairs"].setValue("7 8")
    node["rebuild"].execute()
    assert "not installed" not in "".join(emulated_nuke.emulation.messages)
    assert emulated_nuke.toNode("FR_PairStack1.FrameHold_3") is None


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (None, "film_recovery.plugin"),
        ("raise RuntimeError('a broken disk')\n", "a broken disk"),
        ("def (:\n", "invalid syntax"),
    ],
    ids=["missing", "raises", "is no Python"],
)
def test_start_up_with_a_broken_folder_says_one_line_a_file(
    python_folder: Path, broken: str | None, said: str
) -> None:
    checkout = python_folder.parent
    for name in ("init.py", "menu.py", "gizmos", "icons"):
        (checkout / name).symlink_to(ROOT / name)
    if broken is not None:
        plugin = python_folder / "film_recovery" / "plugin"
        plugin.mkdir()
        (plugin / "__init__.py").write_text("", encoding="utf-8")
        for module in ("start.py", "menus.py"):
            (plugin / module).write_text(broken, encoding="utf-8")
    lines = run(START, python_folder, str(checkout)).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("Film Recovery: start-up failed: ") and said in lines[0]
    assert lines[1].startswith("Film Recovery: the menu is missing: ") and said in lines[1]
    assert lines[2] == "Nuke goes on Read1 []"
