"""The sidecar of files that a model was run over without a project: which model, what was stated, who went on.

``NAME.inference.json`` beside them; in a folder of pictures ``inference.json``. It is there before the first file, with
``complete`` false until the last, and keeps what ran into the same place before: ``earlier``, the oldest first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import __version__
from film_recovery._files import explained, read_text, write_whole
from film_recovery._process import person
from film_recovery.checks import Outcome
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import DATATYPES
from film_recovery.provenance.sealing import content_hash, stem_of
from film_recovery.rendering.render import today

SCHEMA = "film-recovery-inference/1"
END = "inference.json"
_LIMIT = 1 << 28
_EARLIER, _SCHEMA = "earlier", "schema"
_COUNTED = ("outside_trained_domain", "values")  # known when all is made


@dataclass(frozen=True)
class Accepted:
    """Who goes on in spite of what the check says, and why; ``why`` is empty where nobody does."""

    why: str = ""
    by: str = ""


def sidecar_of(out: Path) -> Path:
    """Where the sidecar of ``out`` (a file, a pattern or a folder) lies."""
    if out.suffix.lower() not in DATATYPES:
        return out / END
    return out.with_name(f"{stem_of(out.name)}.{END}")


def runs_in(sidecar: Path) -> list[dict[str, Any]]:
    """What the sidecar says of each run, the oldest first; nothing where there is none.

    Raises FilmRecoveryError for a file of that name that is none of ours."""
    if not sidecar.exists():
        return []
    try:
        content = json.loads(read_text(sidecar, _LIMIT))
        if content[_SCHEMA] != SCHEMA:
            raise ValueError
        # One of an older version knows of its last run alone.
        last = {name: value for name, value in content.items() if name not in (_SCHEMA, _EARLIER)}
        return [*map(dict, content.get(_EARLIER, [])), last]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FilmRecoveryError(
            "A file that this program did not write has the name of the sidecar.",
            remedy="move it away, or choose another output folder",
            file=str(sidecar),
        ) from error


def run_of(
    model: Path, outcome: Outcome, stated: Mapping[str, str], accepted: Accepted, files: Sequence[Path]
) -> dict[str, Any]:
    """What is known of a run before its first file. ``outcome``: of the check; ``files``: all that it is to make."""
    gone_on = {"why": accepted.why, "by": accepted.by or person()} if outcome.outcome == "fail" else None
    return {
        "made_by": f"film-recovery {__version__}",
        "day": today(),
        "model": {"name": model.name, "sha256": content_hash(model) if model.is_file() else ""},
        "stated": dict(stated),
        "check": outcome.as_dict(),
        "accepted": gone_on,
        "files": [file.name for file in files],
        **dict.fromkeys(_COUNTED),
        "complete": False,
    }


def note(sidecar: Path, run: Mapping[str, Any], found: Mapping[str, Any] | None = None) -> None:
    """Writes ``run`` (:func:`run_of`) as the last one; where ``found``, what was counted and made, is given, as
    complete. Other runs are kept; the same one, that goes on or is repeated that day, takes its own place.

    Raises FilmRecoveryError as :func:`runs_in`, and where the file cannot be written."""
    earlier = [one for one in runs_in(sidecar) if _known(one) != _known(run)]
    ended = {} if found is None else {"complete": True, **{name: found[name] for name in _COUNTED}}
    content = {_SCHEMA: SCHEMA, **run, **ended, _EARLIER: earlier}
    with explained(sidecar.parent, "made"):
        sidecar.parent.mkdir(parents=True, exist_ok=True)
    write_whole(sidecar, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _known(run: Mapping[str, Any]) -> Any:
    """What is known of a run from its beginning, as JSON has it."""
    known = {name: value for name, value in run.items() if name not in ("complete", *_COUNTED)}
    return json.loads(json.dumps(known))
