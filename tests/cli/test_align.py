"""``align`` on two scans whose relation is known: what it tells, writes, refuses, and what a project makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery import demo, ledger, nk, project, stages
from film_recovery.cli.align import Asked, align_command
from film_recovery.cli.report import Report, events_to
from film_recovery.comp import Evaluator
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.project import Draft, Element, PairOf

WIDTH, HEIGHT = 320, 240
FRAMES = (1001, 1002, 1003)
LATER = 4  # Reference frames come so many later


def homography(number: int) -> np.ndarray:
    """Reference pixels to Source pixels, Nuke's convention."""
    angle = np.radians(0.4 * (number - 1001))
    c, s = 1.02 * np.cos(angle), 1.02 * np.sin(angle)
    middle = np.array([[1, 0, WIDTH / 2], [0, 1, HEIGHT / 2], [0, 0, 1]])
    turn = np.array([[c, -s, 3.3 + number - 1001], [s, c, -2.2], [0, 0, 1]])
    return middle @ turn @ np.linalg.inv(middle)


def scanned(picture: np.ndarray, to_scene: np.ndarray) -> np.ndarray:
    """The scene as a scan sees it: pixel p (Nuke's convention) shows ``to_scene`` p. Nine samples a pixel."""
    flip = np.array([[1, 0, 0], [0, -1, HEIGHT], [0, 0, 1.0]])
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    matrix = (
        np.linalg.inv(half)
        @ np.diag([3, 3, 1.0])
        @ flip
        @ to_scene
        @ flip
        @ np.diag([1 / 3, 1 / 3, 1])
        @ half
    )
    fine = cv2.warpPerspective(
        picture, matrix, (3 * WIDTH, 3 * HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    return np.clip(cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), 0, 1)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A faded, grainy Source and a clean Reference of the same three moments."""
    root = tmp_path_factory.mktemp("film")
    photograph = cv2.imread(str(Path(demo.__file__).parent / "photographs" / "coffee.png"))[..., ::-1] / 255
    scene = cv2.resize(photograph.astype(np.float32), (3 * WIDTH, 3 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    random = np.random.default_rng(4)
    for number in FRAMES:
        source = 0.1 + 0.75 * scanned(scene, np.eye(3)) ** np.array([0.7, 1.0, 0.85])
        source += random.normal(0, 0.01, source.shape)
        reference = scanned(scene, homography(number))
        for name, frame, picture in (("source", number, source), ("reference", number + LATER, reference)):
            made = Frame.from_array(picture.astype(np.float32), top_down=True)
            write_frame(
                made, root / name / f"{name}.{frame:04d}.exr", datatype="half", create_directories=True
            )
    return root


def sequences(film: Path, **more: Any) -> Asked:
    patterns = {name: str(film / name / f"{name}.####.exr") for name in ("source", "reference")}
    return Asked(**{**patterns, "offset": LATER, **more})


def said(folder: Path | None, asked: Asked) -> tuple[int, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    token = events_to.set(lambda event: events.append(dict(event)))
    try:
        with Report(as_json=True) as report:
            return align_command(report, folder, asked, by="Ada"), events
    finally:
        events_to.reset(token)


def off(matrix: list[float], number: int) -> float:
    """Largest distance, in pixels, of a corner from where it belongs."""
    corners = np.array([[0, 0, 1], [WIDTH, 0, 1], [WIDTH, HEIGHT, 1], [0, HEIGHT, 1]], float)
    places = [corners @ one.T for one in (np.reshape(matrix, (3, 3)), homography(number))]
    return float(max(np.linalg.norm(a[:2] / a[2] - b[:2] / b[2]) for a, b in zip(*places, strict=True)))


def test_two_sequences_are_aligned_and_all_of_it_is_kept(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, events = said(None, sequences(film, out=out, mesh=True))
    frames = [event for event in events if event["event"] == "frame"]
    assert code == EXIT_DONE
    assert [one["frame"] for one in frames] == list(FRAMES)
    assert [one["reference_frame"] for one in frames] == [number + LATER for number in FRAMES]
    for one in frames:
        assert one["verdict"] == "pass", one["reason"]
        assert off(one["matrix"], one["frame"]) < 0.15
        assert one["residual"] < 0.15 and "tiles" not in one["residuals"]
        assert one["residual_warp"]["rms"] < 0.1
    result = events[-1]
    assert result["verdict"] == "pass" and [one["matrix"] for one in result["frames"]] == [
        one["matrix"] for one in frames
    ]
    kept = json.loads((out / "align.json").read_text())
    whole = kept["frames"][0]["residuals"]
    assert len(whole["tiles"]) == whole["columns"] * whole["rows"]
    assert cv2.imread(str(out / "residual.1001.png")).shape[1] == 1280
    places = read_frame(out / "stmap.1002.exr").rgb()
    assert np.abs(places[..., 0] * WIDTH - (np.arange(WIDTH) + 0.5)).max() < 2  # nothing is bent here
    nodes = nk.load(out / "STMap.nk").nodes
    assert [node.class_name for node in nodes] == ["Read", "Read", "Switch", "STMap", "StickyNote"]


def test_the_block_that_is_handed_over_aligns_in_the_graph(film: Path, tmp_path: Path) -> None:
    said(None, sequences(film, out=tmp_path))
    text = "".join(
        f"Read {{\n inputs 0\n file {film}/{name}/{name}.####.exr\n first 1001\n last 1007\n raw true\n"
        f" name {name}\n}}\n{offset}set N{name} [stack 0]\n"
        for name, offset in (("source", ""), ("reference", f"TimeOffset {{\n time_offset -{LATER}\n}}\n"))
    )
    block = (tmp_path / "FR_Align.nk").read_text()
    evaluator = Evaluator(nk.parse(text + "push $Nsource\npush $Nreference\n" + block))
    inside = slice(12, -12)
    for number in FRAMES:
        aligned = evaluator.frame("FR_Align1", number)
        picture = aligned.rgb(aligned.format.box)
        truth = read_frame(film / "source" / f"source.{number}.exr").rgb()
        greens = picture[inside, inside, 1].ravel(), truth[inside, inside, 1].ravel()
        assert np.corrcoef(*greens)[0, 1] > 0.99


def test_a_frame_that_lies_elsewhere_fails_or_cannot_be_told_and_is_never_passed(film: Path) -> None:
    code, events = said(None, sequences(film, offset=0, reference=str(film / "source" / "source.####.exr")))
    assert code == EXIT_DONE and events[-1]["verdict"] == "pass"  # on itself
    other = film / "noise" / "noise.####.exr"
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    write_frame(Frame.from_array(noise), other.with_name("noise.1001.exr"), create_directories=True)
    code, events = said(None, sequences(film, frames="1001", offset=0, reference=str(other)))
    (frame,) = events[-1]["frames"]
    assert (frame["verdict"], frame["matrix"], frame["solved"]) == ("cannot tell", None, False)
    assert frame["reason"]


@pytest.fixture
def folder(film: Path, tmp_path: Path) -> Path:
    """A project with two pairs and a hold-out, none of them aligned."""
    words = {
        name: name for name in ("title", "gauge", "generation", "type", "quality", "holder", "provenance")
    }
    elements = {
        name: Element(
            str(film / name / f"{name}.####.exr"), first, first + 2, WIDTH, HEIGHT,
            authorisation="by the archive", colourspace="color_picking", **words,
        )
        for name, first in (("source", 1001), ("reference", 1001 + LATER))
    }  # fmt: skip
    pairs = [PairOf(number, number + LATER, "a reason") for number in FRAMES]
    draft = Draft(
        film="A Trip",
        recipe="spatial-gauge",
        elements=elements,
        pairs=(pairs[0], pairs[2]),
        hold_out=(pairs[1],),
    )
    project.create(tmp_path / "project", draft)
    return tmp_path / "project"


def test_a_project_takes_the_solutions_into_its_pairs_its_graph_and_its_checks(folder: Path) -> None:
    code, events = said(folder, Asked(apply=True))
    assert code == EXIT_DONE
    assert events[-1]["written"] == ["alignment.live_area", "hold_out", "pairs"]
    loaded = project.load(folder)
    for pair in (*loaded.pairs, *loaded.hold_out):
        assert off(list(pair.matrix), pair.source) < 0.15
    left, bottom, right, top = loaded.alignment.live_area or (0, 0, 0, 0)
    assert 0 <= left < 30 and 0 <= bottom < 30 and WIDTH - 30 < right <= WIDTH and HEIGHT - 30 < top <= HEIGHT
    assert ledger.read(folder).of_kind("aligned")[0].data["verdict"] == "pass"
    stages.build_script(loaded)
    (report,) = stages.check(loaded, 2)
    found = {outcome.check: outcome for outcome in report.outcomes}
    assert found["alignment.residual"].outcome == "pass", found["alignment.residual"].reason
    code, events = said(folder, Asked(apply=True))
    assert events[-1]["written"] == []  # the same again changes nothing


def test_nothing_is_written_among_the_elements_and_what_contradicts_is_refused(
    film: Path, folder: Path
) -> None:
    with pytest.raises(FilmRecoveryError, match="where the Source lies"):
        said(None, sequences(film, out=film / "source" / "out"))
    for where, asked, words in (
        (None, Asked(), "nothing to align"),
        (None, sequences(film, apply=True), "--apply writes into a project"),
        (None, sequences(film, mesh=True), "--mesh writes maps"),
        (None, sequences(film, weave="loose"), "Weave cannot be loose"),
        (folder, Asked(frames="1001"), "--frames cannot be given"),
        (folder, Asked(weave="kept"), "stand apart"),
        (folder, Asked(source_space="scene_linear"), "so --source-space cannot be given"),
        (folder, Asked(reference_space="scene_linear"), "so --reference-space cannot be given"),
        (folder, Asked(offset=4), "so --offset cannot be given"),
        (folder, Asked(reference_aspect=2.0), "so --reference-aspect cannot be given"),
    ):
        with pytest.raises(UsageError, match=words):
            said(where, asked)


@pytest.mark.slow
def test_a_shot_with_its_weave_kept_or_removed(film: Path) -> None:
    for weave in ("kept", "constant"):
        code, events = said(None, sequences(film, weave=weave))
        matrices = [tuple(one["matrix"]) for one in events[-1]["frames"]]
        assert len(set(matrices)) == (3 if weave == "kept" else 1)
        assert code == (
            EXIT_DONE if weave == "kept" else EXIT_CHECK_FAILED
        )  # one matrix does not fit what turns


@pytest.mark.slow
def test_the_program_itself(film_recovery: Any, film: Path) -> None:
    patterns = [str(film / name / f"{name}.####.exr") for name in ("source", "reference")]
    done = film_recovery(
        "align",
        "--source",
        patterns[0],
        "--reference",
        patterns[1],
        "--frames",
        "1002",
        "--offset",
        LATER,
        "--json",
    )
    assert done.code == EXIT_DONE, done.text
    assert off(done.result["frames"][0]["matrix"], 1002) < 0.15
