"""Where a script is no longer what its template is: nodes gone, other classes, other connections, another version.

Nodes are found by ``fr_id``, blocks by ``fr_id`` and name, so renaming and moving is no difference. Neither are knob
values, notes, areas, and nodes that an operator added: a connection is followed through those. Text only; nothing is
evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from film_recovery import nk

MARK, TEMPLATE = "fr_id", "fr_template"
_DECORATION = frozenset({"StickyNote", "BackdropNode"})
_INPUTS = {"Merge2": ("B", "A"), "CopyCat": ("Input", "GroundTruth", "Preview")}


@dataclass(frozen=True)
class Difference:
    """``reason``: one sentence with the names. ``node``: where to look in the script, or empty."""

    reason: str
    node: str = ""


def differences(script: nk.Script, wanted: nk.Script) -> tuple[Difference, ...]:
    """How ``script`` differs from ``wanted``, which is what the template gives now. Empty if it does not."""
    versions = tuple(_versions(script, wanted))
    expected = {_mark(node): node for node in wanted.nodes if node.class_name not in _DECORATION}
    found = _found(script, expected)
    if not found:
        return versions or (Difference("None of the template's nodes is in the script."),)
    return (*versions, *_nodes(expected, found), *_connections(expected, found))


def _versions(script: nk.Script, wanted: nk.Script) -> Iterator[Difference]:
    """The template and version that the areas carry."""
    (said,) = set(_templates(wanted))
    have = sorted(set(_templates(script)))
    if not have:
        yield Difference("The script says of no template that it was made from it.")
    for name in have:
        if name != said:
            yield Difference(f"The script was made from template {name!r}; the project's is {said!r}.")


def _templates(script: nk.Script) -> Iterator[str]:
    for node in script.nodes:
        if node.get(TEMPLATE) is not None:
            yield node.text(TEMPLATE)


def _mark(node: nk.Node) -> tuple[str, str]:
    """Who the node is: a block is known by its gizmo and its name, any other by its mark."""
    mark = node.text(MARK)
    return (mark, node.name) if _is_block(node) else (mark, "")


def _is_block(node: nk.Node) -> bool:
    return any(knob.name == "fr_version" for knob in node.user_knobs)


def _found(script: nk.Script, expected: dict[tuple[str, str], nk.Node]) -> dict[tuple[str, str], nk.Node]:
    """The script's node for each mark. Of several with one mark (copies), that with the stable name counts."""
    marked = [node for node in script.nodes if node.get(MARK) is not None]
    found: dict[tuple[str, str], nk.Node] = {}
    for node in sorted(marked, key=lambda node: node.name not in (node.text(MARK), _mark(node)[1])):
        mark = _mark(node)
        if mark in expected:
            found.setdefault(mark, node)
    renamed = [node for node in marked if _is_block(node) and _mark(node) not in expected]
    for mark in expected:
        if mark not in found and mark[1]:
            same = [node for node in renamed if node.text(MARK) == mark[0]]
            if same:
                found[mark] = same[0]
                renamed.remove(same[0])
    return found


def _nodes(
    expected: dict[tuple[str, str], nk.Node], found: dict[tuple[str, str], nk.Node]
) -> Iterator[Difference]:
    for mark, node in expected.items():
        there = found.get(mark)
        if there is None:
            what = f"block {node.name} ({mark[0]})" if mark[1] else f"{node.class_name} {node.name}"
            yield Difference(f"The {what} is missing.")
        elif there.class_name != node.class_name:
            yield Difference(f"{there.name} is a {there.class_name}, not a {node.class_name}.", there.path)


def _connections(
    expected: dict[tuple[str, str], nk.Node], found: dict[tuple[str, str], nk.Node]
) -> Iterator[Difference]:
    """Every connection of the template whose both ends are in the script."""
    marks = {id(node): mark for mark, node in expected.items()}
    places = {id(node): mark for mark, node in found.items()}
    for mark, node in expected.items():
        there = found.get(mark)
        if there is None:
            continue
        for index, source in enumerate(node.inputs):
            if source is None or marks.get(id(source)) not in found:
                continue  # open in the template, or missing, which has been said
            fed = _source(there, index, places)
            if fed is None or places.get(id(fed)) != marks[id(source)]:
                comes = f"comes from {fed.name}" if fed is not None else "is not connected"
                name = found[marks[id(source)]].name
                yield Difference(
                    f"{_input(there, index)} of {there.name} {comes}, not from {name}.", there.path
                )


def _source(node: nk.Node, index: int, places: dict[int, tuple[str, str]]) -> nk.Node | None:
    """What feeds an input, past nodes that an operator added, along their first input."""
    seen: set[int] = set()
    source = node.inputs[index] if index < len(node.inputs) else None
    while source is not None and id(source) not in places and id(source) not in seen:
        seen.add(id(source))
        before = source.inputs[0] if source.inputs else None
        if before is None:
            return source
        source = before
    return source


def _input(node: nk.Node, index: int) -> str:
    names = _INPUTS.get(node.class_name, ())
    inside = [one for one in node.nodes if one.class_name == "Input"]
    if inside:
        names = tuple(one.name for one in sorted(inside, key=lambda one: int(one.text("number", "0"))))
    if index < len(names):
        return f"Input {names[index]}"
    return "The input" if len(node.inputs) <= 1 else f"Input {index}"
