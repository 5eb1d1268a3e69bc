"""A model into Nuke: the files, the proof in a fresh process, the Cattery."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from film_recovery import nk
from film_recovery.engine.exporting import export
from film_recovery.engine.opening import Opened, open_model
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.export import ModelCard, card_for, load_model, save_model
from film_recovery.learning.models import build
from film_recovery.learning.polynomial import ColourPolynomial
from film_recovery.learning.settings import Settings

torch.set_num_threads(1)


def network() -> nn.Module:
    model = build(ColourPolynomial("srgb", 2), Settings(1))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.01
    return model.eval()


@pytest.fixture(scope="module")
def module() -> nn.Module:
    return network()


def opened(module: nn.Module) -> Opened:
    card = card_for(module, film="Coffee", preset="small", steps=1, patch=48, pair_hashes={"pair 1": "ab"})
    return Opened("step 1", Path("step_0000001.ckpt"), module, card, "x")


def test_a_model_is_written_with_all_that_nuke_needs(module: nn.Module, tmp_path: Path) -> None:
    done = export(
        opened(module), tmp_path / "out" / "coffee.pt", cattery=tmp_path / "Cattery", name="Coffee colour"
    )
    assert done.agreement <= 1e-6
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["coffee.json", "coffee.nk", "coffee.pt"]
    card = load_model(done.model).card
    assert (card.film, card.preset, card.steps, card.patch) == ("Coffee", "small", 1, 48)
    assert dict(card.pair_hashes) == {"pair 1": "ab"}
    script = nk.load(done.script)
    creator = script.node("CatFileCreator_FR")
    assert nk.literal(creator.get("torchScriptFile").text) == (tmp_path / "out" / "coffee.pt").as_posix()
    assert nk.literal(creator.get("modelId").text) == "Coffee colour"


@pytest.mark.slow
def test_a_cattery_folder_holds_what_nuke_looks_for(module: nn.Module, tmp_path: Path) -> None:
    done = export(
        opened(module), tmp_path / "coffee.pt", cattery=tmp_path / "Cattery", name="Coffee & colour"
    )
    assert done.cattery == tmp_path / "Cattery" / "Coffee_colour"
    content = json.loads((done.cattery / "cat.json").read_text(encoding="utf-8"))
    assert set(content) == {"minimum_nuke_version_required", "version", "category", "description", "cats"}
    # Nuke compares it with its own version as a number, and pastes name and path into a script as they are.
    assert content["minimum_nuke_version_required"] == 14.0
    assert content["cats"] == [{"filepath": "Coffee_colour.cat", "name": "Coffee_colour"}]
    assert (done.cattery / "Coffee_colour.pt").read_bytes() == done.model.read_bytes()
    creator = nk.load(done.cattery / "Coffee_colour.nk").node("CatFileCreator_FR")
    assert nk.literal(creator.get("catFile").text) == (done.cattery / "Coffee_colour.cat").as_posix()
    again = export(
        opened(module), tmp_path / "coffee.pt", cattery=tmp_path / "Cattery", name="Coffee & colour"
    )
    assert again.cattery == done.cattery
    (done.cattery / "cat.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="holds something else"):
        export(opened(module), tmp_path / "coffee.pt", cattery=tmp_path / "Cattery", name="Coffee & colour")


def test_a_model_of_ours_is_exported_byte_for_byte(module: nn.Module, tmp_path: Path) -> None:
    source = tmp_path / "a.pt"
    save_model(module, source, card_for(module, film="Ürga"))
    done = export(open_model(source), tmp_path / "b.pt")
    assert done.model.read_bytes() == source.read_bytes()
    assert load_model(done.model).card == load_model(source).card
    with pytest.raises(FilmRecoveryError, match="over itself"):
        export(open_model(source), source)


@pytest.mark.slow
def test_any_size_in_a_fresh_process(module: nn.Module, tmp_path: Path) -> None:
    """Not by our own proof: another process, other sizes, nothing of this project imported."""
    done = export(opened(module), tmp_path / "m.pt")
    code = (
        "import sys, torch; m = torch.jit.load(sys.argv[1]);\n"
        "for h, w in ((1, 5), (5, 1), (31, 7), (127, 129)):\n"
        "    x = torch.arange(3 * h * w).reshape(1, 3, h, w) / (3 * h * w); print(float(m(x).double().sum()))"
    )
    said = subprocess.run(
        [sys.executable, "-I", "-c", code, str(done.model)], capture_output=True, text=True, check=True
    )
    found = [float(line) for line in said.stdout.split()]
    expected = []
    for height, width in ((1, 5), (5, 1), (31, 7), (127, 129)):
        given = torch.arange(3 * height * width).reshape(1, 3, height, width) / (3 * height * width)
        with torch.no_grad():
            expected.append(float(module(given).double().sum()))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


class Different(nn.Module):
    """Gives other values here than its script gives anywhere: what the proof is there to find."""

    def __init__(self) -> None:
        super().__init__()
        self.recipe, self.radius = "paired", 0
        self.added = nn.Buffer(torch.zeros(1))

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        if torch.jit.is_scripting():
            return rgb + self.added
        return rgb + 0.001


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.recipe, self.radius = "paired", 0

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        if torch.jit.is_scripting():
            assert rgb.shape[2] > 1, "too small"
        return rgb


@pytest.mark.parametrize(("kind", "words"), [(Different, "differs by 0.001"), (Failing, "too small")])
def test_a_file_that_does_not_agree_is_removed(kind: type[nn.Module], words: str, tmp_path: Path) -> None:
    model = kind()
    broken = Opened("x", Path("x.ckpt"), model, ModelCard("paired", "x", curve="none"), "x")
    with pytest.raises(FilmRecoveryError, match=words):
        export(broken, tmp_path / "x.pt")
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_stays(module: nn.Module, tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match=r"as a \.pt"):
        export(opened(module), tmp_path / "x.torch")
    (tmp_path / "a.pt").write_bytes(b"mine")
    with pytest.raises(FilmRecoveryError, match="not a model of this project"):
        export(opened(module), tmp_path / "a.pt")
    assert (tmp_path / "a.pt").read_bytes() == b"mine"
    (tmp_path / "b.nk").write_text("Grade {\n name Mine\n}\n")
    with pytest.raises(FilmRecoveryError, match="script that is not ours"):
        export(opened(module), tmp_path / "b.pt")
    assert not (tmp_path / "b.pt").exists()
