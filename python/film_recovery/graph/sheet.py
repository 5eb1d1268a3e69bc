"""Script text under construction: nodes, their wiring, their place in the node graph, and the marks that name them.

Every node carries an invisible text knob ``fr_id`` with its stable name, so that it is found again under whatever
name an operator gives it. A block keeps the ``fr_id`` of its gizmo. Places are centre and top, in DAG units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from film_recovery import nk
from film_recovery.graph.blocks import group

NODE_WIDTH = 80
DOT_WIDTH = 12
Point = tuple[int, int]


@dataclass
class Sheet:
    """Script text under construction: every node gets a stack variable, so that wiring is explicit.

    ``origin`` moves, and ``suffix`` renames, what is added from then on: a second graph in the same script.
    """

    parts: list[str] = field(default_factory=list)
    count: int = 0
    origin: Point = (0, 0)
    suffix: str = ""

    def node(
        self,
        class_name: str,
        name: str,
        at: Point,
        feeds: Sequence[str] = (),
        more: Mapping[str, str] | None = None,
        own: str = "",
        **knobs: str,
    ) -> str:
        """Appends one node fed by ``feeds`` (input 0 first); gives the variable that names it.

        ``at``: its centre and its top. ``knobs`` and ``more`` map knob names to words already quoted by ``nk``;
        ``more`` comes after ``knobs``. ``own``: lines of user knobs that this node has beside its mark.
        """
        half = (DOT_WIDTH if class_name == "Dot" else NODE_WIDTH) // 2
        words = {**knobs, **(more or {}), **self._place((at[0] - half, at[1])), "name": self._name(name)}
        text = marked(nk.node_text(class_name, words, inputs=len(feeds)), self.named(name), own=own)
        return self._add(text, feeds)

    def block(
        self,
        gizmo: str,
        name: str,
        at: Point,
        feeds: Sequence[str | None],
        knobs: Mapping[str, str],
        inner: Mapping[str, str] | None = None,
    ) -> str:
        """Appends a building block as a Group, as :meth:`node`. ``knobs``, ``inner``: as ``graph.group``.

        ``feeds``: one for each of its inputs, None where nothing is connected.
        """
        x, y = at[0] - NODE_WIDTH // 2 + self.origin[0], at[1] + self.origin[1]
        return self._add(group(gizmo, self.named(name), knobs, inner or {}, (x, y)), feeds)

    def bare(self, class_name: str, name: str, corner: Point, marks: Mapping[str, str], **knobs: str) -> None:
        """Appends a backdrop or a note, which nothing feeds. ``corner``: left and top."""
        words = {**knobs, **self._place(corner), "name": self._name(name)}
        self.parts.append(marked(nk.node_text(class_name, words, inputs=0), self.named(name), marks))

    def named(self, name: str) -> str:
        """The stable name of a node in this graph."""
        return f"{name}{self.suffix}"

    def _name(self, name: str) -> str:
        return nk.quote(self.named(name))

    def _place(self, corner: Point) -> dict[str, str]:
        return {"xpos": str(corner[0] + self.origin[0]), "ypos": str(corner[1] + self.origin[1])}

    def _add(self, text: str, feeds: Sequence[str | None]) -> str:
        self.parts.extend(f"push ${feed}\n" if feed else "push 0\n" for feed in reversed(feeds))
        self.count += 1
        variable = f"N{self.count:08x}"
        self.parts.append(f"{text}set {variable} [stack 0]\n")
        return variable


def marked(text: str, fr_id: str, more: Mapping[str, str] | None = None, own: str = "") -> str:
    """A node's block with its mark, and with ``more`` of the kind: text knobs that no panel shows; then ``own``."""
    lines = [' addUserKnob {20 film_recovery l "Film Recovery" +INVISIBLE}\n']
    for knob, value in {"fr_id": fr_id, **(more or {})}.items():
        lines.append(f' addUserKnob {{1 {knob} l "Film Recovery {knob[3:]}" +INVISIBLE}}\n')
        lines.append(f" {knob} {nk.quote(value)}\n")
    return text[: text.rindex("}\n")] + "".join(lines) + own + "}\n"
