"""Options in the format of BasicSR's NAFNet become a training of ours, or are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery._files import write_whole
from film_recovery.engine.basicsr import import_basicsr
from film_recovery.engine.training_config import TrainingConfigError, load
from film_recovery.errors import FilmRecoveryError

# Every key that NAFNet's published options hold, values of our own.
OPTIONS = """
name: walls-32
model_type: ImageRestorationModel
scale: 1
num_gpu: 2
manual_seed: 42
datasets:
  train:
    name: walls
    type: PairedImageDataset
    dataroot_gt: data/train/after
    dataroot_lq: data/train/before
    filename_tmpl: '{}'
    io_backend: {type: disk}
    gt_size: 64
    use_flip: true
    use_rot: true
    use_shuffle: true
    num_worker_per_gpu: 8
    batch_size_per_gpu: 10
    dataset_enlarge_ratio: 50
    prefetch_mode: ~
  val:
    name: walls-val
    type: PairedImageDataset
    dataroot_gt: data/val/after
    dataroot_lq: data/val/before
    io_backend: {type: disk}
network_g:
  type: NAFNet
  width: 32
  enc_blk_nums: [2, 2, 4, 8]
  middle_blk_num: 12
  dec_blk_nums: [2, 2, 2, 2]
path:
  pretrain_network_g: weights/base.pth
  strict_load_g: true
  resume_state: ~
train:
  optim_g:
    type: AdamW
    lr: !!float 1e-3
    weight_decay: !!float 1e-4
    betas: [0.9, 0.9]
  scheduler:
    type: TrueCosineAnnealingLR
    T_max: 12000
    eta_min: !!float 1e-7
  total_iter: 12000
  warmup_iter: 200
  mixup: false
  pixel_opt: {type: L1Loss, loss_weight: 1, reduction: mean}
  perceptual_opt: {type: PerceptualLoss, perceptual_weight: 0.1}
val:
  val_freq: !!float 5e2
  save_img: false
  use_image: false
  grids: false
  max_minibatch: 1
  trans_num: 1
  metrics:
    psnr: {type: calculate_psnr, crop_border: 0, test_y_channel: false}
    ssim: {type: calculate_ssim, crop_border: 0, test_y_channel: false}
logger:
  print_freq: 200
  save_checkpoint_freq: !!float 5e3
  use_tb_logger: true
  wandb: {project: ~, resume_id: ~}
