"""Stage 0: what stands in the headers and in the frames of both elements, on a few of them.

``footage`` measures; here its figures meet tolerances. Each check looks at a bounded number of frames, for checks are
measured often; the command ``ingest`` looks at all. Read-only, like everything about elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from film_recovery.checks import Check, Outcome, judged
from film_recovery.footage import cadence, headers, movement, repeats, values
from film_recovery.footage.finding import named
from film_recovery.footage.runs import consecutive, spread, spread_runs
from film_recovery.stages.clips import clip_of
from film_recovery.stages.measure import measures
from film_recovery.stages.reads import ELEMENTS
from film_recovery.stages.view import View

# What was measured for one View, by element and number of frames: several checks judge the same frames.
_STEPS: WeakKeyDictionary[View, dict[tuple[str, int], list[list[movement.Step]]]] = WeakKeyDictionary()
_VALUES: WeakKeyDictionary[View, dict[tuple[str, int], list[values.Values]]] = WeakKeyDictionary()


@measures("ingest.steady_headers")
def steady_headers(view: View, check: Check) -> Outcome:
    """Size, pixel aspect, channels and orientation along each element; what else changes is said, and does not fail."""
    value: dict[str, object] = {}
    said, beside = [], []
    for element in ELEMENTS:
        clip = clip_of(view, element)
        frames = spread(clip.frames, check.tolerance["frames"])
        if not frames:
            continue
        found = headers.survey(element.capitalize(), clip.sequence.pattern, frames)
        for finding in headers.header_findings(found):
            if finding.severity == "fail":
                where = {"file": clip.sequence.pattern}
                return judged(check, False, {element: finding.value}, finding.reason, where)
            if finding.id == "headers.changes" and finding.severity == "warn":
                beside.append(finding.reason)
        said.append(f"{len(found.frames)} headers of the {found.element}")
        value[element] = len(found.frames)
    reason = f"{' and '.join(said) or 'No headers'} have one size, pixel aspect and set of channels."
    return judged(check, True, value, " ".join([reason, *beside]))


@measures("ingest.finite_values")
def finite_values(view: View, check: Check) -> Outcome:
    """NaN and infinity in the files; value: how many frames were looked at, or by frame how many values."""
    looked = 0
    for element, found in _values(view, check.tolerance["frames"]):
        looked += len(found)
        bad = {one.frame: one.not_finite for one in found if one.not_finite}
        if bad:
            frame = min(bad)
            reason = f"{sum(bad.values())} values of the {element.capitalize()} are NaN or infinite, in {named(bad)}."
            show = {"frame": frame, "file": str(view.file(element, frame))}
            return judged(check, False, {str(key): count for key, count in bad.items()}, reason, show)
    return judged(check, True, looked, f"All values of the {looked} frames that were looked at are finite.")


@measures("ingest.levels")
def full_range(view: View, check: Check) -> Outcome:
    """Where luma ends in the files, and how sure it is that this is the range of video."""
    value, said = {}, []
    suspect = ""
    for element, found in _values(view, check.tolerance["frames"]):
        range_ = values.levels(found)
        if range_ is None:
            continue
        value[element] = {"low": range_.low, "high": range_.high, "confidence": range_.confidence}
        codes = f"{range_.low * 255:.0f}–{range_.high * 255:.0f}"
        said.append(f"{element.capitalize()} {codes}")
        if range_.confidence >= check.tolerance["confidence"]:
            suspect = (
                suspect
                or f"The {element.capitalize()} seems to hold the range of video (16–235) as if it were full"
            )
    reason = f"Luma, of 255: {'; '.join(said)}."
    return judged(check, not suspect, value, f"{suspect}. {reason}" if suspect else reason)


@measures("ingest.no_repeats")
def no_repeats(view: View, check: Check) -> Outcome:
    """Frames that equal the one before, or an earlier one; those of a cadence are its matter."""
    value: dict[str, int] = {}
    for element in ELEMENTS:
        runs = _steps(view, element, check.tolerance["frames"])
        found = [one for one in repeats.equal_frames(runs) if not one.of_cadence]
        value[element] = len(found)
        if len(found) > check.tolerance["repeated"]:
            frames = [one.frame for one in found]
            reason = (
                f"In the {element.capitalize()} {named(frames)} equal {named(one.equals for one in found)}."
            )
            show = {"frame": frames[0], "file": str(view.file(element, frames[0]))}
            return judged(check, False, {element: frames}, reason, show)
    return judged(check, True, value, "No frame that was looked at equals another.")


@measures("ingest.cadence")
def no_cadence(view: View, check: Check) -> Outcome:
    """A rhythm among the frames that are looked at, of at least the confidence."""
    value: dict[str, object] = {}
    said = []
    for element in ELEMENTS:
        runs = _steps(view, element, check.tolerance["frames"])
        found = [one for run in runs for one in cadence.cadences(run)]
        sure = [one for one in found if one.confidence >= check.tolerance["confidence"]]
        if sure:
            reason = f"The {element.capitalize()} has {sure[0].name}, confidence {sure[0].confidence:.2f}."
            frame = {"frame": sure[0].first, "file": str(view.file(element, sure[0].first))}
            return judged(check, False, {element: sure[0].as_dict()}, reason, frame)
        told = sum(cadence.measurable(run) for run in runs)
        value[element] = told
        said.append(f"{told} of the {element.capitalize()}")
    return judged(check, True, value, f"No cadence; it would have shown in {' and '.join(said)} frames.")


@measures("ingest.interlace")
def progressive(view: View, check: Check) -> Outcome:
    """Frames whose rows are of two moments."""
    value: dict[str, int] = {}
    for element in ELEMENTS:
        runs = _steps(view, element, check.tolerance["frames"])
        found = [frame for run in runs for frame in cadence.combed_frames(run)]
        value[element] = len(found)
        if len(found) > check.tolerance["combed"]:
            reason = (
                f"In the {element.capitalize()} {named(found)} are combed: their rows are of two moments."
            )
            show = {"frame": found[0], "file": str(view.file(element, found[0]))}
            return judged(check, False, {element: found}, reason, show)
    return judged(check, True, value, "No frame that was looked at is combed.")


def _values(view: View, most: int) -> Iterator[tuple[str, list[values.Values]]]:
    """Each element with the figures of its ends, pairs and hold-outs: ``most`` of them, spread."""
    kept = _VALUES.setdefault(view, {})
    for element in ELEMENTS:
        if (element, most) not in kept:
            kept[element, most] = values.values(view.sequence(element), spread(view.frames(element), most))
        if kept[element, most]:
            yield element, kept[element, most]


def _steps(view: View, element: str, count: int) -> list[list[movement.Step]]:
    """The figures of ``count`` consecutive frames in the middle of an element, or of its longest run without gaps."""
    kept = _STEPS.setdefault(view, {})
    if (element, count) not in kept:
        clip = clip_of(view, element)
        longest = max(consecutive(clip.frames), key=len, default=[])
        runs = [] if clip.sequence.is_still else spread_runs(longest, count, count)
        kept[element, count] = movement.steps(clip, runs)
    return kept[element, count]
