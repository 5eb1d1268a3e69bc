"""Jobs: long runs of the command line that outlive the panel and NukeX. Light.

``start`` gives a job at once; ``all`` and ``get`` say how jobs are, ``follow`` gives a job's events as they come,
``cancel`` stops one and leaves a consistent project, ``settle`` writes down which jobs died.
"""

from __future__ import annotations

from film_recovery.jobs.environment import ENGINE, NoEngine, clean, engine
from film_recovery.jobs.record import ENDED, STATES, Job, everyone, get
from film_recovery.jobs.run import cancel, follow, settle, start

# What a caller reads as ``jobs.all(folder)``; inside the package the builtin keeps its name.
all = everyone

__all__ = [
    "ENDED",
    "ENGINE",
    "STATES",
    "Job",
    "NoEngine",
    "all",
    "cancel",
    "clean",
    "engine",
    "everyone",
    "follow",
    "get",
    "settle",
    "start",
]
