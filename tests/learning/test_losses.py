from __future__ import annotations

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import Curve
from film_recovery.learning.losses import check_weights, loss_terms, total

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
