"""Review movies of masters, as a display shows them, and the sidecar that says which frames, which model, which view.

``MOVIE.review.json`` beside each holds the SHA-256 of the movie, over the list of the masters and of their model, the
frame range and the viewing intent: display, view and OCIO config.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery import __version__
from film_recovery._files import explained, read_text, write_whole
from film_recovery.delivery import movies
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame, read_header
from film_recovery.imaging.frame import Box, Format, Frame, Pixels
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.sequence import Sequence as FileSequence
from film_recovery.imaging.writing import AP0_CHROMATICITIES
from film_recovery.protection import keep_apart, keep_apart_from
from film_recovery.provenance.sealing import JSON, Seal, content_hash, digest_of, hashed, seal_beside, stem_of
from film_recovery.rendering.render import today
from film_recovery.stages.provenance import card_of
from film_recovery.stages.short_range import made_now
from film_recovery.stages.view import NotYet, View

SCHEMA = "film-recovery-review/1"
FOLDER, END = "proxies", ".review.json"
_ARCHIVE = "aces_interchange"  # the role of what AP0 chromaticities say
_TAGGED = {"709": movies.BT709, "sRGB": movies.SRGB}  # what a display's name holds → transfer curve
_LIMIT = 1 << 26
_NAMED = 5  # frames that a message names
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Footage:
    """Masters: ``frames`` of ``sequence``, their colour ``space`` by its name in ``config``, ``rate`` frames a second.

    ``model``: name and SHA-256 of the one that made them; empty where only ``seal``, the provenance beside them, can
    say it, of the frames that it is of."""

    sequence: FileSequence
    frames: tuple[int, ...]
    space: str
    config: ColourConfig
    rate: float
    model: tuple[str, str] = ("", "")
    seal: Seal | None = None


@dataclass(frozen=True)
class Viewing:
    """How they are shown; empty: the Rec.709 display of the config (or its own first choice) and that one's view."""

    display: str = ""
    view: str = ""


@dataclass(frozen=True)
class Made:
    """The movies, the sidecar of each, and how many frames each has. ``model``: name and SHA-256 of the one that made
    the frames, as the sidecars have it; empty for the reason ``unsaid``."""

    files: tuple[Path, ...]
    sidecars: tuple[Path, ...]
    frames: int
    viewing: Viewing
    model: tuple[str, str]
    unsaid: str


def of_project(view: View) -> Footage:
    """The masters of a project. Raises FilmRecoveryError before there is one, and where they do not say their space."""
    try:
        output, frames = view.output, tuple(view.written)
        model, seal = _model_of(view, frames), seal_of(output.sequence)
    except NotYet as reason:
        raise FilmRecoveryError(
            f"There is nothing to show: {reason}.",
            remedy=f"film-recovery run --project {view.project.folder}",
            file=str(view.project.folder),
        ) from reason
    if not output.holds:
        raise FilmRecoveryError(
            "The masters do not say their colour space, so no display can be told how to show them.",
            remedy="set the Write's colorspace to the role aces_interchange and switch raw data off, render again",
            node=view.write.path,
        )
    root = view.evaluator.root
    return Footage(
        output.sequence, frames, output.holds, root.config, view.project.source.frame_rate, model, seal
    )


def of_pattern(pattern: str, space: str, rate: float | None) -> Footage:
    """Frames of no project. ``space``: of their values; empty: what AP0 chromaticities in the first header say.

    ``rate``: as the first header says it where nothing is given. Raises UsageError where either is said nowhere."""
    sequence = FileSequence.parse(pattern)
    frames = tuple(sequence.frames())
    if not frames:
        raise UsageError(f"There is no frame of {pattern}.", remedy="check the path and the number of #")
    header, config = read_header(sequence.path(frames[0])), ColourConfig.load()
    said = header.metadata.get("chromaticities")
    archival = said is not None and np.allclose(said, AP0_CHROMATICITIES, atol=1e-4)
    if not space and not archival:
        raise UsageError(
            "The frames do not say their colour space.",
            remedy="give --colourspace, a name of the OCIO config such as aces_interchange",
            file=str(sequence.path(frames[0])),
        )
    rate = rate or header.frame_rate
    if rate is None:
        raise UsageError(
            "The frames do not say how many there are a second.",
            remedy="give --frame-rate, such as 24 or 23.976",
            file=str(sequence.path(frames[0])),
        )
    return Footage(sequence, frames, config.resolve(space or _ARCHIVE), config, rate, seal=seal_of(sequence))


