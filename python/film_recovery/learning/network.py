"""The network: a small NAFNet that adds to a closed form what the closed form cannot do.

:class:`Recovery` is what is trained, exported and run: a closed form, the network's residual on its encoded
result, and the identity lock around both. The network's last layer starts at zero, so before the first step
the model *is* the closed form, bit by bit.

The blocks are those of NAFNet (Chen, Chu, Zhang, Sun, "Simple Baselines for Image Restoration", ECCV 2022,
arXiv:2204.04676) without the channel attention: its pooling over the whole picture would make every pixel
depend on every other, and tiles would differ from the frame. Without it the receptive radius is finite and
:func:`receptive_radius` knows it. Layers normalise over channels only, at each pixel. Everything can be
scripted, and runs in PyTorch 1.12.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.polynomial import ColourPolynomial
from film_recovery.learning.tiling import GRID

ClosedForm = ColourPolynomial | LumaFilter


@dataclass(frozen=True)
class Shape:
    """How a network is built.

    ``width``: channels at the first level; each level below has twice as many at half the resolution.
    ``encoder``, ``decoder``: blocks at each level on the way down and up. ``middle``: blocks at the bottom.
    ``fold``: side of the squares of pixels that are folded into channels first (1: none), for speed.
    """

    width: int
    encoder: tuple[int, ...]
    middle: int
    decoder: tuple[int, ...]
    fold: int = 1

    def __post_init__(self) -> None:
        if len(self.encoder) != len(self.decoder):
            raise ValueError("encoder and decoder have different numbers of levels")
        if self.fold < 1 or GRID % self.step:
            raise ValueError(f"a grid of {self.step} pixels does not divide {GRID}")

    @property
    def step(self) -> int:
        """Side of the grid, in pixels, on which the network is the same everywhere."""
        return self.fold * 2 ** len(self.encoder)


SHAPES = {
    "small": Shape(32, (1,), 1, (1,), fold=2),
    "medium": Shape(32, (1, 1, 1), 2, (1, 1, 1), fold=2),
    "large": Shape(32, (1, 1, 2, 4), 4, (1, 1, 1, 1)),
}


class Block(nn.Module):
    """NAFNet's block without channel attention: N×C×H×W → same shape. Reaches one pixel further each way."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(channels)
        self.conv1 = nn.Conv2d(channels, 2 * channels, 1)
        self.conv2 = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.conv3 = nn.Conv2d(channels, channels, 1)
        self.norm2 = ChannelNorm(channels)
        self.conv4 = nn.Conv2d(channels, 2 * channels, 1)
        self.conv5 = nn.Conv2d(channels, channels, 1)
        # Zero, as published, would leave a block idle at first; the last layer's zero is enough to start as
        # the closed form, and short trainings gain 0.2 dB.
        self.beta = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))
        self.gamma = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.conv3(gate(self.conv2(self.conv1(self.norm1(x))))) * self.beta
        return x + self.conv5(gate(self.conv4(self.norm2(x)))) * self.gamma


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of each pixel: N×C×H×W → same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        # In channels_last, the permutations are views.
        rows = functional.layer_norm(x.permute(0, 2, 3, 1), [self.channels], self.weight, self.bias, 1e-6)
        return rows.permute(0, 3, 1, 2)


def gate(x: Tensor) -> Tensor:
    """NAFNet's SimpleGate: one half of the channels times the other."""
    a, b = x.chunk(2, 1)
    return a * b


