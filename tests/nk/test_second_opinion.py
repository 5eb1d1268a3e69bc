"""The check by a real Tcl interpreter: agrees with the parser, and never runs what it reads."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.nk import tcl as second

SCRIPT = """#! nuke
version 15.1 v3
define_window_layout_xml {<a>
</a>}
Root {
 inputs 0
}
add_layer {mask mask.a}
set N1 [stack 0]
push $N1
push 0
Group {
 name G
 addUserKnob {22 run T "import os\\nos.getcwd()\\[0]"}
}
 lowercase_gizmo {
  knobChanged "a[i] = \\"x\\""
 }
end_group
set C1 [stack 0]
clone $C1 {
 xpos 1
}
clone node1|Dot|2 Dot {
 xpos 1
}
Dot {}
"""


def test_it_counts_what_the_parser_counts() -> None:
    script = nk.parse(SCRIPT)
    assert second.check(SCRIPT) == script.block_count == 6
    blocks = second.read_blocks(SCRIPT)
    assert blocks is not None
    nodes = [script.root, *script.all_nodes()]
    ours = [
        [(entry.name, nk.decode(entry.raw)) for entry in node.entries()] for node in nodes if node is not None
    ]
    assert [pairs for _, pairs in blocks] == ours


@pytest.mark.parametrize(
    "text", ["Dot {\n", 'Dot {\n label "a"b\n}\n', "Dot {\n name\n}\n", "push $N1\n", "clone $C {\n}\n"]
)
def test_it_rejects_what_tcl_rejects(text: str) -> None:
    with pytest.raises(FilmRecoveryError, match="Tcl"):
        second.check(text)


def test_nothing_is_executed(tmp_path: Any) -> None:
    target = tmp_path / "made"
    hostile = f"exec touch {target}\nset x [exec touch {target}]\nopen {target} w\nfile mkdir {target}\nDot {{\n}}\n"
    assert second.check(hostile) == 1
    assert not target.exists()


def test_odd_bytes_and_wide_characters_are_no_obstacle() -> None:
    text = b"Dot {\n label \xff\n name \xf0\x9f\x8e\x9e\n}\n".decode("utf-8", "surrogateescape")
    assert second.check(text) == 1


def test_without_tkinter_there_is_no_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "tkinter":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    assert second.check(SCRIPT) is None
