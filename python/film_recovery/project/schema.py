"""What ``project.yaml`` may hold, in its present schema: each key with its reader, in the order of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from film_recovery.project.model import (
    COMPRESSIONS,
    DATATYPES,
    ENGINES,
    FOLLOWING,
    METHODS,
    PLACEHOLDERS,
    SCOPES,
    SIZES,
    TIERS,
    Alignment,
    Colour,
    Delivery,
    Draft,
    Element,
    Inference,
    PairOf,
    Training,
)
from film_recovery.project.readers import (
    Reader,
    WrongValue,
    boolean,
    by_frame,
    choice,
    figure,
    integer,
    named,
    number,
    optional,
    record,
    several,
    table,
    text,
)

_NOT_EMPTY = text(r"(?s).*\S.*", "text that is not empty")
_RECIPE = text(
    r"(spatial|colour)-[a-z-]+|combined", "a recipe's id, such as spatial-gauge or colour-reference"
)
_VERSION = text(r"[A-Za-z0-9][A-Za-z0-9.-]*", "a version such as v001: letters, digits, . and -")

_element = record(
    Element,
    {
        "title": text(),
        "reel": text(),
        "shot": text(),
        "file": _NOT_EMPTY,
        "first": integer(),
        "last": integer(),
        "width": integer(1),
        "height": integer(1),
        "pixel_aspect": number(0),
        "frame_rate": number(0),
        "colourspace": _NOT_EMPTY,
        "gauge": text(),
        "generation": text(),
        "type": text(),
        "quality": text(),
        "holder": text(),
        "authorisation": text(),
        "provenance": text(),
        "master_of": text(),
    },
)


def _scan_or_master(value: Any, key: str) -> Any:
    """An element; of one that is another project's master, what follows from that project must not be given."""
    if not isinstance(value, Mapping) or not value.get("master_of"):
        return _element(value, key)
    for name in FOLLOWING:
        if name in value:
            raise WrongValue(
                f"{key}.{name}",
                f"{key}.{name} is given, and {key} is the master of another project, from which it follows.",
                f"remove {name}, or remove master_of",
            )
    return _element({**value, **PLACEHOLDERS}, key)


def _range_of(reader: Reader) -> Reader:
    """An element whose last frame is not before its first."""

    def read(value: Any, key: str) -> Element:
        element: Element = reader(value, key)
        if element.last < element.first:
            raise WrongValue(
                f"{key}.last",
                f"{key}.last is {element.last}; expected {element.first} ({key}.first) or later.",
                "give the last frame of the element",
            )
        return element

    return read


_pairs = several(
    record(
        PairOf,
        {
            "source": integer(),
            "reference": integer(),
            "reason": text(),
            "shot": text(),
            "matrix": several(number(), 9),
            "flags": several(text()),
            "stands_for": integer(0),
        },
    )
)

FIELDS: dict[str, Reader] = {
    "film": _NOT_EMPTY,
    "title": text(),
    "reel": text(),
    "shot": text(),
    "recipe": _RECIPE,
    "scope": choice(SCOPES),
    "tier": choice(TIERS),
    "elements": named({"source": _range_of(_scan_or_master), "reference": _range_of(_scan_or_master)}),
    "colour": record(Colour, {"config": text(), "working_space": _NOT_EMPTY}),
    "method": choice(METHODS),
    "pairs": _pairs,
    "hold_out": _pairs,
    "alignment": record(
        Alignment,
        {
            "translate": several(several(number(), 2)),
            "live_area": optional(several(integer(), 4)),
            "hold_out": several(several(number(), 2)),
            "live_area_keys": by_frame(several(integer(), 4)),
        },
    ),
    "prefilter": integer(0),
    "training": record(
        Training,
        {
            "engine": choice(ENGINES),
            "size": choice(SIZES),
            "patch": integer(1),
            "batch": integer(1),
            "steps": integer(0),
            "seed": integer(0),
            "flip": boolean,
            "exposure": number(at_least=0),
            "ceiling": integer(0),
            "loss": table(number(above=0)),
            "initial": _NOT_EMPTY,
            "checkpoints": integer(1),
        },
    ),
    "inference": record(
        Inference,
        {
            "frames": text(),
            "short_range": text(),
            "version": _VERSION,
            "folder": _NOT_EMPTY,
            "compression": choice(COMPRESSIONS),
            "datatype": choice(DATATYPES),
        },
    ),
    "delivery": record(Delivery, {"restorationist": text(), "institution": text(), "source_type": text()}),
    "tolerances": table(table(figure)),
    "reasoning": text(),
}

# ``schema`` is the file's, not the draft's.
read_draft = record(Draft, FIELDS)
