"""What is held against the Ground Truth of the held-out moments: the Source, every baseline, the delivered frames.

Figures are as displayed (encoded sRGB 0–1) over the live area. Baselines (``analysis.baselines``) are fitted to the
training pairs; what was recovered is read back from the written frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from film_recovery.analysis import baselines
from film_recovery.analysis.baselines import Baseline
from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.luma import luma
from film_recovery.project import FILE
from film_recovery.provenance.sealing import content_hash, digest_of
from film_recovery.stages.closed_form import closed_form_file, is_closed_form, with_model
from film_recovery.stages.held_out import HeldOut, moments, none_rendered
from film_recovery.stages.masters import written
from film_recovery.stages.remembered import remembered
from film_recovery.stages.view import View

SOURCE, CLOSED_FORM, DELIVERED = "Source", "Closed form", "Recovered"
DELIVERED_CLOSED_FORM = "Recovered (closed form)"
UNSHARP, SHARPEN, RESIZE, FILTER = "Unsharp mask", "Sharpen", "Resize", "Least-squares filter"
GRADE, LUT = "Grade by channel", "3D LUT"
BASELINES = (UNSHARP, SHARPEN, RESIZE, FILTER, GRADE, LUT)
# Figure → unit, domain, what is better, and the target where there is one.
MEASURES: Mapping[str, tuple[str, str, str, float | None]] = {
    "PSNR of luma": ("dB", "luma, encoded sRGB 0–1, live area", "higher", None),
    "SSIM of luma": ("", "luma, encoded sRGB 0–1, live area", "higher", None),
    "PSNR": ("dB", "RGB, encoded sRGB 0–1, live area", "higher", None),
    "Colour difference": ("ΔE00", "CIEDE2000 of encoded sRGB, mean over the live area", "lower", None),
    "Saturation": (
        "",
        "HSV, encoded sRGB, live area, against the Ground Truth where that is 60 of 255 or more",
        "target",
        1.0,
    ),
}
OF_RECIPE = {
    "spatial": ("PSNR of luma", "SSIM of luma"),
    "colour": ("PSNR", "Colour difference", "Saturation"),
}

Display = Callable[[Pixels], Pixels]  # graph values to encoded sRGB
Recover = Callable[[HeldOut], Pixels]  # gives a moment over its area, as displayed, top row first
Figures = Mapping[str, Mapping[str, float]]  # figure → contender → value; NaN: not measurable


@dataclass(frozen=True)
class Contender:
    """One column of the figures. ``made``: in plain words, what it is and where it comes from. ``baseline``: what was
    fitted, of one that could be had without learning."""

    name: str
    made: str
    picture: Recover
    baseline: Baseline | None = None


_KNOWN: WeakKeyDictionary[View, tuple[Contender, ...]] = WeakKeyDictionary()


def display_of(evaluator: Evaluator) -> Display:
    """From graph values to what is judged; rows stay as they are."""
    root = evaluator.root
    return lambda picture: root.config.convert(
        np.ascontiguousarray(picture), root.working_space, "color_picking"
    )


def contenders(view: View) -> tuple[Contender, ...]:
    """Everything that is measured against the Ground Truth, the delivered one last; fitted once a View."""
    if view not in _KNOWN:
        display = display_of(view.evaluator)
        source = Contender(
            SOURCE, "the damaged element, as it reaches the network", lambda moment: display(moment.source)
        )
        _KNOWN[view] = (
            source,
            *_baselines(view, display),
            *_closed_form(view, display),
            _delivered(view, display),
        )
    return _KNOWN[view]


def figures_of(kind: str, pictures: Mapping[str, Pixels], truth: Pixels) -> dict[str, dict[str, float]]:
    """Figure → contender → value, on one moment, everything as displayed. ``kind``: spatial or colour."""
    return {
        name: {column: _measured(name, picture, truth) for column, picture in pictures.items()}
        for name in OF_RECIPE[kind]
    }


def mean_figures(shown: list[Figures], kind: str) -> dict[str, dict[str, float | None]]:
    """Means over all moments on which a figure can be measured (saturation: where there is any)."""
    means: dict[str, dict[str, float | None]] = {}
    for name in OF_RECIPE[kind]:
        means[name] = {}
        for column in shown[0][name] if shown else ():
            found = [one[name][column] for one in shown if not np.isnan(one[name][column])]
            means[name][column] = float(np.mean(found)) if found else None
    return means


def held_out_figures(view: View) -> dict[str, dict[str, float | None]]:
    """:func:`mean_figures` over all held-out moments that are written. Raises NotYet where none is."""
    return mean_figures(list(held_out_each(view).values()), view.kind)


def held_out_each(view: View) -> dict[int, Figures]:
    """Frame → figure → contender → value, of all held-out moments that are written, remembered by all that they depend
    on.

    Raises NotYet where no held-out frame is written.
    """
    there = sorted(set(view.written) & {pair.source for pair in view.project.hold_out})
    if not there:
        raise none_rendered()
    display = display_of(view.evaluator)

    def make() -> dict[str, Any]:
        shown: dict[str, Figures] = {}
        for moment in moments(view.project):
            if moment.frame in there:
                pictures = {one.name: one.picture(moment) for one in contenders(view)}
                shown[str(moment.frame)] = figures_of(view.kind, pictures, display(moment.truth))
        return shown

    found = remembered(view.project, "held-out", (), _about(view, there), make)
    return {int(frame): figures for frame, figures in found.items()}


def held_out_contents(view: View) -> dict[int, str]:
    """Held-out frame → a digest of its Source and its Reference, as their files lie on disk."""
    return {
        pair.source: digest_of(
            {side: content_hash(view.file(side, getattr(pair, side))) for side in ("source", "reference")}
        )[:16]
        for pair in view.project.hold_out
    }


def _about(view: View, there: list[int]) -> list[Any]:
    """The bytes of everything that the contenders are made from."""
    pairs = (*view.project.pairs, *view.project.hold_out)
    files = [view.project.folder / FILE, view.paths.script, view.model_file]
    files += [view.output.sequence.path(frame) for frame in there]
    files += [view.file(side, getattr(pair, side)) for side in ("source", "reference") for pair in pairs]
    closed = closed_form_file(view)
    return [content_hash(file) for file in (*files, *([closed] if closed else []))]


# Baselines


def _baselines(view: View, display: Display) -> Iterator[Contender]:
    """What could be had without learning, each fitted to the training pairs."""
    pairs = CopyCatPairs(view.evaluator, view.copycat.node)

    def shown() -> Iterator[tuple[Pixels, Pixels]]:
        for index in range(len(pairs)):
            pair = pairs[index]
            yield display(pair.input), display(pair.truth)

    for name, made, fitted in _spatial(shown) if view.kind == "spatial" else _colour(shown):
        yield Contender(name, made, _applied(fitted, display), fitted)


def _applied(fitted: Baseline, display: Display) -> Recover:
    return lambda moment: fitted.apply(display(moment.source))


Shown = Callable[[], Iterator[tuple[Pixels, Pixels]]]


def _spatial(shown: Shown) -> Iterator[tuple[str, str, Baseline]]:
    best = "the best of several on the training pairs"
    mask = baselines.fit_unsharp_mask(shown())
    yield (
        UNSHARP,
        f"of the Source’s luma, radius {mask.sigma:g} pixels, amount {mask.amount:g}: {best}",
        mask,
    )
    sharpen = baselines.fit_sharpen(shown())
    yield SHARPEN, f"a 3 × 3 kernel on the Source’s luma, amount {sharpen.amount:g}: {best}", sharpen
    resize = baselines.fit_resize(shown())
    yield (
        RESIZE,
        f"the Source’s luma to {resize.scale:.3g} times its size and back, by area and Lanczos: {best}",
        resize,
    )
    side = 2 * baselines.RADIUS + 1
    made = f"one linear filter of {side} × {side} pixels on the Source’s luma, fitted to the training pairs"
    yield FILTER, made, baselines.fit_least_squares(shown())


def _colour(shown: Shown) -> Iterator[tuple[str, str, Baseline]]:
    keeps = "it does not keep the Source’s luma"
    made = f"gain and offset of red, green and blue on encoded values, fitted to the training pairs; {keeps}"
    yield GRADE, made, baselines.fit_grade(shown())
    made = (
        "an open match in the way of MatchGrade: a smooth 3D LUT of 33 nodes on encoded values, fitted to the "
        f"training pairs; {keeps}"
    )
    yield LUT, made, baselines.fit_cube(shown())


# The model's


def _closed_form(view: View, display: Display) -> Iterator[Contender]:
    """The model that the delivered network stands on, in the same script; none where there is no such network."""
    file = closed_form_file(view)
    if file is not None:
        evaluator = with_model(view, file)
        node = view.write.path
        made = "the least-squares fit that the network stands on, evaluated from the script, not written"
        yield Contender(CLOSED_FORM, made, lambda moment: _evaluated(node, evaluator, moment, display))


def _delivered(view: View, display: Display) -> Contender:
    """The written frames. A moment that is not among the frames to render is evaluated from the script."""

    known = ref(view)  # what is kept of a View must not keep it, with all frames that it has made

    def picture(moment: HeldOut) -> Pixels:
        own = known()
        assert own is not None, "a contender is asked for pictures while its View is there"
        if moment.frame in own.wanted_frames:
            return display(written(own, moment.frame, moment.area)[::-1])
        return _evaluated(own.write.path, own.evaluator, moment, display)

    absent = not_to_render(view)
    from_disk = {pair.source for pair in view.project.hold_out} - set(absent)
    parts = ["the written frames, read back from disk"] if from_disk else []
    made = "; ".join([*parts, *([_not_rendered(absent)] if absent else [])])
    return Contender(DELIVERED_CLOSED_FORM if is_closed_form(view) else DELIVERED, made, picture)


def not_to_render(view: View) -> list[int]:
    """The held-out frames that are not to be rendered."""
    return sorted({pair.source for pair in view.project.hold_out} - set(view.wanted_frames))


def _not_rendered(frames: list[int]) -> str:
    several = len(frames) > 1
    said = "were not rendered and are" if several else "was not rendered and is"
    return f"frame{'s' if several else ''} {format_frames(frames)} {said} evaluated from the script"


def _evaluated(node: str, evaluator: Evaluator, moment: HeldOut, display: Display) -> Pixels:
    """What ``evaluator`` would write at ``node``, before the Write's colour space and rounding."""
    return display(evaluator.frame(node, moment.frame).rgb(moment.area)[::-1])


def _measured(name: str, picture: Pixels, truth: Pixels) -> float:
    if name == "PSNR of luma":
        return psnr(luma(picture), luma(truth))
    if name == "SSIM of luma":
        return ssim(luma(picture), luma(truth))
    if name == "PSNR":
        return psnr(picture, truth)
    if name == "Colour difference":
        return float(difference_2000(picture, truth).mean())
    return saturation_ratio(picture, truth, threshold=60).ratio
