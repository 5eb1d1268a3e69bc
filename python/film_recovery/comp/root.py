"""What the script's Root says of the whole project: format, range, folders and colour management.

*Which OCIO config*: the one given to the Evaluator; else ``$OCIO``; else, when Root's ``colorManagement`` is
OCIO, the config that Root names; else the product's default. *Relative paths* start at Root's
``project_directory``, else at the script's folder (Nuke without a project directory takes its process's
working directory, which says nothing here).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from film_recovery.comp import knobs
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.frame import Format

if TYPE_CHECKING:
    from film_recovery.comp.evaluate import Evaluator

DEFAULT_FORMAT = Format(2048, 1556, 1.0, "2K_Super_35(full-ap)")  # of a new Nuke script
DEFAULT_RANGE = (1, 100)
# All that is read of Root without being named in an expression: a render's job key holds these.
READ = frozenset(
    """format first_frame last_frame project_directory colorManagement OCIO_config customOCIOConfigPath workingSpaceLUT
    floatLut logLut int8Lut int16Lut""".split()
)


class GivenConfig:
    """The config that an Evaluator was given, and the one that holds once that was asked for."""

    def __init__(self, given: ColourConfig | None) -> None:
        self.given = given
        self.holds = given


class RootSettings:
    """The Root of one script, each value read when it is asked for."""

    def __init__(self, evaluator: Evaluator, config: GivenConfig) -> None:
        self._evaluator = evaluator
        self._config = config

    @property
    def format(self) -> Format:
        value = self.text("format")
        if not value:
            return DEFAULT_FORMAT
        try:
            return knobs.parse_format(value)
        except ValueError as error:
            raise self.error(f"The project format cannot be used: {error}.", "format") from None

    @property
    def range(self) -> tuple[int, int]:
        return self._whole("first_frame", DEFAULT_RANGE[0]), self._whole("last_frame", DEFAULT_RANGE[1])

    @property
    def managed(self) -> bool:
        """Whether colour spaces are those of an OCIO config: Root says OCIO, or says nothing and a config
        was given to the Evaluator."""
        said = self.text("colorManagement")
        return said == "OCIO" or (not said and self._config.given is not None)

    @property
    def config(self) -> ColourConfig:
        if self._config.holds is None:
            self._config.holds = self._load()
        return self._config.holds

    @property
    def working_space(self) -> str:
        """The colour space that the graph works in, a name that ``config`` resolves."""
        return self.text("workingSpaceLUT") or "scene_linear"

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        said = self.text("project_directory")
        return self.script_folder / said if said else self.script_folder

    @property
    def script_folder(self) -> Path:
        """The folder of the script's file; FilmRecoveryError when the script has no file."""
        file = self._evaluator.script.file
        if not file:
            raise FilmRecoveryError(
                "The script has no file, so its folder is unknown.",
                remedy="load the script from its file, or write full paths",
            )
        return Path(file).resolve().parent

    def text(self, knob: str) -> str:
        """A text knob of Root, one of ``READ``; empty where it is not set. Raises ValueError for another knob."""
        if knob not in READ:
            raise ValueError(f"{knob} is not among READ, so no job key would hold it")
        root = self._evaluator.graph.root
        if root is None or root.node.get(knob) is None:
            return ""
        return knobs.text(self._evaluator, root, knob)

    def error(self, message: str, knob: str, remedy: str = "") -> FilmRecoveryError:
        return FilmRecoveryError(message, remedy=remedy, node="Root", class_name="Root", knob=knob)

    def _whole(self, knob: str, default: int) -> int:
        root = self._evaluator.graph.root
        if root is None or root.node.get(knob) is None:
            return default
        value = knobs.number(self._evaluator, root, knob, 0)
        if not abs(value) < 2**53:
            raise self.error(f"The knob is {value}, where a frame number is needed.", knob)
        return round(value)

    def _load(self) -> ColourConfig:
        if os.environ.get("OCIO") or self.text("colorManagement") != "OCIO":
            return ColourConfig.load()
        knob = "customOCIOConfigPath" if self.text("OCIO_config") == "custom" else "OCIO_config"
        name = self.text(knob)
        if not name:
            return ColourConfig.load()
        if knob == "customOCIOConfigPath" and "://" not in name:
            name = str(self.folder / name)
        try:
            return ColourConfig.load(name)
        except FilmRecoveryError as error:
            error.where.update(node="Root", class_name="Root", knob=knob)
            raise
