"""Can these pairs be learnt from? Judges what ``survey`` found, before anybody waits for a training.

The checks and their tolerances stand in ``preflight.yaml``; each has one function here. Nothing is changed: what is
found is named, with its remedy.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery._yaml import yaml
from film_recovery.checks import Check, Outcome, StageReport, judged
from film_recovery.datasets.folder import PicturePairs
from film_recovery.datasets.pictures import UPRIGHT
from film_recovery.datasets.survey import STYLE, Progress, Side, Surveyed, survey
from film_recovery.imaging.frame import ALPHA

FILE = Path(__file__).with_name("preflight.yaml")
STAGE = 1  # curation
# The least that the usual scatter of an edit is taken for, in the units of Colours.style: a set edited by one preset
# has almost none, and then the smallest difference would stand out.
_LEAST_SCATTER = (1.0, 0.7, 0.7, 0.04, 0.05)
_NAMED = 5  # pairs that a reason lists

Found = Sequence[Surveyed]
Judge = Callable[[Check, Found], Outcome]
_JUDGES: dict[str, Judge] = {}


@dataclass(frozen=True)
class Preflight(StageReport):
    """``outcomes``: in the order of ``preflight.yaml``. ``pairs``: what was looked at."""

    pairs: tuple[Surveyed, ...]


def preflight(pairs: PicturePairs, progress: Progress | None = None) -> Preflight:
    """Reads every file of ``pairs`` once and judges them all."""
    found = survey(pairs, progress)
    return judged_all(found)


def judged_all(found: Found) -> Preflight:
    """The preflight of pairs that were surveyed."""
    return Preflight(STAGE, tuple(_outcomes(found)), tuple(found))


def _outcomes(found: Found) -> list[Outcome]:
    """The outcome of every check on pairs that were surveyed."""
    return [_JUDGES[check.id](check, found) for check in checks()]


@cache
def checks() -> tuple[Check, ...]:
    """The checks of ``preflight.yaml``."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(
        Check(
            id,
            STAGE,
            fields["title"],
            " ".join(fields["why"].split()),
            fields["severity"],
            tuple(fields["remedy"]),
            fields.get("tolerance", {}),
        )
        for id, fields in content.items()
    )


def _judges(id: str) -> Callable[[Judge], Judge]:
    def register(function: Judge) -> Judge:
        _JUDGES[id] = function
        return function

    return register


@_judges("pairs.readable")
def _readable(check: Check, found: Found) -> Outcome:
    bad = [pair for pair in found if pair.kind == "unreadable"]
    why = "; ".join(f"{pair.label}: {pair.problem}" for pair in bad[:_NAMED])
    return _counted(check, found, bad, "can be read", f"cannot be used: {why}")


@_judges("pairs.size")
def _size(check: Check, found: Found) -> Outcome:
    bad = [pair for pair in found if pair.kind == "size"]
    why = "; ".join(f"{pair.label}: {pair.problem}" for pair in bad[:_NAMED])
    return _counted(check, found, bad, "have sides of one size", f"have sides of different size: {why}")


@_judges("pairs.domain")
def _domain(check: Check, found: Found) -> Outcome:
    linear = [side.file.name for side in _sides(found) if side.linear]
    encoded = [side.file.name for side in _sides(found) if not side.linear]
    value = {"scene-linear": len(linear), "encoded": len(encoded)}
    if linear and encoded:
        few = min((linear, encoded), key=len)
        reason = (
            f"{len(linear)} files are scene-linear (EXR), {len(encoded)} encoded; the fewer are {_list(few)}"
        )
        return judged(check, False, value, reason)
    return judged(check, True, value, f"all values are {'scene-linear' if linear else 'encoded'}")


@_judges("pairs.bit_depth")
def _bit_depth(check: Check, found: Found) -> Outcome:
    counts = [Counter(_depth(side) for side in sides) for sides in _columns(found)]
    value = {"source": dict(counts[0]), "target": dict(counts[1])}
    differ = [pair.label for pair in _read(found) if _depth(pair.source) != _depth(pair.target)]
    words = f"source: {_counts(counts[0])}; target: {_counts(counts[1])}"
    if differ:
        words += f"; the sides differ in {len(differ)} pairs: {_list(differ)}"
    return judged(check, not differ and len(counts[0] | counts[1]) <= 1, value, words)


