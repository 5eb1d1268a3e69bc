"""Every gizmo and template in one table: real Tcl, the knob facts, pixels, an instance's values, a way through a file.

What each block must change and must leave is tested to the digit in the module that PIXELS names; a block without
such tests fails here. The templates' pixels: test_from_an_empty_script.py, built and saved, and
tests/engine/test_templates.py, as they lie there, trained and rendered.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from film_recovery import engine as engine  # registers Inference, CopyCat and MatchGrade
from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.graph.templates import TEMPLATES
from film_recovery.imaging.frame import Frame
from film_recovery.nk import tcl
from film_recovery.plugin.menus import BLOCKS, STATEFUL
from film_recovery.plugin.self_test_cases import DATA

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = [graph.gizmo_folder() / f"{block}.gizmo" for block in BLOCKS]
FILES += [ROOT / "templates" / f"{template}.nk" for template in TEMPLATES]
STATELESS = [block for block in BLOCKS if block not in STATEFUL]
WIDTH, HEIGHT = 48, 32
MODEL = nk.quote((DATA / "self_test.cat").as_posix())

# Where the pixels of a block are tested: the module, what it must change, what it must leave.
PIXELS = {
    "FR_Parity": (
        "test_parity",
        "test_pixels_outside_0_to_1_are_painted_and_no_others",
        "test_the_pictures_themselves_are_shown_bit_for_bit",
    ),
    "FR_FadeBalance": (
        "test_balance_and_write",
        "test_balance_is_points_gamma_then_matrix_without_a_clamp",
        "test_balance_off_is_the_image_bit_for_bit",
    ),
    "FR_PairStack": (
        "test_groups",
        "test_a_rebuilt_pair_stack_gives_its_frames_in_their_order",
        "test_a_delivered_pair_stack_gives_its_placeholders",
    ),
    "FR_Align": (
        "test_groups",
        "test_the_mode_is_keyed_a_frame_and_each_branch_does_its_own",
        "test_a_delivered_align_only_brings_the_reference_into_the_source_s_format",
    ),
    "FR_GroundTruth": (
        "test_blocks",
        "test_ground_truth_swaps_luma_and_chroma_to_float_precision",
        "test_ground_truth_is_not_clamped",
    ),
    "FR_TrainPrep": (
        "test_blocks",
        "test_train_prep_crops_clamps_and_drops_alpha",
        "test_train_prep_takes_the_bounding_box_of_its_second_input",
    ),
    "FR_CopyCat": (
        "test_groups",
        "test_training_addresses_the_copycat_inside",
        "test_training_addresses_the_copycat_inside",
    ),
    "FR_Inference": (
        "test_balance_and_write",
        "test_pad_keeps_every_pixel_and_reformat_scales",
        "test_the_lock_compares_previews_with_previews",
    ),
    "FR_IdentityCheck": (
        "test_identity_check",
        "test_a_change_of_luma_shows_in_luma_only",
        "test_an_image_against_itself_is_black_with_nothing_painted",
    ),
    "FR_ArchivalWrite": (
        "test_balance_and_write",
        "test_the_master_s_pixels_are_the_working_space_in_aces",
        "test_the_write_passes_its_input_on",
    ),
    "FR_Compare": ("test_compare", "test_what_is_shown_of_the_pictures", "test_the_wipe"),
    "FR_Merge": (
        "test_merge_block",
        "test_luma_of_one_and_chroma_of_the_other",
        "test_mix_0_is_the_original_bit_for_bit",
    ),
    "FR_MatchGradeBaseline": (
        "test_groups",
        "test_a_known_fade_is_undone_on_frames_that_were_not_analysed",
        "test_equal_sides_stay_as_they_are",
    ),
}
# Values that must reach inside a gizmo instance and change its pixels, one by one; and what they are set beside.
VALUES: dict[str, tuple[dict[str, str], tuple[dict[str, str], ...]]] = {
    "FR_Parity": ({}, ({"view": "reference"}, {"view": "wipe", "position": "0.25"}, {"view": "difference"})),
    "FR_FadeBalance": (
        {},
        ({"gamma": "{1.2 1 1}"}, {"black_point": "0.1"}, {"white_point": "0.8"}, {"red_from": "{0.9 0.1 0}"}),
    ),
    "FR_GroundTruth": ({}, ({"recipe": "colour"},)),
    "FR_TrainPrep": (
        {},
        (
            {"clamp": "false"},
            {"prefilter": "true"},
            {"use_crop": "true", "box": "{4 5 40 30}", "copy_bbox": "false"},
        ),
    ),
    "FR_Inference": (
        {"modelFile": MODEL},
        (
            {"recipe": "colour"},
            {"lock": "false"},
            {"prefilter": "true"},
            {"use_crop": "true", "box": "{4 5 40 30}"},
            {"preview": "true", "preview_size": "{24 24}"},
        ),
    ),
    "FR_IdentityCheck": ({}, ({"view": "chroma"}, {"gain": "3"}, {"paint": "true", "tolerance": "0.2"})),
    "FR_ArchivalWrite": ({}, ({"film": "Film"}, {"restorationist": "Somebody"})),
    "FR_Compare": (
        {},
        ({"position": "0.25"}, {"left": "Recovered"}, {"view": "difference"}, {"quantity": "Y"}),
    ),
    "FR_Merge": ({}, ({"mode": "colour"}, {"mix": "0.5"})),
}


def _facts() -> ModuleType:
    """tests/nuke_facts/facts.py, which lies in no package."""
    if "nuke_facts_reader" not in sys.modules:
        file = ROOT / "tests" / "nuke_facts" / "facts.py"
        spec = importlib.util.spec_from_file_location("nuke_facts_reader", file)
        assert spec is not None and spec.loader is not None
        sys.modules["nuke_facts_reader"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["nuke_facts_reader"]


def test_the_table_is_complete() -> None:
    there = {*ROOT.glob("gizmos/*"), *ROOT.glob("templates/*.nk")}
    assert set(FILES) == there
    assert set(PIXELS) == set(BLOCKS)
    assert set(VALUES) == set(STATELESS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_tcl_and_the_facts_agree(file: Path) -> None:
    script = nk.load(file)
    assert tcl.check(script.text()) == script.block_count
    assert _facts().problems(script) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_its_pixels_are_tested(block: str) -> None:
    """The named tests are there, are run on this block, and look at a picture."""
    module, *names = PIXELS[block]
    source = (HERE / f"{module}.py").read_text(encoding="utf-8")
    tests = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert block in source
    for name in names:
        assert name in tests, f"{module}.py has no {name}"
        assert any(_holds_something(node) for node in ast.walk(tests[name])), name


def _holds_something(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Attribute) and node.attr.startswith("assert_")
    )


@pytest.fixture
def plates(bench: Any, photograph: Callable[[str], Any]) -> Any:
    """A scan with values below 0 and above 1, and its reference."""
    clean = photograph("coffee.png")[100 : 100 + HEIGHT, 150 : 150 + WIDTH][::-1]
    bench.plate("scan", clean ** np.array([0.8, 0.95, 0.9], np.float32) * 1.35 - 0.12)
    bench.plate("reference", clean)
    return bench


def feeds_of(block: str) -> list[str | None]:
    inside = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].nodes
    inputs = sum(node.class_name == "Input" for node in inside)
    return [("scan", "reference", None)[index] for index in range(inputs)]


@pytest.mark.parametrize(
    ("block", "index"), [(block, index) for block in STATELESS for index in range(len(VALUES[block][1]))]
)
def test_a_value_on_an_instance_reaches_inside(plates: Any, block: str, index: int) -> None:
    """The instance gives what the Group with that value gives (``bench.frame`` holds them together), and no longer
    what it gave without it."""
    beside, values = VALUES[block]
    before = plates.frame(block, beside, feeds_of(block))
    after = plates.frame(block, {**beside, **values[index]}, feeds_of(block))
    if block == "FR_ArchivalWrite":  # whose pixels are never touched: what it says reaches the file's header
        (said,) = values[index].values()
        evaluator = plates.evaluator(block, values[index], feeds_of(block))
        for name in ("Block", "Instance"):
            assert said in evaluator.frame(f"{name}.Provenance", 1).metadata.values()
        assert after.pixels.tobytes() == before.pixels.tobytes()
        return
    assert (after.bbox, after.format) != (before.bbox, before.format) or (
        np.abs(np.nan_to_num(after.pixels - before.pixels)).max() > 1e-3
    )


@pytest.mark.parametrize("block", BLOCKS)
def test_saved_reloaded_and_evaluated_it_is_the_same(
    plates: Any, block: str, emulated_nuke: ModuleType, tmp_path: Path
) -> None:
    """Our text, what the emulated Nuke saves of it, and what it saves of that."""
    knobs = dict(VALUES[block][0]) if block in VALUES else {}
    # What a Group's linked knob shows is saved inside it.
    inner = {"Inference1.modelFile": knobs.pop("modelFile")} if "modelFile" in knobs else {}
    if block == "FR_MatchGradeBaseline":
        knobs, inner = {"frames": "1"}, {"MatchGrade1.sourceRefFrames": nk.curve({1: 1})}
    reads = "".join(
        f"Read {{\n inputs 0\n file {nk.quote((plates.folder / f'{name}.exr').as_posix())}\n raw true\n"
        f" name {name}\n}}\nset N{name} [stack 0]\n"
        for name in ("scan", "reference")
    )
    pushes = "".join(f"push $N{feed}\n" if feed else "push 0\n" for feed in reversed(feeds_of(block)))
    root = f'Root {{\n inputs 0\n format "{WIDTH} {HEIGHT} 0 0 {WIDTH} {HEIGHT} 1 "\n}}\n'
    if block == "FR_PairStack":
        root = root.replace("}\n", " first_frame 1\n last_frame 1\n}\n")
    file = tmp_path / "first.nk"
    nk.save(nk.parse(root + reads + pushes + graph.group(block, "Block", knobs, inner, (0, 0))), file)
    emulated_nuke.pluginAddPath(str(graph.gizmo_folder()))
    found: list[Frame] = [Evaluator(nk.load(file)).frame("Block", 1)]
    for again in ("second.nk", "third.nk"):
        emulated_nuke.scriptOpen(str(file))
        file = tmp_path / again
        emulated_nuke.scriptSaveAs(str(file))
        found.append(Evaluator(nk.load(file)).frame("Block", 1))
    assert emulated_nuke.emulation.tcl == []
    first = found[0]
    for other in found[1:]:
        assert other.pixels.tobytes() == first.pixels.tobytes()
        assert (other.bbox, other.format, other.channels) == (first.bbox, first.format, first.channels)
