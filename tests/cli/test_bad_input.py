"""Bad input: each named, with the place and a remedy; nothing half-written, nothing of the film touched."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_a_missing_frame(film_recovery, script, plates: Path) -> None:
    (plates / "elements" / "plate.0003.exr").unlink()
    said = film_recovery("render", script(), "Write1", "--frames", "1-5", "--json")
    assert said.code == 3
    assert said.error["frame"] == 3
    assert said.error["file"].endswith("plate.####.exr")
    assert said.error["node"] == "Plate"
    assert "2 and 4" in said.error["remedy"]
    assert {path.name for path in (plates / "out").glob("*.exr")} == {"result.0001.exr", "result.0002.exr"}


def test_a_truncated_exr(film_recovery, script, plates: Path) -> None:
    broken = plates / "elements" / "plate.0002.exr"
    broken.write_bytes(broken.read_bytes()[:700])
    said = film_recovery("render", script(), "Write1", "--frames", "2", "--json")
    assert said.code == 3
    assert "plate.0002.exr" in str(said.error)
    assert not list((plates / "out").glob("*.exr"))


def test_a_plate_with_nan(film_recovery, script, plates: Path) -> None:
    values = np.full((24, 32, 3), 0.5, np.float32)
    values[7, 9, 1] = np.nan
    write_frame(Frame.from_array(values), plates / "elements" / "plate.0004.exr", datatype="half")
    said = film_recovery(
        "render", script("Blur {\n size 3\n name Soft\n}\n"), "Write1", "--frames", "4", "--json"
    )
    assert said.code == 3
    assert (said.error["frame"], said.error["node"]) == (4, "Plate")
    assert "plate.0004.exr" in said.error["file"]
    assert "not finite" in said.error["message"]


def test_different_sizes(film_recovery, plates: Path) -> None:
    for name, width in (("a", 32), ("b", 40)):
        write_frame(
            Frame.from_array(np.zeros((24, width, 3), np.float32)), plates / f"{name}.exr", datatype="half"
        )
    said = film_recovery("compare", plates / "a.exr", plates / "b.exr", "--json")
    assert said.code == 3
    assert "32x24" in said.error["message"] and "40x24" in said.error["message"]


def test_an_unknown_colour_space(film_recovery, script, plates: Path) -> None:
    path = script()
    path.write_text(
        path.read_text().replace(" raw true\n name Plate", ' colorspace "ACES - ACEScgg"\n name Plate')
    )
    said = film_recovery("render", path, "Write1", "--frames", "1", "--json")
    assert said.code == 3
    assert "ACEScgg" in said.error["message"]
    assert "ACEScg" in said.error["message"] + said.error["remedy"]
    assert said.error["node"] == "Plate"


def test_an_unwritable_folder(film_recovery, script, plates: Path) -> None:
    (plates / "out").write_text("a file where the folder should be")
    said = film_recovery("render", script(), "Write1", "--frames", "1", "--json")
    assert said.code == 3
    assert str(plates / "out") in said.error["file"]
    assert said.error["remedy"]


def test_a_read_only_folder(film_recovery, script, plates: Path) -> None:
    folder = plates / "out"
    if os.geteuid() == 0:  # permissions do not bind the administrator, the kernel's own files do
        folder.symlink_to("/proc/self", target_is_directory=True)
    else:
        folder.mkdir(mode=0o500)
    said = film_recovery("render", script(), "Write1", "--frames", "1", "--json")
    assert said.code == 3
    assert str(folder) in said.error["file"]
    assert said.error["remedy"]


@pytest.mark.parametrize("out", ["elements", "elements/below", "."], ids=["same", "inside", "around"])
def test_output_in_an_element_s_folder(film_recovery, script, plates: Path, out: str) -> None:
    before = digests(plates / "elements")
    said = film_recovery("render", script(out=out), "Write1", "--frames", "1", "--json")
    assert said.code == 3
    assert "never written to" in said.error["message"]
    assert digests(plates / "elements") == before


def test_output_in_an_element_s_folder_through_a_link(film_recovery, script, plates: Path) -> None:
    (plates / "harmless").symlink_to(plates / "elements")
    before = digests(plates / "elements")
    said = film_recovery("render", script(out="harmless"), "Write1", "--frames", "1", "--json")
    assert said.code == 3
    assert digests(plates / "elements") == before


def test_a_frame_that_is_not_ours(film_recovery, script, plates: Path) -> None:
    (plates / "out").mkdir()
    foreign = plates / "out" / "result.0002.exr"
    foreign.write_bytes(b"somebody's work")
    said = film_recovery("render", script(), "Write1", "--frames", "1-3", "--json")
    assert said.code == 3
    assert (said.error["frame"], said.error["file"]) == (2, str(foreign))
    assert foreign.read_bytes() == b"somebody's work"


def test_an_unknown_node_class(film_recovery, script) -> None:
    said = film_recovery(
        "render", script("ZDefocus2 {\n name Soft\n}\n"), "Write1", "--frames", "1", "--json"
    )
    assert said.code == 3
    assert (said.error["node"], said.error["class_name"]) == ("Soft", "ZDefocus2")


def test_an_unknown_knob(film_recovery, script) -> None:
    said = film_recovery(
        "render", script("Grade {\n wite 2\n name Up\n}\n"), "Write1", "--frames", "1", "--json"
    )
    assert said.code == 3
    assert (said.error["node"], said.error["class_name"], said.error["knob"]) == ("Up", "Grade", "wite")


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    [
        r'{{"\[python \{open(\'PWNED\',\'w\')\}]"}}',
        r'{{"\[python -exec \{open(\'PWNED\',\'w\')\}]"}}',
        r'{{"\[exec touch PWNED]"}}',
        "{{__import__('os').system('touch PWNED')}}",
        "{{open('PWNED','w')}}",
    ],
)
def test_a_knob_expression_that_calls_python(
    film_recovery, script, plates: Path, value: str, monkeypatch
) -> None:
    monkeypatch.chdir(plates)
    between = f"Grade {{\n white {value}\n name Evil\n}}\n"
    said = film_recovery("render", script(between), "Write1", "--frames", "1", "--json")
    assert said.code == 3
    assert (said.error["node"], said.error["knob"]) == ("Evil", "white")
    assert not list(plates.rglob("PWNED*"))


def test_a_script_of_nested_braces(film_recovery, plates: Path) -> None:
    path = plates / "braces.nk"
    path.write_text("{" * 100_000)
    said = film_recovery("nk", "check", path)
    assert said.code == 3
    assert said.lines[0]["ok"] is False
    assert "line 1" in said.lines[0]["error"]


def test_usage(film_recovery, script) -> None:
    assert film_recovery("render", script(), "Write1").code == 2
    assert film_recovery("render", script(), "Plate", "--frames", "1", "--json").code in (2, 3)
    assert film_recovery("render", script(), "Write1", "--frames", "1-x", "--json").code == 2