def _model_of(view: View, frames: Sequence[int]) -> tuple[str, str]:
    """The present model, where the record says of all masters that it made them; else empty."""
    if _is_ours(view) and made_now(view, frames) == set(frames):
        return view.model_file.name, content_hash(view.model_file)
    return "", ""


def _is_ours(view: View) -> bool:
    """Whether the model is one that our engine runs, and so may have made frames; raises NotYet without one. A ``.cat``
    of CopyCat has no card, or one that is not tied to it."""
    try:
        return card_of(view) is not None
    except FilmRecoveryError:
        return False


def seal_of(sequence: FileSequence) -> Seal | None:
    """The provenance beside the frames."""
    return seal_beside(Path(sequence.pattern).name, sequence.folder)


def _model_said(footage: Footage, frames: Mapping[str, str]) -> tuple[tuple[str, str], str]:
    """The model that made ``frames`` (name → SHA-256), or empty and why: the provenance says it of its own alone."""
    seal = footage.seal
    if all(footage.model):
        return footage.model, ""
    if seal is None or seal.model is None:
        return ("", ""), "no provenance beside the frames says it"
    others = [name for name, sha256 in frames.items() if seal.frames.get(name) != sha256]
    if others:
        return ("", ""), f"the provenance beside the frames is of others: {_named(others)}"
    return (Path(seal.model.path).name, seal.model.sha256), ""


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def make(
    footage: Footage,
    out: Path,
    viewing: Viewing,
    kinds: Sequence[str],
    progress: Progress | None = None,
    scans: Sequence[FileSequence] = (),
) -> Made:
    """Writes a movie of each of ``kinds`` (``movies.KINDS``) into ``out``, and the sidecar of each.

    A movie of an earlier time goes where its sidecar says that it is ours; then the sidecar of the new one is written,
    and last it takes its name, so that whatever a kill leaves is known for ours. ``scans``: the elements, or frames of
    nobody's project, whose folders are never written to. Raises UsageError for a kind or a display that is not known,
    FilmRecoveryError without the encoder, for a file that is in the way, for a frame that cannot be read, or that has
    another format than the first."""
    chosen = [_kind(name) for name in dict.fromkeys(kinds)]
    shown = _viewing(footage.config, viewing)
    for one in scans:
        keep_apart(out, one.folder, "which is only read", file=str(out))
        keep_apart_from(map(one.path, one.frames()), out, "which is only read", file=str(out))
    name = stem_of(Path(footage.sequence.pattern).name)
    files = {out / f"{name}.{kind.name}{kind.suffix}": kind for kind in chosen}
    for file in files:
        _refuse_foreign(file)
    movies.library()
    first = read_header(footage.sequence.path(footage.frames[0])).format
    shape = movies.Shape(
        movies.even(first.width),
        movies.even(first.height),
        movies.exact(footage.rate),
        _transfer(shown.display),
        first.pixel_aspect,
    )
    about = {
        "title": name,
        "comment": f"frames {format_frames(footage.frames)}; {shown.view} on {shown.display}; review only",
    }
    tell = None if progress is None else partial(progress, "review movies")
    frames = hashed(footage.sequence.path(number) for number in footage.frames)
    model, unsaid = _model_said(footage, frames)
    content = {
        **_content(footage, shown, shape, frames),
        "model": {"name": model[0], "sha256": model[1], **({"unsaid": unsaid} if unsaid else {})},
    }

    def note(file: Path, made: Path) -> None:
        with explained(file, "replaced"):
            file.unlink(missing_ok=True)
        _write_sidecar(content, file, files[file], shape, content_hash(made))

    count = movies.write_movies(files, _pictures(footage, shown, first, tell), shape, about, note)
    return Made(tuple(files), tuple(map(sidecar_of, files)), count, shown, model, unsaid)


def _pictures(
    footage: Footage, shown: Viewing, format: Format, progress: Callable[[int, int], None] | None
) -> Iterator[Pixels]:
    """Each frame over its format, as displayed, top row first; black where it holds nothing."""
    for done, number in enumerate(footage.frames, 1):
        file = footage.sequence.existing_path(number)
        frame = read_frame(file)
        if frame.format != format:
            raise FilmRecoveryError(
                f"The frame has another format than the first: {_size(frame)}, not {format.width} × {format.height}.",
                remedy="make movies of frames of one format",
                file=str(file),
                frame=number,
            )
        picture = np.zeros((format.height, format.width, 3), np.float32)
        inside = frame.bbox.intersect(format.box)
        if not inside.empty:
            values = footage.config.display(frame.rgb(inside), footage.space, shown.display, shown.view)
            _put(picture, values, inside, format.box)
        yield picture[::-1]
        if progress:
            progress(done, len(footage.frames))


