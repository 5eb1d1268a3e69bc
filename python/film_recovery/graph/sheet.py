"""Script text under construction: nodes, their wiring, their place in the node graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from film_recovery import nk


@dataclass
class Sheet:
    """Script text under construction: every node gets a stack variable, so that wiring is explicit."""

    parts: list[str] = field(default_factory=list)
    count: int = 0

    def node(self, text: str, inputs: Sequence[str] = ()) -> str:
        """Appends one node fed by ``inputs`` (input 0 first); gives the variable that names it."""
        self.parts.extend(f"push ${name}\n" for name in reversed(inputs))
        self.count += 1
        variable = f"N{self.count:08x}"
        self.parts.append(f"{text}set {variable} [stack 0]\n")
        return variable

    def bare(self, text: str) -> None:
        self.parts.append(text)


def node_text(
    class_name: str,
    name: str,
    position: tuple[int, int],
    inputs: int = 1,
    more: Mapping[str, str] | None = None,
    **knobs: str,
) -> str:
    """A node at ``position``; ``knobs`` and ``more`` map knob names to words already quoted by ``nk``."""
    words = {**(more or {}), **knobs}
    words["name"] = nk.quote(name)
    words["xpos"], words["ypos"] = str(position[0]), str(position[1])
    return nk.node_text(class_name, words, inputs=inputs)
