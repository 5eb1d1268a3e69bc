"""Running a model over a whole frame, at once or in tiles, with the same result.

A tile sees ``radius`` more pixels on each side than it delivers, as far as the frame goes: at the frame's edge
the model does what it does there with the whole frame, its padding included. Tiles begin and end on a grid of
``GRID`` pixels, because a network that halves its resolution is the same only on such a grid. With a
``radius`` that covers the model's receptive field, tile = frame. Tiles bound the memory, nothing else
(:mod:`film_recovery.learning.memory` says how large they may be).

A model that looks at the whole picture at once says so (``whole``); no overlap makes its tiles the frame, so
it is never cut, and bounds its memory itself. A model that knows where it is (``placed``) is told the places of
the pixels of each tile. It computes where its weights lie: tiles go there, and their results come back.

Each tile is computed on one thread: how many a network has changes the last bits of its sums. A machine with more
takes more tiles side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.device import device_of
from film_recovery.learning.least_squares import one_thread

GRID = 16  # pixels: a multiple of every network's step


def apply(
    module: nn.Module | torch.jit.ScriptModule,
    image: Pixels,
    *,
    tile: int | None = None,
    radius: int,
    at_once: int = 1,
) -> Pixels:
    """``module`` on ``image`` (H×W×3 float32, top row first, graph values): same shape, a fresh array.

    ``tile``: side of the square that is delivered at a time (pixels), None for the whole frame, as always for a
    model that says ``whole``. ``radius``: the model's receptive radius. ``at_once``: tiles that are computed side by
    side (``memory.tiles_at_once``), which changes no bit.

    Raises FilmRecoveryError for an image that is not a picture of three channels, values that are not finite, a
    tile below 1, or a model that changes the size.
    """
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise FilmRecoveryError(f"A model runs on red, green and blue; this image has shape {image.shape}.")
    bad = int(image.size - np.count_nonzero(np.isfinite(image)))
    if bad:
        raise FilmRecoveryError(
            f"The image holds {bad} values that are not finite (NaN or infinite).",
            remedy="find the node that makes them; a Clamp or an Expression upstream can replace them",
        )
    if tile is not None and tile < 1:
        raise FilmRecoveryError(f"A tile of {tile} pixels.", remedy="choose a tile size above 0, or none")
    height, width = image.shape[:2]
    planes = torch.from_numpy(np.array(image, np.float32).transpose(2, 0, 1))[None]
    out = np.empty((height, width, 3), np.float32)
    whole = tile is None or getattr(module, "whole", False)
    side = max(height, width) if tile is None or whole else tile
    placed: Callable[..., torch.Tensor] | None = getattr(module, "placed", None)
    places = coordinates(height, width) if placed is not None else torch.empty(0)
    device = device_of(module)

    def deliver(corner: tuple[int, int]) -> None:
        y, x = corner
        bottom, right = min(y + side, height), min(x + side, width)
        above, left = (max(0, place - radius) // GRID * GRID for place in (y, x))
        below, beside = (-(-(end + radius) // GRID) * GRID for end in (bottom, right))
        seen = (..., slice(above, below), slice(left, beside))
        with torch.inference_mode():  # of this thread alone
            window = planes[seen].contiguous().to(device)
            if placed is None:
                result = module(window)
            else:
                result = placed(window, places[seen].contiguous().to(device))
            if result.shape != window.shape:
                raise FilmRecoveryError(
                    f"The model makes {tuple(result.shape)} of {tuple(window.shape)}.",
                    remedy="use a model exported by film-recovery",
                )
            inside = result[0, :, y - above : bottom - above, x - left : right - left]
            out[y:bottom, x:right] = inside.permute(1, 2, 0).cpu().numpy()

    corners = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    with one_thread():
        if min(at_once, len(corners)) < 2:
            for corner in corners:
                deliver(corner)
        else:
            with ThreadPoolExecutor(min(at_once, len(corners)), "tiles", torch.set_num_threads, (1,)) as pool:
                list(pool.map(deliver, corners))
    return out


def coordinates(height: int, width: int) -> torch.Tensor:
    """Where the pixels of a picture lie in it: 1×2×H×W, across then down, 0–1 from the top left corner."""
    down, across = ((torch.arange(side, dtype=torch.float32) + 0.5) / side for side in (height, width))
    return torch.stack([across.expand(height, width), down[:, None].expand(height, width)])[None]
