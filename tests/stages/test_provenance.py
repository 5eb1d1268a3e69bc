"""What a project's masters say of themselves, what is bound to them, and the delivery of all of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from film_recovery import engine, ledger, nk, project, recipes, rendering
from film_recovery.cli import commands
from film_recovery.cli.credentials import sign
from film_recovery.cli.delivering import deliver, provenance, verify
from film_recovery.cli.inferring import Wanted, of_files, of_project
from film_recovery.cli.proxies import Asked
from film_recovery.cli.proxies import make as make_movies
from film_recovery.cli.report import Report, events_to
from film_recovery.cli.validating import Asked as AskedToValidate
from film_recovery.cli.validating import validate
from film_recovery.comp import Evaluator
from film_recovery.delivery.note import FILE as NOTE
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.nk import tcl
from film_recovery.project import Delivery, Training
from film_recovery.provenance import bag
from film_recovery.provenance.credentials import Certificate, disagreement
from film_recovery.provenance.credentials import read as read_credential
from film_recovery.provenance.node import WRITES
from film_recovery.provenance.origin import HEADER, of_header
from film_recovery.provenance.sealing import JSON, TEXT, read_seal
from film_recovery.rendering.record import NAME
from film_recovery.stages import accepted_masters, checking
from film_recovery.stages.building import build_script
from film_recovery.stages.looked_at import looked_at
from film_recovery.stages.mismatch import header_for
from film_recovery.stages.provenance import origin_of
from film_recovery.stages.run import run
from film_recovery.stages.showing import write_report
from film_recovery.stages.signing import sign as sign_check
from film_recovery.stages.unmeasured import Reasons
from film_recovery.stages.view import View

SAID = Delivery("Ada Lovelace", "The Archive", "algorithmicallyEnhanced")


class Silent:
    def progress(self, what: str, done: int, total: int, **more: Any) -> None: ...

    def outcome(self, outcome: Any) -> None: ...


NO_SEQUENCES = AskedToValidate("", "", "", "spatial", "", "", None)


@pytest.fixture
def heard() -> Any:
    return Silent()


@pytest.fixture(scope="session")
def _done(tmp_path_factory: pytest.TempPathFactory, new_place: Callable[..., Any]) -> Any:
    place = new_place(tmp_path_factory.mktemp("done"), "colour-reference")
    place.make(training=Training(size="small", patch=16, batch=1, steps=0), delivery=SAID)
    for check in recipes.load(place.draft.recipe).checks:
        if check.manual:
            ledger.append(place.folder, "sign", {"check": check.id, "note": ""}, by="Ada")
    run(place.folder, Silent(), by="Ada")
    return place


@pytest.fixture
def done(_done: Any, tmp_path: Path) -> Any:
    """A copy of a colour project that was run to its end, closed form only; its scans lie elsewhere."""
    shutil.copytree(_done.folder, tmp_path / "project")
    return replace(_done, root=tmp_path)


@pytest.fixture
def scans(_done: Any) -> Path:
    return Path(_done.root) / "film"


def said(work: Any) -> tuple[int, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    token = events_to.set(lambda event: events.append(dict(event)))
    try:
        with Report(as_json=True) as report:
            return work(report), events
    finally:
        events_to.reset(token)


def delivered(place: Any, out: Path, **how: str) -> tuple[int, list[dict[str, Any]]]:
    return said(lambda report: deliver(report, place.folder, out, by="Ada", **how))


def masters(place: Any) -> list[Path]:
    return sorted(project.paths(place.project).render.glob("*.exr"))


@pytest.mark.slow
def test_a_run_leaves_masters_that_say_all_and_can_be_verified(done: Any, heard: Any, day: str) -> None:
    """Also: one changed pixel is named, and a frame that is rendered again holds the same bytes."""
    files = masters(done)
    with OpenEXR.File(str(files[0])) as opened:
        origin = of_header(opened.header())
    assert origin.unsaid == () and origin.processing_date == day
    assert (origin.film, origin.shot, origin.recovery_type) == ("A Trip", "s010", "colour")
    assert origin.source_element == "title, gauge, generation, type; held by holder"
    assert (origin.restorationist, origin.source_type) == ("Ada Lovelace", "algorithmicallyEnhanced")
    assert "trained on 4 pairs of this film" in origin.ml_processing
    (sidecar,) = project.paths(done.project).render.glob(f"*{JSON}")
    seal = read_seal(sidecar)
    assert (len(seal.frames), seal.frame_range, len(seal.pairs)) == (8, "1-8", 4)
    assert set(HEADER) == set(seal.origin.header())

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
    code, events = delivered(done, out)
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
    assert sum(name.endswith(".exr") and "/04_inference_render/" in name for name in names) == 8
    assert any(name.endswith(".pt") for name in names)
    assert "Source-Organization: The Archive" in (out / "bag-info.txt").read_text()
    assert (events[-1]["unsaid"], events[-1]["foreign"]) == ([], 0)
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


def test_what_cannot_be_delivered_says_why(done: Any, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "delivery"
    with pytest.raises(FilmRecoveryError, match="where the Source lies"):
        delivered(done, scans / "source/x")
    for inside in (done.folder, done.folder / "out", done.folder / "pipeline/05_validation/out"):
        with pytest.raises(FilmRecoveryError, match="in the project"):
            delivered(done, inside)
    frame = masters(done)[0].rename(tmp_path / masters(done)[0].name)
    with pytest.raises(CheckFailed, match="Frames of project are missing: 1"):
        delivered(done, out)
    frame.rename(masters(done)[0].with_name(frame.name))
    project.paths(done.project).model.unlink()
    with pytest.raises(CheckFailed, match="has not been trained") as caught:
        delivered(done, out)
    assert caught.value.remedy == "film-recovery run"
    project.update(done.folder, {"delivery.source_type": ""})
    with pytest.raises(CheckFailed, match="Nobody has chosen") as caught:
        delivered(done, out)
    assert "--terms" in caught.value.remedy
    assert not out.exists()


def test_a_frame_that_was_changed_is_not_sealed_anew(done: Any, tmp_path: Path) -> None:
    (sidecar,) = masters(done)[0].parent.glob(f"*{JSON}")
    before = sidecar.read_bytes()
    change_one_pixel(masters(done)[2])
    with pytest.raises(
        CheckFailed, match=r"Frame 3 \(.*0003\.exr\) is not the one that was rendered"
    ) as caught:
        delivered(done, tmp_path / "out")
    assert caught.value.where["file"] == str(masters(done)[2])
    with pytest.raises(
        CheckFailed, match="is not the one that was rendered"
    ):  # accepting others does not help it
        delivered(done, tmp_path / "out", accept_foreign="rendered in NukeX")
    assert sidecar.read_bytes() == before and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [("title", "Another"), ("delivery.restorationist", "Bo"), ("delivery.source_type", "composite")],
)
def test_frames_of_another_state_of_the_project_are_not_delivered(
    done: Any, heard: Any, tmp_path: Path, key: str, value: str
) -> None:
    project.update(done.folder, {key: value})
    with pytest.raises(CheckFailed, match=r"8 frames, 1 \(.*another state of the project") as caught:
        delivered(done, tmp_path / "out")
    assert "film-recovery run" in caught.value.remedy


def test_frames_of_other_scans_are_not_delivered(done: Any, scans: Path, tmp_path: Path) -> None:
    scan = scans / "source/source.0005.exr"
    status = scan.stat()
    os.utime(scan, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    try:
        with pytest.raises(CheckFailed, match=r"Frame 5 .* was rendered from files that have changed since"):
            delivered(done, tmp_path / "out")
    finally:
        os.utime(scan, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert delivered(done, tmp_path / "out")[0] == 0


def test_frames_of_another_program_are_delivered_by_choice_only(done: Any, tmp_path: Path) -> None:
    (masters(done)[0].parent / NAME).unlink()  # nobody noted them: as if NukeX had rendered them
    out = tmp_path / "out"
    with pytest.raises(CheckFailed, match=r"8 frames, 1 \(.*not rendered by film-recovery") as caught:
        delivered(done, out)
    assert "--accept-foreign" in caught.value.remedy
    say_otherwise(masters(done)[1], ProcessingDate="")
    with pytest.raises(CheckFailed, match=r"provenance that lies there is of other frames: .*0002"):
        delivered(done, out, accept_foreign="rendered in NukeX 15")
    (sidecar,) = masters(done)[0].parent.glob(f"*{JSON}")
    sidecar.unlink()
    with pytest.raises(CheckFailed, match=r"report\.html is of other masters") as caught:
        delivered(done, out, accept_foreign="rendered in NukeX 15")
    assert "film-recovery report" in caught.value.remedy
    write_report(done.project, Silent())
    code, events = delivered(done, out, accept_foreign="rendered in NukeX 15")
    assert (code, events[-1]["foreign"]) == (0, 8)
    foreign = read_seal(next((out / "data").rglob(f"*{JSON}"))).foreign
    assert foreign is not None
    assert (len(foreign.names), foreign.by, foreign.why) == (8, "Ada", "rendered in NukeX 15")
    assert foreign.unsaid == ("ProcessingDate",)
    assert "rendered in NukeX 15" in next((out / "data").rglob(f"*{TEXT}")).read_text("utf-8")
    assert ledger.read(done.folder).of_kind("delivered")[-1].data["accepted"] == "rendered in NukeX 15"


def test_a_header_that_says_otherwise_names_frame_and_key(done: Any, tmp_path: Path) -> None:
    (masters(done)[0].parent / NAME).unlink()
    say_otherwise(masters(done)[3], FilmTitle="Another Trip", Institution="")
    with pytest.raises(
        CheckFailed, match=r"frame 4 does not say .* FilmTitle “Another Trip”, not “A Trip”"
    ) as caught:
        delivered(done, tmp_path / "out", accept_foreign="rendered in NukeX")
    assert "Institution" not in caught.value.message  # it says nothing of it
    assert caught.value.where["frame"] == 4


def test_a_node_of_the_graph_that_says_otherwise_is_named(done: Any, heard: Any, tmp_path: Path) -> None:
    node = 'ModifyMetaData {\n metadata {\n  {set exr/FilmTitle "Another Trip"}\n }\n name Words\n}\n'
    place = done.insert(node, "FR_Inference1")
    place.knob("Write_Recovered", "metadata", '"default metadata and exr/*"')
    with pytest.raises(CheckFailed, match=r"frame 1 does not say .* FilmTitle “Another Trip”, not “A Trip”"):
        run(done.folder, heard, by="Ada")


def test_the_node_for_nukex_says_what_our_render_says(done: Any, heard: Any) -> None:
    """The same bytes, with the header from the node and from the render; titles that Tcl would run stay text."""
    before = {file.name: file.read_bytes() for file in masters(done)}
    code, events = said(lambda report: provenance(report, done.folder))
    assert (code, events[-1]["unsaid"]) == (0, ["ProcessingDate"])
    text = Path(events[-1]["node"]).read_text("utf-8")
    (node,) = nk.parse(text).nodes
    assert (node.class_name, tcl.check(text)) == ("ModifyMetaData", 1)
    place = done.insert(text, "FR_Inference1").knob("Write_Recovered", "metadata", nk.quote(WRITES))
    code, events = said(lambda report: commands.render(report, place.script, "Write_Recovered", "1-8"))
    assert (code, events[-1]["written"]) == (0, 8), "another script is another job"
    assert {file.name: file.read_bytes() for file in masters(done)} == before
    masters(done)[0].unlink()
    evaluator = Evaluator(nk.load(place.script))
    rendering.render(
        evaluator, "Write_Recovered", (1,), job=engine.model_hashes(evaluator, "Write_Recovered")
    )
    with OpenEXR.File(str(masters(done)[0])) as opened:  # by the node alone
        assert of_header(opened.header()).differences(origin_of(View(done.project))) == {}


def test_whatever_is_typed_stays_text_in_the_node(done: Any) -> None:
    planted = '[python {nuke.message(1)}] $x "quotes" { } \\ café [value name] %d'
    project.update(done.folder, {"title": planted})
    said(lambda report: provenance(report, done.folder))
    text = (done.script.parent / "provenance.nk").read_text("utf-8")
    done.insert(text, "FR_Inference1")
    frame = Evaluator(nk.load(done.script)).frame("Provenance", 1)
    assert frame.metadata["exr/FilmTitle"] == planted


def test_before_there_is_a_model_the_project_s_words_are_there(colour_place: Any) -> None:
    code, events = said(lambda report: provenance(report, colour_place.folder))
    assert code == 0 and events[-1]["header"]["FilmTitle"] == "A Trip"
    assert {"TrainingDate", "ModelCheckpoint", "IPTCDigitalSourceType"} <= set(events[-1]["unsaid"])


def say_otherwise(file: Path, **words: str) -> None:
    """Changes the header by another library; an empty word takes it away."""
    with OpenEXR.File(str(file), separate_channels=True) as opened:
        header = {key: value for key, value in opened.header().items() if key not in words}
        header |= {key: word for key, word in words.items() if word}
        channels = {name: channel.pixels.copy() for name, channel in opened.channels().items()}
    OpenEXR.File(header, channels).write(str(file))


def test_a_render_by_hand_says_what_the_run_says(done: Any, tmp_path: Path) -> None:
    code, events = said(lambda report: commands.render(report, done.script, "Write_Recovered", "1-8"))
    assert (code, events[-1]["kept"], events[-1]["written"]) == (0, 8, 0)
    link = tmp_path / "link.nk"
    link.symlink_to(done.script)
    assert header_for(link, "Write_Recovered")["FilmTitle"] == "A Trip"
    assert header_for(done.script, "Write_Proxy") == {}
    own = done.script.with_name("mine.nk")
    shutil.copy(done.script, own)
    assert header_for(own, "Write_Recovered") == {}
    assert header_for(shutil.copy(done.script, tmp_path / "elsewhere.nk"), "Write_Recovered") == {}


def test_accepted_masters_are_not_written_over_by_a_model_that_was_trained_again(done: Any) -> None:
    """Neither by hand, nor of an older ledger, which does not name them; the model that made them may go on."""
    assert accepted_masters.accepted_iterations(done.project) == [], "nobody looked at what the run made"
    sign_check(done.project, "validation.scopes", "Ada", "seen")
    (accepted,) = accepted_masters.accepted_iterations(done.project)
    (sidecar,) = project.paths(done.project).render.glob(f"*{JSON}")
    assert accepted.masters == read_seal(sidecar).digest[:16] == looked_at(View(done.project))["masters"]
    frames = range(1, 9)
    accepted_masters.refuse_accepted(View(done.project), frames)
    before = {file: file.read_bytes() for file in masters(done)}
    done.save_model(preset="", patch=0, kind="LumaFilter")
    with pytest.raises(
        CheckFailed, match=r"8 of the frames .* \(1-8\) are masters of an accepted"
    ) as stopped:
        commands.render(Report(as_json=True), done.script, "Write_Recovered", "1-8")
    assert "set inference.version to v002 (now v001)" in stopped.value.remedy
    assert {file: file.read_bytes() for file in masters(done)} == before
    skipping = commands.HowToRender(1, skip="seen before", by="Ada")
    with pytest.raises(CheckFailed, match="are masters of an accepted iteration"):
        commands.render(Report(as_json=True), done.script, "Write_Recovered", "1-8", skipping)
    assert {file: file.read_bytes() for file in masters(done)} == before, (
        "a look that is left out is no other word"
    )
    sidecar.unlink()
    with pytest.raises(CheckFailed, match="are masters of an accepted iteration"):
        accepted_masters.refuse_accepted(View(done.project), [3])
    masters(done)[2].unlink()
    accepted_masters.refuse_accepted(View(done.project), [3])
    project.update(done.folder, {"inference.version": "v002"})
    build_script(done.project)
    accepted_masters.refuse_accepted(View(done.project), frames)


def test_accepted_masters_of_an_older_ledger_are_known_by_their_seal(done: Any) -> None:
    sign_check(done.project, "validation.scopes", "Ada", "seen")
    (accepted,) = accepted_masters.accepted_iterations(done.project)
    file = done.folder / ledger.FILE
    file.write_text(file.read_text().replace(f'"sequence": "{accepted.sequence}"', '"older": ""'))
    assert accepted_masters.accepted_iterations(done.project)[0].sequence == ""
    done.save_model(preset="", patch=0, kind="LumaFilter")
    with pytest.raises(CheckFailed, match="are masters of an accepted iteration"):
        accepted_masters.refuse_accepted(View(done.project), [3])


def test_what_the_present_model_rendered_in_their_place_it_may_go_on_with(done: Any) -> None:
    """Somebody moved the accepted frames away; the render in their place was stopped."""
    sign_check(done.project, "validation.scopes", "Ada", "seen")
    done.save_model(preset="", patch=0, kind="LumaFilter")
    for file in masters(done):
        file.unlink()
    commands.render(
        Report(as_json=True), done.script, "Write_Recovered", "1-4", commands.HowToRender(1, skip="so")
    )
    accepted_masters.refuse_accepted(View(done.project), range(1, 9))


def test_frames_of_an_earlier_model_are_no_iteration_of_the_present_one(done: Any) -> None:
    before = len(ledger.read(done.folder).records)
    done.save_model(preset="", patch=0, kind="LumaFilter")
    code, events = said(lambda report: validate(report, done.folder, NO_SEQUENCES, False, "Ada", False))
    assert (events[-1]["iteration"], len(ledger.read(done.folder).records)) == (False, before)
    assert code in (0, 1)


def test_accepted_masters_are_not_written_over_in_an_edited_graph(done: Any) -> None:
    """Also where the short range is skipped by word; back in the graph of then, and with a moved node, they may be."""
    sign_check(done.project, "validation.scopes", "Ada", "seen")
    text = done.script.read_text("utf-8")
    done.knob("Write_Recovered", "xpos", "700")
    accepted_masters.refuse_accepted(View(done.project), [3])
    before = {file: file.read_bytes() for file in masters(done)}
    done.insert("Grade {\n multiply 0.5\n name Darker\n}\n", "FR_Inference1")
    by_hand = commands.HowToRender(skip="seen already", by="Ada")
    with pytest.raises(CheckFailed, match="which this model made in another graph") as stopped:
        commands.render(Report(as_json=True), done.script, "Write_Recovered", "1-8", by_hand)
    assert "set inference.version to v002 (now v001)" in stopped.value.remedy
    assert {file: file.read_bytes() for file in masters(done)} == before
    digest = read_seal(sidecar_of(done)).digest[:16]
    of_words = (done.folder / ledger.FILE).read_text("utf-8").replace(digest, "0" * 16)
    (done.folder / ledger.FILE).write_text(of_words, "utf-8")  # as after other words in the headers
    with pytest.raises(CheckFailed, match="which this model made in another graph"):
        accepted_masters.refuse_accepted(View(done.project), [3])
    (accepted,) = accepted_masters.accepted_iterations(done.project)
    older = of_words.replace(f'"sequence": "{accepted.sequence}"', '"older": ""')
    (done.folder / ledger.FILE).write_text(older, "utf-8")  # the provenance names its masters
    with pytest.raises(CheckFailed, match="which this model made in another graph"):
        accepted_masters.refuse_accepted(View(done.project), [3])
    done.script.write_text(text, "utf-8")
    accepted_masters.refuse_accepted(View(done.project), [3])


def test_accepted_masters_are_not_written_over_by_those_of_other_scans(done: Any, scans: Path) -> None:
    """A scan that was made again; one that went to its archive, and one that came back from it as it was."""
    sign_check(done.project, "validation.scopes", "Ada", "seen")
    file = View(done.project).sequence("source").path(3)
    before = {master: master.read_bytes() for master in masters(done)}
    with put_back(scans):
        there, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
        os.utime(file, ns=(times[0], times[1] + 10**9))
        with pytest.raises(
            CheckFailed, match=r"1 of the frames .* \(3\) .* made of scans of which the"
        ) as stopped:
            commands.render(Report(as_json=True), done.script, "Write_Recovered", "1-8")
        assert stopped.value.where["frame"] == 3
        assert "give their files their times back" in stopped.value.remedy
        accepted_masters.refuse_accepted(View(done.project), [1, 2, 4])
        # Of other words of the header, which make every frame one of an earlier state, they would be others' too.
        project.update(done.folder, {"delivery.institution": "Another archive"})
        with pytest.raises(CheckFailed, match="made of scans of which the"):
            accepted_masters.refuse_accepted(View(done.project), range(1, 9))
        project.update(done.folder, {"delivery.institution": SAID.institution})
        file.unlink()
        accepted_masters.refuse_accepted(View(done.project), range(1, 9))
        file.write_bytes(there)
        os.utime(file, ns=times)
        code, events = said(lambda report: commands.render(report, done.script, "Write_Recovered", "1-8"))
        assert (code, events[-1]["kept"]) == (0, 8)
    assert {master: master.read_bytes() for master in masters(done)} == before


def test_what_was_not_accepted_may_be_written_over_in_an_edited_graph(done: Any, heard: Any) -> None:
    """The same model's masters of another version, whose graph nobody accepted."""
    sign_check(done.project, "validation.scopes", "Ada", "seen")
    project.update(done.folder, {"inference.version": "v002"})
    build_script(done.project)
    done.insert("Grade {\n multiply 0.9\n name Darker\n}\n", "FR_Inference1")
    assert said(lambda report: of_project(report, done.folder, None, Wanted(by="Ada")))[0] == 0
    done.knob("Darker", "multiply", "0.8")
    accepted_masters.refuse_accepted(View(done.project), range(1, 9))


