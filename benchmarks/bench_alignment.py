"""Stage 2's solver on known warps of photographs, beside ECC, SIFT with MAGSAC, and phase correlation.

    python benchmarks/bench_alignment.py [--seeds 24] [--folder PICTURES] [--speed]

Each case renders a Reference and a Source from one larger picture (nine samples a pixel, never by the solver's own
warp): ±10 % size, ±3°, 15 % shift, 1 % stretch, perspective. The Source is then faded, made grainy and so on. The
error is where the matrix puts the four corners of the Source's format, in Source pixels, over all cases; a method that
gives no matrix counts with 100 pixels. What the Quality Control says of our matrices stands beside: how many pass,
and how far the worst of those is off. Without ``--folder`` the larger pictures are walls of pieces of the photographs
that come with the demo. ``--speed``: processor seconds of one thread and peak memory, each in a process of its own, at
2K and 4K instead. Prints Markdown.

OpenCV's ECC starts from the same similarity of SIFT's points as ours does; from the identity it finds nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from film_recovery.footage.aligned import left_over
from film_recovery.registration.geometry import corner_displacement, grid_of
from film_recovery.registration.residual import CANNOT_TELL, PASS
from film_recovery.registration.solve import solve

PHOTOGRAPHS = Path(__file__).parents[1] / "python" / "film_recovery" / "demo" / "photographs"
OVERSAMPLED = 3
SMALLER = 1.2  # the larger picture's pixels to one of the rendered
LOST = 100.0
OURS = "Film Recovery"
CONDITIONS = {
    "clean": (),
    "fade": ("fade",),
    "grain": ("grain",),
    "fade, grain": ("fade", "grain"),
    "monochrome, grain": ("mono", "grain"),
    "dust, fade, grain": ("dust", "fade", "grain"),
    "overscan lost, fade, grain": ("overscan", "fade", "grain"),
    "unlike sharpness, dust, fade, grain": ("blur", "dust", "fade", "grain"),
}


# --- Cases ------------------------------------------------------------------------------------------------


def wall(
    photographs: list[np.ndarray], rng: np.random.Generator, rows: int = 3, columns: int = 3
) -> np.ndarray:
    """Pieces of 450 × 300 pixels, none enlarged."""
    pieces = []
    for _ in range(rows * columns):
        whole = photographs[int(rng.integers(len(photographs)))]
        y, x = int(rng.integers(whole.shape[0] - 300 + 1)), int(rng.integers(whole.shape[1] - 450 + 1))
        piece = whole[y : y + 300, x : x + 450]
        pieces.append(piece[:, ::-1] if rng.random() < 0.5 else piece)
    return np.vstack([np.hstack(pieces[r * columns : (r + 1) * columns]) for r in range(rows)])


def random_matrix(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Source pixels to scene pixels."""
    scale, angle = 1 + rng.uniform(-0.1, 0.1), np.radians(rng.uniform(-3, 3))
    shift, stretch = rng.uniform(-0.15, 0.15, 2) * (width, height), 1 + rng.uniform(-0.01, 0.01)
    bend = rng.uniform(-6.4e-3, 6.4e-3, 2) / width  # size changes by 0.3 % from the middle to a side
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
    return (
        middle @ np.array([[c * stretch, -s, shift[0]], [s, c, shift[1]], [*bend, 1]]) @ np.linalg.inv(middle)
    )


def seen(picture: np.ndarray, matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    fine = np.diag([SMALLER, SMALLER, 1.0]) @ matrix @ np.diag([1 / OVERSAMPLED, 1 / OVERSAMPLED, 1.0])
    large = cv2.warpPerspective(
        picture,
        np.linalg.inv(half) @ fine @ half,
        (width * OVERSAMPLED, height * OVERSAMPLED),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
    )
    return np.asarray(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA))


def changed(picture: np.ndarray, changes: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    x, (height, width) = picture.copy(), picture.shape[:2]
    if "blur" in changes:  # 16 mm against a telecine
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(1.2, 2.0))
    if "mono" in changes:
        weights = np.array([0.299, 0.587, 0.114]) if rng.random() < 0.5 else np.array([0.1, 0.45, 0.45])
        x = np.repeat((x @ weights)[..., None], 3, 2)
    if "fade" in changes:
        x = np.clip(x @ (np.eye(3) * 0.6 + rng.uniform(0, 0.15, (3, 3))).T, 0, 1)
        x = x ** rng.uniform(0.5, 1.6, 3) * rng.uniform(0.5, 0.9, 3) + rng.uniform(0, 0.2, 3)
        light = cv2.resize(rng.uniform(0.85, 1.15, (4, 5)), (width, height), interpolation=cv2.INTER_CUBIC)
        x = x * light[..., None]
    x = np.ascontiguousarray(x, np.float32)
    if "dust" in changes:
        for _ in range(round(60 * width * height / 270_000)):
            place, value = (int(rng.integers(width)), int(rng.integers(height))), float(rng.choice([0, 1]))
            cv2.circle(x, place, int(rng.integers(1, 4)), (value,) * 3, -1, cv2.LINE_AA)
        for _ in range(3):
            at = int(rng.integers(width))
            cv2.line(x, (at, 0), (at + int(rng.integers(-5, 5)), height), (1.0, 1.0, 1.0), 1, cv2.LINE_AA)
    if "grain" in changes:
        noise = cv2.GaussianBlur(rng.normal(0, 1, x.shape).astype(np.float32), (0, 0), 0.8)
        x = x + noise / noise.std() * np.float32(rng.uniform(0.02, 0.05))
    return np.clip(x, 0.002, 1).astype(np.float32)


