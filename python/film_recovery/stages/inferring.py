"""Stage 4 at work: the short range first, then all frames.

``run`` does this in its turn, ``infer`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from film_recovery import ledger
from film_recovery.errors import UsageError
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.project import Project
from film_recovery.stages import joins, short_range
from film_recovery.stages.accepted_masters import refuse_accepted
from film_recovery.stages.done import last_work
from film_recovery.stages.frames import Made, make_frames
from film_recovery.stages.provenance import MASTERS, origin_of
from film_recovery.stages.survey import look_ahead
from film_recovery.stages.unmeasured import NO_REASON, Reasons
from film_recovery.stages.view import View

if TYPE_CHECKING:
    from film_recovery.stages.run import Listener

INFERENCE = 4


@dataclass(frozen=True)
class Asked:
    """How stage 4 is done. ``workers``: processes. ``skip``: why the full range is rendered without a look at the
    short one, noted each time that somebody says it; empty: it is looked at. ``by``: who asks. ``unmeasured``: why a
    run goes on without a measurement of what has to hold."""

    workers: int = 1
    skip: str = ""
    by: str = ""
    unmeasured: Reasons = NO_REASON


def infer(project: Project, listener: Listener, asked: Asked) -> dict[str, Any] | None:
    """Renders all frames, kept ones aside; what the ledger keeps, None when there was nothing to do.

    Before the short range is signed, renders that alone, notes it, and raises CheckFailed naming what to do next.
    """
    view = View(project)
    _unlock(view, listener, asked)
    made = rendered(view, view.wanted_frames, listener, asked.workers)
    look_ahead(view, listener.progress)
    joins.measure_ahead(View(project), listener.progress)  # another one: what is written is known only now
    if not made.rendered.written and last_work(project, INFERENCE):
        return None
    found = {"frames": format_frames(view.wanted_frames), "written": len(made.rendered.written)}
    return {**found, **({"values_outside": dict(made.outside)} if made.outside else {})}


def infer_short(project: Project, listener: Listener, asked: Asked) -> tuple[short_range.ShortRange, Made]:
    """Renders the short range, and notes it in the ledger."""
    view = View(project)
    chosen = short_range.short_range(view, listener.progress)
    made = rendered(view, chosen.frames, listener, asked.workers)
    if made.rendered.written or not ledger.read(project.folder).of_kind(short_range.RENDERED):
        data: dict[str, Any] = {
            "what": chosen.said,
            "frames": chosen.text,
            "written": len(made.rendered.written),
            "check": short_range.CHECK,
        }
        if chosen.moments:
            data["moments"] = {str(one.frame): one.reason for one in chosen.moments}
        if made.outside:
            data["values_outside"] = dict(made.outside)
        ledger.append(project.folder, short_range.RENDERED, data, asked.by)
    return chosen, made


def rendered(view: View, frames: Sequence[int], listener: Listener, workers: int) -> Made:
    """The frames of the project's Write. Raises as ``refuse_accepted`` and ``make_frames``."""

    def tell(done: int, total: int, frame: int, kept: bool, to_make: int) -> None:
        listener.progress("render", done, total, frame=frame, kept=kept, to_make=to_make)

    refuse_accepted(view, frames)
    return make_frames(
        view.paths.script,
        MASTERS,
        frames,
        header=origin_of(view).header(),
        workers=workers,
        progress=tell,
    )


def _unlock(view: View, listener: Listener, asked: Asked) -> None:
    if asked.workers < 1:
        raise UsageError(f"--workers {asked.workers}: none would render.", remedy="choose 1 or more")
    known = short_range.unlocked(view)
    if known == short_range.GONE_ON and asked.skip and not asked.unmeasured.of_chain:
        short_range.skip(view, asked.skip, asked.by)
    if known or short_range.complete(view, listener.progress):
        return
    chosen = short_range.short_range(view, listener.progress)
    if chosen.whole:
        return  # there is no more to be rendered than is to be looked at
    if asked.skip:
        short_range.skip(view, asked.skip, asked.by)
        return
    infer_short(view.project, listener, asked)
    raise short_range.locked(view, chosen, rendered=True)
