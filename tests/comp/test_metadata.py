"""ModifyMetaData."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Frame


def frame():
    return Frame.from_array(
        np.zeros((2, 2, 3), np.float32), metadata={"input/reel": "7", "exr/owner": "archive"}
    )


def test_set_and_remove_in_order(run):
    lines = '{set exr/model "spatial v3"}\n  {remove exr/owner ""}\n  {set input/reel 8}'
    body = f"ModifyMetaData {{\n metadata {{\n  {lines}\n }}\n}}\n"
    made = run(body, frame())
    assert made.metadata == {"input/reel": "8", "exr/model": "spatial v3"}


def test_empty_and_absent_keys_change_nothing(run):
    assert run("ModifyMetaData {\n}\n", frame()).metadata == frame().metadata
    assert run('ModifyMetaData {\n metadata {{remove no/such ""}}\n}\n', frame()).metadata == frame().metadata


@pytest.mark.parametrize("line", ["{copy a b}", "{set}", '{remove "exr/*" ""}', "{set a b c}"])
def test_other_lines_are_errors(run, line):
    with pytest.raises(FilmRecoveryError) as caught:
        run(f"ModifyMetaData {{\n metadata {{{line}}}\n}}\n", frame())
    assert caught.value.where["knob"] == "metadata"
