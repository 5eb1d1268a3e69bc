"""The menus: every entry does something, every block has its place and its icons, start-up survives anything."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from film_recovery import nk
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import commands, menus, start

ROOT = Path(__file__).resolve().parents[2]
EMPTY = "version 15.1 v3\nRoot {\n inputs 0\n}\n"
READS = EMPTY + "".join(
    f"Read {{\n inputs 0\n file a.####.exr\n name {name}\n selected true\n xpos {x}\n ypos 50\n}}\n"
    for name, x in (("Print", 0), ("Dvd", 200))
)
ALIGN = "FR_Align"  # whose first input is the Reference


class Menu:
    """What NukeX's menu does with what it is given: keeps it, and runs a command's text."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.icons: dict[str, str] = {}

    def addMenu(self, label: str, icon: str = "") -> Menu:
        self.icons[label] = icon
        return self.entries.setdefault(label, Menu())

    def addCommand(self, label: str, command: str, shortcut: str = "", icon: str = "") -> None:
        compile(command, label, "exec")
        self.entries[label] = command
        self.icons[label] = icon

    def addSeparator(self) -> None:
        pass


def test_the_blocks_of_the_menus_are_the_gizmos() -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "gizmos").glob("*.gizmo")}
    assert set(menus.BLOCKS) == set(files)
    assert {name for name, text in files.items() if "\nGroup {" in f"\n{text}"} == set(menus.STATEFUL)


def test_the_menus_are_put_in_place() -> None:
    bar, nodes = Menu(), Menu()
    menus.install_menus(bar, nodes)
    own = bar.entries["Film Recovery"]
    assert [*own.entries] == [
        "Blocks", "Build", "Panel", "Update FR groups in script",
        *(["Self-test"] if (ROOT / "python/film_recovery/plugin/self_test.py").exists() else []),
        "Help",
    ]  # fmt: skip
    assert set(menus.BLOCKS) < set(own.entries["Blocks"].entries)
    assert set(own.entries["Blocks"].entries["As gizmo"].entries) == set(menus.BLOCKS) - set(menus.STATEFUL)
    assert nodes.icons["Film Recovery"] == "FilmRecovery.png"
    assert nodes.entries["Film Recovery"].icons["FR_Merge"] == "FR_Merge.png"


def test_no_entry_is_dead() -> None:
    for entry in menus.commands_of(menus.menu_bar()):
        assert entry.name in commands.COMMANDS, entry
        if entry.icon:
            assert (ROOT / "icons" / entry.icon).is_file()


@pytest.mark.parametrize("name", [menus.ICON[:-4], *menus.BLOCKS])
def test_every_icon_is_there_in_both_sizes(name: str) -> None:
    assert (ROOT / "icons" / f"{name}.svg").is_file()
    for suffix, size in (("", 24), ("@2x", 48)):
        head = (ROOT / "icons" / f"{name}{suffix}.png").read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", head[16:24]) == (size, size)


@pytest.mark.parametrize("block", menus.BLOCKS)
def test_a_dropped_block_is_fed_by_what_is_selected(block: str) -> None:
    host = ScriptHost(nk.parse(READS))
    assert host.selected() == ("Print", "Dvd")
    path = commands.drop(host, block)
    assert (host.class_of(path), host.text(path, "fr_id")) == ("Group", block)
    inputs = sum(host.class_of(one) == "Input" for one in host.nodes(path))
    assert host.inputs(path) == (("Dvd", "Print") if block == ALIGN else ("Print", "Dvd"))[:inputs]
    assert "Print" in host.messages[-1] and "Dvd" in host.messages[-1]
    assert host.selected() == (path,)
    assert commands.drop(host, block) != path


def test_a_block_with_state_is_never_a_gizmo() -> None:
    host = ScriptHost(nk.parse(READS))
    assert host.class_of(commands.drop_gizmo(host, "FR_Merge")) == "FR_Merge"
    before = host.script_text()
    commands.run_on(host, "drop_gizmo", "FR_Align")
    assert "FR_Align" in host.messages[-1] and "Remedy" in host.messages[-1]
    assert host.script_text() == before


@pytest.mark.parametrize(
    "error",
    [RuntimeError("Nuke says no"), OSError(28, "No space left"), ValueError("a bad value"), ValueError()],
)
def test_what_stops_an_entry_is_told(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    host = ScriptHost(nk.parse(READS))

    def stop(*arguments: object) -> None:
        host.create("Grade", "Half")
        raise error

    monkeypatch.setattr(host, "connect", stop)
    before = host.script_text()
    commands.run_on(host, "drop", "FR_Merge")
    (message,) = host.messages
    assert message.startswith("Film Recovery: drop FR_Merge: ") and (str(error) or "ValueError") in message
    assert host.script_text() == before


def test_help_names_the_operator_s_page() -> None:
    host = ScriptHost(nk.parse(EMPTY))
    commands.run_on(host, "show_help")
    assert Path(host.messages[-1].rpartition(" open ")[2]) == ROOT / "docs" / "index.html"


def test_an_entry_outlives_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "nuke.py").write_text("def message(text):\n    print(text)\n", encoding="utf-8")
    entry = next(menus.commands_of(menus.menu_bar())).script
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); exec({entry!r})"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "not installed" in done.stdout


@pytest.mark.parametrize("name", ["init.py", "menu.py"])
def test_start_up_never_stops_nuke(name: str, tmp_path: Path) -> None:
    (tmp_path / "nuke.py").write_text("raise RuntimeError('broken')\n", encoding="utf-8")
    program = (
        f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); runpy.run_path({str(ROOT / name)!r})"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1 and "Film Recovery" in done.stdout and "broken" in done.stdout


def test_the_engine_of_the_installer_gives_way_to_one_that_is_named() -> None:
    variables = {start.ENGINE: "/own/python"}
    start.prepare(variables)
    assert variables == {start.ENGINE: "/own/python"}
    assert Path(start.folder()) == ROOT


def test_in_nuke_every_block_is_dropped_built_and_updated(emulated_nuke: Any) -> None:
    from film_recovery.host.nuke import NukeHost
    from film_recovery.plugin import building, updating

    host = NukeHost()
    assert building.build(host, "spatial-gauge").new
    again = building.build(host, "spatial-gauge")
    assert (again.new, again.set) == ((), ())
    for block in menus.BLOCKS:
        path = commands.drop(host, block)
        host.set_knob(path, "fr_version", "0")
    assert len(updating.update(host)) == len(menus.BLOCKS)
    assert updating.update(host) == ()
