"""FR_FadeBalance and FR_ArchivalWrite, and the optional parts of FR_TrainPrep and FR_Inference, to the digit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tkinter
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from film_recovery import graph, nk, rendering
from film_recovery.comp import Evaluator, NodeCall
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame
from film_recovery.imaging.luma import chroma, luma
from film_recovery.imaging.writing import AP0_CHROMATICITIES
from film_recovery.rendering.naming import refuse_unnamed

PYTHON = Path(__file__).resolve().parents[2] / "python"
SIZE = Format(40, 24)
ROOT = 'Root {\n inputs 0\n format "40 24 0 0 40 24 1 "\n colorManagement OCIO\n}\n'
PLANTED = '[python {nuke.message(1)}] $x "quotes" { } \\ café 映画 [value name]'


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """One float EXR with alpha: values below 0 and above 1, NaN, infinities and a negative zero; no metadata."""
    rng = np.random.default_rng(3)
    values = rng.uniform(-0.2, 1.4, (SIZE.height, SIZE.width, 4)).astype(np.float32)
    values[0, :4, 1] = np.nan, np.inf, -np.inf, -0.0
    write_frame(
        Frame(values, (*RGB, ALPHA), SIZE, SIZE.box),
        tmp_path / "plate.exr",
        datatype="float",
    )
    return tmp_path / "plate.exr"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A clean plate inside 0-1, with a time code, where elements lie."""
    values = np.random.default_rng(5).uniform(0.02, 0.98, (SIZE.height, SIZE.width, 3)).astype(np.float32)
    frame = Frame.from_array(values, metadata={"timeCode": (0x01020304, 0), "owner": "somebody else"})
    path = tmp_path / "elements" / "film.exr"
    write_frame(frame, path, datatype="float", create_directories=True)
    return path


def read(file: Path) -> str:
    return f"Read {{\n inputs 0\n file {nk.quote(file.as_posix())}\n raw true\n name plate\n}}\n"


def as_group(gizmo: str, knobs: dict[str, str], inner: dict[str, str] | None = None) -> str:
    return graph.group(gizmo, "Block", knobs, inner or {}, (0, 0))


def as_gizmo(gizmo: str, knobs: dict[str, str]) -> str:
    lines = "".join(f" {knob} {word}\n" for knob, word in knobs.items())
    return f"{gizmo} {{\n{lines} name Block\n}}\n"


def evaluate(text: str, node: str = "Block") -> Frame:
    return Evaluator(nk.parse(ROOT + text)).frame(node, 1)


def same_bits(one: Frame, other: Frame) -> bool:
    return (
        one.channels == other.channels
        and one.bbox == other.bbox
        and one.format.same_shape(other.format)
        and one.pixels.tobytes() == other.pixels.tobytes()
    )


# --- FR_FadeBalance -----------------------------------------------------------------------------------------

BLACK, WHITE, GAMMA = (0.05, 0.02, 0.1), (0.9, 0.8, 0.6), (1.1, 1.0, 1.4)
ROWS = ((0.9, 0.15, -0.05), (0.02, 0.95, 0.03), (-0.1, -0.2, 1.3))
STRONG = {
    "black_point": nk.numbers(BLACK),
    "white_point": nk.numbers(WHITE),
    "gamma": nk.numbers(GAMMA),
    "red_from": nk.numbers(ROWS[0]),
    "green_from": nk.numbers(ROWS[1]),
    "blue_from": nk.numbers(ROWS[2]),
}


def balanced(values: Any) -> Any:
    """The formula of the block, written out in float64."""
    scaled = (values.astype(np.float64) - BLACK) / (np.array(WHITE) - BLACK)
    power = 1 / np.array(GAMMA)
    inner = np.clip(scaled, 0, 1) ** power
    curved = np.where(scaled <= 0, scaled, np.where(scaled < 1, inner, 1 + (scaled - 1) * power))
    return curved @ np.array(ROWS).T


@pytest.mark.parametrize("block", [as_group, as_gizmo])
def test_balance_off_is_the_image_bit_for_bit(plate: Path, block: Any) -> None:
    text = read(plate) + block("FR_FadeBalance", {**STRONG, "on": "false"})
    assert same_bits(evaluate(text), evaluate(text, "plate"))


