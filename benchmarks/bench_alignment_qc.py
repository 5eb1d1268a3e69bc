"""How far the Quality Control of the alignment can be trusted, and what it takes.

    python benchmarks/bench_alignment_qc.py [--cases 30] [--pictures FOLDER] [--walls 5] [--conditions dust soft]
        [--mixed] [--seed 77] [--bound]

Pairs with known displacements, rendered by oversampling from larger photographs (the demo's, or PNGs in FOLDER): 5 × 5
pieces of them, none enlarged, make pictures of the size that film is scanned in (1591 × 1055); ``--walls 3``: 3 × 3 of
them (948 × 626, a little more than a DVD), ``--walls 0``: each photograph itself, the demo's then 306 to 412 pixels.
*dust* is sixty specks a small picture, and as many more as one is larger. For each condition one JSON object: how far
the model of the pair is from the truth at the corners and the told residual from the true one (pixels: median, 95 %,
largest); of pairs off by half a pixel, and of aligned ones, the count of each verdict. Errors are those of the pairs
that are off.
``sure``: how many of them state an uncertainty that leaves two standard deviations within 0.05 pixel, and their largest
error; ``covered``: the share of all whose error lies within 0.05 pixel or two of their own standard deviations. Then
processor seconds of one pair at 2K and 4K, and the ratio to OpenCV's phase correlation of the same two pictures.

``--mixed``: shift, scale, rotation and stretch at once, each of up to a quarter of a pixel, not one of half a pixel.
``--seed``: other displacements, grain and dust. ``--bound``: the same error as the best unbiased measurement would make
it (``alignment_bound.py``), with all six numbers unknown, and with stretch and skew known to be none; its third figure
is the largest of the pairs, in the median of two hundred draws of grain.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from alignment_bound import AFFINE, SIMILARITY, corners, information, told_errors
from bench_alignment import wall

from film_recovery.registration.residual import residual

DEMO = Path(__file__).resolve().parents[1] / "python/film_recovery/demo/photographs"
CONDITIONS = {
    "clean": "",
    "grain": "grain",
    "fade": "fade grain",
    "mono": "mono fade grain",
    "dust": "dust fade grain",
    "soft": "soft grain",
    "16 mm": "softer fade grain dust",
}
EDGE = 8
FACTOR = 1.4
WALLS = 6
SMALL = 120_000  # pixels of the largest of the demo's photographs, as rendered here
GRAIN = 0.8  # pixels of blur that make grain of white noise
MIXED = 0.25  # pixels: most of each part of a mixed displacement, at the corners
GOAL = 0.05  # pixels: how near to the truth the told residual is to be


@dataclass(frozen=True)
class Aged:
    """``picture``; what it would be without its grain; where it shows the scene; its grain's standard deviation."""

    picture: Any
    seen: Any
    shown: Any
    grain: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=30, help="pairs for each condition and displacement")
    parser.add_argument("--pictures", type=Path, default=DEMO, help="folder of PNG photographs")
    parser.add_argument("--walls", type=int, default=5, help="join N × N pieces of them; 0: each as it is")
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument("--mixed", action="store_true", help="shift, scale, rotation and stretch at once")
    parser.add_argument("--seed", type=int, default=77, help="of displacements, grain and dust")
    parser.add_argument("--bound", action="store_true", help="what the best unbiased measurement would reach")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = [_read(path) for path in sorted(asked.pictures.glob("*.png"))]
    if asked.walls:
        pictures = [
            wall(pictures, np.random.default_rng((n, 991)), asked.walls, asked.walls) for n in range(WALLS)
        ]
    for name in asked.conditions:
        found = _measured(pictures, CONDITIONS[name], asked)
        row = {"walls": asked.walls, "mixed": asked.mixed, "seed": asked.seed, "condition": name}
        _say({"bench": "alignment_qc", **row, **found})
    for label, width, height in (("2K", 2048, 1556), ("4K", 4096, 3112)):
        _say({"bench": "alignment_qc_time", "frame": label, **_timed(pictures[0], width, height)})


