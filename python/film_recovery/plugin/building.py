"""*Build*: a recovery graph in the operator's own script, and the same graph brought up to date the next time.

The graph's nodes are known by ``fr_id`` (a block, whose ``fr_id`` is its kind, by its name as well). The first time
all of it is inserted and fed from the selected Reads. After that nothing is doubled: what is missing comes back, what
the project says is set, and what an operator made stays: connections, keys, expressions, names, places. Nothing of
the script's project settings is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.graph.recovery import MAIN
from film_recovery.graph.templates import TEMPLATES
from film_recovery.host.base import NON_COMMERCIAL, Host, HostError
from film_recovery.plugin import standing
from film_recovery.plugin.inputs import REFERENCE, SOURCE, Pictures, pictures, read_behind
from film_recovery.plugin.places import project_folder
from film_recovery.project import load
from film_recovery.project.specification import spec_of

_ROOT = re.compile(r"^Root \{\n(?: .*\n)*\}\n", re.MULTILINE)
_WITH_PLACEHOLDERS = (
    "spatial-telecine",
    "combined",
    "multi-shot",
)  # several elements: ranges are filled in by hand
_WITH_OWN_READS = ("spatial-telecine", "multi-shot")  # more than one Source
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
    pictures: Pictures = field(default_factory=lambda: Pictures({}))

    @property
    def reads(self) -> tuple[str, ...]:
        """The operator's Reads that feed a new graph, the Source first."""
        return tuple(self.pictures.paths.values())

    def told(self) -> str:
        """For the operator."""
        lines = [f"The graph {self.template}: {len(self.new)} new nodes, {len(self.set)} knobs set."]
        if not self.new and not self.set:
            lines = [f"The graph {self.template} is there and up to date."]
        if self.pictures.paths or self.pictures.left_out:
            lines.append(self.pictures.told())
        if self.surplus:
            lines.append(f"No longer part of it, delete by hand: {', '.join(self.surplus)}")
        return "\n".join(lines)


def build(host: Host, template: str = "") -> Built:
    """Inserts the graph ``template``, or updates the one that is there; empty: the graph of the script's project.

    One undo step. Raises FilmRecoveryError without a project, for an unknown template, where the script holds
    another graph already, where the operator says that the Reads are the other way round, and where Nuke does not
    list all nodes.
    """
    with host.undo("Film Recovery: build"):
        _check_listing(host)
        there = _template_there(host)
        if there and template and there != template:
            raise UsageError(
                f"This script holds the graph {there} already.",
                remedy=f"build {template} in another script, or delete that graph with its backdrops",
            )
        if there:
            return _update(host, template or there)
        return _insert(host, template)


def _template_there(host: Host) -> str:
    """The id of the graph that the script holds, or nothing."""
    for path in host.find(MAIN):
        if host.has_knob(path, "fr_template"):
            return host.text(path, "fr_template").split()[0]
    return ""


def _check_listing(host: Host) -> None:
    """Stops where Nuke shows Python a part of the script only: what is not seen would be built a second time."""
    if host.about().licence != NON_COMMERCIAL:
        return
    try:
        count = len(nk.parse(host.script_text()).nodes)
    except FilmRecoveryError:
        return  # it cannot be counted; that all new nodes are listed is checked when they are there
    if count > len(host.nodes()):
        raise _unlisted(count, len(host.nodes()))


def _unlisted(count: int, listed: int) -> HostError:
    return HostError(
        f"This Nuke lists {listed} of {count} nodes, so the graph cannot be built or updated safely.",
        remedy="Non-Commercial may list a part only: open the graph's template instead, or use another licence",
    )


# The graph's text


def _text(host: Host, template: str, reads: Mapping[str, str] | None) -> tuple[str, str, bool]:
    """The statements of the graph, without Root; its id; and whether they say what a project says.

    ``reads``: what a new graph is fed from; None for the graph that stands in the script.
    """
    spec = _project_spec(host, template)
    if spec is not None:
        return _ROOT.sub("", graph.recovery_graph(spec), count=1), spec.template, True
    if template not in TEMPLATES:
        raise UsageError(f"There is no graph {template!r}.", remedy=f"choose one of {', '.join(TEMPLATES)}")
    if template in _WITH_PLACEHOLDERS:
        text = TEMPLATES[template]()
    elif reads is None:
        text = graph.recovery_graph(standing.of_script(host, template))
    else:
        text = graph.recovery_graph(standing.of_reads(host, template, reads))
    return _ROOT.sub("", text, count=1), template, False


def _project_spec(host: Host, template: str) -> graph.GraphSpec | None:
    """What the script's project asks for, if it is of the kind ``template``; None for a placeholder's graph."""
    folder = project_folder(host)
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


# Inserting


def _insert(host: Host, template: str) -> Built:
    chosen = _chosen(host, template)
    text, name, _ = _text(host, template, chosen.paths)
    new = list(_inserted(host, text, len(nk.parse(text).nodes)))
    for side, read in chosen.paths.items():
        for path in host.find(f"Read_{side}"):
            _feed_from(host, path, read)
            new.remove(path)
    host.show(host.find(MAIN)[0])
    return Built(name, tuple(new), pictures=chosen)