@pytest.mark.parametrize("direction", ["balance", "undo"])
def test_neutral_values_are_the_image_bit_for_bit(plate: Path, direction: str) -> None:
    text = read(plate) + as_group("FR_FadeBalance", {"direction": direction})
    assert same_bits(evaluate(text), evaluate(text, "plate"))


@pytest.mark.parametrize("block", [as_group, as_gizmo])
def test_balance_is_points_gamma_then_matrix_without_a_clamp(film: Path, block: Any) -> None:
    text = read(film) + block("FR_FadeBalance", STRONG)
    made, before = evaluate(text).rgb(), evaluate(text, "plate").rgb()
    np.testing.assert_allclose(made, balanced(before), atol=2e-6)
    assert made.min() < 0 and made.max() > 1, "the test must reach beyond 0-1"


def test_one_matrix_row_alone_is_used(film: Path) -> None:
    text = read(film) + as_group("FR_FadeBalance", {"green_from": "{0.1 0.9 0}"})
    made, before = evaluate(text).rgb(), evaluate(text, "plate").rgb()
    np.testing.assert_allclose(made[..., 1], 0.1 * before[..., 0] + 0.9 * before[..., 1], atol=1e-6)
    assert np.array_equal(made[..., 0::2], before[..., 0::2])


def test_balance_then_undo_gives_the_image_back(film: Path) -> None:
    first = as_group("FR_FadeBalance", STRONG)
    second = graph.group("FR_FadeBalance", "Undo", {**STRONG, "direction": "undo"}, {}, (0, 90))
    text = read(film) + first + second
    np.testing.assert_allclose(evaluate(text, "Undo").rgb(), evaluate(text, "plate").rgb(), atol=5e-6)
    assert np.abs(evaluate(text, "Block").rgb() - evaluate(text, "plate").rgb()).max() > 0.1


def test_a_matrix_without_an_inverse_is_named(film: Path) -> None:
    text = read(film) + as_group("FR_FadeBalance", {"direction": "undo", "red_from": "{0 0 0}"})
    with pytest.raises(FilmRecoveryError) as caught:
        evaluate(text)
    assert caught.value.where["knob"] == "matrix"


def test_alpha_passes_through_the_balance(plate: Path) -> None:
    text = read(plate) + as_group("FR_FadeBalance", STRONG)
    made, before = evaluate(text), evaluate(text, "plate")
    assert np.array_equal(made.channel(ALPHA), before.channel(ALPHA))


def test_balance_saved_and_loaded_gives_the_same_pixels(film: Path, tmp_path: Path) -> None:
    text = ROOT + read(film) + as_group("FR_FadeBalance", STRONG)
    nk.save(nk.parse(text), tmp_path / "saved.nk")
    again = Evaluator(nk.load(tmp_path / "saved.nk")).frame("Block", 1)
    assert same_bits(again, Evaluator(nk.parse(text)).frame("Block", 1))


@pytest.mark.parametrize("direction", ["balance", "undo"])
@pytest.mark.parametrize("white", [0.3, 0.3004, 0.2996])
def test_a_white_point_on_the_black_point_divides_by_a_thousandth(
    film: Path, direction: str, white: float
) -> None:
    points = {"black_point": "{0.3 0 0}", "white_point": nk.numbers((white, 1, 1)), "direction": direction}
    text = read(film) + as_group("FR_FadeBalance", points)
    made, before = evaluate(text).rgb().astype(np.float64), evaluate(text, "plate").rgb()
    expected = (before - 0.3) / 0.001 if direction == "balance" else before * 0.001 + 0.3
    near = {"rtol": 1e-3, "atol": 1e-2} if direction == "balance" else {"rtol": 0, "atol": 1e-6}
    np.testing.assert_allclose(made[..., 0], expected[..., 0], **near)
    assert np.array_equal(evaluate(text).rgb()[..., 1:], before[..., 1:])


