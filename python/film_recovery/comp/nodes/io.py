"""Read and Write. A Read turns its frame number into a file, and the file into the working colour space.

Colour. With OCIO colour management the knob ``colorspace`` names a space, alias or role of the config.
``default`` (or nothing) is Root's int8Lut, int16Lut, logLut or floatLut for that kind of file; where Root
does not say: scene_linear for half and float, color_picking for 8 and 16 bit, compositing_log for DPX
(unconfirmed). Without OCIO management Nuke's own curves linear, sRGB, rec709 and GammaN are known, and
``default`` is linear for float and sRGB for 8 and 16 bit. ``raw`` and data spaces are not converted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np

from film_recovery.comp import expressions
from film_recovery.comp.call import NodeCall
from film_recovery.comp.registry import register
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import files
from film_recovery.imaging.frame import RGB, Box, Format, Frame, Pixels
from film_recovery.imaging.sequence import Sequence

_IMAGE = "https://learn.foundry.com/nuke/content/reference_guide/image_nodes"
_ENDS = ("hold", "loop", "bounce", "black")
_FRAME_MODES = ("expression", "start at", "offset")
_ON_ERROR = ("error", "black", "checkerboard", "nearest frame")
_NOT_CONVERTED = ("raw", "none")
_NEAR = 32  # frames: of a longer gap, a file that comes further away than this makes no frame anew
_GAMMA = re.compile(r"Gamma(\d+(?:\.\d+)?)")

_READ_IGNORED = """origset origfirst origlast version localizationPolicy localizationPriority
    updateLocalization cacheLocal format proxy proxy_format file_type reload rescan_range sequence swap
    edit_num container_codec reverse_transform noprefix""".split()
# A Write's knobs say how its file is made; none of them changes what passes through.
_WRITE_IGNORED = """file proxy file_type channels colorspace ocioColorspace display view transformType raw
    premultiplied first last use_limit frame frame_mode views create_directories checkHashOnRead version
    datatype compression dw_compression_level autocrop heroview metadata interleave
    standard_layer_name_format write_full_layer_names truncateLayerNames truncateChannelNames
    write_ACES_compliant_EXR do_not_attach_prefix first_part render_order file_version invert in_colorspace
    out_colorspace colorspace_display colorspace_view _jpeg_quality _jpeg_sub_sampling bigEndian transfer fill
    timecode editDecisionList Render limit noprefix""".split()


def _read_range(call: NodeCall) -> tuple[int, int]:
    """The frames of the timeline on which the files first–last appear (expression: first–last itself)."""
    first, last = call.integer("first"), call.integer("last")
    mode = call.choice("frame_mode", _FRAME_MODES)
    if mode == "start at" and call.text("frame"):
        start = _whole(call, call.text("frame"))
        return start, start + last - first
    offset = _whole(call, call.text("frame")) if mode == "offset" and call.text("frame") else 0
    return first - offset, last - offset


@register(
    "Read",
    knobs={
        "file": "",
        "first": 1,
        "last": 1,
        "before": "hold",
        "after": "hold",
        "frame_mode": "expression",
        "frame": "",
        "on_error": "error",
        "colorspace": "default",
        "raw": False,
        "auto_alpha": False,
        "premultiplied": False,
    },
    ignored=_READ_IGNORED,
    source=f"{_IMAGE}/read.html",
    frame_range=_read_range,
)
def read(call: NodeCall) -> Frame:
    """The file of this frame in the working space; format and box from the file.

    ``on_error`` answers files that are not there; a damaged file is an error always.
    """
    for knob in ("auto_alpha", "premultiplied"):
        if call.boolean(knob):
            raise call.error(f"{knob} is not implemented.", knob, remedy="switch it off")
    sequence, number, missing = _shown(call)
    for absent in missing:
        call.evaluator.note_missing(absent)
    if number is None:
        return _black(call, sequence)
    path = sequence.existing_path(number)
    shown = None if sequence.is_still else number
    call.evaluator.note_file(path)
    return call.evaluator.remembered((call.place, path), lambda: _load(call, path, shown))


def file_shown(call: NodeCall) -> Path | None:
    """The file that a Read shows at the call's frame; None where it is black. Errors as the Read's own."""
    sequence, number, _ = _shown(call)
    return None if number is None else sequence.existing_path(number)


def shape(call: NodeCall) -> tuple[Format, Box]:
    """Format and box of what a Read gives, from the file's header alone."""
    path = file_shown(call)
    if path is None:
        header = _black_as(call, _shown(call)[0])
        return header.format, header.format.box
    header = files.read_header(path)
    return header.format, header.bbox


