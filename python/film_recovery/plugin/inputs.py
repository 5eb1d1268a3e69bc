"""Which of the selected pictures goes into which input. The order of a selection is not known, so it decides nothing.

Decided by what is known: the mark of a graph's node, the files of the script's project, the name, the label, then the
same of what feeds it. What is left is told apart by its place in the node graph: from left to right, Source first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import ID_KNOB, Host, HostError
from film_recovery.plugin.places import place_of, project_folder
from film_recovery.project import load

SOURCE, REFERENCE = "Source", "Reference"
# Words that speak for an input. Names of inputs are those of the blocks.
_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        SOURCE: frozenset({"source"}),
        REFERENCE: frozenset({"reference"}),
        "Original": frozenset({"original", "source"}),
        "Recovered": frozenset({"recovered", "inference"}),
        "Baseline": frozenset({"baseline", "matchgradebaseline"}),
        "Input": frozenset({"input", "source"}),
        "GroundTruth": frozenset({"groundtruth", "truth", "reference"}),
        "Preview": frozenset({"preview"}),
        "before": frozenset({"before"}),
        "after": frozenset({"after"}),
        "image": frozenset({"source", "groundtruth"}),
        "bbox": frozenset({"reference"}),
    }
)
_FIRST = (SOURCE, "Original", "Input", "before", "image")
_LETTERS = re.compile(r"[a-z]+")
_FRAME = re.compile(r"%0?[0-9]*d|#+")


@dataclass(frozen=True)
class Pictures:
    """Which node became which input: ``paths`` by the input's name. ``by_place``: nothing else told them apart."""

    paths: Mapping[str, str]
    by_place: bool = False
    left_out: tuple[str, ...] = ()

    def told(self) -> str:
        """For the operator."""
        line = ", ".join(f"{name}: {path}" for name, path in self.paths.items())
        if self.by_place:
            line += ". Told apart by their place in the node graph only, from left to right: check them."
        return line + (f"\nNot connected: {', '.join(self.left_out)}" if self.left_out else "")


def pictures(host: Host, inputs: Sequence[str], paths: Sequence[str]) -> Pictures:
    """Which of ``paths`` goes into which of ``inputs``, their names in order; in the result Source comes first."""
    known: dict[str, str] = {}
    for evidence in (_mark, _element, _name, _label, _behind(inputs)):
        claims: dict[str, list[str]] = {}
        for path in paths:
            if path not in known.values():
                claim = _claimed(evidence(host, path), inputs)
                claims.setdefault(claim, []).append(path)
        known.update(
            {name: one[0] for name, one in claims.items() if len(one) == 1 and name not in known and name}
        )
    left = sorted(
        (path for path in paths if path not in known.values()), key=lambda path: place_of(host, path)
    )
    open_inputs = [name for name in _in_order(inputs) if name not in known]
    if len(paths) == 1 and left:  # as Nuke does
        open_inputs = list(inputs)
    found = {**known, **dict(zip(open_inputs, left))}
    return Pictures(
        {name: found[name] for name in _in_order(inputs) if name in found},
        by_place=len(left) > 1 and bool(open_inputs),
        left_out=tuple(left[len(open_inputs) :]),
    )


def _in_order(inputs: Sequence[str]) -> list[str]:
    return sorted(inputs, key=lambda name: name not in _FIRST)


def _claimed(text: str, inputs: Sequence[str]) -> str:
    """The one input that ``text`` speaks for, or nothing."""
    words = set(_LETTERS.findall(text.lower()))
    found = [name for name in inputs if words & _WORDS.get(name, frozenset({name.lower()}))]
    return found[0] if len(found) == 1 else ""


# What speaks for an input, the strongest first


def _mark(host: Host, path: str) -> str:
    return _text(host, path, ID_KNOB)


def _element(host: Host, path: str) -> str:
    """The element of the script's project that a Read reads."""
    file = _text(host, path, "file") if host.class_of(path) == "Read" else ""
    if not file or not project_folder(host):
        return ""
    try:
        project = load(project_folder(host))
    except FilmRecoveryError:
        return ""  # whoever needs the project says what is wrong with it
    own = _pattern(os.path.join(Path(host.script_file()).parent, file) if host.script_file() else file)
    found = [name for name in project.elements if _pattern(project.file_of(name)) == own]
    return found[0] if len(found) == 1 else ""


def _name(host: Host, path: str) -> str:
    return path


def _label(host: Host, path: str) -> str:
    return _text(host, path, "label")


def _behind(inputs: Sequence[str]) -> Callable[[Host, str], str]:
    """The same of the nearest node that feeds a path and speaks for one of ``inputs``."""

    def evidence(host: Host, path: str) -> str:
        for one in _upstream(host, path):
            for found in (_mark(host, one), _element(host, one), _name(host, one)):
                if one != path and _claimed(found, inputs):
                    return found
        return ""

    return evidence


def read_behind(host: Host, path: str) -> str:
    """The Read that feeds ``path`` through first inputs, or that it is; nothing where none does."""
    return next((one for one in _upstream(host, path) if host.class_of(one) == "Read"), "")


def _upstream(host: Host, path: str) -> Iterator[str]:
    one: str | None = path
    while one is not None:
        yield one
        one = next(iter(host.inputs(one)), None)


def _text(host: Host, path: str, knob: str) -> str:
    if not host.has_knob(path, knob):
        return ""
    try:
        return host.text(path, knob)
    except HostError:  # live Tcl, which is not run
        return ""


def _pattern(file: str) -> str:
    return _FRAME.sub("#", os.path.normpath(file).replace("\\", "/"))
