"""The project: its folder, ``project.yaml``, and the lock that command line, panel and farm honour. Light.

``create`` makes the folder of a draft and those of its steps, ``load`` reads it, ``update`` changes single values and
leaves the rest of the file as the operator wrote it; ``paths`` says where everything lies; ``lock.held`` keeps others
away.
"""

from __future__ import annotations

from film_recovery.project import lock
from film_recovery.project.chained import (
    STEPS,
    master,
    master_folder,
    name_of,
    root_of,
    step_draft,
    step_folder,
)
from film_recovery.project.creation import create, drafted
from film_recovery.project.document import ProjectFileError
from film_recovery.project.editing import update
from film_recovery.project.folders import FILE, FOLDERS, Paths, inside, paths, plain_name
from film_recovery.project.loading import load
from film_recovery.project.lock import ProjectLocked
from film_recovery.project.model import (
    COMPRESSIONS,
    DATATYPES,
    ENGINES,
    FOLLOWING,
    METHODS,
    RENDER_FOLDER,
    SCHEMA,
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
    Project,
    Training,
)
from film_recovery.project.site import SITE, of_steps, site_defaults

__all__ = [
    "COMPRESSIONS",
    "DATATYPES",
    "ENGINES",
    "FILE",
    "FOLDERS",
    "FOLLOWING",
    "METHODS",
    "RENDER_FOLDER",
    "SCHEMA",
    "SCOPES",
    "SITE",
    "SIZES",
    "STEPS",
    "TIERS",
    "Alignment",
    "Colour",
    "Delivery",
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
    "drafted",
    "inside",
    "load",
    "lock",
    "master",
    "master_folder",
    "name_of",
    "of_steps",
    "paths",
    "plain_name",
    "root_of",
    "site_defaults",
    "step_draft",
    "step_folder",
    "update",
]