dist_params: {backend: nccl, port: 29500}
"""


def imported(text: str, folder: Path) -> tuple[str, list[str]]:
    config, foreign = import_basicsr(text, folder / "walls.yaml", folder)
    assert all(item.why for item in foreign)
    write_whole(folder / "walls.yaml", config)
    return config, [item.name for item in foreign]


def test_everything_that_has_a_counterpart_arrives(tmp_path: Path) -> None:
    _, foreign = imported(OPTIONS, tmp_path)
    assert foreign == [
        "datasets.train.dataset_enlarge_ratio",
        "datasets.train.num_worker_per_gpu",
        "dist_params.backend",
        "dist_params.port",
        "logger.print_freq",
        "train.perceptual_opt.perceptual_weight",
        "train.perceptual_opt.type",
        "train.scheduler.eta_min",
        "val.max_minibatch",
        "val.metrics.ssim.crop_border",
        "val.metrics.ssim.test_y_channel",
        "val.metrics.ssim.type",
        "val.trans_num",
    ]
    with pytest.raises(TrainingConfigError) as refused:  # nothing of what it names is there yet
        load(tmp_path / "walls.yaml")
    assert len(refused.value.problems) == 3
    for side in ("before", "after"):
        for part in ("train", "val"):
            (tmp_path / "data" / part / side).mkdir(parents=True)
            (tmp_path / "data" / part / side / "a.png").touch()
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "base.pth").touch()
    config = load(tmp_path / "walls.yaml")
    assert config.pairs == (tmp_path / "data/train/before", tmp_path / "data/train/after")
    assert config.held_out == (tmp_path / "data/val/before", tmp_path / "data/val/after")
    assert (config.recipe, config.out, config.look_every) == ("paired", tmp_path / "walls-32", 500)
    assert config.milestone_every == 5000
    assert config.finetune == tmp_path / "weights" / "base.pth"
    assert config.settings == {
        "preset": "nafnet32",
        "patch": 64,
        "batch": 20,
        "flip": True,
        "vflip": True,
        "transpose": True,
        "steps": 12000,
        "warm_up": 200,
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "betas": (0.9, 0.9),
        "seed": 42,
        "clip": 0.01,  # what its trainer does where nothing is said
        "loss": {"l1": 1.0},
    }


# A key, another value, and the names that it is then listed by.
@pytest.mark.parametrize(
    ("key", "other", "name"),
    [
        ("scale: 1", "scale: 2", "scale"),
        ("model_type: ImageRestorationModel", "model_type: SRModel", "model_type"),
        ("{type: disk}\n    gt_size", "{type: lmdb}\n    gt_size", "datasets.train.io_backend.type"),
        ("dataroot_lq: data/train/before", "dataroot_lq: a.lmdb", "datasets.train.dataroot_lq"),
        ("filename_tmpl: '{}'", "filename_tmpl: '{}_x'", "datasets.train.filename_tmpl"),
        ("use_shuffle: true", "use_shuffle: false", "datasets.train.use_shuffle"),
        ("prefetch_mode: ~", "prefetch_mode: cuda", "datasets.train.prefetch_mode"),
        ("gt_size: 64", "gt_size_h: 60", "datasets.train.gt_size_h"),
        ("gt_size: 64", "flip_RGB: true", "datasets.train.flip_RGB"),
        ("type: NAFNet\n", "type: NAFNetLocal\n", "network_g.type"),
        ("type: NAFNet\n", "type: NAFSSR\n  up_scale: 2\n", "network_g.up_scale"),
        ("width: 32", "width: 64", "network_g.width"),
        ("enc_blk_nums: [2, 2, 4, 8]", "enc_blk_nums: [1, 1, 1, 28]", "network_g.enc_blk_nums"),
        ("middle_blk_num: 12", "dw_expand: 1", "network_g.dw_expand"),
        ("strict_load_g: true", "strict_load_g: false", "path.strict_load_g"),
        ("resume_state: ~", "resume_state: a.state", "path.resume_state"),
        ("type: AdamW", "type: Adam", "train.optim_g.type"),
        ("type: TrueCosineAnnealingLR", "type: MultiStepLR", "train.scheduler.type"),
        ("T_max: 12000", "T_max: 9000", "train.scheduler.T_max"),
        ("mixup: false", "mixup: true", "train.mixup"),
        ("mixup: false", "use_grad_clip: false", "train.use_grad_clip"),
        ("type: L1Loss", "type: PSNRLoss", "train.pixel_opt.type"),
        ("reduction: mean", "reduction: sum", "train.pixel_opt.reduction"),
        ("save_img: false", "save_img: true", "val.save_img"),
        (
            "crop_border: 0, test_y_channel: false}\n    ssim",
            "crop_border: 4}\n    ssim",
            "val.metrics.psnr.crop_border",
        ),
        ("project: ~", "project: walls", "logger.wandb.project"),
        ("use_tb_logger: true", "use_tb_logger: false", "logger.use_tb_logger"),
        ("  val:\n", "  test0: {name: x}\n  val:\n", "datasets.test0.name"),
        ("name: walls-32", "name: walls-32\nnew_thing: {deep: 1}", "new_thing.deep"),
    ],
)
def test_what_has_no_counterpart_is_named(tmp_path: Path, key: str, other: str, name: str) -> None:
    assert OPTIONS.count(key) == 1
    _, before = imported(OPTIONS, tmp_path)
    _, after = imported(OPTIONS.replace(key, other), tmp_path)
    assert name not in before
    assert name in after


def test_options_of_a_test_say_so(tmp_path: Path) -> None:
    text = OPTIONS[: OPTIONS.index("train:\n  optim_g")] + OPTIONS[OPTIONS.index("val:\n  val_freq") :]
    assert "train" in imported(text, tmp_path)[1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1", "no options of a BasicSR training"),
        ("[", "not YAML"),
        ("train: {total_iter: many}", "train.total_iter is 'many'"),
        ("train: {total_iter: 1.5}", "a whole number"),
        ("train: {a: &x 1, b: *x}", "aliases"),
        ("train: !!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_what_are_no_options(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(FilmRecoveryError, match=problem):
        imported(text, tmp_path)