def test_a_white_point_below_the_black_point_still_inverts(film: Path) -> None:
    points = {"black_point": "1", "white_point": "0"}
    text = read(film) + as_group("FR_FadeBalance", points)
    np.testing.assert_allclose(evaluate(text).rgb(), 1 - evaluate(text, "plate").rgb(), atol=1e-6)


# --- FR_ArchivalWrite ---------------------------------------------------------------------------------------

TEXTS = {
    "film": PLANTED,
    "shot": "sh010",
    "version": "v003",
    "model": "spatial",
    "checkpoint": "40000",
    "source_element": "35 mm print, “Archive A”",
    "reference_source": "16 mm print [value name]",
    "ml_processing": "CopyCat",
    "training_date": "2026-01-31",
    "processing_date": "2026-02-01",
    "restorationist": "J. Doe",
    "institution": "An archive",
    "digital_source_type": "algorithmicallyEnhanced",
}


def archive(
    folder: Path, film: Path, knobs: dict[str, str] | None = None, inner: dict[str, str] | None = None
) -> Path:
    """A saved script: the plate, and FR_ArchivalWrite as a Group writing under ``renders``."""
    words = {knob: nk.quote(value) for knob, value in TEXTS.items()}
    words.update(folder=nk.quote((folder / "renders").as_posix()), ready="true")
    text = "version 14.0 v5\n" + ROOT + read(film)
    script = folder / "archive.nk"
    script.write_text(text + as_group("FR_ArchivalWrite", {**words, **(knobs or {})}, inner), "utf-8")
    return script


def master(folder: Path, script: Path) -> tuple[dict[str, Any], Any, Path]:
    """Rendered by the product, read by OpenEXR's own package: header, RGB (top row first), file."""
    rendered = rendering.render(Evaluator(nk.load(script)), "Block.Write_Master", [1])
    with OpenEXR.File(str(rendered.files[0])) as file:
        return dict(file.header()), np.array(file.channels()["RGB"].pixels), rendered.files[0]


def test_the_master_is_a_half_zip_file_in_ap0_with_its_provenance(tmp_path: Path, film: Path) -> None:
    header, pixels, file = master(tmp_path, archive(tmp_path, film, {"recovery_type": "colour"}))
    assert file == tmp_path / "renders/sh010_v003/sh010_v003_spatial_40000.0001.exr"
    assert pixels.dtype == np.float16
    assert header["compression"] == OpenEXR.ZIP_COMPRESSION
    assert header["chromaticities"] == pytest.approx(AP0_CHROMATICITIES, abs=1e-6)
    expected = {
        "MLProcessing": "CopyCat",
        "RecoveryType": "colour",
        "FilmTitle": PLANTED,
        "ShotID": "sh010",
        "TrainingDate": "2026-01-31",
        "ModelCheckpoint": "spatial 40000",
        "SourceElement": "35 mm print, “Archive A”",
        "ReferenceSource": "16 mm print [value name]",
        "ProcessingDate": "2026-02-01",
        "Restorationist": "J. Doe",
        "Institution": "An archive",
        "IPTCDigitalSourceType": "algorithmicallyEnhanced",
    }
    assert {key: header.get(key) for key in expected} == expected
    assert "owner" not in header, "what the Source's file says of its owner is not the master's"
    assert "timeCode" in header


def test_the_master_s_pixels_are_the_working_space_in_aces(tmp_path: Path, film: Path) -> None:
    _, pixels, _ = master(tmp_path, archive(tmp_path, film))
    source = read_frame(film).rgb()[::-1]
    expected = ColourConfig.load().convert(source, "scene_linear", "aces_interchange")
    assert np.array_equal(pixels, expected.astype(np.float16))
    assert np.abs(expected - source).max() > 0.01, "the two spaces differ, so the conversion is visible"


def test_an_empty_provenance_knob_writes_no_key(tmp_path: Path, film: Path) -> None:
    header, _, _ = master(tmp_path, archive(tmp_path, film, {"digital_source_type": '""', "film": '""'}))
    assert "IPTCDigitalSourceType" not in header and "FilmTitle" not in header


