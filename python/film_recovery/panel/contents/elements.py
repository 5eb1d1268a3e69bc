"""Stage 0 as a page shows it: both elements, what is said of them, and the names of the project's OCIO config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery.project import FILE, Element, Project, load

NAMES = ("source", "reference")
CONFIG, WORKING_SPACE = "colour.config", "colour.working_space"
# What an operator says of an element: the key, its title, and what it is for.
WORDS = (
    ("title", "Title", "The element’s own title, where it is not the film’s"),
    ("reel", "Reel", "Where it is not the project’s"),
    ("shot", "Shot", "Where it is not the project’s"),
    ("type", "Type", "print, internegative, telecine, safety copy, DVD, painting or photograph"),
    ("gauge", "Gauge", "16 mm, 35 mm …"),
    ("generation", "Generation", "print, duplicate, internegative, negative …"),
    ("quality", "Better in", "What this element has that the other lacks: detail, grain, colour"),
    ("holder", "Holder", "Whose element it is: archive, laboratory, collection"),
    (
        "authorisation",
        "Authorised",
        "Who allowed its use, and when. Without it the check of references fails",
    ),
    ("provenance", "Provenance", "Where the element comes from, and how that is known"),
)

# What is usual there; anything else may be typed.
USUAL: Mapping[str, tuple[str, ...]] = {
    "type": ("print", "internegative", "telecine", "safety copy", "DVD", "painting", "photograph"),
    "generation": ("print", "duplicate", "internegative", "negative"),
}


@dataclass(frozen=True)
class Card:
    """One element. ``file``: its pattern as a whole path. ``frame``: the one that is shown."""

    name: str
    element: Element
    file: str
    frame: int

    @property
    def facts(self) -> str:
        """Frames, size, pixel aspect and rate, in words."""
        one = self.element
        count = one.last - one.first + 1
        words = [
            f"{one.first}–{one.last} ({count} frame{'s' if count != 1 else ''})",
            f"{one.width} × {one.height}",
        ]
        words += [f"pixel aspect {one.pixel_aspect:g}"] if one.pixel_aspect != 1 else []
        return " · ".join([*words, f"{one.frame_rate:g} fps"])


@dataclass(frozen=True)
class Elements:
    """The page: ``cards`` of Source and Reference."""

    project: Project
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class ColourNames:
    """What the engine tells of the config. ``entries``: what a name may be, and how it is shown: roles first.
    ``stands_for``: element or ``working_space`` → the colour space that its name means there; "" where none."""

    config: str
    entries: tuple[tuple[str, str], ...]
    stands_for: Mapping[str, str]


def files(folder: Path) -> tuple[Path, ...]:
    """What the page depends on. Raises FilmRecoveryError where the project cannot be read."""
    masters = [one.master_of for one in load(folder).elements.values() if one.master_of]
    return (folder / FILE, *(folder / other / FILE for other in masters))


def read(folder: Path) -> Elements:
    """The page. Raises FilmRecoveryError for a project that cannot be read."""
    project = load(folder)
    cards = (
        Card(name, project.elements[name], project.file_of(name), _shown(project, name)) for name in NAMES
    )
    return Elements(project, tuple(cards))


def names_of(event: Mapping[str, Any]) -> ColourNames:
    """The answer to ``config colourspaces``."""
    roles = [(str(role), f"{role} ({space})") for role, space in event["roles"].items()]
    spaces = [(str(space), str(space)) for space in event["colourspaces"]]
    return ColourNames(str(event["config"]), (*roles, *spaces), dict(event["stands_for"]))


def _shown(project: Project, name: str) -> int:
    """The middle frame; of a Reference that of the nearest pair, since a constructed one has no others."""
    one = project.elements[name]
    middle = (one.first + one.last) // 2
    chosen = [pair.reference for pair in (*project.pairs, *project.hold_out)]
    if name == "source" or not chosen:
        return middle
    return min(chosen, key=lambda frame: abs(frame - middle))