def _say(figures: dict[str, Any]) -> None:
    print(json.dumps(figures), flush=True)


def _read(path: Path) -> Any:
    return (cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1] / 255).astype(np.float32)


def _measured(pictures: list[Any], condition: str, asked: argparse.Namespace) -> dict[str, Any]:
    corner_errors: list[float] = []
    told: list[float] = []
    stated: list[float] = []
    best: dict[str, list[Any]] = {"all unknown": [], "no stretch or skew": []}
    verdicts: dict[float, Counter[str]] = {0.0: Counter(), 0.5: Counter()}
    for size, seed in [(size, seed) for size in verdicts for seed in range(asked.cases)]:
        rng = np.random.default_rng((seed, asked.seed))
        large = pictures[seed % len(pictures)]
        width, height = int(large.shape[1] / FACTOR) - 2 * EDGE, int(large.shape[0] / FACTOR) - 2 * EDGE
        if asked.mixed and size:
            matrix = _mixed(rng, width, height)
        else:
            kind = ("shift", "scale", "rotation")[seed % 3]
            matrix = _moved(kind, size * rng.choice([-1, 1]), width, height, rng.uniform(0, 2 * np.pi))
        aged = _aged(_rendered(large, matrix, width, height), rng, condition)
        found = residual(aged.picture, _rendered(large, np.eye(3), width, height))
        verdicts[size][found.verdict] += 1
        places = corners(width, height)
        true = (np.c_[places, np.ones(4)] @ matrix.T)[:, :2] - places
        if asked.bound and size and aged.grain:
            known = information(aged.seen, aged.shown, aged.grain, GRAIN)
            for name, free in zip(best, (AFFINE, SIMILARITY), strict=True):
                draws = np.random.default_rng((seed, asked.seed, 1))
                best[name].append(told_errors(known, true, (width, height), free, draws))
        if found.residual is None or size == 0:
            continue
        have = np.array([(corner.dx, -corner.dy) for corner in found.corners])
        corner_errors.extend(np.linalg.norm(have - true, axis=1))
        told.append(abs(found.residual - float(np.linalg.norm(true, axis=1).max())))
        stated.append(2 * float(found.uncertainty or 0))
    error, room = np.array(told), np.array(stated)
    sure = error[room <= GOAL]
    bound = {name: _drawn(np.array(errors)) for name, errors in best.items() if errors}
    return {
        "corner_error_px": _spread(corner_errors),
        "residual_error_px": _spread(told),
        **({"bound_residual_error_px": bound} if bound else {}),
        "sure": [len(sure), round(float(sure.max(initial=0)), 3)],
        "covered": round(float((error <= np.maximum(room, GOAL)).mean()), 3),
        "mixed" if asked.mixed else "half_a_pixel": dict(verdicts[0.5]),
        "aligned": dict(verdicts[0.0]),
    }


def _drawn(errors: Any) -> list[float]:
    """Median, 95 %, largest of (pairs, draws)."""
    return [round(float(value), 3) for value in (*np.percentile(errors, [50, 95]), np.median(errors.max(0)))]


def _spread(values: list[float]) -> list[float]:
    return [round(float(value), 3) for value in (*np.percentile(values, [50, 95]), max(values))]


def _timed(picture: Any, width: int, height: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 0.02, (2, height, width, 1)).astype(np.float32)
    large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    pair = [np.clip(large + noise, 0, 1) for noise in grain]
    seconds = []
    for _ in range(2):
        start = time.process_time()
        residual(*pair)
        seconds.append(time.process_time() - start)
    start = time.process_time()
    cv2.phaseCorrelate(*(np.ascontiguousarray(side[..., 1]) for side in pair))
    peer = time.process_time() - start
    return {"seconds": round(min(seconds), 2), "ratio_to_phase_correlation": round(min(seconds) / peer, 1)}


