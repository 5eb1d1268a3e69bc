"""What a project's masters say of themselves, what is bound to them, and the delivery of all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import OpenEXR
import pytest

from film_recovery import ledger, project, recipes
from film_recovery.cli.delivering import deliver, verify
from film_recovery.cli.report import Report, events_to
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.project import Delivery, Training
from film_recovery.provenance import bag
from film_recovery.provenance.origin import HEADER, of_header
from film_recovery.provenance.sealing import JSON, read_seal
from film_recovery.stages.run import run

SAID = Delivery("Ada Lovelace", "The Archive", "algorithmicallyEnhanced")


@pytest.fixture
def done(colour_place: Any, heard: Any) -> Any:
    """A colour project that was run to its end, closed form only."""
    colour_place.make(training=Training(size="small", patch=16, batch=1, steps=0), delivery=SAID)
    for check in recipes.load(colour_place.draft.recipe).checks:
        if check.manual:
            ledger.append(colour_place.folder, "sign", {"check": check.id, "note": ""}, by="Ada")
    run(colour_place.folder, heard, by="Ada")
    return colour_place


@pytest.fixture
def heard() -> Any:
    class Heard:
        def progress(self, what: str, done: int, total: int, **more: Any) -> None: ...

        def outcome(self, outcome: Any) -> None: ...

    return Heard()


def said(work: Any) -> tuple[int, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    token = events_to.set(lambda event: events.append(dict(event)))
    try:
        with Report(as_json=True) as report:
            return work(report), events
    finally:
        events_to.reset(token)


def masters(place: Any) -> list[Path]:
    return sorted(project.paths(place.project).render.glob("*.exr"))


def test_a_run_leaves_masters_that_say_all_and_can_be_verified(done: Any, heard: Any) -> None:
    """Also: one changed pixel is named, and a frame that is rendered again holds the same bytes."""
    files = masters(done)
    with OpenEXR.File(str(files[0])) as opened:
        origin = of_header(opened.header())
    assert origin.unsaid == ()
    assert (origin.film, origin.shot, origin.recovery_type) == ("A Trip", "s010", "colour")
    assert origin.source_element == "title, gauge, generation, type; held by holder"
    assert (origin.restorationist, origin.source_type) == ("Ada Lovelace", "algorithmicallyEnhanced")
    assert "trained on 4 pairs of this film" in origin.ml_processing
    (sidecar,) = project.paths(done.project).render.glob(f"*{JSON}")
    seal = read_seal(sidecar)
    assert (len(seal.frames), seal.frame_range, len(seal.pairs)) == (8, "1-8", 4)
    assert set(HEADER) == set(seal.origin.header()) | {"ProcessingDate"}

    code, events = said(lambda report: verify(report, done.folder))
    assert (code, events[-1]["intact"], events[-1]["looked_at"]) == (0, True, 8 + 2 + 8)
    whole = files[2].read_bytes()
    change_one_pixel(files[2])
    code, events = said(lambda report: verify(report, done.folder))
    wrong = [event for event in events if event["event"] == "check"]
    assert code == 1 and [event["value"]["file"] for event in wrong] == [str(files[2])]
    files[2].unlink()
    run(done.folder, heard, by="Ada")
    assert files[2].read_bytes() == whole


def change_one_pixel(file: Path) -> None:
    """By one step of 16-bit half, in one channel, by another library."""
    with OpenEXR.File(str(file), separate_channels=True) as opened:
        red = opened.channels()["R"].pixels
        red.view("u2")[7, 9] += 1
        opened.write(str(file))


def test_a_delivery_is_a_bag_of_everything(done: Any, tmp_path: Path) -> None:
    out = tmp_path / "out" / "delivery"
    code, events = said(lambda report: deliver(report, done.folder, out, "Ada", False))
    assert code == 0 and bag.findings(out) == ()
    names = {
        file.relative_to(out / "data").as_posix() for file in (out / "data").rglob("*") if file.is_file()
    }
    for name in (
        "project.yaml",
        "ledger.jsonl",
        "notes/experiments.md",
        "pipeline/05_validation/report.html",
    ):
        assert name in names
    assert sum(name.endswith(".exr") for name in names) == 8
    assert any(name.endswith(".pt") for name in names)
    assert "Source-Organization: The Archive" in (out / "bag-info.txt").read_text()
    told = ledger.read(done.folder).of_kind("delivered")[-1].data
    assert told["manifest"] == events[-1]["manifest_sha256"]

    # Elsewhere, without the project and the scans: the bag and the seal in it hold.
    elsewhere = tmp_path / "received"
    out.rename(elsewhere)
    code, events = said(lambda report: verify(report, elsewhere))
    assert (code, events[-1]["intact"]) == (0, True)
    frame = next((elsewhere / "data").rglob("*.0003.exr"))
    change_one_pixel(frame)
    code, events = said(lambda report: verify(report, elsewhere))
    assert code == 1
    assert {event["id"] for event in events if event["event"] == "check"} == {"bag", "frame"}
    assert all(frame.name in event["reason"] for event in events if event["event"] == "check")


def test_what_cannot_be_delivered_says_why(done: Any, tmp_path: Path) -> None:
    out = tmp_path / "delivery"
    with pytest.raises(FilmRecoveryError, match="where the Source lies"):
        said(lambda report: deliver(report, done.folder, done.root / "film/source/x", "Ada", False))
    masters(done)[0].unlink()
    with pytest.raises(CheckFailed, match="Frames are missing: 1"):
        said(lambda report: deliver(report, done.folder, out, "Ada", False))
    project.update(done.folder, {"delivery.source_type": ""})
    with pytest.raises(CheckFailed, match="Nobody has chosen") as caught:
        said(lambda report: deliver(report, done.folder, out, "Ada", False))
    assert "--terms" in caught.value.remedy
    assert not out.exists()


def test_a_foreign_word_is_no_source_type(done: Any, heard: Any) -> None:
    project.update(done.folder, {"delivery.source_type": "restored"})
    with pytest.raises(FilmRecoveryError, match="is no term of IPTC"):
        run(done.folder, heard, by="Ada")


def test_the_sidecar_is_json_for_anybody(done: Any) -> None:
    (sidecar,) = project.paths(done.project).render.glob(f"*{JSON}")
    content = json.loads(sidecar.read_text("utf-8"))
    assert content["model"]["path"].startswith("../03_copycat_training/")
    assert len(content["pairs"]["1"]) == 2
