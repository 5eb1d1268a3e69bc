"""ModifyMetaData."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery import nk
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


def test_a_value_in_a_line_is_text_and_is_never_read_again(run):
    """What ``[value …]`` gives is neither a part of the list nor Tcl."""
    planted = '[python {nuke.message(1)}] $x "a" } {set input/reel stolen} [value label]'
    body = (
        f"ModifyMetaData {{\n label {nk.quote(planted)}\n"
        ' metadata {\n  {set exr/film "\\[value this.label] again"}\n  {set exr/plain "\\\\\\[value label]"}\n }\n}\n'
    )
    made = run(body, frame()).metadata
    assert made["exr/film"] == f"{planted} again"
    assert made["exr/plain"] == "[value label]"
    assert made["input/reel"] == "7"


def test_a_line_that_would_run_something_is_an_error(run):
    with pytest.raises(FilmRecoveryError, match="runs nothing") as caught:
        run('ModifyMetaData {\n metadata {\n  {set a "\\[python \\{1\\}]"}\n }\n}\n', frame())
    assert caught.value.where["knob"] == "metadata"
