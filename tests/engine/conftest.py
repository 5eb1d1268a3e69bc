"""A small film on disk: two elements of the same moments, and the graph that recovers one from the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import graph
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

PHOTOGRAPHS = Path(graph.__file__).parents[1] / "demo" / "photographs"


@dataclass(frozen=True)
class Film:
    folder: Path
    spec: graph.GraphSpec

    def script(self, **changes: object) -> Path:
        """The graph on disk; ``changes`` replace fields of the spec."""
        path = self.folder / "graph.nk"
        path.write_text(graph.recovery_graph(replace(self.spec, **changes)), encoding="utf-8")
        return path

    @property
    def model(self) -> Path:
        return self.folder / "training" / "model.0.pt"


def make_film(folder: Path, recipe: str) -> Film:
    photograph = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[..., ::-1].astype(np.float32) / 255
    for number in range(1, 9):
        clean = photograph[20 + 4 * number : 20 + 4 * number + 120, 40 + 9 * number : 40 + 9 * number + 160]
        if recipe == "spatial":
            source = cv2.GaussianBlur(clean, (0, 0), 1.2)
        else:
            source = np.clip(clean ** np.array([0.6, 0.95, 0.8], np.float32), 0, 1)
        for name, picture in (("source", source), ("reference", clean)):
            path = folder / "elements" / name / f"{name}.{number:04d}.exr"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_frame(Frame.from_array(picture, top_down=True), path, datatype="half")
    element = graph.Element(str(folder / "elements" / "source" / "source.####.exr"), 1, 8, 160, 120)
    spec = graph.GraphSpec(
        recipe=recipe,
        source=element,
        reference=replace(element, file=str(folder / "elements" / "reference" / "reference.####.exr")),
        pairs=[(1, 1), (3, 3), (5, 5), (7, 7)],
        preview=4,
        output=str(folder / "render" / "recovered.####.exr"),
        data_directory=str(folder / "training"),
        model_file=str(folder / "training" / "model.0.cat"),
        live_area=(4, 6, 150, 110),
    )
    return Film(folder, spec)


@pytest.fixture(params=["spatial", "colour"])
def film(request: pytest.FixtureRequest, tmp_path: Path) -> Film:
    return make_film(tmp_path, request.param)


@pytest.fixture
def spatial_film(tmp_path: Path) -> Film:
    return make_film(tmp_path, "spatial")
