"""One contract, two hosts: a .nk file without Nuke, and Nuke (emulated), under every licence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import FULL, INDIE, NON_COMMERCIAL, Host, HostError, NoSuchKnob, NoSuchNode
from film_recovery.host.nuke import NukeHost
from film_recovery.host.script import ScriptHost

SCRIPT = """version 15.1 v3
Root {
 inputs 0
 first_frame 1
}
Read {
 inputs 0
 file /film/a.####.exr
 name Read1
}
set N1 [stack 0]
Read {
 inputs 0
 file /film/b.####.exr
 name Read2
}
set N2 [stack 0]
push $N1
Merge2 {
 inputs 2
 operation difference
 name Merge1
}
Group {
 name Group1
 addUserKnob {20 User l Block}
 addUserKnob {41 size l Size T Blur1.size}
 addUserKnob {4 mode l Mode M {a b}}
 addUserKnob {1 note l Note}
 addUserKnob {1 fr_id l "Film Recovery block" +INVISIBLE}
 fr_id FR_Test
}
 Input {
  inputs 0
  name Input1
 }
 Blur {
  size 3
  name Blur1
 }
 Output {
  name Output1
 }
end_group
"""
PLANTED = (
    "[python {nuke.message('x')}]",
    "a $b \\[c] {d",
    "two\nlines \"quoted\" 'and' é漢 \\",
    "",
    "/film/The Big \\ Sleep/[x].exr",
)


@pytest.fixture(params=["script", "nuke", "nuke nc", "nuke indie", "nuke without a screen", "nuke 14"])
def host(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    install_nuke: Callable[..., AbstractContextManager[ModuleType]],
) -> Iterator[Host]:
    file = tmp_path / "a film.nk"
    file.write_text(SCRIPT, encoding="utf-8")
    if request.param == "script":
        yield ScriptHost(file)
        return
    settings: dict[str, Any] = {
        "nuke": {},
        "nuke nc": {"nc": True},
        "nuke indie": {"indie": True},
        "nuke without a screen": {"gui": False, "nukex": False},
        "nuke 14": {"version": (14, 0, 5)},
    }[request.param]
    with install_nuke(**settings) as nuke:
        nuke.scriptOpen(str(file))
        yield NukeHost()
        assert nuke.emulation.tcl == [], "something asked for Tcl or an expression to be evaluated"


def reread(host: Host) -> nk.Script:
    return nk.parse(host.script_text())


# Reading


def test_nodes_and_classes(host: Host) -> None:
    assert sorted(host.nodes()) == ["Group1", "Merge1", "Read1", "Read2"]
    assert sorted(host.nodes("Group1")) == ["Group1.Blur1", "Group1.Input1", "Group1.Output1"]
    assert host.class_of("Merge1") == "Merge2"
    assert host.class_of("Group1.Blur1") == "Blur"


def test_inputs(host: Host) -> None:
    assert host.inputs("Merge1") == ("Read1", "Read2")
    assert host.inputs("Group1") == ("Merge1",)
    assert host.inputs("Group1.Output1") == ("Group1.Blur1",)
    assert host.inputs("Read1") == ()


def test_knobs(host: Host) -> None:
    assert host.knob("Group1.Blur1", "size") == "3"
    assert host.has_knob("Group1.Blur1", "size")
    assert host.has_knob("Group1", "mode") and host.has_knob("Group1", "label")
    assert not host.has_knob("Group1", "mood")
    assert nk.decode(host.knob("Group1", "mode")) == "a", "the first entry of a menu is its default"
    assert host.text("Group1", "note") == ""
    assert host.text("Read1", "file") == "/film/a.####.exr"


def test_a_link_is_its_target(host: Host) -> None:
    assert host.knob("Group1", "size") == "3"
    host.set_knob("Group1", "size", "{5 7}")
    assert host.knob("Group1.Blur1", "size") == host.knob("Group1", "size") == "{5 7}"
    script = reread(host)
    assert script.node("Group1").get("size") is None, "a link saves nothing itself"
    assert script.node("Group1.Blur1").knobs["size"].raw == "{5 7}"


def test_find_goes_into_groups(host: Host) -> None:
    assert host.find("FR_Test") == ("Group1",)
    assert host.find("FR_Other") == ()
    block = "NoOp {\n inputs 0\n name Inner\n addUserKnob {1 fr_id l Block}\n fr_id FR_Test\n}\n"
    host.insert(block, "Group1")
    assert host.find("FR_Test") == ("Group1", "Group1.Inner")
    assert host.find("FR_Test", "Group1") == ("Group1.Inner",)


def test_find_leaves_out_what_a_gizmo_s_file_says(host: Host) -> None:
    from film_recovery import graph

    if isinstance(host, NukeHost):
        import nuke

        nuke.pluginAddPath(str(graph.gizmo_folder()))
    assert host.class_of(host.create("FR_Inference", "FR_Inference1")) == "FR_Inference"
    assert host.find("FR_Inference") == ()
    (block,) = host.insert(graph.group("FR_Inference", "FR_Inference2", {}, {}, (0, 0)))
    assert host.find("FR_Inference") == (block,)


# Changing


@pytest.mark.parametrize("value", PLANTED)
def test_text_stays_text(host: Host, value: str, tmp_path: Path) -> None:
    host.set_text("Read1", "file", value)
    host.set_text("Group1", "note", value)
    assert host.text("Read1", "file") == host.text("Group1", "note") == value
    script = reread(host)
    assert script.node("Read1").text("file") == script.node("Group1").text("note") == value
    nk.save(script, tmp_path / "again.nk")
    assert ScriptHost(tmp_path / "again.nk").text("Group1", "note") == value


def test_live_text_is_not_read(host: Host) -> None:
    host.set_knob("Read1", "file", nk.stored("[python {1 + 1}]/a.exr"))
    with pytest.raises(HostError, match=r"Tcl.*Read1.*file"):
        host.text("Read1", "file")


@pytest.mark.parametrize(
    ("path", "knob", "word"),
    [
        ("Group1.Blur1", "size", "{{parent.note}}"),
        ("Group1.Blur1", "size", "{{curve x1 0 x10 4}}"),
        ("Merge1", "operation", "plus"),
        ("Merge1", "disable", "true"),
        ("Read1", "label", '"two words"'),
        ("Read1", "tile_color", "0xff00ff"),
        ("Group1", "mode", "b"),
        ("root", "last_frame", "120"),
    ],
)
def test_words(host: Host, path: str, knob: str, word: str) -> None:
    host.set_knob(path, knob, word)
    assert nk.decode(host.knob(path, knob)) == nk.decode(word)
    if path == "root" and host.about().licence == NON_COMMERCIAL:
        return  # there the copied text has no Root
    assert nk.decode(reread(host).node(path).knobs[knob].raw) == nk.decode(word)


@pytest.mark.parametrize("word", ["two words", "{", '"', "}", "a\nb 1", ""])
def test_what_is_not_one_word_is_refused(host: Host, word: str) -> None:
    before = host.script_text()
    with pytest.raises(FilmRecoveryError):
        host.set_knob("Read1", "label", word)
    assert host.script_text() == before


def test_insert_connects_among_the_new_only(host: Host) -> None:
    host.select(("Read1",))
    text = (
        "set cut_paste_input [stack 0]\nversion 14.0 v5\npush $cut_paste_input\n"
        "Grade {\n name Grade1\n}\nset N1 [stack 0]\nBlur {\n name Blur1\n}\npush $N1\nCrop {\n name Crop1\n}\n"
    )
    assert host.insert(text) == ("Grade1", "Blur1", "Crop1")
    assert host.inputs("Grade1") == ()
    assert host.inputs("Blur1") == host.inputs("Crop1") == ("Grade1",)
    assert set(host.selected()) == {"Grade1", "Blur1", "Crop1"}
    assert host.inputs("Merge1") == ("Read1", "Read2") and host.inputs("Group1") == ("Merge1",)


def test_insert_keeps_names_apart(host: Host) -> None:
    assert host.insert("Read {\n inputs 0\n name Read1\n}\nRead {\n inputs 0\n}\n") == ("Read3", "Read4")
    assert sorted(host.nodes()) == ["Group1", "Merge1", "Read1", "Read2", "Read3", "Read4"]


def test_insert_inside_a_group(host: Host) -> None:
    text = "Grade {\n name Blur1\n}\nGroup {\n name Deep\n}\n Input {\n  inputs 0\n  name Input1\n }\nend_group\n"
    assert host.insert(text, "Group1") == ("Group1.Blur2", "Group1.Deep")
    assert host.inputs("Group1.Deep") == ("Group1.Blur2",)
    assert host.inputs("Group1.Output1") == ("Group1.Blur1",)
    assert host.nodes("Group1.Deep") == ("Group1.Deep.Input1",)
    assert [one and one.path for one in reread(host).node("Group1.Deep").inputs] == ["Group1.Blur2"]


def test_insert_of_nothing(host: Host) -> None:
    assert host.insert("") == ()


@pytest.mark.parametrize(
    "text", ["Root {\n name x\n}\n", "python {print(1)}\n", "Grade {\n name", "end_group\n", "push $N1\n"]
)
def test_what_is_no_snippet_is_refused(host: Host, text: str) -> None:
    before = host.script_text()
    with pytest.raises(FilmRecoveryError):
        host.insert(text)
    assert host.script_text() == before


def test_create(host: Host) -> None:
    host.select(("Read1",))
    path = host.create("Blur", "Read1", knobs={"size": "7", "label": nk.quote("[x] y")})
    assert path == "Read3"
    assert host.inputs(path) == (), "what is selected is not connected"
    assert host.knob(path, "size") == "7" and host.text(path, "label") == "[x] y"
    assert host.create("Group", "New") == "New"
    assert host.create("Crop", "Crop1", "New") == "New.Crop1"
    assert host.nodes("New") == ("New.Crop1",)


def test_connect(host: Host) -> None:
    blur = host.create("Blur", "Blur1")
    late = host.create("Read", "Late")
    host.connect(blur, 0, late)
    host.connect("Merge1", 1, late)
    host.connect("Merge1", 2, "Read2")
    host.connect(blur, 1, "Read1")
    assert host.inputs(blur) == (late, "Read1")
    assert host.inputs("Merge1") == ("Read1", late, "Read2")
    assert host.inputs("Group1") == ("Merge1",)
    script = reread(host)
    assert script.node("Merge1").input_counts == (2, 1) and script.node(blur).input_counts == (1, 1)
    host.connect("Merge1", 0, None)
    assert host.inputs("Merge1") == (None, late, "Read2")
    host.connect("Merge1", 1, None)
    host.connect("Merge1", 2, None)
    assert host.inputs("Merge1") == ()
    assert [one and one.name for one in reread(host).node("Group1").inputs] == ["Merge1"]


def test_connect_inside_a_group(host: Host) -> None:
    path = host.create("Grade", "Grade1", "Group1")
    host.connect(path, 0, "Group1.Blur1")
    host.connect("Group1.Output1", 0, path)
    assert host.inputs("Group1.Output1") == (path,)
    assert host.inputs(path) == ("Group1.Blur1",)
    assert host.inputs("Group1") == ("Merge1",)


def test_connecting_to_what_stands_below_moves_what_hangs_on_it(host: Host) -> None:
    """The stack feeds downwards only: Merge1 and the group move below the node that is now above them."""
    last = host.create("Read", "Last")
    host.connect("Merge1", 0, last)
    assert host.inputs("Merge1") == (last, "Read2")
    assert host.inputs("Group1") == ("Merge1",)
    again = reread(host)
    assert [one and one.name for one in again.node("Merge1").inputs] == [last, "Read2"]
    assert [one and one.name for one in again.node("Group1.Output1").inputs] == ["Blur1"]


@pytest.mark.parametrize(
    ("path", "index", "to"),
    [
        ("Merge1", 0, "Group1"),
        ("Merge1", 0, "Merge1"),
        ("Merge1", 0, "Group1.Blur1"),
        ("Merge1", -1, "Read1"),
    ],
)
def test_what_cannot_be_connected(host: Host, path: str, index: int, to: str) -> None:
    before = host.script_text()
    with pytest.raises(HostError):
        host.connect(path, index, to)
    assert host.script_text() == before


def test_delete_bridges(host: Host) -> None:
    host.delete("Merge1")
    assert host.inputs("Group1") == ("Read1",)
    host.delete("Group1")
    assert sorted(host.nodes()) == ["Read1", "Read2"]
    with pytest.raises(NoSuchNode, match="Group1"):
        host.class_of("Group1.Blur1")


def test_rename(host: Host) -> None:
    host.set_knob("Read1", "name", "Read2")
    assert sorted(host.nodes()) == ["Group1", "Merge1", "Read2", "Read3"]
    assert host.inputs("Merge1") == ("Read3", "Read2")


# What is not there


def test_unknown_nodes_and_knobs_are_named(host: Host) -> None:
    for call in (
        lambda: host.class_of("Grade9"),
        lambda: host.knob("Grade9", "white"),
        lambda: host.set_knob("Group1.Grade9", "white", "1"),
        lambda: host.nodes("Grade9"),
        lambda: host.insert("Grade {\n name G\n}\n", "Grade9"),
        lambda: host.connect("Read1", 0, "Grade9"),
        lambda: host.delete("Grade9"),
        lambda: host.select(("Grade9",)),
        lambda: host.view("Grade9"),
    ):
        with pytest.raises(NoSuchNode, match="Grade9"):
            call()
    with pytest.raises(NoSuchKnob, match=r"Group1 has no knob 'mood'.*Remedy"):
        host.knob("Group1", "mood")
    with pytest.raises(NoSuchKnob):
        host.set_text("Group1", "mood", "x")
    with pytest.raises(HostError, match="not a group"):
        host.nodes("Read1")


# Showing


def test_selection(host: Host) -> None:
    host.select(("Read1", "Merge1"))
    assert set(host.selected()) == {"Read1", "Merge1"}
    host.show("Group1")
    assert host.selected() == ("Group1",)
    host.select(())
    assert host.selected() == ()


def test_what_is_selected_inside_a_group_is_not_told(host: Host) -> None:
    host.select(("Read1", "Group1.Blur1"))
    assert host.selected() == ("Read1",)
    host.create("Grade", "Grade1", "Group1")
    assert host.selected() == ()
    host.insert("Grade {\n name Grade1\n}\n", "Group1")
    assert host.selected() == ()


def test_showing_does_not_fail(host: Host) -> None:
    before = host.nodes()
    host.go_to(471)
    host.view("Merge1")
    host.show("Group1.Blur1")
    host.message("a <b> & c\nd")
    assert host.ask("really?") in (True, False)
    assert host.nodes() == before


def test_opening_a_panel_does_not_fail(host: Host) -> None:
    before, selected = host.script_text(), host.selected()
    host.open_panel("Group1.Blur1")
    host.open_panel("Merge1")
    assert (host.script_text(), host.selected()) == (before, selected)
    if isinstance(host, NukeHost):
        assert _session().shown == (["Group1.Blur1", "Merge1"] if host.about().gui else [])
        if not host.about().gui:
            return  # where there is no panel, no node is looked for
    with pytest.raises(NoSuchNode, match="Grade9"):
        host.open_panel("Grade9")


def test_a_sample_is_of_the_pixel_or_there_are_none(host: Host) -> None:
    if isinstance(host, NukeHost):
        asked: list[tuple[str, str, float, float]] = []

        def pixel(node: Any, channel: str, x: float, y: float) -> float:
            asked.append((node.fullName(), channel, x, y))
            return 0.25

        _session().pixels = pixel
        value = host.sample("Group1.Blur1", "rgba.green", 3.5, 7.5)
        assert (value, type(value)) == (0.25, float)
        assert asked == [("Group1.Blur1", "rgba.green", 3.5, 7.5)]
    else:
        with pytest.raises(HostError, match=r"no pixels.*Remedy.*") as error:
            host.sample("Group1.Blur1", "rgba.green", 3.5, 7.5)
        assert error.value.where["node"] == "Group1.Blur1"
    with pytest.raises(NoSuchNode, match="Grade9"):
        host.sample("Grade9", "rgba.red", 0.5, 0.5)


def test_a_panel_of_ours_is_docked_where_there_is_a_screen(host: Host) -> None:
    if not host.about().gui:
        with pytest.raises(HostError):
            host.dock("__import__('collections').Counter", "A title", "an.id")
        return
    host.dock("__import__('collections').Counter", "A title", "an.id")
    import nuke

    assert nuke.emulation.shown == ["an.id"]
    assert nuke.emulation.panels["an.id"] == ("__import__('collections').Counter", "A title")


def test_a_button_is_nuke_s_to_press(host: Host) -> None:
    script = "nuke.thisNode()['note'].setValue('pressed ' + nuke.thisKnob().name())"
    block = (
        "Group {\n inputs 0\n name Button1\n addUserKnob {20 User l Block}\n"
        f" addUserKnob {{22 go l Go T {nk.stored(script)}}}\n addUserKnob {{1 note l Note}}\n}}\nend_group\n"
    )
    assert host.insert(block) == ("Button1",)
    before = host.script_text()
    if isinstance(host, NukeHost):
        host.press("Button1", "go")
        assert host.text("Button1", "note") == "pressed go"
        with pytest.raises(HostError, match=r"note is not a button"):
            host.press("Button1", "note")
        with pytest.raises(NoSuchKnob, match="stop"):
            host.press("Button1", "stop")
    else:
        with pytest.raises(HostError, match=r"go needs Nuke.*Remedy"):
            host.press("Button1", "go")
        assert host.script_text() == before
    with pytest.raises(NoSuchNode, match="Grade9"):
        host.press("Grade9", "go")


def _session() -> Any:
    """What the emulated Nuke noted."""
    import nuke

    return nuke.emulation  # type: ignore[attr-defined]


# Running


def test_undo_takes_all_back(host: Host) -> None:
    before, selected = host.script_text(), host.selected()
    with pytest.raises(ZeroDivisionError), host.undo("Build"):
        host.insert("Grade {\n name Grade1\n}\n")
        host.set_knob("Group1", "size", "9")
        host.set_text("Group1", "note", "x")
        host.connect("Merge1", 0, None)
        host.set_project("/film")
        host.delete("Read2")
        with host.undo("inner"):
            host.create("Blur", "B")
        raise ZeroDivisionError
    assert host.script_text() == before
    assert host.selected() == selected
    assert host.project() == ""
    with host.undo("Build"):
        host.create("Blur", "B")
    assert "B" in host.nodes()


def test_on_main_thread(host: Host) -> None:
    assert host.on_main_thread(lambda a, b: a + b, 1, 2) == 3
    found: list[object] = []

    def work() -> None:
        found.append(host.on_main_thread(host.class_of, "Merge1"))
        try:
            host.on_main_thread(host.class_of, "Grade9")
        except NoSuchNode as error:
            found.append(type(error).__name__)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["Merge2", "NoSuchNode"]


# The whole


@pytest.mark.parametrize("folder", ["/film/my project", "C:/film/[python x]", "/é/漢"])
def test_project(host: Host, folder: str) -> None:
    assert host.project() == ""
    host.set_project("/elsewhere")
    host.set_project(folder)
    assert host.project() == folder
    if isinstance(host, NukeHost) and host.about().licence == NON_COMMERCIAL:
        return  # there the copied text has no Root
    again = ScriptHost(reread(host))
    assert again.project() == folder
    assert reread(host).root is not None and len(reread(host).root.user_knobs) <= 2


def test_about(host: Host) -> None:
    about = host.about()
    assert about.licence in (FULL, INDIE, NON_COMMERCIAL)
    assert about.version in ((15, 1), (14, 0)) and about.release.startswith("{}.{}".format(*about.version))
    assert about.product in ("NukeX", "Nuke", "script")


def test_script_file(host: Host) -> None:
    assert host.script_file().endswith("/a film.nk")


def test_saved_and_reloaded_is_the_same(host: Host) -> None:
    host.insert("Grade {\n white {1 1.2 1 1}\n name Grade1\n}\n", "Group1")
    host.connect("Group1.Grade1", 0, "Group1.Blur1")
    host.connect("Group1.Output1", 0, "Group1.Grade1")
    again: Host = ScriptHost(reread(host))
    for path in (*host.nodes(), *host.nodes("Group1")):
        assert again.class_of(path) == host.class_of(path)
        assert again.inputs(path) == host.inputs(path)
    assert again.knob("Group1.Grade1", "white") == host.knob("Group1.Grade1", "white") == "{1 1.2 1 1}"
