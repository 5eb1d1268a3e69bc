"""What every measurement asks of its two arrays, checked in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError


def check_colours(*arrays: NDArray[Any]) -> None:
    """Like :func:`check_alike`, and the last axis has three components."""
    check_alike(*arrays)
    if arrays[0].ndim == 0 or arrays[0].shape[-1] != 3:
        raise FilmRecoveryError(
            f"Colours have three components on the last axis; this array has shape {arrays[0].shape}."
        )


def check_alike(*arrays: NDArray[Any]) -> None:
    """Raise FilmRecoveryError unless all have the same shape, are floating point, not empty and finite."""
    shapes = [array.shape for array in arrays]
    if len(set(shapes)) > 1:
        raise FilmRecoveryError(
            f"The pictures differ in shape: {' and '.join(map(str, shapes))}.",
            remedy="crop both to the same region",
        )
    for array in arrays:
        if not np.issubdtype(array.dtype, np.floating):
            raise FilmRecoveryError(
                f"The picture holds {array.dtype} values; measurements need floating point.",
                remedy="divide by the largest code value to get 0–1",
            )
        if array.size == 0:
            raise FilmRecoveryError("The picture is empty.", remedy="choose a region with pixels in it")
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise FilmRecoveryError(
                f"The picture holds {bad} values that are not finite (NaN or infinite).",
                remedy="find the node that makes them",
            )


def check_mask(mask: NDArray[Any] | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """The places that count, H×W, for arrays of ``shape`` (H×W or H×W×C); None where all do.

    ``mask``: booleans, or 0–1 of which more than a half counts. Raises FilmRecoveryError for another size, values
    that are not finite, and a mask in which nothing counts.
    """
    if mask is None:
        return None
    if mask.shape != shape[:2]:
        raise FilmRecoveryError(
            f"The mask has shape {mask.shape}, the picture {shape}.",
            remedy="make the mask as large as the picture, one channel",
        )
    if not np.isfinite(mask).all():
        raise FilmRecoveryError(
            "The mask holds values that are not finite (NaN or infinite).", remedy="paint it anew"
        )
    counts: NDArray[np.bool_] = mask if mask.dtype == np.bool_ else mask > 0.5
    if not counts.any():
        raise FilmRecoveryError(
            "The mask is empty: no place of the picture counts.", remedy="paint what counts white"
        )
    return counts
