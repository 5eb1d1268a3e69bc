"""A U-Net in the shape of TuNet's, to compare with: five levels, two convolutions each, batch normalisation.

Written anew from the shape alone (TuNet: https://github.com/emlcpfx/tunet): 3×3 convolutions without bias, maximum
pooling on the way down, bilinear enlargement and the skipped features on the way up, a 1×1 convolution at the end;
values −1 … 1 inside. Width 64 has 31.4 million parameters. It predicts encoded red, green and blue from encoded red,
green and blue: no closed form, no residual, no identity lock. Its result is limited to 0–1 when it is used, not while
it learns.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 5


class UNet(nn.Module):
    """N×3×H×W encoded values → same shape, for sides of 16 pixels or more."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS)]
        self.first = _convolutions(3, width)
        self.down = nn.ModuleList(_convolutions(above, below) for above, below in pairwise(widths))
        self.up = nn.ModuleList(
            _convolutions(above + below, above) for above, below in reversed(list(pairwise(widths)))
        )
        self.last = nn.Conv2d(width, 3, 1)

    def forward(self, encoded: Tensor) -> Tensor:
        features = [self.first(encoded * 2 - 1)]
        for block in self.down:
            features.append(block(functional.max_pool2d(features[-1], 2)))
        x = features.pop()
        for block in self.up:
            beside = features.pop()
            size = [beside.shape[2], beside.shape[3]]
            wide = functional.interpolate(x, size, mode="bilinear", align_corners=True)
            x = block(torch.cat([beside, wide], 1))
        result: Tensor = self.last(x) / 2 + 0.5
        return result


def _convolutions(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
