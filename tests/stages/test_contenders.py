"""What is measured beside the recovery."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

import pytest

from film_recovery.stages.contenders import contenders
from film_recovery.stages.held_out import moments
from film_recovery.stages.view import View


@pytest.mark.parametrize("recipe", ["spatial-gauge", "colour-reference"])
def test_what_is_kept_of_a_view_does_not_keep_it(make: Any, recipe: str) -> None:
    """Its evaluator holds up to a gigabyte of frames, and a run makes many Views."""
    view = View(make(recipe).finish().project)
    found = contenders(view)
    moment = next(moments(view.project))
    assert {one.name: one.picture(moment).shape for one in found}
    known = ref(view)
    del view
    gc.collect()
    assert known() is None
