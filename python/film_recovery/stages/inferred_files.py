"""The sidecar of files that a model was run over without a project: which model, what was stated, who went on.

``NAME.inference.json`` beside them; in a folder of pictures ``inference.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import __version__
from film_recovery._files import read_text, write_whole
from film_recovery._process import person
from film_recovery.checks import Outcome
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import DATATYPES
from film_recovery.provenance.sealing import content_hash, stem_of
from film_recovery.rendering.render import today

SCHEMA = "film-recovery-inference/1"
END = "inference.json"
_LIMIT = 1 << 26


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


def refuse_another(sidecar: Path) -> None:
    """Raises FilmRecoveryError for a file of that name that is none of ours."""
    if not sidecar.exists():
        return
    try:
        known = json.loads(read_text(sidecar, _LIMIT)).get("schema") == SCHEMA
    except (ValueError, AttributeError):
        known = False
    if not known:
        raise FilmRecoveryError(
            "A file that this program did not write has the name of the sidecar.",
            remedy="move it away, or choose another output folder",
            file=str(sidecar),
        )


def write_sidecar(
    sidecar: Path,
    model: Path,
    outcome: Outcome,
    stated: Mapping[str, str],
    accepted: Accepted,
    files: Sequence[Path],
    found: Mapping[str, Any],
) -> None:
    """Writes what is known of ``files``. ``outcome``: of the check; ``found``: what was counted and made."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "made_by": f"film-recovery {__version__}",
        "day": today(),
        "model": {"name": model.name, "sha256": content_hash(model) if model.is_file() else ""},
        "stated": dict(stated),
        "check": outcome.as_dict(),
        "accepted": None,
        "files": [file.name for file in files],
        "outside_trained_domain": found["outside_trained_domain"],
        "values": found["values"],
    }
    if outcome.outcome == "fail":
        content["accepted"] = {"why": accepted.why, "by": accepted.by or person()}
    write_whole(sidecar, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
