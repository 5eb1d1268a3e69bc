"""Stages 1 to 4 as nodes: curation, alignment, training, inference, in the operators' coloured areas."""

from __future__ import annotations

from collections.abc import Sequence

from film_recovery import nk
from film_recovery.graph import curation, inference
from film_recovery.graph.alignment import HEIGHT, WIDTH, aligned
from film_recovery.graph.areas import GAP, Area, note
from film_recovery.graph.curation import shape_of
from film_recovery.graph.footprint import text_width
from film_recovery.graph.notes import TITLES, Notes, notes_for
from film_recovery.graph.sheet import Sheet
from film_recovery.graph.spec import TEMPLATE_VERSION, GraphSpec, check
from film_recovery.graph.training import WIDTH as TRAINING_WIDTH
from film_recovery.graph.training import training

# Nuke's own way to say "where this script lies"; relative paths start there. The engine reads it as data.
SCRIPT_FOLDER = "[python {nuke.script_directory()}]"
MAIN = "Backdrop_Recovery"
TITLE = 150  # the height of the main title
_MAIN_NOTE = 14  # font size; larger beside a small lower row
_LARGE_NOTE = 24


def recovery_graph(spec: GraphSpec) -> str:
    """The whole graph, stages 1 to 4, as script text. Errors: UsageError for a spec that makes no sense."""
    check(spec)
    sheet = sheet_for([spec])
    draw(sheet, spec)
    return "".join(sheet.parts)


def sheet_for(specs: Sequence[GraphSpec]) -> Sheet:
    """An empty script whose project settings fit ``specs``: the format of the first, the range of all."""
    elements = [shot.source for spec in specs for shot in spec.shots]
    root = nk.node_text(
        "Root",
        {
            "first_frame": str(min(element.first for element in elements)),
            "last_frame": str(max(element.last for element in elements)),
            "format": nk.quote(shape_of(elements[0])),
            "project_directory": nk.stored(SCRIPT_FOLDER),
            "colorManagement": "OCIO",
            "OCIO_config": "fn-nuke_studio-config-v1.0.0_aces-v1.3_ocio-v2.1",
            "workingSpaceLUT": "scene_linear",
        },
        inputs=0,
    )
    return Sheet([f"version 14.0 v5\n{root}"])


def draw(sheet: Sheet, spec: GraphSpec, own: Notes | None = None) -> int:
    """Adds the graph of ``spec`` to ``sheet``. ``own``: words of its notes. Gives the width that it takes."""
    words = notes_for(
        spec.template, spec.recipe, {**(own or {}), **({"main": spec.note} if spec.note else {})}
    )
    title = spec.title or words.get("title") or TITLES.get(spec.template, f"{spec.recipe.upper()} RECOVERY")
    areas = _areas(spec)
    reference, source, alignment, teaching, rendering = areas
    place, size = _note_place(areas, words["main"])
    right = max(rendering.right, source.right, place[0] + _note_width(words["main"], size))
    wide, tall = right + 2 * GAP, TITLE + rendering.bottom + GAP
    main = Area(MAIN, title, "0x5fae5fff", -GAP, -TITLE, wide, tall, font=90)
    template = {"fr_template": f"{spec.template or spec.recipe} {TEMPLATE_VERSION}"}
    main.draw(sheet, -10, template)
    for area in areas:
        area.draw(sheet, -5)
        area.note(sheet, words[area.name.partition("_")[2].lower()])
    note(sheet, "Note_Recovery", place, words["main"], size)
    reads, source_stack = curation.branch(sheet, spec, "Source", source)
    _, reference_stack = curation.branch(sheet, spec, "Reference", reference)
    matched = aligned(sheet, spec, alignment, source_stack, reference_stack)
    training(sheet, spec, teaching, reads[0], source_stack, matched)
    inference.inference(sheet, spec, rendering, reads)
    return main.width


def _areas(spec: GraphSpec) -> tuple[Area, ...]:
    """The five parts, the upper left corner of the first at 0, 0."""
    stack, tall = curation.size(spec)
    below = tall + GAP
    reference = Area("Backdrop_Reference", "1.- DATASET CURATION: REFERENCE", "0x9a9a9aff", 0, 0, stack, tall)
    source = Area(
        "Backdrop_Source", "1.- DATASET CURATION: SOURCE", "0x7f2f7fff", stack + GAP, 0, stack, tall
    )
    parts = (
        ("Backdrop_Alignment", "2.- ALIGNMENT", "0x9f1f1fff", WIDTH),
        ("Backdrop_Training", "3.- COPYCAT TRAINING", "0x5f5f8fff", TRAINING_WIDTH),
        ("Backdrop_Inference", "4.- INFERENCE RENDER", "0x8f8f3fff", inference.width(spec)),
    )
    row: list[Area] = []
    for name, label, colour, wide in parts:
        x = row[-1].right + GAP if row else 0
        row.append(Area(name, label, colour, x, below, wide, HEIGHT))
    return reference, source, *row


def _note_place(areas: Sequence[Area], text: str) -> tuple[tuple[int, int], int]:
    """Where the main note stands, and its font size: below the curation where there is room, else beside it."""
    source, last = areas[1], areas[-1]
    if last.right + GAP + _note_width(text, _LARGE_NOTE) <= source.right:
        return (last.right + GAP, last.y), _LARGE_NOTE
    return (source.right + GAP, source.y), _MAIN_NOTE


def _note_width(text: str, size: int) -> int:
    return int(text_width(text.split("\n"), size)) + 16
