from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from film_recovery import learning
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.export import card_for, load_model, save_model, tie_cat
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.pairs import Pair
from film_recovery.learning.polynomial import ColourPolynomial, fit_colour_polynomial
from film_recovery.learning.tiling import apply


def _pair() -> Pair:
    source = np.random.default_rng(9).random((40, 50, 3)).astype(np.float32)
    return Pair(source, source**1.1, "pair 1")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "colour.pt"
    model = fit_colour_polynomial([_pair()])
    save_model(model, path, card_for(model, pairs=["pair 1"], figures={"psnr_encoded": 31.5}, film="Ürga"))
    return path


def test_a_saved_model_computes_the_same(saved):
    loaded = load_model(saved)
    image = _pair().input
    expected = apply(fit_colour_polynomial([_pair()]), image, radius=0)
    assert np.array_equal(apply(loaded.module, image, radius=loaded.card.radius), expected)


def test_the_card_comes_back(saved):
    card = load_model(saved).card
    assert (card.recipe, card.kind, card.curve, card.radius) == ("colour", "ColourPolynomial", "srgb", 0)
    assert (card.pairs, card.figures, card.film) == (("pair 1",), {"psnr_encoded": 31.5}, "Ürga")
    assert card.sha256 == hashlib.sha256(saved.read_bytes()).hexdigest()
    assert json.loads(saved.with_suffix(".json").read_text("utf-8"))["model"] == "colour.pt"


def test_nothing_else_is_left_in_the_folder(saved):
    assert sorted(path.name for path in saved.parent.iterdir()) == ["colour.json", "colour.pt"]


def test_equal_input_gives_equal_bytes_in_this_process_and_in_another(saved, tmp_path):
    first = saved.read_bytes()
    for other in (ColourPolynomial("none", 2), LumaFilter("srgb", 5, 2)):  # scripting others changes nothing
        save_model(other, tmp_path / "other.pt", card_for(other))
    model = fit_colour_polynomial([_pair()])
    save_model(model, tmp_path / "again.pt", card_for(model))
    assert (tmp_path / "again.pt").read_bytes() == first
    code = """
import sys, numpy as np
from film_recovery.learning.export import card_for, save_model
from film_recovery.learning.pairs import Pair
from film_recovery.learning.polynomial import fit_colour_polynomial
source = np.random.default_rng(9).random((40, 50, 3)).astype(np.float32)
model = fit_colour_polynomial([Pair(source, source**1.1, "pair 1")])
save_model(model, sys.argv[1], card_for(model))
"""
    fresh = tmp_path / "fresh.pt"
    subprocess.run([sys.executable, "-c", code, str(fresh)], check=True, timeout=120)
    assert fresh.read_bytes() == first


def test_no_path_of_this_computer_is_in_the_file(saved):
    folder = str(Path(learning.__file__).parent.parent).encode()
    with zipfile.ZipFile(saved) as archive:
        assert not any(folder in archive.read(name) for name in archive.namelist())
        assert not any("debug_pkl" in name for name in archive.namelist())


@pytest.mark.parametrize("position", [0, 100, -1])
def test_one_changed_byte_is_refused(saved, position):
    data = bytearray(saved.read_bytes())
    data[position] ^= 1
    saved.write_bytes(data)
    with pytest.raises(FilmRecoveryError, match="SHA-256 differs"):
        load_model(saved)


def test_a_missing_sidecar_or_model_is_named(saved):
    saved.with_suffix(".json").unlink()
    with pytest.raises(FilmRecoveryError, match=r"no sidecar colour\.json"):
        load_model(saved)
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        load_model(saved.with_name("absent.pt"))


def test_a_cat_without_sidecar_runs_only_in_nuke(tmp_path):
    cat = tmp_path / "nuke.cat"
    cat.write_bytes(b"cat")
    with pytest.raises(FilmRecoveryError, match="runs only in Nuke"):
        load_model(cat)


def test_a_cat_runs_by_the_model_it_was_made_from(saved):
    cat = saved.with_suffix(".cat")
    cat.write_bytes(b"made by Nuke")
    with pytest.raises(FilmRecoveryError, match="runs only in Nuke"):
        load_model(cat)  # there is a sidecar, but it knows nothing of this .cat
    assert tie_cat(saved, cat).cat_sha256 == hashlib.sha256(b"made by Nuke").hexdigest()
    loaded = load_model(cat)
    assert (loaded.path, loaded.card.recipe) == (saved, "colour")
    cat.write_bytes(b"another training")
    with pytest.raises(FilmRecoveryError, match=r"colour\.cat is not the file"):
        load_model(cat)


def test_saving_again_unties_the_cat(saved):
    cat = saved.with_suffix(".cat")
    cat.write_bytes(b"made by Nuke")
    card = tie_cat(saved, cat)
    save_model(ColourPolynomial("srgb", 2), saved, card)
    with pytest.raises(FilmRecoveryError, match="runs only in Nuke"):
        load_model(cat)


