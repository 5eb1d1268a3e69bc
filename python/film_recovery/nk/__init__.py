"""The text of Nuke scripts: parse, edit, write. Lossless, and the only place that quotes values. Light.

Nothing of a script is ever executed. Typical use::

    script = nk.load("shot.nk")
    script.node("Grade1").set("white", nk.numbers([1.1, 1, 0.9]))
    script.node("Read1").set_text("file", "/film/scan.####.exr")
    nk.save(script, "shot.nk")
"""

from __future__ import annotations

from film_recovery.nk.compose import node_text
from film_recovery.nk.curves import Curve, Key
from film_recovery.nk.files import load, save
from film_recovery.nk.node import Knob, Node
from film_recovery.nk.numbers import boolean, number, numbers
from film_recovery.nk.scan import NkSyntaxError
from film_recovery.nk.script import Script, parse
from film_recovery.nk.userknobs import UserKnob
from film_recovery.nk.values import (
    Braced,
    Component,
    Constant,
    Expression,
    Field,
    Number,
    Word,
    components,
    curve,
    curves,
    expression,
    fields,
)
from film_recovery.nk.words import checked, decode, escaped, literal, quote, stored, word_list

__all__ = [
    "Braced",
    "Component",
    "Constant",
    "Curve",
    "Expression",
    "Field",
    "Key",
    "Knob",
    "NkSyntaxError",
    "Node",
    "Number",
    "Script",
    "UserKnob",
    "Word",
    "boolean",
    "checked",
    "components",
    "curve",
    "curves",
    "decode",
    "escaped",
    "expression",
    "fields",
    "literal",
    "load",
    "node_text",
    "number",
    "numbers",
    "parse",
    "quote",
    "save",
    "stored",
    "word_list",
]
