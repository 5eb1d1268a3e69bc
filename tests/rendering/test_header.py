"""What a master's header says of its origin: given to the render, or set by the graph; the day is the job's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from film_recovery import nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.errors import UsageError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.provenance.origin import HEADER, Origin
from film_recovery.rendering.record import NAME
from film_recovery.rendering.render import today

ORIGIN = Origin(**{field: f"{field}, said" for field in HEADER.values() if field != "processing_date"})


@pytest.fixture
def script(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        values = np.full((8, 12, 3), number / 4, np.float32)
        write_frame(
            Frame.from_array(values), tmp_path / f"plates/p.{number:04d}.exr", create_directories=True
        )
    path = tmp_path / "s.nk"
    path.write_text(
        """Root {
 inputs 0
 format "12 8 0 0 12 8 1 "
 colorManagement OCIO
}
Read {
 inputs 0
 file plates/p.####.exr
 first 1
 last 3
 raw true
 name Read1
}
ModifyMetaData {
 metadata {
  {set exr/Institution "The Archive"}
 }
 name Provenance
}
Write {
 file out/m.####.exr
 file_type exr
 raw true
 create_directories true
 metadata "default metadata and exr/*"
 name Write1
}
"""
    )
    return path


def rendered(script: Path, day: str, frames: tuple[int, ...] = (1, 2, 3), **header: str) -> Any:
    evaluator = Evaluator(nk.load(script))
    return rendering.render(evaluator, "Write1", frames, header=header or ORIGIN.header(), day=day)


def header_of(file: Path) -> dict[str, Any]:
    """By the reference library."""
    with OpenEXR.File(str(file)) as opened:
        return dict(opened.header())


def test_an_independent_reader_finds_all_of_it(script: Path) -> None:
    rendered(script, "2026-01-31")
    for number in (1, 2, 3):
        found = header_of(script.parent / f"out/m.{number:04d}.exr")
        expected = {**ORIGIN.header(), "Institution": "The Archive", "ProcessingDate": "2026-01-31"}
        assert {key: found[key] for key in HEADER} == expected  # what the graph says comes first


def test_a_render_that_goes_on_another_day_keeps_its_day(script: Path) -> None:
    rendered(script, "2026-01-31")
    out = script.parent / "out"
    whole = {file.name: file.read_bytes() for file in out.glob("*.exr")}
    for file in (*out.glob("*.exr"), out / NAME):
        file.unlink()
    rendered(script, "2026-01-31", (1,))
    done = rendered(script, "2026-02-01")
    assert (done.kept, done.written) == ((1,), (2, 3))
    assert {file.name: file.read_bytes() for file in out.glob("*.exr")} == whole
    # Another job: what the header says is part of what is made.
    assert rendered(script, "2026-02-01", FilmTitle="Another").written == (1, 2, 3)
    assert header_of(out / "m.0001.exr")["ProcessingDate"] == "2026-02-01"
    rows = [json.loads(line) for line in (out / NAME).read_text().splitlines()]
    assert {row["began"] for row in rows} == {"2026-01-31", "2026-02-01"}


def test_without_anything_to_say_no_day_is_written(script: Path) -> None:
    rendering.render(Evaluator(nk.load(script)), "Write1", (1,))
    assert not {"ProcessingDate", "FilmTitle"} & set(header_of(script.parent / "out/m.0001.exr"))


def test_the_day_can_be_given_to_the_whole_program() -> None:
    assert today({"SOURCE_DATE_EPOCH": "1769860800"}) == "2026-01-31"
    before = datetime.now(UTC).date().isoformat()
    assert today({}) in (before, datetime.now(UTC).date().isoformat())  # midnight may come in between
    for word in ("today", "1e99", "9" * 30):
        with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
            today({"SOURCE_DATE_EPOCH": word})
