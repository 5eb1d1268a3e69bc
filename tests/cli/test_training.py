"""The command train as it is used: from a folder, a script, a file, again, on from weights, by torchrun; and watch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from film_recovery import graph
from film_recovery._files import temporary_prefix
from film_recovery.engine.run_log import read_log
from film_recovery.engine.training_config import load
from film_recovery.imaging.files import read_header, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning.checkpoint import checkpoints, load_checkpoint

PYTHON = Path(__file__).resolve().parents[2] / "python"


def make_pairs(folder: Path, names: str, seed: int) -> Path:
    random = np.random.default_rng(seed)
    for name in names:
        source = random.uniform(0, 1, (48, 64, 3)).astype(np.float32)
        for side, picture in (("source", source), ("target", np.sqrt(source))):
            write_frame(Frame.from_array(picture), folder / side / f"{name}.png", create_directories=True)
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return make_pairs(tmp_path / "pairs", "abc", 5)


def asked(pairs: Path, out: str = "run", **more: object) -> list[object]:
    options = {"recipe": "colour", "steps": 4, "patch": 32, "batch": 2, **more}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    return ["train", "--pairs", pairs, "--out", pairs.parent / out, *words, "--json"]


@pytest.mark.slow
def test_a_run_folder_is_all_that_a_resume_needs(film_recovery, started, pairs: Path) -> None:
    """Interrupted, moved with its pairs to another place, and resumed: the model of an uninterrupted training."""
    here = pairs.parent
    held_out = make_pairs(here / "held", "xy", 6)
    options = {"steps": 60, "held_out": held_out, "look_every": 30, "sheet_every": 20, "seed": 3}
    through = film_recovery(*asked(pairs, "through", **options))
    assert through.code == 0, (through.lines, through.text)
    looks = [line for line in through.lines if line["event"] == "look"]
    assert [line["step"] for line in looks] == [0, 20, 30, 40, 60]
    assert ["held_out" in line for line in looks] == [True, False, True, False, True]
    with started(*map(str, asked(pairs, **options))) as process:
        for line in process.stdout:
            if '"network"' in line and json.loads(line)["done"] >= 5:
                break
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in process.stdout]
    assert process.returncode == 130
    assert "The training was stopped after step" in rest[-1]["message"]
    moved = here / "elsewhere"
    moved.mkdir()
    for name in ("pairs", "held", "run"):
        shutil.move(here / name, moved / name)
    assert str(here) not in (moved / "run" / "training.yaml").read_text()
    again = film_recovery("train", "--resume", moved / "run", "--json")
    assert again.code == 0, (again.lines, again.text)
    first = next(line for line in again.lines if line.get("what") == "network")
    assert 6 <= first["done"] <= 60
    for name in ("model.pt", "closed_form.pt"):
        assert (moved / "run" / name).read_bytes() == (here / "through" / name).read_bytes()
    assert {path.name for path in (moved / "run").iterdir()} == {
        path.name for path in (here / "through").iterdir()
    }
    seen = film_recovery("watch", moved / "run", "--json")
    assert (seen.result["kind"], seen.result["steps"]) == ("film-recovery", 60)
    assert [line["step"] for line in seen.lines if line["event"] == "look"] == [0, 30, 60]


def test_what_was_asked_is_noted_with_every_default(film_recovery, pairs: Path) -> None:
    said = film_recovery(*asked(pairs, loss="l1=0.5", learning_rate=5e-4))
    assert said.code == 0, (said.lines, said.text)
    config = load(pairs.parent / "run" / "training.yaml")
    settings = config.settings_for("colour")
    assert (settings.loss, settings.learning_rate, settings.steps) == ({"l1": 0.5}, 5e-4, 4)
    kept = load_checkpoint(checkpoints(pairs.parent / "run" / "checkpoints")[-1])
    assert kept.settings == settings.decisive()
    assert (config.pairs, config.model) == (pairs, pairs.parent / "run" / "model.pt")
    sheet = read_header(pairs.parent / "run" / "contact_sheet_0000004.png").format
    assert (sheet.width, sheet.height) == (4 * 320, 3 * 240)  # the fourth is the difference


def test_the_same_from_a_file_and_options_win(film_recovery, pairs: Path) -> None:
    assert film_recovery(*asked(pairs, "one")).code == 0
    file = pairs.parent / "how.yaml"
    file.write_text(
        "pairs: pairs\nrecipe: colour\nout: two\nsteps: 9\npatch: 32\nbatch: 2\n", encoding="utf-8"
    )
    said = film_recovery("train", "--config", file, "--steps", 4, "--json")
    assert said.code == 0, (said.lines, said.text)
    one, two = ((pairs.parent / name / "model.pt").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.slow
def test_fine_tuning_starts_from_a_model(film_recovery, pairs: Path) -> None:
    here = pairs.parent
    assert film_recovery(*asked(pairs)).code == 0
    for model in ("run/model.pt", "run/checkpoints/step_0000004.ckpt"):
        tuned = film_recovery(
            *asked(pairs, f"tuned {Path(model).suffix}", finetune=here / model, steps=1, learning_rate=1e-9)
        )
        assert tuned.code == 0, (tuned.lines, tuned.text)
    first, *others = (
        load_checkpoint(checkpoints(here / name / "checkpoints")[-1]).average
        for name in ("run", "tuned .pt", "tuned .ckpt")
    )
    for other in others:
        assert all((first[name] - other[name]).abs().max() < 1e-6 for name in first)


@pytest.mark.slow
def test_photographs_take_nafnet32(film_recovery, pairs: Path) -> None:
    said = film_recovery(*asked(pairs, recipe="paired", preset="nafnet32", steps=1, batch=1))
    assert said.code == 0, (said.lines, said.text)
    card = json.loads((pairs.parent / "run" / "model.json").read_text())
    assert (card["recipe"], card["preset"], card["kind"]) == ("paired", "nafnet32", "Published")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"loss": "l1=much"}, 2, "no weight"),
        ({"loss": "beauty=1"}, 3, "no loss 'beauty'"),
        ({"recipe": "spatial", "loss": "chroma_angle"}, 3, "cannot teach it anything"),
        ({"device": "gpu"}, 3, "no device 'gpu'"),
        ({"ceiling": 40}, 2, "none are held out"),
        ({"amp": "fp8"}, 3, "no amp 'fp8'"),
        ({"max_hours": 0}, 3, "--max-hours is 0.0; expected a number greater than 0"),
        ({"checkpoint_every": 0}, 3, "--checkpoint-every is 0"),
        ({"patch": 64}, 3, "a: a patch of 64 × 64 does not fit into 64 × 48"),
        ({"exposure": 9}, 3, "exposure is 9"),
        ({"preset": "huge"}, 3, "no network 'huge'"),
        ({"finetune": "nothing.ckpt"}, 3, "nothing.ckpt"),
    ],
)
def test_what_cannot_be_is_said_before_the_first_step(
    film_recovery, pairs: Path, more: dict[str, object], code: int, words: str
) -> None:
    said = film_recovery(*asked(pairs, **more))
    assert said.code == code, (said.lines, said.text)
    assert words in f"{said.error['message']} {said.error.get('file')}"
    assert not [line for line in said.lines if line.get("what") == "network"]
    assert not (pairs.parent / "run").exists()


def test_all_that_the_options_lack_is_said_at_once(film_recovery, tmp_path: Path) -> None:
    """Nothing is written, and the folder that is missing is named, not one inside it."""
    words = ("--steps", 4, "--pairs", "nothere", "--ceiling", 9, "--finetune", "gone.ckpt", "--max-hours", 0)
    said = film_recovery("train", *words, "--patch", 8, "--amp", "fp8", "--json")
    assert said.code == 2
    for expected in (
        "8 things are missing or wrong",
        "--recipe is missing",
        "--out is missing",
        "--ceiling: the training goes on",
        "--max-hours is 0.0",
        "--pairs: There is no folder nothere.",
        "--finetune: there is no file gone.ckpt",
        "patch is 8",
        "no amp 'fp8'",
    ):
        assert expected in said.error["message"]


@pytest.mark.parametrize("steps", [(), ("--steps", 0)])
def test_options_of_a_network_need_steps(film_recovery, pairs: Path, steps: tuple[object, ...]) -> None:
    """Fitting the closed form alone would be a silent answer to another question."""
    words = ("--pairs", pairs, "--recipe", "colour", "--out", pairs.parent / "run", *steps, "--json")
    said = film_recovery("train", *words, "--preset", "large", "--batch", 2, "--look-every", 5)
    assert said.code == 2
    assert "--look-every, --preset, --batch are for a network; add --steps" in said.error["message"]
    assert not (pairs.parent / "run").exists()
    assert film_recovery("train", *words).code == 0


def test_weights_of_another_preset_are_refused_before_anything_is_written(film_recovery, pairs: Path) -> None:
    assert film_recovery(*asked(pairs)).code == 0
    for model in ("run/model.pt", "run/checkpoints/step_0000004.ckpt"):
        said = film_recovery(*asked(pairs, "tuned", preset="medium", finetune=pairs.parent / model))
        assert said.code == 3
        assert (
            "of the network small; the network that is trained is medium. Remedy"
            in f"{said.error['message']} Remedy: {said.error['remedy']}"
        )
        assert not (pairs.parent / "tuned").exists()


@pytest.mark.slow
def test_a_resume_needs_no_weights_to_start_from(film_recovery, pairs: Path) -> None:
    """Their file may be gone once there is a checkpoint; before that the training cannot begin again without it."""
    here = pairs.parent
    assert film_recovery(*asked(pairs)).code == 0
    shutil.copyfile(here / "run" / "checkpoints" / "step_0000004.ckpt", here / "start.ckpt")
    assert film_recovery(*asked(pairs, "through", finetune=here / "start.ckpt")).code == 0
    stopped = film_recovery(*asked(pairs, "tuned", finetune=here / "start.ckpt", max_hours=1e-9))
    assert stopped.code == 130
    (here / "start.ckpt").unlink()
    again = film_recovery("train", "--resume", here / "tuned", "--max-hours", 1, "--json")
    assert again.code == 0, (again.lines, again.text)
    assert (here / "tuned" / "model.pt").read_bytes() == (here / "through" / "model.pt").read_bytes()
    shutil.rmtree(here / "tuned" / "checkpoints")
    lost = film_recovery("train", "--resume", here / "tuned", "--json")
    assert lost.code == 3
    assert "before its first checkpoint" in lost.error["message"]
    assert lost.error["file"] == str(here / "start.ckpt")


@pytest.mark.slow
def test_a_folder_has_one_training_at_a_time(film_recovery, started, pairs: Path) -> None:
    """Whoever comes second is told who is there; a killed one stands in nobody's way."""
    words = asked(pairs, steps=100_000)
    with started(*map(str, words)) as process:
        for line in process.stdout:
            if '"network"' in line:
                break
        for other in (words, ["train", "--resume", pairs.parent / "run", "--json"]):
            said = film_recovery(*other)
            assert said.code == 3
            assert "trains in this folder: film-recovery train" in said.error["message"]
            assert f"process {process.pid}" in said.error["message"]
        process.kill()
    unfinished = temporary_prefix().replace(f"-{os.getpid()}-", f"-{process.pid}-") + "0123456789ab.ckpt"
    left = pairs.parent / "run" / "checkpoints" / unfinished
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half a checkpoint")
    again = film_recovery("train", "--resume", pairs.parent / "run", "--max-hours", 1e-9, "--json")
    assert again.code == 130, (again.lines, again.text)
    assert not left.exists()
    assert not (pairs.parent / "run" / ".film-recovery.lock").exists()


