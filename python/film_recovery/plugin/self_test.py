"""Menu *Self-test*: what this Nuke makes of our blocks, held against what our own engine makes of them.

Nuke was not at hand when the blocks were written, so the engine stands for it in the tests. This is the other
half: on a real seat every case of ``self_test_data`` is built in a group of its own, ``nuke.sample`` reads a
grid of pixels, the difference goes into a report that can be sent. One undo step; the group is removed again,
and one case that fails never stops the others. Light; works on any Host that can sample.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from film_recovery import nk
from film_recovery._files import write_whole
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import Host, child
from film_recovery.plugin.self_test_cases import (
    CAT,
    DATA,
    GROUP,
    MODEL,
    OCIO,
    Case,
    Cases,
    Values,
    case_text,
    load_cases,
    load_expected,
)
from film_recovery.plugin.self_test_report import (
    ERROR,
    FAIL,
    NOT_COMPARED,
    PASS,
    CaseResult,
    Report,
    about_host,
    report_json,
    report_text,
)

FOLDER = "film_recovery_self_test"
_ROOT_KNOBS = ("colorManagement", "OCIO_config", "workingSpaceLUT")


def run(host: Host, folder: str | os.PathLike[str] = "", data: Path = DATA) -> Report:
    """Runs every case in ``host``, writes the report into ``folder`` and tells where it is; gives the report.

    ``folder``: made where it is missing; "" is ``film_recovery_self_test`` in the home folder, or the temporary
    folder where that cannot be written. ``data``: cases, plates and expected values. The script is afterwards as
    it was. Raises FilmRecoveryError when the cases cannot be read or the report cannot be written anywhere.
    """
    cases, expected = load_cases(data), load_expected(data)
    model = _model(data, folder)
    selection = host.selected()
    try:
        with host.undo("Film Recovery self-test"):
            group = host.create("Group", GROUP)
            try:
                results = tuple(
                    _run_case(host, group, case, cases, expected.get(case.id, {}), model)
                    for case in cases.cases
                )
            finally:
                host.delete(group)
    finally:
        host.select(selection)
    report = Report(about_host(host, _settings(host)), cases.claims, results)
    files = _written(report, folder)
    counts = report.counts()
    host.message(
        f"Self-test: {counts[PASS]} of {len(results)} cases are as expected, {counts[FAIL]} differ, "
        f"{counts[ERROR]} could not run, {counts[NOT_COMPARED]} were not compared.\n"
        f"The report, to look at or to send:\n{files[0]}\n{files[1]}"
    )
    return report


def _run_case(
    host: Host, group: str, case: Case, cases: Cases, expected: Mapping[int, Values], model: str
) -> CaseResult:
    """One case, whatever happens in it."""
    missing = _missing(host, case, model)
    if missing:
        return CaseResult(case.id, case.title, NOT_COMPARED, case.tolerance, case.settles, message=missing)
    made: tuple[str, ...] = ()
    # Nuke's own complaints are of many classes, and none of them may stop the next case.
    try:
        text = case_text(case, cases, model)
        names = [node.name for node in nk.parse(text).nodes]
        made = host.insert(text, group)
        paths = dict(zip(names, made))
        found = {
            frame: _sampled(host, _path(paths, name), case)
            for frame, name in zip(case.frames, case.sampled())
        }
        return compared(case, found, expected)
    except Exception as error:
        message = str(error) or type(error).__name__
        return CaseResult(case.id, case.title, ERROR, case.tolerance, case.settles, message=message)
    finally:
        _removed(host, made)


def _path(paths: Mapping[str, str], name: str) -> str:
    top, _, inner = name.partition(".")
    return child(paths[top], inner) if inner else paths[top]


def _sampled(host: Host, path: str, case: Case) -> Values:
    # A pixel's middle is at a half, where no rounding can move the sample into its neighbour.
    return {
        channel: [host.sample(path, channel, x + 0.5, y + 0.5) for x, y in case.points]
        for channel in case.channels
    }


def _removed(host: Host, paths: Sequence[str]) -> None:
    """Takes a case's nodes away, so that the next one has the same names. What stays goes with the group."""
    for path in reversed(paths):
        try:
            host.delete(path)
        except Exception:  # whatever Nuke says, the group that holds it is removed at the end
            return


def compared(case: Case, found: Mapping[int, Values], expected: Mapping[int, Values]) -> CaseResult:
    """``found`` against ``expected``: the largest difference, relative where more than 1 is expected.

    A value that is not a number is as expected only where one is expected; infinities must be equal.
    """
    largest, worst = 0.0, ""
    for frame in case.frames:
        for channel in case.channels:
            wanted = expected.get(frame, {}).get(channel, ())
            if len(wanted) != len(case.points):
                message = f"No expected values for frame {frame}, {channel}."
                return CaseResult(case.id, case.title, ERROR, case.tolerance, case.settles, message=message)
            for (x, y), have, want in zip(case.points, found[frame][channel], wanted):
                away = difference(have, want)
                if away > largest or (away and not worst):
                    largest = away
                    worst = f"frame {frame}, {channel}, x {x}, y {y}: {have:.7g} where {want:.7g} is expected"
    outcome = PASS if largest <= case.tolerance else FAIL
    message = worst if outcome == FAIL else ""
    return CaseResult(case.id, case.title, outcome, case.tolerance, case.settles, largest, message)


def difference(have: float, want: float) -> float:
    """How far ``have`` is from ``want``; infinite where one of them is no finite number and the other is."""
    if math.isnan(have) or math.isnan(want):
        return 0.0 if math.isnan(have) and math.isnan(want) else math.inf
    if have == want:
        return 0.0
    return abs(have - want) / max(1.0, abs(want)) if math.isfinite(want) else math.inf


def _missing(host: Host, case: Case, model: str) -> str:
    """Why the case cannot be compared here; "" if it can."""
    if CAT in case.needs and not model:
        return f"There is no {MODEL}.cat: docs/self-test.md tells how to make it from {MODEL}.pt."
    if OCIO in case.needs and _settings(host).get("colorManagement") != "OCIO":
        return "The script's colour management is not OCIO, so the roles of an ACES config do not exist."
    return ""


def _settings(host: Host) -> dict[str, str]:
    """The colour settings of the script, as saved: what explains a difference in colour."""
    found = {}
    for knob in _ROOT_KNOBS:
        try:
            found[knob] = nk.decode(host.knob("root", knob)) if host.has_knob("root", knob) else ""
        except Exception as error:  # a setting that cannot be read is told as such
            found[knob] = f"({error})"
    return found


def _model(data: Path, folder: str | os.PathLike[str]) -> str:
    places = [Path(folder) if folder else Path.home() / FOLDER, data]
    found = [place / f"{MODEL}.cat" for place in places if (place / f"{MODEL}.cat").is_file()]
    return found[0].as_posix() if found else ""


def _written(report: Report, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The report as text and as JSON, in the first folder that takes them."""
    places = [Path(folder)] if folder else [Path.home() / FOLDER, Path(tempfile.gettempdir()) / FOLDER]
    for place in places:
        files = (place / f"{report.name}.txt", place / f"{report.name}.json")
        try:
            place.mkdir(parents=True, exist_ok=True)
            write_whole(files[0], report_text(report))
            write_whole(files[1], report_json(report))
        except (FilmRecoveryError, OSError) as error:
            failure = error
        else:
            return files
    raise FilmRecoveryError(
        f"The report of the self-test cannot be written: {failure}",
        remedy="name a folder that can be written",
        file=str(places[-1]),
    )
