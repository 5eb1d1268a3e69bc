"""Signed copies of review movies: where they lie, the sidecar of each, and whether movies are still as theirs say.

``credentials`` signs a copy of a movie (C2PA), whose bytes are others then. So a copy gets a sidecar of its own: what
that of the movie says, with the copy's SHA-256 and that of the provenance which its credential names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery._files import write_whole
from film_recovery.errors import CheckFailed
from film_recovery.imaging.sequence import Sequence
from film_recovery.provenance.bag import is_inside
from film_recovery.provenance.sealing import content_hash, read_seal
from film_recovery.provenance.verifying import Finding
from film_recovery.stages.proxies import FOLDER, movies_in, recorded, said_of, sidecar_of

SIGNED = "signed"  # their folder, in that of the movies
_FROM = "signed_from"


def all_movies(render: Path, sequence: Sequence) -> list[Path]:
    """The review movies of ``sequence`` in the masters' folder ``render``, then their signed copies."""
    folder = render / FOLDER
    return [*movies_in(folder, sequence), *movies_in(folder / SIGNED, sequence)]


def refuse_of_others(movie: Path, provenance: Path) -> None:
    """Raises CheckFailed for a review movie of ours that shows other masters than those of ``provenance``: a credential
    would say of it what is not so. Another file, such as a still, nobody knows anything of."""
    known = recorded(movie)
    if known and known == content_hash(movie) and listed(movie) != read_seal(provenance).digest:
        raise CheckFailed(
            f"{movie.name} shows other masters than those of {provenance.name}, as its sidecar says.",
            remedy="film-recovery proxies makes one of the masters that are there",
            file=str(movie),
        )


def note(movie: Path, copy: Path, provenance: Path) -> Path | None:
    """Writes the sidecar of ``copy``, which is ``movie`` with a credential that names ``provenance``; None where
    ``movie`` is no review movie of ours."""
    if not recorded(movie) or recorded(movie) != content_hash(movie):
        return None
    said = said_of(movie)
    said["masters"]["provenance"] = content_hash(provenance)
    said["movie"] |= {"file": copy.name, "sha256": content_hash(copy), _FROM: said["movie"]["sha256"]}
    sidecar = sidecar_of(copy)
    write_whole(sidecar, text_of(said))
    return sidecar


def named_anew(movie: Path, provenance: Path) -> str:
    """The text of the sidecar of ``movie`` with ``provenance`` for that of its masters; empty where it names that one,
    and for a signed copy, whose credential cannot follow."""
    sha256 = content_hash(provenance)
    if is_signed(movie) or provenance_of(movie) == sha256:
        return ""
    said = said_of(movie)
    said["masters"]["provenance"] = sha256
    return text_of(said)


def text_of(said: Mapping[str, Any]) -> str:
    """A sidecar's text."""
    return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def is_signed(movie: Path) -> bool:
    """Whether the sidecar of ``movie`` says that it is a signed copy."""
    return _FROM in said_of(movie).get("movie", {})


def listed(movie: Path) -> str:
    """The digest over the list of the masters that the sidecar of ``movie`` names; empty where it names none."""
    return str(said_of(movie).get("masters", {}).get("list_sha256", ""))


def provenance_of(movie: Path) -> str:
    """The SHA-256 of the masters' provenance that the sidecar of ``movie`` names; empty where it names none."""
    return str(said_of(movie).get("masters", {}).get("provenance", ""))


def verify(provenance: Path) -> tuple[int, list[Finding]]:
    """How many movies of the masters of ``provenance`` have a sidecar of ours, and which of them are not as it says, or
    show other masters. Outside of a bag these may: the work goes on, and they are made anew."""
    seal = read_seal(provenance)
    found: list[Finding] = []
    looked_at = 0
    for movie in all_movies(provenance.parent, Sequence.parse(seal.sequence)):
        known = recorded(movie)
        if not known:
            continue
        looked_at += 1
        if known != content_hash(movie):
            found.append(Finding("movie", "changed", movie.name, str(movie)))
        elif listed(movie) != seal.digest:
            goes_on = not is_inside(provenance.parent)
            found.append(Finding("movie", "changed", movie.name, str(movie), expected=goes_on))
    return looked_at, found
