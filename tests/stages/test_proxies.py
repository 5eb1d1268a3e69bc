"""Review movies: read back frame by frame, with their tags; what the sidecar says of them; what is refused."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from film_recovery import ledger, project
from film_recovery.cli.proxies import Asked, make
from film_recovery.cli.report import Report
from film_recovery.delivery.movies import exact
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.provenance.origin import Origin
from film_recovery.provenance.sealing import Bound, Seal, digest_of, hashed, write_seal
from film_recovery.stages.proxies import of_project
from film_recovery.stages.view import View

REC709, PRIMARIES, MATRIX, LIMITED = 1, 1, 1, 1  # ITU-T H.273, and FFmpeg's word for the limited range


def proxies(folder: Path, **asked: Any) -> int:
    with Report(as_json=True) as report:
        return make(report, folder, Asked(**asked), "Ada", False)


def opened(file: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Codec, size, rate and tags, and every frame as RGB, 0–1."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        frames = list(container.decode(video=0))
        said = {
            "codec": context.name,
            "profile": context.profile,
            "pixels": context.pix_fmt,
            "rate": stream.average_rate,
            "size": (context.width, context.height),
            "tags": (context.color_primaries, context.color_trc, context.colorspace, context.color_range),
            "comment": container.metadata.get("comment", ""),
        }
        times = [frame.pts * frame.time_base * stream.average_rate for frame in frames]
        assert times == list(range(len(frames)))
        return said, [frame.to_ndarray(format="rgb48le") / 65535 for frame in frames]


@pytest.fixture
def rendered(place: Any) -> Any:
    place.save_model().render()
    return place


def test_both_movies_of_a_project_are_what_their_sidecar_says(rendered: Any) -> None:
    view = View(rendered.project)
    assert proxies(rendered.folder) == 0
    folder = view.output.folder / "proxies"
    stem = "s010_v001_spatial-gauge_medium-80000"
    mp4, mov = folder / f"{stem}.h264.mp4", folder / f"{stem}.prores.mov"
    known = {mp4: ("h264", "High", "yuv420p"), mov: ("prores", "Standard", "yuv422p10le")}
    config = view.evaluator.root.config
    shown = [
        config.display(
            read_frame(view.output.sequence.path(number)).rgb(view.live_area(number)),
            view.output.holds,
            "Rec.1886 Rec.709 - Display",
        )[::-1]
        for number in range(1, 9)
    ]
    for file, (codec, profile, pixels) in known.items():
        said, frames = opened(file)
        assert (said["codec"], said["profile"], said["pixels"]) == (codec, profile, pixels)
        assert (len(frames), said["rate"], said["size"]) == (8, 24, (128, 96))
        assert said["tags"] == (PRIMARIES, REC709, MATRIX, LIMITED)
        for frame, picture in zip(frames, shown, strict=True):
            inside = frame[6:90, 4:120]  # the live area, from the top
            assert np.abs(inside.mean((0, 1)) - picture.mean((0, 1))).max() < 0.01
            assert np.abs(inside - picture).mean() < 0.03 and frame[:4].mean() < 0.02
    content = mp4.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "it plays before all of it is there"
    exrs = view.output.folder.glob("*.exr")
    masters = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in exrs}
    for file in known:
        kept = json.loads(file.with_name(f"{file.name}.review.json").read_text("utf-8"))
        assert kept["viewing"]["display"] == "Rec.1886 Rec.709 - Display"
        assert kept["viewing"]["view"] and kept["viewing"]["ocio_config"] == config.name
        assert (kept["frame_range"], kept["frames"], kept["rate"]) == ("1-8", 8, "24")
        assert kept["model"]["sha256"] == hashlib.sha256(rendered.model.read_bytes()).hexdigest()
        assert kept["masters"]["list_sha256"] == digest_of(masters)
        assert kept["movie"]["file"] == file.name
        assert kept["movie"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    record = ledger.read(rendered.folder).of_kind("proxies")[-1]
    assert record.data["files"] == [mp4.name, mov.name] and record.by == "Ada"


def test_masters_of_an_earlier_model_are_not_said_to_be_of_the_present_one(rendered: Any) -> None:
    rendered.save_model(steps=7)
    assert proxies(rendered.folder, kinds=("h264",)) == 0
    (sidecar,) = (View(rendered.project).output.folder / "proxies").glob("*.review.json")
    model = json.loads(sidecar.read_text("utf-8"))["model"]
    assert (model["name"], model["sha256"]) == ("", "")
    assert model["unsaid"] == "no provenance beside the frames says it"


def test_the_model_of_the_provenance_is_named_for_its_own_frames_alone(
    rendered: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a project, after another training, and by pattern."""
    sequence = View(rendered.project).output.sequence
    files = [sequence.path(number) for number in range(1, 9)]
    by = Bound("../03_copycat_training/made.pt", "1" * 64)
    write_seal(Seal(Origin(), Path(sequence.pattern).name, hashed(files), model=by), sequence.folder)
    rendered.save_model(steps=7)
    folder = sequence.folder / "proxies"

    def model(into: Path, **asked: Any) -> dict[str, str]:
        assert proxies(rendered.folder, kinds=("h264",), **asked) == 0
        (sidecar,) = into.glob("*.review.json")
        return dict(json.loads(sidecar.read_text("utf-8"))["model"])

    by_pattern = {"frames": sequence.pattern, "out": tmp_path / "out", "rate": 24.0}
    for into, asked in ((folder, {}), (tmp_path / "out", by_pattern)):
        assert model(into, **asked) == {"name": "made.pt", "sha256": "1" * 64}
    files[2].write_bytes(files[3].read_bytes())
    capsys.readouterr()
    for into, asked in ((folder, {}), (tmp_path / "out", by_pattern)):
        why = f"the provenance beside the frames is of others: {files[2].name}"
        assert model(into, **asked) == {"name": "", "sha256": "", "unsaid": why}
        assert why in capsys.readouterr().out


