"""FR_CopyCat and the plain CopyCat with a tab: pairs counted, epochs, checkpoints found, buttons pressed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import copycat, match_grade, pair_stack

FILM = "Constant {\n inputs 0\n name Film\n}\nset Nfilm [stack 0]\n"


class Pressing(ScriptHost):
    """A script whose buttons do nothing but say that they were pressed."""

    def __init__(self, script: nk.Script) -> None:
        super().__init__(script)
        self.pressed: list[str] = []
        self.opened: list[str] = []

    def press(self, path: str, knob: str) -> None:
        self.pressed.append(f"{path}.{knob}")

    def open_panel(self, path: str) -> None:
        self.opened.append(path)


def training(directory: str = "/training", plain: bool = False) -> Pressing:
    """Source and Reference stacks, Ground Truth, and what trains; the stack of the Source comes through a crop."""
    text = (
        FILM
        + graph.group("FR_PairStack", "StackS", {}, {}, (0, 0))
        + "Crop {\n name Area\n}\nset Ns [stack 0]\n"
    )
    text += "push $Nfilm\n" + graph.group("FR_PairStack", "StackR", {}, {}, (0, 0)) + "push $Ns\n"
    text += graph.group("FR_GroundTruth", "Truth", {"recipe": "colour"}, {}, (0, 0))
    text += "set Nt [stack 0]\npush 0\npush $Nt\npush $Ns\n"
    if plain:
        text += copycat.plain_copycat("Train", (40, 50), data_directory=directory, steps=50_000, pairs=4)
    else:
        inner = {"CopyCat1.dataDirectory": nk.quote(directory)}
        text += graph.group("FR_CopyCat", "Train", {}, inner, (40, 50))
    return Pressing(nk.parse(text))


def test_the_block_holds_the_preset_and_no_knob_of_newer_nukes_only() -> None:
    node = training().script.node("Train.CopyCat1")
    for knob, word in copycat.PRESET.items():
        assert node.get(knob).text == word
    own = set(node.knobs) - {"name", "xpos", "ypos"}
    assert own == {*copycat.PRESET, "dataDirectory", "epochs", "cropSize"}
    plain = training(plain=True).script.node("Train")
    declared = {knob.name for knob in plain.user_knobs}
    assert set(plain.knobs) - {"name", "xpos", "ypos", *declared} == own
    assert plain.get("epochs").text == str(graph.epochs(50_000, 4))


@pytest.mark.parametrize("plain", [False, True])
def test_pairs_are_counted_upstream(plain: bool) -> None:
    host = training(plain=plain)
    host.set_text("StackS", "pairs", "1 2 3 4 5 6 7")
    pair_stack.rebuild(host, "StackS")
    copycat.set_epochs(host, "Train")
    assert host.knob("Train", "fr_pairs" if plain else "pairs") == "7"
    if plain:
        assert host.knob("Train", "epochs") == str(graph.epochs(50_000, 7))
        host.set_knob("Train", "cropSize", "256")
        copycat.set_epochs(host, "Train")
        assert host.knob("Train", "epochs") == str(graph.epochs(100_000, 7))
    after = host.script_text()
    copycat.set_epochs(host, "Train")
    assert host.script_text() == after


def test_stacks_of_stacks_count_together() -> None:
    holds = "".join(
        f"push $Nfilm\nFrameHold {{\n firstFrame {n}\n name H{n}\n}}\nset Nh{n} [stack 0]\n"
        for n in (1, 2, 3)
    )
    text = FILM + holds + "push $Nh2\npush $Nh1\nAppendClip {\n inputs 2\n name One\n}\nset None [stack 0]\n"
    text += "push $Nh3\nAppendClip {\n name Two\n}\nset Ntwo [stack 0]\n"
    text += "push $Ntwo\npush $None\nAppendClip {\n inputs 2\n name All\n}\nset Nall [stack 0]\n"
    text += "push 0\npush $Nall\npush $Nall\n"
    host = Pressing(nk.parse(text + graph.group("FR_CopyCat", "Train", {}, {}, (0, 0))))
    copycat.set_epochs(host, "Train")
    assert host.knob("Train", "pairs") == "3"
    host.connect("Two", 0, "Film")
    with pytest.raises(FilmRecoveryError, match="cannot be counted"):
        copycat.set_epochs(host, "Train")


@pytest.mark.parametrize(("plain", "inner"), [(False, "Train.CopyCat1"), (True, "Train")])
def test_the_buttons_press_copycat_s_own(plain: bool, inner: str) -> None:
    host = training(plain=plain)
    copycat.start_training(host, "Train")
    copycat.resume_training(host, "Train")
    copycat.show_progress(host, "Train")
    assert host.pressed == [f"{inner}.startTraining", f"{inner}.resumeTraining"]
    assert host.opened == [inner]


@pytest.mark.parametrize("plain", [False, True])
def test_start_counts_the_pairs_itself_and_says_so(plain: bool) -> None:
    host = training(plain=plain)
    copycat.start_training(host, "Train")
    assert host.messages == []
    host.set_text("StackS", "pairs", "1 2 3 4 5 6 7")
    pair_stack.rebuild(host, "StackS")
    copycat.start_training(host, "Train")
    assert host.knob("Train", "fr_pairs" if plain else "pairs") == "7"
    assert host.messages == ["Train: pairs was 4; 7 stand at Input, and epochs follow."]
    assert len(host.pressed) == 2
    if plain:
        assert host.knob("Train", "epochs") == str(graph.epochs(50_000, 7))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("stack", ["StackS", "StackR"])
def test_resume_is_refused_when_the_pairs_changed_since_start(plain: bool, stack: str) -> None:
    host = training(plain=plain)
    copycat.start_training(host, "Train")
    copycat.resume_training(host, "Train")
    host.set_text(stack, "pairs", "471 478 492 500")
    pair_stack.rebuild(host, stack)
    with pytest.raises(FilmRecoveryError, match="pairs changed") as caught:
        copycat.resume_training(host, "Train")
    assert "471 478 492 499" in str(caught.value) and "471 478 492 500" in str(caught.value)
    assert len(host.pressed) == 2
    again = Pressing(nk.parse(host.script_text()))  # it is kept in the script
    with pytest.raises(FilmRecoveryError, match="pairs changed"):
        copycat.resume_training(again, "Train")
    copycat.start_training(again, "Train")
    copycat.resume_training(again, "Train")
    assert len(again.pressed) == 2 and again.messages == []


def test_another_order_of_the_pairs_is_a_change_and_an_unknown_start_is_said() -> None:
    host = training()
    copycat.resume_training(host, "Train")
    assert len(host.messages) == 1 and "not known" in host.messages[0]
    copycat.start_training(host, "Train")
    host.connect("StackR.AppendClip_Pairs", 0, "StackR.FrameHold_2")
    host.connect("StackR.AppendClip_Pairs", 1, "StackR.FrameHold_1")
    with pytest.raises(FilmRecoveryError, match="pairs changed"):
        copycat.resume_training(host, "Train")


def test_a_stack_that_was_not_rebuilt_is_neither_counted_nor_trained() -> None:
    host = training()
    host.set_text("StackS", "pairs", "1 2 3")
    with pytest.raises(FilmRecoveryError, match="press Rebuild"):
        copycat.start_training(host, "Train")
    assert host.pressed == [] and host.knob("Train", "pairs") == "4"


def test_a_training_that_never_started_leaves_what_was_kept() -> None:
    host = training()
    copycat.start_training(host, "Train")
    before = host.text("Train", copycat.TRAINED)
    file = ScriptHost(host.script)
    file.set_text("StackS", "pairs", "1 2 3 4")
    pair_stack.rebuild(file, "StackS")
    with pytest.raises(FilmRecoveryError, match="needs Nuke"):
        copycat.start_training(file, "Train")
    assert file.text("Train", copycat.TRAINED) == before != ""


@pytest.mark.parametrize("plain", [False, True])
def test_training_starts_only_with_a_folder_and_both_inputs(plain: bool) -> None:
    host = training("", plain)
    with pytest.raises(FilmRecoveryError) as caught:
        copycat.start_training(host, "Train")
    assert caught.value.where == {"node": "Train", "knob": "dataDirectory"}
    host = training(plain=plain)
    host.connect("Train", 1, None)
    with pytest.raises(FilmRecoveryError, match="GroundTruth is not connected"):
        copycat.resume_training(host, "Train")
    assert host.pressed == []


def test_only_nuke_trains_and_other_nodes_are_refused() -> None:
    host = ScriptHost(training().script)
    with pytest.raises(FilmRecoveryError, match="needs Nuke"):
        copycat.start_training(host, "Train")
    with pytest.raises(FilmRecoveryError, match="neither a CopyCat"):
        copycat.show_progress(host, "Area")


def test_the_newest_checkpoint_gets_an_inference_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "run [python {1}]"
    folder.mkdir()
    names = (
        "Training_250101_100000.40000.cat",
        "Training_250102_100000.10000.cat",
        "Training_250102_100000.9999.cat",
    )
    for second, name in zip((10, 20, 20), names, strict=True):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (second, second))
    (folder / "sheet.png").write_bytes(b"")
    host = training(folder.as_posix())
    made = copycat.create_inference(host, "Train")
    assert host.text(made, "fr_id") == "FR_Inference"
    assert host.text(made + ".Inference1", "modelFile") == (folder / names[1]).as_posix()
    assert host.knob(made, "recipe") == "colour"
    assert host.inputs(made) == ()
    assert host.selected() == (made,)
    assert names[1] in host.messages[0]


def test_the_data_directory_may_lie_beside_the_script(tmp_path: Path) -> None:
    host = training()
    host.save(tmp_path / "comp.nk")
    host.set_knob("Train.CopyCat1", "dataDirectory", nk.stored("[python {nuke.script_directory()}]/cats"))
    assert copycat.data_directory(host, "Train") == tmp_path / "cats"
    host.set_text("Train", "dataDirectory", "cats")
    assert copycat.data_directory(host, "Train") == tmp_path / "cats"
    with pytest.raises(FilmRecoveryError) as caught:
        copycat.create_inference(host, "Train")
    assert str(tmp_path) in caught.value.where["file"]
    host.set_knob("Train.CopyCat1", "dataDirectory", nk.stored("[python {exit()}]/cats"))
    with pytest.raises(FilmRecoveryError, match="worked out by Nuke"):
        copycat.data_directory(host, "Train")


def test_the_match_is_keyed_at_its_frames_and_analysed() -> None:
    text = FILM + "push $Nfilm\n" + graph.group("FR_MatchGradeBaseline", "Match", {}, {}, (0, 0))
    host = Pressing(nk.parse(text))
    with pytest.raises(FilmRecoveryError) as caught:
        match_grade.analyse(host, "Match")
    assert caught.value.where == {"node": "Match", "knob": "frames"}
    host.set_text("Match", "frames", "478, 471")
    match_grade.analyse(host, "Match")
    assert host.knob("Match.MatchGrade1", "sourceRefFrames") == "{{curve x471 471 x478 478}}"
    host.set_text("Match", "frames", "")
    match_grade.analyse(host, "Match")
    assert host.pressed == ["Match.MatchGrade1.analyzeRefFrames"] * 2


def test_every_button_of_every_block_calls_a_callback_that_exists_and_does_without_the_plugin() -> None:
    from film_recovery.plugin import callbacks

    nodes = [node for path in graph.gizmo_folder().glob("FR_*.gizmo") for node in nk.load(path).nodes]
    nodes.append(training(plain=True).script.node("Train"))
    called = set()
    for node in nodes:
        for knob in node.user_knobs:
            found = re.search(r"callbacks\.(\w+)\(", knob.target) if knob.code == 22 else None
            if found:
                called.add(found[1])
                assert knob.target == copycat.button_script(found[1])
                assert callable(getattr(callbacks, found[1]))
    assert called == {
        name
        for name in vars(callbacks)
        if not name.startswith("_")
        and getattr(getattr(callbacks, name), "__module__", "") == callbacks.__name__
    }


def test_a_button_without_the_plugin_only_tells(tmp_path: Path) -> None:
    """The stored text runs in a Python that has no film_recovery: Nuke is asked to tell, nothing raises."""
    import subprocess
    import sys

    told = (
        "class nuke:\n    @staticmethod\n    def message(text):\n        print(text)\n"
        f"exec({copycat.button_script('start_training')!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", told], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "not installed here" in done.stdout
