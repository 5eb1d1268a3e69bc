"""IPTC's terms: each with its meaning and address; any other word is refused, and nothing is chosen for anybody."""

from __future__ import annotations

import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.project import Delivery
from film_recovery.provenance.source_types import source_type, source_types


def test_every_term_says_what_it_means_and_where_it_is_defined() -> None:
    known = source_types()
    assert {"negativeFilm", "positiveFilm", "algorithmicallyEnhanced", "trainedAlgorithmicMedia"} <= set(
        known
    )
    for term, one in known.items():
        assert one.term == term and one.title and len(one.meaning) > 20
        assert one.uri == f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
        assert source_type(term) == source_type(one.uri) == one


@pytest.mark.parametrize("word", ["", "AlgorithmicallyEnhanced", "minorHumanEdits", "film"])
def test_any_other_word_is_refused(word: str) -> None:
    with pytest.raises(FilmRecoveryError, match="is no term of IPTC") as caught:
        source_type(word)
    assert "algorithmicallyEnhanced" in caught.value.remedy


def test_nothing_is_chosen_for_anybody() -> None:
    assert Delivery().source_type == ""
