"""NAFNet as published, for weights that others have trained and for training from the start.

Chen, Chu, Zhang, Sun, "Simple Baselines for Image Restoration", ECCV 2022, arXiv:2204.04676. The names and
shapes of the weights are the published ones, so a published file loads strictly, and with ``pooling="global"``
the outputs are the published ones. ``models.py`` puts the identity lock around it.

Its channel attention takes the mean over the whole picture. Two consequences, and what is done about each:

* Weights trained on patches meet other means on a whole frame. ``pooling="local"`` takes them over a window of
  1.5 training patches around each pixel, shifted inwards at the borders (Chu, Chen, Chen, Lu, "Improving Image
  Restoration by Revisiting Global Information Aggregation", ECCV 2022, arXiv:2112.04491). On a picture no
  larger than the window both are the same, so training may use either.
* Tiles of a frame differ from the frame, however much they overlap. So a frame is never cut: outside training,
  each *block* works through the whole frame in strips, in place, and only two maps of a level (what enters
  the block, and what is pooled) are held whole. The means are summed in float64 as the strips pass (float32
  where a device has no float64). The strips depend on the picture's size only, never on the machine.
"""

from __future__ import annotations

import copy
import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.network import ChannelNorm, Shape, gate, receptive_radius

POOLINGS = ("global", "local")
# What published files may keep their weights under, in the order in which they are looked for.
_KEYS = ("params", "params_ema")
# Values of one map in a strip: 16 MB of float32, some twenty of which are at work at a time.
STRIP = 2**22