def test_dwaa_by_choice_reaches_the_file(tmp_path: Path, film: Path) -> None:
    inner = {"Write_Master.compression": "DWAA"}
    header, _, _ = master(tmp_path, archive(tmp_path, film, inner=inner))
    assert header["compression"] == OpenEXR.DWAA_COMPRESSION


def test_the_proxy_is_display_referred_and_leaves_the_master_alone(tmp_path: Path, film: Path) -> None:
    _, _, file = master(tmp_path, archive(tmp_path, film))
    alone = file.read_bytes()
    file.unlink()
    script = archive(tmp_path, film, {"proxy": "true"})
    _, _, file = master(tmp_path, script)
    assert file.read_bytes() == alone
    made = rendering.render(Evaluator(nk.load(script)), "Block.Write_Proxy", [1])
    proxy = tmp_path / "renders/sh010_v003/proxy/sh010_v003_spatial_40000_proxy.0001.png"
    assert made.files == (proxy,)
    shown = ColourConfig.load().display(read_frame(film).rgb(), "scene_linear")
    np.testing.assert_allclose(read_frame(proxy).rgb(), np.clip(shown, 0, 1), atol=1 / 65535)


def test_the_proxy_is_not_written_unless_it_is_switched_on(tmp_path: Path, film: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="disabled"):
        rendering.render(Evaluator(nk.load(archive(tmp_path, film))), "Block.Write_Proxy", [1])
    assert not list(tmp_path.rglob("*.png"))


def test_the_write_passes_its_input_on(plate: Path) -> None:
    text = read(plate) + as_group("FR_ArchivalWrite", {})
    assert same_bits(evaluate(text), evaluate(text, "plate"))


def test_values_on_a_gizmo_instance_reach_inside(film: Path) -> None:
    knobs = {"film": nk.quote(PLANTED), "shot": "sh020", "compression": "DWAA", "proxy": "true"}
    knobs["ready"] = "true"
    evaluator = Evaluator(nk.parse(ROOT + read(film) + as_gizmo("FR_ArchivalWrite", knobs)))
    assert evaluator.frame("Block.Provenance", 1).metadata["exr/FilmTitle"] == PLANTED
    place = evaluator.graph.named("Block.Write_Master")
    call = NodeCall(evaluator, place, 1.0)
    assert call.text("compression") == "DWAA"
    assert "/sh020_v001/sh020_v001_model_checkpoint.####.exr" in call.text("file")
    assert not NodeCall(evaluator, evaluator.graph.named("Block.Write_Proxy"), 1.0).boolean("disable")


@pytest.mark.parametrize("word", ["", " ", "placeholder"])
@pytest.mark.parametrize("field", ["folder", "shot", "version", "model", "checkpoint"])
def test_a_master_without_a_name_is_refused_by_the_field(
    tmp_path: Path, film: Path, field: str, word: str
) -> None:
    if word == "placeholder":
        if field in ("folder", "version"):  # whose words are the workflow's own
            return
        word = nk.load(graph.gizmo_folder() / "FR_ArchivalWrite.gizmo").nodes[0].text(field)
        assert word == field
    script = archive(tmp_path, film, {field: nk.quote(word)})
    with pytest.raises(FilmRecoveryError) as caught:
        rendering.render(Evaluator(nk.load(script)), "Block.Write_Master", [1])
    assert (caught.value.where["knob"], caught.value.where["node"]) == (field, "Block")
    assert caught.value.message.startswith(field) and "ready" in caught.value.remedy
    assert not (tmp_path / "renders").exists()


@pytest.mark.parametrize("write", ["Write_Master", "Write_Proxy"])
@pytest.mark.parametrize("block", [as_group, as_gizmo])
def test_nothing_is_written_until_ready_is_ticked(film: Path, write: str, block: Any) -> None:
    """In Nuke the disabled Write says so; here the message names the tick box. A gizmo instance is no different."""
    knobs = {**{knob: nk.quote(word) for knob, word in TEXTS.items()}, "proxy": "true"}
    found = {}
    for ready in ("false", "true"):
        text = ROOT + read(film) + block("FR_ArchivalWrite", {**knobs, "ready": ready})
        evaluator = Evaluator(nk.parse(text))
        call = NodeCall(evaluator, evaluator.graph.named(f"Block.{write}"), 1.0)
        found[ready] = call.boolean("disable")
        if ready == "false":
            with pytest.raises(FilmRecoveryError) as caught:
                refuse_unnamed(call)
            assert caught.value.where["knob"] == "ready"
        else:
            refuse_unnamed(call)
    assert found == {"false": True, "true": False}