@register(
    "Write",
    knobs={
        "reading": False,
        "file": "",
        "file_type": "",
        "channels": "rgb",
        "colorspace": "default",
        "raw": False,
        "create_directories": False,
        "datatype": "16 bit half",
        "compression": "Zip (1 scanline)",
        "dw_compression_level": 45.0,
    },
    ignored=_WRITE_IGNORED,
    source=f"{_IMAGE}/write.html",
)
def write(call: NodeCall) -> Frame:
    """Its input: evaluating writes nothing."""
    if call.boolean("reading"):
        raise call.error("Reading back from a Write is not implemented.", "reading", remedy="use a Read")
    return call.input(0)


def _shown(call: NodeCall) -> tuple[Sequence, int | None, list[Path]]:
    """The files; which of them is shown at the call's frame, None for black; and where ``on_error`` stands in for one
    that is not there, those that are shown instead once they are."""
    first, last = call.integer("first"), call.integer("last")
    if last < first:
        raise call.error(f"The frame range {first}–{last} is empty.", "last")
    sequence = Sequence.parse(call.path("file").as_posix())
    number = _in_range(call, _file_frame(call, first), first, last)
    if number is None or sequence.path(number).is_file():
        return sequence, number, []
    instead = _instead(call, sequence, number, first, last)
    return sequence, instead, [sequence.path(one) for one in _nearer(number, instead, first, last)]


def _nearer(number: int, instead: int | None, first: int, last: int) -> Iterator[int]:
    """The frames that would be shown for ``number`` rather than ``instead``, if their files were there; no further away
    than ``_NEAR``."""
    far = 0 if instead is None else min(_NEAR, abs(instead - number))
    around = range(max(first, number - far), min(last, number + far) + 1)
    return takewhile(lambda one: one != instead, sorted(around, key=lambda one: abs(one - number)))


def _file_frame(call: NodeCall, first: int) -> int:
    """The number of the file for this frame of the timeline."""
    mode, word = call.choice("frame_mode", _FRAME_MODES), call.text("frame").strip()
    frame = call.frame
    if word:
        if mode == "start at":
            frame = frame - _whole(call, word) + first
        elif mode == "offset":  # added, as the user guide says: unconfirmed
            frame = frame + _whole(call, word)
        else:
            frame = _expression(call, word)
    if not math.isfinite(frame):
        raise call.error(f"The frame number is {frame}.", "frame")
    return math.floor(frame + 0.5)


def _expression(call: NodeCall, word: str) -> float:
    def lookup(name: str) -> float:
        if name in ("frame", "x", "t", "first", "last"):
            return call.frame if name in ("frame", "x", "t") else float(call.integer(name))
        raise call.error(f"The frame expression {word!r} uses {name}.", "frame", remedy="use frame only")

    try:
        value = expressions.parse(word).evaluate(lookup)
    except expressions.ExpressionError as error:
        raise call.error(error.message, "frame", remedy=error.remedy) from None
    assert isinstance(value, float)
    return value


