"""Stage 1 as a page shows it: the film, its shots, the pairs with their reasons, what is excluded, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from film_recovery.panel.contents import record
from film_recovery.project import FILE, PairOf, Project, load, paths
from film_recovery.project.moments import offset_at

PAIR, HOLD_OUT = "pair", "hold-out"
CURATION = "curation.json"
SHEET = "contact_sheet.png"
_NO_REASONS: Mapping[int, str] = MappingProxyType({})
_NO_SHARES: Mapping[str, float] = MappingProxyType({})
_PRESENT = 0.01  # share of a frame from which a family is there, as curation has it


@dataclass(frozen=True)
class Chosen:
    """A pair or hold-out. ``index``: from 1, of its kind. ``shares``: family → 0–1, where curation looked."""

    index: int
    kind: str
    pair: PairOf
    shares: Mapping[str, float] = field(default_factory=lambda: _NO_SHARES)


@dataclass(frozen=True)
class Family:
    """Something that the film shows. ``most``: the largest share of any frame; ``missing``: no pair shows it."""

    name: str
    title: str
    most: float
    missing: bool
    frame: int = 0


@dataclass(frozen=True)
class Curation:
    """``excluded``: Source frame → why. ``shots``: first and last frames. ``sheet``: the contact sheet, or None."""

    project: Project
    chosen: tuple[Chosen, ...]
    excluded: Mapping[int, str]
    shots: tuple[tuple[int, int], ...]
    families: tuple[Family, ...]
    sheet: Path | None
    verdict: str

    def kind_of(self, frame: int) -> str:
        """``pair``, ``hold-out`` or nothing."""
        return next((one.kind for one in self.chosen if one.pair.source == frame), "")

    def of_kind(self, kind: str) -> tuple[Chosen, ...]:
        return tuple(one for one in self.chosen if one.kind == kind)

    def reference_of(self, frame: int) -> int:
        """The Reference's frame of the same moment: the pair's own, else by the offset of the nearest pair."""
        return frame + offset_at([one.pair for one in self.chosen], frame)


def files(folder: Path) -> tuple[Path, ...]:
    """What the page depends on. Raises FilmRecoveryError where the project cannot be read."""
    place = paths(load(folder)).curation
    return folder / FILE, place / CURATION, place / SHEET


def read(folder: Path) -> Curation:
    """The page. Raises FilmRecoveryError for a project or a record that cannot be read."""
    project = load(folder)
    place = paths(project).curation
    found = record(place / CURATION)
    shares = {one["frame"]: one["shares"] for one in found.get("coverage", ())}
    chosen = tuple(
        Chosen(index, kind, pair, shares.get(pair.source, _NO_SHARES))
        for kind, pairs in ((PAIR, project.pairs), (HOLD_OUT, project.hold_out))
        for index, pair in enumerate(pairs, 1)
    )
    excluded = {int(one["frame"]): str(one["reason"]) for one in found.get("excluded", ())}
    shots = tuple((int(first), int(last)) for first, last in found.get("shots", ()))
    sheet = place / SHEET
    verdict = found.get("verdict") or {}
    return Curation(
        project,
        chosen,
        excluded or _NO_REASONS,
        shots,
        _families(shares, chosen, found.get("missing", ())),
        sheet if sheet.is_file() else None,
        str(verdict.get("reason", "")),
    )


def _families(
    shares: Mapping[int, Mapping[str, float]], chosen: tuple[Chosen, ...], missing: Any
) -> tuple[Family, ...]:
    """Those that some frame shows, in curation's order."""
    lacking = {str(one["family"]): one for one in missing}
    names: dict[str, float] = {}
    for each in shares.values():
        for name, share in each.items():
            names[name] = max(names.get(name, 0.0), float(share))
    return tuple(
        Family(
            name,
            str(lacking[name]["title"])
            if name in lacking
            else name.replace("_like", "-like").replace("_", " "),
            most,
            name in lacking,
            int(lacking[name]["frame"]) if name in lacking else 0,
        )
        for name, most in names.items()
        if most >= _PRESENT
    )