def test_as_delivered_the_block_writes_nothing() -> None:
    block = nk.load(graph.gizmo_folder() / "FR_ArchivalWrite.gizmo").nodes[0]
    ready = next(knob for knob in block.user_knobs if knob.name == "ready")
    assert block.get("ready") is None, "a tick box is off unless the file says otherwise"
    for field in ("folder", "shot", "version", "model", "checkpoint"):
        assert field in ready.tooltip
    assert "<" not in block.text("help"), "an HTML help would swallow it"


def test_a_planted_title_is_only_text_in_a_real_tcl(tmp_path: Path, film: Path) -> None:
    """As Nuke reads it: the script's words, the knob's Tcl, and ``value`` in the metadata, which is not read again."""
    script = nk.load(archive(tmp_path, film))
    block, provenance = script.node("Block"), script.node("Block.Provenance")
    tcl = tkinter.Tcl()
    ran: list[tuple[str, ...]] = []
    tcl.createcommand("python", lambda *words: ran.append(words) or "")
    words = {knob.name: knob.items[0] for knob in block.user_knobs if knob.items}
    words.update({name: knob.text for name, knob in block.knobs.items()})
    tcl.createcommand("value", lambda name: tcl.call("subst", words[name.removeprefix("parent.")]))
    lines = tcl.splitlist(provenance.get("metadata").text)
    found = {}
    for line in lines:
        action, key, value = tcl.splitlist(line)
        if action == "set":
            found[key] = tcl.call("subst", value)
    assert str(found["exr/FilmTitle"]) == PLANTED
    assert ran == []


def test_a_planted_shot_is_only_part_of_the_file_s_name(tmp_path: Path, film: Path) -> None:
    shot = '[python {nuke.message(1)}] $x "quotes" { 映画'
    script = archive(tmp_path, film, {"shot": nk.quote(shot)})
    header, _, file = master(tmp_path, script)
    assert file == tmp_path / f"renders/{shot}_v003/{shot}_v003_spatial_40000.0001.exr"
    assert header["ShotID"] == shot


