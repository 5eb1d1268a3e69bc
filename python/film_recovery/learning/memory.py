"""How much memory running a model takes, and the tile that follows.

The tile of a render is fixed by the model, so that two runs make the same bytes, wherever and when they run:
512 pixels, or eight receptive radii where overlaps would otherwise cost more than half of the work. It is *not*
as large as memory allows: on a 2048 × 1556 frame the small network takes twice the processor time at once as it
takes in tiles of 512, for fresh memory costs more than the overlap. Memory is the upper limit: on a machine with
less than a tile needs, tiles are smaller, and pixels agree within 1e-4 (not always to the last bit). What is free is
looked at once for a render (``share``), so that its tiles do not change from frame to frame; several processes
share it, and are refused where one would take a larger tile than each of them can.

Bytes a pixel are measured (peak of a whole process, PyTorch 2.13 on Linux, scripted and not) and rounded up:
a closed form, and what each channel that the network keeps for a pixel of the picture adds.
"""

from __future__ import annotations

import torch
from torch import nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import share
from film_recovery.learning.device import device_of
from film_recovery.learning.tiling import GRID

Model = nn.Module | torch.jit.ScriptModule

TILE = 512  # pixels
RADII = 8  # a tile is at least that many receptive radii

_CLOSED_FORM = 256  # bytes a pixel; measured 88 to 220
_PER_CHANNEL = 44  # bytes a pixel and channel; measured 19 to 34, as the allocator happens to reuse
_WHOLE = 96  # bytes a pixel of a model that runs whole: the picture, encoded and decoded
_WHOLE_PER_CHANNEL = 9  # two maps of float32, and what the levels below hold meanwhile
_STRIPS = 500 * 2**20  # what the strips of a model that runs whole take at most
_PER_WEIGHT = 11  # copies of its weights that such a model holds at its peak, prepared for each size of strip


def usual_tile(radius: int) -> int:
    """Side of the tile, in pixels, for a model with that receptive ``radius``: the same on every machine."""
    return max(TILE, -(-RADII * radius // GRID) * GRID)


def render_tile(
    module: Model, height: int, width: int, radius: int, *, limit: int | None = None
) -> int | None:
    """The tile to render a frame of ``height`` × ``width`` with; None for the whole frame at once.

    It is the usual one, or ``limit`` (pixels, what an operator asked for), and smaller where memory is short.
    Raises FilmRecoveryError where not even the smallest tile, or a model that runs whole, has enough; of several
    processes at one render, where this tile has not.
    """
    free = _free_for(module)
    largest = tile_for(module, height, width, free)
    tile = limit or usual_tile(radius)
    if largest is not None and largest < tile:
        if share.processes() > 1:
            raise FilmRecoveryError(
                f"{share.processes()} processes have {(free or 0) / 2**30:.1f} GiB of memory each, and a tile of "
                f"{tile} pixels needs {_of_tile(module, tile, radius) / 2**30:.1f} GiB.",
                remedy="choose fewer --workers: in smaller tiles the frames would not be those of one process",
            )
        tile = largest
    whole = getattr(module, "whole", False) or max(height, width) <= tile
    return None if whole else tile


def tiles_at_once(module: Model, tile: int | None, radius: int) -> int:
    """How many tiles (of :func:`render_tile`) are computed side by side: one for each thread that torch has here, as
    far as memory goes. On a card, and of a frame at once, one."""
    if tile is None or device_of(module).type != "cpu":
        return 1
    free = _free_for(module)
    threads = torch.get_num_threads()
    return threads if free is None else max(1, min(threads, free // _of_tile(module, tile, radius)))


def tile_for(module: Model, height: int, width: int, free: int | None = None) -> int | None:
    """The largest tile, in pixels, that ``free`` bytes allow (None: as many as wanted); None for the whole frame.

    Raises FilmRecoveryError where ``free`` is not enough for a tile of GRID pixels, or for a model that runs
    whole to run at all.
    """
    if free is None or needed(module, height, width) <= free:
        return None
    overlap = int(getattr(module, "radius", 0)) + GRID
    side = int((free / bytes_per_pixel(module)) ** 0.5) - 2 * overlap
    if side >= GRID and not getattr(module, "whole", False):
        return side // GRID * GRID
    least = 2 * overlap + GRID
    sides = (height, width) if getattr(module, "whole", False) else (least, least)
    wanted = needed(module, *sides)
    raise FilmRecoveryError(
        f"The model needs {wanted / 2**30:.1f} GiB of memory for a frame of {width} × {height}; "
        f"{free / 2**30:.1f} GiB are free.",
        remedy="choose fewer --workers"
        if share.processes() > 1
        else "end other programs, use a machine with more memory, or a smaller network",
    )


def needed(module: Model, height: int, width: int) -> int:
    """Bytes that running ``module`` on that many pixels at once takes at its peak, beside the picture itself."""
    needs = bytes_per_pixel(module) * height * width
    if not getattr(module, "whole", False):
        return needs
    weights = sum(value.numel() * value.element_size() for value in module.state_dict().values())
    return needs + _STRIPS + _PER_WEIGHT * weights


def _of_tile(module: Model, tile: int, radius: int) -> int:
    side = tile + 2 * (radius + GRID)
    return needed(module, side, side)


def bytes_per_pixel(module: Model) -> int:
    """What ``module`` takes at its peak for each pixel that it runs on at a time."""
    weights = module.state_dict()
    intro = next((value for name, value in weights.items() if name.endswith("intro.weight")), None)
    if intro is None:
        return _CLOSED_FORM
    folds = [getattr(part, "fold", None) for part in module.modules()]
    folded = next((fold for fold in folds if isinstance(fold, int)), 1) ** 2
    channels = -(-intro.shape[0] // folded)
    if getattr(module, "whole", False):
        return _WHOLE + _WHOLE_PER_CHANNEL * channels
    return _CLOSED_FORM + _PER_CHANNEL * channels


def _free_for(module: Model) -> int | None:
    """Bytes that are free where ``module`` computes; on a card, also what torch holds there unused."""
    device = device_of(module)
    if device.type != "cuda":
        return share.free()
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + held
