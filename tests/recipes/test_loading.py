"""Recipes as data: complete, consistent with one another, and refused by name when a file is wrong."""

from __future__ import annotations

import ast
import shutil
from collections import Counter
from pathlib import Path

import pytest

from film_recovery import recipes
from film_recovery.checks import SEVERITIES
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.recipes import STAGES
from film_recovery.recipes.loading import DATA, read

ALL = [recipes.load(id) for id in recipes.RECIPES]
CONTRACT = """
ingest.size_parity ingest.pixel_aspect ingest.frame_rate ingest.frame_range ingest.channels ingest.values_0_1
ingest.same_transform ingest.same_domain ingest.authorisation curation.pair_count curation.hold_out
curation.stack_order alignment.one_crop alignment.crop_linked training.bbox_parity training.clamp_share
training.ground_truth_identity training.patch_fits training.steps_epochs training.initial_weights
inference.prefilter_parity inference.model_of_film inference.method_match inference.non_commercial inference.full_format
inference.output_name inference.output_format inference.output_colourspace inference.output_place
validation.identity
""".split()


@pytest.mark.parametrize("recipe", ALL, ids=lambda recipe: recipe.id)
def test_a_recipe_is_whole(recipe: recipes.Recipe) -> None:
    assert tuple(stage.id for stage in recipe.stages) == STAGES
    assert [stage.number for stage in recipe.stages] == list(range(6))
    assert recipe.kind == recipe.id.partition("-")[0]
    for check in recipe.checks:
        assert check.severity in SEVERITIES
        assert check.id.startswith(f"{STAGES[check.stage]}.")
        assert check.title and check.why and check.remedy
        assert recipe.check(check.id) is check
    ids = [check.id for check in recipe.checks]
    assert Counter(ids).most_common(1)[0][1] == 1
    assert set(CONTRACT) <= set(ids)
    assert recipe.quick_reference.strip()


def test_every_check_is_used_by_a_recipe() -> None:
    import film_recovery.recipes.loading as loading

    defined = set(loading._checks(DATA / "checks.yaml"))
    used = {check.id for recipe in ALL for check in recipe.checks}
    assert defined == used


def test_every_file_is_a_recipe() -> None:
    assert {path.stem for path in DATA.glob("*.yaml")} == {*recipes.RECIPES, "checks"}


def test_presets_are_the_workflows() -> None:
    for recipe in ALL:
        presets = recipe.presets
        assert (presets["size"], presets["patch"], presets["batch"]) == ("medium", 512, 3)
        assert (presets["steps"], presets["steps_most"]) == (40_000, 80_000)
        assert (presets["checkpoints"], presets["contact_sheets"]) == (10_000, 100)
        assert (presets["small_patch"], presets["small_patch_factor"]) == (256, 2)
        settings = recipe.check("training.settings").tolerance
        assert all(settings[name] == presets[name] for name in settings)
        steps = recipe.check("training.steps_range").tolerance
        assert (steps["least"], steps["most"]) == (presets["steps"], presets["steps_most"])
        assert (steps["small_patch"], steps["small_patch_factor"]) == (256, 2)


def test_pair_counts_are_the_workflows() -> None:
    tolerance = dict(ALL[0].check("curation.pair_count").tolerance)
    assert tolerance == {
        "shot_least": 4, "shot_most": 9, "scene_least": 12, "scene_most": 24, "sequence_least": 24, "sequence_most": 64,
    }  # fmt: skip


def test_what_differs_between_recipes() -> None:
    spatial, colour, constructed = (
        {check.id for check in recipes.load(id).checks}
        for id in ("spatial-gauge", "colour-reference", "colour-constructed")
    )
    assert "training.no_reference_blur" in spatial - colour
    assert {"ingest.grain_kept", "validation.sharper"} <= spatial - colour
    assert {"ingest.degrain_recorded", "validation.hue", "validation.saturation"} <= colour - spatial
    assert {"ingest.no_direct_reference", "ingest.sources_cited"} <= constructed - colour
    assert {"alignment.difference", "alignment.borders"} <= colour - constructed
    assert not recipes.load("spatial-telecine").check("training.telecine_first").manual
    assert recipes.load("spatial-telecine").check("ingest.video_reference_cleaned").severity == "shall"
    assert recipes.load("spatial-gauge").check("ingest.video_reference_cleaned").severity == "should"
    tolerance = recipes.load("colour-constructed").check("ingest.frame_range").tolerance
    assert tolerance == {"reference_complete": False}


def test_no_tolerance_is_written_in_the_measuring_code() -> None:
    """Comparisons in ``stages`` are with tolerances or with 0 and 1, never with a figure of their own."""
    folder = Path(recipes.__file__).parents[1] / "stages"
    modules = [folder / f"{stage}.py" for stage in STAGES]
    found = []
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                for side in [node.left, *node.comparators]:
                    if isinstance(side, ast.Constant) and isinstance(side.value, (int, float)):
                        found.append((module.name, node.lineno, side.value))
    assert [one for one in found if one[2] not in (0, 1, 2)] == []


