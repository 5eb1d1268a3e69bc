"""The wall, from the light side: what NukeX imports brings nothing along, and so takes no time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("import_all.py")


def _imported() -> dict[str, Any]:
    command = [sys.executable, "-I", str(PROGRAM)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_light_packages_bring_only_the_standard_library() -> None:
    report = _imported()
    assert report["foreign"] == []
    assert report["engine"] == []
    assert {"film_recovery.errors", "film_recovery.nk", "film_recovery.graph"} <= set(report["modules"])
