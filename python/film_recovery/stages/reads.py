"""Root and the two Reads of a project as script text: what stage 0 looks through before a script exists."""

from __future__ import annotations

from pathlib import Path

from film_recovery import nk
from film_recovery.project import FILE, Project


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
