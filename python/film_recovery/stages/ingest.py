"""Stage 0: whether both elements are what the training pairs need. Read-only, like everything about elements."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from film_recovery.checks import Check, Outcome, judged
from film_recovery.imaging.frame import ALPHA
from film_recovery.stages import walk
from film_recovery.stages.chain import scan_behind
from film_recovery.stages.domain import domain_of
from film_recovery.stages.measure import measures
from film_recovery.stages.reads import ELEMENTS, Reading, colour_set_up, spaces_of_scans
from film_recovery.stages.view import View

_ACES = re.compile(r"aces[-_ ]?v?(\d+\.\d+)", re.IGNORECASE)
_RECORDS = ("title", "gauge", "generation", "type", "quality", "holder", "provenance")


@measures("ingest.size_parity")
def size_parity(view: View, check: Check) -> Outcome:
    """Width and height in the headers of the frames that are looked at, and as the project declares them."""
    sizes, different = {}, {}
    for element in ELEMENTS:
        one = view.project.elements[element]
        sizes[element] = [one.width, one.height]
        for frame in view.frames(element):
            shape = view.header(element, frame).format
            if [shape.width, shape.height] != sizes[element]:
                different = {"frame": frame, "file": str(view.file(element, frame))}
                found = [shape.width, shape.height]
                reason = (
                    f"Frame {frame} of the {element.capitalize()} is {_x(found)}, not {_x(sizes[element])}."
                )
                return judged(check, False, found, reason, different)
    equal = sizes["source"] == sizes["reference"]
    word = "Both are" if equal else "The Source is"
    rest = "" if equal else f", the Reference {_x(sizes['reference'])}"
    return judged(check, equal, sizes, f"{word} {_x(sizes['source'])}{rest}.")


@measures("ingest.pixel_aspect")
def pixel_aspect(view: View, check: Check) -> Outcome:
    found = {
        element: sorted(
            {view.header(element, frame).format.pixel_aspect for frame in view.frames(element)}
            | {view.project.elements[element].pixel_aspect}
        )
        for element in ELEMENTS
    }
    values = [value for element in ELEMENTS for value in found[element]]
    ok = max(values) - min(values) <= check.tolerance["difference"]
    said = "; ".join(
        f"{element.capitalize()} {', '.join(f'{v:g}' for v in found[element])}" for element in ELEMENTS
    )
    return judged(check, ok, found, f"Pixel aspect: {said}.")


@measures("ingest.frame_rate")
def frame_rate(view: View, check: Check) -> Outcome:
    """The rates that the project declares, and those that the files carry."""
    found: dict[str, list[float]] = {}
    for element in ELEMENTS:
        rates = {float(view.project.elements[element].frame_rate)}
        for frame in view.frames(element):
            rate = view.header(element, frame).frame_rate
            rates |= {rate} if rate else set()
        found[element] = sorted(rates)
    values = [value for element in ELEMENTS for value in found[element]]
    ok = max(values) - min(values) <= check.tolerance["difference"]
    said = "; ".join(
        f"{element.capitalize()} {', '.join(f'{v:g}' for v in found[element])}" for element in ELEMENTS
    )
    return judged(check, ok, found, f"Frames per second: {said}.")


@measures("ingest.frame_range")
def frame_range(view: View, check: Check) -> Outcome:
    """Equal ranges, all files there. A Reference that need not be complete only has its pairs and hold-outs.

    A Source that is a master may be shorter than the Reference.
    """
    ranges = {
        element: [view.project.elements[element].first, view.project.elements[element].last]
        for element in ELEMENTS
    }
    complete = check.tolerance["reference_complete"]
    for element in ELEMENTS:
        view.need(element)
    missing: dict[str, list[int]] = {"source": _missing(view, "source")}
    if complete:
        missing["reference"] = _missing(view, "reference")
    else:
        present = set(view.sequence("reference").frames())
        missing["reference"] = [frame for frame in view.frames("reference") if frame not in present]
    value: dict[str, Any] = {**ranges, "missing": {name: len(frames) for name, frames in missing.items()}}
    for element in ELEMENTS:
        if missing[element]:
            frame = missing[element][0]
            reason = f"{len(missing[element])} frames of the {element.capitalize()} are missing, the first is {frame}."
            return judged(
                check, False, value, reason, {"frame": frame, "file": str(view.file(element, frame))}
            )
    source, reference = ("–".join(map(str, ranges[element])) for element in ELEMENTS)
    if view.project.source.master_of:  # of a master there may be less than of the scans
        (first, last), (least, most) = (ranges[element] for element in ELEMENTS)
        complete = complete and not least <= first <= last <= most
    if complete and source != reference:
        return judged(check, False, value, f"The Source has frames {source}, the Reference {reference}.")
    return judged(check, True, value, f"Frames {source}, none is missing.")


@measures("ingest.channels")
def channels(view: View, check: Check) -> Outcome:
    found = {element: _channels(view, element) for element in ELEMENTS}
    sets = {names for element in ELEMENTS for names in found[element]}
    said = "; ".join(f"{e.capitalize()} {' / '.join(', '.join(c) for c in found[e])}" for e in ELEMENTS)
    value = {element: [list(names) for names in found[element]] for element in ELEMENTS}
    return judged(check, len(sets) == 1, value, f"Channels: {said}.")


@measures("ingest.no_alpha")
def no_alpha(view: View, check: Check) -> Outcome:
    found = [
        (element, frame)
        for element in ELEMENTS
        for frame in view.frames(element)
        if ALPHA in view.header(element, frame).channels
    ]
    if not found:
        return judged(check, True, 0, "No frame has an alpha channel.")
    element, frame = found[0]
    reason = f"{len(found)} frames have an alpha channel, the first is frame {frame} of the {element.capitalize()}."
    return judged(check, False, len(found), reason, {"frame": frame, "file": str(view.file(element, frame))})


@measures("ingest.values_0_1")
def values_0_1(view: View, check: Check) -> Outcome:
    """Share of pixels with a channel outside 0–1 in the working space, as the Reads give them; the worst frame.

    A master of another step has a tolerance of its own, for masters are not clamped.
    """
    margin = check.tolerance["margin"]
    allowed = {
        element: check.tolerance["master_share" if view.project.elements[element].master_of else "share"]
        for element in ELEMENTS
    }
    worst: dict[str, Any] = {"share": -1.0}
    least, most = np.inf, -np.inf
    ok = True
    for reading in view.readings:
        for element, read in zip(ELEMENTS, reading.reads, strict=True):
            for frame in view.frames(element):
                rgb = reading.evaluator.frame(read.path, frame).rgb()
                least, most = min(least, float(rgb.min())), max(most, float(rgb.max()))
                share = float(np.mean(((rgb < -margin) | (rgb > 1 + margin)).any(axis=-1)))
                passes = share <= allowed[element]
                if (passes, -share) < (
                    ok,
                    -worst["share"],
                ):  # one that is not allowed goes before any that is
                    ok = passes
                    worst = {"share": share, "node": read.path, "frame": frame}
    value = {"share": worst["share"], "least": least, "most": most}
    reason = f"Values reach from {least:.4g} to {most:.4g}; "
    reason += (
        "no frame leaves 0–1."
        if ok and not worst["share"]
        else (
            f"{worst['share']:.2%} of the pixels lie outside 0–1 in frame {worst['frame']} of {worst['node']}."
        )
    )
    return judged(check, ok, value, reason, {"node": worst["node"], "frame": worst["frame"]})


@measures("ingest.same_transform")
def same_transform(view: View, check: Check) -> Outcome:
    """As the project says, and as the script does; a master by the scan behind it, whose values it carries."""
    for element in ELEMENTS:
        reader, _ = scan_behind(view.project, element)
        if colour_set_up(reader) != colour_set_up(view.project):
            reason = f"The {element.capitalize()} was recovered with another OCIO config or working space."
            return judged(check, False, list(colour_set_up(reader)), reason, {"file": "project.yaml"})
    for reading in view.readings:
        spaces = spaces_of_scans(view.project, reading)
        if spaces["source"] != spaces["reference"]:
            reason = f"The Source is read as {spaces['source']}, the Reference as {spaces['reference']}."
            return judged(check, False, spaces, reason, {"node": reading.reference.path})
    spaces = spaces_of_scans(view.project, view.own_reading)
    return judged(check, True, spaces, f"Both are read as {spaces['source']}{_said_of_masters(view)}.")


@measures("ingest.same_domain")
def same_domain(view: View, check: Check) -> Outcome:
    for reading in view.readings:
        domains = _domains(view, reading)
        if domains["source"] != domains["reference"]:
            reason = f"The Source is {domains['source']}, the Reference {domains['reference']}."
            return judged(check, False, domains, reason, {"node": reading.reference.path})
    domains = _domains(view, view.own_reading)
    return judged(check, True, domains, f"Both are {domains['source']}.")


@measures("ingest.training_domain")
def training_domain(view: View, check: Check) -> Outcome:
    wanted = check.tolerance["domain"]
    for reading in view.readings:
        domains = _domains(view, reading)
        other = [f"the {element.capitalize()} is {one}" for element, one in domains.items() if one != wanted]
        if other:
            return judged(check, False, domains, f"Not {wanted}-referred: {', '.join(other)}.")
    return judged(check, True, _domains(view, view.own_reading), f"Both are {wanted}-referred.")


@measures("ingest.authorisation")
def authorisation(view: View, check: Check) -> Outcome:
    given = {element: view.project.elements[element].authorisation.strip() for element in ELEMENTS}
    empty = [element.capitalize() for element, text in given.items() if not text]
    reason = "Both elements are authorised." if not empty else f"No authorisation for: {', '.join(empty)}."
    return judged(check, not empty, given, reason, {} if not empty else {"file": "project.yaml"})


@measures("ingest.records")
def records(view: View, check: Check) -> Outcome:
    missing = [
        f"{element}.{name}"
        for element in ELEMENTS
        for name in _RECORDS
        if not str(getattr(view.project.elements[element], name)).strip()
    ]
    reason = (
        "Both elements are described."
        if not missing
        else f"{len(missing)} entries are empty: {', '.join(missing)}."
    )
    return judged(check, not missing, missing, reason, {} if not missing else {"file": "project.yaml"})


@measures("ingest.aces_version")
def aces_version(view: View, check: Check) -> Outcome:
    name = view.readings[-1].evaluator.root.config.name
    match = _ACES.search(name)
    version = match[1] if match else "unknown"
    ok = version in check.tolerance["versions"].split()
    return judged(check, ok, version, f"The OCIO config {name} is of ACES {version}.")


@measures("ingest.working_space")
def working_space(view: View, check: Check) -> Outcome:
    root = view.readings[-1].evaluator.root
    found = root.config.resolve(root.working_space)
    ok = found == root.config.resolve(check.tolerance["space"])
    return judged(check, ok, found, f"The working space is {found}.", {} if ok else {"node": "Root"})


@measures("ingest.no_retimes")
def no_retimes(view: View, check: Check) -> Outcome:
    """On the way to CopyCat, and on the way to the Write."""
    ev = view.evaluator
    nodes = [
        *walk.upstream(ev, view.copycat, view.numbers),
        *walk.upstream(ev, view.write, view.wanted_frames[:1]),
    ]
    found = [place.path for place in dict.fromkeys(walk.of_class(nodes, check.tolerance["classes"]))]
    reason = "No node retimes." if not found else f"{len(found)} nodes retime: {', '.join(found)}."
    return judged(check, not found, found, reason, {"node": found[0]} if found else {})


def _x(size: list[int]) -> str:
    return "×".join(map(str, size))


def _channels(view: View, element: str) -> list[tuple[str, ...]]:
    return sorted({tuple(sorted(view.header(element, frame).channels)) for frame in view.frames(element)})


def _missing(view: View, element: str) -> list[int]:
    """Frames that are not on disk; of a master (which the caller has seen to be there), none."""
    return [] if view.project.elements[element].master_of else view.sequence(element).missing()


def _said_of_masters(view: View) -> str:
    masters = [name.capitalize() for name in ELEMENTS if view.project.elements[name].master_of]
    return (
        f" (the {' and the '.join(masters)}, a master: by the scan that it was recovered from)"
        if masters
        else ""
    )


def _domains(view: View, reading: Reading) -> dict[str, str]:
    config = reading.evaluator.root.config
    return {
        element: space if space in ("raw", "default") else domain_of(config, space)
        for element, space in spaces_of_scans(view.project, reading).items()
    }
