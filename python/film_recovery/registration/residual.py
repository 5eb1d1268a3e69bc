"""How far an aligned Reference still lies from the Source: the Quality Control of stage 2, independent of the solver.

Both pictures lie on the Source's grid, encoded. ``tile_shift`` measures each tile, ``field`` joins the tiles to one
model of the pair; the verdict stands on the corners, the border, and on tiles that leave the model. Geometry only:
tone, colour, grain, dust and sharpness are told apart (``photometry``). What cannot be measured never passes.

What leaves is in Nuke's convention: pixels of the Source's format, origin bottom left, y up. A displacement (dx, dy)
says that the Reference lies dx to the right of, and dy above, the Source.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma
from film_recovery.registration import field as fields
from film_recovery.registration.photometry import Photometry, mixes, photometry
from film_recovery.registration.quality import measured, measured_without_spots, tile_corners, tile_side
from film_recovery.registration.tile_shift import Shifts

Array = NDArray[Any]

LIGHT = 2.2  # encoded values to about this power are light
PASS, WARN, FAIL, CANNOT_TELL = "pass", "warn", "fail", "cannot tell"
STATES = ("measured", "one direction", "no texture", "repeating pattern", "no data")
SIDES = ("left", "right", "bottom", "top")


@dataclass(frozen=True)
class Tolerance:
    """Pixels of the Source, and shares. Checks may give others; these hold for benchmarks/bench_alignment_qc.py.

    ``good``: largest displacement that passes. ``bad``: beyond it the pair fails; a pass also needs three standard
    deviations of room below it. ``measurable``: least share of tiles that must be measured. ``strays``: largest share
    of measured tiles that may lie off by more than ``good`` where the model does not.
    """

    good: float = 0.25
    bad: float = 0.5
    measurable: float = 0.3
    strays: float = 0.04


@dataclass(frozen=True)
class Tile:
    """``x``, ``y``: its centre. ``state``: one of STATES. ``dx``, ``dy``, ``uncertainty`` (one standard deviation of
    the worst measured direction): pixels; None where nothing was measured. In *one direction*, (dx, dy) is the part
    of the displacement along ``direction`` (degrees, from x towards y up), the only part that the texture shows.
    ``confidence``: correlation of the two tiles, 0–1.
    """

    column: int
    row: int
    x: float
    y: float
    state: str
    dx: float | None
    dy: float | None
    uncertainty: float | None
    direction: float | None
    confidence: float


@dataclass(frozen=True)
class Place:
    """A displacement, pixels. ``size``: its length. ``uncertainty``: one standard deviation, of the worst direction;
    ``along``: of its own direction. ``tiles``: how many measured it.
    """

    name: str
    dx: float
    dy: float
    size: float
    uncertainty: float
    along: float
    tiles: int


@dataclass(frozen=True)
class Residual:
    """All about one pair. ``side``: of a tile, pixels; ``columns`` × ``rows`` of them, the top row first.

    ``measurable``: share of the tiles with data that were measured. ``centre``, ``corners``, ``borders``: by the model
    of the pair, the borders by their own tiles. ``residual``: largest of the corners, pixels, with ``uncertainty``.
    ``scale`` (factor − 1), ``rotation`` (degrees, counter-clockwise), ``stretch`` (factor − 1 of width over height),
    ``skew`` (degrees): of the Reference against the Source. ``strays``: share of measured tiles whose neighbourhood
    is off by more than the tolerance; ``largest_stray``: pixels. ``reasons``: sentences behind the ``verdict``, what
    follows ± in them is one standard deviation.
    """

    width: int
    height: int
    side: int
    columns: int
    rows: int
    tiles: tuple[Tile, ...]
    measurable: float
    centre: Place | None
    corners: tuple[Place, ...]
    borders: tuple[Place, ...]
    residual: float | None
    uncertainty: float | None
    scale: float | None
    rotation: float | None
    stretch: float | None
    skew: float | None
    strays: float
    largest_stray: float
    photometry: Photometry
    verdict: str
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def residual(
    source: Array,
    reference: Array,
    counts: Array | None = None,
    tolerance: Tolerance | None = None,
) -> Residual:
    """What is left between ``source`` and the aligned ``reference``.

    Both H×W×3, encoded, 0–1 (values beyond are limited), top row first, on the Source's grid. ``counts``: H×W bool,
    where both show the scene (the Reference has data, inside the live area); None: everywhere. Raises
    FilmRecoveryError for pictures of unlike shape, values that are not finite, places that count smaller than one tile.
    """
    counts = _checked(source, reference, counts)
    tolerance = tolerance or Tolerance()
    height, width = source.shape[:2]
    source, reference = (
        np.clip(np.where(counts[..., None], picture, 0), 0, 1).astype(np.float32)
        for picture in (source, reference)
    )
    side = tile_side(width)
    mixed = mixes(source, reference, counts, side / 8)
    facts = photometry(source, reference, counts, (luma(source), luma(reference)), mixed)
    first, second = (mix.astype(np.float32) for mix in mixed[:2])
    views = [(source @ first, reference @ second), (source**LIGHT @ first, reference**LIGHT @ second)]
    corners = tile_corners(counts, side)
    shifts, field = measured(views, counts, side, corners.reshape(-1, 2))
    if (shifts.state < 2).sum() >= 4:
        field = measured_without_spots(source, reference, counts, corners.reshape(-1, 2), field)
    told = _Told(width, height, side, corners.shape[1], corners.shape[0], shifts, field, tolerance)
    return told.residual(facts)


def _checked(source: Array, reference: Array, counts: Array | None) -> Array:
    if source.shape != reference.shape or source.ndim != 3 or source.shape[2] != 3:
        raise FilmRecoveryError(
            f"The Source has shape {source.shape}, the aligned Reference {reference.shape}.",
            remedy="give both as RGB on the Source's own pixel grid",
        )
    if counts is None:
        counts = np.ones(source.shape[:2], bool)
    if counts.shape != source.shape[:2]:
        raise FilmRecoveryError(
            f"The mask has shape {counts.shape}, the picture {source.shape[:2]}.",
            remedy="make the mask as large as the Source",
        )
    counts = counts.astype(bool)
    if not len(tile_corners(counts, tile_side(source.shape[1]))):
        raise FilmRecoveryError(
            "The places that count are smaller than one tile: there is nothing to measure.",
            remedy="check the mask, and that the aligned Reference lies on the Source at all",
        )
    for name, picture in (("Source", source), ("aligned Reference", reference)):
        if not np.isfinite(picture[counts]).all():
            raise FilmRecoveryError(
                f"The {name} holds values that are not finite where it is measured.", remedy="export it again"
            )
    return counts


@dataclass(frozen=True, eq=False)
class _Told:
    """What was measured, in array convention, on its way to a Residual."""

    width: int
    height: int
    side: int
    columns: int
    rows: int
    shifts: Shifts
    field: fields.Field
    tolerance: Tolerance

    def residual(self, facts: Photometry) -> Residual:
        state = self.shifts.state
        share = float((state < 2).sum() / max(1, (state < 4).sum()))
        known = bool((state < 2).sum() >= 4)
        centre, corners = self._model() if known else (None, ())
        borders = self._borders()
        strays, largest = self._strays()
        worst = max(corners, key=lambda corner: corner.size) if corners else None
        uncertainty = max((corner.uncertainty for corner in corners), default=None)
        verdict, reasons = self._verdict(share, corners, borders, strays, largest)
        shape = self._shape() if known else (None,) * 4
        return Residual(
            *(self.width, self.height, self.side, self.columns, self.rows),
            tiles=self._tiles(),
            measurable=share,
            centre=centre,
            corners=corners,
            borders=borders,
            residual=worst.size if worst else None,
            uncertainty=uncertainty,
            scale=shape[0],
            rotation=shape[1],
            stretch=shape[2],
            skew=shape[3],
            strays=strays,
            largest_stray=largest,
            photometry=facts,
            verdict=verdict,
            reasons=reasons,
        )

    def _model(self) -> tuple[Place, tuple[Place, ...]]:
        width, height = self.width, self.height
        points = np.array([(width / 2, height / 2), (0, height), (width, height), (width, 0), (0, 0)], float)
        names = ("centre", "lower left", "lower right", "upper right", "upper left")
        count = int(self.field.follows.sum())
        moved, spread = self.field.at(points), self.field.uncertainty(points)
        places = [_place(name, at, own, count) for name, at, own in zip(names, moved, spread, strict=True)]
        return places[0], tuple(places[1:])

    def _shape(self) -> tuple[float, float, float, float]:
        """Scale, rotation, stretch, skew of the Reference against the Source."""
        xx, xy, yx, yy = (float(value) / self.field.reach for value in self.field.values[2:])
        turned = float(np.degrees((xy - yx) / 2))  # array rows run down, so counter-clockwise is from y to x
        return (xx + yy) / 2, turned, xx - yy, float(np.degrees(xy + yx))

    def _borders(self) -> tuple[Place, ...]:
        """Displacement along each side of what counts, by the outermost tiles alone."""
        shifts = self.shifts
        number = np.arange(len(shifts.state))
        column, row = number % self.columns, number // self.columns
        outer = (column == 0, column == self.columns - 1, row == self.rows - 1, row == 0)
        places = []
        for name, belongs in zip(SIDES, outer, strict=True):
            good = belongs & (shifts.state < 2)
            if good.sum() >= 2:
                middle, spread = fields.mean(shifts.shift[good], self._information()[good])
                places.append(_place(name, middle, spread, int(good.sum())))
        return tuple(places)

    def _information(self) -> Array:
        """Of the tiles, less what they scatter about the model beyond their own uncertainty."""
        shifts = self.shifts
        good = shifts.state < 2
        off = shifts.shift - self.field.at(shifts.centre)
        distance = fields.distances(off[good], shifts.information[good])
        scatter = max(1.0, float(np.median(distance)) / 1.18) if good.any() else 1.0
        return np.asarray(shifts.information / scatter**2)

    def _strays(self) -> tuple[float, float]:
        """Share of measured tiles whose 3 × 3 neighbourhood is off by more than ``good``, surely; the largest, px."""
        shifts = self.shifts
        good = shifts.state < 2
        shape = (self.rows, self.columns)
        off, large = 0, 0.0
        information = self._information()
        index = np.arange(len(good)).reshape(shape)
        for at in np.flatnonzero(good):
            row, column = divmod(int(at), self.columns)
            near = index[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].ravel()
            near = near[good[near]]
            if len(near) < _NEIGHBOURS:
                continue
            place = _place("", *fields.mean(shifts.shift[near], information[near]), len(near))
            if place.size > self.tolerance.good and place.size > _SURE * place.along:
                off += 1
                large = max(large, place.size)
        return off / max(1, int(good.sum())), large

    def _tiles(self) -> tuple[Tile, ...]:
        shifts = self.shifts
        values, vectors = np.linalg.eigh(shifts.information)
        found = []
        for index, state in enumerate(shifts.state):
            x, y = shifts.centre[index]
            dx = dy = uncertainty = direction = None
            if state < 2:
                dx, dy = float(shifts.shift[index, 0]), -float(shifts.shift[index, 1])
                uncertainty = float(1 / np.sqrt(values[index, 0 if state == 0 else 1]))
            if state == 1:
                across, down = vectors[index][:, 1]
                direction = float(np.degrees(np.arctan2(-down, across)) % 180)
            found.append(
                Tile(
                    column=index % self.columns,
                    row=index // self.columns,
                    x=float(x),
                    y=float(self.height - y),
                    state=STATES[state],
                    dx=dx,
                    dy=dy,
                    uncertainty=uncertainty,
                    direction=direction,
                    confidence=float(shifts.coherent[index]),
                )
            )
        return tuple(found)

    def _verdict(
        self,
        share: float,
        corners: tuple[Place, ...],
        borders: tuple[Place, ...],
        strays: float,
        largest: float,
    ) -> tuple[str, tuple[str, ...]]:
        good, bad = self.tolerance.good, self.tolerance.bad
        doubts, warnings, failures = [], [], []
        follows = int(self.field.follows.sum())
        if share < self.tolerance.measurable:
            doubts.append(
                f"Only {share:.0%} of the tiles have texture that both pictures share; "
                f"{self.tolerance.measurable:.0%} are needed."
            )
        elif follows < _AGREED * (self.shifts.state < 2).sum():
            doubts.append("The tiles do not agree on how the pictures lie to one another.")
        for place in corners:
            where = f"the {place.name} corner"
            if place.size > bad and place.size > _TOLD * place.along:
                failures.append(f"{where} is off by {place.size:.2f} ± {place.along:.2f} px")
            elif place.size > good and place.size > _TOLD * place.along:
                warnings.append(f"{where} is off by {place.size:.2f} ± {place.along:.2f} px")
            elif place.size > good or place.size + 3 * place.uncertainty > bad:
                doubts.append(
                    f"At {where} the displacement is measured to ±{place.uncertainty:.2f} px only, "
                    f"too coarse for a tolerance of {bad:g} px."
                )
        for place in borders:
            if place.size > good and place.size > _SURE * place.along:
                (failures if place.size > bad else warnings).append(
                    f"the {place.name} border is off by {place.size:.2f} px"
                )
        if strays > self.tolerance.strays:
            said = f"{strays:.0%} of the tiles are off by up to {largest:.2f} px"
            (failures if largest > bad else warnings).append(said)
        if share < self.tolerance.measurable:
            return CANNOT_TELL, tuple(doubts[:1])
        if failures:
            return FAIL, _sentence(failures + warnings)
        if warnings:
            return WARN, _sentence(warnings)
        if doubts or not corners:
            return CANNOT_TELL, tuple(doubts[:2])
        worst = max(place.size for place in corners)
        known = max(place.uncertainty for place in corners)
        return PASS, (f"No corner is off by more than {worst:.2f} px, measured to ±{known:.2f} px.",)


_NEIGHBOURS = 4  # measured tiles for a neighbourhood to be judged
_SURE = 5.0  # standard deviations: of some hundred neighbourhoods none strays by chance
_TOLD = 3.0  # standard deviations: a displacement that is smaller was not shown
_AGREED = 0.5  # share of the measured tiles that must follow the model of the pair


def _place(name: str, moved: Array, spread: Array, tiles: int) -> Place:
    """``moved`` (2,) and ``spread`` (2, 2) in array convention."""
    size = float(np.hypot(*moved))
    unit = moved / size if size > 1e-9 else np.array([1.0, 0.0])
    return Place(
        name=name,
        dx=float(moved[0]),
        dy=-float(moved[1]),
        size=size,
        uncertainty=float(np.sqrt(np.linalg.eigvalsh(spread)[-1])),
        along=float(np.sqrt(max(float(unit @ spread @ unit), 0.0))),
        tiles=tiles,
    )


def _sentence(parts: list[str]) -> tuple[str, ...]:
    return tuple(part[0].upper() + part[1:] + "." for part in parts)
