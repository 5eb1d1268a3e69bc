"""What a homography leaves: the residual warp of lens and shrinkage, measured as a smooth coarse grid.

The tiles of ``refine`` say, each for itself, where the aligned Reference would have to be looked up; a grid of few
nodes is fitted to all of them and held smooth, so that grain and flat places do not bend it. Measured for each pair;
used, as an STMap, only when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration.geometry import Grid, Points, inverse
from film_recovery.registration.pair import Pair, matched_and_even
from film_recovery.registration.refine import Bands, Tiles, measured_tiles, tile_weights
from film_recovery.registration.solve import Solution

ROWS, COLUMNS = 7, 9  # nodes: a lens and shrinkage bend over a third of a frame, not over a face
_BEND = (
    0.25  # pixels of a 2K frame by which a node lies off the line of its neighbours, as a rule: a weak lens
)
_ROUNDS = 4

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """``nodes``: rows × columns × 2, Source pixels, right and **down**, over the corners and evenly between.

    At a pixel p of the Source the Reference, aligned by the homography, has to be looked up at p + nodes(p).
    ``rms`` and ``largest``: its length over the pixels in common, in Source pixels. ``sigma``: expected error of a
    node (median), one standard deviation; a warp below twice that is not told from none.
    """

    nodes: Values
    source: Grid
    rms: float
    largest: float
    sigma: float

    @property
    def measurable(self) -> bool:
        return self.rms > 2 * self.sigma

    def at(self, points: Points) -> Points:
        """Displacement at ``points`` (N×2, array convention), in Source pixels."""
        weights = _weights(points, self.source, self.nodes.shape[0], self.nodes.shape[1])
        return np.asarray(weights @ self.nodes.reshape(-1, 2))

    def field(self) -> NDArray[np.float32]:
        """H×W×2 of the Source's format: the displacement of each pixel's centre, right and down."""
        rows, columns = self.nodes.shape[:2]
        down = _line(self.source.height, rows)
        across = _line(self.source.width, columns)
        made = np.einsum("yr,rcn,xc->yxn", down, self.nodes, across, optimize=True)
        return np.asarray(made, np.float32)

    def as_dict(self) -> dict[str, Any]:
        return {
            "rms": round(self.rms, 4),
            "largest": round(self.largest, 4),
            "sigma": round(self.sigma, 4),
            "measurable": self.measurable,
        }


def measured_mesh(
    reference: NDArray[Any],
    source: NDArray[Any],
    solution: Solution,
    *,
    reference_mask: NDArray[Any] | None = None,
    source_mask: NDArray[Any] | None = None,
) -> Mesh:
    """What ``solution`` leaves between the pictures it was solved on. Errors: none solved, other formats."""
    if not solution.solved:
        raise FilmRecoveryError(
            f"There is no homography to measure from: {solution.reason}", remedy="align this frame by hand"
        )
    pair = Pair.of(reference, source, reference_mask, source_mask)
    if (pair.source_y.shape[1], pair.source_y.shape[0]) != (solution.source.width, solution.source.height):
        raise FilmRecoveryError(
            "The solution is of another format than the Source.", remedy="solve the pair again"
        )
    bands = matched_and_even(pair, solution.matrix)
    here, grid = bands.here(solution.matrix), bands.grid
    nodes = np.zeros((ROWS, COLUMNS, 2))
    spread, tiles = np.inf, None
    for _ in range(_ROUNDS):
        measured = measured_tiles(_looked_up(bands, here, nodes), np.eye(3))
        if measured is None:
            raise FilmRecoveryError(
                "Too little of the two pictures is in common.", remedy="solve the pair again"
            )
        tiles = measured
        step, spread = _fitted(tiles, grid, nodes)
        nodes = nodes + step
        if float(np.abs(step).max()) < 0.005:
            break
    back = solution.source.width / grid.width
    x, y = tiles.centres(grid) if tiles is not None else (np.zeros(0), np.zeros(0))
    there = (tiles.common > 0.5).ravel() if tiles is not None else np.zeros(0, bool)
    places = np.column_stack([x.ravel(), y.ravel()])[there]
    length = np.linalg.norm(_weights(places, grid, ROWS, COLUMNS) @ nodes.reshape(-1, 2), axis=1) * back
    return Mesh(
        nodes * back, solution.source, float(np.sqrt(np.mean(length**2))), float(length.max()), spread * back
    )


def st_map(mesh: Mesh) -> NDArray[np.float32]:
    """H×W×2 of the Source's format, top row first: where Nuke's STMap looks up the aligned Reference.

    Red is x over the width, green y over the height, from the **lower** left corner; the centre of the first pixel is
    at 0.5 over the width, so that a mesh of nothing gives every pixel itself.
    """
    width, height = mesh.source.width, mesh.source.height
    field = mesh.field()
    made = np.empty((height, width, 2), np.float32)
    made[..., 0] = (np.arange(width, dtype=np.float32)[None, :] + 0.5 + field[..., 0]) / width
    made[..., 1] = 1 - (np.arange(height, dtype=np.float32)[:, None] + 0.5 + field[..., 1]) / height
    return made


def straight(source: Grid) -> Mesh:
    """The mesh of nothing, for frames of which no warp is known: every pixel stays where it is."""
    return Mesh(np.zeros((ROWS, COLUMNS, 2)), source, 0.0, 0.0, 0.0)


def _looked_up(bands: Bands, matrix: Values, nodes: Values) -> Bands:
    """The bands with the Reference's on the Source's grid, by ``matrix`` and ``nodes``, in one sampling."""
    grid = bands.grid
    field = np.einsum(
        "yr,rcn,xc->yxn", _line(grid.height, ROWS), nodes, _line(grid.width, COLUMNS), optimize=True
    )
    x, y = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x, y = x + field[..., 0], y + field[..., 1]
    back = inverse(matrix)
    w = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    u = ((back[0, 0] * x + back[0, 1] * y + back[0, 2]) / w - 0.5).astype(np.float32)
    v = ((back[1, 0] * x + back[1, 1] * y + back[1, 2]) / w - 0.5).astype(np.float32)
    content = cv2.remap(bands.reference, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    kept = cv2.remap(
        bands.reference_mask.astype(np.float32), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return Bands(
        np.asarray(content, np.float32),
        np.asarray(kept > 0.999, np.bool_),
        bands.source,
        bands.source_mask,
        bands.source_scale,
        bands.source_scale,
    )


# --- The grid ---------------------------------------------------------------------------------------------


def _line(pixels: int, nodes: int) -> Values:
    """pixels × nodes: what each node gives to the centre of each pixel."""
    return _hats((np.arange(pixels) + 0.5) / pixels * (nodes - 1), nodes)


def _hats(place: Values, nodes: int) -> Values:
    """Cubic through the nodes (Keys, −0.5); beyond the outermost the line through the last two goes on."""
    whole = np.clip(np.floor(place).astype(int), 0, nodes - 2)
    t = place - whole
    cubic = np.stack(
        [
            -0.5 * t + t * t - 0.5 * t**3,
            1 - 2.5 * t * t + 1.5 * t**3,
            0.5 * t + 2 * t * t - 1.5 * t**3,
            -0.5 * t * t + 0.5 * t**3,
        ],
        axis=1,
    )
    made = np.zeros((len(place), nodes + 2))
    for n in range(4):
        made[np.arange(len(place)), whole + n] += cubic[:, n]
    made[:, 1] += 2 * made[:, 0]
    made[:, 2] -= made[:, 0]
    made[:, nodes] += 2 * made[:, nodes + 1]
    made[:, nodes - 1] -= made[:, nodes + 1]
    return made[:, 1:-1]


def _weights(points: Points, grid: Grid, rows: int, columns: int) -> Values:
    """N × (rows · columns)."""
    across = _hats(points[:, 0] / grid.width * (columns - 1), columns)
    down = _hats(points[:, 1] / grid.height * (rows - 1), rows)
    return np.asarray(np.einsum("nr,nc->nrc", down, across).reshape(len(points), -1))


def _bending(rows: int, columns: int) -> Values:
    """Second differences along rows, along columns, and across both: what the nodes should not have."""
    index = np.arange(rows * columns).reshape(rows, columns)
    lines = []
    for a, b, c in [
        *zip(index[:, :-2].ravel(), index[:, 1:-1].ravel(), index[:, 2:].ravel(), strict=True),
        *zip(index[:-2].ravel(), index[1:-1].ravel(), index[2:].ravel(), strict=True),
    ]:
        line = np.zeros(rows * columns)
        line[[a, b, c]] = 1, -2, 1
        lines.append(line)
    for a, b, c, d in zip(
        *(part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:])),
        strict=True,
    ):
        line = np.zeros(rows * columns)
        line[[a, b, c, d]] = 1, -1, -1, 1
        lines.append(line)
    return np.array(lines)


def _fitted(tiles: Tiles, grid: Grid, nodes: Values) -> tuple[Values, float]:
    """What to add to ``nodes``, and the expected error of one (median), in the level's pixels."""
    firm = (tiles.xx + tiles.yy).ravel() > 0
    x, y = tiles.centres(grid)
    told = _weights(np.column_stack([x.ravel()[firm], y.ravel()[firm]]), grid, ROWS, COLUMNS)
    xx, xy, yy, bx, by = (part.ravel()[firm] for part in (tiles.xx, tiles.xy, tiles.yy, tiles.bx, tiles.by))
    count = ROWS * COLUMNS
    bend = _bending(ROWS, COLUMNS)
    stiff = bend.T @ bend / (_BEND * grid.width / 2048) ** 2
    still = stiff @ nodes.reshape(-1, 2)
    step = np.zeros((count, 2))
    normal = np.eye(2 * count)
    for _ in range(4):
        shift = told @ step
        kept, unit_chi = tile_weights(
            xx, xy, yy, bx - xx * shift[:, 0] - xy * shift[:, 1], by - xy * shift[:, 0] - yy * shift[:, 1]
        )
        kept = kept / unit_chi
        normal = np.block(
            [
                [told.T @ (told * (kept * xx)[:, None]) + stiff, told.T @ (told * (kept * xy)[:, None])],
                [told.T @ (told * (kept * xy)[:, None]), told.T @ (told * (kept * yy)[:, None]) + stiff],
            ]
        )
        normal[np.diag_indices(2 * count)] += 1e-6 * np.trace(normal) / (2 * count)
        wanted = np.concatenate([told.T @ (kept * bx) - still[:, 0], told.T @ (kept * by) - still[:, 1]])
        step = np.linalg.solve(normal, wanted).reshape(2, count).T
    sigma = float(np.median(np.sqrt(np.diag(np.linalg.inv(normal)))))
    return step.reshape(ROWS, COLUMNS, 2), sigma
