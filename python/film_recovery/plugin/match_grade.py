"""FR_MatchGradeBaseline: reference frames from the block's knob onto MatchGrade, then its analysis."""

from __future__ import annotations

from film_recovery import nk
from film_recovery.errors import UsageError
from film_recovery.host.base import Host, HostError, child
from film_recovery.plugin.frames import parse_frames
from film_recovery.plugin.pair_stack import check_block

BLOCK = "FR_MatchGradeBaseline"
_INNER, _KEYS = "MatchGrade1", "sourceRefFrames"


def analyse(host: Host, path: str) -> None:
    """Keys the reference frames on MatchGrade and starts its analysis, which needs NukeX.

    Without Nuke the keys are set, which is all that ``film-recovery render`` needs, and HostError says so.
    """
    check_block(host, path, BLOCK)
    inner = child(path, _INNER)
    if inner not in host.nodes(path):
        raise HostError(f"{path} has no node {_INNER} inside.", remedy=f"put in a new {BLOCK}", node=path)
    frames = parse_frames(host.text(path, "frames"), path, "frames")
    if frames:
        # The form that Nuke saves: a key at each frame, with the frame as its value.
        word = nk.curve({frame: frame for frame in frames})
        if host.knob(inner, _KEYS) != word:
            with host.undo("Reference frames"):
                host.set_knob(inner, _KEYS, word)
    elif not _keyed(host.knob(inner, _KEYS)):
        raise UsageError(
            "No reference frames are given.",
            remedy="write the Source frames of the pairs",
            node=path,
            knob="frames",
        )
    host.press(inner, "analyzeRefFrames")


def _keyed(word: str) -> bool:
    parts = nk.components(nk.decode(word)) if word else ()
    return any(isinstance(part, nk.Curve) and part.keys for part in parts)
