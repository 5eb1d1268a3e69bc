"""Names of channels between files and Nuke, as Nuke's own reader makes them."""

from __future__ import annotations

import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.channel_names import file_name, layout, nuke_name
from film_recovery.imaging.frame import RGB


@pytest.mark.parametrize(
    ("file", "nuke"),
    [
        ("R", "rgba.red"),
        ("g", "rgba.green"),
        ("Blue", "rgba.blue"),
        ("ALPHA", "rgba.alpha"),
        ("rgba.red", "rgba.red"),
        ("diffuse.R", "diffuse.red"),
        ("diffuse.red", "diffuse.red"),
        ("forward.u", "forward.u"),
        ("Z", "depth.Z"),
        ("depth.Z", "depth.Z"),
        ("Ci.r", "rgba.red"),
        ("mask", "other.mask"),
        ("bread", "other.bread"),
        ("left.forward.u", "left_forward.u"),
        ("01key light.R", "key_light.red"),
        ("layer..x", "layer.x"),
        ("7", "other.unnamed"),
    ],
)
def test_file_names_become_nuke_names(file: str, nuke: str) -> None:
    assert nuke_name(file) == nuke


@pytest.mark.parametrize(
    "name", ["rgba.red", "rgba.blue", "rgba.alpha", "forward.u", "depth.Z", "diffuse.red", "other.mask"]
)
def test_written_names_are_read_back(name: str) -> None:
    assert nuke_name(file_name(name)) == name


def test_luminance_becomes_three_equal_channels() -> None:
    assert layout(("Y",), "f.exr") == (RGB, (0, 0, 0))
    assert layout(("Y", "A"), "f.exr") == ((*RGB, "rgba.alpha"), (0, 0, 0, 1))
    assert layout(("R", "G", "B", "Y"), "f.exr")[0][3] == "other.Y"


def test_two_channels_of_one_name_are_refused() -> None:
    with pytest.raises(FilmRecoveryError, match=r"both be rgba\.red.*R, red"):
        layout(("R", "red"), "f.exr")
