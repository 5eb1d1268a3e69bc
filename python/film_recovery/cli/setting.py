"""``set KEY=VALUE…``: single values of project.yaml, changed where they stand, and recorded with what they were.

What the project's schema does not allow is refused, and the file stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from film_recovery import ledger, project
from film_recovery._yaml import yaml
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, UsageError
from film_recovery.project.document import words
from film_recovery.project.words import plain

_BY_HAND = {  # first word of a key → the commands that keep what hangs together with it
    "schema": "it is raised by film-recovery alone",
    "pairs": "use film-recovery pairs add, remove or holdout",
    "hold_out": "use film-recovery pairs holdout or remove",
}


def change(
    report: Report, folder: Path, settings: Sequence[str], *, by: str = "", take_over: bool = False
) -> int:
    """Sets every ``KEY=VALUE`` of ``settings``, all of them or none; what is so already is left out of the record.

    Raises UsageError for one that is not of this form, ProjectFileError for a key or value that a project cannot have.
    """
    values = dict(parsed(text) for text in settings)
    with held(report, folder, f"set {', '.join(values)}", by, take_over):
        before = project.load(folder)
        after = project.update(folder, values)
        was = {key: value_at(before, key) for key in values}
        now = {key: value_at(after, key) for key in values}
        changed = [key for key in values if was[key] != now[key]]
        if not changed:
            report.result({"changed": [], "what": "Nothing changed: it is so already."}, "set")
            return EXIT_DONE
        what = f"Changed {', '.join(changed)}."
        data = {"from": {key: was[key] for key in changed}, "to": {key: now[key] for key in changed}}
        ledger.append(folder, "set", {"what": what, **data}, by)
        ledger.write_notes(folder)
    report.result({"what": what, "changed": changed, **data}, "set")
    return EXIT_DONE


def parsed(text: str) -> tuple[str, Any]:
    """``training.steps=60000`` → key and value, which is YAML. Raises UsageError for anything else."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{text!r} is no setting.", remedy="write KEY=VALUE, such as training.steps=60000")
    first = key.partition(".")[0]
    if first in _BY_HAND:
        raise UsageError(f"{first} is not set by hand.", remedy=_BY_HAND[first])
    try:
        return key, yaml.safe_load(value) if value else ""
    except yaml.YAMLError as error:
        raise UsageError(f"{key}: the value cannot be read.", remedy="quote it as YAML") from error


def value_at(loaded: project.Project, key: str) -> Any:
    """What the project has under a dotted key, as plain data; None where it has nothing there."""
    found: Any = loaded
    for word in words(key):
        found = found.get(word) if isinstance(found, Mapping) else getattr(found, word, None)
    return plain(found)