def test_resume_takes_no_other_options_and_needs_a_training(film_recovery, pairs: Path) -> None:
    said = film_recovery("train", "--resume", pairs, "--json")
    assert (said.code, "no training that can be resumed" in said.error["message"]) == (3, True)
    said = film_recovery("train", "--resume", pairs, "--steps", 9, "--loss", "l1=2", "--json")
    assert said.code == 2
    assert "--steps, --loss cannot be given" in said.error["message"]


def test_a_training_is_not_begun_over_another(film_recovery, pairs: Path) -> None:
    assert film_recovery(*asked(pairs)).code == 0
    before = (pairs.parent / "run" / "training.yaml").read_bytes()
    said = film_recovery(*asked(pairs, seed=2))
    assert said.code == 3
    assert "holds the checkpoints of a training" in said.error["message"]
    assert (pairs.parent / "run" / "training.yaml").read_bytes() == before


def test_changed_pairs_refuse_the_resume_by_name(film_recovery, pairs: Path) -> None:
    assert film_recovery(*asked(pairs)).code == 0
    make_pairs(pairs, "b", 77)
    said = film_recovery("train", "--resume", pairs.parent / "run", "--json")
    assert said.code == 3
    assert "The pairs changed: b." in said.error["message"]


def test_nothing_is_written_among_the_pairs(film_recovery, pairs: Path) -> None:
    said = film_recovery(*asked(pairs, "pairs/target/run"))
    assert (said.code, "never written to" in said.error["message"]) == (3, True)


