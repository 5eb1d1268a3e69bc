"""The stateful blocks (Groups), evaluated on real EXR frames, and again after a script with them was saved."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import engine as engine  # registers CopyCat and MatchGrade
from film_recovery import graph, nk
from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.comp import Evaluator
from film_recovery.engine.asked import preview_of, recipe_of
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.training import train
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.script import ScriptHost
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Box, Frame
from film_recovery.plugin import match_grade, pair_stack

WIDTH, HEIGHT = 48, 32
GROUPS = ("FR_PairStack", "FR_Align", "FR_CopyCat", "FR_MatchGradeBaseline")
PHOTOGRAPHS = Path(graph.__file__).parents[1] / "demo" / "photographs"


def sequence(folder: Path, name: str, pictures: dict[int, np.ndarray]) -> str:
    """Frames on disk, and the Read of them as text."""
    for number, picture in pictures.items():
        write_frame(
            Frame.from_array(picture.astype(np.float32)),
            folder / f"{name}.{number:04d}.exr",
            datatype="float",
        )
    numbers = sorted(pictures)
    file = nk.quote((folder / f"{name}.####.exr").as_posix())
    return (
        f"Read {{\n inputs 0\n file {file}\n raw true\n first {numbers[0]}\n last {numbers[-1]}\n"
        f" name {name}\n}}\nset Nread_{name} [stack 0]\n"
    )


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.05, 0.9, (HEIGHT, WIDTH, 3))


def block(name: str, feeds: list[str], knobs: dict[str, str], inner: dict[str, str] | None = None) -> str:
    pushed = "".join(f"push $Nread_{feed}\n" if feed else "push 0\n" for feed in reversed(feeds))
    return pushed + graph.group(name, "Block", knobs, inner or {}, (0, 0)) + "set NBlock [stack 0]\n"


def evaluator(text: str, folder: Path) -> Evaluator:
    """Of the script after a way through a file."""
    nk.save(nk.parse(text), folder / "script.nk")
    return Evaluator(nk.load(folder / "script.nk"))


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_brings_its_own_name(name: str) -> None:
    """A Gizmo is named after its file; a Group that Nuke makes from one would be called Group1."""
    (node,) = nk.load(graph.gizmo_folder() / f"{name}.gizmo").nodes
    assert node.class_name == "Group" and node.name == f"{name}1"


# --- FR_PairStack --------------------------------------------------------------------------------------------


def numbered(folder: Path, first: int = 468, last: int = 503) -> str:
    """A sequence whose pixels say which frame they are."""
    pictures = {n: np.full((HEIGHT, WIDTH, 3), n / 1000) for n in range(first, last + 1)}
    return f"Root {{\n inputs 0\n first_frame {first}\n last_frame {last}\n}}\n" + sequence(
        folder, "film", pictures
    )


def frames_of(made: Evaluator, node: str = "Block") -> list[int]:
    first, last = made.frame_range(node)
    return [round(float(made.frame(node, n).rgb()[0, 0, 0]) * 1000) for n in range(first, last + 1)]


def test_a_delivered_pair_stack_gives_its_placeholders(tmp_path: Path) -> None:
    film = numbered(tmp_path)
    made = evaluator(film + block("FR_PairStack", ["film"], {}), tmp_path)
    assert made.frame_range("Block") == (1, 4)
    assert frames_of(made) == [471, 478, 492, 499]
    assert made.frame_range("Block.FrameRange1") == (468, 503)
    made = evaluator(film + block("FR_PairStack", ["film"], {"output": "hold-out"}), tmp_path)
    assert frames_of(made) == [485]


def test_a_rebuilt_pair_stack_gives_its_frames_in_their_order(tmp_path: Path) -> None:
    text = numbered(tmp_path) + block("FR_PairStack", ["film"], {}) + "Dot {\n name Below\n}\n"
    host = ScriptHost(nk.parse(text))
    host.set_text("Block", "pairs", "499, 470 480, 490 500 475")
    host.set_text("Block", "hold_out", "471 503")
    pair_stack.rebuild(host, "Block")
    made = evaluator(host.script_text(), tmp_path)
    assert frames_of(made, "Below") == [499, 470, 480, 490, 500, 475]
    host.set_knob("Block", "output", "hold-out")
    assert frames_of(evaluator(host.script_text(), tmp_path), "Below") == [471, 503]


# --- FR_Align ------------------------------------------------------------------------------------------------


def aligned(tmp_path: Path, knobs: dict[str, str], more: str = "") -> Evaluator:
    source = sequence(tmp_path, "source", {n: noise(n) for n in (1, 2, 3)})
    larger = {n: np.pad(noise(10 + n), ((4, 4), (6, 6), (0, 0))) for n in (1, 2, 3)}
    reference = sequence(tmp_path, "reference", larger)
    text = source + reference + block("FR_Align", ["reference", "source"], knobs) + more
    return evaluator(text, tmp_path)


def test_a_delivered_align_only_brings_the_reference_into_the_source_s_format(tmp_path: Path) -> None:
    for mode in ("0", "1", "2"):
        made = aligned(tmp_path, {"mode": mode}).frame("Block", 1)
        assert (made.format.width, made.format.height) == (WIDTH, HEIGHT)
        np.testing.assert_allclose(made.rgb(Box(0, 0, WIDTH, HEIGHT)), noise(11), atol=2e-6)


def test_the_mode_is_keyed_a_frame_and_each_branch_does_its_own(tmp_path: Path) -> None:
    knobs = {
        "mode": nk.curve({1: 0, 2: 1, 3: 2}, "K"),
        "translate": nk.curves([{1: 9, 2: 3, 3: 9}, {1: 9, 2: -2, 3: 9}], "K"),
        "to1": nk.curves([{3: 5}, {3: 0}], "K"),
        "to2": nk.curves([{3: WIDTH + 5}, {3: 0}], "K"),
        "to3": nk.curves([{3: WIDTH + 5}, {3: HEIGHT}], "K"),
        "to4": nk.curves([{3: 5}, {3: HEIGHT}], "K"),
    }
    made = aligned(tmp_path, knobs)
    inner = Box(8, 4, WIDTH - 8, HEIGHT - 4)
    for frame, (right, up) in {1: (0, 0), 2: (3, -2), 3: (5, 0)}.items():
        found = made.frame("Block", frame).rgb(inner)
        wanted = noise(10 + frame)[4 - up : HEIGHT - 4 - up, 8 - right : WIDTH - 8 - right]
        np.testing.assert_allclose(found, wanted, atol=2e-5, err_msg=f"frame {frame}")


def test_the_solved_branch_is_comp_s_own_corner_pin_key_by_key(tmp_path: Path) -> None:
    corners = {
        1: ((0, 0), (WIDTH, 1), (WIDTH - 2, HEIGHT), (1, HEIGHT - 1)),
        3: ((2, 1), (WIDTH + 1, 0), (WIDTH, HEIGHT + 2), (-1, HEIGHT)),
    }
    to = {
        f"to{i + 1}": nk.curves([{f: c[i][axis] for f, c in corners.items()} for axis in (0, 1)], "L")
        for i in range(4)
    }
    froms = {
        f"from{i + 1}": nk.numbers(c)
        for i, c in enumerate([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)])
    }
    fit = nk.node_text(
        "Reformat",
        {"type": '"to box"', "box_width": str(WIDTH), "box_height": str(HEIGHT), "box_fixed": "true"}
        | {"resize": "none", "filter": "Keys", "black_outside": "true", "name": "Fit"},
    )
    own = (
        "push $Nread_reference\n"
        + fit
        + nk.node_text("CornerPin2D", {**to, **froms, "filter": "Keys", "name": "Own"})
    )
    made = aligned(tmp_path, {"mode": "2", **to}, own)
    for frame in (1, 2, 3):
        found, wanted = made.frame("Block", frame), made.frame("Own", frame)
        np.testing.assert_array_equal(found.rgb(), wanted.rgb())
        assert found.bbox == wanted.bbox
    assert np.abs(made.frame("Block", 1).rgb(Box(8, 8, 40, 24)) - noise(11)[8:24, 8:40]).max() > 0.05


def test_values_on_an_instance_reach_inside(tmp_path: Path) -> None:
    """A script may name the block as a class; its inside is then that of the .gizmo file."""
    instance = "push $Nread_source\npush $Nread_reference\n"
    instance += "FR_Align {\n inputs 2\n translate {3 -2}\n name Instance\n}\n"
    made = aligned(tmp_path, {"translate": "{3 -2}"}, instance)
    np.testing.assert_array_equal(made.frame("Instance", 1).rgb(), made.frame("Block", 1).rgb())
    inner = Box(8, 4, WIDTH - 8, HEIGHT - 4)
    wanted = noise(11)[6 : HEIGHT - 2, 5 : WIDTH - 11]
    np.testing.assert_allclose(made.frame("Instance", 1).rgb(inner), wanted, atol=2e-5)


def test_the_difference_is_of_geometry_only_and_the_crop_comes_last(tmp_path: Path) -> None:
    made = aligned(tmp_path, {"show": "difference"})
    whole = Box(0, 0, WIDTH, HEIGHT)
    np.testing.assert_allclose(made.frame("Block", 2).rgb(whole), np.abs(noise(2) - noise(12)), atol=2e-6)
    block_node = made.script.node("Block")
    classes = {node.class_name for node in block_node.nodes}
    assert classes == set("Input Reformat CornerPin2D Transform Dot Switch Merge2 Crop Output".split())
    cropped = aligned(tmp_path, {"use_crop": "true", "box": "{5 4 40 30}"}).frame("Block", 1)
    assert cropped.bbox == Box(5, 4, 40, 30)
    np.testing.assert_allclose(cropped.rgb(), noise(11)[4:30, 5:40], atol=2e-6)
    assert made.frame("Block", 1).bbox != cropped.bbox


def test_the_block_of_a_same_source_differs_by_nothing(tmp_path: Path) -> None:
    source = sequence(tmp_path, "source", {1: noise(1)})
    text = source + block("FR_Align", ["source", "source"], {"show": "difference"})
    assert not evaluator(text, tmp_path).frame("Block", 1).rgb().any()


# --- FR_CopyCat ----------------------------------------------------------------------------------------------


def trainable(tmp_path: Path, preview: bool) -> str:
    clean = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[::-1, :, ::-1].astype(np.float32) / 255
    tiles = {n: clean[20 * n : 20 * n + 80, 30 * n : 30 * n + 96] for n in range(1, 6)}
    text = sequence(tmp_path / "a", "source", {n: cv2.GaussianBlur(t, (0, 0), 1.2) for n, t in tiles.items()})
    text += sequence(tmp_path / "b", "reference", tiles)
    text += "push $Nread_reference\npush $Nread_source\n" + graph.group(
        "FR_GroundTruth", "Truth", {}, {}, (0, 0)
    )
    text += (
        nk.node_text("Remove", {"operation": "keep", "channels": "rgb", "name": "NoAlpha"})
        + "set Nread_truth [stack 0]\n"
    )
    feeds = ["source", "truth", "source" if preview else ""]
    directory = {"CopyCat1.dataDirectory": nk.quote((tmp_path / "training").as_posix())}
    return text + block("FR_CopyCat", feeds, {}, directory)


@pytest.mark.parametrize("preview", [True, False])
def test_training_addresses_the_copycat_inside(tmp_path: Path, preview: bool) -> None:
    for folder in "ab":
        (tmp_path / folder).mkdir()
    made = evaluator(trainable(tmp_path, preview), tmp_path)
    node = made.script.node("Block.CopyCat1")
    assert recipe_of(made, node, None) == ("spatial", "matrix")
    pairs = CopyCatPairs(made, node)
    assert len(pairs) == 5
    np.testing.assert_array_equal(pairs[2].input, made.frame("source", 3).rgb()[::-1])
    assert (preview_of(made, node) is not None) is preview
    result = train(made, "Block.CopyCat1")
    assert result.model == tmp_path / "training" / "CopyCat1_spatial.0.pt"
    assert result.psnr_fit > result.psnr_input + 1
    np.testing.assert_array_equal(made.frame("Block", 2).rgb(), made.frame("source", 2).rgb())


@pytest.mark.parametrize(
    ("steps", "pairs", "patch", "factor"),
    [
        (40_000, 4, 512, 2),
        (40_000, 7, 512, 2),
        (80_000, 9, 256, 2),
        (50_000, 11, 256, 4),
        (40_001, 9, 256, 1.5),
    ],
)
def test_epochs_follow_steps_pairs_and_patch(
    tmp_path: Path, steps: int, pairs: int, patch: int, factor: float
) -> None:
    knobs = {"steps": str(steps), "pairs": str(pairs), "patch": str(patch), "factor": nk.number(factor)}
    made = evaluator(block("FR_CopyCat", ["", "", ""], knobs), tmp_path)
    total = round(steps * factor) if patch == 256 else steps
    assert made.call("Block", 1).integer("total_steps") == total
    inner = made.call("Block.CopyCat1", 1)
    assert inner.number("epochs") == graph.epochs(total, pairs)
    assert inner.choice("cropSize", ("32", "64", "128", "256", "512")) == str(patch)


def test_no_pairs_give_epochs_that_are_a_number(tmp_path: Path) -> None:
    made = evaluator(block("FR_CopyCat", ["", "", ""], {"steps": "40000", "pairs": "0"}), tmp_path)
    assert made.call("Block.CopyCat1", 1).number("epochs") == graph.epochs(40_000, 1)


# --- FR_MatchGradeBaseline -----------------------------------------------------------------------------------


def faded(picture: np.ndarray) -> np.ndarray:
    """A known fade of linear values: gamma and gain a channel, crosstalk."""
    dyes = np.array([[0.88, 0.10, 0.02], [0.06, 0.90, 0.04], [0.01, 0.12, 0.87]])
    return (np.clip(picture, 0, None) ** np.array([1.25, 0.95, 1.1]) * np.array([0.7, 0.95, 0.8])) @ dyes.T


def linear_photographs() -> dict[int, np.ndarray]:
    encoded = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[::-1, :, ::-1].astype(np.float64) / 255
    small = cv2.resize(encoded, (300, 200), interpolation=cv2.INTER_AREA) ** 2.2 + 0.002
    return {n: small[:, 50 * n : 50 * n + 120] for n in range(4)}


def baseline(tmp_path: Path, change) -> tuple[Evaluator, ScriptHost]:
    pictures = linear_photographs()
    text = sequence(tmp_path, "source", {n: change(p) for n, p in pictures.items()})
    text += sequence(tmp_path, "reference", pictures)
    text += block("FR_MatchGradeBaseline", ["source", "reference"], {"frames": '"0 2"'})
    host = ScriptHost(nk.parse(text))
    with pytest.raises(FilmRecoveryError, match="needs Nuke"):
        match_grade.analyse(host, "Block")
    return evaluator(host.script_text(), tmp_path), host


def display(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 1) ** (1 / 2.2)


def test_a_known_fade_is_undone_on_frames_that_were_not_analysed(tmp_path: Path) -> None:
    """ΔE00 on unseen frames: 0.25 in the mean, 1.5 for 99 pixels of 100, where the fade was above 8."""
    made, _ = baseline(tmp_path, faded)
    for unseen in (1, 3):
        truth = display(made.frame("reference", unseen).rgb())
        before = difference_2000(display(made.frame("source", unseen).rgb()), truth)
        after = difference_2000(display(made.frame("Block", unseen).rgb()), truth)
        assert before.mean() > 8
        assert after.mean() < 0.25
        assert np.quantile(after, 0.99) < 1.5
        files = {path.name for path in made.sources("Block", unseen)}
        assert {"source.0000.exr", "reference.0002.exr", f"source.{unseen:04d}.exr"} <= files


def test_equal_sides_stay_as_they_are(tmp_path: Path) -> None:
    made, _ = baseline(tmp_path, lambda picture: picture)
    logged = made.frame("Block.SourceToLog", 1)
    np.testing.assert_array_equal(made.frame("Block.MatchGrade1", 1).rgb(), logged.rgb())
    np.testing.assert_allclose(
        made.frame("Block", 1).rgb(), made.frame("source", 1).rgb(), rtol=2e-5, atol=1e-6
    )


def test_colours_beyond_those_seen_keep_their_distance(tmp_path: Path) -> None:
    lattice = engine.match_grade.fit_lattice([(noise(1), noise(1) * 0.5)])
    edge = lattice.apply(np.array([[[0.9, 0.9, 0.9]]], np.float32))
    beyond = lattice.apply(np.array([[[3.9, 0.9, 0.9]]], np.float32))
    assert beyond[0, 0, 0] - edge[0, 0, 0] == pytest.approx(3.0, abs=1e-3)


def test_an_unanalysed_match_names_the_knob(tmp_path: Path) -> None:
    text = sequence(tmp_path, "source", {1: noise(1)})
    made = evaluator(text + block("FR_MatchGradeBaseline", ["source", "source"], {}), tmp_path)
    with pytest.raises(FilmRecoveryError, match="sourceRefFrames") as caught:
        made.frame("Block", 1)
    assert caught.value.where["node"] == "Block.MatchGrade1"


@pytest.mark.parametrize(
    ("knob", "word"), [("transform", "CDL"), ("matchGradeTask", '"Match Different Clip"'), ("lutres", "64")]
)
def test_what_the_stand_in_cannot_do_is_refused_by_name(tmp_path: Path, knob: str, word: str) -> None:
    text = sequence(tmp_path, "source", {1: noise(1)})
    inner = {f"MatchGrade1.{knob}": word, "MatchGrade1.sourceRefFrames": nk.curve({1: 1})}
    made = evaluator(text + block("FR_MatchGradeBaseline", ["source", "source"], {}, inner), tmp_path)
    with pytest.raises(FilmRecoveryError) as caught:
        made.frame("Block", 1)
    assert caught.value.where["knob"] == knob
