"""The pairs that a provenance binds to a model: those that it was trained on, as they were then, and no others.

A pair is told by the pixels in the model's card. Where its scans went back to their archive, nothing can be looked at:
what an earlier provenance of the same model says of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from film_recovery.errors import CheckFailed
from film_recovery.project import FILE, PairOf, name_of, root_of
from film_recovery.provenance.sealing import Bound, Seal, bound, content_hash, seen_from
from film_recovery.stages import walk
from film_recovery.stages.parity import changed_pairs
from film_recovery.stages.view import View

_NONE: Mapping[str, tuple[Bound, ...]] = MappingProxyType({})
_NAMED = 5  # pairs that a message names
_ANEW = "film-recovery run, which trains anew and renders again; or put back what the model was trained on"


def bound_pairs(view: View, earlier: Seal | None = None) -> dict[str, tuple[Bound, ...]]:
    """What each pair is called → its files, Source first.

    ``earlier``: the provenance that lies there already. Raises CheckFailed where the project's pairs are not those of
    the script or not those that the model was trained on, pixel for pixel, where ``earlier`` is of the same model and
    of other files, and for a file that is not there and that ``earlier`` does not bind.
    """
    _refuse_other_stack(view)
    pairs = {_called(pair): pair for pair in view.project.pairs}
    same = earlier if earlier and earlier.model and _is_of(view, earlier.model) else None
    before = same.pairs if same else _NONE
    found = {name: _files(view, pair, before.get(name, ())) for name, pair in pairs.items()}
    differing = [
        name for name in {**before, **found} if same and _hashes(before, name) != _hashes(found, name)
    ]
    if all(file.is_file() for pair in pairs.values() for file in _scans(view, pair)) and _says_pairs(view):
        _refuse_retouched(view, thorough=bool(differing))
    elif differing:
        named = ", ".join(differing[:_NAMED])
        raise CheckFailed(
            f"The provenance that lies there binds the same model to other pairs; what differs: {named}.",
            remedy=_ANEW,
            file=str(view.project.folder / FILE),
        )
    return found


def _refuse_other_stack(view: View) -> None:
    """Raises CheckFailed where project.yaml has other pairs than the script, whose model was trained on the latter."""
    sides = [walk.held_frames(view.evaluator, pipe) for pipe in (view.source_pipe, view.reference_pipe)]
    trained = set(zip(*sides, strict=False))
    chosen = {(pair.source, pair.reference) for pair in view.project.pairs}
    if trained != chosen:
        named = ", ".join(f"{one} with {other}" for one, other in sorted(trained ^ chosen)[:_NAMED])
        raise CheckFailed(
            f"The pairs of {name_of(view.project.folder)} are not those of its script: {named}.",
            remedy=_ANEW,
            file=str(view.project.folder / FILE),
        )


def _refuse_retouched(view: View, *, thorough: bool) -> None:
    changed = changed_pairs(view, view.card.pair_hashes, thorough=thorough)
    if changed:
        named = ", ".join(one.where for one in changed[:_NAMED])
        raise CheckFailed(
            f"The model was trained on other pictures than those that are there now: {named}.",
            remedy=_ANEW,
            file=str(view.model_file),
        )


def _says_pairs(view: View) -> bool:
    return view.model_file.with_suffix(".json").exists() and bool(view.card.pair_hashes)


def _is_of(view: View, model: Bound) -> bool:
    return content_hash(view.model_file) == model.sha256


def _called(pair: PairOf) -> str:
    return f"{pair.source}" if pair.source == pair.reference else f"{pair.source} with {pair.reference}"


def _scans(view: View, pair: PairOf) -> tuple[Path, Path]:
    return view.file("source", pair.source), view.file("reference", pair.reference)


def _hashes(pairs: Mapping[str, tuple[Bound, ...]], name: str) -> list[str]:
    return [one.sha256 for one in pairs.get(name, ())]


def _files(view: View, pair: PairOf, before: tuple[Bound, ...]) -> tuple[Bound, ...]:
    folder, home = view.output.folder, root_of(view.project.folder)
    kept = {one.path: one for one in before}
    found = []
    for file in _scans(view, pair):
        if file.is_file():
            found.append(bound(file, folder, home))
        elif (known := kept.get(seen_from(file, folder, home))) is not None:
            found.append(known)
        else:
            raise CheckFailed(
                f"The scan {file.name} of the pair {_called(pair)} is not there, and no earlier provenance of this "
                "model binds it.",
                remedy="bring the scans back for the delivery",
                file=str(file),
            )
    return tuple(found)
