"""Where a model goes: a folder that can be written to, and never over a file that is not ours."""

from __future__ import annotations

import json
from pathlib import Path

from film_recovery.errors import FilmRecoveryError


def refuse_foreign(path: Path) -> None:
    """Makes the folder of a model. Raises FilmRecoveryError when that cannot be, or would cost a file not ours."""
    sidecar = path.with_suffix(".json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        in_the_way = path.exists() if not sidecar.exists() else not _is_sidecar(sidecar)
    except OSError as error:
        raise FilmRecoveryError(
            f"The model's folder cannot be made or read: {error.strerror}.",
            file=str(path.parent),
            remedy="check the data directory of the CopyCat, or --model",
        ) from error
    if in_the_way:
        raise FilmRecoveryError(
            "A file that is not a model of this project would be overwritten.",
            file=str(sidecar if sidecar.exists() else path),
            remedy="move it away, or choose another name with --model",
        )


def _is_sidecar(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and str(content.get("schema", "")).startswith("film-recovery-model/")
