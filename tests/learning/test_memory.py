"""Tiles by memory: what a run is said to need is what it takes, and the usual tile is the same everywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import film_recovery
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import share
from film_recovery.learning.memory import needed, render_tile, tile_for, tiles_at_once, usual_tile
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.network import SHAPES, Recovery
from film_recovery.learning.polynomial import ColourPolynomial
from film_recovery.learning.tiling import GRID

# What is predicted is at least the peak, and at most this many times it.
FACTOR = 3.0
MEASURE = """
import sys, torch
sys.path.insert(0, sys.argv[4])
from film_recovery.learning.memory import needed
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.network import SHAPES, Recovery
from film_recovery.learning.polynomial import ColourPolynomial
torch.set_num_threads(1)
def peak():  # of this process alone; what getrusage says begins with the parent's
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
name, form, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
base = ColourPolynomial("srgb", 3)
if name == "nafnet":
    module = Nafnet(32, (1,), 1, (1,), pooling="local", patch=64)
else:
    module = base if name == "closed form" else Recovery(base, SHAPES[name])
module = module.eval()
if form == "scripted":
    module = torch.jit.script(module)
with torch.inference_mode():
    for _ in range(3):
        module(torch.rand(1, 3, 32, 32))
    picture = torch.rand(1, 3, side, side)
    before = peak()
    module(picture)
print(needed(module, side, side) / (peak() - before))
"""


def _model(preset: str = "small") -> Recovery:
    return Recovery(ColourPolynomial("srgb", 3), SHAPES[preset]).eval()


def _ratio(name: str, form: str, side: int) -> float:
    """Predicted need by the measured peak, of a run in a process of its own."""
    python = str(Path(film_recovery.__file__).parents[1])
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, name, form, str(side), python]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=240).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the bytes were measured on Linux")
@pytest.mark.parametrize(
    ("name", "form", "side"), [("closed form", "scripted", 640), ("small", "eager", 640)]
)
def test_a_run_takes_what_was_said(name, form, side):
    assert 1 <= _ratio(name, form, side) <= FACTOR


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the bytes were measured on Linux")
@pytest.mark.parametrize("form", ["eager", "scripted"])
@pytest.mark.parametrize(
    ("name", "side"), [("small", 1024), ("medium", 1024), ("large", 640), ("nafnet", 1024)]
)
def test_every_network_takes_what_was_said(name, side, form):
    assert 1 <= _ratio(name, form, side) <= FACTOR


@pytest.mark.parametrize("preset", SHAPES)
def test_the_largest_tile_fits_and_the_next_does_not(preset):
    model = _model(preset)
    for free in (2**28, 2**29, 2**30):
        tile = tile_for(model, 8000, 8000, free)
        assert tile is not None
        assert tile % GRID == 0
        # A tile is run with its overlap, which ends on the grid.
        assert needed(model, *[tile + 2 * (model.radius + GRID)] * 2) <= free
        assert needed(model, *[tile + 2 * (model.radius + 2 * GRID)] * 2) > free


def test_a_frame_that_fits_is_run_whole():
    assert tile_for(_model(), 1556, 2048, 2**34) is None
    assert tile_for(_model(), 1556, 2048) is None
    assert tile_for(torch.jit.script(_model()), 1556, 2048, 2**29) == tile_for(_model(), 1556, 2048, 2**29)


def test_too_little_memory_is_named():
    with pytest.raises(FilmRecoveryError, match=r"needs 0\.0 GiB .* 0\.0 GiB are free"):
        tile_for(_model(), 1556, 2048, 2**14)
    with torch.device("meta"):
        network = Nafnet()
    with pytest.raises(FilmRecoveryError, match=r"needs \d\.\d GiB of memory for a frame of 4096 × 3112"):
        tile_for(network, 3112, 4096, 2**30)
    assert tile_for(network, 3112, 4096, 7 * 2**30) is None


def test_the_usual_tile_depends_on_the_model_only(monkeypatch):
    """Two runs of a render make the same tiles, whatever else the machine does, as long as one fits."""
    assert [usual_tile(radius) for radius in (0, 64, 65, 130)] == [512, 512, 528, 1040]
    model = _model()
    for free in (None, 2**30, 2**36):
        monkeypatch.setattr(share, "available", lambda free=free: free)
        assert render_tile(model, 1556, 2048, model.radius) == 512
        assert render_tile(model, 500, 512, model.radius) is None
        assert render_tile(model, 1556, 2048, model.radius, limit=1024) == 1024


def test_memory_is_the_upper_limit(monkeypatch):
    model = _model()
    monkeypatch.setattr(share, "available", lambda: 2**26)
    tile = render_tile(model, 1556, 2048, model.radius)
    assert tile is not None
    assert GRID <= tile < 512
    assert render_tile(model, 1556, 2048, model.radius, limit=4096) == tile


def test_what_is_free_is_read_where_the_system_says_it():
    free = share.available()
    assert free is None or 2**20 < free < 2**50
    assert (free is None) == (not Path("/proc/meminfo").exists())


def test_what_a_render_began_with_holds_until_its_end(monkeypatch):
    """Tiles of other sizes are other bytes: memory that runs short meanwhile changes none."""
    model = _model()
    with share.kept_to(2**31):
        monkeypatch.setattr(share, "available", lambda: 2**26)
        assert render_tile(model, 1556, 2048, model.radius) == 512
    assert (render_tile(model, 1556, 2048, model.radius) or 0) < 512


def test_of_several_processes_none_takes_smaller_tiles_than_one_would():
    model = _model()
    with share.kept_to(2**27, 4):
        with pytest.raises(
            FilmRecoveryError, match=r"4 processes have 0\.1 GiB .* a tile of 512 pixels"
        ) as refused:
            render_tile(model, 1556, 2048, model.radius)
        assert "fewer --workers" in refused.value.remedy
    with share.kept_to(2**31, 4):
        assert render_tile(model, 1556, 2048, model.radius) == 512


def test_as_many_tiles_at_once_as_there_are_threads_and_room(monkeypatch):
    model = _model()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    side = 512 + 2 * (model.radius + GRID)
    with share.kept_to(3 * needed(model, side, side)):
        assert tiles_at_once(model, 512, model.radius) == 3
        assert tiles_at_once(model, None, model.radius) == 1
    with share.kept_to(2**40):
        assert tiles_at_once(model, 512, model.radius) == 8
