"""The coloured areas of the graph and where they lie: the operators' own arrangement.

The Reference's curation (grey) and the Source's (purple) on top; alignment (red), training (violet) and inference
(olive) below; a green area with the title around all. Every area has a note that says what to do in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from film_recovery import nk
from film_recovery.graph.sheet import Sheet

PAIR_GAP = 160  # DAG units between two FrameHolds, wide enough for their names
PAIRS_A_ROW = 12
PAIRS_A_ROW_OF_SHOTS = 5
NOTE_SIZE = 12
HEADER = 60  # the title of an area
GAP = 40


@dataclass(frozen=True)
class Area:
    """A backdrop: ``x``, ``y`` of its upper left corner, in DAG units, y down."""

    name: str
    label: str
    colour: str
    x: int
    y: int
    width: int
    height: int
    font: int = 30

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def draw(self, sheet: Sheet, order: int, marks: Mapping[str, str] | None = None) -> None:
        """Appends the backdrop, at ``order`` behind what stands in it."""
        sheet.bare(
            "BackdropNode",
            self.name,
            (self.x, self.y),
            marks or {},
            tile_color=self.colour,
            label=nk.quote(self.label),
            note_font_size=str(self.font),
            bdwidth=str(self.width),
            bdheight=str(self.height),
            z_order=str(order),
        )

    def note(self, sheet: Sheet, text: str) -> None:
        """What to do in this area, under its title."""
        name = self.name.replace("Backdrop_", "Note_")
        note(sheet, name, (self.x + 20, self.y + HEADER), text)


def note(sheet: Sheet, name: str, corner: tuple[int, int], text: str, size: int = NOTE_SIZE) -> None:
    """A sticky note."""
    sheet.bare("StickyNote", name, corner, {}, label=nk.quote(text), note_font_size=str(size))


def stamp(sheet: Sheet, name: str, label: str, at: tuple[int, int], feed: str) -> str:
    """A PostageStamp that takes ``feed`` without an arrow, and the note above it that says what it shows."""
    note(sheet, f"Note_{name}", (at[0] - 70, at[1] - 72), f"{label}\nI\nI\nV", size=11)
    return sheet.node("PostageStamp", name, at, [feed], hide_input="true", postage_stamp="true")
