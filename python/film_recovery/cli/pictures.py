"""Thumbnails: small pictures of frames for a screen, kept in the project's ``.cache/``.

The name of a thumbnail is a hash of all that decides its pixels (the file's bytes, frame, size, view), so that what is
there need not be made again, and a file that was replaced gets another one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery import project
from film_recovery._hashes import sha256_of
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import RGB, Frame, Pixels
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import Project
from film_recovery.stages import View

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
    key = hashlib.sha256(json.dumps([_EDITION, content, frame, size, *view]).encode()).hexdigest()
    kept = project.paths(loaded).cache / f"thumbnail-{key}.png"
    if not kept.exists():
        picture = _fitted(read_frame(source, frame=frame), size)
        if config:
            picture = config.convert(picture, colourspace, SHOWN_IN)
        if _digest(source) != content:
            raise FilmRecoveryError(
                "The file changed while it was read.", remedy="ask again", file=str(source), frame=frame
            )
        shown = Frame.from_array(np.clip(np.nan_to_num(picture), 0, 1))
        write_frame(shown, kept, datatype="uint8", create_directories=True)
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
