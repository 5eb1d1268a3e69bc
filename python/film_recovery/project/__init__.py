"""The project: its folder, ``project.yaml``, and the lock that command line, panel and farm honour. Light.

``create`` makes the folder of a draft, ``load`` reads it, ``update`` changes single values and leaves the rest of the
file as the operator wrote it; ``paths`` says where everything lies; ``lock.held`` keeps others away.
"""

from __future__ import annotations

from film_recovery.project import lock
from film_recovery.project.creation import create
from film_recovery.project.document import ProjectFileError
from film_recovery.project.editing import update
from film_recovery.project.folders import FILE, FOLDERS, Paths, inside, paths, plain_name
from film_recovery.project.loading import load
from film_recovery.project.lock import ProjectLocked
from film_recovery.project.model import (
    COMPRESSIONS,
    DATATYPES,
    ENGINES,
    METHODS,
    RENDER_FOLDER,
    SCHEMA,
    SCOPES,
    SIZES,
    TIERS,
    Alignment,
    Colour,
    Draft,
    Element,
    Inference,
    PairOf,
    Project,
    Training,
)

__all__ = [
    "COMPRESSIONS",
    "DATATYPES",
    "ENGINES",
    "FILE",
    "FOLDERS",
    "METHODS",
    "RENDER_FOLDER",
    "SCHEMA",
    "SCOPES",
    "SIZES",
    "TIERS",
    "Alignment",
    "Colour",
    "Draft",
    "Element",
    "Inference",
    "PairOf",
    "Paths",
    "Project",
    "ProjectFileError",
    "ProjectLocked",
    "Training",
    "create",
    "inside",
    "load",
    "lock",
    "paths",
    "plain_name",
    "update",
]