@_judges("pairs.profile_sides")
def _profile_sides(check: Check, found: Found) -> Outcome:
    differ = [
        pair
        for pair in _read(found)
        if pair.source.profile and pair.target.profile and pair.source.profile != pair.target.profile
    ]
    ways = Counter(f"{pair.source.profile} → {pair.target.profile}" for pair in differ)
    return _counted(
        check,
        found,
        differ,
        "have no two profiles",
        f"have different profiles on their sides ({_counts(ways)})",
    )


@_judges("pairs.profile")
def _profile(check: Check, found: Found) -> Outcome:
    columns = [[side for side in sides if not side.linear] for sides in _columns(found)]
    counts = [Counter(side.profile or "none" for side in sides) for sides in columns]
    value = {"source": dict(counts[0]), "target": dict(counts[1])}
    if not any(columns):
        return judged(check, True, value, "scene-linear files need none")
    lacking = [side.file.name for sides in columns for side in sides if not side.profile]
    words = f"source: {_counts(counts[0])}; target: {_counts(counts[1])}"
    if lacking and len(lacking) < sum(map(len, columns)):
        words += f"; {len(lacking)} files have none: {_list(lacking)}"
    return judged(check, not lacking and len(counts[0] | counts[1]) == 1, value, words)


@_judges("pairs.orientation")
def _orientation(check: Check, found: Found) -> Outcome:
    bad = [pair for pair in _read(found) if pair.source.orientation != pair.target.orientation]
    turned = sum(side.orientation != UPRIGHT for side in _sides(found))
    return _counted(
        check,
        found,
        bad,
        f"have the same orientation on both sides ({turned} files are turned)",
        f"have an EXIF orientation on one side only: {_labels(bad)}",
    )


@_judges("pairs.channels")
def _channels(check: Check, found: Found) -> Outcome:
    grey = [
        side.file.name
        for pair in _usable(found)
        for side, is_grey in zip((pair.source, pair.target), pair.grey, strict=True)
        if is_grey
    ]
    alpha = [side.file.name for side in _sides(found) if ALPHA in side.channels]
    words = []
    if grey:
        words.append(f"{len(grey)} files are grey: {_list(grey)}")
    if alpha:
        words.append(f"{len(alpha)} files have an alpha, which is left out: {_list(alpha)}")
    value = {"grey": len(grey), "alpha": len(alpha)}
    return judged(check, not words, value, "; ".join(words) or "all files are red, green and blue")


@_judges("pairs.alignment")
def _alignment(check: Check, found: Found) -> Outcome:
    moved, unlike = [], []
    for pair in _usable(found):
        assert pair.lies is not None
        if pair.lies.likeness < check.tolerance["likeness"]:
            unlike.append(f"{pair.label} ({pair.lies.likeness:.2f})")
        elif pair.lies.pixels > check.tolerance["pixels"]:
            moved.append(f"{pair.label} ({pair.lies.pixels:.1f} pixels)")
    words = []
    if moved:
        words.append(f"{len(moved)} pairs seem shifted: {_list(moved)}")
    if unlike:
        words.append(
            f"{len(unlike)} pairs seem turned, mirrored or of different pictures (likeness): {_list(unlike)}"
        )
    value = {"shifted": len(moved), "unlike": len(unlike)}
    return judged(check, not words, value, "; ".join(words) or "the sides of all pairs lie on each other")


@_judges("pairs.duplicates")
def _duplicates(check: Check, found: Found) -> Outcome:
    homes: dict[str, set[str]] = defaultdict(set)
    for pair in _read(found):
        for side in (pair.source, pair.target):
            homes[side.sha256].add(f"{pair.label}")
    twice = sorted({tuple(sorted(labels)) for labels in homes.values() if len(labels) > 1})
    words = [" = ".join(labels) for labels in twice]
    reason = (
        f"{len(twice)} groups of pairs share a file: {_list(words)}" if twice else "no file is there twice"
    )
    return judged(check, not twice, len(twice), reason)


