"""What the project's tests share: a draft, a project made of it, and the golden files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from film_recovery import project

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(scope="session")
def draft() -> project.Draft:
    """A colour project with three pairs; its reference lies outside."""
    source = project.Element("scans/print.####.exr", 1001, 1100, 2048, 1556, title="Print", gauge="35 mm")
    reference = replace(source, file="/scans/dvd.####.exr", type="DVD", authorisation="letter of 3 May")
    return project.Draft(
        film="Nightfall",
        recipe="colour-reference",
        elements={"source": source, "reference": reference},
        shot="010",
        pairs=(
            project.PairOf(1001, 1001, "foliage"),
            project.PairOf(1040, 1040),
            project.PairOf(1080, 1080, shot="020"),
        ),
        hold_out=(project.PairOf(1100, 1100, "skin: warm # light"),),
        alignment=project.Alignment(((0.0, 0.5), (1.0, -2.0), (0.0, 0.0)), live_area=(10, 20, 2000, 1500)),
        tolerances={"training.clamp_share": {"share": 0.12}},
        reasoning="The DVD kept its dyes.\n\nThe print did not.",
    )


@pytest.fixture
def made(tmp_path: Path, draft: project.Draft) -> project.Project:
    """The draft as a project on disk."""
    return project.create(tmp_path / "film", draft)


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Makes a folder read-only until the test ends; for root, who may write anyway, by becoming nobody."""
    changed: list[tuple[Path, int]] = []
    am_root = os.geteuid() == 0

    def make(folder: Path) -> None:
        for path in (folder, *(folder.parents if am_root else ())):
            changed.append((path, path.stat().st_mode))
            path.chmod(0o555 if path == folder else path.stat().st_mode | 0o011)
        if am_root:
            os.seteuid(65534)

    yield make
    if am_root:
        os.seteuid(0)
    for path, mode in changed:
        path.chmod(mode)