@pytest.mark.parametrize("carded", [False, True])
def test_movies_are_made_of_masters_that_a_model_of_nukex_made(rendered: Any, carded: bool) -> None:
    """Of a .cat without a card, or with one that is not tied to it; the model is that of the provenance, if any."""
    cat = rendered.model.with_suffix(".cat")
    cat.write_bytes(b"made by CopyCat")
    if not carded:
        rendered.model.unlink()
        rendered.model.with_suffix(".json").unlink()
    view = View(rendered.project)
    assert view.model_file == cat
    assert of_project(view).model == ("", "")


def test_ours_are_made_anew_and_nothing_else_is_written_over(rendered: Any) -> None:
    for kind in ("h264", "prores", "h264"):
        assert proxies(rendered.folder, kinds=(kind,)) == 0
    (movie,) = (View(rendered.project).output.folder / "proxies").glob("*.mp4")
    movie.write_bytes(b"a cut of somebody's")
    with pytest.raises(FilmRecoveryError, match="did not make, or that was changed since"):
        proxies(rendered.folder, kinds=("h264",))
    assert movie.read_bytes() == b"a cut of somebody's"
    with pytest.raises(FilmRecoveryError, match="which is only read"):
        proxies(rendered.folder, out=rendered.root / "film" / "source")