class Network(nn.Module):
    """N×``inputs``×H×W → N×``outputs``×H×W, any H and W; zero until trained."""

    def __init__(self, shape: Shape, inputs: int, outputs: int) -> None:
        super().__init__()
        self.step, self.fold = shape.step, shape.fold
        folded = shape.fold**2
        self.intro = nn.Conv2d(inputs * folded, shape.width, 3, padding=1)
        self.encoders, self.downs = nn.ModuleList(), nn.ModuleList()
        self.ups, self.decoders = nn.ModuleList(), nn.ModuleList()
        width = shape.width
        for blocks in shape.encoder:
            self.encoders.append(_blocks(width, blocks))
            self.downs.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width *= 2
        self.middle = _blocks(width, shape.middle)
        for blocks in reversed(shape.decoder):
            self.ups.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width //= 2
            self.decoders.append(_blocks(width, blocks))
        self.ending = nn.Conv2d(shape.width, outputs * folded, 3, padding=1)
        for parameter in self.ending.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        height, width = features.shape[2], features.shape[3]
        below, beside = -height % self.step, -width % self.step
        if below > 0 or beside > 0:
            features = functional.pad(features, [0, beside, 0, below], "replicate")
        if self.fold > 1:
            features = functional.pixel_unshuffle(features, self.fold)
        x = self.intro(features.contiguous(memory_format=torch.channels_last))
        kept: list[Tensor] = []
        for encoder, down in zip(self.encoders, self.downs, strict=False):
            x = encoder(x)
            kept.append(x)
            x = down(x)
        x = self.middle(x)
        for up, decoder in zip(self.ups, self.decoders, strict=False):
            x = decoder(up(x) + kept.pop())
        x = self.ending(x)
        if self.fold > 1:
            x = functional.pixel_shuffle(x, self.fold)
        return x[:, :, :height, :width]


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


class Recovery(nn.Module):
    """A closed form with a network on top: N×3×H×W graph values → same shape, the lock inside.

    ``low``, ``high`` (1): encoded values seen in training. What the network *sees* is limited to them, so that
    a highlight brighter than any in training changes as the brightest one that was seen.
    """

    def __init__(self, base: ClosedForm, shape: Shape, extra: int = 0) -> None:
        """``extra``: planes that the network sees besides colours (``models.PlacedRecovery``)."""
        super().__init__()
        self.recipe, self.curve = base.recipe, base.curve
        self.radius = base.radius + receptive_radius(shape)
        self.base = base
        self.network = Network(shape, 3 + base.channels + extra, base.channels)
        self.low = nn.Buffer(torch.zeros(1))
        self.high = nn.Buffer(torch.ones(1))

    def forward(self, rgb: Tensor) -> Tensor:
        before = self.base.values(rgb)
        start = before + self.base.step(before)
        after = start + self.network(self.seen(rgb, start))
        return self.base.changed(rgb, self.curve.decode(after) - self.curve.decode(before))

    def seen(self, rgb: Tensor, start: Tensor) -> Tensor:
        """What the network sees of the colours: encoded, before and after the closed form, limited."""
        features = torch.cat([self.curve.encode(rgb), start], 1)
        return torch.max(torch.min(features, self.high), self.low)


def receptive_radius(shape: Shape) -> int:
    """How many pixels away, at most, an input can lie that an output of a network of ``shape`` depends on.

    Exact: the span that a pixel needs is followed backwards through the layers, for each place that the pixel
    can have on the network's grid.
    """
    spans = [_needed(shape, place // shape.fold) for place in range(shape.step)]
    return max(
        max(place - first * shape.fold, (last + 1) * shape.fold - 1 - place)
        for place, (first, last) in enumerate(spans)
    )


def _needed(shape: Shape, pixel: int) -> tuple[int, int]:
    """First and last (folded) input pixel, along one axis, that output ``pixel`` depends on."""

    def at_level(level: int, first: int, last: int) -> tuple[int, int]:
        if level == len(shape.encoder):
            return first - shape.middle, last + shape.middle
        first, last = first - shape.decoder[level], last + shape.decoder[level]
        below_first, below_last = at_level(level + 1, first // 2, last // 2)
        first, last = min(first, 2 * below_first), max(last, 2 * below_last + 1)
        return first - shape.encoder[level], last + shape.encoder[level]

    first, last = at_level(0, pixel - 1, pixel + 1)
    return first - 1, last + 1
