"""A fitted LUT: it finds the colours that were put in, it rises, and OpenColorIO reads the file as we apply it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PyOpenColorIO as ocio
import pytest

from film_recovery.analysis.baselines import fit_cube
from film_recovery.analysis.colour_lattice import ColourLattice
from film_recovery.analysis.cube import Cube, cube_of
from film_recovery.errors import FilmRecoveryError

RANDOM = np.random.default_rng(21)


def colours(*size: int) -> np.ndarray:
    return RANDOM.random((*size, 3)).astype(np.float32)


def warmer(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture ** np.float32([0.8, 1.0, 1.2]), 0, 1)


def test_the_match_that_made_the_truth_is_found() -> None:
    pairs = [(given, warmer(given)) for given in (colours(60, 80), colours(50, 70))]
    made = fit_cube(iter(pairs))
    fresh = 0.05 + 0.9 * colours(40, 50)
    assert np.abs(made.apply(fresh) - warmer(fresh)).mean() < 0.004
    assert np.abs(fresh - warmer(fresh)).mean() > 0.03
    with pytest.raises(FilmRecoveryError, match="no pair"):
        fit_cube([])


def test_opencolorio_reads_the_file_as_it_is_applied(tmp_path: Path) -> None:
    pairs = [(given, warmer(given)) for given in (colours(60, 80),)]
    made = fit_cube(pairs)
    file = tmp_path / "match.cube"
    text = made.text('Reel "2"\nwarm', ["Film: Reel\n2", "LUT_3D_SIZE 2"])
    file.write_text(text, encoding="utf-8")
    transform = ocio.FileTransform(str(file), interpolation=ocio.INTERP_LINEAR)
    processor = ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
    given = np.concatenate(
        [colours(64, 64), np.float32([[[0, 0, 0], [1, 1, 1], [1, 0, 0]]]).repeat(64, 0)], 1
    )
    theirs = given.reshape(-1, 3).copy()
    processor.applyRGB(theirs)
    np.testing.assert_allclose(made.apply(given).reshape(-1, 3), theirs, atol=2e-6)
    said = ['TITLE "Reel  2  warm"', "# Film: Reel 2", "# LUT_3D_SIZE 2", "LUT_3D_SIZE 33"]
    assert file.read_text("utf-8").splitlines()[:4] == said


def test_red_changes_fastest() -> None:
    table = np.zeros((2, 2, 2, 3), np.float32)
    table[1, 0, 0] = (0.5, 0, 0)
    rows = Cube(table).text("x").splitlines()[4:]
    assert rows[1] == "0.5000000 0.0000000 0.0000000"


def test_no_channel_falls_where_it_rises() -> None:
    """A lattice with a dip, as noise and too few pixels make it."""
    change = np.zeros((5, 5, 5, 3))
    change[2, ..., 0] = 0.3
    change[3, ..., 0] = -0.3
    lattice = ColourLattice(np.zeros(3), np.ones(3), change)
    grid = np.linspace(0, 1, 33, dtype=np.float32)
    line = np.stack([grid, np.full(33, 0.5, np.float32), np.full(33, 0.5, np.float32)], axis=-1)
    assert np.diff(lattice.apply(line)[:, 0]).min() < -0.01
    assert np.diff(cube_of(lattice).apply(line)[:, 0]).min() >= 0


def test_values_beyond_0_1_are_looked_up_at_its_ends() -> None:
    made = fit_cube([(given := colours(60, 80), warmer(given))])
    beyond = np.float32([[[-0.5, 0.5, 2.0]]])
    np.testing.assert_allclose(made.apply(beyond), made.apply(np.clip(beyond, 0, 1)))
    with pytest.raises(FilmRecoveryError, match="not finite"):
        made.apply(np.full((2, 2, 3), np.nan, np.float32))
