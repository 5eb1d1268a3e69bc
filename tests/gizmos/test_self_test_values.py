"""The data of the self-test is what this product makes: plates of CC0 photographs, expected values of our engine."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery.demo.self_test_data import expected_values, make_plates, value_at
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import Box, Format, Frame
from film_recovery.learning.export import load_model
from film_recovery.plugin.self_test import compared
from film_recovery.plugin.self_test_cases import BLOCK, DATA, MODEL, SIZE, Cases, load_cases, load_expected

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def cases() -> Cases:
    return load_cases()


def test_the_expected_values_are_what_the_engine_gives_now(cases: Cases) -> None:
    kept, now = load_expected(), expected_values(cases)
    assert list(kept) == [case.id for case in cases.cases], (
        "regenerate: python -m film_recovery.demo.self_test_data"
    )
    wrong = []
    for case in cases.cases:
        result = compared(case, now[case.id], kept[case.id])
        # Much closer than what Nuke is allowed: only the last digits may depend on the processor.
        if not (result.largest is not None and result.largest <= 2e-6):
            wrong.append(f"{case.id}: {result.largest} {result.message}")
    assert not wrong, "regenerate: python -m film_recovery.demo.self_test_data"


def test_the_plates_are_what_the_script_makes_of_the_photographs(tmp_path: Path) -> None:
    make_plates(tmp_path)
    made = sorted(file.name for file in tmp_path.glob("*.exr"))
    assert made == sorted(file.name for file in DATA.glob("*.exr"))
    for name in made:
        new, kept = read_frame(tmp_path / name), read_frame(DATA / name)
        assert (new.format, new.bbox, new.channels) == (kept.format, kept.bbox, kept.channels)
        np.testing.assert_allclose(new.pixels, kept.pixels, atol=2e-3, err_msg=name)
    image = torch.rand(1, 3, 9, 7)
    new_model, kept_model = load_model(tmp_path / f"{MODEL}.pt"), load_model(DATA / f"{MODEL}.pt")
    assert torch.equal(new_model.module(image), kept_model.module(image))


def test_the_plates_hold_what_the_cases_need() -> None:
    source = read_frame(DATA / "source.0001.exr")
    assert (source.format.width, source.format.height) == SIZE
    assert source.pixels.min() < 0 and source.pixels.max() > 1
    frames = [read_frame(DATA / f"source.{number:04d}.exr").pixels for number in range(1, 5)]
    for one, other in itertools.pairwise(frames):
        assert np.abs(one - other).max() > 0.1, "two frames of the sequence cannot be told apart"
    assert read_frame(DATA / "inset.exr").bbox == Box(6, 4, 42, 28)
    faults = read_frame(DATA / "faults.exr")
    assert np.isnan(faults.pixels).sum() == 1 and np.isinf(faults.pixels).sum() == 2


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in DATA.iterdir()) < MOST_BYTES


def test_a_value_is_that_of_the_pixel_and_black_outside() -> None:
    pixels = np.arange(6, dtype=np.float32).reshape(2, 3, 1)
    frame = Frame(pixels, ("rgba.red",), Format(10, 10), Box(4, 5, 7, 7))
    assert value_at(frame, "rgba.red", 4.5, 5.5) == 0 and value_at(frame, "rgba.red", 6.99, 6.01) == 5
    assert value_at(frame, "rgba.red", 3.99, 5.5) == value_at(frame, "rgba.red", 7.0, 5.5) == 0
    assert value_at(frame, "rgba.green", 5.5, 5.5) == 0


def test_every_block_has_a_case(cases: Cases) -> None:
    blocks = {file.stem for file in (ROOT / "gizmos").glob("FR_*.gizmo")}
    assert blocks == {case.block for case in cases.cases if case.block}


def test_cases_are_named_once_and_settle_what_is_claimed(cases: Cases) -> None:
    names = [case.id for case in cases.cases]
    assert len(set(names)) == len(names)
    assert {claim for case in cases.cases for claim in case.settles} == set(cases.claims)
    assert all(not case.node or case.block for case in cases.cases)
    assert BLOCK not in cases.plates


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ground-truth-spatial-matrix", "ground-truth-spatial-colorspace"),
        ("ground-truth-colour-matrix", "ground-truth-colour-colorspace"),
        ("merge-luminosity", "merge-colorspace"),
    ],
)
def test_both_luma_methods_are_expected_to_agree(one: str, other: str) -> None:
    expected = load_expected()
    for channel, values in expected[one][1].items():
        np.testing.assert_allclose(values, expected[other][1][channel], atol=1e-5)


@pytest.mark.parametrize(
    ("case", "silent"),
    [
        ("ground-truth-spatial-matrix", "parity-source"),
        ("train-prep-median-3", "parity-source"),
        ("train-prep-median-4", "train-prep-median-3"),
        ("fade-balance", "parity-source"),
        ("align-manual", "align-automatic"),
        ("align-perspective", "align-automatic"),
        ("align-difference", "align-automatic"),
        ("pair-stack-hold-out", "read-values"),
        ("inference-model", "align-automatic"),
        ("inference-spatial-lock", "inference-model"),
        ("inference-colour-lock", "inference-spatial-lock"),
        ("archival-aces", "archival-passes"),
        ("transform-cubic", "align-automatic"),
        ("grade-reverse", "parity-source"),
        ("read-offset", "align-automatic"),
        ("read-role", "align-automatic"),
    ],
)
def test_a_case_would_show_a_node_that_does_nothing(case: str, silent: str) -> None:
    expected = load_expected()
    one, other = expected[case][1]["rgba.green"], expected[silent][1]["rgba.green"]
    assert np.abs(np.subtract(one, other)).max() > 0.003
