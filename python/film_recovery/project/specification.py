"""What the recovery graph of a project is made of: its elements, pairs and settings as a ``graph.GraphSpec``. Light."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from film_recovery import graph
from film_recovery.errors import FilmRecoveryError
from film_recovery.project.folders import paths
from film_recovery.project.model import PairOf, Project
from film_recovery.recipes import load

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


def spec_of(project: Project, script_folder: Path | None = None) -> graph.GraphSpec:
    """What the graph of ``project`` is made of, for a script in ``script_folder`` (None: the project's own).

    Paths inside the project are relative to the project's own script folder, and absolute for a script elsewhere. A
    combined recovery is spatial first. Raises FilmRecoveryError without pairs or a hold-out.
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
    own = places.script.parent
    base = own if script_folder is None or script_folder.resolve() == own.resolve() else None
    return graph.GraphSpec(
        recipe=kind,
        source=_element(project, "source", base),
        reference=_element(project, "reference", base),
        pairs=[(pair.source, pair.reference) for pair in project.pairs],
        preview=project.hold_out[0].source,
        output=_seen(places.render_pattern, base),
        data_directory=_seen(places.training, base),
        model_file=_seen(places.model.with_suffix(".cat"), base),
        translate=project.alignment.translate,
        solved=solved(project.pairs),
        live_area=project.alignment.live_area,
        live_area_keys=keyed_areas(project, project.pairs),
        method=project.method,
        steps=settings.steps,
        patch=settings.patch,
        batch=settings.batch,
        size=settings.size.capitalize(),
        checkpoints=settings.checkpoints,
        prefilter=project.prefilter,
        datatype=DATATYPES[project.inference.datatype],
        compression=COMPRESSIONS[project.inference.compression],
        title=project.title,
        template=project.recipe,
        note=graph.BUILT,
    )


def solved(pairs: Sequence[PairOf]) -> tuple[tuple[float, ...], ...]:
    """The solved alignment of each of ``pairs``; none where no pair has one."""
    return tuple(pair.matrix for pair in pairs) if any(pair.matrix for pair in pairs) else ()


def keyed_areas(project: Project, pairs: Sequence[PairOf]) -> tuple[tuple[int, int, int, int], ...]:
    """The Crop's box at each of ``pairs``; none where no pair has a key of its own."""
    keys, source = project.alignment.live_area_keys, project.source
    if not any(pair.source in keys for pair in pairs):
        return ()
    usual = project.alignment.live_area or (0, 0, source.width, source.height)
    return tuple(keys.get(pair.source, usual) for pair in pairs)


def _element(project: Project, name: str, base: Path | None) -> graph.Element:
    element = project.elements[name]
    outside = Path(element.file).is_absolute()
    file = element.file if outside else _seen(project.folder / element.file, base)
    return graph.Element(
        file,
        element.first,
        element.last,
        element.width,
        element.height,
        element.pixel_aspect,
        element.colourspace,
    )


def _seen(path: Path, base: Path | None) -> str:
    """``path`` relative to ``base``, or absolute without one."""
    return Path(os.path.abspath(path) if base is None else os.path.relpath(path, base)).as_posix()


def _missing(project: Project, message: str, remedy: str) -> FilmRecoveryError:
    return FilmRecoveryError(message, remedy=remedy, file=str(project.folder))
