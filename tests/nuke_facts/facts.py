"""Reads knobs.yaml, and holds scripts against it: would Nuke know every class, knob and value in this text?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

FILE = Path(__file__).with_name("knobs.yaml")
GIZMOS = Path(__file__).resolve().parents[2] / "gizmos"

# Evidence of Nuke 16 and later only.
NEWEST_ONLY = frozenset({"live17", "screenshot"})
# Knobs that only the newest Nukes are known to have, and which our files set all the same: (class, knob) to why.
ALLOWED: dict[tuple[str, str], str] = {
    ("CornerPin2D", "filter"): "the twin of Transform.filter, which real files save with the same words",
    ("OCIODisplay", "colorspace"): "what it converts from; only the review view of FR_ArchivalWrite uses it",
    (
        "MatchGrade",
        "matchGradeTask",
    ): "the block is for another clip, not for a graded source; self-test confirms",
    ("MatchGrade", "transform"): "a 3D LUT or a CDL is the choice that the block offers; self-test confirms",
}

_PARENT = re.compile(r"\bparent\.([A-Za-z_][A-Za-z0-9_]*)")
_TAB, _LINK, _MENU, _TEXT = 20, 41, 4, 26
_TRUTH = frozenset({"true", "false", "0", "1"})
_GROUPS = frozenset({"Group", "Gizmo"})


@dataclass(frozen=True)
class KnobFact:
    """One knob: Nuke's type for it, the default of a fresh node, an enumeration's words, how it is known."""

    type: str
    default: str = ""
    values: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class ClassFact:
    """One class. ``count``: fewest and most inputs, the mask counted, or None where its inside decides."""

    name: str
    inputs: tuple[str, ...]
    count: tuple[int, int] | None
    knobs: Mapping[str, KnobFact]
    obsolete: frozenset[str] = field(default_factory=frozenset)

    @property
    def mask(self) -> int | None:
        """The index of its mask input."""
        return self.inputs.index("mask") if "mask" in self.inputs else None


@dataclass(frozen=True)
class Facts:
    """All that knobs.yaml says. ``classes`` includes the knobs that every node, or every masked one, has."""

    classes: Mapping[str, ClassFact]
    node_knobs: Mapping[str, KnobFact]
    user_knobs: Mapping[int, str]
    user_knob_flags: frozenset[str]


@lru_cache(maxsize=1)
def facts() -> Facts:
    """knobs.yaml, read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(FILE.read_text(encoding="utf-8"), loader)
    node_knobs = _knobs(data["node_knobs"])
    masks = _knobs(data["mask_knobs"])
    classes = {}
    for name, entry in data["classes"].items():
        knobs = {**node_knobs, **(masks if entry.get("mask") else {}), **_knobs(entry["knobs"])}
        count = tuple(entry["count"]) if "count" in entry else None
        obsolete = frozenset(entry.get("obsolete", ())) - set(knobs)
        classes[name] = ClassFact(name, tuple(entry["inputs"]), count, knobs, obsolete)
    return Facts(classes, node_knobs, data["user_knobs"], frozenset(data["user_knob_flags"]))


def problems(script: nk.Script, gizmos: Path = GIZMOS) -> list[str]:
    """What Nuke would not understand in ``script``, one line each: node, knob, what is wrong. Empty if nothing."""
    nodes = [*([script.root] if script.root is not None else []), *script.all_nodes()]
    return [f"{node.path}: {problem}" for node in nodes for problem in _of_node(script, node, gizmos)]


def _of_node(script: nk.Script, node: nk.Node, gizmos: Path) -> Iterator[str]:
    if node.clone_of is not None:
        return
    known = facts().classes.get(node.class_name)
    if known is None:
        yield from _of_instance(node, gizmos)
        return
    yield from _of_inputs(node, known)
    declared = {knob.name: knob for knob in node.user_knobs if knob.name}
    for name, knob in node.knobs.items():
        if name in declared:
            yield from _of_user_value(knob, declared[name])
        elif name not in known.knobs:
            yield f"{known.name} has no knob {name!r}" + (
                ", that is an obsolete name" if name in known.obsolete else ""
            )
        else:
            yield from _of_value(knob, known.knobs[name])
            if _is_new(known.knobs[name]) and (known.name, name) not in ALLOWED:
                yield f"only the newest Nuke is known to have {known.name}.{name}"
        yield from _of_expression(node, knob)
    for user_knob in node.user_knobs:
        yield from _of_user_knob(script, node, user_knob)


def _of_instance(node: nk.Node, gizmos: Path) -> Iterator[str]:
    """A node whose class is one of our gizmos: only what the gizmo declares can be set on it."""
    file = gizmos / f"{node.class_name}.gizmo"
    if not file.is_file():
        yield f"there is no class {node.class_name!r}"
        return
    block = nk.load(file).nodes[0]
    declared = {knob.name: knob for knob in block.user_knobs}
    for name, knob in node.knobs.items():
        if name in declared:
            yield from _of_user_value(knob, declared[name])
        elif name not in facts().node_knobs:
            yield f"{node.class_name} has no knob {name!r}"
    inside = sum(one.class_name == "Input" for one in block.nodes)
    if sum(node.input_counts) > inside:
        yield f"it takes {sum(node.input_counts)} inputs, and the gizmo has {inside}"