def _chosen(host: Host, template: str) -> Pictures:
    """The Source and the Reference among the selected Reads. Raises UsageError where that stays open."""
    reads = tuple(path for path in host.selected() if host.class_of(path) == "Read")
    if template in _WITH_OWN_READS:
        return Pictures({}, left_out=reads)
    found = pictures(host, (SOURCE, REFERENCE), reads)
    if found.by_place and found.left_out:
        raise UsageError(
            f"{len(reads)} Reads are selected, and they do not say which is the Source and which the Reference.",
            remedy="select two, or write Source and Reference into their labels",
        )
    if found.by_place and host.about().gui and not host.ask(f"{found.told()}\nBuild it so?"):
        raise UsageError(
            "Nothing was built.",
            remedy="place the Source's Read left of the Reference's, or write Source and Reference into their labels",
        )
    return found


def _inserted(host: Host, text: str, count: int) -> tuple[str, ...]:
    """Inserts ``text``, which holds ``count`` nodes. Raises HostError where Nuke does not list them all."""
    made = host.insert(text)
    listed = set(made) & set(host.nodes())
    if len(listed) < count:
        raise _unlisted(count, len(listed))
    return made


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
    text, name, is_project = _text(host, template, None)
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
        if path is None and _stand_in(host, node, wanted, matched) is None
    ]
    new = _add(host, text, wanted, matched, missing) if missing else ()
    known = {_id(node) for node in wanted}
    surplus = [path for path in host.nodes() if _is_surplus(host, path, known)] if is_project else []
    return Built(name, new, tuple(changed), tuple(surplus))


def _id(node: nk.Node) -> str:
    found = node.get("fr_id")
    return "" if found is None else nk.literal(found.text) or ""


def _matched(host: Host, wanted: Sequence[nk.Node]) -> list[str | None]:
    """The script's node for each of the graph's: by ``fr_id`` and class, among blocks of one kind by name, then by
    order. A block under another name must feed the graph: others are the operator's own."""
    kinds: dict[tuple[str, str], list[nk.Node]] = {}
    for node in wanted:
        kinds.setdefault((_id(node), node.class_name), []).append(node)
    known = _there_by_id(host)
    used: set[str] | None = None
    found: dict[int, str] = {}
    for kind, nodes in kinds.items():
        there = known.get(kind, [])
        for node in nodes:
            if node.name in there:
                found[id(node)] = node.name
                there.remove(node.name)
        left = [node for node in nodes if id(node) not in found]
        if left and there and kind[1] == "Group":
            used = _used_by_the_graph(host) if used is None else used
            there = [path for path in there if path in used]
        for node, path in zip(left, there):
            found[id(node)] = path
    return [found.get(id(node)) for node in wanted]


def _there_by_id(host: Host) -> dict[tuple[str, str], list[str]]:
    """The script's top nodes for each ``fr_id`` and class, in one pass: to search once a node takes seconds in a
    large graph."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(host.nodes()):
        if host.has_knob(path, "fr_id"):
            fr_id = nk.literal(nk.decode(host.knob(path, "fr_id")))
            if fr_id is not None:
                found.setdefault((fr_id, host.class_of(path)), []).append(path)
    return found


def _used_by_the_graph(host: Host) -> set[str]:
    """What feeds a marked node of the graph, directly or through others."""
    waiting = [path for path in host.nodes() if host.has_knob(path, "film_recovery")]
    found: set[str] = set()
    while waiting:
        for feed in host.inputs(waiting.pop()):
            if feed is not None and feed not in found:
                found.add(feed)
                waiting.append(feed)
    return found


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
    made = _inserted(host, "".join(_own_text(lines, node) for node in missing), len(missing))
    new = {id(node): path for node, path in zip(missing, made)}
    final: Mapping[int, str | None] = {
        id(node): new.get(id(node)) or path or _stand_in(host, node, wanted, matched)
        for node, path in zip(wanted, matched)
    }
    for node in wanted:
        path = final[id(node)]
        for index, feed in enumerate(node.inputs if path is not None else ()):
            source = None if feed is None else final[id(feed)]
            if path is None or source is None or not (id(node) in new or id(feed) in new):
                continue
            there = (*host.inputs(path), *[None] * (index + 1))[index]
            # Whoever deletes a node leaves what it fed on what fed it; that is no connection of the operator's.
            bridged = there in _past(feed, final, new)
            if there is None or bridged or id(node) in new:
                host.connect(path, index, source)
    host.select([path for path in selected if path in host.nodes()])
    return made


def _stand_in(
    host: Host, read: nk.Node, wanted: Sequence[nk.Node], matched: Sequence[str | None]
) -> str | None:
    """What feeds the graph in the place of one of its Reads, past nodes that are missing: the operator's own Read."""
    waiting = [read] if read.class_name == "Read" else []
    while waiting:
        feed = waiting.pop(0)
        for node, path in zip(wanted, matched):
            if feed not in node.inputs:
                continue
            if path is None:
                waiting.append(node)
                continue
            there = dict(enumerate(host.inputs(path))).get(node.inputs.index(feed))
            if there is not None:
                return read_behind(host, there) or there
    return None


def _past(
    feed: nk.Node | None, final: Mapping[int, str | None], new: Mapping[int, str]
) -> Iterator[str | None]:
    """What feeds ``feed``, and what feeds that while it is new itself."""
    while feed is not None and feed.inputs and id(feed) in new:
        feed = feed.inputs[0]
        if feed is not None:
            yield final[id(feed)]


def _own_text(lines: Sequence[str], node: nk.Node) -> str:
    """The block of ``node`` in the graph's text, a group's with its inside; without its connections."""
    start = node.line - 1
    last = "end_group\n" if node.is_group else "}\n"
    return "".join(lines[start : lines.index(last, start) + 1])


def _is_surplus(host: Host, path: str, known: set[str]) -> bool:
    if not host.has_knob(path, "fr_id") or not host.has_knob(path, "film_recovery"):
        return False
    return host.text(path, "fr_id") not in known
