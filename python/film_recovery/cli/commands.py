"""What each command does: reads its arguments, calls the engine, reports. One function a command.

Each gives its exit code: 0 done, or EXIT_CHECK_FAILED. Errors are raised, ``main`` turns them into codes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from film_recovery import ledger, nk
from film_recovery.cli.report import Report, json_line
from film_recovery.errors import (
    EXIT_BAD_INPUT,
    EXIT_CHECK_FAILED,
    EXIT_DONE,
    CheckFailed,
    FilmRecoveryError,
    UsageError,
)
from film_recovery.imaging.frame import Box
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.project import lock
from film_recovery.project.lock import Held, project_of


@contextmanager
def project_held(
    report: Report, script: Path, way: Callable[..., AbstractContextManager[Held]], what: str, take_over: bool
) -> Iterator[None]:
    """Holds the project that ``script`` belongs to, if it does, ``way``: alone or shared. A take-over is recorded."""
    folder = project_of(script)
    if folder is None:
        yield
        return
    with way(folder, what, take_over) as mine:
        if mine.taken_over:
            report.say(f"taken over from {mine.taken_over}")
            ledger.append(folder, "taken over", {"what": what, "from": mine.taken_over})
        yield


@dataclass(frozen=True)
class HowToRender:
    """``workers``: processes. ``skip``: why a project's full range is rendered without a look at its short one, and
    ``by`` whom. ``accept``: why a project's model is used otherwise than it was trained."""

    workers: int = 1
    skip: str = ""
    by: str = ""
    take_over: bool = False
    accept: str = ""


ALONE = HowToRender()


def render(report: Report, script: Path, node: str, frames: str, how: HowToRender = ALONE) -> int:
    """Writes frames; the result counts them. Shares the project that the script belongs to with other renders, and
    writes into a project's masters what ``run`` does, no sooner than ``run`` does, held to the same model card."""
    from film_recovery.stages.frames import make_frames
    from film_recovery.stages.mismatch import header_for

    numbers = parse_frames(frames)

    def tell(done: int, total: int, frame: int, kept: bool, to_make: int) -> None:
        report.progress("render", done, total, frame=frame, kept=kept, to_make=to_make)

    with project_held(report, script, lock.shared, f"render {node}", how.take_over):
        _held_to_project(report, script, node, numbers, how)
        header = header_for(script, node)
        made = make_frames(script, node, numbers, header=header, workers=how.workers, progress=tell)
    rendered = made.rendered
    report.result(
        {
            "written": len(rendered.written),
            "kept": len(rendered.kept),
            "values_outside_0_1": rendered.values_outside,
            "outside_trained_domain": dict(made.outside),
            "first_file": str(rendered.files[0]) if rendered.files else "",
        },
        "rendered",
    )
    return EXIT_DONE


def _held_to_project(report: Report, script: Path, node: str, frames: list[int], how: HowToRender) -> None:
    """Where ``node`` writes a project's masters: raises CheckFailed for a model that is used otherwise than it was
    trained, for masters of an accepted iteration, and for ``frames`` beyond what may be rendered before the short range
    has been looked at."""
    from film_recovery.cli.project import show
    from film_recovery.stages import accepted_masters, mismatch, short_range
    from film_recovery.stages.view import NotYet

    view = mismatch.own_view(script, node)
    if view is None:
        return
    outcomes = mismatch.parity_of(view.project)
    for outcome in outcomes:
        show(report, outcome)
    mismatch.refuse_failed(view.project, outcomes, how.accept, how.by)
    try:
        accepted_masters.refuse_accepted(view, frames)
        short_range.refuse_unseen(view, frames, report.progress, how.skip, how.by)
    except NotYet as reason:
        raise CheckFailed(
            f"There is nothing to render with: {reason}.", remedy="film-recovery run", file=str(script)
        ) from reason


