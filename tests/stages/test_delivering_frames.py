"""Frames of no project: delivered with what they say of themselves, or with the provenance that lies beside them."""

from __future__ import annotations

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
    seal = Seal(ORIGIN, "a.####.exr", hashed(files), "1-3", notes="why")
    write_seal(seal, tmp_path / "masters")
    made = deliver_frames(pattern, tmp_path / "bag", accepted=BY_CHOICE)
    assert read_seal(next(made.bag.rglob(f"*{JSON}"))) == seal
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