def _of_inputs(node: nk.Node, known: ClassFact) -> Iterator[str]:
    main, masks = node.input_counts
    if known.name in _GROUPS:
        most, mask = sum(one.class_name == "Input" for one in node.nodes), None
        # A .gizmo file's own block has no inputs line: what feeds it is decided where it is used.
        if (main, masks) == (1, 0) and "name" not in node.knobs:
            return
    elif known.count is None:
        return
    else:
        most, mask = known.count[1], known.mask
    if masks > (0 if mask is None else 1):
        yield f"{known.name} has no mask input to write as inputs {main}+{masks}"
    if mask is not None:
        most -= 1
    if main > most:
        yield f"it takes {main} inputs, and {known.name} has {most}" + (" beside the mask" if mask else "")


def _of_value(knob: nk.Knob, known: KnobFact) -> Iterator[str]:
    text = knob.text
    if _is_live(knob):
        return
    if known.type == "Enumeration_Knob" and known.values:
        if text not in known.values and not _is_with_menu(text, known.values):
            yield f"{knob.name} cannot be {text!r}; it is one of {', '.join(map(repr, known.values))}"
    elif known.type == "Boolean_Knob" and text not in _TRUTH:
        yield f"{knob.name} is true or false, not {text!r}"


def _of_user_value(knob: nk.Knob, declared: nk.UserKnob) -> Iterator[str]:
    if _is_live(knob):
        return
    if declared.code == _MENU and declared.items and knob.text not in declared.items:
        yield f"{knob.name} cannot be {knob.text!r}; it is one of {', '.join(map(repr, declared.items))}"
    elif facts().user_knobs.get(declared.code) == "Boolean_Knob" and knob.text not in _TRUTH:
        yield f"{knob.name} is true or false, not {knob.text!r}"


def _of_user_knob(script: nk.Script, node: nk.Node, knob: nk.UserKnob) -> Iterator[str]:
    if knob.code not in facts().user_knobs:
        yield f"user knob {knob.name!r} is of type {knob.code}, which is not settled"
    for flag in knob.flags:
        if flag[1:] not in facts().user_knob_flags or (flag[0] == "-" and flag != "-STARTLINE"):
            yield f"user knob {knob.name!r} has the flag {flag}, which is not known"
    if knob.others:
        yield f"user knob {knob.name!r} has words that are not known: {' '.join(knob.others)}"
    if knob.code not in (_TAB, _TEXT) and knob.name in facts().node_knobs:
        yield f"user knob {knob.name!r} has the name of a knob that every node has"
    if knob.is_link:
        yield from _of_link(script, node, knob)


def _of_link(script: nk.Script, node: nk.Node, knob: nk.UserKnob) -> Iterator[str]:
    place, _, target = knob.target.rpartition(".")
    try:
        inner = script.node(f"{node.path}.{place}") if place else node
    except FilmRecoveryError:
        yield f"the link {knob.name!r} leads to {knob.target}, and there is no {place}"
        return
    known = facts().classes.get(inner.class_name)
    has = {one.name for one in inner.user_knobs} | (set(known.knobs) if known else set(facts().node_knobs))
    if target not in has:
        yield f"the link {knob.name!r} leads to {knob.target}, and {inner.class_name} has no such knob"


def _of_expression(node: nk.Node, knob: nk.Knob) -> Iterator[str]:
    """An expression that reads the group's knob: the group has to have it."""
    group = node.parent
    if group is None or knob.name in ("help", "label") or "parent." not in knob.raw:
        return
    has = {one.name for one in group.user_knobs} | set(facts().node_knobs)
    for name in sorted(set(_PARENT.findall(knob.raw)) - has):
        yield f"{knob.name} reads parent.{name}, and {group.path} has no such knob"


def _is_new(known: KnobFact) -> bool:
    return bool(known.evidence) and set(known.evidence) <= NEWEST_ONLY


def _is_live(knob: nk.Knob) -> bool:
    """Whether Nuke computes the value: an expression, a curve or Tcl."""
    return knob.raw.startswith("{{") or nk.literal(knob.text) is None


def _is_with_menu(text: str, values: tuple[str, ...]) -> bool:
    """``{0} B A``: an index and the whole menu, as Shuffle2 saves which input it reads."""
    found = re.match(r"\{([0-9]+)\}((?: [A-Za-z]+)+)\Z", text)
    return bool(found) and found is not None and int(found[1]) < len(found[2].split()) and "B" in values


def _knobs(data: Mapping[str, Any]) -> dict[str, KnobFact]:
    return {
        str(name): KnobFact(
            type=entry["type"],
            default=entry.get("default", ""),
            values=tuple(entry.get("values", ())),
            evidence=tuple(entry.get("evidence", ())),
            hidden=entry.get("hidden", False),
        )
        for name, entry in data.items()
    }
