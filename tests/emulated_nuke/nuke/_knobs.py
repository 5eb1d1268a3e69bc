"""Knobs: what they hold is the text that a script saves, checked against the facts. Only numbers are evaluated."""

from __future__ import annotations

from typing import Any

from ._facts import FACTS, SyntaxProblem, nk
from ._session import SESSION

NUMERIC = frozenset(
    "Array_Knob Double_Knob Int_Knob WH_Knob XY_Knob XYZ_Knob BBox_Knob Color_Knob AColor_Knob UV_Knob".split()
)
_STRINGS = frozenset(
    "String_Knob EvalString_Knob File_Knob Multiline_Eval_String_Knob PyScript_Knob Script_Knob Text_Knob".split()
)
_EVALUATED = frozenset("EvalString_Knob File_Knob Multiline_Eval_String_Knob".split())
_BUTTONS = frozenset({"PyScript_Knob", "Script_Knob"})
_ALL_COMPONENTS = {
    "Color_Knob": 3,
    "AColor_Knob": 4,
    "BBox_Knob": 4,
    "XY_Knob": 2,
    "XYZ_Knob": 3,
    "UV_Knob": 2,
}
INVISIBLE, STARTLINE = 1024, 4096


class Knob:
    """One knob of a node. ``_word`` is what a script saves, None where it is at its default."""

    kind = ""
    code = 0

    def __init__(self, name: str, label: str | None = None) -> None:
        if not isinstance(name, str) or not name.replace("_", "a").isidentifier():
            raise ValueError(f"{name!r} is not the name of a knob")
        self._name = name
        self._label = label or ""
        self._kind = self.kind or "Array_Knob"
        self._node: Any = None
        self._word: str | None = None
        self._default = ""
        self._values: tuple[str, ...] = ()
        self._declaration = ""
        self._target = ""
        self._flags: set[int] = set()
        self._tooltip = ""

    # What it is

    def Class(self) -> str:
        return self._kind

    def name(self) -> str:
        return self._name

    def label(self) -> str:
        return self._label

    def tooltip(self) -> str:
        return self._tooltip

    def setTooltip(self, tooltip: str) -> None:
        self._tooltip = _text(tooltip)

    def node(self) -> Any:
        return self._node

    def setFlag(self, flag: int) -> None:
        if flag not in (INVISIBLE, STARTLINE):
            raise ValueError(f"the emulation knows no flag {flag}")
        self._flags.add(flag)

    def clearFlag(self, flag: int) -> None:
        self._flags.discard(flag)

    def getFlag(self, flag: int) -> bool:
        return flag in self._flags

    def setVisible(self, visible: bool) -> None:
        (self._flags.discard if visible else self._flags.add)(INVISIBLE)

    def visible(self) -> bool:
        return INVISIBLE not in self._flags

    # What it holds, as a script has it

    def toScript(self, quote: bool = True, context: None = None) -> str:
        knob = self._followed()
        return knob._saved() if quote else nk.decode(knob._saved())

    def fromScript(self, script: str) -> bool:
        """Takes the text that a script has after the word was read once."""
        self._followed()._take(_text(script), from_link=self)
        return True

    # What it holds, as Python sees it

    def value(self, index: int = 0) -> Any:
        knob = self._followed()
        text = knob._held()
        if knob._kind == "Boolean_Knob":
            return knob._number(text, 0) != 0
        if knob._kind == "Enumeration_Knob" or knob._kind not in NUMERIC:
            return text
        numbers = [knob._number(text, i) for i in range(max(1, len(nk.components(text))))]
        wanted = _ALL_COMPONENTS.get(knob._kind, 1)
        if len(numbers) == 1 and wanted == 1:
            return int(numbers[0]) if knob._kind == "Int_Knob" else numbers[0]
        return tuple(numbers * wanted if len(numbers) == 1 else numbers)

    def getValue(self, channel: int = 0) -> Any:
        knob = self._followed()
        if knob._kind == "Enumeration_Knob":
            return float(knob._values.index(knob._held()))
        value = knob.value()
        return float(value) if isinstance(value, (bool, int)) else value

    def setValue(self, val: Any, chan: int | None = None) -> bool:
        knob = self._followed()
        knob._take(knob._as_text(val, chan), from_link=self)
        return True

    def setExpression(self, expression: str, index: int = 0) -> bool:
        self._followed()._take("{" + nk.stored(_text(expression)) + "}", from_link=self)
        return True

    def hasExpression(self, index: int = -1) -> bool:
        return any(isinstance(one, nk.Expression) for one in _components(self._followed()._held()))

    def isAnimated(self, channel: int = -1) -> bool:
        return any(isinstance(one, nk.Curve) for one in _components(self._followed()._held()))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"the emulated {self._kind if '_kind' in self.__dict__ else 'Knob'} has no {name!r}"
        )

    # For the emulation

    def _followed(self) -> Knob:
        return self

    def _held(self) -> str:
        return self._default if self._word is None else nk.decode(self._word)

    def _saved(self) -> str:
        return self._as_word(self._default) if self._word is None else self._word

    def _load(self, word: str) -> None:
        """A word of a script, kept as it was written."""
        self._check(nk.decode(word))
        self._word = word

    def _take(self, text: str, from_link: Knob) -> None:
        self._check(text)
        self._word = None if text == self._default and not self._declaration else self._as_word(text)
        if from_link is not self and from_link._node is not self._node:
            from_link._reached(self._word)
        SESSION.knob_changed(self._node, self)

    def _reached(self, word: str | None) -> None:
        """A link was set: the instance of a gizmo saves that; a group does not, its inside is saved."""
        self._word = word

    def _check(self, text: str) -> None:
        if "\0" in text:
            raise ValueError("a knob cannot hold a NUL character")
        if _is_computed(text):
            return
        if self._kind == "Enumeration_Knob" and self._values and text not in self._values:
            menu = text.startswith("{") and text.split()[-1:] and set(text.split()[1:]) <= {"A", "B"}
            if not menu:
                raise ValueError(
                    f"{self._where()} cannot be {text!r}: it is one of {', '.join(self._values)}"
                )
        elif self._kind == "Boolean_Knob" and text not in ("true", "false", "0", "1"):
            raise ValueError(f"{self._where()} is true or false, not {text!r}")
        elif self._kind in NUMERIC and text and not text.startswith("0x"):
            for one in nk.components(text):
                if isinstance(one, nk.Expression) and not _is_braced_expression(text):
                    raise ValueError(f"{self._where()} is a number, not {text!r}")

    def _as_text(self, value: Any, chan: int | None) -> str:
        if self._kind == "Boolean_Knob":
            if not isinstance(value, (bool, int, float)):
                raise TypeError(f"{self._where()} takes True or False, not {value!r}")
            return "true" if value else "false"
        if (
            self._kind == "Enumeration_Knob"
            and isinstance(value, (int, float))
            and not isinstance(value, bool)
        ):
            return self._values[int(value)]
        if self._kind in NUMERIC:
            if isinstance(value, (list, tuple)):
                return nk.decode(nk.numbers(value))
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{self._where()} takes numbers, not {value!r}")
            if chan is None:
                return nk.number(value)
            now = self.value()
            parts = list(now) if isinstance(now, tuple) else [now]
            parts[chan] = value
            return nk.decode(nk.numbers(parts))
        return _text(value)

    def _as_word(self, text: str) -> str:
        if self._kind in NUMERIC or (_is_computed(text) and self._kind not in _STRINGS):
            return text if text and not set(text) & set(' {}\t\n"') else nk.checked("{" + text + "}")
        if self._kind in ("List_Knob", "IArray_Knob"):
            return nk.checked("{" + text + "}")
        return nk.stored(text)

    def _number(self, text: str, index: int) -> float:
        parts = nk.components(text) if text not in ("true", "false") else []
        if not parts:
            return 1.0 if text == "true" else 0.0
        part = parts[min(index, len(parts) - 1)]
        if isinstance(part, nk.Curve):
            return part.at(SESSION.frame)
        if isinstance(part, nk.Expression):
            SESSION.tcl.append(f"{self._where()}: {part.text}")
            raise NotImplementedError(
                f"the emulation evaluates no expression: {self._where()} is {part.text!r}"
            )
        return part.value

    def _where(self) -> str:
        return self._name if self._node is None else f"{self._node.fullName()}.{self._name}"