def compare(
    report: Report,
    a: str,
    b: str,
    frames: str | None,
    spaces: tuple[str, str],
    box: str | None,
    locked: str | None,
    tolerance: float,
) -> int:
    """Measures two images or sequences; with ``locked`` (luma, chroma) also judges identity."""
    from film_recovery.cli.comparison import compare_sequences

    if locked not in (None, "luma", "chroma"):
        raise UsageError(f"--identity {locked}: unknown.", remedy="choose luma or chroma")
    if not 0 <= tolerance < math.inf:
        raise UsageError(f"--tolerance {tolerance}: not a distance.", remedy="choose 0 or more")
    numbers = None if frames is None else parse_frames(frames)
    figures = compare_sequences(a, b, numbers, spaces, _box(box), report.progress)
    code = EXIT_DONE
    if locked:
        value = figures[f"{locked}_difference_max"]
        failed = not value <= tolerance
        report.check(
            f"identity.{locked}",
            "fail" if failed else "pass",
            value=value,
            tolerance=tolerance,
            reason=f"the largest {locked} difference is {value:.3g}, {tolerance:g} is allowed",
            remedy="switch the identity lock on in FR_Inference; do not clamp its output" if failed else "",
        )
        code = EXIT_CHECK_FAILED if failed else EXIT_DONE
    report.result(figures, "A against B")
    return code


def _box(text: str | None) -> Box | None:
    if text is None:
        return None
    try:
        left, bottom, right, top = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            f"--box {text}: four whole numbers are needed.", remedy="left,bottom,right,top"
        ) from error
    box = Box(left, bottom, right, top)
    if box.empty:
        raise UsageError(
            f"--box {text}: it holds no pixel.", remedy="left,bottom,right,top, from the bottom left"
        )
    return box


def nk_check(files: list[Path]) -> int:
    """One JSON object a file: does it parse, does it come back byte for byte, does Tcl agree."""
    code = EXIT_DONE
    for file in files:
        row = {"file": str(file), "ok": False, "nodes": 0, "bytes_equal": False, "tcl": None, "error": None}
        try:
            _check_script(file, row)
        except FilmRecoveryError as error:
            row["error"] = str(error)
        except OSError as error:
            row["error"] = str(named(error))
        if not row["ok"]:
            code = EXIT_BAD_INPUT
        print(json_line(row), flush=True)
    return code


def _check_script(file: Path, row: dict[str, object]) -> None:
    from film_recovery.nk import tcl

    script = nk.load(file)
    row["nodes"] = script.block_count
    row["bytes_equal"] = script.text().encode("utf-8", "surrogateescape") == file.read_bytes()
    count = tcl.check(script.text())
    row["tcl"] = None if count is None else count == script.block_count
    row["ok"] = bool(row["bytes_equal"]) and row["tcl"] is not False


def demo(report: Report, out: Path, footage: str) -> int:
    """The main job on real footage; last line of standard output: the figures as one JSON object."""
    from film_recovery.demo.run import RECIPES, report_of, run

    for recipe in RECIPES:
        report.say(f"the report of the {recipe} recovery will be {report_of(out, recipe)}")
    figures = run(out, footage, report.progress)
    sys.stdout.flush()
    print(json_line(figures), flush=True)
    return EXIT_DONE


def demo_project(report: Report, out: Path, recipe: str, footage: str) -> int:
    """The demo's film and project alone. Raises UsageError for a recipe that the demo has not."""
    from film_recovery.demo.run import RECIPES, prepare

    if recipe not in RECIPES:
        raise UsageError(f"The demo has no {recipe} recovery.", remedy=f"choose one of {', '.join(RECIPES)}")
    made = prepare(out, recipe, footage, report.progress)
    report.result({"project": str(made.folder), "recipe": made.recipe}, "demo")
    return EXIT_DONE


def named(error: OSError) -> FilmRecoveryError:
    """What the operating system refused, where no part of the program has a better word for it."""
    return FilmRecoveryError(
        f"The system refuses: {error.strerror or error}.",
        remedy="check the path, its permissions and the free space on its disk",
        file=error.filename,
    )
