"""How well elements are understood over time: offsets, cuts, faults; and the time that a 2K frame takes.

    python benchmarks/bench_curation.py [--seeds 12] [--first-seed 300] [--length 3000]

Elements are simulated from the free photographs (``film_recovery.demo.reels``): a faded, grainy, weaving print with
flicker, a third of them monochrome, against a cropped, sharper copy, 320 × 224. The seeds are none that thresholds were
chosen on. Prints one JSON object a subject.

* **offset**: three shots, two edits each of inserted, dropped, repeated frames. ``frames_right``: share of the Source's
  frames given their moment; ``frames_right_or_said``: the same, with frames within the span in which an edit is said
  to lie, or in a run that says it cannot tell; ``edits_found_and_named``: share of the edits with the right kind at the
  right place or within that span; ``edits_named_or_said``: the same, with those of which the kind is said not to be
  sure, this one or another, and those in or beside a run that says it cannot tell its offset.
* **cuts**: on both elements of the same reels.
* **faults**: one on every fifth frame. ``recall``: share of the faulty frames excluded, for any reason; ``named``: by
  the planted kind and side; ``kept``: share of the clean frames that stay.
* **length** (``--length``, and then nothing else): the offset of two elements of so many frames, shots of a moving
  texture as thumbnails, a frame dropped and one inserted: processor seconds and the most memory beside the signatures.
* **speed**: signatures of 2048 × 1556 half EXR files, ZIP; and reading them alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from film_recovery.demo import cases
from film_recovery.footage.clip import open_clip
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.faults import find_faults
from film_recovery.footage.offset import match
from film_recovery.footage.signatures import Signatures, signatures, structure, unit
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

EDITS = ("inserted", "dropped", "repeated")
FRAMES = 8  # of the timing at 2K
SHOT = 50  # frames, and width and height of a thumbnail, of the long elements
THUMBNAIL = 64, 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=300)
    parser.add_argument("--length", type=int, default=0)
    given = parser.parse_args()
    if given.length:
        length(given.length, given.first_seed)
        return
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    offsets(seeds)
    faults(seeds)
    speed()


def offsets(seeds: range) -> None:
    frames = right = said = found = told = edits = true_cuts = right_cuts = all_cuts = wrong_runs = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        kinds = rng.choice(EDITS, 2, replace=False)
        places = int(rng.integers(8, 28)), int(rng.integers(38, 58))
        case = cases.edited(seed, [(str(kind), place) for kind, place in zip(kinds, places, strict=True)])
        known = signatures(case.source), signatures(case.reference)
        matched = match(*known)
        spans = [(change.earliest, change.latest) for change in matched.changes]
        open_frames = {
            frame for run in matched.runs if not run.sure for frame in range(run.first, run.last + 1)
        }
        for frame, moment in case.truth.items():
            frames += 1
            same = matched.frames[frame] == moment
            within = any(first <= frame <= last for first, last in spans) or frame in open_frames
            right += same
            said += same or within
        for kind, frame in case.edits:
            edits += 1
            near = [one for one in matched.changes if one.earliest - 1 <= frame <= one.latest + 1]
            named = any(change.kind == kind for change in near)
            found += named
            told += (
                named
                or any(change.alike is not None and change.alike[0] == kind for change in near)
                or bool(open_frames & {frame - 1, frame, frame + 1})
            )
        wrong_runs += sum(run.sure and not _true(run, case) for run in matched.runs)
        shots = find_shots(known[1])
        begun = [shot.first for shot in shots[1:]]
        true_cuts += len(case.cuts)
        all_cuts += len(begun)
        right_cuts += len(set(begun) & set(case.cuts))
    _say(
        "offset",
        clips=len(seeds),
        frames=frames,
        frames_right=right / frames,
        frames_right_or_said=said / frames,
        edits=edits,
        edits_found_and_named=found / edits,
        edits_named_or_said=told / edits,
        sure_runs_with_a_wrong_offset=wrong_runs,
    )
    _say("cuts", cuts=true_cuts, recall=right_cuts / true_cuts, precision=right_cuts / max(1, all_cuts))


def _true(run: object, case: cases.Edited) -> bool:
    """Most frames of the run have its offset."""
    first, last, offset = (getattr(run, name) for name in ("first", "last", "offset"))
    inside = [moment - frame for frame, moment in case.truth.items() if moment and first <= frame <= last]
    return bool(inside) and 2 * inside.count(offset) > len(inside)


def faults(seeds: range) -> None:
    planted = excluded = named = clean = kept = 0
    missed: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    seconds, pairs = 0.0, 0
    for seed in seeds:
        case = cases.faulty(seed)
        matched = match(signatures(case.source), signatures(case.reference))
        started = time.perf_counter()
        found = find_faults(
            case.source, case.reference, case.pairs, placement=matched.placement, shots=case.shots
        )
        seconds += time.perf_counter() - started
        pairs += len(case.pairs)
        out = {fault.frame for fault in found}
        for frame, (kind, side) in case.planted.items():
            planted += 1
            excluded += frame in out
            named += any((one.frame, one.kind, one.side) == (frame, kind, side) for one in found)
            if frame not in out:
                missed[kind] += 1
        rest = set(case.source.frames) - set(case.planted)
        clean += len(rest)
        kept += len(rest - out)
        reasons.update(fault.kind for fault in found if fault.frame in rest)
    _say(
        "faults",
        clips=len(seeds),
        planted=planted,
        recall=excluded / planted,
        named=named / planted,
        missed=dict(missed),
        clean=clean,
        kept=kept / clean,
        lost_for=dict(reasons),
        ms_a_pair_at_320=1000 * seconds / pairs,
    )


def length(frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = np.concatenate([_shot(rng) for _ in range(-(-frames // SHOT))])[:frames]
    order = [*range(frames // 3), *range(frames // 3 + 1, frames)]
    order.insert(2 * frames // 3, -1)
    foreign = rng.uniform(0, 1, THUMBNAIL[::-1])
    print_ = np.stack([0.7 * clean[at] + 0.15 if at >= 0 else foreign for at in order])
    source = _known(print_ + rng.normal(0, 0.008, print_.shape), 1001)
    reference = _known(clean + rng.normal(0, 0.004, clean.shape), 1095)
    started = time.process_time()
    found = match(source, reference)
    seconds = time.process_time() - started
    tracemalloc.start()
    match(source, reference)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    right = [found.frames[1001 + row] == (1095 + at if at >= 0 else None) for row, at in enumerate(order)]
    _say("length", frames=frames, frames_right=float(np.mean(right)), cpu_s=seconds, peak_mb=most / 1e6)


def _shot(rng: np.random.Generator) -> np.ndarray:
    """SHOT thumbnails of a camera that moves and closes in on a texture."""
    sides = ((6, 1.0), (16, 0.6), (48, 0.35))
    texture = sum(
        share * cv2.resize(rng.normal(0, 1, (side, side)).astype(np.float32), (220, 220))
        for side, share in sides
    )
    texture = 0.45 + 0.15 * texture / np.std(texture)
    right, down = rng.uniform(-0.7, 0.7, 2)
    zooms = 1 + rng.uniform(0, 0.004) * np.arange(SHOT)
    places = (
        np.array([[zoom, 0, 70 + right * at], [0, zoom, 70 + down * at]]) for at, zoom in enumerate(zooms)
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.stack([cv2.warpAffine(texture, place, THUMBNAIL, flags=flags) for place in places])


def _known(planes: np.ndarray, first: int) -> Signatures:
    planes = np.clip(planes, 0, 1).astype(np.float32)
    flat = unit(structure(planes))
    motion = np.zeros(len(planes), np.float32)
    motion[1:] = 1 - np.clip(np.einsum("nd,nd->n", flat[1:], flat[:-1]), 0, 1)
    nothing = np.zeros(len(planes), np.float32)
    frames = tuple(range(first, first + len(planes)))
    return Signatures(frames, planes, planes.mean((1, 2)), planes.std((1, 2)), nothing, motion, nothing)


def speed() -> None:
    rng = np.random.default_rng(0)
    yy, xx = np.mgrid[0:1556, 0:2048].astype(np.float32)
    base = np.stack([0.5 + 0.4 * np.sin(xx / (9 + 3 * c) + yy / (17 - 4 * c)) for c in range(3)], axis=-1)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, FRAMES + 1):
            picture = np.clip(base + rng.normal(0, 0.02, base.shape), 0, 1)
            write_frame(Frame.from_array(picture), Path(folder) / f"scan.{number:04d}.exr", datatype="half")
        clip = open_clip("Source", str(Path(folder) / "scan.####.exr"))
        pairs = [(frame, frame) for frame in clip.frames]
        reading = _timed(lambda: [clip.picture(frame) for frame in clip.frames])
        both = _timed(lambda: signatures(clip))
        faults_too = _timed(lambda: find_faults(clip, clip, pairs))
    _say(
        "speed",
        size="2048x1556",
        reading=reading,
        signatures=both,
        faults=faults_too,
    )


def _timed(work: Callable[[], object]) -> dict[str, float]:
    """Milliseconds a frame, by the clock and of all cores together: the second hardly depends on who else is busy."""
    clock, cores = time.perf_counter(), time.process_time()
    work()
    ended = time.perf_counter() - clock, time.process_time() - cores
    return {
        name: round(1000 * value / FRAMES, 1) for name, value in zip(("ms", "cpu_ms"), ended, strict=True)
    }


def _say(subject: str, **figures: object) -> None:
    rounded = {
        name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()
    }
    print(json.dumps({"subject": subject, **rounded}), flush=True)


if __name__ == "__main__":
    main()
