"""The building blocks, evaluated on real EXR frames: what they promise, to the digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import RGB, Box, Format, Frame
from film_recovery.imaging.luma import RGB_TO_YCBCR, WEIGHTS, YCBCR_TO_RGB, chroma, luma

SIZE = Format(48, 32)


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    """Two different plates, with values below 0 and above 1, as float EXR."""
    rng = np.random.default_rng(7)
    for name in ("source", "reference"):
        values = rng.uniform(-0.1, 1.2, (SIZE.height, SIZE.width, 3)).astype(np.float32)
        write_frame(Frame.from_array(values), tmp_path / f"{name}.exr", datatype="float")
    return tmp_path


def read(folder: Path, name: str) -> str:
    file = nk.quote((folder / f"{name}.exr").as_posix())
    return f"Read {{\n inputs 0\n file {file}\n raw true\n name {name}\n}}\nset N{name} [stack 0]\n"


def block(gizmo: str, knobs: dict[str, str], inner: dict[str, str] | None = None) -> str:
    return graph.group(gizmo, "Block", knobs, inner or {}, (0, 0))


def evaluate(text: str, node: str = "Block") -> Frame:
    return Evaluator(nk.parse(text)).frame(node, 1)


def two_inputs(plates: Path, text: str) -> str:
    return read(plates, "source") + read(plates, "reference") + "push $Nreference\npush $Nsource\n" + text


@pytest.mark.parametrize("method", ["matrix", "Colorspace"])
@pytest.mark.parametrize("recipe", ["spatial", "colour"])
def test_ground_truth_swaps_luma_and_chroma_to_float_precision(
    plates: Path, recipe: str, method: str
) -> None:
    text = two_inputs(plates, block("FR_GroundTruth", {"recipe": recipe, "method": method}))
    truth = evaluate(text).rgb().astype(np.float64)
    source, reference = (evaluate(text, name).rgb().astype(np.float64) for name in ("source", "reference"))
    luma_from, chroma_from = (reference, source) if recipe == "spatial" else (source, reference)
    np.testing.assert_allclose(luma(truth), luma(luma_from), atol=5e-7)
    np.testing.assert_allclose(chroma(truth), chroma(chroma_from), atol=5e-7)
    assert np.abs(luma(truth) - luma(chroma_from)).max() > 0.1, (
        "the two plates differ, so the swap is visible"
    )


def test_ground_truth_is_not_clamped(plates: Path) -> None:
    truth = evaluate(two_inputs(plates, block("FR_GroundTruth", {}))).rgb()
    assert truth.min() < 0 and truth.max() > 1


def test_train_prep_crops_clamps_and_drops_alpha(plates: Path) -> None:
    knobs = {"use_crop": "true", "box": "{4 5 40 30}", "copy_bbox": "false"}
    frame = evaluate(two_inputs(plates, block("FR_TrainPrep", knobs)))
    assert frame.bbox == Box(4, 5, 40, 30)
    assert frame.format.same_shape(SIZE)
    assert set(frame.channels) == set(RGB)
    assert frame.pixels.min() == 0 and frame.pixels.max() == 1


def test_train_prep_takes_the_bounding_box_of_its_second_input(plates: Path) -> None:
    crop = "Crop {\n box {2 3 20 21}\n name Area\n}\nset Narea [stack 0]\n"
    text = read(plates, "source") + read(plates, "reference") + crop + "push $Narea\npush $Nsource\n"
    frame = evaluate(text + block("FR_TrainPrep", {}))
    assert frame.bbox == Box(2, 3, 20, 21)


def test_the_luma_of_the_blocks_is_the_product_s_own() -> None:
    """Three matrices stand in gizmo text; they must be those of imaging/luma.py, to the last bit."""
    found = {}
    for name in ("FR_GroundTruth", "FR_Inference"):
        script = nk.load(graph.gizmo_folder() / f"{name}.gizmo")
        for node in script.all_nodes():
            if node.class_name == "ColorMatrix":
                rows = [
                    tuple(float(v) for v in row.text.split()) for row in nk.fields(node.get("matrix").text)
                ]
                found[node.name] = tuple(rows)
    assert found["SourceYCbCrMatrix"] == found["ReferenceYCbCrMatrix"] == RGB_TO_YCBCR
    assert found["BackToRGBMatrix"] == YCBCR_TO_RGB
    assert found["LumaOfChange"] == (WEIGHTS,) * 3
