"""A new project from what an operator answers: the recipe, what is missing, the command. No Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from film_recovery.recipes import Answers, Choice, choose

_NUMBER = re.compile(r"(\d+)(\.[^.]+)$")
# The chooser's question about the detail; the recipes' own words stand in ``recipes.chooser``.
BETTER = (
    ("none", "no, or none that kept the detail"),
    ("gauge", "yes, of a larger gauge (35 mm beside 16 mm)"),
    ("generation", "yes, an earlier generation (negative, internegative)"),
    ("telecine", "partly: a telecine or safety copy is cleaner than the damaged parts"),
)


@dataclass(frozen=True)
class Wishes:
    """What was typed and chosen so far."""

    folder: str = ""
    film: str = ""
    source: str = ""
    reference: str = ""
    colour: str = ""
    answers: Answers = field(default_factory=Answers)

    @property
    def choice(self) -> Choice:
        """The recipe that the answers lead to, and what is out of scope."""
        return choose(self.answers)

    @property
    def lacks(self) -> str:
        """What has to be given before the project can be made; empty when nothing is."""
        if self.choice.recipe is None:
            return "these answers lead to no recipe"
        needed = {
            "the film’s title": self.film,
            "the frames of the Source": self.source,
            "the frames of the Reference": self.reference,
            "a folder": self.folder,
        }
        missing = [name for name, given in needed.items() if not given.strip()]
        return f"still needed: {', '.join(missing)}" if missing else ""

    def command(self) -> list[str]:
        """The engine's command that makes it."""
        asked = self.answers
        words = ["new", "--film", self.film.strip(), "--source", self.source.strip()]
        words += ["--reference", self.reference.strip(), "--better-in-detail", asked.better_in_detail]
        if self.colour.strip() and self.choice.recipe == "combined":
            words += ["--colour-element", self.colour.strip()]
        flags = {
            "--intra-frame": asked.intra_frame,
            "--inter-frame": asked.inter_frame,
            "--colour-reference": asked.colour_reference,
            "--black-and-white": asked.colour_black_and_white,
            "--enlarge": asked.enlarge,
        }
        return [*words, *(flag for flag, given in flags.items() if given), "--", self.folder.strip()]


def pattern_of(file: str) -> str:
    """The sequence that a file belongs to: ``scan.1001.exr`` is of ``scan.####.exr``; a still stays as it is."""
    path = Path(file)
    name = _NUMBER.sub(lambda found: "#" * len(found[1]) + found[2], path.name)
    return (path.parent / name).as_posix()
