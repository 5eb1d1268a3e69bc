"""What kind of values a colour space holds, found by converting with the OCIO config itself."""

from __future__ import annotations

import numpy as np

from film_recovery.imaging.colour import ColourConfig

_GREYS = np.repeat(np.array([[0.0], [0.5], [1.0]], np.float32), 3, axis=1)
_CLOSE = 0.01
_BRIGHTEST = 1.5  # scene-linear light of code value 1 in a display-referred space; log spaces are far above


def domain_of(config: ColourConfig, space: str) -> str:
    """``raw`` (no colour), ``linear``, ``display`` (code 0–1 is light 0–1, curved) or ``log``.

    Judged by the scene-linear light of the code values 0, 0.5 and 1. Raises FilmRecoveryError for an unknown space.
    """
    if config.is_data(space):
        return "raw"
    black, middle, white = (float(grey[1]) for grey in config.convert(_GREYS, space, "scene_linear"))
    if abs(middle - 0.5 * white) < _CLOSE * abs(white) and abs(black) < _CLOSE:
        return "linear"
    return "log" if white > _BRIGHTEST or abs(black) > _CLOSE else "display"
