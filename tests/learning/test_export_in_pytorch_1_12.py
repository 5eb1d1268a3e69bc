"""Every kind of model, exported here and run in the PyTorch that NukeX 14 embeds."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from film_recovery.learning.export import card_for, save_model
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.models import Published, build
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.polynomial import ColourPolynomial
from film_recovery.learning.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
AGREEMENT = 1e-4  # graph values
SIZES = ((1, 1), (2, 3), (17, 33), (64, 96), (75, 130))
BEYOND_THE_WINDOW = (40, 410)  # local pooling by patches of 256 (a window of 384) is not the global one there

torch.set_num_threads(1)


def nuke_torch() -> Path | None:
    """The Python 3.9 with PyTorch 1.12 of this checkout, made when it is not there: see setup_env.py."""
    spec = importlib.util.spec_from_file_location("setup_env", ROOT / "setup_env.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.make_nuke_torch()  # says NOT RUN, or stops where everything has to run
    return None if found is None else Path(found)


def shaken(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with weights that do something: a fresh network changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return model.eval()


def polynomial(recipe: str = "colour") -> ColourPolynomial:
    model = ColourPolynomial("srgb", 3, recipe)
    model.weights.copy_(0.05 * torch.randn(model.weights.shape, generator=torch.Generator().manual_seed(1)))
    return model


def luma_filter() -> LumaFilter:
    model = LumaFilter("srgb", 9, 3)
    model.kernels.copy_(0.02 * torch.randn(model.kernels.shape, generator=torch.Generator().manual_seed(2)))
    model.limit.fill_(0.2)
    return model


def published() -> Published:
    network = Nafnet(pooling="local")
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(("beta", "gamma")):  # zero as published before training: every block idle
                parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
    return Published("paired", "srgb", network)


MODELS: dict[str, Callable[[], nn.Module]] = {
    "polynomial": polynomial,
    "filter": luma_filter,
    "small": lambda: shaken(build(polynomial(), Settings(1, "small"))),
    "medium": lambda: shaken(build(polynomial(), Settings(1, "medium"))),
    "large": lambda: shaken(build(polynomial(), Settings(1, "large"))),
    "spatial": lambda: shaken(build(luma_filter(), Settings(1, "small"))),
    "paired with position": lambda: shaken(build(polynomial("paired"), Settings(1, "small", position=True))),
    "nafnet32": published,
}


@pytest.mark.slow
@pytest.mark.timeout(1800)  # where the environment has to be made first
def test_exported_models_run_alike_in_nukes_pytorch(tmp_path: Path) -> None:
    python = nuke_torch()
    if python is None:
        return  # no Python 3.9 here, which setup_env said; where everything has to run, it stopped
    generator = torch.Generator().manual_seed(4)
    files, names = [], []
    for name, make in MODELS.items():
        model = make().eval()
        path = tmp_path / f"{len(files)}.pt"
        save_model(model, path, card_for(model))
        sizes = (*SIZES, BEYOND_THE_WINDOW) if name == "nafnet32" else SIZES
        given = [torch.rand(1, 3, *size, generator=generator) * 1.2 - 0.1 for size in sizes]
        with torch.no_grad():
            made = [model(one) for one in given]
        assert float((made[3] - given[3]).abs().max()) > 0.01  # a model that does nothing proves nothing
        case = path.with_suffix(".case")
        torch.save({"name": name, "model": str(path), "given": given, "made": made}, case)
        files.append(str(case))
        names += [f"{name} {height}x{width} no_grad" for height, width in sizes]
    script = Path(__file__).with_name("in_pytorch_1_12.py")
    done = subprocess.run(
        [str(python), "-I", str(script), *files],
        capture_output=True,
        text=True,
        timeout=1200,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["torch"].startswith("1.12.1") and found["python"].startswith("3.9.")
    assert set(names) <= set(found["apart"])
    worst = max(found["apart"], key=lambda name: abs(found["apart"][name]))
    print(f"largest difference {found['apart'][worst]:.2g} ({worst}) in PyTorch {found['torch']}")
    assert all(0 <= value <= AGREEMENT for value in found["apart"].values()), found["apart"]
