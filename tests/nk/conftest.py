"""A real Tcl interpreter as the oracle: reads scripts, evaluates knobs, and notes whether anything ever ran."""

from __future__ import annotations

from typing import Any

import pytest

Block = tuple[str, list[tuple[str, str]]]

# A safe interpreter in which every command is hidden: whatever a script calls arrives at `emit`.
_READER = """
interp create -safe reader
foreach name [interp eval reader {info commands}] {catch {interp hide reader $name}}
interp alias reader unknown {} emit
interp invokehidden reader set cut_paste_input {}
interp alias reader set {} assign
"""


class Tcl:
    """``read`` splits a script, ``evaluate`` does what a string knob does; ``ran`` lists what was executed."""

    def __init__(self, tkinter: Any) -> None:
        self._tcl = tkinter.Tcl()
        self.error = tkinter.TclError
        self.ran: list[tuple[str, ...]] = []
        self._commands: list[tuple[str, ...]] = []
        self._tcl.createcommand("emit", lambda *words: self._commands.append(words) or "")
        self._tcl.createcommand("assign", self._assign)
        self._tcl.eval(_READER)
        for planted in ("python", "exec", "value", "knob", "unknown"):
            self._tcl.createcommand(planted, lambda *words: self.ran.append(words) or "RAN")

    def _assign(self, name: str, value: str) -> str:
        self._tcl.call("interp", "invokehidden", "reader", "set", name, value)
        return ""

    def read(self, text: str) -> list[Block]:
        """Class and knobs of every block of ``text``."""
        blocks = self.bodies(text)
        assert all(len(words) % 2 == 0 for _, words in blocks)
        return [(class_name, list(zip(words[::2], words[1::2], strict=True))) for class_name, words in blocks]

    def bodies(self, text: str) -> list[tuple[str, list[str]]]:
        """Class and words of every block of ``text``."""
        self._commands.clear()
        self._tcl.call("interp", "eval", "reader", text)
        return [
            (words[0], [str(word) for word in self._tcl.splitlist(words[-1])])
            for words in self._commands
            if words[0][:1].isupper() or words[0] == "clone"
        ]

    def split(self, text: str) -> list[str] | None:
        """The elements of a Tcl list, or None if it is not one."""
        try:
            return [str(part) for part in self._tcl.splitlist(text)]
        except self.error:
            return None

    def evaluate(self, value: str, *options: str) -> str:
        """What a string knob makes of ``value``: Tcl's ``subst``, planted commands within reach."""
        return str(self._tcl.call("subst", *options, value))


@pytest.fixture(scope="session")
def tcl() -> Tcl:
    """The interpreter. Without Tcl these tests would prove nothing, so they fail there; set-up sees to it."""
    import tkinter

    return Tcl(tkinter)