KILLED = """
import os, signal, sys
from pathlib import Path
from film_recovery.cli.proxies import Asked, make
from film_recovery.cli.report import Report
from film_recovery.stages import proxies

at, folder, source, out = sys.argv[1], Path("."), sys.argv[2], Path(sys.argv[3])
before, write, take = proxies.hashed, proxies.write_whole, os.replace

def stop(where):
    if where == at:
        os.kill(os.getpid(), signal.SIGKILL)

def hashed(files):
    stop("hashing")
    return before(files)

def write_whole(path, text):
    stop("before the sidecar")
    write(path, text)

def replace(one, other):
    if str(other).endswith(".mp4"):
        stop("before the name")
    take(one, other)
    if str(other).endswith(".mp4"):
        stop("after the name")

proxies.hashed, proxies.write_whole, os.replace = hashed, write_whole, replace
with Report(as_json=True) as report:
    make(report, folder, Asked(frames=source, out=out, kinds=("h264",), space="scene_linear", rate=24), "", False)
"""


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of no project."""
    folder = tmp_path_factory.mktemp("plain")
    for number in (1, 2):
        frame = Frame.from_array(np.full((32, 32, 3), 0.1 * number, np.float32))
        write_frame(frame, folder / f"a.{number}.exr", datatype="half")
    return folder


@pytest.mark.parametrize("at", ["hashing", "before the sidecar", "before the name", "after the name"])
def test_what_a_kill_leaves_is_made_anew(plain: Path, tmp_path: Path, at: str) -> None:
    """Of a movie that is made for the first time, and of one that takes the place of another."""
    out, source = tmp_path / "out", str(plain / "a.#.exr")
    given = {"kinds": ("h264",), "space": "scene_linear", "rate": 24}
    for earlier in (False, True):
        if earlier:
            assert proxies(tmp_path, frames=source, out=out, **given, display="sRGB - Display") == 0
        killed = subprocess.run([sys.executable, "-c", KILLED, at, source, out], capture_output=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        if (out / "a.h264.mp4").exists():
            assert (out / "a.h264.mp4.review.json").exists()
        assert proxies(tmp_path, frames=source, out=out, **given) == 0


def test_frames_by_pattern_say_or_are_given_space_and_rate(tmp_path: Path) -> None:
    """An odd size gets a black row and column; sRGB is tagged as that."""
    rng = np.random.default_rng(2)
    colour = np.array([0.6, 0.3, 0.1], np.float32)
    for number in range(1, 6):
        values = np.tile(colour, (49, 63, 1)) + rng.uniform(0, 0.002, (49, 63, 3)).astype(np.float32)
        file = tmp_path / "in" / f"a.{number:04d}.exr"
        write_frame(Frame.from_array(values), file, datatype="half", create_directories=True)
    pattern, out = str(tmp_path / "in" / "a.####.exr"), tmp_path / "out"
    with pytest.raises(UsageError, match="do not say their colour space"):
        proxies(tmp_path, frames=pattern, out=out)
    with pytest.raises(UsageError, match="how many there are a second"):
        proxies(tmp_path, frames=pattern, out=out, space="scene_linear")
    with pytest.raises(FilmRecoveryError, match="which is only read"):
        proxies(tmp_path, frames=pattern, out=tmp_path / "in" / "x", space="scene_linear", rate=24)
    with pytest.raises(UsageError, match="wrong colour tags"):
        proxies(tmp_path, frames=pattern, out=out, space="scene_linear", rate=24, display="P3-D65 - Display")
    assert not out.exists()
    given = {"space": "scene_linear", "rate": 23.976, "display": "sRGB - Display"}
    assert proxies(tmp_path, frames=pattern, out=out, **given) == 0
    expected = ColourConfig.load().display(colour[None, None], "scene_linear", "sRGB - Display")[0, 0]
    for name in ("a.h264.mp4", "a.prores.mov"):
        said, frames = opened(out / name)
        assert (len(frames), said["rate"], said["size"]) == (5, Fraction(24000, 1001), (64, 50))
        assert said["tags"] == (PRIMARIES, 13, MATRIX, LIMITED)
        assert np.abs(frames[2][8:40, 8:56] - expected).max() < 0.012, "the matrix of BT.709, not of BT.601"
        assert "sRGB - Display" in said["comment"]
    kept = json.loads((out / "a.h264.mp4.review.json").read_text("utf-8"))
    assert kept["model"]["sha256"] == kept["masters"]["provenance"] == ""


def test_without_the_encoder_the_remedy_is_said(rendered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FilmRecoveryError, match="need the package av") as missing:
        proxies(rendered.folder)
    assert missing.value.remedy == "pip install film-recovery[review]"
    assert not (project.paths(rendered.project).render / "proxies").exists()


@pytest.mark.parametrize(
    ("rate", "meant"), [(24, "24"), (23.98, "24000/1001"), (29.97, "30000/1001"), (18.0, "18")]
)
def test_a_rate_is_taken_as_it_is_meant(rate: float, meant: str) -> None:
    assert str(exact(rate)) == meant