def test_the_command_line_renders_it(tmp_path: Path, film: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "film_recovery.cli.main", "render", str(archive(tmp_path, film))]
        + ["Block.Write_Master", "--frames", "1", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"},
        timeout=120,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    with OpenEXR.File(str(tmp_path / "renders/sh010_v003/sh010_v003_spatial_40000.0001.exr")) as file:
        assert file.header()["FilmTitle"] == PLANTED
        assert file.header()["chromaticities"] == pytest.approx(AP0_CHROMATICITIES, abs=1e-6)


def test_the_planted_title_survives_save_and_reload(tmp_path: Path, film: Path) -> None:
    script = nk.load(archive(tmp_path, film))
    nk.save(script, tmp_path / "again.nk")
    frame = Evaluator(nk.load(tmp_path / "again.nk")).frame("Block.Write_Master", 1)
    assert frame.metadata["exr/FilmTitle"] == PLANTED
    before = Evaluator(nk.load(tmp_path / "archive.nk")).frame("Block.Write_Master", 1)
    assert same_bits(frame, before)


def raw_write(folder: Path, more: str = "") -> str:
    file = nk.quote((folder / "out/f.####.exr").as_posix())
    return f"Write {{\n file {file}\n raw true\n create_directories true\n{more} name W\n}}\n"


@pytest.mark.parametrize(
    ("between", "known"),
    [
        ("", True),
        ("Dot {\n}\n", True),
        ("Grade {\n black_clamp false\n}\n", False),
        ("Grade {\n disable true\n}\n", True),
    ],
)
def test_a_raw_write_is_called_aces_only_where_that_is_certain(
    tmp_path: Path, film: Path, between: str, known: bool
) -> None:
    write = raw_write(tmp_path)
    text = ROOT + read(film) + "OCIOColorSpace {\n out_colorspace aces_interchange\n}\n" + between + write
    made = rendering.render(Evaluator(nk.parse(text)), "W", [1])
    with OpenEXR.File(str(made.files[0])) as file:
        assert ("chromaticities" in file.header()) is known


@pytest.mark.parametrize("partly", ["mix 0.5", "channels rgba.red", "disable true"])
def test_a_conversion_in_part_is_not_called_aces(tmp_path: Path, film: Path, partly: str) -> None:
    write = raw_write(tmp_path)
    text = ROOT + read(film) + f"OCIOColorSpace {{\n out_colorspace aces_interchange\n {partly}\n}}\n" + write
    made = rendering.render(Evaluator(nk.parse(text)), "W", [1])
    with OpenEXR.File(str(made.files[0])) as file:
        assert "chromaticities" not in file.header()


@pytest.mark.parametrize(
    ("knob", "kept"),
    [("no metadata", []), ("default metadata", ["timeCode"]), ("all metadata", ["Own", "timeCode"])],
)
def test_the_write_s_metadata_knob_says_what_the_header_gets(
    tmp_path: Path, film: Path, knob: str, kept: list[str]
) -> None:
    text = ROOT + read(film) + "ModifyMetaData {\n metadata {{set exr/Own mine}}\n}\n"
    text += raw_write(tmp_path, f' metadata "{knob}"\n')
    made = rendering.render(Evaluator(nk.parse(text)), "W", [1])
    with OpenEXR.File(str(made.files[0])) as header:
        assert sorted({"Own", "timeCode", "owner"} & set(header.header())) == kept


# --- what FR_TrainPrep and FR_Inference gained --------------------------------------------------------------


@pytest.mark.parametrize("block", [as_group, as_gizmo])
def test_train_prep_filters_only_when_asked(film: Path, block: Any) -> None:
    def prepared(more: dict[str, str]) -> Frame:
        wired = "set P [stack 0]\npush 0\npush $P\n"
        return evaluate(
            read(film) + wired + block("FR_TrainPrep", {"inputs": "2", "copy_bbox": "false", **more})
        )

    median = evaluate(read(film) + "Median {\n size 5\n name Block\n}\n")
    asked = prepared({"prefilter": "true", "prefilter_size": "5"})
    assert np.array_equal(prepared({"prefilter_size": "5"}).rgb(), read_frame(film).rgb())
    assert np.array_equal(asked.rgb(), median.rgb())
    assert not np.array_equal(median.rgb(), read_frame(film).rgb())


BOX_OF_PREVIEW = {"preview": "true", "preview_size": "{24 24}"}


def inference(film: Path, knobs: dict[str, str]) -> str:
    """FR_Inference whose network is a known change: a Grade in the place of the node Inference."""
    text = as_group("FR_Inference", {"method": "matrix", **knobs})
    pattern = r"Inference \{\n  modelFile \"\"\n  serialiseKnob \{\}"
    made, count = re.subn(pattern, "Grade {\n  white {1.3 0.8 1.1 1}\n  black_clamp false", text)
    assert count == 1
    return read(film) + made.replace("T Inference1.modelFile", "T Inference1.white")


@pytest.mark.parametrize("recipe", ["spatial", "colour"])
@pytest.mark.parametrize("fit", ["reformat", "pad"])
def test_the_lock_compares_previews_with_previews(film: Path, recipe: str, fit: str) -> None:
    text = inference(film, {**BOX_OF_PREVIEW, "recipe": recipe, "preview_fit": fit})
    made, source = evaluate(text), evaluate(text, "Block.PreviewOfSource")
    assert made.format.same_shape(Format(24, 24)) and source.format.same_shape(Format(24, 24))
    locked, free = (chroma, luma) if recipe == "spatial" else (luma, chroma)
    area = made.bbox.intersect(source.bbox)
    one, other = made.rgb(area).astype(np.float64), source.rgb(area).astype(np.float64)
    np.testing.assert_allclose(locked(one), locked(other), atol=1e-6)
    assert np.abs(free(one) - free(other)).max() > 0.01


def test_pad_keeps_every_pixel_and_reformat_scales(film: Path) -> None:
    whole = read_frame(film).rgb()
    padded = evaluate(
        inference(film, {"preview": "true", "preview_fit": "pad", "preview_size": "{60 30}"}),
        "Block.PreviewOfSource",
    )
    assert padded.format.same_shape(Format(60, 30))
    assert np.array_equal(padded.rgb(Box(10, 3, 50, 27)), whole)
    assert not padded.rgb(Box(0, 0, 60, 3)).any()
    scaled = evaluate(inference(film, BOX_OF_PREVIEW), "Block.PreviewOfSource")
    assert scaled.rgb(Box(0, 8, 24, 16)).any() and not scaled.rgb(Box(0, 0, 24, 3)).any(), "letterboxed"


@pytest.mark.parametrize("fit", ["reformat", "pad"])
def test_a_preview_s_pixels_have_the_shape_of_the_source_s(tmp_path: Path, fit: str) -> None:
    values = np.random.default_rng(7).uniform(0.1, 0.9, (24, 40, 3)).astype(np.float32)
    wide = Format(40, 24, 2.0)
    write_frame(Frame(values, RGB, wide, wide.box), tmp_path / "wide.exr", datatype="float")
    text = inference(tmp_path / "wide.exr", {**BOX_OF_PREVIEW, "preview_fit": fit})
    for node in ("Block.Preview", "Block.PreviewOfSource", "Block"):
        made = evaluate(text, node)
        assert made.format.same_shape(Format(24, 24, 2.0)), node
    if fit == "reformat":  # 40 x 24 into 24 x 24, both 2.0 wide: 24 x 14.4, as with square pixels
        shown = evaluate(text, "Block.PreviewOfSource")
        assert shown.rgb(Box(0, 6, 24, 18)).min() > 0 and not shown.rgb(Box(0, 0, 24, 4)).any()


LARGE = "{-10 0 2048 1556}"


@pytest.mark.parametrize("block", [as_group, as_gizmo])
@pytest.mark.parametrize("name", ["FR_Align", "FR_TrainPrep", "FR_Inference"])
@pytest.mark.parametrize("box", [None, LARGE])
def test_a_box_larger_than_the_picture_adds_nothing_to_it(
    film: Path, name: str, block: Any, box: Any
) -> None:
    knobs = {"use_crop": "true", **({"box": box} if box else {})}
    more = {"FR_TrainPrep": {"copy_bbox": "false"}, "FR_Inference": {"lock": "false"}}.get(name, {})
    wired = "set P [stack 0]\npush $P\npush $P\n"
    text = (
        read(film) + wired + block(name, {"inputs": "1" if name == "FR_Inference" else "2", **knobs, **more})
    )
    crops = ("LiveArea", "LiveAreaOfSource") if name == "FR_Inference" else ("",)
    for crop in crops:
        made = evaluate(text, f"Block.{crop}" if crop else "Block")
        assert made.bbox == made.format.box == SIZE.box
        assert np.array_equal(made.rgb(), read_frame(film).rgb())


def test_without_the_preview_nothing_is_resampled(film: Path) -> None:
    off = evaluate(inference(film, {"preview_size": "{24 24}"}), "Block.PreviewOfSource")
    assert np.array_equal(off.rgb(), read_frame(film).rgb())


def test_the_preview_stands_after_the_crop(film: Path) -> None:
    knobs = {**BOX_OF_PREVIEW, "use_crop": "true", "box": "{8 0 32 24}", "preview_fit": "pad"}
    made = evaluate(inference(film, knobs))
    assert made.format.same_shape(Format(24, 24))
    source = evaluate(inference(film, knobs), "Block.PreviewOfSource")
    assert np.array_equal(source.rgb(Box(0, 0, 24, 24)), read_frame(film).rgb(Box(8, 0, 32, 24)))
