"""A project file whole, as ``creation`` writes it: ordered, with a comment where an operator may wonder."""

from __future__ import annotations

from typing import Any

from film_recovery.project.model import FOLLOWING, SCHEMA, SCOPES, SIZES, TIERS, Draft
from film_recovery.project.schema import FIELDS
from film_recovery.project.words import entry, plain

_HEAD = """\
# A Film Recovery project. Edit it as you like: comments, order and quotes are kept when a value is changed
# from the command line or the panel. Text with : or # in it needs quotes.
"""

# What stands above a key. A key that begins a paragraph has an empty line before it.
_ABOVE = {
    "film": "",
    "recipe": f"""
# The recipe's id. Scope: {", ".join(SCOPES)}. Tier: the licence of NukeX, {", ".join(TIERS)}.""",
    "elements": """
# The two elements; they are only read. file: a sequence with ####, relative to this folder or absolute.
# quality: better in what. authorisation: who allowed this use, and where that is written. master_of, instead of file
# and format: the other project of a chain whose rendered frames this element is.""",
    "colour": """
# The OCIO config (a name, a path; empty: $OCIO) and a role or name in it.""",
    "method": """
# How luma and chroma are told apart: matrix, or Nuke's Colorspace node.""",
    "pairs": """
# The Source frame and the Reference frame of one moment: - {source: 1001, reference: 2001, reason: foliage}""",
    "hold_out": """
# Pairs that never enter training.""",
    "alignment": """
# translate: x and y in pixels, one for each pair; hold_out: likewise for the hold-out. live_area: left, bottom,
# right, top of the one Crop. live_area_keys: by Source frame, its box where an overlay leaves less.""",
    "prefilter": """
# Median on the Source alone, in pixels, the same in training and inference; 0: none.""",
    "training": f"""
# engine: open or copycat. size: {", ".join(SIZES)}. steps 0: closed form only. flip: mirror patches, where the
# composition allows it. exposure: stops by which both sides are made brighter or darker. ceiling: steps up to which
# the training goes on while colour on the hold-out still improves; 0: it ends at steps. loss: weights by term, as
# {{l1: 1, ms_ssim: 0.1}}; empty: L1. initial: none, or a checkpoint of this film.
# checkpoints: steps between two that are kept.""",
    "inference": """
# frames: 1001-1100,1105; empty: all. short_range: 50 to 100 of them that are looked at first; empty: chosen. The
# version is part of the file names; frames stay inside this folder.""",
    "delivery": """
# Who answers for the masters. source_type: a term of IPTC's Digital Source Type, your own choice; film-recovery
# deliver --terms shows them with what they mean. Nothing is said while it is empty.""",
    "tolerances": """
# What replaces a recipe's tolerance: the check's id, then its figure.""",
    "reasoning": """
# Why this reference, these pairs, this recipe: it goes into the notes and the report.""",
}


def written(draft: Draft, note: str = "") -> str:
    """The text of the project file of ``draft``. ``note``: a comment line at the top."""
    parts = [_HEAD, f"# {note}\n" if note else "", f"schema: {SCHEMA}\n"]
    for key in FIELDS:
        if key in _ABOVE:
            parts.append(f"{_ABOVE[key]}\n")
        value = getattr(draft, key)
        shown: Any
        if key == "elements":
            shown = {name: _all(element) for name, element in value.items()}
        elif key in ("alignment", "colour", "training", "inference", "delivery"):
            shown = _all(value)
        else:
            shown = plain(value)
        parts.append(entry(key, shown, 0))
    return "".join(parts)


def _all(value: object) -> dict[str, object]:
    """Every field of a data class, default or not: an operator sees what can be set.

    Of an element that is a master, not what follows from its project; of any other, not ``master_of``. The keys of
    the live area only where there are some: few films have any, and an older version does not know the word.
    """
    fields = {name: plain(item) for name, item in vars(value).items()}
    if not fields.get("live_area_keys", True):
        del fields["live_area_keys"]
    if "master_of" in fields:
        left_out = FOLLOWING if fields["master_of"] else ("master_of",)
        fields = {name: item for name, item in fields.items() if name not in left_out}
    return fields
