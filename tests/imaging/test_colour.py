"""Colour spaces: names as operators and Nuke write them, conversions against published figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PyOpenColorIO as ocio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import DEFAULT_CONFIG, ColourConfig

SRGB, ACESCG, RAW = "sRGB - Texture", "ACEScg", "Raw"
CONFIG = ColourConfig.load(DEFAULT_CONFIG)


@pytest.fixture(autouse=True)
def no_ocio_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A small config of its own, with a role and a LUT file that does not exist."""
    config = ocio.Config.CreateRaw()
    for name in ("linear", "doubled"):
        config.addColorSpace(ocio.ColorSpace(name=name))
    half = ocio.MatrixTransform(matrix=np.diag([0.5, 0.5, 0.5, 1]).ravel().tolist())
    config.addColorSpace(ocio.ColorSpace(name="halved", fromReference=half))
    config.addColorSpace(ocio.ColorSpace(name="broken", toReference=ocio.FileTransform("no.cube")))
    config.setRole("scene_linear", "linear")
    path = tmp_path / "my config" / "config.ocio"
    path.parent.mkdir()
    path.write_text(config.serialize())
    return path


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("color_picking", SRGB),
        ("Utility - sRGB - Color Picking", SRGB),
        ("color_picking (sRGB - Texture)", SRGB),
        ("color_picking (sRGB)", SRGB),  # the label of another config
        ("Utility - sRGB - Texture", SRGB),
        ("srgb_tx", SRGB),
        ("scene_linear", ACESCG),
        ("scene_linear (ACEScg)", ACESCG),
        ("ACES - ACEScg", ACESCG),
        ("acescg", ACESCG),
        (" ACEScg ", ACESCG),
        ("compositing_log", "ACEScct"),
        ("aces_interchange", "ACES2065-1"),
        ("Utility - Rec.709 - Display", "Gamma 2.4 Rec.709 - Texture"),
        ("Linear Rec.709 (sRGB)", "Linear Rec.709 (sRGB)"),  # parentheses of its own
        ("Utility - Raw", RAW),
        ("ADX10", "ADX10"),
    ],
)
def test_names_aliases_and_roles(name: str, space: str) -> None:
    assert CONFIG.resolve(name) == space