@pytest.mark.parametrize(
    ("now", "then"), [("v001", "v002"), ("v099", "v100"), ("final", "final-2"), ("7", "8")]
)
def test_the_version_after_the_last(now: str, then: str) -> None:
    assert accepted_masters.next_version(now) == then


@pytest.mark.slow
def test_a_model_without_a_card_is_told_by_its_hash(done: Any, tmp_path: Path) -> None:
    """Such as CopyCat's .cat: our engine cannot run it, so the frames are another program's."""
    model = project.paths(done.project).model
    for file in (
        model,
        model.with_suffix(".json"),
        masters(done)[0].parent / NAME,
        *masters(done)[0].parent.glob(f"*{JSON}"),
    ):
        file.unlink()
    model.with_suffix(".cat").write_bytes(b"made by CopyCat")
    project.update(done.folder, {"training.engine": "copycat"})
    for file in masters(done):
        say_otherwise(file, MLProcessing="", ModelCheckpoint="", TrainingDate="")
    for file in (project.paths(done.project).report, project.paths(done.project).validation / NOTE):
        file.unlink()  # they are of the masters before
    with pytest.raises(CheckFailed, match="not rendered by film-recovery"):
        delivered(done, tmp_path / "out")
    with pytest.raises(CheckFailed, match=r"5 checks of project stop the delivery: inference\.model_of_film"):
        delivered(done, tmp_path / "out", accept_foreign="NukeX")
    assert delivered(done, tmp_path / "out", accept_foreign="NukeX", accept_failing="made in NukeX")[0] == 0
    seal = read_seal(next((tmp_path / "out/data").rglob(f"*{JSON}")))
    assert seal.model is not None and seal.model.path.endswith(".cat")
    assert (
        seal.origin.ml_processing == f"CopyCat of NukeX: a model without a card, SHA-256 {seal.model.sha256}"
    )
    assert seal.origin.training_date == ""
    assert list((tmp_path / "out/data").rglob("*.cat"))


