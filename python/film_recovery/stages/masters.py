"""The recovered frames as they lie on disk: what is judged is what is delivered."""

from __future__ import annotations

import numpy as np

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import Header, read_frame, read_header
from film_recovery.imaging.frame import Box, Frame, Pixels
from film_recovery.stages.view import View

RENDER_AGAIN = "move it away and run the project again: what is missing is rendered"


def written(view: View, frame: int, area: Box) -> Pixels:
    """A written frame over ``area``, back in the working space (graph values): H×W×3, bottom row first.

    Raises FilmRecoveryError naming the frame and its file when it is missing or damaged, does not reach over
    ``area``, or holds values that are not finite.
    """
    root, output = view.evaluator.root, view.output
    path = output.sequence.path(frame)
    if not path.exists():
        raise FilmRecoveryError(
            "The frame is to be rendered, but its file is not there.",
            remedy="run the project again: what is missing is rendered",
            file=str(path),
            frame=frame,
        )
    picture = _read(view, frame, area)
    values = picture.rgb(area)
    if not np.isfinite(values).all():
        raise _unusable(view, frame, "holds values that are not finite (NaN or infinite)")
    if output.holds:
        values = root.config.convert(values, output.holds, root.working_space)
    return values


def header_of(view: View, frame: int) -> Header:
    """The header of a written frame. Errors as :func:`written`."""
    try:
        return read_header(view.output.sequence.path(frame))
    except FilmRecoveryError as error:
        raise _unusable(view, frame, f"is damaged: {error.message}") from error


def _read(view: View, frame: int, area: Box) -> Frame:
    try:
        picture = read_frame(view.output.sequence.path(frame))
    except FilmRecoveryError as error:
        raise _unusable(view, frame, f"is damaged: {error.message}") from error
    if picture.bbox.intersect(area) != area:
        raise _unusable(view, frame, f"holds {picture.bbox}, not all of the live area {area}")
    return picture


def _unusable(view: View, frame: int, problem: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The written frame {problem}.",
        remedy=RENDER_AGAIN,
        file=str(view.output.sequence.path(frame)),
        frame=frame,
        node=view.write.path,
    )
