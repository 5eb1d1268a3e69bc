"""Script text read by a real Tcl interpreter, as a second opinion on our own parser. Optional: needs tkinter.

Nothing of the script is executed: it is parsed in a safe interpreter in which every command is hidden and any
name leads to one recorder. Node bodies are then split as Tcl lists (they are lists, not scripts).
"""

from __future__ import annotations

import re
from typing import Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.statements import NOT_A_NODE

Block = tuple[str, list[tuple[str, str]]]

_SURROGATE = re.compile("[\ud800-\udfff]")
_ISOLATE = """
interp create -safe script
foreach command [interp eval script {info commands}] {catch {interp hide script $command}}
interp alias script unknown {} record
interp invokehidden script set cut_paste_input {}
interp alias script set {} assign
"""


def check(text: str) -> int | None:
    """How many blocks Tcl reads in ``text`` (nodes, clones and Root); None where Python has no tkinter.

    Raises :class:`FilmRecoveryError` with Tcl's own message if Tcl rejects it.
    """
    blocks = read_blocks(text)
    return None if blocks is None else len(blocks)


def read_blocks(text: str) -> list[Block] | None:
    """Every block of ``text`` as Tcl reads it: class (or ``clone …``), and its pairs of knob and value."""
    try:
        import tkinter
    except ImportError:
        return None
    interpreter = tkinter.Tcl()
    commands: list[tuple[str, ...]] = []

    def record(*words: Any) -> str:
        commands.append(tuple(str(word) for word in words))
        return ""

    def assign(name: str, value: str) -> str:
        interpreter.call("interp", "invokehidden", "script", "set", name, value)
        return ""

    interpreter.createcommand("record", record)
    interpreter.createcommand("assign", assign)
    interpreter.eval(_ISOLATE)
    try:
        interpreter.call("interp", "eval", "script", _SURROGATE.sub("\ufffd", text))
        return [block for words in commands for block in _block(interpreter, words)]
    except tkinter.TclError as error:
        raise FilmRecoveryError(
            f"Tcl rejects the script: {error}.", remedy="Correct its braces, quotes and variables."
        ) from None


def _block(interpreter: Any, words: tuple[str, ...]) -> list[Block]:
    """The block that a command is, as a list of one; empty for any other command."""
    is_clone = words[0] == "clone" and len(words) in (3, 4)
    if not is_clone and (len(words) != 2 or words[0] in NOT_A_NODE or words[0] == "push"):
        return []
    parts = interpreter.splitlist(words[-1])
    if len(parts) % 2:
        if is_clone or "\n" in words[-1]:
            raise FilmRecoveryError(f"Tcl reads a knob without a value in {words[0]}.", remedy="Correct it.")
        return []
    return [(" ".join(words[:-1]), list(zip(parts[::2], parts[1::2])))]
