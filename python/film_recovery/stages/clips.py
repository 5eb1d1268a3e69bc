"""A project's elements as clips: what curation and alignment look at, encoded as the project says they are read."""

from __future__ import annotations

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import ENCODED, Clip
from film_recovery.imaging.colour import ColourConfig
from film_recovery.stages.view import View


def clip_of(view: View, element: str) -> Clip:
    """``source`` or ``reference``: the frames of the project's range that are on disk.

    Raises NotYet for a master that has not been rendered, FilmRecoveryError where no frame is there.
    """
    view.need(element)
    sequence, one = view.sequence(element), view.project.elements[element]
    frames = tuple(frame for frame in sequence.frames() if one.first <= frame <= one.last)
    if not frames:
        raise FilmRecoveryError(
            f"The {element.capitalize()} has no frame from {one.first} to {one.last}.",
            file=sequence.pattern,
            remedy="check the element's file, first and last in project.yaml",
        )
    config = view.own_reading.evaluator.root.config
    return Clip(
        element.capitalize(), sequence, frames, space_of(config, one.colourspace), config, one.pixel_aspect
    )


def space_of(config: ColourConfig, name: str) -> str:
    """The space that an element is converted from to be judged; empty where it is judged as it is stored."""
    if name.lower() in ("", "default", "raw", "none"):
        return ""
    return "" if config.resolve(name) == config.resolve(ENCODED) else name
