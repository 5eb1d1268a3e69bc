"""What a Write node asks for: its knobs, read once and checked before the first frame is evaluated."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from film_recovery.comp import Evaluator, NodeCall
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.sequence import Sequence

DATATYPES = {"16 bit half": "half", "32 bit float": "float"}
# Knobs of a Write that would change the frames, and the values at which they do not.
UNUSED = {
    "transformType": ("colorspace",),
    "frame_mode": ("expression",),
    "frame": ("",),
    "premultiplied": ("false",),
    "invert": ("false",),
    "autocrop": ("false",),
    "write_ACES_compliant_EXR": ("false",),
}
LOSSY = ("DWAA", "DWAB")


@dataclass(frozen=True)
class Output:
    """Where and how a Write writes. ``colourspace``: canonical name; empty means values as the graph has them."""

    call: NodeCall
    sequence: Sequence
    colourspace: str
    datatype: str | None
    compression: str | None
    create_directories: bool

    @property
    def folder(self) -> Path:
        return self.sequence.folder

    def prepare_folder(self) -> None:
        """Makes the folder if the Write may; raises FilmRecoveryError when frames cannot go there."""
        folder = self.folder
        if folder.is_dir():
            if not os.access(folder, os.W_OK):
                raise self._unusable("cannot be written to", "file", "check its permissions, or choose another")
            return
        if not self.create_directories:
            remedy = "make the folder, or switch create directories on"
            raise self._unusable("does not exist", "create_directories", remedy)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"cannot be made: {error.strerror}"
            raise self._unusable(problem, "file", "check the path and its permissions") from error

    def _unusable(self, problem: str, knob: str, remedy: str) -> FilmRecoveryError:
        return FilmRecoveryError(
            f"The output folder {problem}.",
            remedy=remedy,
            file=str(self.folder),
            node=self.call.place.path,
            class_name="Write",
            knob=knob,
        )


def write_output(evaluator: Evaluator, node: str) -> Output:
    """The Write ``node``. Raises UsageError for another class, FilmRecoveryError for knobs that make no sense."""
    write = evaluator.script.node(node)
    if write.class_name != "Write":
        raise UsageError(f"{node} is a {write.class_name}.", node=node, remedy="name a Write node")
    call = evaluator.call(write, evaluator.root.range[0])
    for knob, accepted in UNUSED.items():
        call.default_only(knob, *accepted)
    sequence = Sequence.parse(str(call.path("file")))
    suffix = Path(sequence.pattern).suffix.lower()
    is_exr = suffix == ".exr"
    if call.text("file_type") not in ("", suffix.lstrip("."), "tiff" if suffix == ".tif" else ""):
        raise call.error(
            f"file_type {call.text('file_type')} does not fit the file name {Path(sequence.pattern).name}.",
            "file_type",
            "make both the same",
        )
    return Output(
        call=call,
        sequence=sequence,
        colourspace=_colourspace(evaluator, call),
        datatype=_datatype(call) if is_exr else None,
        compression=_compression(call) if is_exr else None,
        create_directories=call.boolean("create_directories"),
    )


def _colourspace(evaluator: Evaluator, call: NodeCall) -> str:
    if call.boolean("raw"):
        return ""
    name = call.text("colorspace")
    if name in ("", "default"):
        raise call.error(
            "The Write does not say which colour space it writes.",
            "colorspace",
            "choose one, such as the role aces_interchange for masters, or switch raw data on",
        )
    if not evaluator.root.managed:
        raise call.error(
            f"The script is not colour-managed with OCIO, so {name} has no meaning here.",
            "colorspace",
            "set Root's colorManagement to OCIO, or switch raw data on",
        )
    try:
        return evaluator.root.config.resolve(name)
    except FilmRecoveryError as error:
        error.where.update(node=call.place.path, knob="colorspace")
        raise


def _datatype(call: NodeCall) -> str:
    token = call.text("datatype")
    if token not in DATATYPES:
        raise call.error(
            f"The data type {token!r} is unknown.", "datatype", f"choose {' or '.join(DATATYPES)}"
        )
    return DATATYPES[token]


def _compression(call: NodeCall) -> str:
    token = call.text("compression")
    return f"{token.lower()}:{call.number('dw_compression_level'):g}" if token in LOSSY else token