# Refusals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("spatial-gauge", "kind: spatial", "kind: spatial\ncolour: red", "unknown field: colour"),
        ("spatial-gauge", "title: Spatial recovery, gauge\n", "", "missing field: title"),
        ("spatial-gauge", "kind: spatial", "kind: luma", "kind is 'luma'"),
        ("spatial-gauge", "id: spatial-gauge", "id: spatial", "the file is called spatial-gauge.yaml"),
        ("spatial-gauge", "- ingest.channels", "- ingest.chanels", "no check 'ingest.chanels'"),
        ("spatial-gauge", "- ingest.channels", "- curation.spread", "does not belong to the stage ingest"),
        ("spatial-gauge", "- ingest.channels", "- ingest.no_alpha", "listed twice: ingest.no_alpha"),
        ("spatial-gauge", "  - id: curation", "  - id: pairs", "the stages are ingest, pairs"),
        ("spatial-gauge", "  patch: 512", "  patch: [512]", "presets is"),
        ("spatial-gauge", "  patch: 512", "  patch: 512\n  patch: 256", "'patch' stands there twice"),
        ("spatial-gauge", "  ingest.reference_cleaned:\n    remedy", "  ingest.reference_cleaned:\n    cure",
         "overrides of ingest.reference_cleaned: unknown field: cure"),
        ("spatial-gauge", "overrides:\n", "overrides:\n  ingest.prebalance: {severity: may}\n",
         "overrides name checks that the recipe has not: ingest.prebalance"),
        ("colour-reference", "drop:\n", "drop:\n  - ingest.nothing\n", "has no 'ingest.nothing'"),
        ("colour-reference", "based_on: spatial-gauge", "based_on: colour-reference", "based on itself"),
        ("colour-reference", "based_on: spatial-gauge", "based_on: elsewhere", "cannot be read"),
        ("colour-reference", "  training: >-", "  train: >-", "'train' is no stage"),
        ("checks", "ingest.channels:\n", "ingest.channels:\n  cure: none\n", "ingest.channels: unknown field: cure"),
        ("checks", "  severity: should", "  severity: must", "severity is 'must'"),
        ("checks", "  manual: true", "  manual: perhaps", "manual is 'perhaps'"),
        ("checks", "ingest.channels:\n", "intake.channels:\n", "'intake.channels' is not called after a stage"),
        ("checks", "ingest.channels:\n", "ingest.channels: [\n", "not readable YAML"),
        ("checks", "ingest.channels:\n", "ingest.channels: !!python/object:os.system\n", "not readable YAML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_name(folder: Path, file: str, old: str, new: str, named: str) -> None:
    path = folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FilmRecoveryError) as caught:
        read(folder, "spatial-gauge" if file == "checks" else file)
    assert named in caught.value.message
    assert caught.value.where["file"].endswith(".yaml")


def test_an_unknown_recipe_and_an_unknown_check_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no recipe 'luma'.*spatial-gauge"):
        recipes.load("luma")
    with pytest.raises(UsageError, match=r"no check 'training.epochs'.*training\.steps_epochs"):
        recipes.load("combined").check("training.epochs")


def test_recipes_cannot_be_changed() -> None:
    recipe = recipes.load("combined")
    with pytest.raises(TypeError):
        recipe.check("training.clamp_share").tolerance["share"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        recipe.presets["patch"] = 1  # type: ignore[index]


# Steps

STEP = """
steps:
  - {name: colour, title: Colour, recipe: colour-reference, when: after, source: master, reference: own}
"""


def test_the_steps_of_a_recovery_of_several() -> None:
    (colour,) = recipes.load("combined").steps
    assert (colour.name, colour.when, colour.source, colour.reference) == ("colour", "after", "master", "own")
    (telecine,) = recipes.load("spatial-telecine").steps
    assert (telecine.when, telecine.source, telecine.reference) == ("before", "reference", "source")
    assert telecine.gives == "reference"
    others = [id for id in recipes.RECIPES if id not in ("combined", "spatial-telecine")]
    assert not any(recipes.load(id).steps for id in others)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("when: after", "when: later", "when is 'later'"),
        ("when: after", "when: before", "source is 'master'"),
        ("when: after", "wen: after", "unknown field: wen"),
        (", reference: own", "", "missing field: reference"),
        ("reference: own", "reference: dvd", "reference is 'dvd'"),
        ("reference: own", "reference: own, gives: reference", "gives is 'reference'"),
        ("name: colour", "name: ../colour", "name is '../colour'"),
        ("colour-reference", "colours", "there is no recipe 'colours'"),
        ("colour-reference", "spatial-telecine", "has steps of its own"),
        ("colour-reference", "combined", "has steps of its own"),
    ],
)
def test_a_step_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    file = folder / "combined.yaml"
    text = file.read_text(encoding="utf-8")
    start, end = text.index("steps:"), text.index("quick_reference:")
    assert old in STEP
    file.write_text(text[:start] + STEP.replace(old, new, 1).lstrip() + text[end:], encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="The recipe file is wrong") as caught:
        read(folder, "combined")
    assert words in caught.value.message


def test_a_step_is_not_listed_twice(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    file = folder / "combined.yaml"
    line = STEP.strip().splitlines()[1]
    text = file.read_text(encoding="utf-8")
    start, end = text.index("steps:"), text.index("quick_reference:")
    file.write_text(text[:start] + f"steps:\n{line}\n{line}\n" + text[end:], encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="a step is listed twice: colour"):
        read(folder, "combined")
