"""Every template runs as it lies here: elements under its placeholder paths, filled in, trained, rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import engine, graph, nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.training import train
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph import templates
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Box, Frame
from film_recovery.imaging.luma import chroma, luma

WIDTH, HEIGHT = 96, 64
LIVE_AREA = Box(4, 6, 90, 60)
PHOTOGRAPHS = Path(graph.__file__).parents[1] / "demo" / "photographs"
ROOT = Path(__file__).resolve().parents[2] / "templates"
DAMAGED = (472, 479, 493, 500)  # frames of the print in a telecine recovery
SINGLE = ["spatial-gauge", "spatial-generation", "colour-reference", "colour-constructed"]


@dataclass
class Opened:
    """A template in a film's folder, filled in for a small film as the note in it says."""

    path: Path
    photograph: np.ndarray
    written: dict[str, set[int]] = field(default_factory=dict)

    @property
    def evaluator(self) -> Evaluator:
        return Evaluator(nk.load(self.path))

    def edit(self, *changes: tuple[str, str, str]) -> None:
        """Sets knobs: node, knob, word."""
        script = nk.load(self.path)
        for node, knob, word in changes:
            script.node(node).set(knob, word)
        nk.save(script, self.path)

    def fill_in(self) -> None:
        """Format and places for a film that is not 2048 × 1556, and the live area."""
        script = nk.load(self.path)
        shape = nk.quote(f"{WIDTH} {HEIGHT} 0 0 {WIDTH} {HEIGHT} 1 ")
        corners = ((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT))
        assert script.root is not None
        script.root.set("format", shape)
        for node in script.nodes:
            if node.class_name in ("Read", "Reformat"):
                node.set("format", shape)
            if node.class_name == "Transform":
                node.set("center", nk.numbers((WIDTH / 2, HEIGHT / 2)))
            if node.class_name == "CornerPin2D":
                for index, corner in enumerate(corners, 1):
                    node.set(f"to{index}", nk.numbers(corner))
                    node.set(f"from{index}", nk.numbers(corner))
            if node.class_name == "Crop":
                node.set("box", nk.numbers((LIVE_AREA.x, LIVE_AREA.y, LIVE_AREA.r, LIVE_AREA.t)))
                node.unset("disable")
        nk.save(script, self.path)

    def put_elements(self) -> None:
        """EXR files for every Read of an element, on the frames that are held or rendered; a master is no element."""
        script = nk.load(self.path)
        masters = {node.text("file") for node in script.nodes if node.class_name == "Write"}
        for read in (node for node in script.nodes if node.class_name == "Read"):
            if read.text("file") not in masters:
                self._put(read.text("file"), self._frames(script, read))

    def _frames(self, script: nk.Script, read: nk.Node) -> set[int]:
        """The frames of every FrameHold within the range of ``read``."""
        first, last = (int(read.text(knob)) for knob in ("first", "last"))
        held = {int(node.text("firstFrame")) for node in script.nodes if node.class_name == "FrameHold"}
        return {frame for frame in held if first <= frame <= last}

    def _put(self, pattern: str, frames: set[int]) -> None:
        for frame in sorted(frames - self.written.setdefault(pattern, set())):
            path = self.path.parent / pattern.replace("####", f"{frame:04d}")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_frame(Frame.from_array(self.picture(pattern, frame), top_down=True), path, datatype="half")
            self.written[pattern].add(frame)

    def picture(self, pattern: str, frame: int) -> np.ndarray:
        """A cut-out that moves with the frame; softer and faded but for what keeps the detail or the colour.

        A telecine is softer than a print, and a print softer than both where it is damaged.
        """
        row, column = 40 + 7 * (frame % 13), 60 + 11 * (frame % 17)
        clean = 0.1 + 0.8 * self.photograph[row : row + HEIGHT, column : column + WIDTH]
        if "/reference/" in pattern or "/colour/" in pattern:
            return clean
        blur = 1.8 if "/telecine/" in pattern else 3.0 if frame in DAMAGED else 1.2
        soft = cv2.GaussianBlur(clean, (0, 0), blur)
        return soft ** np.array([0.8, 0.95, 0.9], np.float32)


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    path = tmp_path / "film" / "nuke_base" / f"{request.param}.nk"
    path.parent.mkdir(parents=True)
    path.write_bytes((ROOT / f"{request.param}.nk").read_bytes())
    photograph = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[..., ::-1].astype(np.float32) / 255
    made = Opened(path, photograph)
    made.fill_in()
    made.put_elements()
    return made


