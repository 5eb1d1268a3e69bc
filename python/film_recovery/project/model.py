"""What a project is: the plain data of ``project.yaml``, frozen. Read by every stage, written by none.

``loading`` makes it from the file, ``creation`` and ``editing`` write the file; nobody changes it in memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

SCHEMA = 1
SCOPES = ("shot", "scene", "sequence")
METHODS = ("matrix", "Colorspace")
ENGINES = ("open", "copycat")
SIZES = ("small", "medium", "large")
TIERS = ("full", "indie", "nc")
DATATYPES = ("half", "float")
COMPRESSIONS = ("none", "rle", "zips", "zip", "piz", "dwaa", "dwab")
RENDER_FOLDER = "pipeline/04_inference_render"

# Keys of an element that follow from the other project where it is that project's master.
FOLLOWING = (
    "file",
    "first",
    "last",
    "width",
    "height",
    "pixel_aspect",
    "frame_rate",
    "colourspace",
)
PLACEHOLDERS: Mapping[str, Any] = MappingProxyType(  # until that project is read
    {"file": "-", "first": 0, "last": 0, "width": 1, "height": 1}
)

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Element:
    """One element of the film, read-only to the project.

    ``file``: a sequence with ``####`` or ``%04d``, or one file; relative to the project folder, or absolute,
    for scans lie outside. ``first``, ``last``: its frames, both included. ``width`` × ``height``: pixels of its
    format. ``colourspace``: a role or name of the OCIO config. ``gauge`` (``16 mm``), ``generation`` (``print``),
    ``type`` (``print``, ``internegative``, ``telecine``, ``safety copy``, ``DVD``, ``painting`` …) and ``quality``
    (better in what) are the operator's words, as are ``holder``, ``authorisation`` and ``provenance``. ``reel`` and
    ``shot``: where they differ from the project's. ``master_of``: the project of the same chain whose master this is,
    relative to the project folder (``../..``, ``steps/telecine``); the FOLLOWING fields are then that project's.
    """

    file: str
    first: int
    last: int
    width: int
    height: int
    title: str = ""
    reel: str = ""
    shot: str = ""
    pixel_aspect: float = 1.0
    frame_rate: float = 24.0
    colourspace: str = "color_picking"
    gauge: str = ""
    generation: str = ""
    type: str = ""
    quality: str = ""
    holder: str = ""
    authorisation: str = ""
    provenance: str = ""
    master_of: str = ""


@dataclass(frozen=True)
class PairOf:
    """The Source frame and the Reference frame of one moment; why it was chosen, and from which shot.

    ``matrix``: the solved alignment, from Reference to Source pixels (``graph.corners``); empty: not solved.
    ``flags``: what was found and stays, such as parallax or compression. ``stands_for``: how many of the frames that
    curation looked at have it as their nearest pair; 0: not measured.
    """

    source: int
    reference: int
    reason: str = ""
    shot: str = ""
    matrix: tuple[float, ...] = ()
    flags: tuple[str, ...] = ()
    stands_for: int = 0


@dataclass(frozen=True)
class Alignment:
    """How the Reference comes to lie on the Source.

    ``translate``: x and y in pixels for each pair, in the order of the pairs (empty: none needed). ``hold_out``:
    likewise for the hold-out's pairs.
    ``live_area``: left, bottom, right, top of the one Crop in pixels, origin bottom left; None while not known.
    ``live_area_keys``: by Source frame, the Crop's box where an overlay leaves less; ``live_area`` everywhere else.
    """

    translate: tuple[tuple[float, float], ...] = ()
    live_area: tuple[int, int, int, int] | None = None
    hold_out: tuple[tuple[float, float], ...] = ()
    live_area_keys: Mapping[int, tuple[int, int, int, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values. The keys, which came later, only where there are some: what was signed before stays signed."""
        values = asdict(self)
        if not values["live_area_keys"]:
            del values["live_area_keys"]
        return values


