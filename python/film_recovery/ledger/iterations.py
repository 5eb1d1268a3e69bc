"""The iterations of a film: what was validated, with what figures, and which of them people accepted.

Read from the ledger alone. An iteration is a record of stage 5, of a run or of ``validate`` by hand, with the model and
the graph that its frames are of; further records of the same frames are the same iteration, as its newest says. It is
accepted when it came to its end with no check that fails and somebody signed its result, or when it was delivered; a
later look does not take that back. Light: standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from film_recovery.ledger.chain import Record

BY_HAND = "validate"  # the command that a record of stage 5 names which no run made
VALIDATION = 5
_MAKING = (3, 4)  # the stages that make other frames
_PREFIX = "validation."


@dataclass(frozen=True)
class HeldOutFigures:
    """The figures of the delivered frames on one held-out moment, by name. ``frame``: its Source frame."""

    frame: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Iteration:
    """``record``: its newest. ``by``: who accepted it; empty while nobody has."""

    record: Record
    by: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        return bool(self.by)

    @property
    def model(self) -> str:
        """SHA-256; empty where the ledger does not say."""
        return str(self.record.data.get("model") or "")

    @property
    def graph(self) -> str:
        """A digest of what made the frames of the Source; empty in an older ledger."""
        return str(self.record.data.get("graph") or "")

    @property
    def sequence(self) -> str:
        """The file pattern of the frames, without a folder; empty in an older ledger."""
        return str(self.record.data.get("sequence") or "")

    @property
    def frames(self) -> str:
        """Which were measured, as ``1-4,7``; empty in an older ledger."""
        return str(self.record.data.get("frames") or "")

    @property
    def held_out(self) -> str:
        """Those of them that have a Ground Truth; empty in an older ledger, and where there is none."""
        return str(self.record.data.get("held_out") or "")

    @property
    def each(self) -> Mapping[str, HeldOutFigures] | None:
        """What was found on each of them, by a digest of its Source and Reference; None in an older ledger."""
        given = self.record.data.get("held_out_each")
        if not isinstance(given, list):
            return None
        rows = [one for one in given if isinstance(one, Mapping) and one.get("content")]
        return {
            str(one["content"]): HeldOutFigures(str(one.get("frame", "")), _numbers(one.get("figures")))
            for one in rows
        }

    @property
    def masters(self) -> str:
        """The beginning of the SHA-256 over the list of frames that lay there; empty in an older ledger."""
        return str(self.record.data.get("masters") or "")

    @property
    def figures(self) -> Mapping[str, float]:
        """Of the delivered frames, on held-out ones, by name."""
        return _numbers(self.record.data.get("figures"))

    @property
    def criteria(self) -> Mapping[str, Any]:
        """Check of stage 5 → the value that it was found with."""
        return {str(one["id"]): one.get("value") for one in checks(self.record) if one.get("id")}

    def is_of(self, model: str, graph: str) -> bool:
        """Whether it is of that model, in that graph; an older ledger knows the model alone."""
        return self.model == model and (not self.graph or self.graph == graph)


@dataclass
class _Open:
    """An iteration while its records are read. ``sound``: one of its records was of a validation that came to its end
    with no check that fails: what a person then accepts is not taken back by a later look."""

    record: Record
    sound: bool = False
    signed: list[str] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def ended(self) -> None:
        self.sound = self.sound or not failing(self.record)

    def closed(self) -> Iteration:
        by = (*(self.signed if self.sound else ()), *self.delivered)
        return Iteration(self.record, tuple(dict.fromkeys(by)))


def iterations(records: tuple[Record, ...]) -> tuple[Iteration, ...]:
    """Every iteration in ``records``, in order. A signature or a delivery is of the masters that it names; a signature
    of an older ledger that follows a training or a render, of what comes of it, a delivery of the newest."""
    found: list[_Open] = []
    signed: dict[str, list[str]] = {}
    delivered: dict[str, list[str]] = {}
    ahead: list[str] | None = None  # who signed since then, before its validation
    for record in records:
        masters = record.data.get("masters")
        if record.kind == "stage" and record.data.get("stage") in _MAKING:
            ahead = []
        elif is_validation(record) and record.data.get("model"):
            if not (found and _same(found[-1].record, record)):
                found.append(_Open(record))
            last = found[-1]
            last.record = record
            if record.data.get("command") == BY_HAND and not record.data.get("unmeasured"):
                last.ended()
            last.signed += ahead or []
            ahead = None
        elif record.kind == "sign" and is_of_result(record):
            who = ahead if ahead is not None else found[-1].signed if found else []
            (who if masters is None else signed.setdefault(str(masters), [])).append(record.by)
        elif found and record.kind == "finished":
            found[-1].ended()
        elif record.kind == "delivered":
            to = found[-1].delivered if found else []
            (to if masters is None else delivered.setdefault(str(masters), [])).append(record.by)
    for one in found:
        of = str(one.record.data.get("masters"))
        one.signed += signed.get(of, [])
        one.delivered += delivered.get(of, [])
    return tuple(one.closed() for one in found)


def is_validation(record: Record) -> bool:
    """Whether it is a record of stage 5's work."""
    return record.kind == "stage" and record.data.get("stage") == VALIDATION


def is_of_result(record: Record) -> bool:
    """Whether a signature is about the whole of what was rendered: that of the short range is given before it is."""
    return str(record.data.get("check")).startswith(_PREFIX)


def checks(record: Record) -> list[Mapping[str, Any]]:
    """The outcomes that a record holds."""
    found = record.data.get("checks")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def failing(record: Record) -> list[str]:
    """The checks that fail, as a record has them."""
    return [str(one.get("id")) for one in checks(record) if one.get("outcome") == "fail"]


def _same(one: Record, other: Record) -> bool:
    """Of one model, graph and, where both say so, the same masters: more frames are another result."""
    masters = {record.data["masters"] for record in (one, other) if record.data.get("masters")}
    of_one = Iteration(one).is_of(str(other.data.get("model") or ""), str(other.data.get("graph") or ""))
    return of_one and len(masters) < 2


def _numbers(given: Any) -> dict[str, float]:
    found = given.items() if isinstance(given, Mapping) else ()
    return {str(name): float(value) for name, value in found if isinstance(value, (int, float))}
