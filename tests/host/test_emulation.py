"""The emulated Nuke itself: what it must refuse, and that it makes, saves and reloads real scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from film_recovery import nk

ROOT = Path(__file__).resolve().parents[2]
EMULATION = ROOT / "tests" / "emulated_nuke"
BLOCKS = sorted(file.stem for file in (ROOT / "gizmos").glob("*.gizmo"))
TEMPLATES = sorted((ROOT / "templates").glob("*.nk"))


@pytest.fixture
def nuke(emulated_nuke: ModuleType) -> Any:
    return emulated_nuke


# What it refuses


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda nuke: nuke.creatNode("Grade"), AttributeError),
        (lambda nuke: nuke.tcl("knob"), AttributeError),
        (lambda nuke: nuke.createNode("Grde"), RuntimeError),
        (lambda nuke: nuke.createNode("FR_Nothing"), RuntimeError),
        (lambda nuke: nuke.createNode("Grade", panel=False), TypeError),
        (lambda nuke: nuke.createNode("Grade", "whit 1"), NameError),
        (lambda nuke: nuke.nodes.Grade(whit=1), NameError),
        (lambda nuke: nuke.nodes.Grade()["whit"], NameError),
        (lambda nuke: nuke.nodes.Grade().setValue("white", 1), AttributeError),
        (lambda nuke: nuke.nodes.Grade()["white"].setvalue(1), AttributeError),
        (lambda nuke: nuke.nodes.Grade()["white"].setValue("much"), TypeError),
        (lambda nuke: nuke.nodes.Grade()["white"].fromScript("much"), ValueError),
        (lambda nuke: nuke.nodes.Merge2()["operation"].setValue("minus "), ValueError),
        (lambda nuke: nuke.nodes.Crop()["crop"].setValue("true"), TypeError),
        (lambda nuke: nuke.nodes.Crop()["crop"].fromScript("yes"), ValueError),
        (lambda nuke: nuke.nodes.Read()["file"].setValue(1), TypeError),
        (lambda nuke: nuke.nodes.Crop().setInput(1, nuke.nodes.Read()), IndexError),
        (lambda nuke: nuke.nodes.Crop().setInput(0, "Read1"), TypeError),
        (lambda nuke: nuke.menu("Nukes"), RuntimeError),
        (lambda nuke: nuke.menu("Nuke").addComand("x", "pass"), AttributeError),
        (lambda nuke: nuke.menu("Nuke").addCommand("x", "pass", tip="y"), TypeError),
        (lambda nuke: nuke.menu("Nuke").addCommand("x", 3), TypeError),
        (lambda nuke: nuke.env["nukeX"], KeyError),
        (lambda nuke: nuke.knobDefault("Grade.whit", "2"), ValueError),
        (lambda nuke: nuke.addOnCreate("not a function"), TypeError),
        (lambda nuke: nuke.message(3), TypeError),
        (lambda nuke: nuke.thisNode(), ValueError),
        (lambda nuke: nuke.sample(nuke.nodes.Read(), "rgba.red", 0, 0), RuntimeError),
        (lambda nuke: nuke.root()["first_fram"], NameError),
        (lambda nuke: nuke.Undo.beginn("x"), AttributeError),
        (lambda nuke: nuke.executeInMainThreadWithResult(lambda: 1), RuntimeError),
    ],
)
def test_a_mistake_is_refused(nuke: Any, wrong: Callable[[Any], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        wrong(nuke)


@pytest.mark.parametrize(
    "text",
    [
        "Grade {\n whit 1\n name G\n}\n",
        "Grde {\n name G\n}\n",
        "Merge2 {\n inputs 2\n operation dissolve\n name M\n}\n",
        "Crop {\n inputs 2\n name C\n}\n",
        "Crop {\n inputs 0+1\n name C\n}\n",
        "NoOp {\n addUserKnob {43 x l X}\n name N\n}\n",
        "Root {\n first_fram 1\n}\n",
        "Grade {\n name G",
    ],
)
def test_a_mistake_in_a_script_is_refused(nuke: Any, text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.nk"
    file.write_text("Read {\n inputs 0\n name R\n}\nRead {\n inputs 0\n name S\n}\n" + text, encoding="utf-8")
    with pytest.raises(RuntimeError):
        nuke.scriptOpen(str(file))


def test_another_settings_name_is_refused(
    install_nuke: Callable[..., AbstractContextManager[ModuleType]],
) -> None:
    with pytest.raises(TypeError, match="licence"), install_nuke(licence="nc"):
        pass
    assert "nuke" not in sys.modules and "nukescripts" not in sys.modules


# What it does


def test_create_node_connects_to_the_selection_and_nodes_does_not(nuke: Any) -> None:
    read = nuke.createNode("Read")
    blur = nuke.createNode("Blur")
    assert blur.input(0) is read
    grade = nuke.nodes.Grade(name="Apart", white=1.5)
    assert grade.input(0) is None and grade["white"].value() == (1.5, 1.5, 1.5, 1.5)
    read.selectOnly()
    crop = nuke.createNode("Crop", inpanel=False)
    assert crop.input(0) is read and blur.input(0) is crop, "it stands between the node and what it fed"


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_found_on_the_plugin_path(nuke: Any, block: str) -> None:
    nuke.emulation.start(ROOT)
    node = nuke.createNode(block)
    text = (ROOT / "gizmos" / f"{block}.gizmo").read_text(encoding="utf-8")
    is_gizmo = isinstance(node, nuke.Gizmo)
    assert is_gizmo == ("\nGizmo {" in f"\n{text}")
    assert node.Class() == (block if is_gizmo else "Group")
    assert node["fr_id"].value() == block
    assert node.node("Output1") is not None or any(one.Class() == "Output" for one in node.nodes())


def test_a_value_on_an_instance_reaches_inside_and_is_saved(nuke: Any, tmp_path: Path) -> None:
    nuke.emulation.start(ROOT)
    node = nuke.createNode("FR_Inference")
    node["modelFile"].setValue("/models/a.cat")
    node["recipe"].setValue("colour")
    assert node.node("Inference1")["modelFile"].value() == "/models/a.cat"
    file = tmp_path / "a.nk"
    nuke.scriptSaveAs(str(file))
    saved = nk.load(file).node("FR_Inference1")
    assert saved.text("modelFile") == "/models/a.cat" and saved.text("recipe") == "colour"
    assert saved.user_knobs == [] and saved.nodes == [], "the inside is the gizmo's"
    nuke.scriptOpen(str(file))
    again = nuke.toNode("FR_Inference1")
    assert again.node("Inference1")["modelFile"].value() == "/models/a.cat"
    with pytest.raises(ValueError):
        node.Class()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_a_template_comes_back_as_it_was(nuke: Any, template: Path, tmp_path: Path) -> None:
    """Classes, connections, knobs and user knobs of every node, through open, save, open, save."""
    nuke.scriptOpen(str(template))
    nuke.scriptSaveAs(str(tmp_path / "one.nk"))
    nuke.scriptOpen(str(tmp_path / "one.nk"))
    nuke.scriptSaveAs(str(tmp_path / "two.nk"))
    before = nk.load(template)
    for name in ("one.nk", "two.nk"):
        after = nk.load(tmp_path / name)
        assert {node.path for node in before.all_nodes()} == {node.path for node in after.all_nodes()}
        for node in before.all_nodes():
            other = after.node(node.path)
            assert other.class_name == node.class_name
            assert _fed_by(other) == _fed_by(node), node.path
            assert {k: v.text for k, v in other.knobs.items()} == {k: v.text for k, v in node.knobs.items()}
            assert other.user_knobs == node.user_knobs
    assert nuke.emulation.tcl == []


def _fed_by(node: nk.Node) -> list[str]:
    fed = [one.path if one else "" for one in node.inputs]
    while fed and not fed[-1]:
        fed.pop()
    return fed


def test_paste_attaches_to_the_selected_node(nuke: Any, tmp_path: Path) -> None:
    read = nuke.createNode("Read")
    nuke.nodes.Read()
    nuke.createNode("Blur")
    read.selectOnly()
    grade = nuke.createNode("Grade")
    nuke.nodeCopy(str(tmp_path / "copied.nk"))
    text = (tmp_path / "copied.nk").read_text(encoding="utf-8")
    assert text.startswith("set cut_paste_input [stack 0]\nversion 15.1 v3\npush $cut_paste_input\nGrade {")
    grade.selectOnly()
    pasted = nuke.nodePaste(str(tmp_path / "copied.nk"))
    assert pasted.name() == "Grade2" and pasted.input(0) is grade


def test_tcl_is_noted_and_never_run(nuke: Any, tmp_path: Path) -> None:
    planted = f"[python {{open('{(tmp_path / 'ran').as_posix()}', 'w')}}]"
    read = nuke.nodes.Read(file=planted)
    assert read["file"].value() == planted
    assert read["file"].evaluate() == planted
    assert nuke.emulation.tcl == [f"Read1.file: {planted}"]
    assert not (tmp_path / "ran").exists()
    read["file"].fromScript(nk.escaped(planted))
    assert read["file"].evaluate() == planted and len(nuke.emulation.tcl) == 1
    blur = nuke.nodes.Blur()
    blur["size"].setExpression("frame * 2")
    with pytest.raises(NotImplementedError):
        blur["size"].value()


def test_buttons_run_their_python_on_their_node(nuke: Any) -> None:
    node = nuke.nodes.NoOp()
    node.addKnob(nuke.PyScript_Knob("go", "Go", "nuke.message(nuke.thisNode().fullName())"))
    node["go"].execute()
    assert nuke.emulation.messages == ["NoOp1"]
    nuke.nodes.CopyCat(name="Train")["startTraining"].execute()
    assert nuke.emulation.pressed == ["Train.startTraining"]


def test_menus_hold_commands_that_run(nuke: Any) -> None:
    bar = nuke.menu("Nuke").addMenu("Film")
    bar.addCommand("Grades/Make", "nuke.createNode('Grade')", icon="a.png")
    bar.addSeparator()
    bar.addCommand("Say", lambda: nuke.message("x"))
    nuke.menu("Nuke").findItem("Film/Grades/Make").invoke()
    nuke.menu("Nuke").menu("Film").findItem("Say").invoke()
    assert nuke.toNode("Grade1") is not None and nuke.emulation.messages == ["x"]
    assert nuke.menu("Nuke").menu("Film/Nothing") is None
    assert nuke.menu("Nuke").addMenu("Film") is bar


def test_callbacks(nuke: Any) -> None:
    seen = []
    nuke.addOnCreate(lambda: seen.append(nuke.thisNode().name()), nodeClass="Blur")
    nuke.addKnobChanged(lambda: seen.append(nuke.thisKnob().name()), nodeClass="Blur")
    nuke.createNode("Grade")["white"].setValue(2)
    nuke.createNode("Blur")["size"].setValue(2)
    assert seen == ["Blur1", "size"]


def test_undo_puts_back_what_was(nuke: Any) -> None:
    read = nuke.nodes.Read()
    blur = nuke.nodes.Blur(inputs=[read], size=2)
    nuke.Undo.begin("x")
    blur["size"].setValue(9)
    blur.setInput(0, None)
    nuke.delete(read)
    nuke.nodes.Grade()
    nuke.Undo.end()
    assert nuke.Undo.name() == "x"
    nuke.Undo.undo()
    assert blur.input(0) is read and blur["size"].value() == 2
    assert {node.name() for node in nuke.allNodes()} == {"Read1", "Blur1"}


def test_a_group_is_a_place(nuke: Any) -> None:
    group = nuke.createNode("Group")
    with group:
        inner = nuke.createNode("Input")
        assert nuke.toNode("Input1") is inner and nuke.thisGroup() is group
    assert nuke.toNode("Input1") is None and nuke.toNode("Group1.Input1") is inner
    assert inner.fullName() == "Group1.Input1" and group.maxInputs() == 1


def test_non_commercial_saves_what_cannot_be_read(
    install_nuke: Callable[..., AbstractContextManager[ModuleType]], tmp_path: Path
) -> None:
    with install_nuke(nc=True) as nuke:
        nuke.createNode("Read")
        nuke.scriptSaveAs(str(tmp_path / "a.nknc"))
        with pytest.raises(UnicodeDecodeError):
            (tmp_path / "a.nknc").read_text(encoding="utf-8")


def test_without_a_screen_there_are_no_menus(
    install_nuke: Callable[..., AbstractContextManager[ModuleType]],
) -> None:
    with install_nuke(gui=False) as nuke:
        nuke.emulation.start(ROOT)
        with pytest.raises(RuntimeError):
            nuke.menu("Nuke")
        with pytest.raises(RuntimeError):
            nuke.zoomToFitSelected()


def test_a_program_runs_on_it(tmp_path: Path) -> None:
    """``import nuke`` in a process of its own, with the emulation on the path."""
    program = "import nuke, sys\nassert 'film_recovery' not in sys.modules\nnuke.createNode('Grade')\n"
    program += f"nuke.scriptSaveAs({str(tmp_path / 'a.nk')!r})\nprint(nuke.NUKE_VERSION_STRING)\n"
    path = os.pathsep.join([str(EMULATION), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", env=environment, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "15.1v3"), done.stderr
    assert nk.load(tmp_path / "a.nk").node("Grade1").class_name == "Grade"
