"""Text knobs: the little Tcl that is understood as data. Nothing is executed.

``[value knob]`` becomes the knob's text, and exactly ``[python {nuke.script_directory()}]`` the script's
folder, because so many scripts say it. Backslashes escape, as ``nk`` reads them. Any other ``[…]`` or
``$name`` is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from film_recovery import nk

_SCRIPT_DIRECTORY = re.compile(
    r"python\s+(?:\{\s*nuke\.script_directory\(\)\s*\}|nuke\.script_directory\(\))\s*"
)
_VALUE = re.compile(r"value\s+([A-Za-z_][\w.]*)\s*")
_PIECE = re.compile(
    r"(?P<plain>(?:[^\\\[$]|\\[\s\S]|\\\Z|\$(?![\w({:]))+)|(?P<command>\[[^\]]*\]?)|(?P<variable>\$\S*)"
)


class NotData(Exception):
    """The text asks for something to be executed; the argument is the offending part."""


def substitute(text: str, value: Callable[[str], str], script_directory: Callable[[], str]) -> str:
    """``text`` with its commands replaced: ``value(knob)``, ``script_directory()``. NotData for any other."""
    out = []
    for piece in _PIECE.finditer(text):
        if piece["plain"] is not None:
            out.append(nk.literal(piece["plain"]) or "")
        elif piece["command"] is not None:
            out.append(_command(piece["command"], value, script_directory))
        else:
            raise NotData(piece["variable"])
    return "".join(out)


def _command(command: str, value: Callable[[str], str], script_directory: Callable[[], str]) -> str:
    inside = command[1:-1].strip() if command.endswith("]") else ""
    if match := _VALUE.fullmatch(inside):
        return value(match[1])
    if _SCRIPT_DIRECTORY.fullmatch(inside):
        return script_directory()
    raise NotData(command)