class Nafnet(nn.Module):
    """N×3×H×W encoded values → same shape, any H and W. The default is the published NAFNet-32 (SIDD).

    ``encoder``, ``decoder``: blocks at each level, in the order in which a picture passes them. GoPro's
    variant: ``Nafnet(32, (1, 1, 1, 28), 1, (1, 1, 1, 1))``. ``patch``: side of the training patches, which
    local pooling measures its window by.

    ``radius``: how far the convolutions reach, in pixels. Pooling reaches further, so tiles with that overlap
    are not the frame: ``whole`` tells a tiler to run the frame at once. In evaluation without gradients that
    needs little memory (see the module's docstring).
    """

    def __init__(
        self,
        width: int = 32,
        encoder: tuple[int, ...] = (2, 2, 4, 8),
        middle: int = 12,
        decoder: tuple[int, ...] = (2, 2, 2, 2),
        *,
        pooling: str = "global",
        patch: int = 256,
    ) -> None:
        super().__init__()
        shape = Shape(width, encoder, middle, decoder[::-1])
        self.whole = True
        self.strip = STRIP
        self.grid = shape.step
        self.radius = receptive_radius(shape)
        self.intro = nn.Conv2d(3, width, 3, padding=1)
        self.ending = nn.Conv2d(width, 3, 3, padding=1)
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        self.ups, self.downs = nn.ModuleList(), nn.ModuleList()
        for blocks in encoder:
            self.encoders.append(_blocks(width, blocks))
            self.downs.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width *= 2
        self.middle_blks = _blocks(width, middle)
        for blocks in decoder:
            self.ups.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width //= 2
            self.decoders.append(_blocks(width, blocks))
        self._pool(pooling, patch)

    def with_pooling(self, pooling: str, patch: int = 256) -> Nafnet:
        """A copy with the same weights that pools ``global`` or ``local`` (by training patches of ``patch``)."""
        other = copy.deepcopy(self)
        other._pool(pooling, patch)
        return other

    @torch.jit.unused
    def _pool(self, pooling: str, patch: int) -> None:
        if pooling not in POOLINGS:
            raise FilmRecoveryError(
                f"There is no pooling {pooling!r}.", remedy=f"choose {' or '.join(POOLINGS)}"
            )
        if patch < 1:
            raise FilmRecoveryError(f"A training patch of {patch} pixels.", remedy="choose 1 or more")
        self.pooling, self.patch = pooling, patch
        trained = -(-patch // self.grid) * self.grid  # as the network pads it
        each_level = [*zip(self.encoders, reversed(self.decoders), strict=True), (self.middle_blks,)]
        for level, parts in enumerate(each_level):
            window = (trained >> level) * int(1.5 * patch) // patch if pooling == "local" else 0
            for part in parts:
                for block in part.modules():
                    if isinstance(block, Block):
                        block.window = window

    def forward(self, picture: Tensor) -> Tensor:
        height, width = picture.shape[2], picture.shape[3]
        # Zeros below and at the right, as published; the convolutions see zeros on the other sides too.
        padded = functional.pad(picture, [0, -width % self.grid, 0, -height % self.grid])
        padded = padded.contiguous(memory_format=torch.channels_last)
        x = self.intro(padded)
        kept: list[Tensor] = []
        for encoder, down in zip(self.encoders, self.downs, strict=False):
            x = encoder(x)
            kept.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for up, decoder in zip(self.ups, self.decoders, strict=False):
            if self.training or x.requires_grad:
                x = up(x) + kept.pop()
            else:
                raised = kept.pop()
                rows = strip_rows(x, self.strip)
                for top in range(0, x.shape[2], rows):
                    bottom = min(top + rows, x.shape[2])
                    raised[:, :, 2 * top : 2 * bottom] += up(x[:, :, top:bottom])
                x = raised
            x = decoder(x)
        return (self.ending(x) + padded)[:, :, :height, :width]


class Block(nn.Module):
    """NAFNet's block: N×C×H×W → same shape. In evaluation, without gradients, it changes its input in place.

    ``window``: side of the window of local pooling at this level, in its pixels; 0 for the whole picture.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.window = 0
        self.strip = STRIP
        self.norm1 = ChannelNorm(channels)
        self.conv1 = nn.Conv2d(channels, 2 * channels, 1)
        self.conv2 = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1))
        self.conv3 = nn.Conv2d(channels, channels, 1)
        self.norm2 = ChannelNorm(channels)
        self.conv4 = nn.Conv2d(channels, 2 * channels, 1)
        self.conv5 = nn.Conv2d(channels, channels, 1)
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2], x.shape[3]
        whole = self.window == 0 or (self.window >= height and self.window >= width)
        if not (self.training or x.requires_grad):
            return self.in_strips(x, whole)
        gated = self.gated(x)
        if whole:
            return self.finished(x, gated, gated.mean([2, 3], keepdim=True))
        means, _ = window_means(gated, self.window, 0, height, first_window(gated, self.window, height))
        return self.finished(x, gated, means)

    def in_strips(self, x: Tensor, whole: bool) -> Tensor:
        """:meth:`forward`, strip by strip: the first pass makes what is pooled, the second changes ``x``."""
        height = x.shape[2]
        rows = strip_rows(x, self.strip)
        gated = torch.empty_like(x)
        total = wide_zeros([x.shape[0], x.shape[1]], x)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            above = max(top - 1, 0)  # the 3 × 3 convolution sees one row more on each side
            strip = self.gated(x[:, :, above : min(bottom + 1, height)])[:, :, top - above : bottom - above]
            gated[:, :, top:bottom] = strip
            if whole:
                total += strip.sum([2, 3], dtype=total.dtype)
        means = (total / (height * x.shape[3])).to(x.dtype)[:, :, None, None]
        sums = total if whole else first_window(gated, self.window, rows)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            if not whole:
                means, sums = window_means(gated, self.window, top, bottom, sums)
            x[:, :, top:bottom] = self.finished(x[:, :, top:bottom], gated[:, :, top:bottom], means)
        return x

    def gated(self, x: Tensor) -> Tensor:
        """What is pooled, and scaled by what the pool says."""
        return gate(self.conv2(self.conv1(self.norm1(x))))

    def finished(self, x: Tensor, gated: Tensor, means: Tensor) -> Tensor:
        """The block's result from its input, :meth:`gated` of it, and the means of that."""
        x = x + self.conv3(gated * self.sca[1](means)) * self.beta
        return x + self.conv5(gate(self.conv4(self.norm2(x)))) * self.gamma


def first_window(values: Tensor, window: int, rows: int) -> Tensor:
    """Sums over the rows of the topmost window, ``rows`` at a time: N×C×H×W → N×1×W×C, wide."""
    sums = wide_zeros([values.shape[0], 1, values.shape[3], values.shape[1]], values)
    end = min(window, values.shape[2])
    for top in range(0, end, rows):
        strip = values[:, :, top : min(top + rows, end)].permute(0, 2, 3, 1)
        sums = sums + strip.sum([1], keepdim=True, dtype=sums.dtype)
    return sums


def window_means(values: Tensor, window: int, top: int, bottom: int, sums: Tensor) -> tuple[Tensor, Tensor]:
    """Means over the window around each pixel of the rows ``top`` to ``bottom`` of ``values`` (N×C×H×W).

    At the borders the window is shifted inwards, never cut. ``sums``: those of the window of row ``top``, from
    :func:`first_window` or the call for the rows above. Returns means (N×C×rows×W) and the next ``sums``.
    """
    height, width = values.shape[2], values.shape[3]
    tall, wide = min(window, height), min(window, width)
    first = min(max(top - (tall - 1) // 2, 0), height - tall)
    last = min(max(bottom - (tall - 1) // 2, 0), height - tall)
    rows = values.permute(0, 2, 3, 1)
    change = rows[:, first + tall : last + tall].to(sums.dtype) - rows[:, first:last]
    sums = torch.cat([sums, sums + change.cumsum(1)], 1)
    along = functional.pad(sums.cumsum(2), [0, 0, 1, 0])
    means = ((along[:, :, wide:] - along[:, :, : width - wide + 1]) / (tall * wide)).to(values.dtype)
    across = (torch.arange(width, device=values.device) - (wide - 1) // 2).clamp(0, width - wide)
    down = (torch.arange(top, bottom, device=values.device) - (tall - 1) // 2).clamp(0, height - tall)
    means = means.index_select(1, down - first).index_select(2, across)
    return means.permute(0, 3, 1, 2), sums[:, -1:]


def wide_zeros(shape: list[int], like: Tensor) -> Tensor:
    """Zeros for sums over a picture: float64, on Apple's GPUs, which have none, float32."""
    if like.device.type == "mps":
        return torch.zeros(shape, dtype=torch.float32, device=like.device)
    return torch.zeros(shape, dtype=torch.float64, device=like.device)


def strip_rows(values: Tensor, strip: int) -> int:
    """Rows of N×C×H×W that are worked on at a time, for strips of ``strip`` values."""
    return max(2, strip // (values.shape[0] * values.shape[1] * values.shape[3]))


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(count)))


def load_published(path: str | Path, network: Nafnet | None = None) -> dict[str, Tensor]:
    """The weights in a published file (.pth), by name, float32, on the CPU: they fit ``network`` strictly.

    The file holds them bare, or under ``params`` or ``params_ema``. ``network``: what they are for, by default
    the published NAFNet-32. Nothing in the file is executed.

    Raises FilmRecoveryError, naming file and weights: a file that is missing, damaged, cut short or holds more
    than weights; a weight too many, too few, of another shape, or not finite.
    """
    path = Path(path)
    found = _weights(_loaded(path), path)
    with torch.device("meta"):
        expected = (network or Nafnet()).state_dict()
    wrong = [f"{name} is not in the file" for name in expected if name not in found]
    wrong += [f"{name} is unknown" for name in found if name not in expected]
    for name in expected:
        if name in found:
            value, shape = found[name], tuple(expected[name].shape)
            if not isinstance(value, Tensor) or not value.is_floating_point():
                wrong.append(f"{name} is no array of real numbers")
            elif tuple(value.shape) != shape:
                wrong.append(f"{name} is {_size(tuple(value.shape))}, not {_size(shape)}")
            elif not bool(torch.isfinite(value).all()):
                wrong.append(f"{name} holds values that are not finite")
    if wrong:
        raise FilmRecoveryError(
            f"The weights do not fit this NAFNet: {'; '.join(wrong[:5])}"
            f"{f'; and {len(wrong) - 5} more' if len(wrong) > 5 else ''}.",
            remedy="use a file of the same width and blocks (NAFNet-SIDD-width32.pth for nafnet32)",
            file=str(path),
        )
    return {name: found[name].to(torch.float32) for name in expected}


def _loaded(path: Path) -> object:
    try:
        data = path.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"its record {damaged} is damaged")
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unusable(path, str(error).partition("\n")[0]) from error
    except (pickle.UnpicklingError, zipfile.BadZipFile, EOFError, RuntimeError, KeyError, TypeError) as error:
        raise _unusable(path, "it is damaged, cut short, or holds more than weights") from error


def _weights(content: object, path: Path) -> Mapping[str, Tensor]:
    """The mapping from name to weight in what a file holds."""
    for key in _KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise _unusable(path, "it holds no weights by name")
    return content


def _unusable(path: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The published weights cannot be used: {reason}.",
        remedy="download the file again from where its authors publish it",
        file=str(path),
    )


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