def pairs_in_order(opened: Opened, suffix: str, frames: list[tuple[str, int]]) -> None:
    """Input n of CopyCat is the Source of pair n, limited; the Ground Truth keeps what the recipe says."""
    evaluator = opened.evaluator
    pairs = CopyCatPairs(evaluator, evaluator.script.node(f"CopyCat1{suffix}"))
    assert len(pairs) == len(frames)
    colour = evaluator.script.node(f"FR_GroundTruth1{suffix}").get("recipe")
    kept, taken = (luma, chroma) if colour is not None and colour.text == "colour" else (chroma, luma)
    for number, (read, frame) in enumerate(frames, 1):
        source = evaluator.frame(read, frame).rgb(LIVE_AREA)
        given = pairs[number - 1]
        np.testing.assert_array_equal(given.input, np.clip(source, 0, 1)[::-1])
        reference = evaluator.frame(f"LiveAreaCrop{suffix}", number).rgb(LIVE_AREA)
        other = evaluator.frame(read.replace("Source", "Reference"), frame).rgb(LIVE_AREA)
        np.testing.assert_allclose(reference, other, atol=1e-6)
        assert np.abs(reference - source).max() > 0.01
        truth = evaluator.frame(f"FR_GroundTruth1{suffix}", number).rgb(LIVE_AREA)
        np.testing.assert_allclose(kept(truth), kept(source), atol=1e-5)
        np.testing.assert_allclose(taken(truth), taken(reference), atol=1e-5)
        np.testing.assert_array_equal(given.truth, np.clip(truth, 0, 1)[::-1])


def views(opened: Opened, suffix: str, read: str, held: int) -> None:
    """The preview is the hold-out as it is trained; the difference view is the difference; each branch runs."""
    evaluator = opened.evaluator
    source = evaluator.frame(read, held).rgb(LIVE_AREA)
    shown = evaluator.frame(f"FR_TrainPrep_Preview{suffix}", 1)
    assert shown.bbox == LIVE_AREA and set(shown.channels) == {"rgba.red", "rgba.green", "rgba.blue"}
    np.testing.assert_array_equal(shown.rgb(), np.clip(source, 0, 1))
    number = 2
    area = LIVE_AREA
    ours = evaluator.frame(f"Stack_Source{suffix}", number).rgb(area)
    theirs = evaluator.frame(f"FitToSource{suffix}", number).rgb(area)
    difference = evaluator.frame(f"DifferenceView{suffix}", number).rgb(area)
    np.testing.assert_allclose(difference, np.abs(ours - theirs), atol=1e-6)
    for branch in range(3):  # nothing is solved yet, so the three are one
        opened.edit((f"AlignmentSwitch{suffix}", "which", str(branch)))
        picture = opened.evaluator.frame(f"AlignmentSwitch{suffix}", number).rgb(area)
        np.testing.assert_allclose(picture, theirs, atol=1e-5)
    opened.edit((f"AlignmentSwitch{suffix}", "which", "1"))


