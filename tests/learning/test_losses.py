from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.color import rgb2lab

from film_recovery.analysis.difference import ssim
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import Curve
from film_recovery.learning.losses import TERMS, check_weights, loss_terms, scales_for, total
from film_recovery.learning.workers import Workers

GREY = torch.full((2, 3, 8, 8), 0.25)


def _terms(result: torch.Tensor, recipe: str = "colour", weights: dict[str, float] | None = None) -> dict:
    return loss_terms(weights or {"l1": 1.0}, recipe, Curve("none"), result, GREY)


def test_known_values():
    assert float(_terms(GREY + 0.1)["l1"]) == pytest.approx(0.1, rel=1e-5)
    both = _terms(GREY + 0.1, weights={"l1": 2.0, "charbonnier": 0.5})
    assert float(both["l1"]) == pytest.approx(0.2, rel=1e-5)
    assert float(both["charbonnier"]) == pytest.approx(0.05, rel=1e-3)
    assert float(total(both)) == pytest.approx(0.25, rel=1e-3)
    assert float(_terms(GREY, weights={"charbonnier": 1.0})["charbonnier"]) == pytest.approx(1e-3)


def test_it_is_measured_encoded():
    dark = torch.full((1, 3, 2, 2), 0.01)
    terms = loss_terms({"l1": 1.0}, "colour", Curve("srgb"), dark, torch.zeros_like(dark))
    assert float(terms["l1"]) == pytest.approx(1.055 * 0.01 ** (1 / 2.4) - 0.055, rel=1e-4)


def test_spatial_recovery_pays_for_luma_only():
    chroma = torch.tensor([0.1, 0.0, -0.1 * 0.2126 / 0.0722]).view(1, 3, 1, 1)
    assert float(_terms(GREY + chroma, "spatial")["l1"]) < 1e-7
    assert float(_terms(GREY + chroma, "colour")["l1"]) > 0.1


def test_terms_have_gradients_everywhere():
    result = torch.from_numpy(np.linspace(-0.5, 2, 48, dtype=np.float32).reshape(1, 3, 4, 4)).requires_grad_()
    terms = loss_terms(
        {"l1": 1.0, "charbonnier": 1.0}, "colour", Curve("srgb"), result, torch.zeros(1, 3, 4, 4)
    )
    total(terms).backward()
    assert torch.isfinite(result.grad).all()


@pytest.mark.parametrize(
    ("weights", "words"), [({"l2": 1.0}, "no loss 'l2'"), ({"l1": -1.0}, "weight -1"), ({}, "No loss")]
)
def test_unknown_terms_are_refused(weights, words):
    with pytest.raises(FilmRecoveryError, match=words):
        check_weights(weights)


PLAIN = [name for name in TERMS if name != "vgg"]


