"""The chooser: the workflow's "which recipe", and what it says to wishes that are out of scope."""

from __future__ import annotations

import itertools

import pytest

from film_recovery.errors import UsageError
from film_recovery.recipes import RECIPES, Answers, choose


@pytest.mark.parametrize(
    ("answers", "recipe"),
    [
        (Answers(intra_frame=True, better_in_detail="gauge"), "spatial-gauge"),
        (Answers(intra_frame=True, better_in_detail="generation"), "spatial-generation"),
        (Answers(intra_frame=True, better_in_detail="telecine"), "spatial-telecine"),
        (Answers(inter_frame=True, colour_reference=True), "colour-reference"),
        (Answers(inter_frame=True), "colour-constructed"),
        (
            Answers(intra_frame=True, inter_frame=True, better_in_detail="gauge", colour_reference=True),
            "combined",
        ),
        (Answers(intra_frame=True, better_in_detail="gauge", enlarge=True), "spatial-gauge"),
    ],
)
def test_a_recipe_for_each_kind_of_damage(answers: Answers, recipe: str) -> None:
    choice = choose(answers)
    assert (choice.recipe, choice.out_of_scope) == (recipe, "")
    assert choice.why.endswith(".")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (Answers(inter_frame=True, colour_black_and_white=True), "Colouring of black-and-white films"),
        (Answers(intra_frame=True, enlarge=True), "Non-reference upscaling"),
        (Answers(intra_frame=True), "non-reference upscaling and enhancement"),
    ],
)
def test_what_is_out_of_scope_is_said(answers: Answers, said: str) -> None:
    choice = choose(answers)
    assert choice.recipe is None
    assert said in choice.out_of_scope


def test_colour_is_recovered_where_detail_cannot_be() -> None:
    choice = choose(Answers(intra_frame=True, inter_frame=True, colour_reference=True))
    assert choice.recipe == "colour-reference"
    assert "Detail that no element of the film holds" in choice.out_of_scope


def test_without_damage_there_is_nothing_to_recover() -> None:
    assert choose(Answers()).recipe is None


def test_a_constructed_reference_has_to_be_signed_for() -> None:
    assert "sign that no direct reference exists" in choose(Answers(inter_frame=True)).why


def test_every_answer_has_a_choice_and_every_recipe_an_answer() -> None:
    switches = itertools.product((False, True), repeat=5)
    chosen = {
        choose(Answers(a, b, better, c, d, e)).recipe
        for a, b, c, d, e in switches
        for better in ("none", "gauge", "generation", "telecine")
    }
    assert chosen == {None, *RECIPES}


def test_an_unknown_answer_is_refused() -> None:
    with pytest.raises(UsageError, match="better_in_detail is 'size'"):
        choose(Answers(better_in_detail="size"))
