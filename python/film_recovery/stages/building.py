"""The script of a project: its elements, pairs and settings as a recovery graph in ``nuke_base/``.

The same project gives the same text. A script that an operator has changed since is kept beside the new one.
"""

from __future__ import annotations

import os
from pathlib import Path

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import Project, paths
from film_recovery.recipes import load
from film_recovery.stages.backup import backed_up
from film_recovery.stages.reads import set_colour

# The project's words → the words of a Write node.
DATATYPES = {"half": "16 bit half", "float": "32 bit float"}
COMPRESSIONS = {
    "zips": "Zip (1 scanline)",
    "zip": "Zip (16 scanlines)",
    "piz": "PIZ Wavelet (32 scanlines)",
    "rle": "RLE",
    "none": "none",
    "dwaa": "DWAA",
    "dwab": "DWAB",
}


def build_script(project: Project) -> Path:
    """Writes the script of ``project`` and gives its path.

    A file with other content that is there already is kept as ``<name>.bak-<n>``; one with equal content is left
    alone. Raises FilmRecoveryError without pairs or a hold-out, or when the file cannot be written.
    """
    path = paths(project).script
    text = script_text(project)
    if path.exists():
        if nk.load(path).text() == text:
            return path
        backed_up(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    nk.save(nk.parse(text), path)
    return path


def script_text(project: Project) -> str:
    """The recovery graph of ``project`` with its colour set-up."""
    script = nk.parse(graph.recovery_graph(spec_of(project)))
    set_colour(script, project)
    return script.text()


def spec_of(project: Project) -> graph.GraphSpec:
    """What the graph of ``project`` is made of. Paths inside the project are relative to the script's folder.

    A combined recovery is spatial first. Raises FilmRecoveryError without pairs or a hold-out.
    """
    places = paths(project)
    if not project.pairs:
        raise _missing(project, "No pairs are chosen.", "choose 4 to 9 pairs for a shot")
    if not project.hold_out:
        raise _missing(
            project, "No hold-out is chosen, so there is nothing to preview.", "keep one pair apart"
        )
    kind = "colour" if load(project.recipe).kind == "colour" else "spatial"
    settings = project.training
    base = places.script.parent
    return graph.GraphSpec(
        recipe=kind,
        source=_element(project, "source", base),
        reference=_element(project, "reference", base),
        pairs=[(pair.source, pair.reference) for pair in project.pairs],
        preview=project.hold_out[0].source,
        output=_relative(places.render_pattern, base),
        data_directory=_relative(places.training, base),
        model_file=_relative(places.model.with_suffix(".cat"), base),
        translate=project.alignment.translate,
        live_area=project.alignment.live_area,
        method=project.method,
        steps=settings.steps,
        patch=settings.patch,
        batch=settings.batch,
        size=settings.size.capitalize(),
        prefilter=project.prefilter,
        datatype=DATATYPES[project.inference.datatype],
        compression=COMPRESSIONS[project.inference.compression],
        title=project.title,
    )


def _element(project: Project, name: str, base: Path) -> graph.Element:
    element = project.elements[name]
    outside = Path(element.file).is_absolute()
    file = element.file if outside else _relative(project.folder / element.file, base)
    return graph.Element(
        file,
        element.first,
        element.last,
        element.width,
        element.height,
        element.pixel_aspect,
        element.colourspace,
    )


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _missing(project: Project, message: str, remedy: str) -> FilmRecoveryError:
    return FilmRecoveryError(message, remedy=remedy, file=str(project.folder))
