"""FR_Align's automatic branch: added once, wired, or not at all."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import HostError, NoSuchKnob
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import align


def script() -> nk.Script:
    read = "Constant {\n inputs 0\n name Film\n}\nset Nf [stack 0]\npush $Nf\n"
    return nk.parse(read + graph.group("FR_Align", "Align", {}, {}, (0, 0)))


class WithoutAlign(ScriptHost):
    """A Nuke that is no NukeX: it does not know the class."""

    def create(
        self, class_name: str, name: str, inside: str = "", knobs: Mapping[str, str] | None = None
    ) -> str:
        raise HostError("Nuke did not make the node: no plugin of that name.", remedy="", node=inside)


class OtherAlign(ScriptHost):
    """A NukeX whose F_Align does not take a second input: what was half done has to go."""

    def connect(self, path: str, index: int, to: str | None) -> None:
        if index == 1 and self.class_of(path) == align.F_ALIGN:
            raise HostError("Nuke did not connect input 1.", remedy="", node=path)
        super().connect(path, index, to)


class RenamedAlign(ScriptHost):
    """A NukeX whose F_Align calls a knob something else."""

    def set_knob(self, path: str, knob: str, word: str) -> None:
        if knob == "perspective":
            raise NoSuchKnob(path, knob, self.class_of(path))
        super().set_knob(path, knob, word)


def test_f_align_comes_between_the_fitted_reference_and_the_placeholder() -> None:
    host = ScriptHost(script())
    node = align.add_automatic_branch(host, "Align")
    assert host.class_of(node) == "OFXuk.co.thefoundry.furnace.f_align_v403"
    assert host.inputs(node) == ("Align.FitToSource", "Align.Source")
    assert host.inputs("Align.AutomaticBranch") == (node,)
    assert [host.knob(node, knob) for knob in ("translate", "rotate", "scale", "perspective")] == ["true"] * 4
    assert host.inputs("Align.AlignmentSwitch")[0] == "Align.AutomaticBranch"
    again = ScriptHost(nk.parse(host.script_text()))
    before = again.script_text()
    assert align.add_automatic_branch(again, "Align") == node
    assert again.script_text() == before


@pytest.mark.parametrize("kind", [WithoutAlign, OtherAlign])
def test_a_failure_leaves_the_block_as_it_was_and_says_so(kind: type[ScriptHost]) -> None:
    host = kind(script())
    before = host.script_text()
    with pytest.raises(FilmRecoveryError, match="F_Align could not be added") as caught:
        align.add_automatic_branch(host, "Align")
    assert "manual and the solved branch" in caught.value.remedy
    assert host.script_text() == before


def test_a_setting_that_a_release_calls_otherwise_is_left_to_the_operator() -> None:
    host = RenamedAlign(script())
    node = align.add_automatic_branch(host, "Align")
    assert host.inputs("Align.AutomaticBranch") == (node,)
    assert len(host.messages) == 1 and host.messages[0].endswith("what this Nuke calls perspective.")


def test_a_damaged_block_is_named() -> None:
    host = ScriptHost(script())
    host.delete("Align.AutomaticBranch")
    with pytest.raises(FilmRecoveryError, match="AutomaticBranch"):
        align.add_automatic_branch(host, "Align")
