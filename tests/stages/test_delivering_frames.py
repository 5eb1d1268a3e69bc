"""Frames of no project: delivered with what they say of themselves, or with the provenance that lies beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.provenance import bag
from film_recovery.provenance.origin import Origin
from film_recovery.provenance.sealing import JSON, Seal, hashed, read_seal, write_seal
from film_recovery.provenance.verifying import verify
from film_recovery.stages.delivering import Accepted
from film_recovery.stages.delivering_frames import deliver_frames

ORIGIN = Origin(film="A Trip", shot="s010", restorationist="Ada", institution="The Archive")
BY_CHOICE = Accepted("Ada", "rendered in NukeX 15")


@pytest.fixture
def pattern(tmp_path: Path) -> str:
    for number in (1, 2, 3):
        frame(tmp_path, number, **ORIGIN.header())
    return str(tmp_path / "masters/a.####.exr")


def frame(folder: Path, number: int, **header: str) -> Path:
    file = folder / f"masters/a.{number:04d}.exr"
    values = np.full((8, 12, 3), number / 4, np.float32)
    write_frame(Frame.from_array(values, metadata=header), file, datatype="half", create_directories=True)
    return file


def test_what_the_headers_say_together_is_sealed(pattern: str, tmp_path: Path) -> None:
    before = sorted((tmp_path / "masters").iterdir())
    made = deliver_frames(pattern, tmp_path / "bag", "algorithmicallyEnhanced", BY_CHOICE)
    assert (made.foreign, bag.findings(made.bag)) == (3, ())
    assert "MLProcessing" in made.unsaid and "FilmTitle" not in made.unsaid
    (sidecar,) = made.bag.rglob(f"*{JSON}")
    seal = read_seal(sidecar)
    assert (seal.origin.film, seal.origin.source_type) == ("A Trip", "algorithmicallyEnhanced")
    assert seal.frame_range == "1-3" and seal.foreign is not None and seal.foreign.why == BY_CHOICE.why
    assert verify(sidecar).intact
    assert "Contact-Name: Ada" in (made.bag / "bag-info.txt").read_text()
    assert sorted((tmp_path / "masters").iterdir()) == before, "nothing is written beside the frames"


def test_the_provenance_beside_them_counts(pattern: str, tmp_path: Path) -> None:
    files = sorted((tmp_path / "masters").iterdir())
    origin = replace(ORIGIN, source_type="positiveFilm")
    seal = Seal(origin, "a.####.exr", hashed(files), "1-3", notes="why")
    write_seal(seal, tmp_path / "masters")
    made = deliver_frames(pattern, tmp_path / "bag", accepted=BY_CHOICE)
    told = read_seal(next(made.bag.rglob(f"*{JSON}")))
    assert told.foreign is not None and (told.foreign.why, len(told.foreign.names)) == (BY_CHOICE.why, 3)
    assert replace(told, foreign=None) == seal and verify(next(made.bag.rglob(f"*{JSON}"))).intact
    write_seal(told, tmp_path / "masters")
    again = deliver_frames(pattern, tmp_path / "again", accepted=Accepted("Ben", "for the second reel"))
    foreign = read_seal(next(again.bag.rglob(f"*{JSON}"))).foreign
    assert foreign is not None and len(foreign.names) == 3
    assert (foreign.by, foreign.why) == ("Ada; Ben", f"{BY_CHOICE.why}; for the second reel")
    frame(tmp_path, 4, **ORIGIN.header())
    with pytest.raises(CheckFailed, match=r"is not of a\.0004\.exr"):
        deliver_frames(pattern, tmp_path / "other", accepted=BY_CHOICE)
    (tmp_path / "masters/a.0004.exr").unlink()
    frame(tmp_path, 2, FilmTitle="A Trip")
    with pytest.raises(CheckFailed, match=r"is not of a\.0002\.exr"):
        deliver_frames(pattern, tmp_path / "other", accepted=BY_CHOICE)


def test_what_stops_it_names_frame_key_and_remedy(pattern: str, tmp_path: Path) -> None:
    out = tmp_path / "bag"
    with pytest.raises(CheckFailed, match="not rendered by film-recovery") as caught:
        deliver_frames(pattern, out, "positiveFilm")
    assert "--accept-foreign" in caught.value.remedy
    with pytest.raises(CheckFailed, match="Nobody has chosen") as caught:
        deliver_frames(pattern, out, accepted=BY_CHOICE)
    assert "--source-type" in caught.value.remedy
    with pytest.raises(FilmRecoveryError, match="is no term of IPTC"):
        deliver_frames(pattern, out, "film", BY_CHOICE)
    with pytest.raises(FilmRecoveryError, match="where the frames lie"):
        deliver_frames(pattern, tmp_path / "masters/bag", "positiveFilm", BY_CHOICE)
    with pytest.raises(UsageError, match="no frame of"):
        deliver_frames(str(tmp_path / "masters/b.####.exr"), out, "positiveFilm", BY_CHOICE)
    frame(tmp_path, 3, **{**ORIGIN.header(), "FilmTitle": "Another"})
    with pytest.raises(CheckFailed, match="Frame 3 says FilmTitle “Another”, frame 1 “A Trip”"):
        deliver_frames(pattern, out, "positiveFilm", BY_CHOICE)
    for number in (1, 2, 3):
        frame(tmp_path, number, **ORIGIN.header(), IPTCDigitalSourceType="negativeFilm")
    with pytest.raises(CheckFailed, match="say IPTCDigitalSourceType “negativeFilm”, and “positiveFilm” is"):
        deliver_frames(pattern, out, "positiveFilm", BY_CHOICE)
    assert not out.exists()


def sealed(folder: Path, **origin: str) -> None:
    files = sorted((folder / "masters").glob("*.exr"))
    write_seal(Seal(replace(ORIGIN, **origin), "a.####.exr", hashed(files), "1-3"), folder / "masters")


def test_the_term_is_asked_for_and_held_beside_a_provenance_too(pattern: str, tmp_path: Path) -> None:
    out = tmp_path / "bag"
    sealed(tmp_path)
    with pytest.raises(CheckFailed, match="Nobody has chosen"):
        deliver_frames(pattern, out, accepted=BY_CHOICE)
    with pytest.raises(FilmRecoveryError, match="is no term of IPTC"):
        deliver_frames(pattern, out, "nonsense", BY_CHOICE)
    sealed(tmp_path, source_type="anything at all")
    with pytest.raises(FilmRecoveryError, match="“anything at all” is no term"):
        deliver_frames(pattern, out, accepted=BY_CHOICE)
    sealed(tmp_path, source_type="negativeFilm")
    with pytest.raises(CheckFailed, match="“negativeFilm”, and “positiveFilm” is chosen"):
        deliver_frames(pattern, out, "positiveFilm", BY_CHOICE)
    sealed(tmp_path)
    deliver_frames(pattern, out, "positiveFilm", BY_CHOICE)
    assert read_seal(next(out.rglob(f"*{JSON}"))).origin.source_type == "positiveFilm"


def test_a_provenance_that_the_headers_deny_is_refused(pattern: str, tmp_path: Path) -> None:
    sealed(tmp_path, film="Mine", source_type="positiveFilm")
    with pytest.raises(CheckFailed, match="Frame 1 says FilmTitle “A Trip”, the provenance beside it “Mine”"):
        deliver_frames(pattern, tmp_path / "bag", accepted=BY_CHOICE)
    assert not (tmp_path / "bag").exists()


def test_a_header_s_own_term_is_one_of_iptc_s(pattern: str, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        frame(tmp_path, number, **ORIGIN.header(), IPTCDigitalSourceType="anything at all")
    with pytest.raises(FilmRecoveryError, match="“anything at all” is no term of IPTC"):
        deliver_frames(pattern, tmp_path / "bag", accepted=BY_CHOICE)
    uri = "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"
    for number in (1, 2, 3):
        frame(tmp_path, number, **ORIGIN.header(), IPTCDigitalSourceType=uri)
    made = deliver_frames(pattern, tmp_path / "bag", "negativeFilm", BY_CHOICE)
    sidecar = next(made.bag.rglob(f"*{JSON}"))
    assert read_seal(sidecar).origin.source_type == "negativeFilm" and verify(sidecar).intact


def test_nothing_is_written_where_linked_frames_lie(pattern: str, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        link = tmp_path / f"links/l.{number:04d}.exr"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(tmp_path / f"masters/a.{number:04d}.exr")
    for place in ("masters/bag", "masters"):
        with pytest.raises(FilmRecoveryError, match="where the frames lie"):
            deliver_frames(str(tmp_path / "links/l.####.exr"), tmp_path / place, "positiveFilm", BY_CHOICE)


def test_what_can_be_said_before_is_said_before_a_frame_is_read(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "masters/a.0002.exr").write_bytes(b"no picture")
    with pytest.raises(FilmRecoveryError, match="exists already"):
        deliver_frames(pattern, tmp_path / "bag", "positiveFilm", BY_CHOICE)
