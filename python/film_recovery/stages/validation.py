"""Stage 5: the proof, on the frames as they lie on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from film_recovery.analysis.identity import identity
from film_recovery.checks import Check, Outcome, judged
from film_recovery.delivery.note import said_by_operator
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.reading import read_header
from film_recovery.imaging.writing import AP0_CHROMATICITIES
from film_recovery.rendering.record import Record, sha256
from film_recovery.stages.done import digest
from film_recovery.stages.masters import written
from film_recovery.stages.measure import measures
from film_recovery.stages.remembered import remembered
from film_recovery.stages.view import View


@measures("validation.identity")
def locked_channels(view: View, check: Check) -> Outcome:
    """Every written frame back in the working space, its locked channels against the Source, in the live area."""
    word = "chroma" if view.kind == "spatial" else "luma"
    worst, at = -1.0, 0
    for frame in view.written:
        difference = _apart(view, frame)
        if not difference <= worst:
            worst, at = difference, frame
    limit = check.tolerance["difference"]
    reason = (
        f"The largest {word} difference to the Source in {len(view.written)} written frames is {worst:.3g} "
        f"(frame {at}); {limit:g} is allowed."
    )
    show: dict[str, Any] = {"frame": at, "file": str(view.output.sequence.path(at)), "node": view.write.path}
    return judged(check, worst <= limit, worst, reason, show)


def _apart(view: View, frame: int) -> float:
    """The largest difference of what the recipe locks, as it was found before of the same files, or now."""
    area = view.live_area(frame)

    def make() -> dict[str, Any]:
        source = view.evaluator.frame(view.read_of(view.inference).path, frame).rgb(area)
        found = identity(written(view, frame, area), source)
        return {"difference": found.chroma_max if view.kind == "spatial" else found.luma_max}

    reading = digest(view.script_reading.described())
    about = [view.kind, str(area), view.output.holds, reading, *map(sha256, view.files_of(frame))]
    return float(remembered(view.project, "identity", (), about, make)["difference"])


@measures("validation.frames_written")
def frames_written(view: View, check: Check) -> Outcome:
    """Every wanted frame is there, and its header can be read."""
    written, wanted = view.written, view.wanted_frames
    for frame in written:
        read_header(view.output.sequence.path(frame))
    missing = sorted(set(wanted) - set(written))
    value = {"written": len(written), "wanted": len(wanted)}
    reason = f"{len(written)} of {len(wanted)} frames are written"
    reason += f"; missing: {format_frames(missing)}." if missing else "."
    show = {"frame": missing[0], "file": str(view.output.sequence.path(missing[0]))} if missing else {}
    return judged(check, not missing, value, reason, show)


@measures("validation.frames_format")
def frames_format(view: View, check: Check) -> Outcome:
    """Data type and primaries in the header of every written frame."""
    wanted, limit = check.tolerance["datatype"], check.tolerance["primaries"]
    for frame in view.written:
        path = view.output.sequence.path(frame)
        header = read_header(path)
        primaries = header.metadata.get("chromaticities")
        off = 1.0
        if isinstance(primaries, tuple) and len(primaries) == len(AP0_CHROMATICITIES):
            off = max(abs(a - b) for a, b in zip(primaries, AP0_CHROMATICITIES, strict=True))
        if header.bit_depth != wanted or off > limit:
            problem = (
                f"is {header.bit_depth}, not {wanted}"
                if header.bit_depth != wanted
                else "does not name the AP0 primaries"
            )
            value = {"frame": frame, "datatype": header.bit_depth, "primaries": primaries}
            show = {"frame": frame, "file": str(path), "node": view.write.path}
            outcome = judged(check, False, value, f"Frame {frame} {problem}.", show)
            foreign = header.bit_depth == wanted and not _is_ours(view, path)
            return _of_another_program(view, outcome) if foreign else outcome
    count = len(view.written)
    return judged(check, True, count, f"All {count} written frames are {wanted} and name the AP0 primaries.")


def _is_ours(view: View, path: Path) -> bool:
    """Whether our engine wrote this file as it is."""
    return Record(view.output.folder).knows(path.name, sha256(path))


def _of_another_program(view: View, outcome: Outcome) -> Outcome:
    """What to do about primaries that another program left out: no setting of its Write need help."""
    script = view.paths.script.relative_to(view.project.folder).as_posix()
    render = f"film-recovery render {script} {view.write.path}"
    reason = (
        f"{outcome.reason} Another program wrote or changed it; Nuke's Write may leave the primaries out."
    )
    remedy = f"move the frames away and render with the open engine, which writes them: {render} --frames A-B"
    return replace(outcome, reason=reason, remedy=(remedy, *outcome.remedy))


@measures("validation.note_written")
def note_written(view: View, check: Check) -> Outcome:
    """Whether the note holds words of the operator's; what was measured is written with every report."""
    file = view.paths.validation / check.tolerance["file"]
    said = len(said_by_operator(file).split())
    if said:
        reason = f"{file.name} holds {said} word{'s' * (said > 1)} of the operator’s."
    elif file.is_file():
        reason = f"{file.name} has what was measured, and no word of the operator’s; headings and comments are none."
    else:
        reason = f"{file.name} is missing."
    return judged(check, said > 0, said, reason, {"file": str(file)})
