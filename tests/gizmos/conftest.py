"""A bench for blocks: float EXR plates, wired to a block as a Group and as a gizmo instance, saved, reloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import RGB, Box, Format, Frame


@dataclass(frozen=True)
class Bench:
    """Plates in ``folder``; every evaluation goes through a script that was saved and loaded again."""

    folder: Path

    def plate(
        self,
        name: str,
        pixels: NDArray[Any],
        *,
        format: Format | None = None,
        origin: tuple[int, int] = (0, 0),
        channels: Sequence[str] = RGB,
    ) -> Frame:
        """Writes ``pixels`` (H×W×C, lowest row first, its lower left corner at ``origin``)."""
        height, width = pixels.shape[:2]
        box = Box(origin[0], origin[1], origin[0] + width, origin[1] + height)
        shape = format or Format(width, height)
        frame = Frame(pixels.astype(np.float32), tuple(channels), shape, box)
        write_frame(frame, self.folder / f"{name}.exr", datatype="float")
        return frame

    def evaluator(
        self,
        gizmo: str,
        knobs: Mapping[str, str],
        feeds: Sequence[str | None],
        extra: str = "",
        reads: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Evaluator:
        """``feeds``: what is connected to the inputs, in their order. Nodes: the plates by name, those of
        ``extra``, ``Block`` (the Group) and ``Instance`` (the gizmo by its class name)."""
        parts = ['Root {\n inputs 0\n format "12 8 0 0 12 8 1 "\n}\n']
        parts += [
            self._read(path, (reads or {}).get(path.stem, {})) for path in sorted(self.folder.glob("*.exr"))
        ]
        parts.append(extra)
        pushes = "".join(f"push $Nplate_{feed}\n" if feed else "push 0\n" for feed in reversed(feeds))
        instance = nk.node_text(gizmo, {**knobs, "name": "Instance"}, inputs=len(feeds))
        parts += [pushes, graph.group(gizmo, "Block", dict(knobs), {}, (0, 0)), pushes, instance]
        file = self.folder / "shot.nk"
        nk.save(nk.parse("".join(parts)), file)
        return Evaluator(nk.load(file))

    def frame(
        self,
        gizmo: str,
        knobs: Mapping[str, str],
        feeds: Sequence[str | None],
        extra: str = "",
    ) -> Frame:
        """What the block gives; Group and instance must give the same to the last bit."""
        evaluator = self.evaluator(gizmo, knobs, feeds, extra)
        block, instance = evaluator.frame("Block", 1), evaluator.frame("Instance", 1)
        assert block.pixels.tobytes() == instance.pixels.tobytes()
        assert (block.format, block.bbox, block.channels) == (
            instance.format,
            instance.bbox,
            instance.channels,
        )
        return block

    @staticmethod
    def _read(path: Path, knobs: Mapping[str, str]) -> str:
        words = {"file": nk.quote(path.as_posix()), "raw": "true", "name": path.stem, **knobs}
        return nk.node_text("Read", words, inputs=0) + f"set Nplate_{path.stem} [stack 0]\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
