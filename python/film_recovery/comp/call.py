"""What a node function is given: its node at one frame, its inputs and its knob values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from film_recovery import nk
from film_recovery.comp import knobs
from film_recovery.comp.place import Place, shown
from film_recovery.comp.settings import setting
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.frame import Format, Frame

if TYPE_CHECKING:
    from film_recovery.comp.evaluate import Evaluator

_PASS_ON = frozenset({"Dot", "NoOp", "PostageStamp"})


@dataclass(frozen=True)
class NodeCall:
    """One evaluation of one node. Every method raises FilmRecoveryError naming node, class and knob.

    Knobs that the script does not set have the default that the class was registered with.
    """

    evaluator: Evaluator
    place: Place
    frame: float

    @property
    def node(self) -> nk.Node:
        return self.place.node

    @property
    def config(self) -> ColourConfig:
        """The OCIO config of the evaluation (see ``root.py`` for the choice)."""
        return self.evaluator.root.config

    @property
    def input_count(self) -> int:
        """How many inputs the script gives the node, connected or not, masks included."""
        return len(self.evaluator.graph.inputs(self.place))

    def input(self, index: int = 0, frame: float | None = None) -> Frame:
        """The frame at an input, by default at this call's frame number. Unconnected is an error."""
        return self.evaluator.pull(self._source(index), self.frame if frame is None else frame)

    def input_range(self, index: int = 0) -> tuple[int, int]:
        """First and last frame of what an input gives."""
        return self.evaluator.range_of(self._source(index))

    def connected(self, index: int) -> bool:
        """Whether a picture arrives at the input: followed out of groups, through Dots and NoOps."""
        graph = self.evaluator.graph
        inputs = graph.inputs(self.place)
        source = inputs[index] if index < len(inputs) else None
        while source is not None:
            if source.node.class_name == "Input":
                source = self.evaluator.outer_input(source)
            elif source.node.class_name in _PASS_ON:
                source = next(iter(graph.inputs(source)), None)
            else:
                return True
        return False

    def is_set(self, knob: str) -> bool:
        """Whether the script (or a gizmo around the node) says anything of the knob."""
        return setting(self.evaluator.graph, self.place, knob).text is not None

    def number(self, knob: str) -> float:
        return knobs.number(self.evaluator, self.place, knob, self.frame)

    def integer(self, knob: str) -> int:
        """The whole number nearest to the value. NaN and infinity are errors."""
        value = self.number(knob)
        if not abs(value) < 2**53:
            raise self.error(f"The knob is {value}, where a whole number is needed.", knob)
        return round(value)

    def numbers(self, knob: str, n: int) -> tuple[float, ...]:
        """``n`` values; a single one is repeated."""
        return knobs.numbers(self.evaluator, self.place, knob, self.frame, n)

    def boolean(self, knob: str) -> bool:
        return self.number(knob) != 0

    def choice(self, knob: str, allowed: tuple[str, ...]) -> str:
        """An enumeration's token, one of ``allowed`` in Nuke's order (an expression indexes them)."""
        return knobs.choice(self.evaluator, self.place, knob, self.frame, allowed)

    def text(self, knob: str) -> str:
        return knobs.text(self.evaluator, self.place, knob)

    def parts(self, knob: str) -> list[list[str]]:
        """A knob that is a list of lists of words, each word's Tcl replaced on its own (see ``knobs.parts``)."""
        return knobs.parts(self.evaluator, self.place, knob)

    def path(self, knob: str) -> Path:
        """A file knob as a path, relative ones placed (see ``root.py``). Empty is an error."""
        value = self.text(knob)
        if not value:
            raise self.error("The knob names no file.", knob, remedy="choose a file")
        path = Path(value)
        return path if path.is_absolute() else self.evaluator.root.folder / path

    def matrix(self, knob: str) -> tuple[tuple[float, ...], ...]:
        """A 3 × 3 matrix, row by row."""
        return knobs.matrix(self.evaluator, self.place, knob, self.frame)

    def channels(self, knob: str, available: tuple[str, ...]) -> tuple[str, ...]:
        """The channels of ``available`` that a channel-set knob names, in the order of ``available``."""
        return knobs.channels(self.evaluator, self.place, knob, available)

    def format(self, knob: str) -> Format:
        """A format knob; unset, the project's format."""
        value = self.text(knob)
        if not value:
            return self.script_format()
        try:
            return knobs.parse_format(value)
        except ValueError as error:
            raise self.error(f"The format cannot be used: {error}.", knob) from None

    def script_format(self) -> Format:
        """The format of Root."""
        return self.evaluator.root.format

    def default_only(self, knob: str, *accepted: str) -> None:
        """Error unless the knob is unset or its text is one of ``accepted``: for what is not implemented."""
        found = setting(self.evaluator.graph, self.place, knob)
        if found.text is not None and found.text.strip() not in accepted:
            raise self.error(
                f"{knob} {found.text[:60]} is not implemented.",
                knob,
                remedy=f"set it to {' or '.join(word or 'empty' for word in accepted)}",
            )

    def error(self, message: str, knob: str | None = None, remedy: str = "") -> FilmRecoveryError:
        """An error to raise: names node, class, frame and, if given, knob."""
        return self.place.error(message, remedy=remedy, knob=knob, frame=shown(self.frame))

    def _source(self, index: int) -> Place:
        inputs = self.evaluator.graph.inputs(self.place)
        source = inputs[index] if 0 <= index < len(inputs) else None
        if source is None:
            raise self.error(f"Nothing is connected to input {index}.", remedy="connect it")
        return source
