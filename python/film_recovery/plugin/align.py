"""FR_Align: the automatic branch.

How Nuke saves an F_Align node is not confirmed, so the block is delivered without one: the button makes it in the
running Nuke, between the fitted Reference and the placeholder. Whatever fails on the way is taken back, and the
manual and the solved branch go on working.
"""

from __future__ import annotations

from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import Host, HostError, NoSuchKnob, child
from film_recovery.plugin.pair_stack import check_block
from film_recovery.plugin.places import place_of

BLOCK = "FR_Align"
F_ALIGN = "OFXuk.co.thefoundry.furnace.f_align_v403"
NAME = "AutomaticAlign"
# One global solve: translate and rotate are on in a new node, these are not. Its region is the central 80 %.
_SOLVE = ("translate", "rotate", "scale", "perspective")


def add_automatic_branch(host: Host, path: str) -> str:
    """Puts F_Align into the automatic branch of the block at ``path``; gives its path. Twice does nothing more.

    Raises HostError where this Nuke has no F_Align (it is NukeX's) or does not take it; the block is then as it was.
    """
    check_block(host, path, BLOCK)
    placeholder, fitted, source = (child(path, name) for name in ("AutomaticBranch", "FitToSource", "Source"))
    inside = host.nodes(path)
    for node in (placeholder, fitted, source):
        if node not in inside:
            raise HostError(
                f"{path} has no node {node[len(path) + 1 :]} inside.",
                remedy=f"put in a new {BLOCK} and copy the knobs",
                node=path,
            )
    if child(path, NAME) in inside:
        return child(path, NAME)
    # The undo step takes back what was half done.
    try:
        with host.undo("Add automatic branch"):
            return _added(host, path, placeholder, fitted, source)
    except FilmRecoveryError as error:
        raise HostError(
            f"F_Align could not be added: {error.message}",
            remedy="F_Align is part of NukeX. The manual and the solved branch (mode 1 and 2) work without it",
            node=path,
            class_name=F_ALIGN,
        ) from error


def _added(host: Host, path: str, placeholder: str, fitted: str, source: str) -> str:
    x, y = place_of(host, fitted)
    at = {"xpos": str(x - 100), "ypos": str(y + 70)}
    node = host.create(F_ALIGN, NAME, path, at)
    missing = [knob for knob in _SOLVE if not _switched_on(host, node, knob)]
    host.connect(node, 0, fitted)  # Src: what is moved
    host.connect(node, 1, source)  # Ref: what it is moved onto
    host.connect(placeholder, 0, node)
    if missing:
        host.message(f"{node} was added. Switch on in its panel what this Nuke calls {', '.join(missing)}.")
    return node


def _switched_on(host: Host, node: str, knob: str) -> bool:
    """False where this release's F_Align has no knob of that name: it is then the operator's to find."""
    try:
        host.set_knob(node, knob, "true")
    except NoSuchKnob:
        return False
    return True
