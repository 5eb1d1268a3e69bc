"""A project's elements as clips: what curation and alignment look at, encoded as the project says they are read."""

from __future__ import annotations

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import Clip
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
    reading = view.own_reading
    return Clip(
        element.capitalize(),
        sequence,
        frames,
        space if (space := reading.spaces()[element]) != "raw" else "",
        reading.evaluator.root.config,
        one.pixel_aspect,
    )
