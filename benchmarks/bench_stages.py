"""Time and memory a frame of stages 4 and 5 at 2K and 4K: rendering, outliers, measures.

    python benchmarks/bench_stages.py [--sizes 2K 4K] [--work outliers measures render-small] [--threads 1]

A spatial project of eight frames with grain is made in a temporary folder, its model an untrained network (a trained
one takes as long). Each work then runs in a process of its own, whose peak memory is told beside what it held before
the first frame. ``seconds`` are of the processor, a frame, so that other work on the machine changes them little; with
one thread they are those of the wall on an idle one. ``ratio``: to the time that OpenImageIO needs, in the same
process, to read the frame's Source and write it again as a master is written, which cancels the machine's speed. One
JSON object a work and size.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import torch

from film_recovery import engine, nk, project, rendering, stages
from film_recovery.comp import Evaluator
from film_recovery.demo import footage
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning import export
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.models import build
from film_recovery.learning.settings import Settings
from film_recovery.project import Alignment, Draft, Element, PairOf, Training
from film_recovery.stages.conditions import trained_under
from film_recovery.stages.outliers import look
from film_recovery.stages.proof import proof_of
from film_recovery.stages.view import View

SIZES = {"2K": (2048, 1556), "4K": (4096, 3112)}
FRAMES = tuple(range(1, 9))  # more than a search for outliers needs to judge a shot
HELD_OUT = 4
RENDERED = 2  # frames that are timed: a network takes long on a processor
WORKS = ("render-small", "render-medium", "outliers", "measures")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=SIZES)
    parser.add_argument("--work", nargs="+", default=list(WORKS), choices=WORKS)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    apart = multiprocessing.get_context("spawn")
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), *SIZES[size])
            for work in asked.work:
                process = apart.Process(target=measured, args=(Path(folder), size, work, asked.threads))
                process.start()
                process.join()


def make(root: Path, width: int, height: int) -> None:
    """The film: a photograph that drifts, the Source softer than its Reference, each with its own grain."""
    rng = np.random.default_rng(0)
    large = cv2.resize(
        footage.photographs().pictures[0], (width + 64, height + 64), interpolation=cv2.INTER_CUBIC
    )
    for number in FRAMES:
        clean = np.clip(large[number : number + height, 2 * number : 2 * number + width], 0.02, 0.98)
        for name, blur in (("source", 2.0), ("reference", 0.0)):
            soft = cv2.GaussianBlur(clean, (0, 0), blur) if blur else clean
            grainy = soft + rng.normal(0, 0.01, soft.shape).astype(np.float32)
            write_frame(
                Frame.from_array(grainy, top_down=True),
                root / "film" / name / f"{name}.{number:04d}.exr",
                datatype="half",
                create_directories=True,
            )
    elements = {
        name: Element(str(root / "film" / name / f"{name}.####.exr"), FRAMES[0], FRAMES[-1], width, height)
        for name in ("source", "reference")
    }
    draft = Draft(
        film="Bench",
        recipe="spatial-gauge",
        elements=elements,
        shot="s010",
        pairs=tuple(PairOf(number, number, "spread") for number in (1, 3, 6, 8)),
        hold_out=(PairOf(HELD_OUT, HELD_OUT),),
        alignment=Alignment(live_area=(16, 16, width - 16, height - 16)),
        training=Training(),
    )
    project.create(root / "project", draft)
    stages.build_script(project.load(root / "project"))


def measured(root: Path, size: str, work: str, threads: int) -> None:
    """Does ``work`` and prints what it took."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    oiio.attribute("threads", threads)
    oiio.attribute("exr_threads", threads)
    prepared = (
        _rendering(root, work.removeprefix("render-")) if work.startswith("render") else _looking(root, work)
    )
    copy = min(_copied(root) for _ in range(3))
    before = peak()
    started = time.process_time()
    frames = prepared()
    seconds = (time.process_time() - started) / frames
    found = {
        "bench": work,
        "size": size,
        "threads": threads,
        "seconds": round(seconds, 2),
        "ratio": round(seconds / copy, 1),
        "peak_gib": round(peak() / 2**30, 2),
        "before_gib": round(before / 2**30, 2),
    }
    print(json.dumps(found), flush=True)


def _rendering(root: Path, preset: str) -> Callable[[], int]:
    view = View(project.load(root / "project"))
    model = build(LumaFilter("srgb", 9, 2), Settings(1, preset)).eval()
    card = export.ModelCard(
        kind=preset,
        curve="srgb",
        recipe="spatial",
        film="Bench",
        preset=preset,
        patch=512,
        radius=model.radius,
        conditions={**trained_under(view), "tile": "any"},
    )
    export.save_model(model, project.paths(view.project).model, card)
    evaluator = Evaluator(nk.load(project.paths(view.project).script))
    job = engine.model_hashes(evaluator.script, evaluator)

    def render() -> int:
        rendering.render(evaluator, "Write_Recovered", FRAMES[:RENDERED], job=job)
        return RENDERED

    return render


def _looking(root: Path, work: str) -> Callable[[], int]:
    """The masters here are the Sources, a little sharper: what is rendered does not change what looking costs."""
    view = View(project.load(root / "project"))
    output, graph = view.output, view.evaluator.root
    for number in FRAMES:
        values = read_frame(root / "film" / "source" / f"source.{number:04d}.exr").rgb()
        sharper = values + np.float32(0.3) * (values - cv2.GaussianBlur(values, (0, 0), 1.5))
        write_frame(
            Frame.from_array(graph.config.convert(sharper, graph.working_space, output.holds)),
            output.sequence.path(number),
            datatype="half",
            create_directories=True,
        )
    view = View(project.load(root / "project"))

    def look_at_all() -> int:
        if work == "outliers":
            look(view, lambda what, done, total: None)
        else:
            proof_of(view)
        return len(FRAMES)

    return look_at_all


def _copied(root: Path) -> float:
    """Seconds to read a frame's file and to write it as a master is written."""
    started = time.process_time()
    buffer = oiio.ImageBuf(str(root / "film" / "source" / "source.0001.exr"))
    pixels = buffer.get_pixels(oiio.FLOAT)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], oiio.HALF)
    spec.attribute("compression", "zip")
    written = oiio.ImageOutput.create("copy.exr")
    written.open(str(root / "copy.exr"), spec)
    written.write_image(pixels)
    written.close()
    return time.process_time() - started


def peak() -> int:
    """Bytes that this process has held at its fullest."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
