"""Where a master comes from, once, in the words that EXR headers, sidecars and credentials share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from film_recovery.provenance.source_types import term_in

# The attributes of a master's header, in their order, each with the field of Origin that it holds.
HEADER: Mapping[str, str] = {
    "MLProcessing": "ml_processing",
    "RecoveryType": "recovery_type",
    "FilmTitle": "film",
    "ShotID": "shot",
    "TrainingDate": "training_date",
    "ModelCheckpoint": "model",
    "SourceElement": "source_element",
    "ReferenceSource": "reference_source",
    "ProcessingDate": "processing_date",
    "Restorationist": "restorationist",
    "Institution": "institution",
    "IPTCDigitalSourceType": "source_type",
}


@dataclass(frozen=True)
class Origin:
    """All texts; empty where nobody said it. Dates as 2026-01-31. ``source_type``: IPTC's term, the operator's choice.

    ``ml_processing``: in one line, which learning was used and on what. ``recovery_type``: spatial, colour or combined.
    ``model``: the model's file and checkpoint. ``source_element``, ``reference_source``: gauge, generation, holder.
    """

    ml_processing: str = ""
    recovery_type: str = ""
    film: str = ""
    shot: str = ""
    training_date: str = ""
    model: str = ""
    source_element: str = ""
    reference_source: str = ""
    processing_date: str = ""
    restorationist: str = ""
    institution: str = ""
    source_type: str = ""

    def header(self) -> dict[str, str]:
        """What stands in the header of every frame: attribute → text. What is not said is left out."""
        values = {key: getattr(self, field) for key, field in HEADER.items()}
        return {key: value for key, value in values.items() if value}

    def differences(self, wanted: Origin) -> dict[str, tuple[str, str]]:
        """Attribute → what this says and what ``wanted`` says, where they differ. ``wanted`` need not know the day of
        processing, which is the render's."""
        pairs = {key: (getattr(self, field), getattr(wanted, field)) for key, field in HEADER.items()}
        if not wanted.processing_date:
            del pairs["ProcessingDate"]
        return {key: both for key, both in pairs.items() if both[0] != both[1]}

    def denied_by(self, header: Origin) -> dict[str, tuple[str, str]]:
        """Attribute → what the ``header`` of a frame says and what this says, where that is something else.

        What a header leaves out denies nothing, and of several days it may say any."""
        return {
            key: (said, here)
            for key, field in HEADER.items()
            if (said := getattr(header, field)) and not _same(key, said, here := getattr(self, field))
        }

    @property
    def unsaid(self) -> tuple[str, ...]:
        """The attributes that nobody has filled in."""
        return tuple(key for key, field in HEADER.items() if not getattr(self, field))


def _same(key: str, said: str, here: str) -> bool:
    if key == "ProcessingDate":
        return said in here.split(", ")
    return term_in(said) == term_in(here) if key == "IPTCDigitalSourceType" else said == here


def of_header(header: Mapping[str, Any]) -> Origin:
    """What the header of a frame says; other attributes of it say nothing here."""
    return Origin(**{field: str(header[key]) for key, field in HEADER.items() if key in header})