def test_the_clip_of_the_published_recipe_is_warned_about(film_recovery, pairs: Path) -> None:
    file = pairs.parent / "how.yaml"
    text = "pairs: pairs\nrecipe: colour\nout: run\nsteps: 1\npatch: 32\nbatch: 1\nclip: 0.01\n"
    file.write_text(text, encoding="utf-8")
    said = film_recovery("train", "--config", file, "--json")
    assert said.code == 0, (said.lines, said.text)
    warned = [line for line in said.lines if line["event"] == "check"]
    assert any("clipping at 0.01" in line["reason"] and line["outcome"] == "warn" for line in warned)


def test_hours_that_are_over_stop_it_and_it_can_go_on(film_recovery, pairs: Path) -> None:
    said = film_recovery(*asked(pairs, max_hours=1e-9))
    assert said.code == 130
    assert "1e-09 hours are over" in said.error["message"]
    again = film_recovery("train", "--resume", pairs.parent / "run", "--max-hours", 1, "--json")
    assert again.code == 0, (again.lines, again.text)
    assert again.result["steps"] == 4


def test_a_script_is_trained_and_resumed(film_recovery, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    for number in (1, 2, 3):
        picture = random.uniform(0, 1, (64, 80, 3)).astype(np.float32)
        for name, values in (("source", picture), ("reference", np.sqrt(picture))):
            path = tmp_path / "elements" / name / f"{name}.{number:04d}.exr"
            write_frame(Frame.from_array(values), path, datatype="half", create_directories=True)
    sides = [
        graph.Element(str(tmp_path / "elements" / name / f"{name}.####.exr"), 1, 3, 80, 64)
        for name in ("source", "reference")
    ]
    spec = graph.GraphSpec(
        recipe="colour",
        source=sides[0],
        reference=sides[1],
        pairs=[(1, 1), (3, 3)],
        preview=2,
        output=str(tmp_path / "render" / "recovered.####.exr"),
        data_directory=str(tmp_path / "training"),
        model_file=str(tmp_path / "training" / "model.0.cat"),
    )
    script = tmp_path / "graph.nk"
    script.write_text(graph.recovery_graph(spec), encoding="utf-8")
    options = ("--steps", 2, "--patch", 32, "--batch", 1, "--json")
    said = film_recovery("train", "--script", script, "--node", "CopyCat1", *options)
    assert said.code == 0, (said.lines, said.text)
    folder = Path(said.result["run_folder"])
    assert (folder / "preview_0000002.png").exists()
    again = film_recovery("train", "--resume", folder, "--json")
    assert again.code == 0, (again.lines, again.text)
    assert again.result["model"] == said.result["model"]


@pytest.mark.slow
def test_torchrun_trains_as_one_process_does(film_recovery, pairs: Path) -> None:
    """The real launcher: 50 steps, the same global batch."""
    assert film_recovery(*asked(pairs, "one", steps=50)).code == 0
    done = torchrun(asked(pairs, "two", steps=50))
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len([line for line in lines if line["event"] == "result"]) == 1
    one, two = (
        [line for line in read_log(pairs.parent / name / "log.jsonl") if "loss" in line]
        for name in ("one", "two")
    )
    assert len(one) == len(two) == 50
    assert [line["loss"] for line in two] == pytest.approx([line["loss"] for line in one], rel=1e-4)


@pytest.mark.slow
def test_torchrun_refuses_a_batch_that_cannot_be_shared(pairs: Path) -> None:
    """Said once, by the first, though each process refuses it."""
    done = torchrun(asked(pairs, batch=3))
    assert done.returncode != 0
    assert done.stdout.count("choose a batch of 2 or 4") == 1
    assert not (pairs.parent / "run").exists()


def torchrun(arguments: list[object]) -> subprocess.CompletedProcess[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    command = [
        sys.executable,
        *launcher,
        "--master-port",
        str(port),
        "-m",
        "film_recovery",
        *map(str, arguments),
    ]
    variables = {**os.environ, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=250)


def test_copycat_is_watched_in_the_same_words(film_recovery, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    sheet = random.random((64, 192, 3)).astype(np.float32)
    folder = tmp_path / "copycat"
    write_frame(Frame.from_array(sheet), folder / "a.png", datatype="uint8", create_directories=True)
    for name in ("Training_261121_101500.2000.cat", "Training_261121_101500.summary"):
        (folder / name).write_bytes(b"?")
    said = film_recovery("watch", folder, "--out", tmp_path / "shown", "--json")
    assert said.code == 0, (said.lines, said.text)
    look = next(line for line in said.lines if line["event"] == "look")
    assert look["figures"]["psnr"] > 0
    assert (said.result["kind"], said.result["steps"]) == ("CopyCat", 2000)
    assert [Path(path).suffix for path in said.result["not_opened"]] == [".summary"]
    assert (tmp_path / "shown" / "a.png").exists()
    inside = film_recovery("watch", folder, "--out", folder / "shown", "--json")
    assert inside.code == 3


def test_a_training_of_ours_is_watched_before_its_first_step(film_recovery, pairs: Path) -> None:
    assert film_recovery(*asked(pairs)).code == 0
    (pairs.parent / "run" / "log.jsonl").unlink()
    said = film_recovery("watch", pairs.parent / "run", "--json")
    assert said.code == 0, (said.lines, said.text)
    assert (said.result["kind"], said.result["steps"]) == ("film-recovery", 0)


def test_a_folder_of_no_training_is_not_watched(film_recovery, pairs: Path) -> None:
    for folder, words in (
        (pairs.parent / "nothere", "There is no folder nothere."),
        (pairs, "of no training"),
    ):
        said = film_recovery("watch", folder, "--json")
        assert said.code == 3
        assert words in said.error["message"]
        assert "--out, or CopyCat's data directory" in said.error["remedy"]
