"""What the notes in a graph say: the workflow in a line or two an area, for each template. Data only."""

from __future__ import annotations

from collections.abc import Mapping

Notes = Mapping[str, str]

TITLES: Notes = {
    "spatial-gauge": "SPATIAL RECOVERY - GAUGE",
    "spatial-generation": "SPATIAL RECOVERY - GENERATION",
    "spatial-telecine": "SPATIAL RECOVERY - TELECINE",
    "colour-reference": "COLOUR RECOVERY - REFERENCE",
    "colour-constructed": "COLOUR RECOVERY - CONSTRUCTED",
    "combined": "COMBINED RECOVERY - SPATIAL",
    "multi-shot": "SPATIAL RECOVERY - SIX SHOTS",
}

_USUAL: Notes = {
    "reference": "The element that is better.\nFrameHold: a pair's frame here.\nSame order as the Source.",
    "source": "The damaged element.\nFrameHold: a pair's frame here.\nSame order as the Reference.",
    "alignment": (
        "Judge geometry only, in DifferenceView: no Grade, no colour correction.\n"
        "AlignmentSwitch: 0 F_Align (Src = FitToSource, Ref = the Source; into the Dot),\n"
        "1 ManualTransform, keyed; 2 SolvedCornerPin. Edges near black: good.\n"
        "Last of all: set the box of LiveAreaCrop, and enable it."
    ),
    "training": (
        "Both sides get one live area, 0-1, no alpha, one bounding box.\n"
        "No blur and no median on the Reference. Start training in CopyCat1;\n"
        "look at the contact sheets, and at the preview: a hold-out."
    ),
    "inference": (
        "FR_Inference: the trained model file.\n"
        "Nothing else before it: no clamp, no\n"
        "grade. 50 to 100 frames first."
    ),
    "main": (
        "FILL IN\n"
        "1. Project settings: format\n"
        "and range. If the film is not\n"
        "2048 x 1556: FitToSource, the\n"
        "center of ManualTransform, the\n"
        "corners of SolvedCornerPin,\n"
        "the box of LiveAreaCrop.\n"
        "2. Reads: file, range, colour\n"
        "space (the same on both);\n"
        "FrameRanges: the range.\n"
        "3. FrameHolds: a pair each, 4\n"
        "to 9 for a shot; on\n"
        "FrameHold_Preview a hold-out.\n"
        "4. CopyCat1: epochs = steps x\n"
        "batch / pairs, for 40000 to\n"
        "80000 steps.\n"
        "5. Write_Recovered: the file,\n"
        "named by shot, version,\n"
        "model and steps."
    ),
}

_GROUND_TRUTH = {
    "spatial": "Ground Truth: luma of the Reference, chroma of the Source.",
    "colour": "Ground Truth: luma of the Source, chroma of the Reference.",
}

_COLOUR: Notes = {
    "reference": "A print, telecine or DVD that\nkept the colour. FrameHold: a\npair's frame here.",
    "training": (
        "Both sides get one live area, 0-1, no alpha, one bounding box.\n"
        "Median_Reference may suppress dust and compression: off. Start training\n"
        "in CopyCat1; look at the contact sheets, and at the preview: a hold-out."
    ),
}

_OWN: Mapping[str, Notes] = {
    "spatial-gauge": {
        "reference": "The larger gauge (35 for 16 mm).\nFrameHold: a pair's frame here.\nSame order as the Source.",
    },
    "spatial-generation": {
        "reference": "The earlier generation: negative\nor internegative. FrameHold: a\npair's frame here.",
        "source": "The print or the duplicate.\nFrameHold: a pair's frame here.\nSame order as the Reference.",
    },
    "spatial-telecine": {
        "reference": "What step one rendered: the\nraised telecine. FrameHold: a\npair's frame here.",
        "source": "The print. FrameHold: pairs in\nits damaged parts, in the\norder of the Reference.",
    },
    "combined": {
        "source": "The damaged, faded element.\nFrameHold: a pair's frame here.\nIts master feeds step two.",
    },
    "colour-reference": _COLOUR,
    "colour-constructed": {
        **_COLOUR,
        "reference": "Painted on the Source's frames,\nafter cited sources. FrameHold:\na painted frame.",
        "alignment": (
            "A constructed Reference lies on the Source already: nothing is solved.\n"
            "DifferenceView still shows whether the geometry is the Source's.\n"
            "Last of all: set the box of LiveAreaCrop, and enable it."
        ),
    },
    "multi-shot": {
        "reference": "Six shots, nine pairs each, one training.\nAn AppendClip joins each shot, one more all shots.",
        "source": "The same shots and pairs, in the same order.\nFrame n of both stacks is pair n.",
    },
}

# The main note of a script that was built from a project.
BUILT = (
    "BUILT FROM project.yaml\n"
    "Elements, pairs, live area and\n"
    "settings are changed there;\n"
    "Build then writes this script\n"
    "anew and keeps a copy of the\n"
    "old one beside it.\n"
    "Nodes that you add stay yours\n"
    "until then. The check\n"
    "training.template says where\n"
    "the recipe's own graph has\n"
    "been changed."
)

# The first step of a telecine recovery, and the second of a combined one: they have their own words.
TELECINE_RAISED: Notes = {
    "title": "STEP ONE: RAISE THE TELECINE",
    "reference": "The target: undamaged parts of\nthe print. FrameHold: a pair's\nframe here.",
    "source": "The telecine, cleaned of its own\nfaults. FrameHold: a pair's\nframe here.",
    "main": (
        "STEP ONE, the easy direction:\n"
        "the telecine is made to look\n"
        "like the undamaged parts of\n"
        "the print.\n"
        "Train, then render the whole\n"
        "telecine: its master is the\n"
        "Reference of step two, on the\n"
        "right. Fill in as there; names\n"
        "of this step end in _T."
    ),
}
TELECINE_USED: Notes = {"title": "STEP TWO: RECOVER THE PRINT"}
SPATIAL_FIRST: Notes = {"title": "STEP ONE: SPATIAL RECOVERY"}
COLOUR_SECOND: Notes = {
    **_COLOUR,
    "title": "STEP TWO: COLOUR RECOVERY",
    "source": "The spatial master of step one.\nFrameHold: a pair's frame here.\nSame order as the Reference.",
    "main": (
        "STEP TWO: colour, read from\n"
        "the master of step one, which\n"
        "has to be rendered first.\n"
        "Pairs, hold-out, alignment and\n"
        "live area are its own. What it\n"
        "writes is delivered.\n"
        "Fill in as there; names of\n"
        "this step end in _C."
    ),
}


def notes_for(template: str, recipe: str, own: Notes | None = None) -> Notes:
    """The words for a template (``""`` or an unknown one: the usual), those of ``own`` before all others."""
    colour = _COLOUR if recipe == "colour" else {}
    words = {**_USUAL, **colour, **_OWN.get(template, {}), **(own or {})}
    return {**words, "training": f"{_GROUND_TRUTH[recipe]}\n{words['training']}"}