def _put(picture: Pixels, values: Pixels, inside: Box, whole: Box) -> None:
    row, column = inside.y - whole.y, inside.x - whole.x
    picture[row : row + inside.height, column : column + inside.width] = values


def _size(frame: Frame) -> str:
    return f"{frame.format.width} × {frame.format.height}"


def _kind(name: str) -> movies.Kind:
    if name not in movies.KINDS:
        raise UsageError(
            f"There is no movie of the kind {name!r}.", remedy=f"choose {' or '.join(movies.KINDS)}"
        )
    return movies.KINDS[name]


def _viewing(config: ColourConfig, asked: Viewing) -> Viewing:
    """The display and the view by their names in the config."""
    displays = config.displays()
    usual = next((one for one in displays if "709" in one), "")
    return Viewing(*config.viewing(asked.display or usual, asked.view))


def _transfer(display: str) -> int:
    """How a movie for ``display`` is tagged. Raises UsageError for one that no tag of ours is right for."""
    for word, transfer in _TAGGED.items():
        if word.lower() in display.lower():
            return transfer
    raise UsageError(
        f"A movie for the display “{display}” would have the wrong colour tags.",
        remedy="choose a Rec.709 or sRGB display with --display",
    )


def sidecar_of(movie: Path) -> Path:
    """Where the sidecar of a movie lies."""
    return movie.with_name(f"{movie.name}{END}")


def recorded(movie: Path) -> str:
    """The SHA-256 of ``movie`` as its sidecar has it; empty without a sidecar of ours."""
    return str(said_of(movie).get("movie", {}).get("sha256", ""))


def said_of(movie: Path) -> dict[str, Any]:
    """What the sidecar of ``movie`` says; empty without one of ours."""
    sidecar = sidecar_of(movie)
    if not sidecar.is_file():
        return {}
    try:
        content = json.loads(read_text(sidecar, _LIMIT))
        ours = content["schema"] == SCHEMA and all(
            isinstance(content.get(part, {}), dict) for part in ("movie", "masters")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return dict(content) if ours else {}


def movies_in(folder: Path, sequence: FileSequence) -> list[Path]:
    """The files in ``folder`` that have the name of a review movie of ``sequence``; those of other versions, sidecars,
    and what lies in folders of its own, are none."""
    start = f"{stem_of(Path(sequence.pattern).name)}."
    named = folder.glob(f"{glob.escape(start)}*")
    return sorted(file for file in named if not file.name.endswith(END) and not file.is_dir())


def _refuse_foreign(movie: Path) -> None:
    """Raises FilmRecoveryError where ``movie``, or its sidecar, is a file that this program did not make."""
    sidecar, known = sidecar_of(movie), recorded(movie)
    for file in (movie, sidecar):
        if file.exists() and (not known or (file == movie and known != content_hash(file))):
            raise FilmRecoveryError(
                "A file that this program did not make, or that was changed since, is in the way.",
                remedy="move it away, or choose another folder with --out",
                file=str(file),
            )


def _content(
    footage: Footage, shown: Viewing, shape: movies.Shape, frames: Mapping[str, str]
) -> dict[str, Any]:
    """What the sidecars of all kinds say, beside the model. ``frames``: name → SHA-256 of the masters."""
    name = Path(footage.sequence.pattern).name
    seal = footage.sequence.folder / f"{stem_of(name)}{JSON}"
    return {
        "schema": SCHEMA,
        "made_by": f"film-recovery {__version__}",
        "day": today(),
        "purpose": "review; the masters are the EXR frames",
        "viewing": {"display": shown.display, "view": shown.view, "ocio_config": footage.config.name},
        "frame_range": format_frames(footage.frames),
        "frames": len(footage.frames),
        "rate": str(shape.rate),
        "size": [shape.width, shape.height],
        "masters": {
            "sequence": name,
            "colour_space": footage.space,
            "list_sha256": digest_of(frames),
            "provenance": content_hash(seal) if seal.is_file() else "",
        },
    }


def _write_sidecar(
    content: Mapping[str, Any], file: Path, kind: movies.Kind, shape: movies.Shape, sha256: str
) -> None:
    movie = {
        "file": file.name,
        "codec": kind.encoder,
        "pixels": kind.pixels,
        "transfer": shape.transfer,
        "sha256": sha256,
    }
    text = json.dumps({**content, "movie": movie}, indent=1, sort_keys=True, ensure_ascii=False)
    write_whole(sidecar_of(file), text + "\n")
