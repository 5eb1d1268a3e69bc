"""*Build*: a recovery graph in the operator's own script, and the same graph brought up to date the next time.

The graph's nodes are known by ``fr_id`` (a block, whose ``fr_id`` is its kind, by its name as well). The first time
all of it is inserted and fed from the selected Reads. After that nothing is doubled: what is missing comes back, what
the project says is set, and what an operator made stays: connections, keys, expressions, names, places. Nothing of
the script's project settings is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.graph.recovery import MAIN
from film_recovery.graph.templates import TEMPLATES, placeholder
from film_recovery.host.base import Host
from film_recovery.project import load
from film_recovery.project.specification import spec_of

_ROOT = re.compile(r"^Root \{\n(?: .*\n)*\}\n", re.MULTILINE)
_READS = ("Read_Source", "Read_Reference")
# An operator's own, from the moment that the node is there.
_OPERATORS = frozenset(
    "name xpos ypos inputs label tile_color note_font_size bdwidth bdheight z_order".split()
)
_MARK = "fr_"


@dataclass(frozen=True)
class Built:
    """What was done: paths of nodes that are new, knobs that were set, nodes that the graph no longer has."""

    template: str
    new: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def told(self) -> str:
        """For the operator."""
        lines = [f"The graph {self.template}: {len(self.new)} new nodes, {len(self.set)} knobs set."]
        if not self.new and not self.set:
            lines = [f"The graph {self.template} is there and up to date."]
        if self.reads:
            names = ("Source", "Reference")
            lines.append(", ".join(f"{name}: {read}" for name, read in zip(names, self.reads)))
        if self.surplus:
            lines.append(f"No longer part of it, delete by hand: {', '.join(self.surplus)}")
        return "\n".join(lines)


def build(host: Host, template: str = "") -> Built:
    """Inserts the graph ``template``, or updates the one that is there; empty: the graph of the script's project.

    One undo step. Raises FilmRecoveryError without a project, for an unknown template, and where the script holds
    another graph already.
    """
    with host.undo("Film Recovery: build"):
        there = _template_there(host)
        if there and template and there != template:
            raise UsageError(
                f"This script holds the graph {there} already.",
                remedy=f"build {template} in another script, or delete that graph with its backdrops",
            )
        if there:
            return _update(host, template or there)
        return _insert(host, template)


def place_of(host: Host, path: str) -> tuple[int, int]:
    """Where a node lies; 0, 0 where the script does not say."""
    found = []
    for knob in ("xpos", "ypos"):
        try:
            found.append(round(float(nk.decode(host.knob(path, knob)) or 0)))
        except ValueError:
            found.append(0)
    return found[0], found[1]


def _template_there(host: Host) -> str:
    """The id of the graph that the script holds, or nothing."""
    for path in host.find(MAIN):
        if host.has_knob(path, "fr_template"):
            return host.text(path, "fr_template").split()[0]
    return ""


# The graph's text


def _text(host: Host, template: str, reads: Sequence[str]) -> tuple[str, str, bool]:
    """The statements of the graph, without Root; its id; and whether they say what a project says."""
    spec = _project_spec(host, template)
    if spec is not None:
        return _ROOT.sub("", graph.recovery_graph(spec), count=1), spec.template, True
    if template not in TEMPLATES:
        raise UsageError(f"There is no graph {template!r}.", remedy=f"choose one of {', '.join(TEMPLATES)}")
    if len(reads) == 2 and template not in ("spatial-telecine", "combined", "multi-shot"):
        text = graph.recovery_graph(_of_reads(host, placeholder(template), reads))
    else:
        text = TEMPLATES[template]()
    return _ROOT.sub("", text, count=1), template, False


def _project_spec(host: Host, template: str) -> graph.GraphSpec | None:
    """What the script's project asks for, if it is of the kind ``template``; None for a placeholder's graph."""
    folder = host.project()
    if not folder:
        if not template:
            raise FilmRecoveryError(
                "This script belongs to no Film Recovery project.",
                remedy="choose one of the graphs below, or open the script of a project",
            )
        return None
    project = load(folder)
    if template and template != project.recipe:
        return None
    file = host.script_file()
    spec = spec_of(project, Path(file).parent if file else Path("/"))
    return replace(spec, template=project.recipe)


def _of_reads(host: Host, spec: graph.GraphSpec, reads: Sequence[str]) -> graph.GraphSpec:
    """``spec`` with the range and format that the Reads have, and pairs that lie in them."""
    source, reference = (
        _of_read(host, path, element) for path, element in zip(reads, (spec.source, spec.reference))
    )
    first, span = source.first, max(0, source.last - source.first)
    pairs = [first + round(span * share) for share in (0.15, 0.35, 0.65, 0.85)]
    return replace(
        spec,
        source=source,
        reference=reference,
        pairs=[(frame, frame) for frame in dict.fromkeys(pairs)],
        preview=first + span // 2,
    )


def _of_read(host: Host, path: str, element: graph.Element) -> graph.Element:
    words = {knob: nk.decode(host.knob(path, knob)) for knob in ("first", "last", "format")}
    try:
        found = replace(element, first=int(words["first"]), last=int(words["last"]))
    except ValueError:
        found = element
    shape = words["format"].split()
    if len(shape) >= 7 and all(word.isdecimal() for word in shape[:2]):
        found = replace(found, width=int(shape[0]), height=int(shape[1]), pixel_aspect=float(shape[6]))
    return found


# Inserting


def _insert(host: Host, template: str) -> Built:
    reads = tuple(path for path in host.selected() if host.class_of(path) == "Read")[:2]
    text, name, _ = _text(host, template, reads)
    new = list(host.insert(text))
    for own, read in zip(_READS, reads):
        for path in host.find(own):
            _feed_from(host, path, read)
            new.remove(path)
    host.show(host.find(MAIN)[0])
    return Built(name, tuple(new), reads=reads)


def _feed_from(host: Host, path: str, read: str) -> None:
    """Lets ``read`` feed what ``path`` feeds, and takes ``path`` out."""
    fed = [
        (other, index)
        for other in host.nodes()
        for index, feed in enumerate(host.inputs(other))
        if feed == path
    ]
    host.delete(path)
    for other, index in fed:
        host.connect(other, index, read)


# Updating


def _update(host: Host, template: str) -> Built:
    text, name, is_project = _text(host, template, ())
    wanted = nk.parse(text).nodes
    matched = _matched(host, wanted)
    changed: list[str] = []
    if is_project:
        for node, path in zip(wanted, matched):
            if path is not None:
                changed += _set(host, node, path)
    missing = [
        node
        for node, path in zip(wanted, matched)
        if path is None and not _is_replaced(node, matched, wanted)
    ]
    new = _add(host, text, wanted, matched, missing) if missing else ()
    known = {_id(node) for node in wanted}
    surplus = [path for path in host.nodes() if _is_surplus(host, path, known)] if is_project else []
    return Built(name, new, tuple(changed), tuple(surplus))


def _id(node: nk.Node) -> str:
    found = node.get("fr_id")
    return "" if found is None else nk.literal(found.text) or ""


def _matched(host: Host, wanted: Sequence[nk.Node]) -> list[str | None]:
    """The script's node for each of the graph's: by ``fr_id``, and among blocks of one kind by name, then by order."""
    kinds: dict[str, list[nk.Node]] = {}
    for node in wanted:
        kinds.setdefault(_id(node), []).append(node)
    found: dict[int, str] = {}
    for fr_id, nodes in kinds.items():
        there = [path for path in host.find(fr_id) if "." not in path]
        for node in nodes:
            if node.name in there:
                found[id(node)] = node.name
                there.remove(node.name)
        for node, path in zip((node for node in nodes if id(node) not in found), there):
            found[id(node)] = path
    return [found.get(id(node)) for node in wanted]


def _is_replaced(node: nk.Node, matched: Sequence[str | None], wanted: Sequence[nk.Node]) -> bool:
    """A Read of the graph whose place the operator's own Read has taken: what it feeds is there."""
    if node.class_name != "Read":
        return False
    fed = [path for other, path in zip(wanted, matched) if node in other.inputs]
    return any(path is not None for path in fed)


