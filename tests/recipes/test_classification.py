"""The class of a recovery: every recipe has one, with its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery import recipes
from film_recovery.errors import UsageError
from film_recovery.recipes.classification import classification, proof, recovery


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_every_recipe_has_a_class_that_says_what_it_may_change(recipe: str) -> None:
    found = classification(recipe)
    kind = recipes.load(recipe).kind
    assert found.title.lower().startswith(f"{kind} recovery")
    if kind != "combined":
        assert (found.changes, found.keeps) == (
            ("luma", "chroma") if kind == "spatial" else ("chroma", "luma")
        )
    assert found.after in found.statement and found.changes in found.statement
    assert len({one.text for one in found.sources}) == len(found.sources) >= 2
    assert all(one.text and one.where and one.says and "://" not in one.where for one in found.sources)


def test_what_is_constructed_is_called_so() -> None:
    assert "interpretation" in classification("colour-constructed").statement
    assert "interpretation" not in classification("colour-reference").statement


def test_recovery_is_said_where_all_of_it_is_shown_and_else_what_is_not_known() -> None:
    passed = {checks[0] for checks in proof()}
    assert recovery(passed, own_training=True).startswith("It is recovery, not enhancement")
    assert recovery(passed, own_training=False) == (
        "Whether it is recovery, and not enhancement, is not shown. Not known is: that the model was trained in this "
        "project."
    )
    for check in passed:
        said = recovery(passed - {check}, own_training=True)
        assert "is not shown" in said and "verified pairs" not in said, check
    assert recovery((), own_training=False).count(";") == len(passed)


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_every_recipe_has_the_checks_that_show_it(recipe: str) -> None:
    known = {check.id for check in recipes.load(recipe).checks}
    assert all(known & set(checks) for checks in proof())


def test_an_unknown_recipe_has_none() -> None:
    with pytest.raises(UsageError, match="no recipe 'upscaling'"):
        classification("upscaling")


def test_the_page_says_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "classification.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip(" `"): [cell.strip() for cell in cells[1:]]
        for cells in (line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `"))
    }
    assert set(rows) == set(recipes.RECIPES)
    flat = " ".join(page.split()).replace("*", "")
    for recipe, (title, *_) in rows.items():
        found = classification(recipe)
        assert title == found.title[0].lower() + found.title[1:]
        for one in found.sources:
            name = one.text.partition("“")[2].partition("”")[0]
            assert f"“{name}”" in flat and one.where.partition(",")[0] in flat, one