@_judges("pairs.change")
def _change(check: Check, found: Found) -> Outcome:
    bad = [pair for pair in _read(found) if pair.source.sha256 == pair.target.sha256]
    return _counted(check, found, bad, "have two files", f"have the same file on both sides: {_labels(bad)}")


@_judges("pairs.saturated_targets")
def _saturated_targets(check: Check, found: Found) -> Outcome:
    shares = [pair.colours.saturated for pair in _usable(found) if pair.colours]
    value = float(np.mean(shares)) if shares else 0.0
    reason = f"{value:.1%} of the targets' pixels are saturated; {check.tolerance['share']:.0%} are wanted"
    return judged(check, value >= check.tolerance["share"], value, reason)


@_judges("pairs.saturation_kept")
def _saturation_kept(check: Check, found: Found) -> Outcome:
    kept = {p.label: p.colours.kept for p in _usable(found) if p.colours and np.isfinite(p.colours.kept)}
    duller = sorted((ratio, label) for label, ratio in kept.items() if ratio < check.tolerance["ratio"])
    share = len(duller) / len(kept) if kept else 0.0
    median = float(np.median(list(kept.values()))) if kept else 1.0
    reason = f"saturation of the target over that of the source is {median:.2f} in the middle"
    if duller:
        named = _list([f"{label} ({ratio:.2f})" for ratio, label in duller])
        reason += f"; {len(duller)} of {len(kept)} pairs are below {check.tolerance['ratio']:g}: {named}"
    return judged(
        check, share <= check.tolerance["share_of_pairs"], {"median": median, "share": share}, reason
    )


@_judges("pairs.editing_style")
def _editing_style(check: Check, found: Found) -> Outcome:
    usable = [(pair.label, pair.colours.style) for pair in _usable(found) if pair.colours]
    if len(usable) < check.tolerance["least_pairs"]:
        return judged(check, True, None, f"{len(usable)} pairs are too few to tell a style from an exception")
    styles = np.array([style for _, style in usable])
    away = np.abs(styles - np.median(styles, axis=0))
    scatter = np.maximum(1.4826 * np.median(away, axis=0), _LEAST_SCATTER)
    deviations = away / scatter
    order = np.argsort(-deviations.max(axis=1), kind="stable")
    outside = [int(index) for index in order if deviations[index].max() > check.tolerance["deviations"]]
    named = [
        f"{usable[index][0]} ({STYLE[int(deviations[index].argmax())]}, {deviations[index].max():.0f})"
        for index in outside
    ]
    value = float(deviations.max())
    if not named:
        return judged(check, True, value, f"the most unusual edit is {value:.1f} deviations from the middle")
    return judged(
        check,
        False,
        value,
        f"{len(named)} pairs are edited unlike the others (in what, deviations): {_list(named)}",
    )


def _read(found: Found) -> list[Surveyed]:
    """The pairs whose files were opened, also those that cannot be used."""
    return [pair for pair in found if pair.source.sha256 and pair.target.sha256]


def _usable(found: Found) -> list[Surveyed]:
    return [pair for pair in found if pair.usable]


def _columns(found: Found) -> tuple[list[Side], list[Side]]:
    read = _read(found)
    return [pair.source for pair in read], [pair.target for pair in read]


def _sides(found: Found) -> list[Side]:
    return [side for sides in _columns(found) for side in sides]


def _depth(side: Side) -> str:
    return f"{side.file.suffix.lower().lstrip('.')} {side.bit_depth}" if side.linear else side.bit_depth


def _counted(check: Check, found: Found, bad: Sequence[Surveyed], good: str, wrong: str) -> Outcome:
    reason = f"{len(bad)} of {len(found)} pairs {wrong}" if bad else f"all {len(found)} pairs {good}"
    return judged(check, not bad, len(bad), reason)


def _labels(pairs: Sequence[Surveyed]) -> str:
    return _list([pair.label for pair in pairs])


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _counts(counter: Mapping[str, int] | Iterable[tuple[str, int]]) -> str:
    counted: dict[str, Any] = dict(counter)
    return ", ".join(
        f"{count} × {name}" for name, count in sorted(counted.items(), key=lambda x: (-x[1], x[0]))
    )
