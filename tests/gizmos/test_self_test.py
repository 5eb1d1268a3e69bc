"""The self-test whole: on the strict emulation of Nuke, whose pixels are our evaluator's on the text it would save."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from film_recovery import nk
from film_recovery.demo.self_test_data import evaluator, value_at
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.nuke import NukeHost
from film_recovery.host.script import ScriptHost
from film_recovery.imaging.frame import Frame
from film_recovery.plugin import self_test
from film_recovery.plugin.self_test_cases import DATA, GROUP, load_cases
from film_recovery.plugin.self_test_report import Report, report_text

ROOT = Path(__file__).resolve().parents[2]
OPERATORS = """Read {
 inputs 0
 file /film/scan.####.exr
 name Scan
}
Grade {
 white 1.2
 name Grade1
 selected true
}
set Ngrade [stack 0]
Group {
 name FilmRecoverySelfTest
}
 Input {
  inputs 0
  name Input1
 }
 Output {
  name Output1
 }
end_group
"""


class Pixels:
    """What ``nuke.sample`` answers: the node's frame, evaluated on the script as it would be saved now."""

    def __init__(self, nuke: ModuleType, folder: Path) -> None:
        self._nuke, self._file = nuke, folder / "as_now.nk"
        self._node: Any = None
        self._group: Any = None
        self._frame: Frame | None = None
        self._evaluator: Any = None

    def __call__(self, node: Any, channel: str, x: float, y: float) -> float:
        if node is not self._node:
            self._nuke.scriptSave(str(self._file))
            self._evaluator = evaluator(self._file.read_text("utf-8"))
            self._frame = self._evaluator.frame(node.fullName(), self._nuke.frame())
            self._node = node
        assert self._frame is not None
        return value_at(self._frame, channel, x, y)


@pytest.fixture
def nuke(emulated_nuke: ModuleType, tmp_path: Path) -> ModuleType:
    """With the plugin's gizmos on the path, OCIO colour management, and a script of the operator's own."""
    script = tmp_path / "operators.nk"
    root = "Root {\n inputs 0\n colorManagement OCIO\n workingSpaceLUT scene_linear\n}\n"
    script.write_text("version 15.1 v3\n" + root + OPERATORS, "utf-8")
    emulated_nuke.scriptOpen(str(script))
    emulated_nuke.pluginAddPath(str(ROOT / "gizmos"))
    emulated_nuke.frame(1001)  # where the operator stands must not matter
    emulated_nuke.emulation.pixels = Pixels(emulated_nuke, tmp_path)
    return emulated_nuke


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the self-test's data, with a .cat as a user would have made it."""
    copied = Path(shutil.copytree(DATA, tmp_path / "a folder" / "data"))
    _with_cat(copied)
    return copied


def _with_cat(folder: Path) -> None:
    from film_recovery.learning.export import tie_cat

    (folder / "self_test.cat").write_bytes(b"a container of Nuke's own")
    tie_cat(folder / "self_test.pt", folder / "self_test.cat")


def few(data: Path, *names: str) -> None:
    """Keeps only the cases ``names`` in ``data``."""
    file = data / "cases.json"
    content = json.loads(file.read_text("utf-8"))
    content["cases"] = [case for case in content["cases"] if case["id"] in names]
    assert len(content["cases"]) == len(names)
    file.write_text(json.dumps(content), "utf-8")


def outcomes(report: Report) -> dict[str, str]:
    return {result.id: result.outcome for result in report.results}


def saved(nuke: ModuleType, tmp_path: Path) -> str:
    nuke.scriptSave(str(tmp_path / "saved.nk"))
    return (tmp_path / "saved.nk").read_text("utf-8")


