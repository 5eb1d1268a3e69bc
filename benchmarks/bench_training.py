"""What a training step costs and what it buys: our networks beside the peers that an operator could use instead.

    python benchmarks/bench_training.py [--photographs FOLDER] [--nafnet CHECKOUT] [--seconds 60] [--steps 5]

Peers: a U-Net of the shape that TuNet trains (31.4 M parameters at width 64; written anew here from that shape), and
with ``--nafnet``, a checkout of https://github.com/megvii-research/NAFNet, the published NAFNet-32 as its authors
wrote it. The same patches for all, one run, steps of all networks in turn, so that a busy machine slows all alike.

Prints one JSON object: for each network parameters, the median step (forward, backward, AdamW) and its ratio to the
U-Net's; then, after ``--seconds`` of processor time of training each, PSNR (dB, encoded, 0–1) on a photograph that
none was trained on, and what the picture had before. Photographs: by default the project's own; a simulated fade.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import film_recovery
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.network import SHAPES, Network

PHOTOGRAPHS = Path(film_recovery.__file__).parent / "demo" / "photographs"
PATCH, BATCH = 128, 4


class UNet(nn.Module):
    """A U-Net of five levels, two convolutions with batch normalisation at each, bilinear on the way up."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        sides = [width * 2**level for level in range(5)]
        self.down = nn.ModuleList(_twice(a, b) for a, b in zip([3, *sides[:-1]], sides, strict=True))
        self.up = nn.ModuleList(_twice(a + b, b) for a, b in zip(sides[:0:-1], sides[-2::-1], strict=True))
        self.last = nn.Conv2d(width, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for block in self.up:
            beside = kept.pop()
            raised = functional.interpolate(x, beside.shape[2:], mode="bilinear", align_corners=True)
            x = block(torch.cat([beside, raised], 1))
        result: Tensor = self.last(x)
        return result


def _twice(given: int, made: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (given, made):
        layers += [nn.Conv2d(channels, made, 3, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """One of our small networks alone, without closed form: what is compared here is the network."""

    def __init__(self, preset: str) -> None:
        super().__init__()
        self.network = Network(SHAPES[preset], 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.network(x)
        return result


def upstream(checkout: Path) -> nn.Module:
    """The published class out of a checkout; its logger, which needs the whole of BasicSR, is left out."""
    for name, folder in (
        ("", "basicsr"),
        (".models", "basicsr/models"),
        (".models.archs", "basicsr/models/archs"),
    ):
        package = types.ModuleType(f"basicsr{name}")
        package.__path__ = [str(checkout / folder)]
        sys.modules[package.__name__] = package
    utils: Any = types.ModuleType("basicsr.utils")
    utils.get_root_logger = lambda: None
    sys.modules[utils.__name__] = utils
    module = importlib.import_module("basicsr.models.archs.NAFNet_arch")
    network: nn.Module = module.NAFNet(3, 32, 12, [2, 2, 4, 8], [2, 2, 2, 2])
    return network


def networks(checkout: Path | None) -> dict[str, Callable[[], nn.Module]]:
    """How each network of the comparison is made."""
    made: dict[str, Callable[[], nn.Module]] = {
        "unet64": UNet,
        "small": lambda: Residual("small"),
        "medium": lambda: Residual("medium"),
        "nafnet32": Nafnet,
    }
    if checkout is not None:
        made["upstream nafnet32"] = lambda: upstream(checkout)
    return made


def faded(photograph: np.ndarray) -> np.ndarray:
    """Dyes that lost density and leaked into one another, and a little grain; encoded, 0–1."""
    density = -np.log10(np.maximum(photograph**2.2, 1e-3))
    kept = np.array([[0.55, 0.02, 0.03], [0.06, 0.80, 0.05], [0.03, 0.08, 0.70]])
    light = 10 ** -(density @ kept.T + np.array([0.05, 0.02, 0.08]))
    grain = np.random.default_rng(1).normal(0, 0.02, light.shape)
    return ((light * np.exp(grain)) ** (1 / 2.2)).astype(np.float32)


def photographs(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Faded and original, encoded RGB 0–1, of every picture in ``folder`` that is larger than a patch."""
    found = []
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path)) if path.suffix in {".png", ".jpg", ".jpeg", ".tif"} else None
        if picture is not None and min(picture.shape[:2]) > PATCH:
            original = np.ascontiguousarray(picture[:, :, ::-1], np.float32) / 255
            found.append((faded(original), original))
    if len(found) < 2:
        raise SystemExit(f"{folder} holds {len(found)} pictures larger than {PATCH} pixels; two are needed.")
    return found


def batches(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Patches without end, the same ones at every call."""
    random = np.random.default_rng(0)
    while True:
        sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for _ in range(BATCH):
            pair = pairs[random.integers(len(pairs))]
            height, width = pair[0].shape[:2]
            y, x = random.integers(height - PATCH), random.integers(width - PATCH)
            for side, picture in zip(sides, pair, strict=True):
                side.append(picture[y : y + PATCH, x : x + PATCH].transpose(2, 0, 1))
        given, truth = (torch.from_numpy(np.stack(side)) for side in sides)
        yield given, truth


class Training:
    """A network that learns, and how long its steps took."""

    def __init__(self, make: Callable[[], nn.Module], pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
        torch.manual_seed(0)
        # Upstream as upstream trains: its own layer normalisation, channels first.
        self.network = make()
        if type(self.network).__module__.startswith(("film_recovery", "__main__")):
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-3, betas=(0.9, 0.9))
        self.batches = batches(pairs)
        self.wall: list[float] = []
        self.processor = 0.0

    def step(self) -> None:
        given, truth = next(self.batches)
        self.network.train()
        wall, processor = time.perf_counter(), time.process_time()
        loss = (self.network(given) - truth).abs().mean()
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.wall.append(time.perf_counter() - wall)
        self.processor += time.process_time() - processor

    def psnr(self, pair: tuple[np.ndarray, np.ndarray]) -> float:
        """dB on a whole picture, cut to a multiple of 32 pixels and at most 512."""
        self.network.eval()
        given, truth = (torch.from_numpy(side.transpose(2, 0, 1).copy())[None] for side in pair)
        height, width = (min(512, side // 32 * 32) for side in given.shape[2:])
        with torch.no_grad():
            result = self.network(given[:, :, :height, :width])
        return float(-10 * torch.log10((result - truth[:, :, :height, :width]).square().mean()))


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--photographs", type=Path, default=PHOTOGRAPHS, help="the last one is held out")
    options.add_argument("--nafnet", type=Path, help="a checkout of megvii-research/NAFNet")
    options.add_argument("--seconds", type=float, default=60.0, help="processor time of training for each")
    options.add_argument("--steps", type=int, default=5, help="measured steps of each, at least")
    asked = options.parse_args()
    *pairs, held_out = photographs(asked.photographs)
    trainings = {name: Training(make, pairs) for name, make in networks(asked.nafnet).items()}
    for _ in range(asked.steps + 1):  # the first is not counted
        for training in trainings.values():
            training.step()
    seconds = {name: statistics.median(training.wall[1:]) for name, training in trainings.items()}
    result = {}
    before = float(-10 * np.log10(np.mean((held_out[0] - held_out[1]) ** 2)))
    for name, training in trainings.items():
        while training.processor < asked.seconds:
            training.step()
        result[name] = {
            "parameters": sum(weight.numel() for weight in training.network.parameters()),
            "step_seconds": round(seconds[name], 3),
            "ratio": round(seconds[name] / seconds["unet64"], 3),
            "steps": len(training.wall),
            "psnr": round(training.psnr(held_out), 2),
        }
    about = {"patch": PATCH, "batch": BATCH, "threads": torch.get_num_threads(), "torch": torch.__version__}
    print(json.dumps({"bench": "training", **about, "psnr_before": round(before, 2), "networks": result}))


if __name__ == "__main__":
    main()