def test_a_cat_elsewhere_is_not_tied(saved, tmp_path):
    with pytest.raises(FilmRecoveryError, match=r"colour\.cat in the same folder"):
        tie_cat(saved, tmp_path / "sub" / "colour.cat")


def _rewrite(sidecar: Path, **changes: object) -> None:
    content = json.loads(sidecar.read_text("utf-8"))
    sidecar.write_text(json.dumps({**content, **changes}), "utf-8")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": "film-recovery-model/9"}, "schema"),
        ({"model": "../../etc/colour.pt"}, "no model beside it"),
        ({"radius": "4"}, "radius is '4'"),
        ({"pairs": 3}, "cannot be used"),
        ({"surprise": 1}, "unknown entries surprise"),
    ],
)
def test_a_sidecar_with_other_content_is_refused(saved, changes, words):
    _rewrite(saved.with_suffix(".json"), **changes)
    with pytest.raises(FilmRecoveryError, match=words):
        load_model(saved)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '"x"', "{", "[" * 100000, '{"schema": "film-recovery-model/1"}']
)
def test_a_damaged_sidecar_is_refused(saved, text):
    saved.with_suffix(".json").write_text(text)
    with pytest.raises(FilmRecoveryError, match="sidecar cannot be used"):
        load_model(saved)


@pytest.mark.parametrize("data", [b"", b"not a model", b"PK\x03\x04" + bytes(60)])
def test_a_file_that_is_no_model_is_refused_though_the_sidecar_agrees(saved, data):
    saved.write_bytes(data)
    _rewrite(saved.with_suffix(".json"), sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(FilmRecoveryError, match="not a TorchScript model"):
        load_model(saved)


def test_a_pickle_is_never_opened(saved, tmp_path):
    """torch.save of Python objects is a zip with a pickle too; it must not be unpickled."""
    import torch

    class Planted:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "planted",))

    torch.save(Planted(), saved)
    _rewrite(saved.with_suffix(".json"), sha256=hashlib.sha256(saved.read_bytes()).hexdigest())
    with pytest.raises(FilmRecoveryError, match="not a TorchScript model"):
        load_model(saved)
    assert not (tmp_path / "planted").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    model = LumaFilter("srgb", 3, 1)
    with pytest.raises(FilmRecoveryError, match="cannot be written"):
        save_model(model, tmp_path / "absent" / "a.pt", card_for(model))
    with pytest.raises(FilmRecoveryError, match=r"saved as a \.pt"):
        save_model(model, tmp_path / "a.pth", card_for(model))


@pytest.mark.parametrize(
    ("entry", "value"), [("radius", -5), ("radius", 0), ("luma_method", "foo"), ("recipe", "colour")]
)
def test_a_sidecar_that_contradicts_its_model_is_refused(tmp_path: Path, entry: str, value: object) -> None:
    path = tmp_path / "filter.pt"
    model = LumaFilter("srgb", 9, 1)
    save_model(model, path, card_for(model))
    sidecar = path.with_suffix(".json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), entry: value}))
    with pytest.raises(FilmRecoveryError, match="does not fit it"):
        load_model(path)


def test_a_network_tells_its_story(tmp_path: Path) -> None:
    model = ColourPolynomial("srgb", 2)
    told = {"preset": "small", "patch": 48, "steps": 900, "pair_hashes": {"pair 1": "ab12"}}
    save_model(model, tmp_path / "a.pt", card_for(model, **told))
    card = load_model(tmp_path / "a.pt").card
    assert {name: getattr(card, name) for name in told} == told


def test_a_sidecar_of_the_first_edition_still_loads(saved) -> None:
    """As it was written before networks told preset, patch, steps and pair hashes."""
    sidecar = saved.with_suffix(".json")
    content = json.loads(sidecar.read_text("utf-8"))
    since = ("preset", "patch", "steps", "pair_hashes", "conditions")
    old = {key: value for key, value in content.items() if key not in since}
    sidecar.write_text(json.dumps({**old, "schema": "film-recovery-model/1"}), "utf-8")
    card = load_model(saved).card
    assert (card.preset, card.patch, card.steps, dict(card.pair_hashes)) == ("", 0, 0, {})
    assert dict(card.conditions) == {}
    assert card.film == "Ürga"
    _rewrite(sidecar, preset="small")  # the first edition knew no such entry
    with pytest.raises(FilmRecoveryError, match="unknown entries preset"):
        load_model(saved)
    sidecar.write_text(json.dumps(old), "utf-8")  # and the second has to have them all
    with pytest.raises(FilmRecoveryError, match="cannot be used"):
        load_model(saved)


@pytest.mark.parametrize("value", [3, ["ab"], "ab"])
def test_pair_hashes_are_a_table(saved, value) -> None:
    _rewrite(saved.with_suffix(".json"), pair_hashes=value)
    with pytest.raises(FilmRecoveryError, match="pair_hashes is"):
        load_model(saved)


def test_a_paired_model_loads(tmp_path: Path) -> None:
    model = ColourPolynomial("none", 2, "paired")
    save_model(model, tmp_path / "a.pt", card_for(model))
    assert load_model(tmp_path / "a.pt").card.recipe == "paired"