def test_every_space_alias_and_role_resolves() -> None:
    for space in CONFIG.colour_spaces():
        assert CONFIG.resolve(space) == space
    for role, space in CONFIG.roles().items():
        assert CONFIG.resolve(role) == CONFIG.resolve(f"{role} ({space})") == space


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ACEScgg", "ACEScg"),
        ("srgb - textur", SRGB),
        ("colour_picking", "color_picking"),
        ("Output - Rec.709", "Utility - Rec.709 - Display"),
        ("xyzzy", "scene_linear"),
        ("", "scene_linear"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(FilmRecoveryError, match="is not in the OCIO config") as caught:
        CONFIG.resolve(name)
    assert f"“{name}”" in caught.value.message
    assert DEFAULT_CONFIG in caught.value.message
    assert nearest in caught.value.remedy


def test_a_role_labelled_with_another_space_is_refused() -> None:
    with pytest.raises(FilmRecoveryError, match="the role matte_paint is sRGB - Texture"):
        CONFIG.resolve("matte_paint (ACEScct)")


def test_the_default_is_named_in_full() -> None:
    config = ColourConfig.load()
    assert config.name == DEFAULT_CONFIG == "ocio://studio-config-v1.0.0_aces-v1.3_ocio-v2.1"


def test_the_environment_chooses_the_config(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCIO", str(config_file))
    assert ColourConfig.load().name == config_file.as_posix()
    assert ColourConfig.load(DEFAULT_CONFIG).name == DEFAULT_CONFIG
    monkeypatch.setenv("OCIO", "ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1")
    assert "ADX10" not in ColourConfig.load().colour_spaces()
    monkeypatch.setenv("OCIO", str(config_file.parent / "no.ocio"))
    with pytest.raises(FilmRecoveryError, match=r"\$OCIO: The OCIO config does not exist") as caught:
        ColourConfig.load()
    assert caught.value.where["file"].endswith("no.ocio")


@pytest.mark.parametrize(
    "name",
    [
        "fn-nuke_studio-config-v1.0.0_aces-v1.3_ocio-v2.1",
        "studio-config-v1.0.0_aces-v1.3_ocio-v2.1",
        "ocio://studio-config-v1.0.0_aces-v1.3_ocio-v2.1",
    ],
)
def test_the_menu_names_of_nuke_are_the_built_in_configs(name: str) -> None:
    assert ColourConfig.load(name).name == DEFAULT_CONFIG


@pytest.mark.parametrize("name", ["aces_1.2", "nuke-default", "custom", "fn-nuke_cg-config-v9"])
def test_configs_that_only_nuke_has_are_answered_with_what_to_do(name: str) -> None:
    with pytest.raises(FilmRecoveryError, match=f"“{name}” comes with Nuke") as caught:
        ColourConfig.load(name)
    assert "$OCIO" in caught.value.remedy
    assert "customOCIOConfigPath" in caught.value.remedy


def test_missing_and_broken_configs_are_named(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="does not exist"):
        ColourConfig.load(tmp_path / "config.ocio")
    (tmp_path / "config.ocio").write_text("ocio_profile_version: [")
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        ColourConfig.load(tmp_path / "config.ocio")
    with pytest.raises(FilmRecoveryError, match="cannot be read") as caught:
        ColourConfig.load("ocio://studio-config-v9")
    assert "studio-config-v1.0.0_aces-v1.3_ocio-v2.1" in caught.value.remedy


def test_a_config_of_ones_own_and_its_broken_lut(config_file: Path) -> None:
    config = ColourConfig.load(config_file)
    assert config.convert(np.ones((1, 3)), "scene_linear", "halved").tolist() == [[0.5, 0.5, 0.5]]
    with pytest.raises(FilmRecoveryError, match=r"cannot convert from broken to linear.*no\.cube"):
        config.convert(np.ones((1, 3)), "broken", "linear")
    with pytest.raises(FilmRecoveryError, match="is not in the OCIO config") as caught:
        config.resolve("Utility - sRGB - Color Picking")
    assert "my config" in caught.value.message


unit_pictures = arrays(np.float32, (4, 5, 3), elements=st.floats(0, 1, width=32))
bright_pictures = arrays(np.float32, (4, 5, 3), elements=st.floats(0, 16, width=32))


@given(unit_pictures)
def test_srgb_to_acescg_and_back(rgb: np.ndarray) -> None:
    there = CONFIG.convert(rgb, SRGB, ACESCG)
    assert np.abs(CONFIG.convert(there, ACESCG, SRGB) - rgb).max() < 2e-5


@given(bright_pictures)
def test_linear_masters_and_back(rgb: np.ndarray) -> None:
    there = CONFIG.convert(rgb, ACESCG, "ACES2065-1")
    assert np.abs(CONFIG.convert(there, "ACES2065-1", ACESCG) - rgb).max() < 2e-5


@given(unit_pictures)
def test_the_argument_is_never_changed_and_layout_does_not_matter(rgb: np.ndarray) -> None:
    before = rgb.copy()
    plain = CONFIG.convert(rgb, SRGB, ACESCG)
    assert np.array_equal(rgb, before)
    assert plain.dtype == np.float32
    assert plain.flags.c_contiguous
    rgb.flags.writeable = False
    assert np.array_equal(CONFIG.convert(rgb[::-1, ::-1], SRGB, ACESCG), plain[::-1, ::-1])
    assert np.array_equal(CONFIG.convert(rgb.astype(np.float64), SRGB, ACESCG), plain)
    assert np.array_equal(CONFIG.convert(np.asfortranarray(rgb), SRGB, ACESCG), plain)


def test_srgb_decodes_as_iec_61966_says() -> None:
    codes = np.linspace(0, 1, 256, dtype=np.float32)
    linear = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    grey = np.repeat(codes[:, None], 3, axis=1)
    assert np.abs(CONFIG.convert(grey, SRGB, "Linear Rec.709 (sRGB)") - linear[:, None]).max() < 1e-6


def test_ap1_to_ap0_is_the_matrix_of_the_academy() -> None:
    """S-2014-004, ACEScg: the matrix from AP1 to AP0."""
    matrix = np.array(
        [
            [0.6954522414, 0.1406786965, 0.1638690622],
            [0.0447945634, 0.8596711185, 0.0955343182],
            [-0.0055258826, 0.0040252103, 1.0015006723],
        ]
    )
    assert np.allclose(CONFIG.convert(np.eye(3), ACESCG, "ACES2065-1"), matrix.T, atol=1e-6)


def test_values_beyond_one_and_below_zero_are_kept() -> None:
    rgb = np.array([[-0.25, 4.0, 100.0]], np.float32)
    assert np.allclose(CONFIG.convert(CONFIG.convert(rgb, ACESCG, SRGB), SRGB, ACESCG), rgb, rtol=1e-4)


def test_data_is_not_colour_and_stays_as_it_is() -> None:
    rgb = np.random.default_rng(1).random((3, 4, 3), dtype=np.float32)
    assert CONFIG.is_data("Utility - Raw")
    assert not CONFIG.is_data("scene_linear")
    for source, target in ((RAW, ACESCG), (SRGB, RAW), (RAW, RAW), (SRGB, "color_picking")):
        result = CONFIG.convert(rgb, source, target)
        assert np.array_equal(result, rgb)
        assert not np.shares_memory(result, rgb)


def test_nan_and_empty_pictures_pass() -> None:
    rgb = np.array([[np.nan, 0.5, np.inf]], np.float32)
    assert np.isnan(CONFIG.convert(rgb, ACESCG, "ACES2065-1")).any()
    assert CONFIG.convert(np.zeros((0, 4, 3)), SRGB, ACESCG).shape == (0, 4, 3)
    with pytest.raises(ValueError, match="last axis"):
        CONFIG.convert(np.zeros((4, 4)), SRGB, ACESCG)
