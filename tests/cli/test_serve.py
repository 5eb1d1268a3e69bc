"""`serve` as a panel uses it: the real process, requests through its pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery import ledger, project, recipes
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Format, Frame
from film_recovery.stages import build_script

PYTHON = Path(__file__).resolve().parents[2] / "python"


class Service:
    """A running `film-recovery serve`."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *options, "-m", "film_recovery.cli.main", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    def write(self, *lines: Any) -> None:
        assert self.process.stdin
        for line in lines:
            self.process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def ask(self, id: Any, *command: object) -> list[dict[str, Any]]:
        """The events of one request, its end included."""
        self.write({"id": id, "command": [str(word) for word in command]})
        said = [self.read()]
        while said[-1]["event"] != "end":
            said.append(self.read())
        assert {json.dumps(line["id"]) for line in said} == {json.dumps(id)}
        return said

    def end(self, *lines: Any) -> tuple[int, list[dict[str, Any]], str]:
        """Writes ``lines`` and ends standard input: exit code, all further answers, standard error."""
        self.write(*lines)
        out, text = self.process.communicate(timeout=120)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], text


@pytest.fixture
def service() -> Iterator[Callable[..., Service]]:
    begun: list[Service] = []

    def start(*options: str) -> Service:
        begun.append(Service({**os.environ, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"}, *options))
        return begun[-1]

    yield start
    for one in begun:
        one.process.kill()
        one.process.communicate()


def result(said: list[dict[str, Any]]) -> dict[str, Any]:
    assert [line["event"] for line in said] == ["result", "end"], said
    assert said[-1]["code"] == 0
    return said[0]


def thumbnail(film: Path, file: Path, *more: object) -> tuple[object, ...]:
    return ("thumbnail", file, "--project", film, *more)


@pytest.mark.slow
def test_requests_are_answered_under_their_ids_and_eof_ends_the_service(service, film_recovery, film) -> None:
    running = service()
    checked = running.ask("a", "check", "ingest", "--project", film)
    alone = film_recovery("check", "ingest", "--project", film, "--json")
    assert checked[-1] == {"id": "a", "event": "end", "code": alone.code}
    assert [line["check"] for line in checked[:-1]] == [line["id"] for line in alone.lines]
    assert [line["outcome"] for line in checked[:-1]] == [line["outcome"] for line in alone.lines]
    status = running.ask(2.5, "status", "--project", film)
    assert result(status)["film"] == "Coffee <script>"
    code, said, _ = running.end({"id": 3, "command": ["status", "--project", str(film)]})
    assert (code, [line["event"] for line in said]) == (0, ["result", "end"])


def test_what_is_refused_is_said_and_the_service_goes_on(service, film, tmp_path) -> None:
    running = service()
    for id, command, code in (
        (1, ["train", "--script", "x.nk"], 2),
        (2, ["serve"], 2),
        (3, ["status", "--colour"], 2),
        (4, ["thumbnail", "x.png", "--size", "0"], 2),
        (5, ["status", "--project", tmp_path / "none"], 3),
        (6, ["thumbnail", tmp_path / "none.png", "--project", film], 3),
    ):
        error, end = running.ask(id, *command)
        assert (error["event"], end["code"]) == ("error", code), error
        assert error["message"] and error["remedy"]
    for line in (
        "{", "[]", "nonsense \u00e9", '{"id": NaN, "command": ["status"]}', {"id": True, "command": ["status"]},
        {"id": 1}, {"id": 1, "command": []}, {"id": 1, "command": "status"}, {"cancel": [1]}, "[" * 100_000,
    ):  # fmt: skip
        running.write(line)
        said = running.read()
        assert (said["id"], said["event"], said["type"]) == (None, "error", "UsageError"), line
    running.write({"cancel": "unknown"}, "")
    assert result(running.ask(7, "status", "--project", film))
    # Help is for people: none of it reaches the program.
    assert running.ask(8, "status", "--help") == [{"id": 8, "event": "end", "code": 0}]
    assert running.end()[:2] == (0, [])


def test_a_waiting_request_is_dropped_and_a_running_one_ends_at_its_next_event(
    service, film, elements, tmp_path
) -> None:
    """Many frames keep the service busy while the lines behind them are read."""
    (tmp_path / "many").mkdir()
    for number in range(1, 1001):
        os.link(elements / "source" / "source.1001.exr", tmp_path / "many" / f"a.{number:04d}.exr")
    pattern = str(tmp_path / "many" / "a.####.exr")
    compare = ["compare", pattern, pattern]
    running = service()
    running.write({"id": "busy", "command": compare})
    first = running.read()
    assert (first["id"], first["event"], first["done"]) == ("busy", "progress", 1)
    status = ["status", "--project", str(film)]
    code, said, _ = running.end(
        {"id": "waits", "command": status},
        {"id": "waits", "command": status},
        {"cancel": "waits"},
        {"cancel": "waits"},
        {"cancel": "busy"},
        {"id": "waits", "command": status},
    )
    assert code == 0
    busy = [line for line in said if line["id"] == "busy"]
    assert busy[-1] == {"id": "busy", "event": "end", "code": 130}
    assert len(busy) < 999 and "result" not in [line["event"] for line in busy]
    assert [line["id"] for line in said if line["event"] == "error"] == [None]
    waits = [line for line in said if line["id"] == "waits"]
    assert [(line["event"], line.get("code")) for line in waits] == [
        ("end", 130), ("result", None), ("end", 0),
    ]  # fmt: skip
    assert said.index(waits[0]) < said.index(busy[-1])


def test_a_panel_gets_every_check_a_signature_and_a_repair(service, film) -> None:
    running = service()
    before = ledger.read(film).records
    said = running.ask(1, "status", "--checks", "--project", film)
    checks = {event["check"]: event for event in said if event["event"] == "check"}
    assert set(checks) == {check.id for check in recipes.load("colour-reference").checks}
    assert all(set(event["show"]) <= {"node", "frame", "file", "picture"} for event in checks.values())
    assert not checks["ingest.size_parity"]["repair"]
    assert ledger.read(film).records == before
    manual = next(check.id for check in recipes.load("colour-reference").checks if check.manual)
    signed = running.ask(2, "sign", "--by", "Ana", "--project", film, "--", manual)
    assert (result(signed)["signed"], signed[-1]["code"]) == (manual, 0)
    shown = running.ask(3, "fix", "--project", film, "--", "inference.identity_lock")
    assert shown[-1]["code"] == 2 and "has not been built" in shown[0]["message"]
    running.end()


def test_a_thumbnail_is_made_once_and_again_for_other_content(service, film, elements) -> None:
    pattern = elements / "source" / "source.####.exr"
    running = service()
    made = result(running.ask(1, *thumbnail(film, pattern, "--frame", 1004, "--size", 64)))
    picture = Path(made["file"])
    assert picture.parent == film / ".cache"
    assert (made["width"], made["height"]) == (64, 48)
    truth = read_frame(elements / "source" / "source.1004.exr").top_down()
    shown = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    assert shown.dtype == np.uint8
    wanted = truth.reshape(48, 3, 64, 3, 3).mean((1, 3)) * 255
    np.testing.assert_allclose(shown[..., ::-1], wanted, atol=1)
    before = picture.stat()
    again = result(running.ask(2, *thumbnail(film, pattern, "--frame", 1004, "--size", 64)))
    assert (again["file"], again["width"], again["height"]) == (made["file"], 64, 48)
    after = picture.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    others = {made["file"]}
    space = ["--colourspace", "scene_linear"]
    for more in (["--size", 32], ["--size", 64, *space]):
        others.add(result(running.ask(3, *thumbnail(film, pattern, "--frame", 1004, *more)))["file"])
    changed = Frame.from_array(truth[::-1] * np.float32(0.5))
    write_frame(changed, elements / "source" / "source.1004.exr", datatype="half")
    others.add(result(running.ask(4, *thumbnail(film, pattern, "--frame", 1004, "--size", 64)))["file"])
    assert len(others) == 4
    assert sorted(str(path) for path in (film / ".cache").iterdir()) == sorted(others)


def test_a_thumbnail_shows_linear_light_encoded_with_square_pixels(service, film, tmp_path) -> None:
    values = np.full((40, 60, 3), 0.18, np.float32)
    values[:10], values[10:20] = np.nan, np.inf
    file = tmp_path / "linear.exr"
    write_frame(Frame.from_array(values, format=Format(60, 40, 2.0)), file, datatype="half")
    made = result(service().ask(1, *thumbnail(film, file, "--colourspace", "Linear Rec.709 (sRGB)")))
    assert (made["width"], made["height"]) == (120, 40)
    shown = cv2.imread(made["file"])
    assert abs(int(shown[5, 60, 1]) - 118) <= 1  # 0.18 by IEC 61966-2-1
    assert shown[25, 60, 1] == 255 and shown[35, 60, 1] == 0


def test_neither_a_thumbnail_nor_the_ingest_checks_load_torch(service, film, elements) -> None:
    running = service("-X", "importtime")
    frame = elements / "source" / "source.1004.exr"
    commands = (
        thumbnail(film, frame),
        ("compare", frame, frame),
        ("check", "ingest", "--project", film),
        ("status", "--project", film),
    )
    code, said, text = running.end(
        *({"id": id, "command": [str(word) for word in words]} for id, words in enumerate(commands))
    )
    assert [(line["id"], line["code"]) for line in said if line["event"] == "end"] == [
        (id, 0) for id in range(4)
    ]
    assert code == 0
    imported = {
        line.rsplit("|", 1)[-1].strip() for line in text.splitlines() if line.startswith("import time:")
    }
    assert {"cv2", "OpenImageIO", "film_recovery.cli.pictures"} <= imported
    assert not any(name.split(".")[0] == "torch" for name in imported)


def test_a_node_of_the_script_has_pictures_too(service, film, elements) -> None:
    running = service()
    error, end = running.ask(1, "thumbnail", "--node", "Stack_Source", "--frame", 2, "--project", film)
    assert end["code"] == 2 and "has not been built" in error["message"]
    place = project.load(film)
    build_script(place)
    asked = ("thumbnail", "--node", "Stack_Source", "--frame", 2, "--size", 64, "--project", film)
    made = result(running.ask(2, *asked))
    second = sorted(pair.source for pair in place.pairs)[1]
    truth = read_frame(elements / "source" / f"source.{second}.exr").top_down()
    shown = cv2.imread(made["file"], cv2.IMREAD_UNCHANGED)
    assert shown.shape == (48, 64, 3)
    # Read as encoded sRGB into linear light, made small there, shown encoded again.
    light = np.where(truth <= 0.04045, truth / 12.92, ((truth + 0.055) / 1.055) ** 2.4)
    small = light.reshape(48, 3, 64, 3, 3).mean((1, 3))
    encoded = np.where(small <= 0.0031308, small * 12.92, 1.055 * small ** (1 / 2.4) - 0.055) * 255
    np.testing.assert_allclose(shown[..., ::-1], encoded, atol=2)
    assert result(running.ask(3, *asked))["file"] == made["file"]
    for wrong in (
        ("thumbnail", "--project", film),
        ("thumbnail", "--node", "Stack_Source", "--project", film),
        ("thumbnail", "a.png", "--node", "Stack_Source", "--frame", 1, "--project", film),
    ):
        assert running.ask(4, *wrong)[-1]["code"] == 2
    unknown = running.ask(5, "thumbnail", "--node", "Nobody", "--frame", 1, "--project", film)
    assert "Nobody" in unknown[0]["message"]


def test_pairs_are_changed_through_it(service, film) -> None:
    running = service()
    added = result(running.ask(1, "pairs", "add", "--reason", "the lamp", "--project", film, "--", 1002))
    assert added["pairs"] == 5 and [
        pair.reason for pair in project.load(film).pairs if pair.source == 1002
    ] == ["the lamp"]
    assert running.ask(2, "pairs", "--project", film)[-1]["code"] == 2


def test_values_are_set_through_it_and_the_ledger_has_what_they_were(service, film) -> None:
    running, before = service(), project.load(film)
    wanted = ("training.steps=60000", 'reasoning="Why: the lamp, 1#2"')
    said = result(running.ask(1, "set", "--by", "Ada", "--project", film, *wanted))
    assert list(said["to"]) == ["training.steps", "reasoning"]
    now = project.load(film)
    assert (now.training.steps, now.reasoning) == (60000, "Why: the lamp, 1#2")
    (record,) = ledger.read(film).of_kind("set")
    assert record.by == "Ada" and record.data["to"]["training.steps"] == 60000
    assert record.data["from"] == {"training.steps": before.training.steps, "reasoning": before.reasoning}
    assert result(running.ask(2, "set", "--project", film, *wanted))["to"] == {}
    text = (film / project.FILE).read_bytes()
    for number, wrong in enumerate(
        (
            ("training.steps=many",),
            ("training.patch=256", "training.colour=1"),  # all of them or none
            ("training.steps",),
            ("pairs=[]",),
            ("reasoning=[",),
        ),
        3,
    ):
        refused = running.ask(number, "set", "--project", film, *wrong)
        assert refused[-1]["code"] != 0 and refused[0]["remedy"]
    assert (film / project.FILE).read_bytes() == text
    assert len(ledger.read(film).of_kind("set")) == 1


def test_somebody_else_holds_it_so_nothing_is_set(service, film) -> None:
    running = service()
    with project.lock.held(film, "align by hand"):
        refused = running.ask(1, "set", "--project", film, "training.steps=60000")
    assert "align by hand" in refused[0]["message"] and project.load(film).training.steps != 60000


def test_values_are_set_and_the_names_of_the_config_told(service, film) -> None:
    running = service()
    names = result(running.ask(1, "config", "colourspaces", "--project", film))
    assert names["roles"]["scene_linear"] in names["colourspaces"]
    value = f"elements.source.gauge={json.dumps('16 mm')}"
    said = result(running.ask(2, "set", "--by", "Ada", "--project", film, "--", value))
    assert said["to"] == {"elements.source.gauge": "16 mm"}
    assert project.load(film).source.gauge == "16 mm"
    error, end = running.ask(3, "set", "--project", film, "--", "elements.source.width=wide")
    assert "elements.source.width is 'wide'" in error["message"] and end["code"] == 3
