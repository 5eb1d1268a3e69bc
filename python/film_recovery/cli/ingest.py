"""``ingest``: stage 0 for a project or for two sequences: every header, values, cadence, and what differs.

Each finding is told as a check is; the result has all of them. Nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from film_recovery.cli.curate_task import refuse_spaces
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.footage import headers, matrix, movement, repeats, retimes, values
from film_recovery.footage.clip import Clip
from film_recovery.footage.finding import Finding
from film_recovery.footage.runs import spread, spread_runs, step_of
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.imaging.sequence import Sequence as FileSequence
from film_recovery.project.model import Project

_RUN = 60  # consecutive ones, where there are more
_MATCHED = 8  # frames that the matrix is told by


@dataclass(frozen=True)
class Given:
    """One element: its files, the frames that are wanted (None: all on disk), and how it is read."""

    name: str
    pattern: str
    frames: tuple[int, ...] | None = None
    space: str = ""
    config: ColourConfig | None = None
    pixel_aspect: float = 0.0


@dataclass
class Looked:
    """What is known of one element. ``runs``: of consecutive frames."""

    given: Given
    survey: headers.Survey
    clip: Clip
    runs: list[list[movement.Step]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def ingest(
    report: Report,
    project: Path | None,
    source: str | None,
    reference: str | None,
    frames: str | None = None,
    most: int | None = None,
    source_space: str = "",
    reference_space: str = "",
) -> int:
    """Looks at both elements and tells what is found. ``frames``: such as ``1001-1100``, of both elements. ``most``:
    how many of each are decoded, in runs; None for every one. All headers are read in any case. ``source_space``,
    ``reference_space``: of two sequences, what their files are in; empty: encoded as they are.

    Raises UsageError for neither a project nor two sequences, and for a project with spaces, which it says itself;
    FilmRecoveryError for a space that is not in the config; EXIT_CHECK_FAILED where anything fails.
    """
    if most is not None and most < 1:
        raise UsageError(f"--most {most}: no frame would be looked at.", remedy="choose 1 or more")
    numbers = None if frames is None else tuple(parse_frames(frames))
    loaded = None
    if source is not None or reference is not None:
        if project is not None or source is None or reference is None:
            raise UsageError(
                "ingest takes a project, or two sequences.",
                remedy="give a project, or --source and --reference",
            )
        given = [
            _of_files("Source", source, numbers, source_space),
            _of_files("Reference", reference, numbers, reference_space),
        ]
        skipped: list[Finding] = []
    else:
        refuse_spaces(source_space, reference_space)
        loaded, given, skipped = _of_project(project or Path("."), numbers)
    elements = [_looked(report, one, most) for one in given]
    findings = [*skipped, *(finding for one in elements for finding in one.findings)]
    if len(elements) == 2:
        findings += _between(elements[0], elements[1])
    for finding in findings:
        _tell(report, finding)
    checks = _checks(report, loaded) if loaded is not None else []
    _result(report, elements, findings, checks)
    failed = any(finding.severity == "fail" for finding in findings)
    failed = failed or any(one["outcome"] == "fail" for one in checks)
    return EXIT_CHECK_FAILED if failed else EXIT_DONE


def _of_files(name: str, pattern: str, numbers: tuple[int, ...] | None, space: str) -> Given:
    """An element without a project; ``space`` is of ``$OCIO``'s config."""
    if not space:
        return Given(name, pattern, numbers)
    config = ColourConfig.load()
    config.resolve(space)
    return Given(name, pattern, numbers, space, config)


def _of_project(folder: Path, numbers: tuple[int, ...] | None) -> tuple[Project, list[Given], list[Finding]]:
    """The project, its elements as it declares them, and those that wait for another project to render them."""
    from film_recovery import project
    from film_recovery.stages.clips import space_of
    from film_recovery.stages.reads import ELEMENTS
    from film_recovery.stages.view import NotYet, View

    loaded = project.load(folder)
    view = View(loaded)
    config = view.own_reading.evaluator.root.config
    given, skipped = [], []
    for element in ELEMENTS:
        name, one = element.capitalize(), loaded.elements[element]
        try:
            view.need(element)
        except NotYet as reason:
            skipped.append(Finding("headers.pending", name, "info", None, f"not yet: {reason}"))
            continue
        wanted = numbers
        if wanted is None and not (one.master_of or view.sequence(element).is_still):
            complete = view.check("ingest.frame_range").tolerance["reference_complete"]
            if element == "source" or complete:
                wanted = tuple(range(one.first, one.last + 1))
        try:
            space = space_of(config, one.colourspace)
        except FilmRecoveryError as error:  # the checks of the project name it too
            space = ""
            remedy = (error.remedy,) if error.remedy else ()
            skipped.append(Finding("colour.space", name, "fail", one.colourspace, error.message, remedy))
        given.append(Given(name, loaded.file_of(element), wanted, space, config, one.pixel_aspect))
    return loaded, given, skipped


