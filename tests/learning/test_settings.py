"""What a training may be asked for: refused by name, warned about, never changed silently."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.sampling import Sampling
from film_recovery.learning.settings import Settings, for_recipe


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "huge"}, "no network 'huge'"),
        ({"amp": "fp16"}, "no amp 'fp16'"),
        ({"patch": 8}, "patch is 8"),
        ({"ceiling": -1}, "ceiling is -1"),
        ({"ceiling": 99}, "ceiling of 99 steps lies below its 100"),
        ({"round_steps": -1}, "round_steps is -1"),
        ({"clip": 0}, "clip is 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"shift": -1}, "shift is -1"),
        ({"scale": 0.5}, "scale is 0.5"),
        ({"jitter": 1.5}, "jitter is 1.5"),
        ({"exposure": float("inf")}, "exposure is inf"),
        ({"jitter": 0.1}, "changes nothing"),
        ({"jitter_contrast": 0.1}, "changes nothing"),
        ({"loss": {"ms_ssim": 1.0}, "patch": 20}, "ms_ssim needs two scales"),
        ({"loss": {"vgg": 0.1}}, "go together; no file"),
        ({"perceptual": "vgg19.pth"}, "go together; vgg19.pth"),
        ({"loss": {"vgg": 0.1}, "perceptual": "not/there.pth"}, "weights of VGG19 cannot be read"),
        ({"preset": "nafnet32", "position": True}, "no position"),
    ],
)
def test_what_cannot_work_is_refused_by_name(options, words):
    with pytest.raises(FilmRecoveryError, match=words) as error:
        Settings(100, **options)
    assert error.value.remedy


@pytest.mark.parametrize(
    ("options", "recipe", "words"),
    [
        ({"clip": 0.01}, "colour", "clipping at 0.01 starves the weights"),
        ({"transpose": True}, "spatial", "upside down or transposed"),
        ({"jitter": 0.5, "jitter_exposure": 0.1}, "paired", "jitter on 50%"),
        ({"loss": {"ms_ssim": 1.0}, "patch": 43}, "colour", "2 of its 5 scales"),
        ({"position": True}, "colour", "whole frames of that format"),
    ],
)
def test_what_works_badly_is_allowed_and_told(options, recipe, words):
    (warning,) = Settings(100, **options).warnings(recipe)
    assert words in warning
    assert Settings(100).warnings(recipe) == []


@pytest.mark.parametrize(
    ("recipe", "gravity", "turned"),
    [("colour", False, False), ("spatial", False, False), ("paired", False, True), ("paired", True, False)],
)
def test_the_augmentation_follows_the_recipe(recipe, gravity, turned):
    found = for_recipe(recipe, 50, gravity=gravity, seed=3)
    assert (found.flip, found.vflip, found.transpose) == (True, turned, turned)
    assert (found.steps, found.seed, found.shift, found.scale, found.jitter, found.exposure) == (
        50,
        3,
        0,
        0,
        0,
        0,
    )
    assert for_recipe(recipe, 50, vflip=not turned).vflip is not turned
    assert found.loss == {"l1": 1.0}  # no other term has earned it: docs/learning.md
    if recipe != "paired":
        assert found == Settings(50, seed=3)


def test_what_a_recipe_cannot_use_is_refused_by_name():
    with pytest.raises(FilmRecoveryError, match="no recipe 'telecine'"):
        for_recipe("telecine", 10)
    with pytest.raises(FilmRecoveryError, match="no setting patches"):
        for_recipe("colour", 10, patches=4)
    with pytest.raises(
        FilmRecoveryError, match="Jitter changes the Input only, and so what the recipe colour"
    ):
        for_recipe("colour", 10, jitter=0.1, jitter_exposure=0.1)
    with pytest.raises(FilmRecoveryError, match="locks chroma, so the loss chroma_angle"):
        for_recipe("spatial", 10, loss={"l1": 1.0, "chroma_angle": 0.1})
    for_recipe("paired", 10, jitter=0.1, jitter_exposure=0.1, loss={"l1": 1.0, "chroma_angle": 0.1})


def test_the_sampling_has_every_field():
    options = {
        "flip": False, "exposure": 0.1, "vflip": True, "transpose": True, "shift": 1.0, "scale": 0.01,
        "jitter": 0.1, "jitter_exposure": 0.2, "jitter_contrast": 0.3, "position": True,
    }  # fmt: skip
    assert Settings(9, patch=32, batch=2, seed=8, **options).sampling == Sampling(32, 2, 8, **options)


@given(
    steps=st.integers(1, 300),
    rounds=st.integers(0, 90),
    beyond=st.integers(0, 400),
    warm_up=st.integers(0, 50),
)
@examples(max_examples=60, deadline=None)
def test_the_rate_comes_down_at_every_end(steps, rounds, beyond, warm_up):
    found = Settings(steps, ceiling=steps + beyond if beyond else 0, round_steps=rounds, warm_up=warm_up)
    plain = Settings(steps, warm_up=warm_up)
    ends = found.round_ends
    assert ends[0] == steps
    assert ends[-1] == max(steps, found.ceiling)
    assert list(ends) == sorted(set(ends))
    assert all(found.rate(step) == plain.rate(step) for step in range(steps))
    for start, end in pairwise(ends):
        rates = [found.rate(step) for step in range(start, end)]
        assert 0 < end - start <= found.round_length
        assert rates[0] == found.learning_rate / 2
        assert rates == sorted(rates, reverse=True)
        assert min(rates) >= 1e-3 * found.learning_rate
        if end - start > 30:
            assert rates[-1] < 0.01 * found.learning_rate


def test_settings_are_plain_values_and_come_back():
    found = Settings(9, loss={"l1": 1.0, "ssim": 0.2}, position=True, ceiling=20, often=(3, 1))
    values = json.loads(json.dumps(found.as_dict()))
    assert values == found.as_dict()
    assert Settings(**{**values, **{name: tuple(values[name]) for name in ("betas", "often")}}) == found
    assert set(values) - set(found.decisive()) == {"perceptual"}


def test_where_the_weights_of_vgg_lie_does_not_matter_their_content_does(tmp_path):
    for name, content in (("a.pth", b"one"), ("b.pth", b"one"), ("c.pth", b"two")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (Settings(9, loss={"vgg": 0.1}, perceptual=str(tmp_path / f"{name}.pth")) for name in "abc")
    assert a.decisive() == b.decisive() != c.decisive()
    assert len(a.perceptual_sha256) == 64
