"""What a report holds: plain data, gathered by the stages, laid out by ``report``.

Nothing here is escaped or formatted: every text may be any text. Texts are for a reader; British *colour*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.checks import Check, StageReport
from film_recovery.errors import FilmRecoveryError

if TYPE_CHECKING:
    from film_recovery.delivery.album import Album

Picture = NDArray[np.uint8]

BETTER = ("higher", "lower", "target")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Signature:
    """Who signed a manual check, when and with what note; ``time`` as the ledger writes it."""

    check: str
    by: str
    time: str
    note: str = ""


@dataclass(frozen=True)
class FigureRow:
    """One measure for every contender: ``values`` maps a column (“Source”, “Unsharp mask” …) to its value.

    ``unit``: “dB”, “ΔE00”, “” for none. ``domain``: on what it is measured (“luma, sRGB-encoded 0–1, live area”).
    ``better``: ``higher``, ``lower``, or ``target``: the closer to ``target`` the better. None: not measured; leave
    the Source out where its value says nothing (it is identical to itself).
    """

    name: str
    unit: str
    domain: str
    better: str
    values: Mapping[str, float | None]
    target: float | None = None

    def __post_init__(self) -> None:
        if self.better not in BETTER or (self.better == "target") != (self.target is not None):
            raise FilmRecoveryError(
                f"The figure “{self.name}” does not say what is better: “{self.better}”, target {self.target}.",
                remedy="use higher or lower; or target, with the value to be close to",
            )

    def distance(self, column: str) -> float | None:
        """How far ``column`` is from the best there could be: smaller is better. None where not measured."""
        value = self.values.get(column)
        if value is None or np.isnan(value):
            return None
        if self.target is not None:
            return abs(value - self.target)
        return -value if self.better == "higher" else value


@dataclass(frozen=True, eq=False)
class Still:
    """One frame to look at: sRGB-encoded uint8, H×W×3, top row first, all of one size.

    ``reference``: the aligned Reference, or the truth where there is one (say so in ``reference_name``), or None.
    ``figures``: measured on this frame, name with unit → value. ``scopes``: drawn pictures of it, by name, of any size.
    """

    frame: int
    source: Picture
    recovered: Picture
    reference: Picture | None
    caption: str = ""
    figures: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    reference_name: str = "Reference"
    scopes: Mapping[str, Picture] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        for name, picture in self.pictures.items():
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
                raise FilmRecoveryError(
                    f"The still “{name}” is {picture.dtype} of shape {picture.shape}, not uint8 H×W×3.",
                    remedy="encode it to sRGB and give RGB without alpha",
                    frame=self.frame,
                )
        if len({picture.shape for picture in self.pictures.values()}) > 1:
            sizes = ", ".join(f"{name} {p.shape[1]}×{p.shape[0]}" for name, p in self.pictures.items())
            raise FilmRecoveryError(
                f"The pictures of a still differ in size: {sizes}.",
                remedy="crop all of them to the live area, after the alignment",
                frame=self.frame,
            )

    @property
    def pictures(self) -> dict[str, Picture]:
        """Name → picture, in the order of display."""
        shown = {"Source": self.source, "Recovered": self.recovered}
        return shown if self.reference is None else {**shown, self.reference_name: self.reference}


@dataclass(frozen=True)
class Curve:
    """Values over training steps. ``target``: drawn as a dashed line (1.0 for saturation)."""

    name: str
    unit: str
    points: tuple[tuple[float, float], ...]
    target: float | None = None


@dataclass(frozen=True)
class Chart:
    """Measures over the frames of a range, or over another ``across``: lines by name, each its points (x, y).

    A line is broken where frames are missing. ``marks``: single points by name, such as those of held-out frames.
    ``limits``: what is drawn as a dashed line, by its name. ``domain``: on what it is measured.
    """

    name: str
    unit: str
    lines: Mapping[str, tuple[tuple[float, float], ...]]
    marks: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=lambda: _NOTHING)
    limits: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    across: str = "frame"
    domain: str = ""


@dataclass(frozen=True, eq=False)
class Outlier:
    """A frame that is unlike the others. ``figure`` and ``usual``: of what ``kind`` measures, there and around it.

    ``score``: how far beyond, larger is worse. ``where``: a place in the picture, in words. ``picture``: uint8 RGB.
    """

    frame: int
    kind: str
    figure: float
    usual: float
    score: float
    where: str = ""
    picture: Picture | None = None


@dataclass(frozen=True)
class Pair:
    """A pair as it is shown: ``set`` is pair or hold-out, frames by their numbers."""

    set: str
    source: int
    reference: int
    shot: str = ""
    reason: str = ""
    flags: str = ""


@dataclass(frozen=True, eq=False)
class ReportData:
    """Everything in a report. ``recipe``: its id. ``checks``: their titles and reasons, from the recipe.

    ``recovered_column``: the column of ``figures`` that was delivered; empty: the last one. ``contenders``: column
    → what it is and where it comes from. ``held_out``: the frames that the figures are measured over.
    ``stills``: as they are, or an ``Album`` that took them in one by one. ``stills_left_out``: how many of the held-out
    frames are measured, but not among them. ``elements``:
    name → what is known of it. ``made``: what else made the results (model engine, host application). ``steps``:
    other steps of the recovery → their report, as a link. ``date``: empty for none; the report adds none of its
    own. ``charts``: measures over the range; ``without_truth``: those that frames without a Ground Truth lack.
    ``own_training``: whether the model is one that the project recorded the training of. ``outliers``: worst first;
    None: not looked for. ``outliers_unjudged``: how many frames were not judged by what, a sentence.
    ``provenance``: what stands in the masters' headers, key → value.
    """

    film: str
    reel: str
    shot: str
    recipe: str
    title: str
    reports: tuple[StageReport, ...] = ()
    checks: tuple[Check, ...] = ()
    signatures: tuple[Signature, ...] = ()
    figures: tuple[FigureRow, ...] = ()
    source_column: str = "Source"
    recovered_column: str = ""
    contenders: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    held_out: tuple[int, ...] = ()
    stills: tuple[Still, ...] | Album = ()
    stills_left_out: int = 0
    curves: tuple[Curve, ...] = ()
    charts: tuple[Chart, ...] = ()
    without_truth: tuple[str, ...] = ()
    outliers: tuple[Outlier, ...] | None = None
    outliers_left_out: int = 0
    outliers_unjudged: str = ""
    pairs: tuple[Pair, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    elements: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    settings: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    hashes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    made: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    own_training: bool = False
    steps: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    reasoning: str = ""
    notes: str = ""
    date: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The contenders of the figures, in order of first mention."""
        return tuple(dict.fromkeys(column for row in self.figures for column in row.values))

    @property
    def delivered(self) -> str:
        """The column that was delivered; empty where there are no figures."""
        return self.recovered_column or (self.columns[-1] if self.columns else "")

    def title_of(self, check: str) -> str:
        """A check in words: its title in the recipe, or its id."""
        return next((known.title for known in self.checks if known.id == check), check)
