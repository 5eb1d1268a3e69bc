"""The node that lets NukeX write the same header: a ModifyMetaData to put before the Write of the masters.

Its words stand in text knobs of its own, which the list of metadata only names, so that nothing that somebody typed is
ever part of an expression. Our engine evaluates it like NukeX: what it says comes before what ``rendering`` is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from film_recovery import nk
from film_recovery.provenance.origin import HEADER

NAME = "Provenance"
# What the Write's knob *metadata* has to be, for it to write what stands under exr/.
WRITES = "default metadata and exr/*"


def metadata_node(header: Mapping[str, str]) -> str:
    """The node as script text. ``header``: attribute of ``HEADER`` → text; empty knobs for the others, such as the day
    of processing, which is the render's. A Source's own chromaticities go: the masters are AP0."""
    lines = ["ModifyMetaData {\n", " metadata {\n", '  {remove exr/chromaticities ""}\n']
    lines += [f'  {{set exr/{key} "\\[value {key}]"}}\n' for key in HEADER]
    lines += [" }\n", f" name {NAME}\n", " addUserKnob {20 provenance l Provenance}\n"]
    for key in HEADER:
        lines += [f" addUserKnob {{1 {key} l {key}}}\n", f" {key} {nk.quote(header.get(key, ''))}\n"]
    return "".join([*lines, "}\n"])
