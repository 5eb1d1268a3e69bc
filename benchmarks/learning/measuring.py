"""What the learning benchmarks measure, and how they write it down: JSON lines, one a figure, and Markdown tables.

Figures are means over the pictures of a set. PSNR is in dB on encoded values, of what the recipe changes (red, green
and blue together, or luma). SSIM is of luma (spatial) or the mean of red, green and blue (colour), on encoded values,
as ``analysis.difference`` defines it. ΔE00 (mean) and the saturation ratios (over all pixels of the set whose truth has
an HSV saturation ≥ 60 or ≥ 100 of 255 and a value above 0.1) are measured on pictures as displayed. ``locked_mean`` and
``locked_max`` say by how much the channels moved that the recipe may not change (luma for colour, Cb and Cr for
spatial), in percent of the range 0–1 of the values that the model was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import chroma, luma
from film_recovery.learning.curve import Curve
from film_recovery.learning.pairs import Pair

Model = Callable[[Pixels], Pixels]
Row = dict[str, Any]


def figures(
    pairs: Sequence[Pair], model: Model, recipe: str, curve: str, shown: Callable[[Pixels], Pixels]
) -> dict[str, float]:
    """The figures of ``model`` on ``pairs``. ``shown``: the pairs' values to encoded sRGB 0–1."""
    rows, results, truths = [], [], []
    for pair in pairs:
        result = model(pair.input)
        found = _of_picture(pair, result, recipe, Curve(curve))
        displayed, wanted = shown(result), shown(pair.truth)
        if recipe == "colour":
            found["de00"] = float(difference_2000(displayed, wanted).mean())
        rows.append(found)
        results.append(displayed.reshape(-1, 3))
        truths.append(wanted.reshape(-1, 3))
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    means["locked_max"] = max(row["locked_max"] for row in rows)
    for threshold in (60, 100):
        ratio = saturation_ratio(np.concatenate(results), np.concatenate(truths), threshold).ratio
        means[f"sat{threshold}"] = ratio
    return {name: round(value, 9 if name.startswith("locked") else 5) for name, value in means.items()}


def _of_picture(pair: Pair, result: Pixels, recipe: str, curve: Curve) -> dict[str, float]:
    changed, locked = (luma, chroma) if recipe == "spatial" else (_same, luma)
    a, b = (curve.encode_array(changed(side)) for side in (result, pair.truth))
    y_a, y_b = (curve.encode_array(luma(side)) for side in (result, pair.truth))
    moved = 100 * np.abs(locked(result.astype(np.float64)) - locked(pair.input.astype(np.float64)))
    return {
        "psnr": psnr(a, b),
        "ssim": ssim(y_a, y_b) if recipe == "spatial" else ssim_of_channels(a, b),
        "locked_mean": float(moved.mean()),
        "locked_max": float(moved.max()),
    }


def ssim_of_channels(a: Pixels, b: Pixels) -> float:
    """Mean SSIM of the three channels (colour recovery leaves luma alone, so its SSIM would say nothing)."""
    return float(np.mean([ssim(a[..., index], b[..., index]) for index in range(3)]))


def _same(rgb: Pixels) -> Pixels:
    return rgb


def append(file: Path, row: Row) -> None:
    """Adds a row to a file of JSON lines, and shows it."""
    line = json.dumps(row)
    print(line, flush=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")


def rows_of(file: Path) -> list[Row]:
    """The rows of a file of JSON lines; none, where it does not exist."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def table(rows: Iterable[Row], by: Sequence[str], columns: Mapping[str, str]) -> str:
    """Markdown: a line for each different ``by``, and of each column the mean over the rows ± half their range.

    ``columns``: figure to format, as ``{"psnr": ".2f"}``.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
    lines = ["| " + " | ".join([*by, *columns, "runs"]) + " |", "|---" * (len(by) + len(columns) + 1) + "|"]
    for key, members in groups.items():
        cells = [str(part) for part in key]
        cells += [
            _cell([row[name] for row in members if name in row], form) for name, form in columns.items()
        ]
        lines.append("| " + " | ".join([*cells, str(len(members))]) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float], form: str) -> str:
    if not values:
        return ""
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):{form}}" + (f" ±{half:{form}}" if len(values) > 1 and half else "")
