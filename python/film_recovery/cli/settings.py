"""``set KEY=VALUE…`` and ``config colourspaces``: what project.yaml says, changed where it stands, and the names of its
OCIO config to choose from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from film_recovery import ledger, project
from film_recovery.cli.pairs import held
from film_recovery.cli.project import setting
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.project import Colour, Project
from film_recovery.project.document import words
from film_recovery.project.words import plain
from film_recovery.stages.view import View

_SPACES = ("elements.source.colourspace", "elements.reference.colourspace", "colour.working_space")
_CONFIG = "colour.config"
_KEPT = {  # first word of a key → what keeps together that which hangs together
    "schema": "film-recovery raises it",
    "pairs": "use film-recovery pairs add, remove or holdout",
    "hold_out": "use film-recovery pairs holdout or remove",
}


def set_values(
    report: Report, folder: Path, settings: Sequence[str], *, by: str = "", take_over: bool = False
) -> int:
    """Sets dotted keys of project.yaml and records them with what stood there; nothing is changed where one is wrong.

    Raises UsageError for what is no setting or not set by hand, ProjectFileError for a key or a value that a project
    cannot have, FilmRecoveryError for a colour space that
    the config does not have, or a config that cannot be read.
    """
    values = dict(setting(text, "") for text in settings)
    for key in values:
        if key.partition(".")[0] in _KEPT:
            raise UsageError(f"{key} is not set by hand.", remedy=_KEPT[key.partition(".")[0]])
    if not values:
        raise UsageError(
            "There is nothing to set.", remedy='such as: set elements.source.holder="City Archive"'
        )
    with held(report, folder, f"set {', '.join(values)}", by, take_over):
        before = project.load(folder)
        was = {key: _value(before, key) for key in values}
        _refuse_unknown_names(before, values)
        project.update(folder, values)
        now = project.load(folder)
        changed = {key: _value(now, key) for key in values if _value(now, key) != was[key]}
        what = f"Set {', '.join(changed)}." if changed else "Nothing changed: it stands so already."
        told = {"what": what, "from": {key: was[key] for key in changed}, "to": changed}
        if changed:
            ledger.append(folder, "set", told, by)
            ledger.write_notes(folder)
        report.result(told, "project.yaml")
    return EXIT_DONE


def colour_spaces(report: Report, folder: Path) -> int:
    """The config of the project, its roles and colour spaces, and what the project's own names stand for in it.

    A name that the config does not have stands for "". Raises FilmRecoveryError for a config that cannot be read.
    """
    loaded = project.load(folder)
    config = _config(loaded)
    names = {name: one.colourspace for name, one in loaded.elements.items()}
    names["working_space"] = loaded.colour.working_space
    report.result(
        {
            "config": config.name,
            "roles": config.roles(),
            "colourspaces": config.colour_spaces(),
            "stands_for": {key: _resolved(config, name) for key, name in names.items()},
        },
        "colour spaces",
    )
    return EXIT_DONE


def _config(loaded: Project) -> ColourConfig:
    return View(loaded).own_reading.evaluator.root.config


def _resolved(config: ColourConfig, name: str) -> str:
    try:
        return config.resolve(name)
    except FilmRecoveryError:
        return ""


def _refuse_unknown_names(loaded: Project, values: Mapping[str, Any]) -> None:
    """Holds a new config, and new names of colour spaces, against one another before they are written."""
    if not any(key in values for key in (*_SPACES, _CONFIG)):
        return
    named = values.get(_CONFIG, loaded.colour.config)
    colour = Colour(named if isinstance(named, str) else loaded.colour.config, loaded.colour.working_space)
    try:
        config = _config(replace(loaded, colour=colour))
    except FilmRecoveryError as error:
        raise UsageError(f"{_CONFIG}: {error.message}", remedy=error.remedy) from error
    for key in _SPACES:
        if isinstance(values.get(key), str):
            try:
                config.resolve(values[key])
            except FilmRecoveryError as error:
                raise UsageError(f"{key}: {error.message}", remedy=error.remedy) from error


def _value(loaded: Project, key: str) -> Any:
    """What stands at ``key``, as plain data; None where there is nothing of that name yet."""
    found: Any = loaded
    for word in words(key):
        found = found.get(word) if isinstance(found, Mapping) else getattr(found, word, None)
    return plain(found)
