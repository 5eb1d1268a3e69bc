"""``evaluate``: models against pairs that they have to be good on, picture by picture.

Pictures are measured as displayed: encoded sRGB, clamped to 0–1 (``analysis.figures`` defines every figure). One
picture is in memory at a time. With masks every figure is also that of the masked places alone; verdicts are given on
the whole pictures. ``evaluation_files`` writes what is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.figures import Figures, averaged, picture_figures
from film_recovery.engine.bounds import Judgement, load
from film_recovery.engine.opening import Opened, open_model
from film_recovery.engine.verdict import Verdict, Worse, became_worse, judged_against, judged_alone
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import RGB, Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning.curve import Curve
from film_recovery.learning.device import choose
from film_recovery.learning.pairs import PairSource, checked

INPUT = "input"
MASKS = "masks"

Mask = NDArray[np.bool_]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PictureScore:
    """One picture. ``masked``: within its mask, None without one. ``outside``: share of the output's values outside
    0–1, which a display cuts off."""

    label: str
    whole: Figures
    masked: Figures | None
    outside: float


@dataclass(frozen=True)
class ModelScore:
    """A model on all pictures. ``overall``, ``overall_masked``: ``figures.averaged``; the latter {} without masks.

    ``file``: of the model, None for the Input as it is. ``verdict``: None where nobody judges."""

    name: str
    file: Path | None
    recipe: str
    sha256: str
    step: int | None
    pictures: tuple[PictureScore, ...]
    overall: Mapping[str, float]
    overall_masked: Mapping[str, float]
    verdict: Verdict | None = None

    @property
    def passed(self) -> bool:
        return self.verdict is None or self.verdict.passed


@dataclass(frozen=True)
class Evaluation:
    """``given``: the Input as it is, which every model has to beat. ``models``: in the order asked for."""

    given: ModelScore
    baseline: ModelScore | None
    models: tuple[ModelScore, ...]
    values: str

    @property
    def passed(self) -> bool:
        """Of the last model: in a run folder, the finished or newest one."""
        return self.models[-1].passed


def evaluate(
    models: Sequence[Path | Opened],
    pairs: PairSource,
    *,
    values: str,
    masks: Mapping[str, Path] | None = None,
    baseline: Path | Opened | None = None,
    judgement: Judgement | None = None,
    curve: str | None = None,
    device: str = "cpu",
    progress: Progress = lambda what, done, total: None,
) -> Evaluation:
    """Every one of ``models`` (files, opened one after the other, or models that are open) on ``pairs``.

    ``values``: what the pairs' files hold, linear or encoded. ``masks``: label → a picture of the pair's size, in which
    what counts is white; pairs without one have no masked figures. ``baseline``: a model that no other may fall behind.
    ``judgement``: by default ``bounds.yaml``. ``curve``: of models that do not say it themselves. ``device``: where
    they run (``learning.device``).

    Every model is opened once before the first picture is measured, and let go again: what cannot be opened is said at
    once, and one model at a time is in memory.

    Raises FilmRecoveryError without models or pairs, for pairs and masks that cannot be measured, a mask that belongs
    to no pair, a model that cannot be opened or fails, and a device that is not there.
    """
    if not models:
        raise FilmRecoveryError(
            "There is no model to evaluate.", remedy="name a model, a checkpoint or a run folder"
        )
    masks = masks or {}
    judgement = judgement or load()
    place = choose(device)
    for model in (*models, *([] if baseline is None else [baseline])):
        _open(model, curve)
    labels: Sequence[str] | None = getattr(pairs, "labels", None)
    if labels is not None:
        _refuse_stray(masks, labels)
    given = _score(None, pairs, values, masks, progress)
    if labels is None:
        _refuse_stray(masks, [picture.label for picture in given.pictures])

    def scored(model: Path | Opened) -> ModelScore:
        return _score(_open(model, curve).on(place), pairs, values, masks, progress)

    before = None if baseline is None else scored(baseline)
    scores = tuple(_judged(scored(model), before, judgement) for model in models)
    return Evaluation(given, before, scores, values)


def masks_in(folder: Path) -> dict[str, Path]:
    """The masks of a folder of pairs: ``masks/NAME.png`` for the pair NAME; {} without that folder."""
    if not (folder / MASKS).is_dir():
        return {}
    files = sorted((folder / MASKS).glob("*.png"))
    return {file.stem: file for file in files if not file.name.startswith(".")}


def read_mask(file: Path) -> Mask:
    """H×W, top row first: where the picture (one channel, or its luma) is brighter than a half."""
    frame = read_frame(file)
    if all(name in frame.channels for name in RGB):
        plane = luma(frame.rgb(frame.format.box))
    else:
        plane = frame.cropped(frame.format.box).pixels[..., 0]
    return np.ascontiguousarray(plane[::-1] > 0.5)


def displayed(picture: Pixels, values: str) -> Pixels:
    """``picture`` as it is shown and measured: encoded sRGB (``learning.curve``), clamped to 0–1."""
    encoded = Curve("srgb").encode_array(picture) if values == "linear" else picture
    shown: Pixels = np.clip(encoded, 0, 1).astype(np.float32)
    return shown


def worst(score: ModelScore, count: int, figure: str) -> list[str]:
    """Labels of the ``count`` pictures on which the model does worst by ``figure``, the worst first.

    PSNR and SSIM are worst where low, ratios where far from 1, a hue shift where large, ΔE where high. Pictures without
    the figure are never among them.
    """
    having = [picture for picture in score.pictures if figure in picture.whole.values]

    def badness(picture: PictureScore) -> float:
        value = picture.whole.values[figure]
        if figure.startswith(("psnr", "ssim")):
            return -value
        if "_ratio_" in figure:
            return abs(value - 1)
        return abs(value)

    return [picture.label for picture in sorted(having, key=badness, reverse=True)[:count]]


def _open(model: Path | Opened, curve: str | None) -> Opened:
    return model if isinstance(model, Opened) else open_model(model, curve)


def _score(
    model: Opened | None, pairs: PairSource, values: str, masks: Mapping[str, Path], progress: Progress
) -> ModelScore:
    name = INPUT if model is None else model.name
    pictures = []
    for done, pair in enumerate(checked(pairs), 1):
        try:
            made = pair.input if model is None else model.run(pair.input, values)
            pictures.append(_measured(pair.label, made, pair.truth, values, masks.get(pair.label)))
        except FilmRecoveryError as error:
            error.message = f"{pair.label}: {error.message}"
            raise
        except RuntimeError as error:  # torch's word for anything that goes wrong inside a model
            raise FilmRecoveryError(
                f"{pair.label}: the model cannot run on this picture: {str(error).strip().splitlines()[-1]}.",
                file=None if model is None else str(model.path),
                remedy="use a model exported by film-recovery",
            ) from error
        progress(f"evaluate {name}", done, len(pairs))
    masked = [picture.masked for picture in pictures if picture.masked is not None]
    return ModelScore(
        name=name,
        file=None if model is None else model.path,
        recipe="" if model is None else model.card.recipe,
        sha256="" if model is None else model.card.sha256,
        step=None if model is None else model.step,
        pictures=tuple(pictures),
        overall=averaged([picture.whole for picture in pictures]),
        overall_masked=averaged(masked) if masked else {},
    )


def _measured(label: str, made: Pixels, truth: Pixels, values: str, mask: Path | None) -> PictureScore:
    encoded = Curve("srgb").encode_array(made) if values == "linear" else made
    outside = float(np.mean((encoded < 0) | (encoded > 1)))
    shown, wanted = displayed(made, values), displayed(truth, values)
    whole = picture_figures(shown, wanted)
    if mask is None:
        return PictureScore(label, whole, None, outside)
    try:
        masked = picture_figures(shown, wanted, read_mask(mask))
    except FilmRecoveryError as error:
        error.where.setdefault("file", str(mask))
        raise
    return PictureScore(label, whole, masked, outside)


def _judged(score: ModelScore, baseline: ModelScore | None, judgement: Judgement) -> ModelScore:
    outcomes = judged_alone(score.overall, judgement)
    worse: tuple[Worse, ...] = ()
    if baseline is not None:
        outcomes += judged_against(score.overall, baseline.overall, judgement)
        worse = became_worse(_by_label(score), _by_label(baseline), judgement)
    return replace(score, verdict=Verdict(tuple(outcomes), worse))


def _by_label(score: ModelScore) -> dict[str, Mapping[str, float]]:
    return {picture.label: picture.whole.values for picture in score.pictures}


def _refuse_stray(masks: Mapping[str, Path], labels: Sequence[str]) -> None:
    """A mask without its pair is a misspelt name: nobody would see that it is not used."""
    stray = sorted(masks.keys() - set(labels))
    if stray:
        raise FilmRecoveryError(
            f"{len(stray)} masks belong to no pair: {', '.join(stray[:5])}{' …' if len(stray) > 5 else ''}.",
            file=str(masks[stray[0]]),
            remedy="name a mask as its pair: masks/NAME.png for source/NAME.*",
        )
