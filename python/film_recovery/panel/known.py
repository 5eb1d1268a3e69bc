"""What is known of a project and of its folder: plain data, which ``folder_state`` reads. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from film_recovery.jobs import Job
    from film_recovery.project import Project
    from film_recovery.recipes import Recipe

ON = ("starting", "running")


@dataclass(frozen=True)
class Opened:
    """A project as it stands in its file, and its recipe."""

    project: Project
    recipe: Recipe


@dataclass(frozen=True)
class FolderState:
    """``held_by``: who else holds the project, in words; ``job``: the last one; ``stamp``: changes with its files.
    ``waits_for``: the check that the last work stopped at, to be looked at by somebody."""

    held_by: str
    job: Job | None
    stamp: tuple[float, ...]
    has_report: bool
    waits_for: str = ""

    @property
    def running(self) -> Job | None:
        """The job that is on now, of this computer."""
        return self.job if self.job is not None and self.job.state in ON else None
