"""VGG19 from the user's file: strictly the published names and shapes, and what it computes with them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import Curve
from film_recovery.learning.losses import loss_terms
from film_recovery.learning.perceptual import file_sha256, load_features
from film_recovery.learning.settings import Settings

# As torchvision publishes vgg19: place among the layers, channels in and out.
PUBLISHED = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256),
    16: (256, 256), 19: (256, 512), 21: (512, 512), 23: (512, 512), 25: (512, 512), 28: (512, 512),
    30: (512, 512), 32: (512, 512), 34: (512, 512),
}  # fmt: skip


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    found = {}
    for place, (before, after) in PUBLISHED.items():
        found[f"features.{place}.weight"] = torch.randn(after, before, 3, 3, generator=generator).mul_(
            (2 / (9 * before)) ** 0.5
        )
        found[f"features.{place}.bias"] = torch.randn(after, generator=generator).mul_(0.05)
    return found


@pytest.fixture(scope="module")
def file(state, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    classifier = {
        f"classifier.{place}.{kind}": torch.zeros(1) for place in (0, 3, 6) for kind in ("weight", "bias")
    }
    torch.save({**state, **classifier}, path)
    return path


def test_it_computes_what_the_published_layers_compute(state, file):
    picture = torch.rand(2, 3, 40, 33, generator=torch.Generator().manual_seed(1))
    x = (picture - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    for place in PUBLISHED:
        if place in (5, 10, 19, 28):
            x = functional.max_pool2d(x, 2, 2)
        x = functional.conv2d(
            x, state[f"features.{place}.weight"], state[f"features.{place}.bias"], padding=1
        )
        if place != 34:
            x = functional.relu(x)
    found = load_features(file, file_sha256(file))(picture)
    assert found.shape == (2, 512, 2, 2)
    assert float(found.std()) > 0.01
    torch.testing.assert_close(found, x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("recipe", ["spatial", "paired"])
def test_the_loss_is_the_mean_difference_of_features_and_teaches_the_model_only(file, recipe):
    settings = Settings(5, loss={"l1": 1.0, "vgg": 0.1}, perceptual=str(file))
    features = settings.features()
    result, truth = torch.rand(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    result.requires_grad_()
    terms = loss_terms(settings.loss, recipe, Curve("none"), result, truth, features=features)
    terms["vgg"].backward()
    seen = [result.detach(), truth]
    if recipe == "spatial":
        weights = torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)
        seen = [(side * weights).sum(1, keepdim=True).expand(-1, 3, -1, -1) for side in seen]
    expected = 0.1 * float((features(seen[0]) - features(seen[1])).abs().mean())
    assert float(terms["vgg"].detach()) == pytest.approx(expected, rel=1e-4)
    assert expected > 1e-4
    assert torch.isfinite(result.grad).all() and float(result.grad.abs().max()) > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in features.parameters())
    with torch.no_grad():
        step = 1e-2 * result.grad / result.grad.abs().max()
        closer = loss_terms(settings.loss, recipe, Curve("none"), result - step, truth, features=features)
    assert float(closer["vgg"]) < float(terms["vgg"].detach())


def _without(state: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in state.items() if key != name}


def _small(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Files that are refused need no 80 MB: one weight tells."""
    return {name: value[:1] if name != "features.0.weight" else value for name, value in state.items()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: _without(s, "features.34.bias"), "features.34.bias is missing"),
        (lambda s: {**s, "features.1.running_mean": torch.zeros(64)}, "features.1.running_mean is not of it"),
        (lambda s: s, "features.0.bias is 1 instead of 64"),
        (lambda s: list(s.values())[:1], "holds no tensors by name"),
        (lambda s: {"state": {"a": torch.zeros(1)}}, "holds no tensors by name"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path, state, change, words):
    path = tmp_path / "weights.pth"
    torch.save(change(_small(state)), path)
    with pytest.raises(FilmRecoveryError, match=words):
        load_features(path)


class _Planted:
    def __reduce__(self):
        return (Path.touch, (Path("planted"),))


@pytest.mark.parametrize(
    "content",
    [b"", b"not weights", pickle.dumps(_Planted(), protocol=2), pickle.dumps({"a": 1}, protocol=2)],
    ids=["empty", "text", "planted code", "numbers"],
)
def test_a_file_that_is_none_is_refused_and_no_code_in_it_runs(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(FilmRecoveryError, match="does not hold the weights of VGG19"):
        load_features(path)
    assert not (tmp_path / "planted").exists()


def test_a_truncated_file_is_refused(tmp_path, file):
    path = tmp_path / "weights.pth"
    path.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(FilmRecoveryError, match="damaged"):
        load_features(path)


def test_other_weights_than_the_training_began_with_are_refused(file, tmp_path):
    with pytest.raises(FilmRecoveryError, match="not those that this training began with"):
        load_features(file, "0" * 64)
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        load_features(tmp_path / "none.pth")
