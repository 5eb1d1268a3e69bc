"""The provenance beside the masters: what it says, what it is bound to, and that one changed byte is named."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.provenance.origin import HEADER, Origin, of_header
from film_recovery.provenance.sealing import (
    JSON,
    TEXT,
    Bound,
    Foreign,
    Seal,
    bound,
    disagreements,
    hashed,
    read_seal,
    seal_beside,
    seen_from,
    write_seal,
)
from film_recovery.provenance.verifying import Verified, seals
from film_recovery.provenance.verifying import verify as verified

FRAMES = tuple(f"shot_v001_model.{number:04d}.exr" for number in range(1001, 1006))


SEQUENCE = "shot_v001_model.####.exr"
STEM = "shot_v001_model"
ORIGIN = Origin(
    film="Märchen, Teil 1", recovery_type="spatial", source_type="algorithmicallyEnhanced",
    processing_date="2026-01-31, 2026-02-01",
)  # fmt: skip


def verify(folder: Path) -> Verified:
    (file,) = seals(folder)
    return verified(file)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Five frames, a model, a script and two pairs, sealed; gives the folder of the frames."""
    masters = tmp_path / "pipeline" / "04" / "v001"
    masters.mkdir(parents=True)
    for number, name in enumerate(FRAMES):
        master(masters / name, number, ProcessingDate=ORIGIN.processing_date.split(", ")[number % 2])
    for name in ("model.pt", "recovery.nk", "scans/source.1001.exr", "scans/reference.2001.exr"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(name.encode())
    files = [tmp_path / "scans" / name for name in ("source.1001.exr", "reference.2001.exr")]
    seal = Seal(
        ORIGIN,
        SEQUENCE,
        hashed([masters / name for name in FRAMES]),
        "1001-1005",
        bound(tmp_path / "model.pt", masters, tmp_path),
        bound(tmp_path / "recovery.nk", masters, tmp_path),
        {"1001 with 2001": tuple(bound(file, masters, tmp_path) for file in files)},
        {"film-recovery": "1"},
        "Two lines\nof reasoning.",
    )
    write_seal(seal, masters)
    assert read_seal(masters / f"{STEM}{JSON}") == seal
    return masters


def master(file: Path, number: int, **words: str) -> None:
    pixels = np.random.default_rng(number).random((24, 32, 3), np.float32)
    header = {key: word for key, word in {**ORIGIN.header(), **words}.items() if word}
    write_frame(Frame.from_array(pixels, metadata=header), file, datatype="half", compression="none")


def test_what_was_sealed_is_intact(sealed: Path) -> None:
    found = verify(sealed)
    assert (found.intact, found.elsewhere, found.looked_at) == (True, (), 9)


def test_the_text_is_read_by_people_and_by_sha256sum(sealed: Path) -> None:
    text = (sealed / f"{STEM}{TEXT}").read_text("utf-8")
    for words in ("Märchen, Teil 1", "altered by an algorithm", "1001-1005 (5 files)", "1001 with 2001"):
        assert words in text
    asked = ["sha256sum", "--check", f"{STEM}{TEXT}"]
    done = subprocess.run(asked, cwd=sealed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name}: OK" for name in FRAMES]


@pytest.mark.parametrize("name", FRAMES)
def test_one_changed_byte_is_named_by_its_frame(sealed: Path, name: str) -> None:
    content = bytearray((sealed / name).read_bytes())
    content[2500] ^= 1
    (sealed / name).write_bytes(content)
    (one,) = verify(sealed).findings
    assert (one.kind, one.state, one.name) == ("frame", "changed", name)
    assert name in one.text


@pytest.mark.parametrize(
    ("file", "kind", "name"),
    [
        ("model.pt", "model", "model.pt"),
        ("recovery.nk", "script", "recovery.nk"),
        ("scans/reference.2001.exr", "pair", "1001 with 2001 (reference.2001.exr)"),
    ],
)
def test_a_changed_model_script_or_pair_is_named(sealed: Path, file: str, kind: str, name: str) -> None:
    path = sealed.parents[2] / file
    path.write_bytes(path.read_bytes() + b".")
    (one,) = verify(sealed).findings
    assert (one.kind, one.state, one.name) == (kind, "changed", name)
    path.unlink()
    found = verify(sealed)
    assert found.intact  # scans need not travel with a delivery
    assert [(one.kind, one.name) for one in found.elsewhere] == [(kind, name)]


def test_missing_and_foreign_frames_are_named(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    kept = {name: sha256 for name, sha256 in seal.frames.items() if name != FRAMES[2]}
    write_seal(replace(seal, frames=kept), sealed)
    (sealed / FRAMES[0]).unlink()
    (sealed / "shot_v002_model.1001.exr").write_bytes(b"another version")
    for beyond in ("1000", "1006"):
        (sealed / f"shot_v001_model.{beyond}.exr").write_bytes(b"rendered since: other work")
    found = {(one.state, one.name) for one in verify(sealed).findings}
    assert found == {("missing", FRAMES[0]), ("unknown", FRAMES[2])}


def test_model_and_script_may_change_where_the_work_goes_on_and_not_in_a_delivery(sealed: Path) -> None:
    for file, kind in (("model.pt", "model"), ("recovery.nk", "script")):
        path = sealed.parents[2] / file
        path.write_bytes(path.read_bytes() + b".")
        assert {one.expected for one in verify(sealed).findings if one.kind == kind} == {True}
    assert verify(sealed).intact
    (sealed.parents[2] / "scans/source.1001.exr").write_bytes(b"another scan")
    assert not verify(sealed).intact
    (sealed.parents[2] / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    found = verify(sealed)
    assert not found.intact and not any(one.expected for one in found.findings)


def test_a_pattern_names_the_sidecar_of_its_frames(sealed: Path) -> None:
    for pattern in (SEQUENCE, "shot_v001_model.%04d.exr"):
        assert seals(sealed / pattern) == [sealed / f"{STEM}{JSON}"]
    with pytest.raises(FilmRecoveryError, match="There is no provenance"):
        seals(sealed / "shot_v002_model.####.exr")


def test_frames_that_another_program_made_are_told_to_programs_and_people(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    foreign = Foreign(FRAMES[1:3], "Ada", "rendered in NukeX 15", ("ProcessingDate",))
    write_seal(replace(seal, foreign=foreign), sealed)
    assert read_seal(sealed / f"{STEM}{JSON}").foreign == foreign
    text = (sealed / f"{STEM}{TEXT}").read_text("utf-8")
    for words in (
        f"2 frames that another program rendered: {FRAMES[1]}",
        "accepted by Ada: rendered in",
        "ProcessingDate",
    ):
        assert words in text


def test_no_words_of_anybody_pass_for_the_hash_of_a_frame(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    planted = f"{'0' * 64}  {FRAMES[0]}"
    told = replace(
        seal, notes=f"x\n{planted}\u2028{planted}", origin=replace(seal.origin, film=f"x\n{planted}")
    )
    write_seal(told, sealed)
    done = subprocess.run(
        ["sha256sum", "--check", f"{STEM}{TEXT}"], cwd=sealed, capture_output=True, text=True
    )
    assert (done.returncode, len(done.stdout.splitlines())) == (0, len(FRAMES))


def test_an_earlier_seal_disagrees_about_frames_that_changed_or_went(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    assert disagreements(seal, hashed([sealed / name for name in FRAMES]), sealed) == ()
    assert disagreements(seal, {}, sealed) == ()  # there, and not asked about
    (sealed / FRAMES[0]).unlink()
    assert disagreements(seal, {FRAMES[1]: "0" * 64}, sealed) == FRAMES[:2]


def test_what_lies_outside_of_the_project_is_named_from_the_root(tmp_path: Path) -> None:
    """A project is moved without its scans: a name from its folder would then lead to another file."""
    home, folder = tmp_path / "film", tmp_path / "film/masters"
    assert seen_from(home / "model.pt", folder, home) == "../model.pt"
    assert seen_from(tmp_path / "scans/a.exr", folder, home) == (tmp_path / "scans/a.exr").as_posix()


def test_a_changed_list_of_frames_is_refused(sealed: Path) -> None:
    """Who changes a frame and its hash together is told by the digest; who changes that too, by the bag and ledger."""
    content = json.loads((sealed / f"{STEM}{JSON}").read_text())
    content["frames"][FRAMES[0]] = "0" * 64
    (sealed / f"{STEM}{JSON}").write_text(json.dumps(content))
    with pytest.raises(FilmRecoveryError, match="list of frames was changed"):
        verify(sealed)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "film-recovery-provenance/9"},
        {"frames": {"../outside.exr": "0" * 64}},
        {"frames": {"a.exr": "0"}},
        {"sequence": "../x.####.exr"},
        {"frames": []},
        {"model": {"path": "model.pt"}},
        {"origin": {}},
        {"notes": 3},
        {"frame_range": "all"},
        {"foreign": {"names": "a.exr"}},
        {"pairs": {"1": [3]}},
        {"frames": {}, "frames_digest": Seal(Origin(), "a.####.exr", {}).digest, "frame_range": ""},
    ],
)
def test_a_damaged_provenance_is_refused_with_a_remedy(sealed: Path, change: dict[str, object]) -> None:
    content = json.loads((sealed / f"{STEM}{JSON}").read_text())
    (sealed / f"{STEM}{JSON}").write_text(json.dumps({**content, **change}))
    with pytest.raises(FilmRecoveryError, match="provenance cannot be used") as caught:
        verify(sealed)
    assert caught.value.remedy


def test_a_folder_without_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="There is no provenance"):
        verify(tmp_path)


def test_what_two_origins_say_differently_is_named() -> None:
    wanted = Origin(film="A Trip", shot="s010")
    assert replace(wanted, processing_date="2026-01-31").differences(wanted) == {}
    said = replace(wanted, film="", shot="s020")
    assert said.differences(wanted) == {"FilmTitle": ("", "A Trip"), "ShotID": ("s020", "s010")}


def test_header_and_origin_say_the_same() -> None:
    origin = Origin(**{field: f"{field}!" for field in HEADER.values()})
    assert list(origin.header()) == list(HEADER)
    assert of_header({**origin.header(), "capDate": "x"}) == origin
    assert replace(origin, film="").unsaid == ("FilmTitle",)
    assert Origin().header() == {}


@given(st.dictionaries(st.sampled_from(list(HEADER.values())), st.text(max_size=30)))
def test_any_words_come_back(tmp_path_factory: pytest.TempPathFactory, words: dict[str, str]) -> None:
    folder = tmp_path_factory.mktemp("words")
    said = {name: word.encode("utf-8", "replace").decode() for name, word in words.items()}
    seal = Seal(Origin(**said), "a.####.exr", {"a.0001.exr": "0" * 64})
    write_seal(seal, folder)
    assert read_seal(folder / f"a{JSON}") == seal


def test_words_that_no_header_says_are_told(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    said = replace(seal.origin, institution="Another archive", film="Another film")
    write_seal(replace(seal, origin=said), sealed)
    found = verify(sealed).findings
    assert {(one.kind, one.state, one.expected) for one in found} == {("header", "other", False)}
    assert len(found) == 5 and all(
        "FilmTitle “Märchen, Teil 1”, not “Another film”" in one.text for one in found
    )
    assert not any("Institution" in one.text for one in found), "the headers say nothing of it"
    uri = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
    write_seal(replace(seal, origin=replace(seal.origin, source_type=uri)), sealed)
    assert verify(sealed).intact, "the same term, by its address"


def test_a_frame_without_a_header_is_told(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    (sealed / FRAMES[0]).write_bytes(b"no picture at all")
    write_seal(replace(seal, frames={**seal.frames, **hashed([sealed / FRAMES[0]])}), sealed)
    (one,) = verify(sealed).findings
    assert (one.kind, one.state) == ("header", "unreadable") and FRAMES[0] in one.text


def test_sequences_that_differ_after_the_number_have_sidecars_of_their_own(tmp_path: Path) -> None:
    for eye in "LR":
        master(tmp_path / f"r_0001_{eye}.exr", 1, ProcessingDate="2026-01-31")
        seal = Seal(ORIGIN, f"r_####_{eye}.exr", hashed([tmp_path / f"r_0001_{eye}.exr"]))
        write_seal(seal, tmp_path)
    for take in (2, 3):
        write_seal(Seal(ORIGIN, f"shot#{take}.####.exr", {f"shot#{take}.0001.exr": "0" * 64}), tmp_path)
    assert len(list(tmp_path.glob(f"*{JSON}"))) == 4
    (left,) = seals(tmp_path / "r_####_L.exr")
    assert read_seal(left).sequence == "r_####_L.exr" and verified(left).intact


def test_a_sidecar_of_other_frames_is_neither_taken_nor_written_over(sealed: Path) -> None:
    other = f"{STEM}.####.tif"
    for wrong in (
        lambda: seals(sealed / other),
        lambda: seal_beside(other, sealed),
        lambda: write_seal(Seal(ORIGIN, other, {f"{STEM}.1001.tif": "0" * 64}), sealed),
    ):
        with pytest.raises(FilmRecoveryError, match="is the provenance of other frames"):
            wrong()
    assert verify(sealed).intact


def test_whatever_the_range_says_what_was_put_between_the_frames_is_told(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    kept = {name: sha256 for name, sha256 in seal.frames.items() if name != FRAMES[2]}
    for told in ("1001", ""):
        write_seal(replace(seal, frames=kept, frame_range=told), sealed)
        assert [(one.state, one.name) for one in verify(sealed).findings] == [("unknown", FRAMES[2])]


def test_a_name_that_no_file_can_have_is_not_there(sealed: Path) -> None:
    (seal,) = map(read_seal, sealed.glob(f"*{JSON}"))
    write_seal(replace(seal, model=Bound("m" * 5000, "0" * 64), script=Bound("a\0b", "0" * 64)), sealed)
    assert {one.kind for one in verify(sealed).elsewhere} == {"model", "script"}