def test_every_case_is_as_expected(nuke: ModuleType, data: Path, tmp_path: Path) -> None:
    before, chosen, frame = saved(nuke, tmp_path), NukeHost().selected(), nuke.frame()
    report = self_test.run(NukeHost(), tmp_path / "reports", data)
    cases = load_cases(data)
    assert outcomes(report) == {case.id: "pass" for case in cases.cases}, report_text(report)
    assert report.passed and set(report.verdicts().values()) == {"confirmed"}
    assert saved(nuke, tmp_path) == before, "the operator's script is as it was"
    assert (NukeHost().selected(), nuke.frame()) == (chosen, frame)
    assert nuke.emulation.tcl == []


def test_the_report_can_be_sent(nuke: ModuleType, data: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    few(data, "read-values", "merge-colour")
    self_test.run(NukeHost(), data=data)
    (text,), (file,) = (list((tmp_path / self_test.FOLDER).glob(f"*.{end}")) for end in ("txt", "json"))
    shown = text.read_text("utf-8")
    for part in ("15.1v3", "NukeX", "colorManagement", "OCIO", "2 pass", "merge-colour", "F_Align", "open"):
        assert part in shown
    content = json.loads(file.read_text("utf-8"))
    assert content["about"]["nuke"] == "15.1v3" and content["about"]["platform"]
    assert [case["outcome"] for case in content["cases"]] == ["pass", "pass"]
    assert content["cases"][0]["largest"] <= content["cases"][0]["tolerance"]
    assert set(content["claims"].values()) == {"open"}
    assert "2 of 2" in nuke.emulation.messages[-1] and str(text) in nuke.emulation.messages[-1]


def test_one_failing_case_never_stops_the_others(nuke: ModuleType, data: Path, tmp_path: Path) -> None:
    names = "ground-truth-alpha merge-mix align-small switch-beyond fade-balance copycat-passes".split()
    few(data, *names)
    expected = json.loads((data / "expected.json").read_text("utf-8"))
    expected["merge-mix"]["1"]["rgba.green"][5] += 0.01
    del expected["copycat-passes"]
    (data / "expected.json").write_text(json.dumps(expected), "utf-8")
    cases = json.loads((data / "cases.json").read_text("utf-8"))
    for case in cases["cases"]:
        if case["id"] == "fade-balance":
            case["block"] = "FR_Nowhere"
        if case["id"] == "switch-beyond":
            case["nodes"] = case["nodes"].replace("which 5", "whichever 5")
    (data / "cases.json").write_text(json.dumps(cases), "utf-8")
    (data / "small.exr").unlink()
    before = saved(nuke, tmp_path)
    report = self_test.run(NukeHost(), tmp_path, data)
    assert outcomes(report) == {
        "ground-truth-alpha": "pass",
        "merge-mix": "fail",
        "align-small": "error",
        "switch-beyond": "error",
        "fade-balance": "error",
        "copycat-passes": "error",
    }
    said = {result.id: result.message for result in report.results}
    assert "rgba.green, x 34, y 0" in said["merge-mix"] and "is expected" in said["merge-mix"]
    assert "plate small is missing" in said["align-small"] and "small.exr" in said["align-small"]
    assert "whichever" in said["switch-beyond"]
    assert "FR_Nowhere" in said["fade-balance"]
    assert "No expected values" in said["copycat-passes"]
    verdicts = report.verdicts()
    assert (verdicts["dissolve"], verdicts["shuffle-black"], verdicts["reformat-none"]) == (
        "refuted",
        "confirmed",
        "open",
    )
    assert not report.passed
    assert saved(nuke, tmp_path) == before


def test_a_picture_that_is_no_number_or_infinite_is_told(
    nuke: ModuleType, data: Path, tmp_path: Path
) -> None:
    few(data, "read-values")
    nuke.emulation.pixels = lambda node, channel, x, y: float("nan")
    report = self_test.run(NukeHost(), tmp_path, data)
    assert outcomes(report) == {"read-values": "fail"}
    (file,) = tmp_path.glob("self_test_nuke_*.json")
    assert json.loads(file.read_text("utf-8"))["cases"][0]["largest"] == "infinite"


def test_what_needs_a_cat_or_ocio_is_said(nuke: ModuleType, data: Path, tmp_path: Path) -> None:
    few(data, "inference-model", "archival-aces", "archival-passes")
    (data / "self_test.cat").unlink()
    nuke.root()["colorManagement"].setValue("Nuke")
    report = self_test.run(NukeHost(), tmp_path, data)
    assert list(outcomes(report).values()) == ["pass", "not compared", "not compared"]
    assert "docs/self-test.md" in report.results[2].message and "OCIO" in report.results[1].message
    assert report.passed, "what cannot be compared here is no failure"


def test_it_is_one_undo_step_that_leaves_the_script_alone(
    nuke: ModuleType, data: Path, tmp_path: Path
) -> None:
    few(data, "postage-stamp")
    self_test.run(NukeHost(), tmp_path, data)
    after = saved(nuke, tmp_path)
    nuke.Undo.undo()
    assert saved(nuke, tmp_path) == after


def test_an_operator_who_stops_it_has_the_script_as_it_was(
    nuke: ModuleType, data: Path, tmp_path: Path
) -> None:
    def stop(*_: Any) -> float:
        raise KeyboardInterrupt

    few(data, "postage-stamp")
    before = saved(nuke, tmp_path)
    nuke.emulation.pixels = stop
    with pytest.raises(KeyboardInterrupt):
        self_test.run(NukeHost(), tmp_path, data)
    assert saved(nuke, tmp_path) == before
    assert not list(tmp_path.glob("self_test_nuke_*"))


def test_a_home_that_is_read_only_gets_the_report_elsewhere(
    nuke: ModuleType, data: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "home").write_text("a file where a folder is wanted", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    few(data, "read-values")
    self_test.run(NukeHost(), data=data)
    assert len(list((tmp_path / self_test.FOLDER).glob("*.txt"))) == 1


def test_data_that_is_damaged_is_named(data: Path, tmp_path: Path) -> None:
    host = ScriptHost(nk.parse(OPERATORS))
    (data / "cases.json").write_text('{"plates": 3}', "utf-8")
    with pytest.raises(FilmRecoveryError, match=r"cases\.json"):
        self_test.run(host, tmp_path, data)


def test_a_script_file_has_no_pixels_and_is_left_alone(data: Path, tmp_path: Path) -> None:
    few(data, "read-values", "merge-colour")
    text = "Root {\n inputs 0\n}\n" + OPERATORS
    host = ScriptHost(nk.parse(text))
    report = self_test.run(host, tmp_path, data)
    assert set(outcomes(report).values()) == {"error"}
    assert "no pixels" in report.results[0].message
    assert host.script_text() == text
    assert GROUP in OPERATORS, "the operator's own group of that name is not mistaken for ours"


RUN_IN_NUKE = """
import runpy, sys
import nuke
sys.path[:0] = [{python!r}, {tests!r}]
from film_recovery import nk
from test_self_test import Pixels
from pathlib import Path
nuke.emulation.reset(gui=False)
nuke.emulation.pixels = Pixels(nuke, Path({folder!r})) if {pixels} else None
sys.argv = [{script!r}, {folder!r}]
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("pixels", "code", "shown"), [(True, 0, "0 fail"), (False, 1, "has no pixels")])
def test_in_nuke_runs_from_a_shell(tmp_path: Path, pixels: bool, code: int, shown: str) -> None:
    """As a process of its own, on the emulation, without a screen and without what is installed."""
    program = RUN_IN_NUKE.format(
        python=str(ROOT / "python"),
        tests=str(Path(__file__).parent),
        folder=str(tmp_path),
        script=str(ROOT / "tests" / "in_nuke.py"),
        pixels=pixels,
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "emulated_nuke"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8", timeout=200
    )
    assert (done.returncode, shown in done.stdout) == (code, True), done.stdout + done.stderr
    assert len(list(tmp_path.glob("self_test_nuke_15.1v3_*.txt"))) == 1
