"""What a Write node asks for: its knobs, read once and checked before the first frame is evaluated."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from film_recovery.comp import Evaluator, NodeCall
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.sequence import Sequence, format_frames

DATATYPES = {
    ".exr": {"16 bit half": "half", "32 bit float": "float"},
    ".tif": {"8 bit": "uint8", "16 bit": "uint16", "32 bit float": "float"},
    ".png": {"8 bit": "uint8", "16 bit": "uint16"},
    ".dpx": {"8 bit": "uint8", "16 bit": "uint16"},
}
SUFFIXES = {".tiff": ".tif"}
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
# The entries of a Write's knob metadata, in Nuke's order.
HEADERS = (
    "no metadata",
    "default metadata",
    "default metadata and exr/*",
    "all metadata except input/*",
    "all metadata",
)
COLOUR_KEPT = frozenset({"Dot", "NoOp", "PostageStamp", "ModifyMetaData", "Crop", "CopyBBox"})
PARTIAL = ("channels", "mix", "maskChannelInput", "maskFromFlag")


@dataclass(frozen=True)
class Output:
    """Where and how a Write writes.

    ``colourspace``: what the Write itself converts to, canonical name; empty (raw): values as the graph has them.
    ``holds``: the space of the values in the file; also known for a raw Write right after an OCIOColorSpace, else
    empty. ``header``: the Write's knob *metadata*.
    """

    call: NodeCall
    sequence: Sequence
    colourspace: str
    datatype: str | None
    compression: str | None
    create_directories: bool
    holds: str
    header: str

    @property
    def folder(self) -> Path:
        return self.sequence.folder

    def prepare_folder(self) -> None:
        """Makes the folder if the Write may; raises FilmRecoveryError when frames cannot go there."""
        folder = self.folder
        try:
            exists = folder.is_dir()
        except OSError as error:
            problem = f"cannot be reached: {error.strerror}"
            raise self._unusable(problem, "file", "check the path and its permissions") from error
        if exists:
            if not os.access(folder, os.W_OK):
                raise self._unusable(
                    "cannot be written to", "file", "check its permissions, or choose another"
                )
            return
        if not self.create_directories:
            remedy = "make the folder, or switch create directories on"
            raise self._unusable("does not exist", "create_directories", remedy)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"cannot be made: {error.strerror}"
            raise self._unusable(problem, "file", "check the path and its permissions") from error

    def check_frames(self, frames: Iterable[int]) -> None:
        """Raises FilmRecoveryError for frames that this Write cannot or must not write."""
        numbers = list(frames)
        if self.sequence.is_still and len(numbers) > 1:
            raise self.call.error(
                f"The file name {Path(self.sequence.pattern).name} has no frame number, and {len(numbers)} frames "
                "are asked for: each would take the place of the one before.",
                "file",
                "put #### into the name, or render one frame",
            )
        limited = self.call.is_set("use_limit") and self.call.boolean("use_limit")
        if not (limited and self.call.is_set("first") and self.call.is_set("last")):
            return
        first, last = self.call.integer("first"), self.call.integer("last")
        beyond = [number for number in numbers if not first <= number <= last]
        if beyond:
            raise self.call.error(
                f"The Write is limited to {first}-{last}; asked for: {format_frames(beyond)}.",
                "use_limit",
                "choose other frames, or switch the limit off",
            )

    def refuse_disabled(self, number: int) -> None:
        """Raises FilmRecoveryError when the Write is disabled at this frame: it then writes nothing in Nuke."""
        call = replace(self.call, frame=float(number))
        if call.is_set("disable") and call.boolean("disable"):
            raise call.error("The Write is disabled.", "disable", "switch it on, or name another Write")

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
    if SUFFIXES.get(suffix, suffix) not in DATATYPES:
        raise call.error(
            f"Files of type “{suffix}” are not written.", "file", f"choose one of: {' '.join(DATATYPES)}"
        )
    if call.text("file_type") not in ("", suffix.lstrip("."), "tiff" if suffix == ".tif" else ""):
        raise call.error(
            f"file_type {call.text('file_type')} does not fit the file name {Path(sequence.pattern).name}.",
            "file_type",
            "make both the same",
        )
    colourspace = _colourspace(evaluator, call)
    return Output(
        call=call,
        sequence=sequence,
        colourspace=colourspace,
        datatype=_datatype(call, SUFFIXES.get(suffix, suffix)),
        compression=_compression(call) if is_exr else None,
        create_directories=call.boolean("create_directories"),
        holds=colourspace or _converted_before(evaluator, call),
        header=call.choice("metadata", HEADERS) if call.is_set("metadata") else HEADERS[1],
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


def _converted_before(evaluator: Evaluator, call: NodeCall) -> str:
    """The space that a raw Write is given: that of the OCIOColorSpace before it, where only these lie between:
    classes that leave colours alone. Empty where nothing says it."""
    inputs = evaluator.graph.inputs(call.place)
    while inputs and inputs[0] is not None:
        place = inputs[0]
        before = replace(call, place=place)
        inputs = evaluator.graph.inputs(place)
        if before.is_set("disable") and before.boolean("disable"):
            continue
        if place.node.class_name == "OCIOColorSpace":
            partly = any(before.is_set(knob) for knob in PARTIAL) or any(inputs[1:])
            return "" if partly else before.config.resolve(before.text("out_colorspace"))
        if place.node.class_name not in COLOUR_KEPT:
            return ""
    return ""


def _datatype(call: NodeCall, suffix: str) -> str | None:
    """The data type of the file; None is the usual one of its kind (16 bit), where the script says nothing."""
    if suffix != ".exr" and not call.is_set("datatype"):
        return None
    token, known = call.text("datatype"), DATATYPES[suffix]
    if token not in known:
        raise call.error(
            f"The data type {token!r} is not written to a {suffix} file.",
            "datatype",
            f"choose {' or '.join(known)}",
        )
    return known[token]


def _compression(call: NodeCall) -> str:
    token = call.text("compression")
    return f"{token.lower()}:{call.number('dw_compression_level'):g}" if token in LOSSY else token