def _set(host: Host, node: nk.Node, path: str) -> list[str]:
    """Sets what the graph says about ``path``, but for what an operator has animated. Gives what was set."""
    said = {name: knob.raw for name, knob in node.knobs.items()}
    inner = {one.name: one for one in node.nodes}
    for knob in node.user_knobs:
        shown, _, name = knob.target.partition(".")
        set_inside = inner[shown].get(name) if knob.is_link and shown in inner else None
        if set_inside is not None and set_inside.text:
            said[knob.name] = set_inside.raw
    done = []
    for name, word in said.items():
        if name in _OPERATORS or name.startswith(_MARK) or not host.has_knob(path, name):
            continue
        current = host.knob(path, name)
        if nk.decode(current) != nk.decode(word) and not _is_animated(current):
            host.set_knob(path, name, word)
            done.append(f"{path}.{name}")
    return done


def _is_animated(word: str) -> bool:
    """Whether the knob is keyed or computed: ``{{curve …}}``, ``{{parent.size}}``."""
    return any(isinstance(one, nk.Braced) for one in nk.fields(nk.decode(word))) if word[:1] == "{" else False


def _add(
    host: Host,
    text: str,
    wanted: Sequence[nk.Node],
    matched: Sequence[str | None],
    missing: Sequence[nk.Node],
) -> tuple[str, ...]:
    """Inserts the nodes that are missing, and connects them with what is there; takes no connection away."""
    selected = host.selected()
    lines = text.splitlines(keepends=True)
    made = host.insert("".join(_own_text(lines, node) for node in missing))
    new = {id(node): path for node, path in zip(missing, made)}
    final: Mapping[int, str | None] = {
        id(node): new.get(id(node), path) for node, path in zip(wanted, matched)
    }
    for node in wanted:
        path = final[id(node)]
        for index, feed in enumerate(node.inputs if path is not None else ()):
            source = None if feed is None else final[id(feed)]
            if path is None or source is None or not (id(node) in new or id(feed) in new):
                continue
            there = (*host.inputs(path), *[None] * (index + 1))[index]
            # Whoever deletes a node leaves what it fed on what fed it; that is no connection of the operator's.
            before = feed.inputs[0] if feed is not None and feed.inputs else None
            bridged = before is not None and there == final[id(before)]
            if there is None or bridged or id(node) in new:
                host.connect(path, index, source)
    host.select([path for path in selected if path in host.nodes()])
    return made


def _own_text(lines: Sequence[str], node: nk.Node) -> str:
    """The block of ``node`` in the graph's text, a group's with its inside; without its connections."""
    start = node.line - 1
    last = "end_group\n" if node.is_group else "}\n"
    return "".join(lines[start : lines.index(last, start) + 1])


def _is_surplus(host: Host, path: str, known: set[str]) -> bool:
    if not host.has_knob(path, "fr_id") or not host.has_knob(path, "film_recovery"):
        return False
    return host.text(path, "fr_id") not in known
