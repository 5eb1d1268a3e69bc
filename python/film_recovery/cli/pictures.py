"""Thumbnails: small pictures of frames for a screen, kept in the project's ``.cache/``.

The name of a thumbnail is a hash of all that decides its pixels (the file's bytes, frame, size, view), so that what is
there need not be made again, and a file that was replaced gets another one. That of a node's picture is a hash of its
pixels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery import project
from film_recovery._hashes import sha256_of
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import RGB, Frame, Pixels
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import Project
from film_recovery.stages.view import NotYet, View

SHOWN_IN = "color_picking"  # the role of encoded sRGB
_EDITION = 1  # one more whenever equal input gives other pixels
_LARGEST = 65504.0  # of a half


def thumbnail(report: Report, folder: Path, file: str, frame: int | None, size: int, colourspace: str) -> int:
    """A picture of ``file`` (or of ``frame`` of a sequence), ``size`` pixels at its longest side or smaller.

    ``colourspace``: what the file is encoded in, shown as encoded sRGB by the project's OCIO config; empty: values as
    they are stored. The result names the PNG and its size. Pictures are never enlarged, pixels become square.
    """
    loaded = project.load(folder)
    source = _file(file, frame)
    config = _config(loaded) if colourspace else None
    view = [config.name, config.resolve(colourspace)] if config else []
    content = _digest(source)

    def made() -> Pixels:
        picture = _fitted(read_frame(source, frame=frame), size)
        if config:
            picture = config.convert(picture, colourspace, SHOWN_IN)
        if _digest(source) != content:
            raise FilmRecoveryError(
                "The file changed while it was read.", remedy="ask again", file=str(source), frame=frame
            )
        return picture

    return _told(report, _kept(loaded, _key(content, frame, size, *view), made))


def of_node(report: Report, folder: Path, node: str, frame: int, size: int) -> int:
    """As :func:`thumbnail`, of what a node of the project's script gives at ``frame``: in the stacks of pairs, frame n
    is pair n. Shown as encoded sRGB from the script's working space. Errors as the evaluator; UsageError where no
    script has been built."""
    loaded = project.load(folder)
    view = View(loaded)
    try:
        evaluator = view.evaluator
    except NotYet as missing:
        raise UsageError(
            f"There is no picture of {node}: {missing}.",
            remedy=missing.remedy or "run the project's first stages",
        ) from None
    root = evaluator.root
    picture = _fitted(evaluator.frame(node, frame), size)
    picture = root.config.convert(picture, root.working_space, SHOWN_IN)
    # What decides the pixels is known only when they are made: they themselves name the file.
    key = _key(hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest(), list(picture.shape))
    return _told(report, _kept(loaded, key, lambda: picture))


def _key(*decides: Any) -> str:
    return hashlib.sha256(json.dumps([_EDITION, *decides]).encode()).hexdigest()


def _kept(loaded: Project, key: str, made: Callable[[], Pixels]) -> Path:
    """The PNG named by ``key``: found, or written of what ``made`` gives (encoded 0–1)."""
    kept = project.paths(loaded).cache / f"thumbnail-{key}.png"
    if not kept.exists():
        shown = Frame.from_array(np.clip(np.nan_to_num(made()), 0, 1))
        write_frame(shown, kept, datatype="uint8", create_directories=True)
    return kept


def _told(report: Report, kept: Path) -> int:
    shape = read_header(kept).format
    report.result({"file": str(kept), "width": shape.width, "height": shape.height}, "thumbnail")
    return EXIT_DONE


def _file(file: str, frame: int | None) -> Path:
    """The one file that is meant; a path that exists as it is written is never taken for a pattern."""
    path = Path(file).absolute()
    return path if frame is None or path.exists() else Sequence.parse(path).existing_path(frame)


def _config(loaded: Project) -> ColourConfig:
    return View(loaded).own_reading.evaluator.root.config


def _digest(file: Path) -> str:
    try:
        return sha256_of(file)
    except FileNotFoundError as error:
        raise FilmRecoveryError(
            "The file does not exist.", remedy="check the path and that its disk is mounted", file=str(file)
        ) from error


def _fitted(frame: Frame, size: int) -> Pixels:
    """Red, green and blue of the frame's format, finite, with square pixels, by area average."""
    shape = frame.format
    wide = shape.width * shape.pixel_aspect
    scale = min(1.0, size / max(wide, shape.height))
    small = (max(1, round(wide * scale)), max(1, round(shape.height * scale)))
    rgb = np.nan_to_num(frame.cropped(shape.box).select(RGB), posinf=_LARGEST, neginf=-_LARGEST)
    if small == (shape.width, shape.height):
        return rgb
    resized: Any = cv2.resize(rgb, small, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.float32)
