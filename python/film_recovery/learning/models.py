"""Which network a training's settings ask for, ready to be trained, exported and run.

small, medium and large are a ``network.Recovery`` on a closed form, or with the position input a
:class:`PlacedRecovery`; ``nafnet32`` is the published NAFNet in a :class:`Published`. All take and give graph values,
hold the identity lock, change before the first step what their closed form changes (nafnet32: nothing), and know their
``recipe``, ``curve``, ``radius``, and the range ``low`` … ``high`` of encoded values seen in training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import Curve
from film_recovery.learning.lock import RECIPES, change_all, change_chroma, change_luma, luma
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.network import SHAPES, ClosedForm, Recovery, Shape
from film_recovery.learning.position import whole
from film_recovery.learning.sampling import Batch
from film_recovery.learning.settings import PUBLISHED, Settings


class PlacedRecovery(Recovery):
    """A Recovery whose network also sees where in the trained format it is: N×3×H×W graph values → same shape."""

    def __init__(self, base: ClosedForm, shape: Shape) -> None:
        super().__init__(base, shape, extra=2)

    def forward(self, rgb: Tensor) -> Tensor:
        """``rgb`` as the whole format, whatever its size."""
        return self.placed(rgb, whole(rgb))

    @torch.jit.export
    def placed(self, rgb: Tensor, coordinates: Tensor) -> Tensor:
        """``rgb`` where ``coordinates`` (N×2×H×W: across, down; 0–1 of the format) say: a crop or a tile."""
        before = self.base.values(rgb)
        start = before + self.base.step(before)
        # Centred, so that the first layer's weights begin with as much to say about each border.
        seen = torch.cat([self.seen(rgb, start), 2.0 * coordinates - 1.0], 1)
        after = start + self.network(seen)
        return self.base.changed(rgb, self.curve.decode(after) - self.curve.decode(before))


class Published(nn.Module):
    """The published NAFNet on encoded values: N×3×H×W graph values → same shape, the lock inside.

    It may change what the recipe may; the rest of what the network says is left out. Local pooling over windows
    measured by the ``patch`` that it is trained on: on a patch it is the published global pooling.
    """

    def __init__(self, recipe: str, curve: str, network: Nafnet) -> None:
        """``network``: with the weights it starts from; a ``recipe`` and ``curve`` unknown are refused."""
        super().__init__()
        if recipe not in RECIPES:
            raise FilmRecoveryError(f"There is no recipe {recipe!r}.", remedy=f"choose {', '.join(RECIPES)}")
        self.recipe, self.curve = recipe, Curve(curve)
        self.network = network
        self.radius = network.radius
        self.whole = network.whole
        self.low = nn.Buffer(torch.zeros(1))
        self.high = nn.Buffer(torch.ones(1))

    def forward(self, rgb: Tensor) -> Tensor:
        before = self.curve.encode(rgb)
        seen = torch.max(torch.min(before, self.high), self.low)
        # The network adds its input at its end: what it adds to it is the change.
        after = before + (self.network(seen) - seen)
        change = self.curve.decode(after) - self.curve.decode(before)
        if self.recipe == "spatial":
            return change_luma(rgb, luma(change))
        if self.recipe == "colour":
            return change_chroma(rgb, change)
        return change_all(rgb, change)


def build(
    base: ClosedForm | None, settings: Settings, *, recipe: str = "paired", curve: str = "none"
) -> Recovery | Published:
    """The untrained network of ``settings``, its weights drawn with their seed.

    ``base``: the closed form under it. nafnet32 begins without one, as its published weights did, and takes recipe and
    curve from it, or from ``recipe`` and ``curve`` when there is none. Raises FilmRecoveryError for settings that the
    recipe cannot use, and a preset that needs a closed form and gets none.
    """
    settings.check_recipe(base.recipe if base is not None else recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        if settings.preset == PUBLISHED:
            name, curve = (recipe, curve) if base is None else (base.recipe, base.curve.name)
            network = Nafnet(pooling="local", patch=settings.patch)
            for parameter in network.ending.parameters():
                nn.init.zeros_(parameter)
            return Published(name, curve, network)
        if base is None:
            raise FilmRecoveryError(
                f"The network {settings.preset} stands on a closed form, and none is given.",
                remedy=f"fit one on the pairs, or choose {PUBLISHED}",
            )
        kind = PlacedRecovery if settings.position else Recovery
        return kind(base, SHAPES[settings.preset])


def run(model: nn.Module, batch: Batch) -> Tensor:
    """The model on a batch, at its coordinates where the batch has them."""
    if batch.coordinates is None:
        result: Tensor = model(batch.given)
    else:
        result = model.placed(batch.given, batch.coordinates)  # type: ignore[operator]
    return result
