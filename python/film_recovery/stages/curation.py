"""Stage 1: pairs, hold-outs, and the two stacks of FrameHolds that bring them to the network."""

from __future__ import annotations

from film_recovery.checks import Check, Outcome, judged
from film_recovery.curation import table
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.stages import walk
from film_recovery.stages.measure import measures
from film_recovery.stages.reads import ELEMENTS
from film_recovery.stages.view import NotYet, View


@measures("curation.pair_count")
def pair_count(view: View, check: Check) -> Outcome:
    """Fewer than the scope wants is a miss, more is worth a remark."""
    scope, count = view.project.scope, len(view.project.pairs)
    least, most = (check.tolerance[f"{scope}_{end}"] for end in ("least", "most"))
    reason = f"{count} pairs for a {scope}, where {least} to {most} are usual."
    if count > most:
        return Outcome(check.id, "info", count, check.tolerance, reason)
    return judged(check, count >= least, count, reason)


@measures("curation.pair_frames")
def pair_frames(view: View, check: Check) -> Outcome:
    _need_pairs(view)
    for element in ELEMENTS:
        one = view.project.elements[element]
        view.need(element)
        present = set(view.sequence(element).frames())
        for pair in (*view.project.pairs, *view.project.hold_out):
            frame = getattr(pair, element)
            if frame not in present:
                reason = f"Frame {frame} of the {element.capitalize()} is not among its frames {one.first}–{one.last}."
                show = {"frame": frame, "file": str(view.file(element, frame))}
                return judged(check, False, {"element": element, "frame": frame}, reason, show)
    count = len(view.project.pairs) + len(view.project.hold_out)
    return judged(check, True, count, f"All {count} pairs and hold-outs lie within both elements.")


@measures("curation.hold_out")
def hold_out(view: View, check: Check) -> Outcome:
    """By frame number, and by the pixels of the files: a frame that was copied under another number is the same."""
    pairs, held = view.project.pairs, view.project.hold_out
    if not held:
        raise NotYet("no hold-out is chosen")
    for element in ELEMENTS:
        trained = {getattr(pair, element) for pair in pairs}
        for pair in held:
            frame = getattr(pair, element)
            if frame in trained:
                reason = f"Frame {frame} of the {element.capitalize()} is a hold-out and in training."
                return judged(check, False, {"element": element, "frame": frame}, reason, {"frame": frame})
    for element in ELEMENTS:
        by_content = {
            _content(view, element, getattr(pair, element)): getattr(pair, element) for pair in pairs
        }
        for pair in held:
            frame = getattr(pair, element)
            same = by_content.get(_content(view, element, frame))
            if same is not None:
                name = element.capitalize()
                reason = f"Hold-out {frame} of the {name} has the same pixels as frame {same} in training."
                value = {"element": element, "frame": frame, "same_as": same}
                return judged(
                    check, False, value, reason, {"frame": frame, "file": str(view.file(element, frame))}
                )
    frames = format_frames(sorted(pair.source for pair in held))
    return judged(check, True, len(held), f"Hold-out {frames} is not in training, by number and by content.")


@measures("curation.hold_out_chosen")
def hold_out_chosen(view: View, check: Check) -> Outcome:
    count = len(view.project.hold_out)
    return judged(check, count >= check.tolerance["least"], count, f"Hold-outs chosen: {count}.")


@measures("curation.rationale")
def rationale(view: View, check: Check) -> Outcome:
    _need_pairs(view)
    without = [pair.source for pair in view.project.pairs if not pair.reason.strip()]
    if not without:
        return judged(check, True, 0, "Every pair has its reason.")
    frames = format_frames(sorted(without))
    reason = f"{len(without)} of {len(view.project.pairs)} pairs have no reason: frames {frames}."
    return judged(check, False, len(without), reason, {"frame": without[0], "file": "project.yaml"})


@measures("curation.spread")
def spread(view: View, check: Check) -> Outcome:
    """The Source's range in equal parts: how many of them hold a pair."""
    _need_pairs(view)
    one, parts = view.project.source, check.tolerance["parts"]
    length = one.last - one.first + 1
    filled = {int((pair.source - one.first) * parts / length) for pair in view.project.pairs}
    count = len(filled & set(range(parts)))
    return judged(check, count >= parts, count, f"{count} of {parts} equal parts of the range hold a pair.")


@measures("curation.stack_order")
def stack_order(view: View, check: Check) -> Outcome:
    """The frames of the FrameHolds behind both stacks, pair by pair, against the project's pairs."""
    ev = view.evaluator
    source, reference = (walk.held_frames(ev, pipe) for pipe in (view.source_pipe, view.reference_pipe))
    value = {"source": source, "reference": reference}
    show = {"node": view.reference_pipe.path}
    if len(source) != len(reference):
        reason = f"The Source's stack holds {len(source)} frames, the Reference's {len(reference)}."
        return judged(check, False, value, reason, show)
    wanted = {(pair.source, pair.reference) for pair in view.project.pairs}
    for number, stacked in enumerate(zip(source, reference, strict=True), 1):
        if stacked not in wanted:
            reason = f"Pair {number} of the stacks is {stacked[0]} and {stacked[1]}, which is no pair of the project."
            return judged(check, False, value, reason, {**show, "frame": number})
    lacking = sorted(wanted - set(zip(source, reference, strict=True)))
    if lacking:
        first = " and ".join(map(str, lacking[0]))
        reason = f"The stacks lack {len(lacking)} pairs of the project, the first is {first}."
        return judged(check, False, value, reason, show)
    return judged(check, True, value, f"Both stacks hold the same {len(source)} pairs in the same order.")


@measures("curation.script_current")
def script_current(view: View, check: Check) -> Outcome:
    """The script's Reads and colour set-up against the project's."""
    said, found = view.own_reading.described(), view.script_reading.described()
    different = [name for name in said if said[name] != found[name]]
    if not different:
        return judged(check, True, [], "The script reads both elements as the project says.")
    name = different[0]
    reason = (
        f"The script differs in {', '.join(different)}: {name} is {found[name]}, in the project {said[name]}."
    )
    reads = view.script_reading
    node = reads.reference if name.startswith("reference") else reads.source
    return judged(check, False, different, reason, {"node": node.path})


def _need_pairs(view: View) -> None:
    if not view.project.pairs:
        raise NotYet("no pairs are chosen")


def _content(view: View, element: str, frame: int) -> str:
    """SHA-256 of the picture: channels, box and values, whatever the file around them is."""
    return table.content(view.sequence(element).pattern, frame)
