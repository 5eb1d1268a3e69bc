"""Pictures: frames, image files, sequences, colour spaces, luma. What every engine part builds on.

Only the plain parts are re-exported here; ``imaging.files`` (OpenImageIO) and ``imaging.colour``
(OpenColorIO) are imported where they are used, so that geometry and luma cost no native library.
"""

from __future__ import annotations

from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame, non_finite
from film_recovery.imaging.sequence import Sequence

__all__ = ["ALPHA", "RGB", "Box", "Format", "Frame", "Sequence", "non_finite"]
