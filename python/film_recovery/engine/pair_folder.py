"""Pairs from two folders: ``source/`` and ``target/``, one file a picture, matched by their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import RGB, Pixels
from film_recovery.learning.pairs import Pair

SUFFIXES = (".exr", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".dpx")
_NAMED = 5  # files that a message lists


class FolderPairs:
    """The pairs in ``folder``: ``source/NAME.*`` with ``target/NAME.*``, in the order of their names (a PairSource).

    Values are those in the files: scene-linear in an EXR as a rule, encoded 0–1 in an integer file. Raises
    FilmRecoveryError naming the files that have no partner, two files of one name, or a missing folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sides = [_pictures(folder / name) for name in ("source", "target")]
        for here, there, name in ((0, 1, "target"), (1, 0, "source")):
            alone = [file.name for stem, file in sides[here].items() if stem not in sides[there]]
            if alone:
                raise FilmRecoveryError(
                    f"{len(alone)} pictures have no partner in {name}: {', '.join(alone[:_NAMED])}"
                    f"{' …' if len(alone) > _NAMED else ''}.",
                    file=str(folder / name),
                    remedy="give both pictures of a pair the same name, and remove those without a partner",
                )
        self.files = [(sides[0][stem], sides[1][stem]) for stem in sorted(sides[0])]

    def __len__(self) -> int:
        return len(self.files)

    @property
    def labels(self) -> list[str]:
        return [source.stem for source, _ in self.files]

    def __getitem__(self, index: int, /) -> Pair:
        source, target = self.files[index]

        return Pair(_rgb(source), _rgb(target), source.stem)


def _rgb(file: Path) -> Pixels:
    """H×W×3, top row first."""
    frame = read_frame(file)
    missing = [name for name in RGB if name not in frame.channels]
    if missing:
        raise FilmRecoveryError(
            f"The picture has no {', '.join(missing)}.",
            file=str(file),
            remedy="save it as red, green and blue",
        )
    return np.ascontiguousarray(frame.select(RGB)[::-1])


def _pictures(folder: Path) -> dict[str, Path]:
    """The pictures in ``folder`` by stem. Hidden files and files of other kinds are passed over."""
    if not folder.is_dir():
        raise FilmRecoveryError(
            f"There is no folder {folder.name}.",
            file=str(folder),
            remedy="a folder of pairs holds source/ and target/",
        )
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in SUFFIXES or file.name.startswith("."):
            continue
        if file.stem in found:
            raise FilmRecoveryError(
                f"{found[file.stem].name} and {file.name} have the same name.",
                file=str(file),
                remedy="keep one of them",
            )
        found[file.stem] = file
    return found