class String_Knob(Knob):
    kind, code = "String_Knob", 1

    def __init__(self, name: str, label: str | None = None, value: str | None = None) -> None:
        super().__init__(name, label)
        if value is not None:
            self._word = nk.stored(value)

    def getText(self) -> str:
        return self._followed()._held()


class EvalString_Knob(String_Knob):
    kind = "EvalString_Knob"

    def evaluate(self) -> str:
        """What the text says. Tcl in it is noted, and never run."""
        text = self._followed()._held()
        said = nk.literal(text)
        if said is None:
            SESSION.tcl.append(f"{self._where()}: {text}")
            return text
        return said


class File_Knob(EvalString_Knob):
    kind, code = "File_Knob", 2

    def fromUserText(self, text: str) -> None:
        self.setValue(text)

    def getEvaluatedValue(self) -> str:
        return self.evaluate()


class Multiline_Eval_String_Knob(EvalString_Knob):
    kind = "Multiline_Eval_String_Knob"


class Int_Knob(Knob):
    kind, code = "Int_Knob", 3


class Enumeration_Knob(Knob):
    kind, code = "Enumeration_Knob", 4

    def __init__(self, name: str, label: str | None = None, values: list[str] | None = None) -> None:
        super().__init__(name, label)
        self._values = tuple(values or ())
        self._default = self._values[0] if self._values else ""

    def values(self) -> list[str]:
        return list(self._followed()._values)

    def setValues(self, items: list[str]) -> None:
        self._followed()._values = tuple(items)