def _moved(kind: str, size: float, width: int, height: int, angle: float) -> Any:
    """Source pixel → Reference pixel: the corners move by ``size`` pixels."""
    part = size / (np.hypot(width, height) / 2)
    move = np.eye(3)
    if kind == "shift":
        move[:2, 2] = size * np.cos(angle), size * np.sin(angle)
    elif kind == "scale":
        move[0, 0] = move[1, 1] = 1 + part
    else:
        move[:2, :2] = [[np.cos(part), -np.sin(part)], [np.sin(part), np.cos(part)]]
    centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
    return centre @ move @ np.linalg.inv(centre)


def _mixed(rng: Any, width: int, height: int) -> Any:
    """Source pixel → Reference pixel: shift, scale, rotation and stretch, the corners by up to MIXED of each."""
    move = np.eye(3)
    for kind in ("shift", "scale", "rotation"):
        move = move @ _moved(kind, rng.uniform(-MIXED, MIXED), width, height, rng.uniform(0, 2 * np.pi))
    part = rng.uniform(-MIXED, MIXED) / (np.hypot(width, height) / 2)
    centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
    return centre @ np.diag([1 + part, 1 - part, 1]) @ np.linalg.inv(centre) @ move


def _rendered(large: Any, matrix: Any, width: int, height: int) -> Any:
    """Each pixel p shows ``large`` about FACTOR · (matrix p + EDGE): sampled twice as fine, then averaged."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    offset = np.array([[1, 0, EDGE], [0, 1, EDGE], [0, 0, 1.0]])
    whole = (
        np.linalg.inv(half)
        @ np.diag([FACTOR, FACTOR, 1.0])
        @ offset
        @ matrix
        @ np.diag([0.5, 0.5, 1.0])
        @ half
    )
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpPerspective(
        large, whole, (2 * width, 2 * height), flags=flags, borderMode=cv2.BORDER_REFLECT
    )
    return cv2.resize(cv2.GaussianBlur(drawn, (0, 0), 0.7), (width, height), interpolation=cv2.INTER_AREA)


def _aged(picture: Any, rng: np.random.Generator, condition: str) -> Aged:
    out, words = np.array(picture), condition.split()
    if "soft" in words or "softer" in words:
        out = cv2.GaussianBlur(out, (0, 0), 1.0 if "soft" in words else rng.uniform(1.2, 2.0))
    if "mono" in words:
        out = np.repeat((out @ np.float32([0.299, 0.587, 0.114]))[..., None], 3, axis=2)
    if "fade" in words:
        mix = (np.eye(3) * 0.6 + rng.uniform(0, 0.15, (3, 3))).astype(np.float32)
        out = np.clip(out @ mix, 0, 1) ** rng.uniform(0.5, 1.6, 3).astype(np.float32)
        out = out * rng.uniform(0.5, 0.9, 3).astype(np.float32) + rng.uniform(0, 0.2, 3).astype(np.float32)
        uneven = cv2.resize(
            rng.uniform(0.85, 1.15, (4, 5)).astype(np.float32), out.shape[1::-1], interpolation=2
        )
        out = out * uneven[..., None]
    seen, grain = np.array(out), 0.0
    if "dust" in words:
        for _ in range(60 * max(1, round(out.shape[0] * out.shape[1] / SMALL))):
            place = int(rng.integers(out.shape[1])), int(rng.integers(out.shape[0]))
            cv2.circle(out, place, int(rng.integers(1, 4)), (float(rng.integers(2)),) * 3, -1)
    shown = (out == seen).all(2)
    if "grain" in words:
        noise = cv2.GaussianBlur(rng.normal(0, 1, out.shape).astype(np.float32), (0, 0), GRAIN)
        grain = float(rng.uniform(0.02, 0.05))
        out = out + noise / noise.std() * np.float32(grain)
    return Aged(np.clip(out, 0, 1).astype(np.float32), seen, shown, grain)


if __name__ == "__main__":
    main()
