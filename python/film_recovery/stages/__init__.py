"""The six stages of the workflow: what each check measures, the script that a project builds, repairs.

``check`` measures, ``build_script`` writes the graph of a project, ``propose`` shows a repair before it is made.
A module a stage holds the measuring functions; the checks themselves are data in ``recipes``.
"""

from __future__ import annotations

from film_recovery.stages.building import build_script, script_text, spec_of
from film_recovery.stages.checking import check
from film_recovery.stages.fixes import FIXABLE, Fix, propose
from film_recovery.stages.view import View

__all__ = ["FIXABLE", "Fix", "View", "build_script", "check", "propose", "script_text", "spec_of"]