def recovered(opened: Opened, suffix: str, writes: dict[str, tuple[str, set[int]]]) -> None:
    """Trains the closed form, renders the frames of each Write, and holds them against their Source."""
    evaluator = opened.evaluator
    model = opened.path.parent.parent / "pipeline" / "03_copycat_training" / f"model{suffix}.0.pt"
    result = train(evaluator, f"CopyCat1{suffix}", steps=0, model=model)
    assert result.psnr_fit > result.psnr_input
    name = nk.quote(f"../pipeline/03_copycat_training/{model.stem}.cat")
    blocks = {w: w.replace("Write_Recovered", "FR_Inference") for w in writes}
    blocks = {w: b if b != f"FR_Inference{suffix}" else f"FR_Inference1{suffix}" for w, b in blocks.items()}
    opened.edit(*((f"{block}.Inference1", "modelFile", name) for block in blocks.values()))
    evaluator = opened.evaluator
    kept = luma if result.recipe == "colour" else chroma
    for write, (read, frames) in writes.items():
        models = engine.model_hashes(evaluator, write)
        done = rendering.render(evaluator, write, sorted(frames), job=models)
        assert done.written == tuple(sorted(frames))
        for frame, file in zip(sorted(frames), done.files, strict=True):
            assert read_frame(file).rgb().max() > 0.1
            source = evaluator.frame(read, frame).rgb(LIVE_AREA)
            made = evaluator.frame(blocks[write], frame).rgb(LIVE_AREA)
            np.testing.assert_allclose(kept(made), kept(source), atol=1e-5)
            assert np.abs(made - source).max() > 0.01


def through(
    opened: Opened, suffix: str = "", own: set[int] | None = None, pairs: tuple[int, ...] = templates.PAIRS
) -> None:
    """One graph of four pairs, from its Reads to its written frames."""
    read = f"Read_Source{suffix}"
    frames = [(read, frame) for frame in pairs]
    pairs_in_order(opened, suffix, frames)
    views(opened, suffix, read, templates.PREVIEW)
    recovered(opened, suffix, {f"Write_Recovered{suffix}": (read, own or {templates.PREVIEW})})


@pytest.mark.parametrize("opened", SINGLE, indirect=True)
def test_a_template_trains_and_renders(opened: Opened) -> None:
    through(opened)


def awaits_the_master(opened: Opened, node: str) -> None:
    with pytest.raises(FilmRecoveryError, match="shot_"):
        opened.evaluator.frame(node, 1)


@pytest.mark.parametrize("opened", ["spatial-telecine"], indirect=True)
def test_the_raised_telecine_is_the_reference_of_the_damaged_parts(opened: Opened) -> None:
    for number, frame in enumerate(DAMAGED, 1):
        opened.edit(
            *((f"FrameHold_{side}_{number}", "firstFrame", str(frame)) for side in ("Source", "Reference"))
        )
    opened.put_elements()
    awaits_the_master(opened, "FR_GroundTruth1")
    through(opened, "_T", {*DAMAGED, templates.PREVIEW})
    through(opened, "", pairs=DAMAGED)


@pytest.mark.parametrize("opened", ["combined"], indirect=True)
def test_the_colour_step_reads_the_spatial_master(opened: Opened) -> None:
    awaits_the_master(opened, "FR_GroundTruth1_C")
    through(opened, "", {*templates.PAIRS, templates.PREVIEW})
    through(opened, "_C")


@pytest.mark.parametrize("opened", ["multi-shot"], indirect=True)
def test_six_shots_train_one_model_and_each_is_rendered(opened: Opened) -> None:
    script = nk.load(opened.path)
    frames = []
    for shot in range(1, templates.SHOTS + 1):
        for pair in range(1, templates.PAIRS_A_SHOT + 1):
            hold = script.node(f"FrameHold_Source_{shot}_{pair}")
            frames.append((f"Read_Source_{shot}", int(hold.text("firstFrame"))))
    pairs_in_order(opened, "", frames)
    held = int(script.node("FrameHold_Preview").text("firstFrame"))
    views(opened, "", "Read_Source_1", held)
    firsts = {f"Write_Recovered_{n}": (f"Read_Source_{n}", {1000 * n + 2}) for n in range(1, 7)}
    recovered(opened, "", firsts)