def test_links_in_the_notes_are_delivered_as_files_or_refused(done: Any, tmp_path: Path) -> None:
    notes = project.paths(done.project).notes
    (tmp_path / "secret.txt").write_text("not of this film")
    (notes / "ours.md").symlink_to("experiments.md")
    for target in (tmp_path / "secret.txt", tmp_path, tmp_path / "nowhere"):
        (notes / "link").symlink_to(target)
        with pytest.raises(FilmRecoveryError, match=f"link leads to {target}"):
            delivered(done, tmp_path / "out")
        (notes / "link").unlink()
    assert delivered(done, tmp_path / "out")[0] == 0
    copy = tmp_path / "out/data/notes/ours.md"
    assert copy.is_file() and not copy.is_symlink()


def test_the_ledger_keeps_the_whole_path(done: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    delivered(done, Path("out/bag"))
    assert ledger.read(done.folder).of_kind("delivered")[-1].data["bag"] == str(tmp_path / "out/bag")


def test_outside_of_a_bag_the_script_may_change(done: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    delivered(done, out)
    for script in (done.script, next((out / "data/nuke_base").glob("*.nk"))):
        script.write_text(script.read_text("utf-8") + "# looked at in Nuke\n", "utf-8")
    code, events = said(lambda report: verify(report, done.folder))
    told = [(event["id"], event["outcome"]) for event in events if event["event"] == "check"]
    assert (code, told, events[-1]["intact"]) == (0, [("script", "warn")], True)
    code, events = said(lambda report: verify(report, out))
    told = [(event["id"], event["outcome"]) for event in events if event["event"] == "check"]
    assert (code, told) == (1, [("bag", "fail"), ("script", "fail")])


# Recoveries of several steps


def test_each_half_of_a_combined_recovery_says_what_it_is(finished: Any) -> None:
    first, second = (origin_of(View(one)) for one in finished.projects)
    assert (first.recovery_type, second.recovery_type) == ("spatial", "combined")
    assert second.model == f"{first.model}; then {View(finished.projects[1]).model_file.stem}"
    assert second.ml_processing.startswith(f"{first.ml_processing}; then film-recovery")
    assert second.source_element == first.source_element, "the scan behind the master"
    assert first.reference_source in second.reference_source and "; then " in second.reference_source


@pytest.mark.slow
def test_a_combined_recovery_is_delivered_whole(chain_of: Any, tmp_path: Path) -> None:
    made = chain_of("combined")
    for folder in (made.folder, made.step):
        project.update(folder, {"delivery.source_type": "algorithmicallyEnhanced"})
    made.run()
    code, _ = said(lambda report: deliver(report, made.folder, tmp_path / "bag", by="Bo"))
    assert code == 0
    delivered_as_accepted(made)
    names = [
        file.relative_to(tmp_path / "bag/data").as_posix()
        for file in (tmp_path / "bag/data").rglob("04_inference_render/*.exr")
    ]
    assert (len(names), sum(name.startswith("steps/colour/") for name in names)) == (16, 8)
    code, events = said(lambda report: verify(report, tmp_path / "bag"))
    assert (code, events[-1]["intact"]) == (0, True)
    change_one_pixel(next((made.step / "pipeline").rglob("*.0003.exr")))
    code, events = said(lambda report: verify(report, made.folder))
    assert (code, events[-1]["wrong"]) == (1, 1), "a project's steps are verified with it"


def delivered_as_accepted(made: Any) -> None:
    """The delivery alone, without a signature, protects the masters of each step from another model."""
    (whole,), (of_step,) = (ledger.read(folder).of_kind("delivered") for folder in (made.folder, made.step))
    own_masters = looked_at(View(made.projects[1]))["masters"]
    assert own_masters and own_masters != whole.data["masters"]
    assert of_step.data == {**whole.data, "masters": own_masters, "with": str(made.folder)}
    other, own = (View(one).model_file for one in made.projects)
    for folder in (made.folder, made.step):
        lines = (folder / ledger.FILE).read_text("utf-8").splitlines(keepends=True)
        (folder / ledger.FILE).write_text(
            "".join(one for one in lines if '"kind": "sign"' not in one), "utf-8"
        )
        (accepted,) = accepted_masters.accepted_iterations(project.load(folder))
        assert accepted.by == ("Bo",)
    kept = {file: file.read_bytes() for file in (own, own.with_suffix(".json"))}
    for file in kept:
        shutil.copy(other.with_suffix(file.suffix), file)
    with pytest.raises(CheckFailed, match="are masters of an accepted iteration"):
        accepted_masters.refuse_accepted(View(made.projects[1]), [3])
    for file, content in kept.items():
        file.write_bytes(content)


def test_a_delivery_waits_for_whoever_works_on_a_step(finished: Any, tmp_path: Path) -> None:
    lock = finished.step / project.lock.FILE
    with project.lock.held(finished.step, "run"):
        content = json.loads(lock.read_text("utf-8"))
    lock.write_text(json.dumps({**content, "host": "elsewhere"}), "utf-8")
    with pytest.raises(project.ProjectLocked, match="elsewhere"):
        said(lambda report: deliver(report, finished.folder, tmp_path / "bag", by="Ada"))


def test_a_step_that_is_not_done_is_named(finished: Any, tmp_path: Path) -> None:
    for folder in (finished.folder, finished.step):
        project.update(folder, {"delivery.source_type": "algorithmicallyEnhanced"})
    for file in (finished.step / "pipeline/04_inference_render").glob("*.exr"):
        file.unlink()
    with pytest.raises(CheckFailed, match="nothing to deliver of steps/colour: no frame has been rendered"):
        said(lambda report: deliver(report, finished.folder, tmp_path / "bag", by="Ada"))
    shutil.rmtree(finished.step)
    with pytest.raises(CheckFailed, match="steps/colour is no project yet") as caught:
        said(lambda report: deliver(report, finished.folder, tmp_path / "bag", by="Ada"))
    assert "film-recovery new" in caught.value.remedy


def test_a_foreign_word_is_no_source_type(done: Any, heard: Any) -> None:
    project.update(done.folder, {"delivery.source_type": "restored"})
    with pytest.raises(FilmRecoveryError, match="is no term of IPTC"):
        run(done.folder, heard, by="Ada")


def test_the_sidecar_is_json_for_anybody(done: Any) -> None:
    (sidecar,) = project.paths(done.project).render.glob(f"*{JSON}")
    content = json.loads(sidecar.read_text("utf-8"))
    assert content["model"]["path"].startswith("../03_copycat_training/")
    assert len(content["pairs"]["1"]) == 2


# What it was trained on, and what its checks say


@contextmanager
def put_back(folder: Path) -> Iterator[Path]:
    """A folder of scans that may be changed: it is as it was afterwards, for they are all tests'."""
    kept = folder.with_name(f"{folder.name}-kept")
    shutil.copytree(folder, kept, symlinks=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        kept.rename(folder)


def sidecar_of(place: Any) -> Path:
    (sidecar,) = masters(place)[0].parent.glob(f"*{JSON}")
    return sidecar


def test_pairs_that_changed_since_the_training_are_not_sealed_anew(
    done: Any, scans: Path, tmp_path: Path
) -> None:
    before = sidecar_of(done).read_bytes()
    with put_back(scans / "reference") as folder:
        shutil.copy(folder / "reference.0002.exr", folder / "reference.0003.exr")
        for words in ({}, {"accept_failing": "never mind"}):
            with pytest.raises(
                CheckFailed, match=r"trained on other pictures .* pair 2, Source frame 3"
            ) as caught:
                delivered(done, tmp_path / "out", **words)
            assert "film-recovery run" in caught.value.remedy
    assert sidecar_of(done).read_bytes() == before and not (tmp_path / "out").exists()


def test_a_pair_that_looks_untouched_is_read_where_the_earlier_provenance_has_another(
    done: Any, scans: Path, tmp_path: Path
) -> None:
    with put_back(scans / "reference") as folder:
        scan = folder / "reference.0003.exr"
        status = scan.stat()
        write_frame(Frame.from_array(np.zeros((96, 128, 3), np.float32)), scan, datatype="half")
        with scan.open("ab") as stream:
            stream.write(b"\0" * (status.st_size - scan.stat().st_size))
        os.utime(scan, ns=(status.st_atime_ns, status.st_mtime_ns))  # of the same size and day
        with pytest.raises(CheckFailed, match=r"trained on other pictures .* pair 2"):
            delivered(done, tmp_path / "out")


def test_a_pair_that_was_chosen_after_the_training_is_not_sealed(done: Any, tmp_path: Path) -> None:
    pairs = [{"source": n, "reference": n, "reason": "skin and sky"} for n in (1, 2, 3, 5, 7)]
    project.update(done.folder, {"pairs": pairs})
    with pytest.raises(CheckFailed, match="pairs of project are not those of its script: 2 with 2"):
        delivered(done, tmp_path / "out", accept_failing="never mind")


def test_scans_that_went_back_stay_bound_by_the_earlier_provenance(
    done: Any, scans: Path, tmp_path: Path
) -> None:
    before = read_seal(sidecar_of(done))
    assert all(len(files) == 2 for files in before.pairs.values())
    with put_back(scans):
        shutil.rmtree(scans)
        why = "the scans are back in the archive"
        assert delivered(done, tmp_path / "out", accept_failing=why)[0] == 0
        assert read_seal(next((tmp_path / "out/data").rglob(f"*{JSON}"))).pairs == before.pairs
        assert read_seal(sidecar_of(done)).pairs == before.pairs
        sidecar_of(done).unlink()
        with pytest.raises(CheckFailed, match=r"scan source\.0001\.exr of the pair 1 is not there") as caught:
            delivered(done, tmp_path / "other", accept_failing=why)
        assert "bring the scans back" in caught.value.remedy


def test_a_failing_check_stops_it_unless_somebody_says_why(done: Any, tmp_path: Path) -> None:
    project.update(done.folder, {"tolerances": {"validation.identity": {"difference": 0.0}}})
    with pytest.raises(CheckFailed, match=r"stop the delivery: validation\.identity") as caught:
        delivered(done, tmp_path / "out")
    assert "--accept-failing" in caught.value.remedy and not (tmp_path / "out").exists()
    assert not ledger.read(done.folder).of_kind("accepted")
    code, events = delivered(done, tmp_path / "out", accept_failing="half is coarser than that")
    assert code == 0 and "validation.identity" in events[-1]["failing"]
    last = ledger.read(done.folder).of_kind("delivered")[-1].data
    assert "validation.identity" in last["failing"]
    (told,) = ledger.read(tmp_path / "out/data").of_kind("accepted")
    assert (told.by, told.data["why"]) == ("Ada", "half is coarser than that")
    assert "validation.identity" in [one["id"] for one in told.data["checks"]]


@pytest.mark.slow
def test_what_shall_hold_and_was_not_measured_stops_run_and_delivery_unless_somebody_says_why(
    done: Any, heard: Any, tmp_path: Path
) -> None:
    """The held-out frame is not among those to render: nothing tells whether the hues are right."""
    project.update(done.folder, {"inference.frames": "5-8"})
    with pytest.raises(
        CheckFailed, match=r"was not measured: validation\.hue: not yet: no held-out frame"
    ) as caught:
        run(done.folder, heard, by="Ada")
    assert "let inference.frames in project.yaml take in a held-out frame" in caught.value.remedy
    assert "--accept-unmeasured" in caught.value.remedy
    assert "(not measured)" in project.paths(done.project).report.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="needs a reason"):
        run(done.folder, heard, by="Ada", accept_unmeasured=Reasons("  "))
    run(done.folder, heard, by="Ada", accept_unmeasured=Reasons("a test strip"))
    (told,) = ledger.read(done.folder).of_kind("accepted")
    assert (told.by, told.data["why"]) == ("Ada", "a test strip")
    assert [one["id"] for one in told.data["checks"]] == ["validation.hue", "validation.saturation"]
    run(done.folder, heard, by="Bo")
    assert ledger.read(done.folder).of_kind("accepted") == (told,), "it stands for the same masters"
    (hue,) = checking.check(done.project, ids=["validation.hue"])[0].outcomes
    assert hue.reason.startswith("not yet: no held-out frame")
    assert hue.reason.endswith(f"; gone on without it by Ada on {told.time[:10]}: a test strip")
    with pytest.raises(
        CheckFailed, match=r"2 checks of project stop the delivery: validation\.hue"
    ) as caught:
        delivered(done, tmp_path / "out")
    assert "take in a held-out frame" in caught.value.remedy and "--accept-failing" in caught.value.remedy
    code, events = delivered(done, tmp_path / "out", accept_failing="a test strip")
    assert code == 0 and events[-1]["failing"] == ["validation.hue", "validation.saturation"]


@pytest.mark.slow
@pytest.mark.parametrize("change", ["masters", "reason"])
def test_what_was_accepted_unmeasured_is_asked_again_of_another_result(
    done: Any, heard: Any, change: str
) -> None:
    """Other words in the header are other masters; and what else was not measured was never accepted."""
    project.update(done.folder, {"inference.frames": "5-8"})
    run(done.folder, heard, by="Ada", accept_unmeasured=Reasons("a test strip"))
    if change == "masters":
        project.update(done.folder, {"title": "Another Trip"})
    else:
        ledger_of = done.folder / ledger.FILE
        text = ledger_of.read_text("utf-8")
        ledger_of.write_text(text.replace("not yet: no held-out frame", "not yet: no frame"), "utf-8")
    with pytest.raises(CheckFailed, match=r"was not measured: validation\.hue"):
        run(done.folder, heard, by="Ada")


def test_a_note_or_report_of_other_masters_is_not_delivered(done: Any, tmp_path: Path) -> None:
    """As after ``infer`` alone, which renders and reports nothing."""
    places = project.paths(done.project)
    digest = read_seal(sidecar_of(done)).digest
    for file in (places.report, places.validation / NOTE):
        text = file.read_text("utf-8")
        file.write_text(text.replace(digest, "0" * 64), "utf-8")
        with pytest.raises(CheckFailed, match=f"{file.name} is of other masters") as caught:
            delivered(done, tmp_path / "out")
        assert caught.value.remedy.startswith("film-recovery report")
        file.write_text(text, "utf-8")
    assert delivered(done, tmp_path / "out")[0] == 0


def test_review_movies_are_delivered_with_the_masters_that_they_show(done: Any, tmp_path: Path) -> None:
    with Report(as_json=True) as report:
        assert make_movies(report, done.folder, Asked(kinds=("h264",)), "Ada", False) == 0
    (sidecar,) = project.paths(done.project).render.glob("proxies/*.review.json")
    text = sidecar.read_text("utf-8")
    sidecar.write_text(text.replace(read_seal(sidecar_of(done)).digest, "0" * 64), "utf-8")
    with pytest.raises(CheckFailed, match=f"{sidecar.name} is of other masters") as caught:
        delivered(done, tmp_path / "out")
    assert caught.value.remedy.startswith("film-recovery proxies")
    sidecar.write_text(text, "utf-8")
    assert delivered(done, tmp_path / "out")[0] == 0
    names = {file.name for file in (tmp_path / "out/data").rglob("proxies/*")}
    assert names == {sidecar.name, json.loads(text)["movie"]["file"]}


def test_a_movie_names_the_provenance_that_its_masters_are_delivered_with(done: Any, tmp_path: Path) -> None:
    """Also where only the delivery writes it, of frames of another program; a second one changes nothing."""
    (masters(done)[0].parent / NAME).unlink()
    sidecar_of(done).unlink()
    with Report(as_json=True) as report:
        assert make_movies(report, done.folder, Asked(kinds=("h264",)), "Ada", False) == 0
    (own,) = project.paths(done.project).render.glob("proxies/*.review.json")
    before = json.loads(own.read_text("utf-8"))
    assert before["masters"]["provenance"] == ""
    assert delivered(done, tmp_path / "out", accept_foreign="rendered in NukeX 15")[0] == 0
    for root, sidecar in (
        (done.folder, own),
        (tmp_path / "out/data", next((tmp_path / "out").rglob(own.name))),
    ):
        (provenance,) = (root / "pipeline/04_inference_render").glob(f"*{JSON}")
        after = json.loads(sidecar.read_text("utf-8"))
        assert after["masters"]["provenance"] == hashlib.sha256(provenance.read_bytes()).hexdigest()
        after["masters"]["provenance"] = ""
        assert after == before
    told = ledger.read(done.folder).of_kind("delivered")[-1].data
    assert told["sidecars"] == {own.name: hashlib.sha256(own.read_bytes()).hexdigest()}
    assert delivered(done, tmp_path / "again", accept_foreign="rendered in NukeX 15")[0] == 0
    assert "sidecars" not in ledger.read(done.folder).of_kind("delivered")[-1].data


def test_signed_copies_of_movies_are_delivered_and_verified(done: Any, chain: Path, tmp_path: Path) -> None:
    """Each with a sidecar of its own; not where its credential names other masters, or another provenance."""
    with Report(as_json=True) as report:
        assert make_movies(report, done.folder, Asked(kinds=("h264",)), "Ada", False) == 0
    folder = project.paths(done.project).render / "proxies"
    (movie,) = folder.glob("*.mp4")
    own = movie.with_name(f"{movie.name}.review.json")
    text = own.read_text("utf-8")
    certificate = Certificate(chain / "chain.pem", chain / "leaf.key")

    def signed() -> Path:
        assert said(lambda report: sign(report, [movie], done.folder, certificate))[0] == 0
        return folder / "signed" / movie.name

    own.write_text(text.replace(read_seal(sidecar_of(done)).digest, "0" * 64), "utf-8")
    with pytest.raises(CheckFailed, match=f"{movie.name} shows other masters"):
        signed()
    assert not (folder / "signed").exists()
    own.write_text(text, "utf-8")
    copy = signed()
    sidecar = copy.with_name(own.name)
    told = json.loads(sidecar.read_text("utf-8"))
    assert told["movie"]["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert told["movie"]["signed_from"] == hashlib.sha256(movie.read_bytes()).hexdigest()
    out = tmp_path / "out"
    assert delivered(done, out)[0] == 0
    names = {
        file.relative_to(next((out / "data").rglob("proxies"))).as_posix()
        for file in (out / "data").rglob("proxies/**/*.*")
    }
    assert names == {movie.name, own.name, f"signed/{movie.name}", f"signed/{own.name}"}
    (provenance,) = (out / "data").rglob(f"*{JSON}")
    packed = next((out / "data").rglob(f"signed/{movie.name}"))
    assert disagreement(read_credential(packed), provenance) == ""
    code, events = said(lambda report: verify(report, out))
    assert (code, events[-1]["looked_at"]) == (0, 8 + 2 + 8 + 2)

    with packed.open("ab") as stream:
        stream.write(b"x")
    code, events = said(lambda report: verify(report, out))
    wrong = [(event["id"], event["reason"]) for event in events if event["event"] == "check"]
    assert code == 1 and [id for id, _ in wrong] == ["bag", "movie"] and movie.name in wrong[1][1]
    named = told["masters"]["provenance"]
    sidecar.write_text(sidecar.read_text("utf-8").replace(named, "0" * 64), "utf-8")
    with pytest.raises(CheckFailed, match="names another provenance of the masters") as caught:
        delivered(done, tmp_path / "again")
    assert "sign it anew" in str(caught.value.remedy) and not (tmp_path / "again").exists()
    sidecar.unlink()
    with pytest.raises(CheckFailed, match=r"has no sidecar .* of ours"):
        delivered(done, tmp_path / "again")


def test_review_movies_of_another_version_stay_behind(done: Any, tmp_path: Path) -> None:
    """Also a sidecar whose movie is away."""
    with Report(as_json=True) as report:
        assert make_movies(report, done.folder, Asked(kinds=("h264",)), "Ada", False) == 0
    (sidecar,) = project.paths(done.project).render.glob("proxies/*.review.json")
    movie = sidecar.with_name(json.loads(sidecar.read_text("utf-8"))["movie"]["file"])
    of_others = sidecar.read_text("utf-8").replace(read_seal(sidecar_of(done)).digest, "0" * 64)
    for file in (movie, sidecar):
        other = file.with_name(file.name.replace("v001", "v000"))
        other.write_bytes(file.read_bytes() if file == movie else of_others.encode())
    sidecar.with_name(sidecar.name.replace("h264.mp4", "prores.mov")).write_text(of_others, "utf-8")
    assert delivered(done, tmp_path / "out")[0] == 0
    names = {file.name for file in (tmp_path / "out/data").rglob("proxies/*")}
    assert names == {sidecar.name, movie.name}


def test_a_movie_that_is_not_as_its_sidecar_says_is_not_delivered(done: Any, tmp_path: Path) -> None:
    places = project.paths(done.project)
    (places.render / "proxies").mkdir()
    stem = read_seal(sidecar_of(done)).stem
    movie = places.render / "proxies" / f"{stem}.h264.mp4"
    movie.write_bytes(b"a cut")
    with pytest.raises(CheckFailed, match=r"has no sidecar .*\.h264\.mp4\.review\.json of ours") as caught:
        delivered(done, tmp_path / "out")
    assert "film-recovery proxies" in str(caught.value.remedy)
    said_of_it = {"schema": "film-recovery-review/1", "movie": {"sha256": "0" * 64}}
    movie.with_name(f"{movie.name}.review.json").write_text(json.dumps(said_of_it), "utf-8")
    with pytest.raises(CheckFailed, match="it was changed since"):
        delivered(done, tmp_path / "out")


def test_nothing_is_read_or_written_where_the_bag_cannot_be(done: Any, tmp_path: Path) -> None:
    text = sidecar_of(done).with_name(sidecar_of(done).name.replace(JSON, TEXT))
    text.unlink()
    (tmp_path / "out").mkdir()
    events: list[dict[str, Any]] = []
    token = events_to.set(lambda event: events.append(dict(event)))
    try:
        with Report(as_json=True) as report, pytest.raises(FilmRecoveryError, match="exists already"):
            deliver(report, done.folder, tmp_path / "out", by="Ada")
    finally:
        events_to.reset(token)
    assert not [event for event in events if event["event"] == "progress"] and not text.exists()


def test_nothing_is_written_where_linked_scans_lie(done: Any, scans: Path, tmp_path: Path) -> None:
    with put_back(scans / "source") as folder:
        for scan in folder.glob("*.exr"):
            real = tmp_path / "vault" / scan.name
            real.parent.mkdir(exist_ok=True)
            shutil.move(scan, real)
            scan.symlink_to(real)
        with pytest.raises(FilmRecoveryError, match="where the Source lies"):
            delivered(done, tmp_path / "vault/bag")


def test_a_bag_whose_record_cannot_be_written_is_said_to_be_there(done: Any, tmp_path: Path) -> None:
    book, kept = done.folder / ledger.FILE, tmp_path / "kept.jsonl"

    def lose(event: Any) -> None:
        if event["event"] == "progress" and event["what"] == "deliver" and event["done"] == event["total"]:
            book.rename(kept)
            book.mkdir()

    token = events_to.set(lose)
    try:
        with Report(as_json=True) as report, pytest.raises(FilmRecoveryError, match="out is whole") as caught:
            deliver(report, done.folder, tmp_path / "out", by="Ada")
    finally:
        events_to.reset(token)
    assert "move that bag away" in caught.value.remedy and bag.findings(tmp_path / "out") == ()


def test_what_infer_renders_has_its_provenance(done: Any, tmp_path: Path) -> None:
    project.update(done.folder, {"title": "Another Trip"})
    code, events = said(lambda report: of_project(report, done.folder, None, Wanted(by="Ada")))
    assert (code, events[-1]["written"]) == (0, 8)
    assert read_seal(sidecar_of(done)).origin.film == "Another Trip"
    assert said(lambda report: verify(report, done.folder))[0] == 0
    with pytest.raises(CheckFailed, match=r"report\.html is of other masters"):
        delivered(done, tmp_path / "out")


@pytest.mark.parametrize("below", ["", "more"])
def test_files_by_pattern_do_not_pass_for_masters(done: Any, scans: Path, tmp_path: Path, below: str) -> None:
    model = View(done.project).model_file
    before = {file: file.read_bytes() for file in masters(done)}
    link = tmp_path / "link"
    link.symlink_to(masters(done)[0].parent, target_is_directory=True)
    name = read_seal(sidecar_of(done)).sequence
    for folder in (masters(done)[0].parent, link):
        out = folder / below / name
        with pytest.raises(FilmRecoveryError, match=r"project \(A Trip\) renders its masters") as caught:
            said(
                lambda report, out=out: of_files(
                    report,
                    model,
                    f"{scans}/source/source.####.exr",
                    out,
                    Wanted(accept="why"),
                    None,
                    None,
                    "cpu",
                )
            )
        assert f"film-recovery infer --project {done.folder}" in str(caught.value.remedy)
    assert {file: file.read_bytes() for file in masters(done)} == before
    assert not list(tmp_path.rglob("*.inference.json"))


def test_credentials_are_not_written_where_scans_lie(done: Any, scans: Path, tmp_path: Path) -> None:
    picture, certificate = tmp_path / "still.png", Certificate(tmp_path / "chain.pem", tmp_path / "leaf.key")
    out = tmp_path / "bag"
    delivered(done, out)
    for named in (sidecar_of(done), masters(done)[0].parent, next((out / "data").rglob(f"*{JSON}"))):
        for element in ("source", "reference"):
            with pytest.raises(
                FilmRecoveryError, match=f"film/{element}, where the {element.capitalize()} lies"
            ):
                said(
                    lambda report, n=named, e=element: sign(
                        report, [picture], n, certificate, scans / e / "signed"
                    )
                )
    apart = tmp_path / "apart" / sidecar_of(done).name  # of no project any more
    apart.parent.mkdir()
    shutil.copy(sidecar_of(done), apart)
    with pytest.raises(FilmRecoveryError, match="where a scan of a pair lies"):
        said(lambda report: sign(report, [picture], apart, certificate, scans / "source/signed"))
