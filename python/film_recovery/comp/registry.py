"""Which node classes the evaluator knows: one small function each, registered by its Nuke class name.

A node class declares every knob that it implements, with the knob's default. A knob that a script sets and
that is neither declared nor harmless (name, position, colours …) is an error that names it: nothing passes
silently. ``engine.py`` registers further classes (Inference) without this package knowing of networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from film_recovery.comp.call import NodeCall
    from film_recovery.imaging.frame import Frame

Evaluate = Callable[["NodeCall"], "Frame"]
Range = Callable[["NodeCall"], tuple[int, int]]

# Knobs of every node that change nothing in the picture (Nuke's Node and Python tabs, and the panel's state).
COSMETIC = frozenset(
    """name label xpos ypos selected tile_color gl_color note_font note_font_size note_font_color hide_input
    postage_stamp postage_stamp_frame cached dope_sheet bookmark help icon indicators autolabel onCreate
    onDestroy knobChanged updateUI beforeRender afterRender beforeFrameRender afterFrameRender renderProgress
    lifetimeStart lifetimeEnd useLifetime fr_version fr_id inputs gpuName useGPUIfAvailable""".split()
)


@dataclass(frozen=True)
class NodeClass:
    """What the evaluator knows of one Nuke class.

    ``knobs``: implemented knobs and their Nuke defaults. ``ignored``: knobs of the class that change no pixel.
    ``inputs``: how many main inputs at least. ``mask``: index of the mask input, or None. ``source``: the
    Foundry page that the function follows. ``frame_range``: None means that of input 0.
    """

    name: str
    evaluate: Evaluate
    knobs: Mapping[str, Any]
    ignored: frozenset[str]
    source: str
    frame_range: Range | None = None
    mask: int | None = None


_CLASSES: dict[str, NodeClass] = {}

# Knobs that every maskable node shares (knob name -> default); see mask.py for what they do.
MASK_KNOBS: Mapping[str, Any] = MappingProxyType(
    {
        "maskChannelInput": "none",
        "maskChannelMask": "rgba.alpha",
        "invert_mask": False,
        "mix": 1.0,
    }
)
# Their companions that must stay at the default: set to anything else they are an error.
MASK_IGNORED = frozenset({"maskFromFlag", "enable_mix_luminance"})


def register(
    name: str,
    *,
    knobs: Mapping[str, Any] | None = None,
    ignored: Iterable[str] = (),
    source: str,
    frame_range: Range | None = None,
    mask: int | None = None,
) -> Callable[[Evaluate], Evaluate]:
    """Decorator: ``function`` evaluates nodes of Nuke class ``name``.

    ``mask``: index of the optional mask input; the class then also has the knobs of ``MASK_KNOBS`` and the
    evaluator blends the result with input 0 through mask and mix after ``function`` returns.
    Registering a class twice is a programming error (ValueError).
    """

    def add(function: Evaluate) -> Evaluate:
        if name in _CLASSES:
            raise ValueError(f"node class {name} is registered twice")
        declared = dict(knobs or {})
        if mask is not None:
            declared.update(MASK_KNOBS)
        quiet = frozenset(ignored) | (MASK_IGNORED if mask is not None else frozenset())
        _CLASSES[name] = NodeClass(
            name, function, MappingProxyType(declared), quiet, source, frame_range, mask
        )
        return function

    return add


def known(name: str) -> NodeClass | None:
    """The class of that name, or None."""
    return _CLASSES.get(name)


def all_classes() -> Mapping[str, NodeClass]:
    """Every registered class, by name."""
    return MappingProxyType(_CLASSES)
