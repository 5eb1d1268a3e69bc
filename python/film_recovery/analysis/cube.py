"""A 3D LUT as other programs read it: a .cube file (Adobe's Cube LUT specification 1.0), over 0–1.

The table is what is applied here too, so that a baseline that is judged is the file that is delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.analysis.colour_lattice import ColourLattice
from film_recovery.imaging.frame import Pixels

SIZE = 33  # nodes along each axis: what other programs expect of a fine LUT
_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class Cube:
    """``table``: n×n×n×3 float32, what colours become, by red, green, blue from 0 to 1."""

    table: NDArray[np.float32]

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (…×3, encoded) with each colour, limited to 0–1, looked up; trilinear between the nodes."""
        check_colours(picture)
        size = len(self.table)
        flat, table = picture.reshape(-1, 3), self.table.reshape(-1, 3)
        made = np.empty_like(flat, dtype=np.float32)
        for start in range(0, len(flat), _BLOCK):
            place = np.clip(flat[start : start + _BLOCK], 0, 1) * (size - 1)
            cell = np.minimum(place.astype(np.intp), size - 2)
            part = place - cell
            found = np.zeros((len(place), 3), np.float32)
            for corner in product((0, 1), repeat=3):
                x, y, z = (cell + np.array(corner)).T
                weight = np.where(corner, part, 1 - part).prod(axis=1)
                found += weight[:, None].astype(np.float32) * table[(x * size + y) * size + z]
            made[start : start + _BLOCK] = found
        return made.reshape(picture.shape)

    def text(self, title: str, comments: Sequence[str] = ()) -> str:
        """The .cube file: red changes fastest, as its specification has it. ``comments``: a line each, for a reader."""
        plain = _plain(title).replace('"', " ")
        told = "".join(f"# {_plain(one)}\n" for one in comments)
        head = f'TITLE "{plain}"\n{told}LUT_3D_SIZE {len(self.table)}\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1\n'
        rows = self.table.transpose(2, 1, 0, 3).reshape(-1, 3)
        return head + "".join(f"{r:.7f} {g:.7f} {b:.7f}\n" for r, g, b in rows)


def _plain(text: str) -> str:
    """On one line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def cube_of(lattice: ColourLattice, size: int = SIZE) -> Cube:
    """``lattice`` at ``size`` nodes along each axis, within 0–1, rising.

    No channel falls where it rises in the picture: a dip of the fit is filled halfway from both sides.
    """
    nodes = np.linspace(0, 1, size, dtype=np.float32)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1)
    table = np.clip(lattice.apply(grid), 0, 1)
    for channel in range(3):
        values = table[..., channel]
        up = np.maximum.accumulate(values, axis=channel)
        down = np.flip(np.minimum.accumulate(np.flip(values, channel), axis=channel), channel)
        table[..., channel] = (up + down) / 2
    return Cube(table)