def _whole(call: NodeCall, word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise call.error(f"{word!r} is not a frame number.", "frame") from None


def _in_range(call: NodeCall, number: int, first: int, last: int) -> int | None:
    """``number`` brought into first–last as ``before`` and ``after`` say; None is black."""
    if first <= number <= last:
        return number
    how = call.choice("before" if number < first else "after", _ENDS)
    if how == "hold":
        return first if number < first else last
    length = last - first + 1
    if how == "loop":
        return first + (number - first) % length
    if how == "bounce":
        step = (number - first) % max(1, 2 * length - 2)
        return first + min(step, 2 * length - 2 - step)
    return None


def _instead(call: NodeCall, sequence: Sequence, number: int, first: int, last: int) -> int | None:
    """What ``on_error`` says to show for a file that is not there: another frame, or None for black."""
    how = call.choice("on_error", _ON_ERROR)
    if how == "checkerboard":
        raise call.error("on_error checkerboard is not implemented.", "on_error", remedy="choose another")
    present = [frame for frame in sequence.frames() if first <= frame <= last]
    if how == "error" or not present:
        sequence.existing_path(number)  # raises, naming file and frame
    return None if how == "black" else min(present, key=lambda frame: abs(frame - number))


def _black(call: NodeCall, sequence: Sequence) -> Frame:
    """Black in the format and channels of the first file that is there."""
    header = _black_as(call, sequence)
    format = header.format
    pixels = np.zeros((format.height, format.width, len(header.channels)), np.float32)
    return Frame(pixels, header.channels, format, format.box)


def _black_as(call: NodeCall, sequence: Sequence) -> files.Header:
    first, last = call.integer("first"), call.integer("last")
    present = [frame for frame in sequence.frames() if first <= frame <= last]
    return files.read_header(sequence.existing_path(present[0] if present else first))


def _load(call: NodeCall, path: Path, number: int | None) -> Frame:
    try:
        depth = files.read_header(path).bit_depth
        stored = files.read_frame(path)
    except FilmRecoveryError as error:
        if number is not None:
            error.where.setdefault("frame", number)
        raise
    if not all(name in stored.channels for name in RGB):
        return stored
    space = "raw" if call.boolean("raw") else call.text("colorspace")
    log = path.suffix.lower() in (".dpx", ".cin")
    rgb = _to_working(call, stored.select(RGB), space, depth, log)
    return stored if rgb is None else stored.with_channels(RGB, rgb)


def _to_working(call: NodeCall, rgb: Pixels, space: str, depth: str, log: bool) -> Pixels | None:
    """``rgb`` from ``space`` to the working space; None where nothing changes."""
    root = call.evaluator.root
    is_float = depth in ("half", "float", "double")
    if space in ("", "default"):
        knob = "floatLut" if is_float else "logLut" if log else "int8Lut" if depth == "uint8" else "int16Lut"
        space = root.text(knob) or _default_space(root.managed, is_float, log)
    if space.lower() in _NOT_CONVERTED:
        return None
    if not root.managed:
        return _nuke_curve(call, rgb, space)
    config = call.config
    if config.is_data(space) or config.resolve(space) == config.resolve(root.working_space):
        return None
    return config.convert(rgb, space, root.working_space)


def _default_space(managed: bool, is_float: bool, log: bool) -> str:
    if managed:
        return "scene_linear" if is_float else "compositing_log" if log else "color_picking"
    return "linear" if is_float else "Cineon" if log else "sRGB"


def _nuke_curve(call: NodeCall, rgb: Pixels, space: str) -> Pixels | None:
    """Nuke's own curves to linear light, for scripts without OCIO."""
    gamma = _GAMMA.fullmatch(space)
    if space == "linear":
        return None
    if space == "sRGB":  # IEC 61966-2-1
        return _above(rgb, 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055), 2.4)
    if space == "rec709":  # ITU-R BT.709-6 §1.2, inverted
        return _above(rgb, 0.081, rgb / 4.5, ((rgb + 0.099) / 1.099), 1 / 0.45)
    if gamma and float(gamma[1]) > 0:
        return _above(rgb, 0.0, rgb, rgb, float(gamma[1]))
    raise call.error(
        f"The colour space “{space}” is not known without OCIO colour management.",
        "colorspace",
        remedy="set Root's colorManagement to OCIO, or choose linear, sRGB, rec709, a Gamma or raw",
    )


def _above(rgb: Pixels, edge: float, below: Pixels, base: Pixels, power: float) -> Pixels:
    curve = np.power(np.maximum(base, 0), power)
    return np.where(rgb <= edge, below, curve).astype(np.float32)
