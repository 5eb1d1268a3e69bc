"""How both elements are read: by the project, as a script of two Reads, and by the script that was built."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import nk
from film_recovery.comp import Evaluator, NodeCall
from film_recovery.comp.place import Place
from film_recovery.project import FILE, Project
from film_recovery.stages.chain import scan_behind

ELEMENTS = ("source", "reference")


@dataclass(frozen=True)
class Reading:
    """The Read of the Source and that of the Reference, in one script."""

    evaluator: Evaluator
    source: Place
    reference: Place

    @property
    def reads(self) -> tuple[Place, Place]:
        return self.source, self.reference

    def spaces(self) -> dict[str, str]:
        """The colour space that each Read converts from, as the config calls it; ``raw`` where none does."""
        return {element: self._space(read) for element, read in zip(ELEMENTS, self.reads, strict=True)}

    def described(self) -> dict[str, Any]:
        """Everything that the pictures depend on, by ``element.knob``."""
        root = self.evaluator.root
        found: dict[str, Any] = {"config": root.config.name, "working space": root.working_space}
        for element, read in zip(ELEMENTS, self.reads, strict=True):
            call = NodeCall(self.evaluator, read, 1.0)
            found[f"{element} file"] = os.path.normpath(call.path("file"))
            found[f"{element} frames"] = (call.integer("first"), call.integer("last"))
            found[f"{element} colour space"] = self._space(read)
        return found

    def _space(self, read: Place) -> str:
        call = NodeCall(self.evaluator, read, 1.0)
        space = call.text("colorspace")
        if call.boolean("raw") or space.lower() in ("raw", "none"):
            return "raw"
        return call.config.resolve(space) if space not in ("", "default") else "default"


def spaces_of_scans(project: Project, reading: Reading) -> dict[str, str]:
    """As :meth:`Reading.spaces`, but of a master the space that the scan behind it is read from.

    A master is the graph's own values, converted when they were written and back when they are read; so what they
    mean, display-referred or linear, is what the scan meant. Read in another space than it is written, it is not that.
    """
    config, spaces = reading.evaluator.root.config, reading.spaces()
    for element in ELEMENTS:
        one, (_, scan) = project.elements[element], scan_behind(project, element)
        if one.master_of and spaces[element] == config.resolve(one.colourspace):
            spaces[element] = config.resolve(scan.colourspace)
    return spaces


def colour_set_up(project: Project) -> tuple[str, str]:
    """The OCIO config, a file as its whole path, and the working space: what the values in a graph depend on."""
    file = project.folder / project.colour.config
    config = os.path.realpath(file) if file.is_file() else project.colour.config
    return config, project.colour.working_space


def two_reads(project: Project) -> nk.Script:
    """A script with nothing but Read_Source and Read_Reference."""
    script = nk.parse("Root {\n inputs 0\n colorManagement OCIO\n}\n", file=str(project.folder / FILE))
    for name in ("source", "reference"):
        element = project.elements[name]
        knobs = {
            "file": nk.quote(project.file_of(name)),
            "first": str(element.first),
            "last": str(element.last),
            "colorspace": nk.quote(element.colourspace),
            "name": f"Read_{name.capitalize()}",
        }
        script.append(nk.node_text("Read", knobs, inputs=0))
    set_colour(script, project)
    return script


def set_colour(script: nk.Script, project: Project) -> None:
    """The project's OCIO config and working space on Root; what the project leaves open stays as it is."""
    root = script.root
    assert root is not None
    config = project.colour.config
    if config and (Path(config).suffix in (".ocio", ".ocioz") or (project.folder / config).is_file()):
        root.set("OCIO_config", "custom")
        root.set_text("customOCIOConfigPath", (project.folder / config).as_posix())
    elif config:
        root.set_text("OCIO_config", config)
    root.set_text("workingSpaceLUT", project.colour.working_space)
