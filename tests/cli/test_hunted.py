"""What a hostile tester found: each case once went wrong in silence, lost something, or ended in a traceback."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from film_recovery.cli.main import app
from film_recovery.cli.report import json_line
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import Frame

RECORD = ".film-recovery.jsonl"


@dataclass(frozen=True)
class Said:
    """Exit code and events of a command."""

    code: int
    lines: list[dict[str, Any]]

    def event(self, name: str) -> dict[str, Any]:
        (found,) = (line for line in self.lines if line["event"] == name)
        return found

    @property
    def error(self) -> dict[str, Any]:
        return self.event("error")

    @property
    def result(self) -> dict[str, Any]:
        return self.event("result")


@pytest.fixture
def here() -> Callable[..., Said]:
    """Runs the program in this process, with --json; every line of standard output must be strict JSON."""

    def call(*arguments: object) -> Said:
        done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        lines = [json.loads(line, parse_constant=_refuse) for line in done.stdout.splitlines()]
        return Said(done.exit_code, lines)

    return call


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


@pytest.fixture
def render(here) -> Callable[..., Said]:
    return lambda path, frames="1", node="Write1": here("render", path, node, "--frames", frames)


def picture(path: Path, values: float = 0.5, size: tuple[int, int] = (32, 24)) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    pixels = np.full((size[1], size[0], 3), values, np.float32)
    write_frame(Frame.from_array(pixels), path, datatype="float")
    return path


def edited(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


# compare


def test_equal_and_grey_images_give_strict_json(here, plates: Path) -> None:
    grey = picture(plates / "grey.exr")
    said = here("compare", grey, grey)
    assert said.result["psnr"] is None and said.result["sat_ratio_60"] is None
    assert said.result["luma_identical"]


def test_one_equal_frame_does_not_hide_the_others(here, plates: Path) -> None:
    for folder, values in (("a", (0.5, 0.5)), ("b", (0.5, 0.6))):
        for number, value in enumerate(values, 1):
            picture(plates / folder / f"p.{number:04d}.exr", value)
    said = here("compare", plates / "a/p.####.exr", plates / "b/p.####.exr")
    assert said.result["psnr"] == pytest.approx(20, abs=0.01)


def test_a_still_is_compared_with_every_frame(here, plates: Path) -> None:
    still = picture(plates / "still.exr")
    assert here("compare", still, plates / "elements/plate.####.exr").result["frames"] == 5


def test_frames_of_one_side_only_are_counted(here, plates: Path) -> None:
    picture(plates / "b" / "p.0002.exr")
    said = here("compare", plates / "b/p.####.exr", plates / "elements/plate.####.exr")
    assert (said.result["frames"], said.result["frames_left_out"]) == (1, 4)


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--box", "100,100,120,120", 3),
        ("--box", "-20,-20,20,20", 3),
        ("--box", "0,0,999999999,999999999", 3),
        ("--box", "5,5,5,9", 2),
        ("--frames", "", 2),
        ("--tolerance", "nan", 2),
        ("--tolerance", "-1", 2),
    ],
)
def test_compare_options_that_measure_nothing(here, plates: Path, option: str, value: str, code: int) -> None:
    a = picture(plates / "a.exr")
    said = here("compare", a, a, option, value)
    assert said.code == code
    assert "frame" not in said.error  # a single image has none


def test_compare_names_the_file_with_nan(here, plates: Path) -> None:
    a, b = picture(plates / "a.exr"), picture(plates / "b.exr", float("nan"))
    assert here("compare", a, b).error["file"] == str(b)


def test_a_path_too_long_is_an_error(here, script, render) -> None:
    assert here("compare", "x" * 400 + ".exr", "y.exr").code == 3
    assert render(script(out="x" * 300)).error["node"] == "Write1"
    assert render(edited(script(), ("result.####", "x" * 300 + ".####"))).error["frame"] == 1


def test_names_that_are_not_utf8(here, plates: Path) -> None:
    name = os.fsdecode(b"pl\xe9te.nk")
    assert here("render", plates / name, "Write1", "--frames", "1").error["file"].endswith(name)
    assert json.loads(json_line({"file": name}))["file"] == name
    assert CliRunner().invoke(app, ["nk", "check", str(plates / name)]).exit_code == 3


def test_brackets_in_a_path_are_shown(plates: Path, script) -> None:
    folder = plates / "a[bold]b"
    folder.mkdir()
    path = edited(script(), (f"{plates.as_posix()}/out", "out")).rename(folder / "test.nk")
    line = ["render", str(path), "Write1", "--frames", "1"]
    done = CliRunner().invoke(app, line, env={"COLUMNS": "400"})
    assert "a[bold]b" in done.stdout


# render: what is written


def test_a_name_without_frame_number(script, render, plates: Path) -> None:
    path = edited(script(), ("result.####.exr", "result.exr"))
    said = render(path, "1-3")
    assert (said.code, said.error["knob"]) == (3, "file")
    assert render(path, "1").result["written"] == 1
    assert render(path, "2").result["written"] == 1
    a, b = (read_frame(plates / name) for name in ("out/result.exr", "elements/plate.0002.exr"))
    np.testing.assert_array_equal(a.pixels, b.pixels)


def test_a_disabled_write(script, render, plates: Path) -> None:
    path = edited(script(), (" create_directories", ' disable {{"frame > 1"}}\n create_directories'))
    said = render(path, "1-2")
    assert (said.error["frame"], said.error["knob"]) == (2, "disable")


def test_frames_beyond_the_limit(script, render) -> None:
    path = edited(
        script(), (" create_directories", " use_limit true\n first 2\n last 3\n create_directories")
    )
    assert render(path, "2-3").code == 0
    assert render(path, "1-5").error["knob"] == "use_limit"


@pytest.mark.parametrize(
    ("suffix", "token", "depth"),
    [("png", "8 bit", "uint8"), ("tif", "32 bit float", "float"), ("dpx", "10 bit", None)],
)
def test_the_data_type_of_other_files(script, render, plates: Path, suffix: str, token: str, depth) -> None:
    path = edited(script(), ("####.exr", f"####.{suffix}"), ("file_type exr", f'datatype "{token}"'))
    path = edited(path, (f"plate.####.{suffix}", "plate.####.exr"))
    said = render(path)
    if depth is None:
        assert said.error["knob"] == "datatype"
    else:
        assert read_header(plates / f"out/result.0001.{suffix}").bit_depth == depth


def test_one_channel_is_converted_as_a_part_of_its_colour(script, render, plates: Path) -> None:
    path = script()
    whole = edited(path, (" raw true\n create", " colorspace aces_interchange\n create"))
    render(whole)
    expected = read_frame(plates / "out/result.0001.exr").select(("rgba.red",))
    edited(path, (" create", " channels {rgba.red}\n create"), ("/out/", "/red/"))
    assert render(path).code == 0
    np.testing.assert_array_equal(read_frame(plates / "red/result.0001.exr").pixels, expected)


def test_an_unknown_extension_names_the_write(script, render) -> None:
    said = render(
        edited(script(), ("result.####.exr", "result.####.mov"), ("file_type exr", "file_type mov"))
    )
    assert (said.error["node"], said.error["knob"]) == ("Write1", "file")


def test_a_changed_gizmo_renders_again(script, render, plates: Path) -> None:
    gizmo = plates / "Mine.gizmo"
    gizmo.write_text(
        "Gizmo {\n name Mine\n}\n Input {\n inputs 0\n name Input1\n}\n Grade {\n white 2\n name G\n}\n"
        " Output {\n name Output1\n}\nend_group\n"
    )
    path = script("Mine {\n name Mine1\n}\n")
    assert render(path).result["written"] == 1
    assert render(path).result["kept"] == 1
    edited(gizmo, ("white 2", "white 3"))
    assert render(path).result["written"] == 1


# render: the film is sacred


def test_a_folder_in_the_place_of_a_frame(script, render, plates: Path) -> None:
    (plates / "out" / "result.0001.exr").mkdir(parents=True)
    assert render(script()).error["frame"] == 1


def test_a_link_to_nowhere_is_not_replaced(script, render, plates: Path) -> None:
    (plates / "out").mkdir()
    link = plates / "out" / "result.0001.exr"
    link.symlink_to(plates / "unmounted" / "disk.exr")
    assert render(script()).code == 3
    assert link.is_symlink()


def test_an_output_folder_that_is_a_loop(script, render, plates: Path) -> None:
    (plates / "out").symlink_to(plates / "out")
    assert render(script()).code == 3


def test_an_element_of_links(script, render, plates: Path) -> None:
    (plates / "vault").mkdir()
    for file in list((plates / "elements").iterdir()):
        file.rename(plates / "vault" / file.name)
        file.symlink_to(plates / "vault" / file.name)
    before = sorted((plates / "vault").iterdir())
    assert "never written to" in render(script(out="vault")).error["message"]
    assert sorted((plates / "vault").iterdir()) == before


def test_an_element_that_a_gizmo_reads(script, render, plates: Path) -> None:
    picture(plates / "film" / "p.0001.exr")
    (plates / "Plate2.gizmo").write_text(
        f"Gizmo {{\n name Plate2\n}}\n Read {{\n inputs 0\n file {plates}/film/p.####.exr\n raw true\n name R\n}}\n"
        " Output {\n name Output1\n}\nend_group\n"
    )
    said = render(script("Plate2 {\n inputs 0\n name P\n}\n", out="film"))
    assert "never written to" in said.error["message"]


def test_an_element_is_not_extended(script, render, plates: Path) -> None:
    """A Read inside a group, of the very pattern that the Write writes: film, not an earlier result."""
    group = (
        f"Group {{\n inputs 0\n name Gr\n}}\n Read {{\n inputs 0\n file {plates}/elements/plate.####.exr\n last 5\n"
        " raw true\n name R\n}\n Output {\n name Output1\n}\nend_group\n"
    )
    path = edited(script(group), ("/out/result.", "/elements/plate."))
    path = edited(
        path,
        (f"Read {{\n inputs 0\n file {plates}/elements/plate.####.exr\n first", "NoOp {\n inputs 0\n first"),
    )
    path = edited(path, (" first 1\n last 5\n raw true\n", ""))
    assert render(path, "6").code == 3
    assert not (plates / "elements" / "plate.0006.exr").exists()


def test_a_read_that_names_no_file_is_no_element(script, render) -> None:
    path = edited(
        script(), ("Read {\n inputs 0", 'Read {\n inputs 0\n file ""\n name Empty\n}\nRead {\n inputs 0')
    )
    assert render(path).code == 0


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff\x00\xfe\n",
        b'{"file": ["a"], "sha256": 1, "job": 2, "from": 3}\n',
        b'{"file": "a", "sha256": "b", "job": "c", "from": 7}\n',
        b"[" * 100_000 + b"\n",
    ],
    ids=["bytes", "types", "sources", "deep"],
)
def test_a_damaged_record(script, render, plates: Path, damage: bytes) -> None:
    (plates / "out").mkdir()
    (plates / "out" / RECORD).write_bytes(damage)
    said = render(script())
    assert (said.code, said.error["line"]) == (3, 1)
    assert (plates / "out" / RECORD).read_bytes() == damage


def test_a_torn_record_goes_on(script, render, plates: Path) -> None:
    path = script()
    render(path, "1-2")
    record = plates / "out" / RECORD
    record.write_bytes(record.read_bytes() + b'{"file": "resu')
    assert render(path, "1-3").result["kept"] == 2
    assert render(path, "1-3").result["kept"] == 3


def test_two_renders_into_one_folder(started, script, plates: Path) -> None:
    path = script("Blur {\n size 8\n name Soft\n}\n")
    both = [started("render", path, "Write1", "--frames", "1-30", "--json") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    names = {file.name for file in (plates / "out").iterdir()}
    assert names == {RECORD, *(f"result.{number:04d}.exr" for number in range(1, 31))}


def test_what_a_killed_render_left_is_removed(script, render, plates: Path) -> None:
    host = re.sub(r"[^A-Za-z0-9]", "", platform.node())
    process = subprocess.Popen(["true"])
    process.wait()
    left = plates / "out" / f".film-recovery-run-{host}-{process.pid}-00"
    left.mkdir(parents=True)
    (left / "result.0001.exr").write_bytes(b"half")
    assert render(script()).code == 0
    assert not left.exists()


def test_a_disk_that_fills_at_the_end_of_a_frame(script, plates: Path) -> None:
    """OpenImageIO does not see that the last bytes of an EXR found no room."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    package = str(Path(__file__).resolve().parents[2] / "python")
    line = [sys.executable, "-m", "film_recovery.cli.main", "render", str(script()), "Write1"]
    done = subprocess.run(
        [*line, "--frames", "1", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": package},
        preexec_fn=small,
    )
    assert done.returncode == 3, done
    error = json.loads(done.stdout.splitlines()[-1])
    assert (error["frame"], Path(error["file"]).name) == (1, "result.0001.exr")
    assert not list((plates / "out").rglob("*.exr"))


# train


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A script with a CopyCat on two pairs."""
    for side, value in (("src", 0.4), ("gt", 0.5)):
        for number in (1, 2):
            picture(tmp_path / side / f"p.{number:04d}.exr", value)
    reads = "".join(
        f"Read {{\n inputs 0\n file {tmp_path}/{side}/p.####.exr\n last 2\n raw true\n name {side.upper()}\n}}\n"
        for side in ("gt", "src")
    )
    path = tmp_path / "train.nk"
    path.write_text(
        'Root {\n inputs 0\n format "32 24 0 0 32 24 1 "\n colorManagement OCIO\n}\n'
        f"{reads}CopyCat {{\n inputs 2\n dataDirectory {tmp_path}/models\n name CopyCat1\n}}\n"
    )
    return path


def test_training_twice_gives_the_same_bytes(here, pairs: Path) -> None:
    digests = []
    for _ in range(2):
        assert here("train", "--script", pairs, "--recipe", "colour").code == 0
        files = sorted((pairs.parent / "models").iterdir())
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1] and len(digests[0]) == 2


@pytest.mark.parametrize("name", ["film.json", "film.pt"])
def test_a_model_takes_nobody_s_place(here, pairs: Path, name: str) -> None:
    (pairs.parent / "models").mkdir()
    foreign = pairs.parent / "models" / name
    foreign.write_text("{}")
    model = foreign.with_suffix(".pt")
    said = here("train", "--script", pairs, "--recipe", "colour", "--model", model)
    assert (said.code, said.error["file"]) == (3, str(foreign))
    assert foreign.read_text() == "{}"


def test_a_data_directory_that_cannot_be_made(here, pairs: Path) -> None:
    (pairs.parent / "models").write_text("a file")
    said = here("train", "--script", pairs, "--recipe", "colour")
    assert (said.code, said.error["file"]) == (3, str(pairs.parent / "models"))


def test_a_pair_with_nan_names_the_node(here, pairs: Path) -> None:
    picture(pairs.parent / "src" / "p.0002.exr", float("nan"))
    said = here("train", "--script", pairs, "--recipe", "colour")
    assert said.error["node"] == "CopyCat1"
    assert "pair 2" in said.error["message"]


def test_reads_inside_a_group_tell_the_curve(here, pairs: Path) -> None:
    text = pairs.read_text()
    start = text.index("Read {")
    first = text[start : text.index("Read {", start + 1)]
    second = text[text.index("Read {", start + 1) : text.index("CopyCat {")]
    for read in (first, second):
        group = f"Group {{\n inputs 0\n name G{read.count('src')}\n}}\n{read}Output {{\n name Output1\n}}\nend_group\n"
        text = text.replace(read, group)
    pairs.write_text(text)
    assert here("train", "--script", pairs, "--recipe", "colour").result["curve"] == "none"


# demo


def test_the_demo_leaves_what_is_not_its_own(here, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    out.mkdir()
    (out / "made_by_film_recovery_demo.txt").write_text("")
    (out / "spatial").mkdir()
    assert here("demo", "--out", out, "--footage", "typing mistake").code == 3
    assert (out / "spatial").is_dir()
    (out / "notes.txt").write_text("mine")
    assert "notes.txt" in here("demo", "--out", out, "--footage", "photographs").error["message"]
    assert (out / "notes.txt").read_text() == "mine"


def test_a_demo_folder_that_cannot_be(here, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for out in ("file", "file/below", "loop", "x" * 300):
        assert here("demo", "--out", tmp_path / out, "--footage", "photographs").code == 3
