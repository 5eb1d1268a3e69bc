"""Content Credentials on a movie and a still, signed with a chain that is made here, held against real masters."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.delivery.movies import KINDS, Shape, exact, write_movies
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.provenance.credentials import Certificate, disagreement, read, sign
from film_recovery.provenance.origin import Origin
from film_recovery.provenance.sealing import JSON, Seal, hashed, write_seal


@pytest.fixture
def certificate(chain: Path) -> Certificate:
    return Certificate(chain / "chain.pem", chain / "leaf.key")


def _sealed(folder: Path, **origin: str) -> Path:
    folder.mkdir(exist_ok=True)
    frames = [folder / f"shot.{number}.exr" for number in (1001, 1002)]
    for frame in frames:
        if not frame.exists():
            frame.write_bytes(frame.name.encode())
    said = Origin(**{"film": "A Trip", "source_type": "algorithmicallyEnhanced", **origin})
    return write_seal(Seal(said, "shot.####.exr", hashed(frames), "1001-1002"), folder)[0]


@pytest.fixture
def sidecar(tmp_path: Path) -> Path:
    found = _sealed(tmp_path / "masters")
    assert found.name.endswith(JSON)
    return found


@pytest.fixture
def shown(tmp_path: Path) -> dict[str, Path]:
    """A still of each kind, and both review movies."""
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (48, 64, 3), np.uint8)
    files = {kind: tmp_path / f"still.{kind}" for kind in ("png", "jpg", "tif")}
    for file in files.values():
        cv2.imwrite(str(file), picture)
    movies = {kind.suffix[1:]: tmp_path / f"review{kind.suffix}" for kind in KINDS.values()}
    wanted = dict(zip(movies.values(), KINDS.values(), strict=True))
    write_movies(wanted, [picture / np.float32(255)] * 5, Shape(64, 48, exact(24)), {})
    return {**files, **movies}


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "mp4", "mov"])
def test_what_is_signed_says_its_origin_and_names_the_masters(
    shown: dict[str, Path], sidecar: Path, certificate: Certificate, chain: Path, tmp_path: Path, kind: str
) -> None:
    before = shown[kind].read_bytes()
    out = sign(shown[kind], tmp_path / "signed" / shown[kind].name, sidecar, certificate)
    assert shown[kind].read_bytes() == before
    assert [file.name for file in out.parent.iterdir()] == [out.name]
    found = read(out, chain / "root.pem")
    assert found is not None
    assert (found.signed_by, found.problems, found.trusted) == ("An archive", (), True)
    assert found.origin == {"FilmTitle": "A Trip", "IPTCDigitalSourceType": "algorithmicallyEnhanced"}
    assert disagreement(found, sidecar) == ""
    untrusted = read(out)
    assert untrusted is not None and (untrusted.problems, untrusted.trusted) == ((), False)
    assert read(shown[kind]) is None


def test_the_digital_source_type_stands_where_readers_look_for_it(
    shown: dict[str, Path], sidecar: Path, certificate: Certificate, tmp_path: Path
) -> None:
    import c2pa

    out = sign(shown["png"], tmp_path / "signed.png", sidecar, certificate)
    with c2pa.Reader(str(out)) as reader:
        (told,) = json.loads(reader.json())["manifests"].values()
    (actions,) = (one["data"]["actions"] for one in told["assertions"] if one["label"] == "c2pa.actions.v2")
    assert actions[0]["digitalSourceType"] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
    )


def test_one_changed_byte_is_seen(
    shown: dict[str, Path], sidecar: Path, certificate: Certificate, tmp_path: Path
) -> None:
    out = sign(shown["png"], tmp_path / "signed.png", sidecar, certificate)
    content = bytearray(out.read_bytes())
    content[-40] ^= 1
    out.write_bytes(content)
    found = read(out)
    assert found is not None and "assertion.dataHash.mismatch" in found.problems


def test_masters_that_changed_are_seen(
    shown: dict[str, Path], sidecar: Path, certificate: Certificate, tmp_path: Path
) -> None:
    found = read(sign(shown["png"], tmp_path / "signed.png", sidecar, certificate))
    assert found is not None
    _sealed(sidecar.parent, institution="An archive")
    assert "says something else of them" in disagreement(found, sidecar)
    (sidecar.parent / "shot.1002.exr").write_bytes(b"another picture")
    _sealed(sidecar.parent)
    assert "names other masters" in disagreement(found, sidecar)


def test_nothing_is_signed_without_a_chosen_source_type(
    shown: dict[str, Path], certificate: Certificate, tmp_path: Path
) -> None:
    silent = _sealed(tmp_path / "masters", source_type="")
    with pytest.raises(CheckFailed, match="Nobody has chosen"):
        sign(shown["png"], tmp_path / "signed.png", silent, certificate)


Wrong = Callable[[Path], tuple[str, Certificate]]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda c: ("png", Certificate(c / "chain.pem", c / "root.key")), "The certificate does not sign"),
        (lambda c: ("png", Certificate(c / "root.pem", c / "root.key")), "self-signed"),
        (lambda c: ("png", Certificate(c / "chain.pem", c / "leaf.key", "ps256")), "does not sign"),
        (lambda c: ("png", Certificate(c / "chain.pem", c / "leaf.key", "md5")), "no algorithm of C2PA"),
        (lambda c: ("png", Certificate(c / "leaf.ext", c / "leaf.key")), "no PEM file.*leaf.ext"),
        (lambda c: ("png", Certificate(c / "none.pem", c / "leaf.key")), "none.pem cannot be read"),
        (
            lambda c: ("txt", Certificate(c / "chain.pem", c / "leaf.key")),
            "kind of file carries no credential",
        ),
    ],
    ids=["key", "self-signed", "algorithm", "word", "no PEM", "missing", "kind"],
)
def test_what_cannot_be_signed_is_named(
    shown: dict[str, Path], sidecar: Path, chain: Path, tmp_path: Path, wrong: Wrong, words: str
) -> None:
    kind, certificate = wrong(chain)
    (tmp_path / "still.txt").write_text("text", encoding="ascii")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FilmRecoveryError, match=words):
        sign(tmp_path / f"still.{kind}", tmp_path / f"signed.{kind}", sidecar, certificate)
    assert sorted(tmp_path.iterdir()) == before, "nothing is left"


def test_a_file_that_is_there_is_left_alone(
    shown: dict[str, Path], sidecar: Path, certificate: Certificate, tmp_path: Path
) -> None:
    with pytest.raises(FilmRecoveryError, match="there already"):
        sign(shown["png"], shown["jpg"], sidecar, certificate)


def test_without_the_package_the_remedy_is_said(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['c2pa'] = None\n"
        "from pathlib import Path\n"
        "from film_recovery.provenance.credentials import read\n"
        "read(Path('x.png'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert "film-recovery[credentials]" in done.stderr


def test_the_commands_sign_and_check(
    shown: dict[str, Path], sidecar: Path, chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from film_recovery.cli.main import app

    def call(*arguments: Any) -> tuple[int, list[dict[str, Any]]]:
        with pytest.raises(SystemExit) as ended:
            app(["credentials", *map(str, arguments), "--masters", str(sidecar.parent), "--json"])
        code = ended.value.code
        return int(code or 0), [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    out = tmp_path / "signed"
    pem = ("--certificate", chain / "chain.pem", "--key", chain / "leaf.key")
    assert call(shown["png"])[0] == 2
    code, lines = call(shown["png"], shown["mp4"], *pem, "--out", out)
    assert (code, len(lines[-1]["signed"])) == (0, 2)
    code, lines = call(out / "still.png", out / "review.mp4", "--check", "--trust", chain / "root.pem")
    assert (code, lines[-1]["intact"], lines[-1]["files"][0]["FilmTitle"]) == (0, True, "A Trip")
    code, lines = call(shown["png"], "--check")
    assert (code, lines[0]["reason"]) == (1, "still.png: It has no credential.")
