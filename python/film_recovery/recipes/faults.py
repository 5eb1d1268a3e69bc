"""What is said where a recipe's file is wrong."""

from __future__ import annotations

from pathlib import Path

from film_recovery.errors import FilmRecoveryError


def wrong(file: Path, problem: str) -> FilmRecoveryError:
    """The error that names the file and what is wrong in it."""
    return FilmRecoveryError(
        f"The recipe file is wrong: {problem}.", remedy="correct the file", file=str(file)
    )