def _looked(report: Report, given: Given, most: int | None) -> Looked:
    name = given.name

    def headers_read(done: int, total: int) -> None:
        report.progress(f"headers of the {name}", done, total)

    survey = headers.survey(name, given.pattern, given.frames, headers_read)
    sequence = FileSequence.parse(given.pattern)
    clip = Clip(name, sequence, survey.frames, given.space, given.config, given.pixel_aspect)
    looked = Looked(given, survey, clip, findings=headers.header_findings(survey))
    if not survey.frames:
        return looked
    count = len(survey.frames)
    runs = spread_runs(survey.frames, count if most is None else most, _RUN)
    total = sum(map(len, runs))
    found: dict[int, values.Values] = {}

    def picture(number: int) -> Pixels:
        stored = clip.stored(number)
        found[number] = values.values_in(number, stored, str(sequence.path(number)))
        return clip.picture_of(number, stored)

    broken: list[FilmRecoveryError] = []
    tell = partial(report.progress, f"frames of the {name}", total=total)
    looked.runs = movement.steps(clip, runs, tell, broken, picture)
    if found:
        looked.findings += values.value_findings(name, [found[number] for number in sorted(found)], count)
    looked.findings += [*_broken(name, broken), *repeats.repeats(name, looked.runs, count)]
    return looked


def _broken(element: str, errors: Sequence[FilmRecoveryError]) -> list[Finding]:
    """``values.unreadable``: one for each frame that cannot be judged. Value: the error as plain data."""
    once = {str(error.where.get("frame")) + error.message: error for error in errors}
    return [
        Finding(
            "values.unreadable", element, "fail", one.as_dict(), str(one), (one.remedy,) if one.remedy else ()
        )
        for one in once.values()
    ]


def _between(source: Looked, reference: Looked) -> list[Finding]:
    """What the two say of each other: headers, rate, and the matrix on frames that match."""
    found = headers.between(source.survey, reference.survey)
    longest = [max(one.runs, key=len, default=[]) for one in (source, reference)]
    retime = retimes.retime(longest[0], longest[1])
    found.append(retimes.retime_finding(retime))
    if retime is None or retime.rate != 1 or retime.correlation < retimes.ALIKE:
        # Frames of different moments say nothing of the matrix.
        found.append(matrix.matrix_finding(matrix.mixture(())))
        return found
    own, other = (step_of([step.frame for step in run]) for run in longest)
    others = {step.frame for run in reference.runs for step in run}
    alike = []
    for frame in (step.frame for run in source.runs for step in run):
        away = (frame - longest[0][0].frame) // own + round(retime.shift)
        if (match := longest[1][0].frame + away * other) in others:
            alike.append((frame, match))
    matched = spread(alike, _MATCHED)
    pairs = ((source.clip.picture(frame), reference.clip.picture(match)) for frame, match in matched)
    found.append(matrix.matrix_finding(matrix.mixture(pairs)))
    return found


def _tell(report: Report, finding: Finding) -> None:
    report.check(
        finding.id,
        finding.severity,
        reason=finding.reason,
        value=finding.value,
        remedy="; ".join(finding.remedy),
        element=finding.element,
    )


def _checks(report: Report, loaded: Project) -> list[dict[str, Any]]:
    """The checks of stage 0, measured or signed, as the project has them. Nothing is recorded."""
    from film_recovery.cli.project import show
    from film_recovery.stages.checking import check

    outcomes = [outcome for one in check(loaded, 0) for outcome in one.outcomes]
    for outcome in outcomes:
        show(report, outcome)
    return [outcome.as_dict() for outcome in outcomes]


def _result(
    report: Report, elements: Sequence[Looked], findings: Sequence[Finding], checks: Sequence[dict[str, Any]]
) -> None:
    counts = {
        word: sum(one.severity == word for one in findings) for word in ("fail", "warn", "info", "pass")
    }
    looked = {one.given.name: sum(map(len, one.runs)) for one in elements}
    if report.as_json:
        report.result(
            {
                "elements": {one.given.name: one.survey.as_dict() for one in elements},
                "frames_looked_at": looked,
                "counts": counts,
                "findings": [one.as_dict() for one in findings],
                "checks": list(checks),
            }
        )
        return
    rows: dict[str, Any] = {
        one.given.name: f"{len(one.survey.frames)} headers, {looked[one.given.name]} frames looked at"
        for one in elements
    }
    rows["findings"] = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    report.result(rows, "ingest")