def _pictures(seed: int, side: int = 48, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoded colours with some structure, and a washed-out, noisy version of them."""
    random = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(random.random((count, 3, side, side)), (0, 0, 3, 3))
    truth = np.clip((smooth - 0.5) * 4 + 0.5, 0, 1)
    grey = truth.mean(1, keepdims=True)
    result = np.clip(grey + 0.7 * (truth - grey) + random.normal(0, 0.02, truth.shape), 0, 1)
    return torch.from_numpy(result.astype(np.float32)), torch.from_numpy(truth.astype(np.float32))


def _one(name: str, result: torch.Tensor, truth: torch.Tensor, recipe: str = "paired") -> torch.Tensor:
    return loss_terms({name: 1.0}, recipe, Curve("none"), result, truth)[name]


@pytest.mark.parametrize("recipe", ["paired", "colour", "spatial"])
@pytest.mark.parametrize("name", PLAIN)
def test_a_term_is_nothing_where_both_are_alike_and_falls_along_its_gradient(name, recipe):
    result, truth = _pictures(1)
    if recipe == "spatial" and name in ("chroma_magnitude", "chroma_angle", "lab_ab"):
        with pytest.raises(FilmRecoveryError, match=f"locks chroma, so the loss {name}"):
            _one(name, result, truth, recipe)
        return
    alike = float(_one(name, truth, truth, recipe))
    assert alike == pytest.approx(1e-3 if name == "charbonnier" else 0, abs=2e-6)
    result.requires_grad_()
    start = _one(name, result, truth, recipe)
    start.backward()
    assert torch.isfinite(result.grad).all()
    assert float(result.grad.abs().max()) > 0
    with torch.no_grad():
        step = 1e-4 * result.grad / result.grad.abs().max()
        assert float(_one(name, result - step, truth, recipe)) < float(start)
        assert float(_one(name, result + step, truth, recipe)) > float(start)
        towards = result + 0.2 * (truth - result)
        assert float(_one(name, towards, truth, recipe)) < float(start)


@pytest.mark.parametrize("name", PLAIN)
def test_gradients_are_those_of_finite_differences(name):
    random = np.random.default_rng(2)
    truth = torch.from_numpy(random.uniform(0.1, 0.9, (1, 3, 24, 24)))
    result = torch.from_numpy(np.clip(truth.numpy() + random.normal(0, 0.1, truth.shape), 0.02, 1))
    result.requires_grad_()
    _one(name, result, truth).backward()
    direction = torch.from_numpy(random.normal(size=truth.shape))
    with torch.no_grad():
        above, below = (_one(name, result + sign * 1e-7 * direction, truth) for sign in (1, -1))
    slope = float((above - below) / 2e-7)
    assert float((result.grad * direction).sum()) == pytest.approx(slope, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("name", PLAIN)
@given(level=st.sampled_from([0.0, 1e-30, 1e-6, 0.5, 1.0, 4.0, -0.2]), tint=st.sampled_from([0.0, 1e-7, 0.3]))
@settings(max_examples=21, deadline=None)
def test_at_and_around_neutral_grey_gradients_are_finite(name, level, tint):
    for curve in ("none", "srgb"):
        for one, two in ((0.0, tint), (tint, 0.0), (tint, tint)):
            result = torch.full((1, 3, 24, 24), level)
            truth = result.clone()
            result[:, 0] += one
            truth[:, 0] += two
            result.requires_grad_()
            term = loss_terms({name: 1.0}, "paired", Curve(curve), result, truth)[name]
            term.backward()
            assert torch.isfinite(term)
            assert torch.isfinite(result.grad).all()
            assert float(result.grad.abs().sum()) < 3e3


def _colour(y: float, u: float, v: float) -> torch.Tensor:
    """A flat picture of that encoded luma and chroma, Rec.709."""
    red, blue = y + 1.5748 * v, y + 1.8556 * u
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 4, 4).clone()


def test_chroma_is_measured_by_length_and_by_angle():
    truth = _colour(0.5, 0.3, 0.0)
    paler, turned, brighter = _colour(0.5, 0.2, 0.0), _colour(0.5, 0.0, 0.3), _colour(0.7, 0.3, 0.0)
    assert float(_one("chroma_magnitude", paler, truth)) == pytest.approx(0.1, abs=1e-3)
    assert float(_one("chroma_magnitude", turned, truth)) == pytest.approx(0, abs=1e-6)
    assert float(_one("chroma_magnitude", brighter, truth)) == pytest.approx(0, abs=1e-6)
    assert float(_one("chroma_angle", paler, truth)) == pytest.approx(0, abs=1e-3)
    assert float(_one("chroma_angle", turned, truth)) == pytest.approx(1, abs=2e-3)
    assert float(_one("chroma_angle", brighter, truth)) == pytest.approx(0, abs=1e-6)
    assert float(_one("chroma_angle", _colour(0.5, -0.3, 0.0), truth)) == pytest.approx(2, abs=4e-3)


def test_the_angle_counts_by_the_saturation_of_the_ground_truth():
    """A wrong hue on a strong colour costs more than on a weak one beside it; on grey, nothing."""
    strong, weak, grey = (_colour(0.5, u, 0.0) for u in (0.3, 0.03, 0.0))
    turned_strong, turned_weak = _colour(0.5, 0.0, 0.3), _colour(0.5, 0.0, 0.03)
    truth = torch.cat([strong, weak], 3)
    costs = [
        float(_one("chroma_angle", torch.cat(sides, 3), truth))
        for sides in ((turned_strong, weak), (strong, turned_weak))
    ]
    assert costs[0] > 10 * costs[1] > 0
    assert float(_one("chroma_angle", turned_weak, grey)) == 0
    noise = grey + 1e-4 * torch.randn(grey.shape, generator=torch.Generator().manual_seed(0))
    assert float(_one("chroma_angle", -noise + 2 * grey, noise)) < 1e-4


@pytest.mark.parametrize("recipe", ["spatial", "paired"])
def test_ssim_is_that_of_the_analysis(recipe):
    result, truth = _pictures(3, 37, 1)
    planes = zip(*(side[0].double().numpy() for side in (result, truth)), strict=True)
    expected = np.mean([ssim(one, two) for one, two in planes])
    if recipe == "spatial":
        weights = np.array([0.2126, 0.7152, 0.0722])[:, None, None]
        expected = ssim(*((side[0].double().numpy() * weights).sum(0) for side in (result, truth)))
    assert 0.3 < expected < 0.97
    assert 1 - float(_one("ssim", result, truth, recipe)) == pytest.approx(expected, abs=2e-5)


def _ms_ssim(x: np.ndarray, y: np.ndarray, scales: int) -> float:
    """MS-SSIM of two planes, written down once more: dense windows, float64, without torch."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    window = np.outer(taps, taps) / taps.sum() ** 2
    published = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    value = 1.0
    for scale, weight in enumerate(published / published.sum()):
        if scale:
            x, y = (p[: len(p) // 2 * 2, : p.shape[1] // 2 * 2] for p in (x, y))
            x, y = ((p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2]) / 4 for p in (x, y))

        def mean(plane: np.ndarray) -> np.ndarray:
            return ndimage.correlate(plane, window)[5:-5, 5:-5]

        mx, my = mean(x), mean(y)
        contrast = (2 * (mean(x * y) - mx * my) + 9e-4) / (mean(x * x) - mx**2 + mean(y * y) - my**2 + 9e-4)
        light = (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
        value *= np.mean(light * contrast if scale == scales - 1 else contrast) ** weight
    return float(value)


@pytest.mark.parametrize(("side", "scales"), [(22, 2), (48, 3), (101, 4), (181, 5)])
def test_ms_ssim_is_that_of_its_definition(side, scales):
    assert scales_for(side) == scales
    result, truth = _pictures(4, side, 1)
    planes = zip(*(plane[0].double().numpy() for plane in (result, truth)), strict=True)
    expected = np.mean([_ms_ssim(one, two, scales) for one, two in planes])
    assert 0.3 < expected < 0.99
    assert 1 - float(_one("ms_ssim", result, truth)) == pytest.approx(expected, abs=2e-5)


def test_ms_ssim_still_teaches_where_one_scale_is_opposite():
    random = torch.Generator().manual_seed(0)
    fine = torch.rand(1, 3, 48, 48, generator=random) - 0.5
    rows = torch.arange(48).view(1, 1, -1, 1).expand(1, 3, 48, 48)
    coarse = 0.5 + 0.05 * torch.sin(rows / 8)
    result = (coarse + 0.3 * fine).requires_grad_()
    term = _one("ms_ssim", result, coarse - 0.3 * fine)
    term.backward()
    assert 0.5 < float(term.detach()) <= 1
    assert torch.isfinite(result.grad).all()
    assert float(result.grad.abs().max()) > 1e-6


def test_ms_ssim_of_another_level_is_that_of_light_at_the_coarsest_scale():
    """Closed form: without contrast every scale but the last gives 1, the last its factor of light."""
    one, two = torch.full((1, 3, 176, 176), 0.5), torch.full((1, 3, 176, 176), 0.25)
    light = (2 * 0.125 + 1e-4) / (0.25 + 0.0625 + 1e-4)
    assert 1 - float(_one("ms_ssim", one, two)) == pytest.approx(light**0.1333, abs=1e-5)


def test_lab_is_that_of_scikit_image():
    result, truth = _pictures(5, 24, 1)
    one, two = (rgb2lab(side[0].double().numpy().transpose(1, 2, 0))[..., 1:] for side in (result, truth))
    assert float(_one("lab_ab", result, truth)) == pytest.approx(np.abs(one - two).mean() / 100, rel=2e-3)
    curve = Curve("srgb")
    linear = loss_terms({"lab_ab": 1.0}, "paired", curve, curve.decode(result), curve.decode(truth))
    assert float(linear["lab_ab"]) == pytest.approx(float(_one("lab_ab", result, truth)), rel=1e-4)


class _Half(Workers):
    """One of two processes; what the other one would have added is known."""

    def __init__(self, other: list[torch.Tensor]) -> None:
        super().__init__(0, 2)
        object.__setattr__(self, "other", other)

    def total(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.detach() + self.other.pop(0)


class _Listening(Workers):
    """Keeps what a process says, in order."""

    def __init__(self) -> None:
        super().__init__(0, 1)
        object.__setattr__(self, "said", [])

    def total(self, tensor: torch.Tensor) -> torch.Tensor:
        self.said.append(tensor.detach())
        return tensor.detach()


@pytest.mark.parametrize("name", PLAIN)
def test_the_terms_of_all_processes_add_up_to_those_of_one(name):
    """Halves of a batch, one colourful and one nearly grey, so that a mean of means would be another figure."""
    result, truth = _pictures(6)
    truth[1] = 0.5 + 0.02 * (truth[1] - 0.5)
    result.requires_grad_()
    expected = _one(name, result, truth)
    (slope,) = torch.autograd.grad(expected, result)
    said = []
    for half in (0, 1):
        listening = _Listening()
        part = slice(half, half + 1)
        loss_terms({name: 1.0}, "paired", Curve("none"), result[part], truth[part], listening)
        said.append(listening.said)
    terms, slopes = [], []
    for half in (0, 1):
        part = slice(half, half + 1)
        own = result[part].detach().requires_grad_()
        workers = _Half(list(said[1 - half]))
        term = loss_terms({name: 1.0}, "paired", Curve("none"), own, truth[part], workers)[name]
        slopes += torch.autograd.grad(term, own)
        terms.append(float(term.detach()))
    assert sum(terms) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert terms[0] != pytest.approx(terms[1], rel=0.05)
    torch.testing.assert_close(torch.cat(slopes), slope, rtol=1e-4, atol=1e-9)


def test_every_term_is_logged_by_name_with_its_weight():
    result, truth = _pictures(7)
    weights = {name: 0.5 for name in PLAIN}
    terms = loss_terms(weights, "paired", Curve("none"), result, truth)
    assert list(terms) == PLAIN
    for name in PLAIN:
        assert float(terms[name]) == pytest.approx(0.5 * float(_one(name, result, truth)), rel=1e-6)
    assert float(total(terms)) == pytest.approx(sum(float(term) for term in terms.values()), rel=1e-6)


def test_under_bfloat16_the_loss_is_that_of_float32():
    result, truth = _pictures(8)
    rounded = result.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = loss_terms({name: 1.0 for name in PLAIN}, "paired", Curve("srgb"), rounded, truth)
    for name in PLAIN:
        expected = loss_terms({name: 1.0}, "paired", Curve("srgb"), rounded.float(), truth)[name]
        assert terms[name].dtype == torch.float32
        assert float(terms[name]) == float(expected)


def test_vgg_without_its_weights_is_refused():
    with pytest.raises(FilmRecoveryError, match="needs the weights of VGG19"):
        _one("vgg", GREY, GREY)
