"""The options file of a NAFNet training in BasicSR (its ``options/train/….yml``) as a :class:`TrainingConfig`.

What has no counterpart here is named, never dropped silently: neither what works otherwise, nor what does nothing.
Keys and their meaning as in NAFNet's published options and the code that reads them; no text of theirs is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from film_recovery._yaml import yaml
from film_recovery.engine.training_config import Place, TrainingConfig, dump
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.settings import PUBLISHED

_LARGEST = 1 << 20  # characters
_CLIP = 0.01  # NAFNet's trainer clips at this unless use_grad_clip says no
_PUBLISHED = {
    "network_g.width": 32,
    "network_g.enc_blk_nums": [2, 2, 4, 8],
    "network_g.middle_blk_num": 12,
    "network_g.dec_blk_nums": [2, 2, 2, 2],
}
_LOSSES = {"L1Loss": "l1", "CharbonnierLoss": "charbonnier"}

# Values that say what happens here anyway. () stands for any value: the key carries nothing that could be lost.
_SAME: Mapping[str, tuple[Any, ...]] = {
    "name": (),
    "model_type": ("ImageRestorationModel",),
    "scale": (1,),
    "num_gpu": (),  # counted into the batch
    "datasets.train.name": (),
    "datasets.train.type": ("PairedImageDataset",),
    "datasets.train.filename_tmpl": ("{}",),
    "datasets.train.io_backend.type": ("disk",),
    "datasets.train.use_shuffle": (True,),
    "datasets.train.dataset_enlarge_ratio": (1,),
    "datasets.val.name": (),
    "datasets.val.type": ("PairedImageDataset",),
    "datasets.val.io_backend.type": ("disk",),
    "network_g.type": ("NAFNet",),
    "path.strict_load_g": (True,),
    "train.optim_g.type": ("AdamW",),
    "train.scheduler.type": ("TrueCosineAnnealingLR",),
    "train.mixup": (False,),
    "train.use_grad_clip": (True,),
    "train.pixel_opt.reduction": ("mean",),
    "val.save_img": (False,),
    "val.use_image": (False,),
    "val.grids": (False,),
    "val.metrics.psnr.type": ("calculate_psnr",),
    "val.metrics.psnr.crop_border": (0,),
    "val.metrics.psnr.test_y_channel": (False,),
    "logger.use_tb_logger": (True,),
}
_WHY = {
    "model_type": "only pictures with their edited pictures are learnt from",
    "scale": "nothing is enlarged here",
    "datasets.train.type": "pairs are two folders of pictures",
    "datasets.train.filename_tmpl": "both pictures of a pair have one name; rename the files",
    "datasets.train.io_backend.type": "pictures lie in folders; unpack the database",
    "datasets.val.io_backend.type": "pictures lie in folders; unpack the database",
    "datasets.train.dataroot_lq": "inputs and targets are two folders of pictures",
    "datasets.train.dataroot_gt": "inputs and targets are two folders of pictures",
    "datasets.val.dataroot_lq": "inputs and targets are two folders of pictures",
    "datasets.val.dataroot_gt": "inputs and targets are two folders of pictures",
    "datasets.train.use_shuffle": "the order is by chance, always",
    "datasets.train.dataset_enlarge_ratio": "steps are counted here, not rounds over the pairs",
    "datasets.train.num_worker_per_gpu": "pictures are read by the training itself and kept in memory",
    "datasets.train.prefetch_mode": "pictures are read by the training itself and kept in memory",
    "network_g.type": f"the network that is trained here is {PUBLISHED}, the published NAFNet",
    "path.strict_load_g": "weights are always loaded strictly",
    "path.resume_state": "a training is resumed by its folder: film-recovery train --resume DIR",
    "train.optim_g.type": "AdamW is the optimizer",
    "train.scheduler.type": "the learning rate follows half a cosine",
    "train.scheduler.T_max": "the cosine ends with the last step",
    "train.scheduler.eta_min": "the cosine ends at a thousandth of its peak",
    "train.mixup": "pairs are not mixed",
    "train.use_grad_clip": "gradients are always clipped; the usual is 1",
    "train.pixel_opt.type": f"losses are {', '.join(_LOSSES.values())} and others of ours",
    "train.perceptual_opt.type": "give the file with VGG19's weights as perceptual, and weight the loss vgg",
    "val.metrics.ssim.type": "film-recovery evaluate measures SSIM and names its convention",
    "logger.print_freq": "every step is logged",
    "dist_params.backend": "torchrun's environment says it",
    "dist_params.port": "torchrun's environment says it",
}


@dataclass(frozen=True)
class Foreign:
    """A key without a counterpart: its dotted name, its value, and why."""

    name: str
    value: Any
    why: str


@dataclass
class _Import:
    """What is left of the options while they are taken over."""

    left: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    foreign: list[Foreign] = field(default_factory=list)

    def take(self, name: str, default: Any = None) -> Any:
        value = self.left.pop(name, None)
        return default if value is None else value

    def number(self, name: str, default: float | None = None) -> float | None:
        value = self.take(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise FilmRecoveryError(f"{name} is {value!r}; a number is expected.", remedy="correct it")
        return value

    def whole(self, name: str, default: int | None = None) -> int | None:
        value = self.number(name, default)
        if value is not None and value != int(value):
            raise FilmRecoveryError(f"{name} is {value!r}; a whole number is expected.", remedy="correct it")
        return None if value is None else int(value)

    def refuse(self, name: str, value: Any) -> None:
        self.foreign.append(Foreign(name, value, _why(name)))


def import_basicsr(text: str, file: Path, root: Path = Path(".")) -> tuple[str, list[Foreign]]:
    """The text of our ``file`` for a BasicSR options ``text``, and what has no counterpart.

    ``root``: what the paths in the options are relative to, the folder that the training was started in. The recipe is
    *paired*. Raises FilmRecoveryError for what is no such options file.
    """
    data = _parsed(text)
    taken = _Import(_flat(data))
    name = str(data.get("name") or "imported")
    home = Path(os.path.abspath(file)).parent
    look, keep = taken.whole("val.val_freq"), taken.whole("logger.save_checkpoint_freq")
    pairs, held_out = (_pairs(taken, part, root) for part in ("train", "val"))
    _network(taken)
    _augmentation(taken)
    _schedule(taken)
    _loss(taken)
    weights = taken.take("path.pretrain_network_g")
    config = TrainingConfig(
        pairs=pairs,
        held_out=held_out,
        recipe="paired",
        out=home / _file_name(name),
        finetune=None if weights is None else Path(os.path.abspath(root / str(weights))),
        look_every=look,
        milestone_every=keep,
        settings=taken.settings,
    )
    for key, value in taken.left.items():
        if value is None or (key in _SAME and (not _SAME[key] or value in _SAME[key])):
            continue
        taken.refuse(key, value)
    if "train" not in data:
        taken.foreign.append(Foreign("train", None, "these are options of a test, which train nothing"))
    return dump(config, file), sorted(taken.foreign, key=lambda item: item.name)


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > _LARGEST:
        raise FilmRecoveryError("The file is too large for training options.", remedy="check the path")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise FilmRecoveryError("The file uses aliases (*name).", remedy="write their values out")
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FilmRecoveryError(f"This is not YAML: {error}.", remedy="check the file") from error
    if not isinstance(data, dict) or not {"network_g", "datasets", "train"} & set(data):
        raise FilmRecoveryError(
            "These are no options of a BasicSR training: no network_g, datasets or train.",
            remedy="check the path",
        )
    return data


def _flat(data: Mapping[Any, Any], above: str = "") -> dict[str, Any]:
    """Dotted keys with what is no mapping."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{above}{key}"
        flat.update(_flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat


def _pairs(taken: _Import, part: str, root: Path) -> Place:
    keys = [f"datasets.{part}.dataroot_{side}" for side in ("lq", "gt")]
    given = [taken.take(key) for key in keys]
    if None in given or any(str(value).endswith(".lmdb") for value in given) or given[0] == given[1]:
        for key, value in zip(keys, given, strict=True):
            if value is not None:
                taken.refuse(key, value)
        return None
    source, target = (Path(os.path.abspath(root / str(value))) for value in given)
    return source, target


def _network(taken: _Import) -> None:
    shape = {name: taken.left.pop(name) for name in _PUBLISHED if name in taken.left}
    taken.settings["preset"] = PUBLISHED
    for name, value in shape.items():
        if value != _PUBLISHED[name]:
            taken.refuse(name, value)


def _augmentation(taken: _Import) -> None:
    settings = taken.settings
    patch = taken.whole("datasets.train.gt_size")
    if patch is not None:
        settings["patch"] = patch
    each, gpus = taken.whole("datasets.train.batch_size_per_gpu"), taken.whole("num_gpu", 1)
    if each is not None:
        settings["batch"] = each * max(gpus or 1, 1)
    flip = taken.take("datasets.train.use_hflip", taken.take("datasets.train.use_flip"))
    turn, upside_down = taken.take("datasets.train.use_rot"), taken.take("datasets.train.use_vflip")
    # Turning by right angles is, there as here, an upside-down mirror and a transposition, each half of the time.
    chosen = {"flip": flip, "vflip": True if turn else upside_down, "transpose": turn}
    settings.update({name: bool(value) for name, value in chosen.items()})


def _schedule(taken: _Import) -> None:
    settings = taken.settings
    steps, warm_up = taken.whole("train.total_iter"), taken.whole("train.warmup_iter", -1)
    if steps is not None:
        settings["steps"] = steps
    settings["warm_up"] = max(warm_up or 0, 0)
    for key, ours in (("lr", "learning_rate"), ("weight_decay", "weight_decay")):
        value = taken.number(f"train.optim_g.{key}")
        if value is not None:
            settings[ours] = float(value)
    betas = taken.take("train.optim_g.betas")
    if betas is not None:
        settings["betas"] = tuple(float(value) for value in betas)
    seed = taken.whole("manual_seed")
    if seed is not None:
        settings["seed"] = seed
    average = taken.number("train.ema_decay")
    if average is not None:
        settings["average"] = float(average)
    ends = taken.whole("train.scheduler.T_max", steps)
    if ends != steps:
        taken.refuse("train.scheduler.T_max", ends)
    lowest = taken.number("train.scheduler.eta_min")
    if lowest is not None and lowest != settings.get("learning_rate", 1e-3) / 1000:
        taken.refuse("train.scheduler.eta_min", lowest)
    if taken.left.get("train.use_grad_clip", True) is not False:
        settings["clip"] = _CLIP


def _loss(taken: _Import) -> None:
    kind = taken.take("train.pixel_opt.type")
    weight = taken.number("train.pixel_opt.loss_weight", 1.0)
    if kind in _LOSSES:
        taken.settings["loss"] = {_LOSSES[kind]: float(weight or 0.0)}
    elif kind is not None:
        taken.refuse("train.pixel_opt.type", kind)
        if weight != 1:
            taken.refuse("train.pixel_opt.loss_weight", weight)


def _file_name(name: str) -> str:
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name).lstrip(".")
        or "imported"
    )


def _why(name: str) -> str:
    """Why ``name`` has no counterpart; of a group, the nearest reason above it."""
    if name in _WHY:
        return _WHY[name]
    if name in _PUBLISHED:
        return f"the network that is trained here is {PUBLISHED}: {_PUBLISHED[name]}"
    for prefix, reason in (
        ("network_g.", f"{PUBLISHED} has the published shape of NAFNet and no such option"),
        ("datasets.test", "film-recovery evaluate MODEL PAIRS measures other sets"),
        ("train.perceptual_opt.", _WHY["train.perceptual_opt.type"]),
        ("val.metrics.", "film-recovery evaluate measures, and names its conventions"),
        ("val.", "held-out pairs are measured as whole pictures, through the tiles of a render"),
        ("logger.wandb.", "the log is log.jsonl, log.csv and TensorBoard's, on this disk"),
        ("dist_params.", _WHY["dist_params.port"]),
    ):
        if name.startswith(prefix):
            return reason
    return "nothing here corresponds to it"