def case(picture: np.ndarray, changes: tuple[str, ...], rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Reference, Source, and the true matrix from Reference to Source pixels."""
    height, width = (int(side / SMALLER) for side in picture.shape[:2])
    matrix = random_matrix(rng, width, height)
    reference = np.clip(seen(picture, np.eye(3), width, height), 0.002, 1).astype(np.float32)
    if "overscan" in changes:
        kept = np.zeros_like(reference)
        top, left = round(0.07 * height), round(0.07 * width)
        kept[top:-top, left:-left] = reference[top:-top, left:-left]
        reference = kept
    there = seen(np.ones(picture.shape[:2], np.float32), matrix, width, height) > 0.999
    source = changed(np.clip(seen(picture, matrix, width, height), 0, 1), changes, rng) * there[..., None]
    return reference, source.astype(np.float32), np.linalg.inv(matrix)


# --- Methods: matrix from Reference to Source pixels, or None ----------------------------------------------


def ours(reference: np.ndarray, source: np.ndarray) -> np.ndarray | None:
    found = solve(reference, source)
    return found.matrix if found.solved else None


def verdict(reference: np.ndarray, source: np.ndarray, matrix: np.ndarray) -> str:
    """What the Quality Control, which knows no truth, says of a matrix."""
    found, _ = left_over((source, reference), matrix, grid_of(source), None)
    return found.verdict if found else CANNOT_TELL


HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])


def grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def points(reference: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    detector = cv2.SIFT.create(8000)
    eight = [np.round(grey(picture) * 255).astype(np.uint8) for picture in (reference, source)]
    (first, one), (second, two) = (detector.detectAndCompute(picture, None) for picture in eight)
    if one is None or two is None or min(len(one), len(two)) < 4:
        return None
    near = [a for a, b in cv2.BFMatcher().knnMatch(one, two, k=2) if a.distance < 0.8 * b.distance]
    if len(near) < 4:
        return None
    return np.array([first[m.queryIdx].pt for m in near]), np.array([second[m.trainIdx].pt for m in near])


def magsac(reference: np.ndarray, source: np.ndarray) -> np.ndarray | None:
    matched = points(reference, source)
    if matched is None:
        return None
    found, _ = cv2.findHomography(*matched, cv2.USAC_MAGSAC, 1.0, maxIters=10_000, confidence=0.9999)
    return None if found is None else HALF @ found @ np.linalg.inv(HALF)


def ecc(reference: np.ndarray, source: np.ndarray) -> np.ndarray | None:
    matched = points(reference, source)
    if matched is None:
        return None
    affine, _ = cv2.estimateAffinePartial2D(*matched, method=cv2.RANSAC, ransacReprojThreshold=4)
    if affine is None:
        return None
    start = np.linalg.inv(np.vstack([affine, [0, 0, 1]])).astype(np.float32)
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-6)
    seen_there = (grey(reference) > 0.001).astype(np.uint8) * 255
    try:
        _, found = cv2.findTransformECC(
            grey(source), grey(reference), start, cv2.MOTION_HOMOGRAPHY, enough, seen_there, 5
        )
    except cv2.error:
        return None
    return HALF @ np.linalg.inv(found.astype(np.float64)) @ np.linalg.inv(HALF)


def phase(reference: np.ndarray, source: np.ndarray) -> np.ndarray | None:
    y = [np.float32(grey(picture)) for picture in (reference, source)]
    window = cv2.createHanningWindow((y[0].shape[1], y[0].shape[0]), cv2.CV_32F)
    (x, down), _ = cv2.phaseCorrelate(y[0], y[1], window)
    return np.array([[1, 0, x], [0, 1, down], [0, 0, 1.0]])


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray | None]] = {
    OURS: ours,
    "ECC": ecc,
    "SIFT + MAGSAC": magsac,
    "phase correlation": phase,
}


# --- Tables -----------------------------------------------------------------------------------------------


def accuracy(pictures: list[np.ndarray], seeds: int, walls: bool) -> None:
    print(f"Corner error in Source pixels, median / 95 of 100 / worst; {seeds} cases a row.\n")
    heads = [*METHODS, *(["QC passes, worst of these"] if OURS in METHODS else [])]
    print("| condition | " + " | ".join(heads) + " |\n|---" + "|---" * len(heads) + "|")
    width = 0
    for name, changes in CONDITIONS.items():
        errors: dict[str, list[float]] = {method: [] for method in METHODS}
        lost = dict.fromkeys(METHODS, 0)
        passed: list[float] = []
        for seed in range(seeds):
            rng = np.random.default_rng((2026, len(changes), seed))
            picture = wall(pictures, rng) if walls else pictures[seed % len(pictures)]
            reference, source, truth = case(picture, changes, rng)
            width = source.shape[1]
            for method, function in METHODS.items():
                found = function(reference, source)
                lost[method] += found is None
                here = _errors(found, truth, source)
                errors[method] += here
                if method == OURS and found is not None and verdict(reference, source, found) == PASS:
                    passed.append(max(here))
        cells = []
        for method in METHODS:
            median, high = np.percentile(errors[method], (50, 95))
            cell = f"{median:.3f} / {high:.2f} / {max(errors[method]):.2f}"
            cells.append(cell + (f" ({lost[method]} none)" if lost[method] else ""))
        if OURS in METHODS:
            cells.append(f"{len(passed)} of {seeds}, {max(passed, default=0):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    print(f"\nPictures about {width} pixels wide.")


def _errors(found: np.ndarray | None, truth: np.ndarray, source: np.ndarray) -> list[float]:
    """Of the four corners, in pixels; LOST at most."""
    if found is None:
        return [LOST] * 4
    corners = corner_displacement(found, truth, grid_of(source))
    return [min(LOST, error) if np.isfinite(error) else LOST for error in corners.tolist()]


def speed(pictures: list[np.ndarray]) -> None:
    print(
        "| Source | method | seconds | beside ours | peak memory above the two pictures (MiB) |\n|---|---|---|---|---|"
    )
    context = multiprocessing.get_context("spawn")
    for name, width, height in (("2K", 2048, 1556), ("4K", 4096, 3112)):
        first = None
        for method in METHODS:
            queue = context.Queue()
            process = context.Process(target=_timed, args=(queue, method, width, height))
            process.start()
            seconds, memory = queue.get()
            process.join()
            first = first or seconds
            print(f"| {name} | {method} | {seconds:.1f} | {seconds / first:.2f} | {memory:.0f} |", flush=True)


def _timed(queue: multiprocessing.Queue, method: str, width: int, height: int) -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(7)
    picture = cv2.resize(wall(loaded(PHOTOGRAPHS), rng, 5, 5), (width, height), interpolation=cv2.INTER_CUBIC)
    reference = np.clip(picture, 0.002, 1)
    matrix = random_matrix(rng, width, height)
    source = cv2.warpPerspective(reference, np.linalg.inv(matrix), (width, height), flags=cv2.INTER_CUBIC)
    source = np.clip(source + rng.standard_normal(source.shape, np.float32) * np.float32(0.02), 0, 1)
    source *= cv2.warpPerspective(
        np.ones((height, width), np.float32), np.linalg.inv(matrix), (width, height)
    )[..., None]
    METHODS[method](reference[::8, ::8].copy(), source[::8, ::8].copy())  # what is loaded once
    before, peak, done = _resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.process_time()
    METHODS[method](reference, source)
    seconds = time.process_time() - started
    done.set()
    watcher.join()
    queue.put((seconds, peak[0] - before))


def _resident() -> float:
    """MiB of this process in memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def loaded(folder: Path) -> list[np.ndarray]:
    files = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in (".png", ".jpg", ".jpeg", ".tif")
    )
    return [(cv2.imread(str(file))[..., ::-1] / 255).astype(np.float32) for file in files]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24, help="cases a condition")
    parser.add_argument("--folder", type=Path, help="pictures of your own, used whole")
    parser.add_argument(
        "--condition", action="append", choices=CONDITIONS, help="only this one; may be repeated"
    )
    parser.add_argument("--method", action="append", choices=METHODS, help="only this one; may be repeated")
    parser.add_argument("--speed", action="store_true", help="seconds and memory at 2K and 4K instead")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for table, wanted in ((CONDITIONS, arguments.condition), (METHODS, arguments.method)):
        for name in set(table) - set(wanted or table):
            del table[name]
    pictures = loaded(arguments.folder or PHOTOGRAPHS)
    if arguments.speed:
        speed(pictures)
    else:
        accuracy(pictures, arguments.seeds, walls=arguments.folder is None)


if __name__ == "__main__":
    main()