class Boolean_Knob(Knob):
    kind, code = "Boolean_Knob", 6

    def __init__(self, name: str, label: str | None = None, value: bool = False) -> None:
        super().__init__(name, label)
        self._default = "true" if value else "false"


class Array_Knob(Knob):
    kind = "Array_Knob"


class Double_Knob(Array_Knob):
    kind, code = "Double_Knob", 7


class Tab_Knob(Knob):
    kind, code = "Tab_Knob", 20


class Text_Knob(String_Knob):
    kind, code = "Text_Knob", 26


class PyScript_Knob(String_Knob):
    kind, code = "PyScript_Knob", 22

    def command(self) -> str:
        return self._followed()._held()

    def setCommand(self, cmd: str) -> None:
        self.setValue(cmd)

    def execute(self) -> None:
        """What pressing the button does: runs its Python, with the node as ``nuke.thisNode()``."""
        knob = self._followed()
        if not knob._declaration and not knob._held():
            SESSION.pressed.append(knob._where())
        else:
            SESSION.run(knob._held(), knob._node, knob)


class Script_Knob(String_Knob):
    kind, code = "Script_Knob", 32

    def execute(self) -> None:
        """Tcl of our own is noted, and never run."""
        knob = self._followed()
        if knob._declaration:
            SESSION.tcl.append(f"{knob._where()}: {knob._held()}")
        else:
            SESSION.pressed.append(knob._where())


