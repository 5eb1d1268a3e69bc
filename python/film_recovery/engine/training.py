"""Training: pairs in, a model with its sidecar out. So far the closed forms; the network builds on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.engine.nodes import TILE
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.luma import luma
from film_recovery.learning import export, tiling
from film_recovery.learning.curve import Curve
from film_recovery.learning.linear_filter import fit_linear_filter
from film_recovery.learning.pairs import Pair, PairSource
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.nk.walk import upstream
from film_recovery.protection import protect_elements, protect_files

KEPT_BYTES = 2 << 30  # of pairs held in memory while fitting; the others are evaluated again when needed
HELD_OUT_EVERY = 4  # of the pairs, one in four scores a fit on the other three

Progress = Callable[[str, int, int], None]


class _Kept:
    """The pairs of a source, evaluated once as far as they fit into memory; tells when it evaluates one."""

    def __init__(self, pairs: PairSource, tell: Progress) -> None:
        self.pairs, self.tell = pairs, tell
        self.kept: dict[int, Pair] = {}
        self.room = KEPT_BYTES

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int, /) -> Pair:
        if index in self.kept:
            return self.kept[index]
        pair = self.pairs[index]
        self.room -= pair.input.nbytes + pair.truth.nbytes
        if self.room > 0:
            self.kept[index] = pair
        self.tell("pairs", index + 1, len(self))
        return pair


class _Subset:
    """Some of the pairs of a source, by position."""

    def __init__(self, pairs: PairSource, positions: Sequence[int]) -> None:
        self.pairs, self.positions = pairs, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int, /) -> Pair:
        return self.pairs[self.positions[index]]


@dataclass(frozen=True)
class Trained:
    """What a training left behind, and how good it is.

    PSNR in dB on encoded values of what the recipe changes (luma, or all of RGB): of the Input against the
    Ground Truth, of the model on its own pairs, and of a fit on three quarters of them on the other quarter
    (None with fewer than two pairs).
    """

    model: Path
    recipe: str
    method: str
    curve: str
    pairs: int
    psnr_input: float
    psnr_fit: float
    psnr_held_out: float | None


def train(
    evaluator: Evaluator,
    node: str = "CopyCat1",
    *,
    steps: int = 0,
    recipe: str | None = None,
    model: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Fits the closed form on the pairs of a CopyCat node and writes it with its sidecar.

    The recipe and the luma method are those of the FR_GroundTruth upstream, unless ``recipe`` says otherwise.
    ``model``: the file to write; by default ``<node>_<recipe>.0.pt`` in the CopyCat's data directory.
    """
    if steps:
        raise UsageError(
            f"{steps} network steps were asked for; this version fits the closed form only.",
            remedy="use --steps 0",
        )
    tell = progress or (lambda what, done, total: None)
    copycat_node = evaluator.script.node(node)
    pairs = CopyCatPairs(evaluator, copycat_node)
    chosen, method = _recipe(evaluator, copycat_node, recipe)
    curve = _curve(evaluator, copycat_node)
    path = model or _model_path(evaluator, copycat_node, chosen)
    protect_elements(evaluator, path.parent, copycat_node, "dataDirectory")
    _refuse_foreign(path)
    kept = _Kept(pairs, tell)
    try:
        fitted = _fit(chosen, kept, curve)
    except FilmRecoveryError as error:
        error.where.setdefault("node", copycat_node.path)
        raise
    protect_files(evaluator.files_read, path.parent, copycat_node, "dataDirectory")
    held_out = [index for index in range(len(kept)) if index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    others = [index for index in range(len(kept)) if index not in held_out]
    score = None
    if held_out and others:
        score = _psnr(chosen, curve, _Subset(kept, held_out), _fit(chosen, _Subset(kept, others), curve))
    trained = Trained(
        path,
        chosen,
        method,
        curve,
        len(kept),
        _psnr(chosen, curve, kept, None),
        _psnr(chosen, curve, kept, fitted),
        score,
    )
    figures = {name: getattr(trained, name) for name in ("psnr_input", "psnr_fit", "psnr_held_out")}
    card = export.card_for(
        fitted,
        pairs=pairs.labels,
        figures={name: value for name, value in figures.items() if value is not None},
        luma_method=method,
    )
    export.save_model(fitted, path, card)
    tell("model", 1, 1)
    return trained


def _refuse_foreign(path: Path) -> None:
    """Makes the folder of a model. Raises FilmRecoveryError when that cannot be, or would cost a file not ours."""
    sidecar = path.with_suffix(".json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        in_the_way = path.exists() if not sidecar.exists() else not _is_sidecar(sidecar)
    except OSError as error:
        raise FilmRecoveryError(
            f"The model's folder cannot be made or read: {error.strerror}.",
            file=str(path.parent),
            remedy="check the data directory of the CopyCat, or --model",
        ) from error
    if in_the_way:
        raise FilmRecoveryError(
            "A file that is not a model of this project would be overwritten.",
            file=str(sidecar if sidecar.exists() else path),
            remedy="move it away, or choose another name with --model",
        )


def _is_sidecar(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and str(content.get("schema", "")).startswith("film-recovery-model/")


def _fit(recipe: str, pairs: PairSource, curve: str) -> Any:
    if recipe == "spatial":
        return fit_linear_filter(pairs, curve=curve)
    return fit_colour_polynomial(pairs, curve=curve)


def _recipe(evaluator: Evaluator, node: nk.Node, wanted: str | None) -> tuple[str, str]:
    """Recipe and luma method of the Ground Truth that feeds ``node``."""
    for source in upstream(node):
        call = evaluator.call(source, 1)
        if call.is_set("fr_id") and call.text("fr_id") == "FR_GroundTruth":
            recipe = call.choice("recipe", ("spatial", "colour"))
            if wanted and wanted != recipe:
                raise UsageError(
                    f"--recipe {wanted} contradicts {source.path}, which builds a {recipe} Ground Truth.",
                    node=source.path,
                    knob="recipe",
                    remedy="leave --recipe out, or change the knob",
                )
            return recipe, call.choice("method", ("matrix", "Colorspace"))
    if wanted not in ("spatial", "colour"):
        raise UsageError(
            f"No FR_GroundTruth stands upstream of {node.path}, so its recipe is unknown.",
            node=node.path,
            remedy="name it: --recipe spatial or --recipe colour",
        )
    return wanted, "matrix"


def _curve(evaluator: Evaluator, node: nk.Node) -> str:
    """``srgb`` where the graph carries scene-linear values, ``none`` where every Read passes them as stored."""
    raw = {read.path: _as_stored(evaluator, read) for read in _reads(upstream(node))}
    if len(set(raw.values())) > 1:
        stored = ", ".join(path for path, is_raw in raw.items() if is_raw)
        raise FilmRecoveryError(
            f"The sides of the pairs are in different domains: {stored} is read raw, the others are converted.",
            node=node.path,
            remedy="read both elements with the same input transform",
        )
    return "none" if raw and all(raw.values()) else "srgb"


def _reads(nodes: Iterable[nk.Node]) -> Iterator[nk.Node]:
    """The Reads among ``nodes``, those inside groups included."""
    for node in nodes:
        if node.class_name == "Read":
            yield node
        elif node.is_group:
            yield from _reads(node.nodes)


def _as_stored(evaluator: Evaluator, read: nk.Node) -> bool:
    call = evaluator.call(read, 1)
    space = call.text("colorspace")
    return call.boolean("raw") or (space not in ("", "default") and call.config.is_data(space))


def _model_path(evaluator: Evaluator, node: nk.Node, recipe: str) -> Path:
    if node.get("dataDirectory") is None:
        raise UsageError(
            f"{node.path} has no data directory.",
            node=node.path,
            knob="dataDirectory",
            remedy="set it, or use --model",
        )
    return evaluator.call(node, 1).path("dataDirectory") / f"{node.name}_{recipe}.0.pt"


def _psnr(recipe: str, curve: str, pairs: PairSource, model: Any) -> float:
    """Mean-square error over all pairs as PSNR, encoded, on luma (spatial) or RGB (colour)."""
    encode = Curve(curve).encode_array
    error, count = 0.0, 0
    for index in range(len(pairs)):
        pair = pairs[index]
        result = (
            pair.input if model is None else tiling.apply(model, pair.input, tile=TILE, radius=model.radius)
        )
        a, b = (luma(side) if recipe == "spatial" else side for side in (result, pair.truth))
        error += float(np.sum((encode(a) - encode(b)) ** 2))
        count += a.size
    return float(10 * np.log10(count / max(error, 1e-30)))
