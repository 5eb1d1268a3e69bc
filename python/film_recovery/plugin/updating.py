"""*Update FR groups in script*: older blocks get the shipped inside; what an operator set in them stays.

A block is a Group whose ``fr_id`` names a gizmo of ours. When its ``fr_version`` is older than that gizmo's, the
Group is replaced by the gizmo's text with the old one's name, place, connections and values: numbers, keys and
expressions alike, those that a linked knob shows inside as well. Nodes in it that hold a state of their own (a
training, an analysis, a model) keep it, and nodes that were added inside are taken over as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import Host, HostError, child, parent
from film_recovery.plugin import pair_stack
from film_recovery.plugin.menus import BLOCKS

VERSION = "fr_version"
# What the gizmo says, not the operator; and what is given back in another way.
_FROM_THE_GIZMO = frozenset({"inputs", "help", VERSION, "name", "xpos", "ypos", "selected"})
_OF_EVERY_NODE = frozenset(
    "label tile_color note_font note_font_size note_font_color hide_input postage_stamp disable cached gl_color "
    "mapsize lifetimeStart lifetimeEnd useLifetime".split()
)
# Classes whose knobs are a result, not a setting of ours.
_HOLD_STATE = ("CopyCat", "MatchGrade", "Inference")
# Words that an earlier version shipped in such a node: those are ours, and give way to the new one's.
_SHIPPED_BEFORE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"CopyCat1.epochs": ("{{ceil(parent.total_steps*this.batchSize/parent.pairs)}}",)}
)
_NEVER_CARRIED = ("Input", "Output")  # they make the block's own connections
_PLACE = frozenset({"inputs", "name", "xpos", "ypos", "selected"})


@dataclass(frozen=True)
class Following:
    """A block whose inside follows its knobs. ``read``: the knobs as the inside of the older one has them;
    ``is_own``: whether a node of that name is made by ``rebuild``, which makes the inside follow the knobs."""

    read: Callable[[Host, str], Mapping[str, str]]
    is_own: Callable[[str], bool]
    rebuild: Callable[[Host, str], object]


_FOLLOWING: Mapping[str, Following] = MappingProxyType(
    {"FR_PairStack": Following(pair_stack.in_wired_order, pair_stack.is_own, pair_stack.rebuild)}
)


@dataclass(frozen=True)
class Change:
    """What became of one block. ``after`` equals ``before`` where it was left alone; ``note`` says more."""

    path: str
    block: str
    before: str
    after: str
    note: str = ""


def update(host: Host) -> tuple[Change, ...]:
    """Updates every older block, in one undo step. Gives what changed, and what was left alone for a reason.

    A block that cannot be updated stays exactly as it is and does not keep the others from it.
    """
    script = nk.parse(host.script_text())
    found: list[Change] = []
    with host.undo("Film Recovery: update groups"):
        for node, block in list(_blocks(script.nodes)):
            shipped = _shipped(block)
            before = _text(node, VERSION) or "0"
            if before != shipped:
                found.append(_updated(host, script, node, block, (before, shipped)))
    return tuple(found)


def _updated(host: Host, script: nk.Script, node: nk.Node, block: str, versions: tuple[str, str]) -> Change:
    before, shipped = versions
    if not before.isdecimal() or int(before) > int(shipped):
        note = f"left alone: version {before} is not known here, which has {shipped}"
        return Change(node.path, block, before, before, note)
    try:
        note = _replace(host, script, node, block)
    except FilmRecoveryError as error:
        remedy = f" ({error.remedy})" if error.remedy else ""
        return Change(node.path, block, before, before, f"left alone: {error.message}{remedy}")
    return Change(node.path, block, before, shipped, note)


def told(changes: tuple[Change, ...]) -> str:
    """``changes`` for the operator."""
    if not changes:
        return "Every Film Recovery group in this script is up to date."
    lines = []
    for one in changes:
        what = one.note if one.before == one.after else f"version {one.before} is now {one.after}"
        more = f"; {one.note}" if one.note and one.before != one.after else ""
        lines.append(f"{one.path} ({one.block}): {what}{more}")
    return "\n".join(lines)


def _blocks(nodes: list[nk.Node]) -> Iterator[tuple[nk.Node, str]]:
    """Groups that are blocks, outermost first; the inside of a block is its own."""
    for node in nodes:
        block = _text(node, "fr_id") if node.class_name == "Group" and node.clone_of is None else ""
        if block in BLOCKS:
            yield node, block
        else:
            yield from _blocks(node.nodes)


def _text(node: nk.Node, knob: str) -> str:
    found = node.get(knob)
    return "" if found is None else nk.literal(found.text) or ""


def _shipped(block: str) -> str:
    return nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].text(VERSION)


def _replace(host: Host, script: nk.Script, old: nk.Node, block: str) -> str:
    """Puts the shipped block in the place of ``old``; gives what there is to say.

    The new one is made whole beside the old one and then takes its place, so that a failure leaves the old one.
    """
    path = old.path
    inside = parent(path)
    new = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0]
    knobs, lost = _values(old, new)
    follows = _FOLLOWING.get(block)
    if follows is not None:
        knobs.update({knob: nk.quote(text) for knob, text in follows.read(host, path).items()})
    added = [node for node in _added_inside(old, new) if follows is None or not follows.is_own(node.name)]
    x, y = (_whole(old, knob) for knob in ("xpos", "ypos"))
    selected = host.selected()
    fed = [
        (other, index)
        for other in host.nodes(inside)
        for index, feed in enumerate(host.inputs(other))
        if feed == path and other != path
    ]
    (made,) = host.insert(graph.group(block, old.name, knobs, _inner_values(old, new), (x, y)), inside)
    try:
        for index, feed in enumerate(host.inputs(path)):
            host.connect(made, index, feed)
        if follows is not None:
            follows.rebuild(host, made)
        _carry(host, script, path, made, added)
        for other, index in fed:
            host.connect(other, index, made)
    except FilmRecoveryError:
        for other, index in fed:
            host.connect(other, index, path)
        host.delete(made)
        host.select(selected)
        raise
    host.delete(path)
    host.set_knob(made, "name", nk.quote(old.name))
    host.select([one for one in selected if one in host.nodes()])
    notes = [f"no longer there: {', '.join(lost)}"] if lost else []
    if added:
        notes.append(f"kept what was added inside: {', '.join(node.name for node in added)}")
    return "; ".join(notes)


def _carry(host: Host, script: nk.Script, path: str, made: str, added: Sequence[nk.Node]) -> None:
    """Copies the nodes ``added`` of the block at ``path`` into the one at ``made``, and connects them as they were.

    Raises HostError where that cannot be done: the block would pass another picture than before.
    """
    if not added:
        return
    for node in added:
        if node.clone_of is not None or node.class_name in _NEVER_CARRIED:
            raise _not_carried(path, node.name, f"a {node.class_name} cannot be taken over")
    names = {node.name for node in added}
    wiring = {_last(one): [feed and _last(feed) for feed in host.inputs(one)] for one in host.nodes(path)}
    copies = host.insert("\n".join(script.text_of(node) for node in added), made)
    if copies != tuple(child(made, node.name) for node in added):
        raise _not_carried(path, added[0].name, "its name is taken")
    there = {_last(one) for one in host.nodes(made)}
    # First what feeds the added ones, then what they feed: between two shipped nodes the new wiring holds.
    for name, feeds in sorted(wiring.items(), key=lambda one: one[0] not in names):
        for index, feed in enumerate(feeds):
            if feed is None or not (name in names or feed in names):
                continue
            if name not in there or feed not in there:
                raise _not_carried(path, name if name in names else feed, "what it was connected to is gone")
            host.connect(child(made, name), index, child(made, feed))


def _not_carried(path: str, name: str, why: str) -> HostError:
    return HostError(
        f"{name} was added inside, and {why}.",
        remedy="put in a new block beside it and take over by hand what you need",
        node=path,
    )


def _values(old: nk.Node, new: nk.Node) -> tuple[dict[str, str], list[str]]:
    """The words that the new block's own knobs get, and the knobs that it no longer has, with their words."""
    declared = {knob.name for knob in new.user_knobs if not knob.is_link}
    kept, lost = {}, []
    for name, knob in old.knobs.items():
        if name in _FROM_THE_GIZMO:
            continue
        if name in declared or name in _OF_EVERY_NODE:
            kept[name] = knob.raw
        else:
            lost.append(f"{name} ({knob.text[:40]})")
    return kept, lost


