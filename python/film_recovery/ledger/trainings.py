"""The trainings of a film as a row each: what was tried, with what, why, what came out, who decided.

Read from the ledger alone. A training is a record of stage 3; what follows it, up to the next one, says what came of
it: the checks of the later stages, the signatures that people gave, a delivery. Light: standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from film_recovery.ledger.chain import Record
from film_recovery.ledger.iterations import BY_HAND, failing, is_of_result, iterations

_CURATION, _TRAINING, _VALIDATION = 1, 3, 5
_FRESH = "none"


@dataclass(frozen=True)
class Training:
    """One training. ``pairs``: how many, None where the ledger does not say. ``figures``: of what it gave, by name;
    ``before``: of the Source, likewise. ``closed_form_better``: than the network, on the hold-out. ``outcome``: a
    sentence; ``decided``: who, empty while nobody has.
    """

    record: Record
    pairs: int | None
    settings: Mapping[str, Any]
    why: str
    closed_form_better: bool
    figures: Mapping[str, float]
    before: Mapping[str, float]
    outcome: str
    decided: tuple[str, ...]

    @property
    def is_fresh(self) -> bool:
        """Whether it began with no weights of an earlier one."""
        return self.settings.get("initial", _FRESH) in (_FRESH, "")


def trainings(records: tuple[Record, ...]) -> tuple[Training, ...]:
    """Every training in ``records``, in order; one that was only found to be done already is none."""
    starts = list(_starts(records))
    ends = [*starts[1:], len(records)]
    return tuple(_training(records, start, end) for start, end in zip(starts, ends))


def _starts(records: tuple[Record, ...]) -> Iterator[int]:
    last = None
    for place, record in enumerate(records):
        if _stage(record) == _TRAINING:
            made = record.data.get("sha256") or record.data.get("key") or record.index
            if made != last:
                yield place
            last = made


def _training(records: tuple[Record, ...], start: int, end: int) -> Training:
    record = records[start]
    before = records[:start]
    given = record.data.get("figures")
    figures = given if isinstance(given, Mapping) else {}
    network = _of(figures, "network")
    found = record.data.get("settings")
    outcome, decided = _came_of(records[start:end], is_last=end == len(records))
    return Training(
        record=record,
        pairs=_latest(before, "pairs", _CURATION),
        settings=found if isinstance(found, Mapping) else {},
        why=str(next((r.data["reasoning"] for r in reversed(before) if r.data.get("reasoning")), "")),
        closed_form_better=bool(network) and record.data.get("better") == "closed_form",
        figures=network or _of(figures, "closed_form"),
        before=_of(figures, "input"),
        outcome=outcome,
        decided=decided,
    )


def _latest(before: tuple[Record, ...], name: str, stage: int) -> int | None:
    """``name`` as the newest record of ``stage``, or of a change of the pairs, has it."""
    for record in reversed(before):
        value = record.data.get(name)
        if isinstance(value, int) and (_stage(record) == stage or record.kind == "pairs"):
            return value
    return None


def _of(figures: Mapping[str, Any], contender: str) -> dict[str, float]:
    return {
        name.partition(" ")[2]: value
        for name, value in figures.items()
        if name.partition(" ")[0] == contender and isinstance(value, (int, float))
    }


def _came_of(records: tuple[Record, ...], *, is_last: bool) -> tuple[str, tuple[str, ...]]:
    """What came of a training, from its record and those up to the next one, and who decided that."""
    after = records[1:]
    signed = tuple(dict.fromkeys(r.by for r in after if r.kind == "sign" and is_of_result(r)))
    known = iterations(records)
    if known and not failing(known[-1].record):  # only whoever looked at what it gave has accepted that
        signed = tuple(dict.fromkeys(by for one in known for by in one.by))
    last = next((record for record in reversed(after) if _decides(record)), None)
    if last is None:
        ends = [record for record in after if record.kind in ("stopped", "aborted")]
        if ends and ends[-1].kind == "stopped":
            return f"not accepted: the run stopped. {ends[-1].data.get('reason', '')}", signed
        return ("open" if is_last else "not accepted: trained anew"), signed
    if last.kind == "delivered":
        named = last.data.get("failing")
        despite = f", although these fail: {'; '.join(map(str, named))}" if isinstance(named, list) else ""
        return f"accepted: delivered{despite}", tuple(dict.fromkeys((*signed, last.by)))
    if last.kind == "finished" or not failing(last):
        said = f"{'the run' if last.kind == 'finished' else 'the validation'} ended with no check that fails"
        if signed:
            return f"accepted: {said}", signed
        return f"open: {said}, and nobody has signed its result", ()
    return f"not accepted: {'; '.join(failing(last))}", signed


def _decides(record: Record) -> bool:
    """Whether a record says what came of a training; the newest one that does counts."""
    if _stage(record) == _VALIDATION:  # a run goes on from there, to its end or not
        return bool(failing(record)) or record.data.get("command") == BY_HAND
    return record.kind in ("delivered", "finished")


def _stage(record: Record) -> Any:
    return record.data.get("stage") if record.kind == "stage" else None
