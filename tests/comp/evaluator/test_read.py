"""Read: which file, what is missing, which colour space; and the project's Root."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import files
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.frame import Box, Format, Frame


def read(file: object, knobs: str = "", name: str = "R") -> str:
    return f'Read {{\n inputs 0\n file "{file}"\n{knobs} name {name}\n}}\n'


OCIO = "Root {\n inputs 0\n colorManagement OCIO\n}\n"


@pytest.mark.parametrize(
    ("knobs", "frames", "expected"),
    [
        ("", [3, 5, 7], [3, 5, 7]),
        ("", [0, 2, 8, 99], [3, 3, 7, 7]),
        (" before loop\n after loop\n", [-2, 1, 2, 8, 12, 13], [3, 6, 7, 3, 7, 3]),
        (" before bounce\n after bounce\n", [0, 1, 2, 8, 9, 11, 12], [6, 5, 4, 6, 5, 3, 4]),
        (" before black\n after black\n", [2, 3, 8], [0, 3, 0]),
        (' frame_mode "start at"\n frame 1001\n', [1001, 1003], [3, 5]),
        (" frame_mode offset\n frame 2\n", [1, 3], [3, 5]),
        (" frame frame+2\n", [1, 3], [3, 5]),
        (" frame frame*2\n", [2, 3], [4, 6]),
        ("", [4.4, 4.5], [4, 5]),
    ],
)
def test_which_frame(plate, evaluator, red, knobs: str, frames: list[int], expected: list[int]) -> None:
    made = evaluator(read(plate("a", range(3, 8)), f" first 3\n last 7\n{knobs}"))
    assert [red(made, "R", frame) for frame in frames] == expected


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ("", (3, 7)),
        (' frame_mode "start at"\n frame 11\n', (11, 15)),
        (" frame_mode offset\n frame 2\n", (1, 5)),
    ],
)
def test_frame_range(plate, evaluator, knobs: str, expected: tuple[int, int]) -> None:
    assert evaluator(read(plate("a", [3]), f" first 3\n last 7\n{knobs}")).frame_range("R") == expected


def test_one_frame_bounces_and_loops(plate, evaluator, red) -> None:
    for how in ("loop", "bounce"):
        made = evaluator(read(plate("a", [3]), f" first 3\n last 3\n before {how}\n after {how}\n"))
        assert [red(made, "R", frame) for frame in (1, 2, 4, 9)] == [3, 3, 3, 3]


def test_percent_pattern_and_still(plate, evaluator, red, tmp_path: Path) -> None:
    plate("a", [3])
    assert red(evaluator(read(tmp_path / "a.%04d.exr", " first 3\n last 3\n")), "R", 3) == 3
    made = evaluator(read(tmp_path / "a.0003.exr"))
    assert made.frame("R", 1).pixels is made.frame("R", 50).pixels or np.shares_memory(
        made.frame("R", 1).pixels, made.frame("R", 50).pixels
    )


class TestMissing:
    @pytest.fixture
    def gap(self, plate) -> Path:
        return plate("a", [1, 2, 5])

    def test_error_names_file_frame_and_node(self, gap, evaluator, tmp_path: Path) -> None:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(read(gap, " last 5\n")).frame("R", 3)
        assert caught.value.where["frame"] == 3 and caught.value.where["node"] == "R"
        assert caught.value.where["file"].endswith("a.####.exr") and "nearest" in caught.value.remedy

    def test_nearest_and_black(self, gap, evaluator, red) -> None:
        nearest = evaluator(read(gap, ' last 5\n on_error "nearest frame"\n'))
        assert [red(nearest, "R", frame) for frame in (3, 4)] == [2, 5]
        black = evaluator(read(gap, " last 5\n on_error black\n")).frame("R", 3)
        assert black.format == Format(6, 4) and not black.pixels.any() and len(black.channels) == 3

    def test_checkerboard_is_an_error(self, gap, evaluator) -> None:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(read(gap, " last 5\n on_error checkerboard\n")).frame("R", 3)
        assert caught.value.where["knob"] == "on_error"

    def test_nothing_at_all_is_an_error_whatever_on_error_says(self, evaluator, tmp_path: Path) -> None:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(read(tmp_path / "z.####.exr", " on_error black\n")).frame("R", 1)
        assert "z.####.exr" in caught.value.where["file"]

    @pytest.mark.parametrize("on_error", ["error", "black", '"nearest frame"'])
    def test_a_truncated_file_is_an_error_always(self, gap, evaluator, tmp_path: Path, on_error: str) -> None:
        path = tmp_path / "a.0002.exr"
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(read(gap, f" last 5\n on_error {on_error}\n")).frame("R", 2)
        assert caught.value.where["file"] == str(path)
        assert caught.value.where["node"] == "R" and caught.value.where["frame"] == 2

    def test_no_file(self, evaluator) -> None:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator("Read {\n inputs 0\n name R\n}\n").frame("R", 1)
        assert caught.value.where["knob"] == "file"


def test_only_read_frames_are_listed_in_order(plate, evaluator) -> None:
    made = evaluator(read(plate("a", range(1, 6)), " last 5\n"))
    for frame in (4, 2, 4):
        made.frame("R", frame)
    assert [path.name for path in made.files_read] == ["a.0004.exr", "a.0002.exr"]


def test_boxes_and_formats_come_from_the_file(evaluator, tmp_path: Path) -> None:
    frame = Frame(
        np.ones((2, 3, 3), np.float32),
        ("rgba.red", "rgba.green", "rgba.blue"),
        Format(8, 6, 2.0),
        Box(-1, 5, 2, 7),
    )
    files.write_frame(frame, tmp_path / "b.exr")
    made = evaluator(read(tmp_path / "b.exr", ' format "99 99 0 0 99 99 1 x"\n')).frame("R", 1)
    assert made.bbox == Box(-1, 5, 2, 7) and made.format == Format(8, 6, 2.0)


class TestPaths:
    def test_relative_to_the_script(self, plate, evaluator, red) -> None:
        plate("a", [1])
        assert red(evaluator(read("a.####.exr")), "R", 1) == 1

    @pytest.mark.parametrize("word", ["sub", '"\\[python \\{nuke.script_directory()\\}]/sub"'])
    def test_relative_to_the_project(self, plate, evaluator, red, tmp_path: Path, word: str) -> None:
        plate("a", [1])
        (tmp_path / "sub").mkdir()
        (tmp_path / "a.0001.exr").rename(tmp_path / "sub" / "a.0001.exr")
        root = f"Root {{\n inputs 0\n project_directory {word}\n}}\n"
        assert red(evaluator(root + read("a.####.exr")), "R", 1) == 1

    def test_script_directory_and_value_in_a_file_knob(self, plate, evaluator, red) -> None:
        plate("a", [1])
        text = read("\\[python \\{nuke.script_directory()\\}]/\\[value label].%04d.exr", " label a\n")
        assert red(evaluator(text), "R", 1) == 1

    def test_python_in_a_file_knob_is_refused(self, evaluator, tmp_path: Path) -> None:
        flag = tmp_path / "flag"
        text = read(f"\\[python \\{{open('{flag}', 'w')\\}}]/a.exr")
        with pytest.raises(FilmRecoveryError, match="runs nothing") as caught:
            evaluator(text).frame("R", 1)
        assert caught.value.where["knob"] == "file" and not flag.exists()


class TestColour:
    @pytest.fixture
    def grey(self, tmp_path: Path):
        def write(name: str, datatype: str) -> Path:
            frame = Frame.from_array(np.full((2, 2, 3), 0.5, np.float32))
            files.write_frame(frame, tmp_path / name, datatype=datatype)
            return tmp_path / name

        return write

    def first(self, evaluator, text: str, **options: object) -> np.ndarray:
        return evaluator(text, **options).frame("R", 1).pixels[0, 0]

    def test_without_management(self, grey, evaluator) -> None:
        png, exr = grey("a.png", "uint16"), grey("a.exr", "float")
        srgb = ((0.5 + 0.055) / 1.055) ** 2.4
        assert self.first(evaluator, read(exr)) == pytest.approx(0.5)
        assert self.first(evaluator, read(png)) == pytest.approx(srgb, abs=2e-5)
        assert self.first(evaluator, read(exr, " colorspace sRGB\n")) == pytest.approx(srgb)
        assert self.first(evaluator, read(png, " raw true\n")) == pytest.approx(0.5, abs=1e-5)
        assert self.first(evaluator, read(exr, " colorspace rec709\n")) == pytest.approx(
            (0.599 / 1.099) ** (1 / 0.45)
        )
        assert self.first(evaluator, read(exr, " colorspace Gamma2.2\n")) == pytest.approx(0.5**2.2)
        root = "Root {\n inputs 0\n colorManagement Nuke\n int16Lut linear\n}\n"
        assert self.first(evaluator, root + read(png)) == pytest.approx(0.5, abs=1e-5)

    def test_unknown_space_without_management(self, grey, evaluator) -> None:
        with pytest.raises(FilmRecoveryError, match="Cineon") as caught:
            self.first(evaluator, read(grey("a.exr", "float"), " colorspace Cineon\n"))
        assert caught.value.where["knob"] == "colorspace" and "OCIO" in caught.value.remedy

    def test_with_management(self, grey, evaluator) -> None:
        png, exr = grey("a.png", "uint8"), grey("a.exr", "half")
        config = ColourConfig.load("ocio://studio-config-v1.0.0_aces-v1.3_ocio-v2.1")
        half = np.full((1, 3), 128 / 255, np.float32)
        expected = config.convert(half, "color_picking", "scene_linear")[0]
        assert self.first(evaluator, OCIO + read(png), config=config) == pytest.approx(expected, abs=1e-6)
        assert self.first(evaluator, read(png), config=config) == pytest.approx(expected, abs=1e-6)
        assert self.first(evaluator, OCIO + read(exr), config=config) == pytest.approx(0.5)
        aces = config.convert(np.full((1, 3), 0.5, np.float32), "ACES2065-1", "scene_linear")[0]
        text = OCIO + read(exr, ' colorspace "ACES - ACES2065-1"\n')
        assert self.first(evaluator, text, config=config) == pytest.approx(aces, abs=1e-6)
        assert self.first(evaluator, OCIO + read(png, " colorspace data\n"), config=config) == pytest.approx(
            128 / 255
        )

    def test_unknown_space_with_management(self, grey, evaluator) -> None:
        with pytest.raises(FilmRecoveryError, match="sRGBB") as caught:
            self.first(evaluator, OCIO + read(grey("a.exr", "float"), " colorspace sRGBB\n"))
        assert caught.value.where["node"] == "R"

    def test_working_space_of_root(self, grey, evaluator) -> None:
        root = 'Root {\n inputs 0\n colorManagement OCIO\n workingSpaceLUT "ACES2065-1"\n}\n'
        exr = grey("a.exr", "float")
        made = evaluator(root + read(exr, " colorspace scene_linear\n"))
        expected = made.root.config.convert(np.full((1, 3), 0.5, np.float32), "scene_linear", "ACES2065-1")[0]
        assert made.frame("R", 1).pixels[0, 0] == pytest.approx(expected, abs=1e-6)


class TestConfigChoice:
    def chosen(self, evaluator, text: str, **options: object) -> str:
        return evaluator(text, **options).root.config.name

    def test_order(self, evaluator, monkeypatch, tmp_path: Path) -> None:
        cg, studio = (f"ocio://{kind}-config-v1.0.0_aces-v1.3_ocio-v2.1" for kind in ("cg", "studio"))
        root = "Root {{\n inputs 0\n colorManagement {}\n OCIO_config fn-nuke_" + cg[7:] + "\n}}\n"
        monkeypatch.delenv("OCIO", raising=False)
        assert self.chosen(evaluator, "") == studio
        assert self.chosen(evaluator, root.format("OCIO")) == cg
        assert self.chosen(evaluator, root.format("Nuke")) == studio
        monkeypatch.setenv("OCIO", studio)
        assert self.chosen(evaluator, root.format("OCIO")) == studio
        assert self.chosen(evaluator, "", config=ColourConfig.load(cg)) == cg

    def test_a_config_that_is_not_there_names_root_and_knob(self, evaluator, monkeypatch) -> None:
        monkeypatch.delenv("OCIO", raising=False)
        knobs = " colorManagement OCIO\n OCIO_config custom\n customOCIOConfigPath gone/config.ocio\n"
        root = f"Root {{\n inputs 0\n{knobs}}}\n"
        with pytest.raises(FilmRecoveryError) as caught:
            self.chosen(evaluator, root)
        assert caught.value.where["node"] == "Root" and caught.value.where["knob"] == "customOCIOConfigPath"


def test_project_format(evaluator) -> None:
    assert evaluator("").format() == Format(2048, 1556, 1.0, "2K_Super_35(full-ap)")
    root = 'Root {\n inputs 0\n format "1920 1080 0 0 1920 1080 1 HD_1080"\n}\n'
    assert evaluator(root).format() == Format(1920, 1080, 1.0, "HD_1080")


@pytest.mark.parametrize("knob", ["auto_alpha true", "premultiplied true", "offset_red 3"])
def test_what_is_not_implemented_is_named(plate, evaluator, knob: str) -> None:
    with pytest.raises(FilmRecoveryError) as caught:
        evaluator(read(plate("a", [1]), f" {knob}\n")).frame("R", 1)
    assert caught.value.where["knob"] == knob.split()[0] and caught.value.where["class_name"] == "Read"


def test_knobs_that_change_no_pixel(plate, evaluator, red) -> None:
    knobs = (
        " origset true\n origfirst 1\n origlast 9\n version 3\n localizationPolicy off\n cacheLocal always\n"
        ' proxy b.exr\n proxy_format "9 9 0 0 9 9 1 x"\n file_type exr\n xpos 4\n label "[python x]"\n'
    )
    assert red(evaluator(read(plate("a", [1]), knobs)), "R", 1) == 1