def _inner_values(old: nk.Node, new: nk.Node) -> dict[str, str]:
    """Words for knobs inside: what linked knobs of the same name show, and the state of nodes that hold one."""
    found: dict[str, str] = {}
    before = {node.name: node for node in old.nodes}
    for node in new.nodes:
        match = before.get(node.name)
        if match is not None and match.class_name == node.class_name and node.class_name in _HOLD_STATE:
            words = {name: knob.raw for name, knob in match.knobs.items() if name not in _PLACE}
            found.update({f"{node.name}.{name}": word for name, word in words.items()})
    links = {knob.name: knob.target for knob in old.user_knobs if knob.is_link}
    for knob in new.user_knobs:
        shown, _, name = links.get(knob.name, "").partition(".")
        word = before[shown].get(name) if shown in before else None
        if knob.is_link and word is not None:
            found[knob.target] = word.raw
    return {address: word for address, word in found.items() if word not in _SHIPPED_BEFORE.get(address, ())}


def _added_inside(old: nk.Node, new: nk.Node) -> list[nk.Node]:
    """What an operator, or a button, put into the block."""
    there = {node.name for node in new.nodes}
    return [node for node in old.nodes if node.name not in there]


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _whole(node: nk.Node, knob: str) -> int:
    found = node.get(knob)
    try:
        return round(float(found.text)) if found is not None else 0
    except ValueError:
        return 0
