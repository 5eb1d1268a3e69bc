"""IPTC's Digital Source Type: what a picture is said to come from. The operator chooses; nothing is set for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from film_recovery._files import read_text
from film_recovery._yaml import yaml
from film_recovery.errors import FilmRecoveryError

_FILE = Path(__file__).with_name("source_types.yaml")
_LIMIT = 1 << 16


@dataclass(frozen=True)
class SourceType:
    """``term``: IPTC's own word. ``title``, ``meaning``: in our words. ``uri``: where its definition stands."""

    term: str
    title: str
    meaning: str
    uri: str


@cache
def source_types() -> dict[str, SourceType]:
    """The terms in the order in which they are shown, by their word."""
    content = yaml.safe_load(read_text(_FILE, _LIMIT))
    scheme = content["scheme"]
    return {
        term: SourceType(term, said["title"], said["meaning"], f"{scheme}{term}")
        for term, said in content["terms"].items()
    }


def term_in(word: str) -> str:
    """The term that ``word`` is, or is the address of; of any other word itself."""
    return next((one.term for one in source_types().values() if word in (one.term, one.uri)), word)


def source_type(term: str) -> SourceType:
    """The term, also where its whole address is given. Raises FilmRecoveryError for any other word."""
    known = source_types()
    found = known.get(term_in(term))
    if found is None:
        raise FilmRecoveryError(
            f"“{term}” is no term of IPTC's Digital Source Type.",
            remedy=f"choose one of {', '.join(known)}; film-recovery deliver --terms says what they mean",
        )
    return found