class Link_Knob(Knob):
    """Shows a knob inside. Where it does not lead anywhere, using it is an error."""

    kind, code = "Link_Knob", 41

    def setLink(self, link: str) -> None:
        self._target = link

    def getLink(self) -> str:
        return self._target

    def getLinkedKnob(self) -> Knob:
        return self._followed()

    def _followed(self) -> Knob:
        place, _, name = self._target.rpartition(".")
        node = self._node._below(place) if place else self._node
        found = None if node is None else node._knobs.get(name)
        if found is None:
            raise RuntimeError(f"the link {self._where()} leads to {self._target!r}, which is not there")
        return found._followed()

    def _reached(self, word: str | None) -> None:
        if self._node._is_instance:
            self._word = word

    def execute(self) -> None:
        self._followed().execute()

    def command(self) -> str:
        return self._followed().command()

    def evaluate(self) -> str:
        return self._followed().evaluate()

    def values(self) -> list[str]:
        return self._followed().values()

    def getText(self) -> str:
        return self._followed().getText()


_CLASSES: dict[str, type[Knob]] = {
    one.kind: one
    for one in (
        Array_Knob, Boolean_Knob, Double_Knob, Enumeration_Knob, EvalString_Knob, File_Knob, Int_Knob, Link_Knob,
        Multiline_Eval_String_Knob, PyScript_Knob, Script_Knob, String_Knob, Tab_Knob,
        Text_Knob,
    )
}  # fmt: skip


def of_fact(name: str, fact: Any) -> Knob:
    """A built-in knob as a fresh node has it."""
    knob = object.__new__(_CLASSES.get(fact.type, Knob))
    Knob.__init__(knob, "knob")
    knob._name, knob._kind = name, fact.type
    knob._default, knob._values = fact.default, fact.values
    if fact.type in _BUTTONS:
        knob._default = ""
    if fact.type == "Link_Knob":  # a built-in link leads to a knob that no fact names
        knob.__class__ = Knob
    return knob


def of_declaration(declared: Any, text: str) -> Knob:
    """A user knob from the ``addUserKnob`` line that declares it."""
    kind = FACTS.user_knobs.get(declared.code)
    if kind is None:
        raise RuntimeError(f"addUserKnob of type {declared.code} ({declared.name}) is not settled")
    knob = object.__new__(_CLASSES.get(kind, Knob))
    Knob.__init__(knob, "knob")
    knob._name, knob._label, knob._kind, knob._declaration = declared.name, declared.label, kind, text
    knob._tooltip, knob._target = declared.tooltip, declared.target
    knob._values = declared.items if kind == "Enumeration_Knob" else ()
    if "+INVISIBLE" in declared.flags:
        knob._flags.add(INVISIBLE)
    if kind == "Enumeration_Knob" and declared.items:
        knob._default = declared.items[0]
    elif kind in _BUTTONS | {"Text_Knob"}:
        knob._default = declared.target
    else:
        knob._default = "false" if kind == "Boolean_Knob" else "0" if kind in NUMERIC else ""
    return knob


def declaration(knob: Knob) -> str:
    """The ``addUserKnob`` word of a knob that Python made."""
    words = [str(knob.code), knob._name]
    if knob._label:
        words += ["l", nk.stored(knob._label)]
    if knob._tooltip:
        words += ["t", nk.stored(knob._tooltip)]
    if knob._values:
        words += ["M", "{" + " ".join(map(nk.stored, knob._values)) + "}"]
    if knob._target or (knob.code in (22, 26) and knob._held()):
        words += ["T", nk.stored(knob._target or knob._held())]
    words += ["+INVISIBLE"] if INVISIBLE in knob._flags else []
    words += ["+STARTLINE"] if STARTLINE in knob._flags else []
    return "{" + " ".join(words) + "}"


def _is_computed(text: str) -> bool:
    return text.startswith(("{", "curve ")) or ("[" in text and nk.literal(text) is None)


def _is_braced_expression(text: str) -> bool:
    return "{" in text


def _components(text: str) -> list[Any]:
    try:
        return list(nk.components(text))
    except SyntaxProblem:
        return []


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is wanted, not {value!r}")
    return value
