"""What a facility sets once for all its new projects: the YAML file that ``$FILM_RECOVERY_SITE`` names. Light.

The file has the shape of ``project.yaml`` and may hold a part of it: what does not follow from one film. ``new``
writes these values into the new project's file, under what the operator gives; from then on only that file counts,
so that a project means the same everywhere and a change of the site file changes no project::

    elements: {source: {holder: The Archive}, reference: {holder: The Archive}}
    colour: {config: /site/config.ocio}
    training: {engine: copycat, steps: 60000}
    inference: {compression: dwaa}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery._files import read_text
from film_recovery.project.document import ProjectFileError, parse

SITE = "FILM_RECOVERY_SITE"
KEYS = (
    "tier",
    "method",
    "elements.source.holder",
    "elements.source.authorisation",
    "elements.source.colourspace",
    "elements.reference.holder",
    "elements.reference.authorisation",
    "elements.reference.colourspace",
    "colour.config",
    "colour.working_space",
    "training.engine",
    "training.size",
    "training.patch",
    "training.batch",
    "training.steps",
    "training.seed",
    "training.flip",
    "training.exposure",
    "training.ceiling",
    "training.checkpoints",
    "inference.compression",
    "inference.datatype",
    "delivery.restorationist",
    "delivery.institution",
)
# A step takes everything else from the project that it belongs to.
_OF_STEPS = ("training.", "inference.")
_LIMIT = 1 << 20


def site_defaults(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The site's values by dotted key (``training.steps``); empty where no site file is named.

    Whether a value fits its key is told where it is used, by ``drafted``. Raises FilmRecoveryError for a file that
    cannot be read, ProjectFileError for a key that a site cannot set.
    """
    named = environment.get(SITE, "")
    if not named:
        return {}
    path = Path(named)
    data = parse(read_text(path, _LIMIT), str(path)).data
    found = dict(_flat(data, ""))
    for key in found:
        if key not in KEYS:
            raise ProjectFileError(
                f"A site cannot set {key}.",
                remedy=f"remove it from the file that {SITE} names; it may hold {', '.join(KEYS)}",
                file=str(path),
            )
    return found


def of_steps(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that a step of a chain gets as well."""
    return {key: value for key, value in values.items() if key.startswith(_OF_STEPS)}


def _flat(data: Mapping[str, Any], above: str) -> list[tuple[str, Any]]:
    """Every value that is no mapping, with its dotted key; an empty mapping counts as a value."""
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        key = f"{above}{name}"
        found += _flat(value, f"{key}.") if isinstance(value, Mapping) and value else [(key, value)]
    return found