@dataclass(frozen=True)
class Colour:
    """The OCIO config (a name, a path, or empty for ``$OCIO``) and the role or name of the working space."""

    config: str = ""
    working_space: str = "scene_linear"


@dataclass(frozen=True)
class Training:
    """How the network is trained. ``steps`` 0: closed form only. ``initial``: ``none``, or a checkpoint.

    ``flip``: half of the patches are mirrored, where the composition allows it. ``exposure``: both sides of a
    patch are made brighter or darker, by up to so many stops. ``ceiling``: after ``steps`` the training goes on
    while saturation or ΔE00 on the hold-out improve, up to so many steps; 0: it ends. ``loss``: weights by term;
    empty: L1. These are the open engine's alone. ``checkpoints``: steps between two checkpoints that are kept, which
    no weight depends on.
    """

    engine: str = "open"
    size: str = "medium"
    patch: int = 512
    batch: int = 3
    steps: int = 40_000
    seed: int = 1
    flip: bool = True
    exposure: float = 0.0
    ceiling: int = 0
    loss: Mapping[str, float] = field(default_factory=dict)
    initial: str = "none"
    checkpoints: int = 10_000


@dataclass(frozen=True)
class Inference:
    """What is rendered and how. ``frames``: ``1001-1100,1105``; empty: all of the Source.

    ``short_range``: the 50 to 100 frames that are rendered and looked at first, written like ``frames``; empty: chosen
    for their hardest moments. ``version`` is part of the file name. ``folder``: where frames go, relative to the
    project and inside it.
    """

    frames: str = ""
    short_range: str = ""
    version: str = "v001"
    folder: str = RENDER_FOLDER
    compression: str = "zip"
    datatype: str = "half"


@dataclass(frozen=True)
class Delivery:
    """Who answers for the masters, and what they are said to be.

    ``source_type``: a term of IPTC's Digital Source Type (``provenance.source_types``), the operator's own choice: it
    has no default, and nothing is said while it is empty.
    """

    restorationist: str = ""
    institution: str = ""
    source_type: str = ""


@dataclass(frozen=True)
class Draft:
    """All that an operator says of a project; ``creation.create`` makes the folder of it.

    ``elements``: exactly ``source`` and ``reference``. ``recipe``: an id of ``recipes``. ``hold_out``: pairs that
    never enter training. ``prefilter``: size of the Source-only Median in pixels, 0 = off.
    ``tolerances``: check id → what replaces the recipe's tolerance. ``reasoning``: why, in the operator's words.
    """

    film: str
    recipe: str
    elements: Mapping[str, Element]
    title: str = ""
    reel: str = ""
    shot: str = ""
    scope: str = "shot"
    tier: str = "full"
    pairs: tuple[PairOf, ...] = ()
    hold_out: tuple[PairOf, ...] = ()
    alignment: Alignment = field(default_factory=Alignment)
    colour: Colour = field(default_factory=Colour)
    method: str = "matrix"
    prefilter: int = 0
    training: Training = field(default_factory=Training)
    inference: Inference = field(default_factory=Inference)
    delivery: Delivery = field(default_factory=Delivery)
    tolerances: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    reasoning: str = ""


@dataclass(frozen=True)
class Project(Draft):
    """A draft that has a folder. ``schema``: of the file it was read from."""

    folder: Path = Path()
    schema: int = SCHEMA

    @property
    def source(self) -> Element:
        """The damaged element, which is recovered."""
        return self.elements["source"]

    @property
    def reference(self) -> Element:
        """The element that is better in one respect."""
        return self.elements["reference"]

    @property
    def kind(self) -> str:
        """``spatial``, ``colour`` or ``combined``: the first word of the recipe's id."""
        return self.recipe.partition("-")[0]

    def file_of(self, element: str) -> str:
        """The pattern of an element as an absolute path with forward slashes."""
        one = self.elements[element]
        path = self.folder / one.file
        return Path(os.path.normpath(path)).as_posix() if one.master_of else path.as_posix()
