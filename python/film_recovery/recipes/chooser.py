"""Which recipe: from what is wrong with the film, and from which other elements of it there are."""

from __future__ import annotations

from dataclasses import dataclass

from film_recovery.errors import UsageError

BETTER = ("none", "gauge", "generation", "telecine")


@dataclass(frozen=True)
class Answers:
    """What the operator says of the film.

    ``intra_frame``: damage within frames (scratches, dust, stains, grain degradation, flicker, loss of detail or of
    a generation). ``inter_frame``: faded dyes, colour that differs between scenes. ``better_in_detail``: another
    element that kept the detail, by larger ``gauge``, by earlier ``generation``, a ``telecine`` or safety copy of a
    print that is damaged in parts, or ``none``. ``colour_reference``: a DVD, telecine or print kept the colour.
    ``colour_black_and_white``: a black-and-white film is to be coloured. ``enlarge``: a larger picture is wanted
    than any element holds.
    """

    intra_frame: bool = False
    inter_frame: bool = False
    better_in_detail: str = "none"
    colour_reference: bool = False
    colour_black_and_white: bool = False
    enlarge: bool = False


@dataclass(frozen=True)
class Choice:
    """``recipe``: an id, or None. ``why``: one sentence. ``out_of_scope``: what is wanted and is not offered."""

    recipe: str | None
    why: str
    out_of_scope: str = ""


_SPATIAL = {
    "gauge": "Damage within frames, and an element of larger gauge kept the detail.",
    "generation": "Damage within frames, and an earlier generation kept the detail.",
    "telecine": "The print is damaged in parts, and a telecine or safety copy kept the cleaner picture.",
}
_NO_REFERENCE = (
    "Detail that no element of the film holds cannot be recovered; non-reference upscaling and enhancement are out of "
    "scope."
)
_COLOURING = "Colouring of black-and-white films is out of scope: their colours are not to be recovered."
_ENLARGING = (
    "Non-reference upscaling is out of scope: detail comes from an element of the film, or not at all."
)


def choose(answers: Answers) -> Choice:
    """The recipe for ``answers``. Raises UsageError for an unknown ``better_in_detail``."""
    if answers.better_in_detail not in BETTER:
        raise UsageError(
            f"better_in_detail is {answers.better_in_detail!r}.", remedy=f"choose one of {', '.join(BETTER)}"
        )
    if answers.colour_black_and_white:
        return Choice(None, "A black-and-white film has no colour of its own.", _COLOURING)
    if answers.enlarge and answers.better_in_detail == "none":
        return Choice(None, "No element of the film holds a larger picture.", _ENLARGING)
    spatial = _SPATIAL.get(answers.better_in_detail, "")
    if answers.intra_frame and answers.inter_frame and spatial:
        return Choice(
            "combined", "Damage within frames and faded or inconsistent colour: both, spatial first.", ""
        )
    if answers.inter_frame:
        beside = _NO_REFERENCE if answers.intra_frame else ""
        return Choice(*_colour(answers), beside)
    if answers.intra_frame and spatial:
        return Choice(f"spatial-{answers.better_in_detail}", spatial)
    if answers.intra_frame:
        return Choice(None, "Damage within frames, and no element that kept the detail.", _NO_REFERENCE)
    return Choice(
        None, "No damage is named; say whether it lies within frames or in the colour between them."
    )


def _colour(answers: Answers) -> tuple[str, str]:
    if answers.colour_reference:
        return "colour-reference", "Faded or inconsistent colour, and another element kept it."
    return (
        "colour-constructed",
        "Faded or inconsistent colour, and no element that kept it: sign that no direct reference exists, then "
        "construct one from cited sources.",
    )
