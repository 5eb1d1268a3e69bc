"""The checkout keeps its own rules: contracts that can fail, locked requirements, documented dependencies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from film_recovery import __version__

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.lock"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; .+)?$")


def _pins(lock: Path, *, direct: bool = False) -> dict[str, str]:
    """Name → version, all of ``lock`` or only what stands above "What those need"."""
    text = lock.read_text(encoding="utf-8")
    if direct:
        text = text.partition("# What those need")[0]
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    matches = [PIN.match(line) for line in lines]
    assert all(matches), f"{lock.name} holds a line that is not an exact pin"
    return {match[1].lower(): match[2] for match in matches if match}


# Import contracts

BREACHES = {
    "wall, an installed package": ("nk/words.py", "import numpy", "wall"),
    "wall, the engine": ("graph/spec.py", "from film_recovery import imaging", "wall"),
    "layers, side by side": ("learning/lock.py", "from film_recovery import comp", "layers"),
    "layers, upwards": ("comp/registry.py", "from film_recovery import engine", "layers"),
    "layers, the demo from the product": ("engine/__init__.py", "from film_recovery import demo", "layers"),
    "layers, a part without a place": ("helpers.py", "", "layers"),
    "pictures, not scripts": ("analysis/identity.py", "from film_recovery import nk", "pictures-not-scripts"),
    "tcl in a second place": ("nk/words.py", "import tkinter", "tcl"),
    "yaml past its door": ("project/model.py", "import yaml", "yaml"),
    "nuke": ("cli/main.py", "import nuke", "no-nuke"),
    "Qt": ("errors.py", "from PySide6 import QtCore", "no-nuke"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_an_import_contract_notices(breach: str, tmp_path: Path) -> None:
    file, line, contract = BREACHES[breach]
    pictures = shutil.ignore_patterns("*.png", "*.jpg")
    code = shutil.copytree(ROOT / "python", tmp_path / "python", ignore=pictures)
    module = code / "film_recovery" / file
    before = module.read_text(encoding="utf-8") if module.exists() else ""
    module.write_text(f"{before}\n\ndef _breach() -> None:\n    {line or 'pass'}\n", encoding="utf-8")
    verdict = _lint_imports(code, contract)
    assert verdict.returncode == 1
    assert "1 broken" in verdict.stdout or "Missing layer" in verdict.stdout, verdict.stdout


@pytest.mark.parametrize("contract", sorted({contract for _, _, contract in BREACHES.values()}))
def test_an_import_contract_holds(contract: str) -> None:
    verdict = _lint_imports(ROOT / "python", contract)
    assert verdict.returncode == 0, verdict.stdout


def _lint_imports(code: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """The verdict on the package in ``code``: import-linter takes it from the folder that it runs in."""
    program = Path(sys.executable).with_name("lint-imports")
    options = ["--no-cache", "--no-logo", "--config", str(ROOT / "pyproject.toml"), "--contract", contract]
    return subprocess.run([program, *options], capture_output=True, encoding="utf-8", cwd=code, timeout=120)


# Requirements and their documentation


def test_every_requirement_is_pinned_exactly() -> None:
    names = [
        "credentials.lock",
        "demo.lock",
        "engine.lock",
        "light-py310.lock",
        "nuke-torch.lock",
        "panel.lock",
        "review.lock",
    ]
    assert [lock.name for lock in LOCKS] == names
    for lock in LOCKS:
        assert _pins(lock)


def test_torch_is_the_first_line_of_the_engine() -> None:
    assert next(iter(_pins(REQUIREMENTS / "engine.lock").items())) == ("torch", "2.13.0")


def test_what_the_package_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {
        re.split(r"[><=]", requirement)[0].lower()
        for requirements in project["optional-dependencies"].values()
        for requirement in requirements
    }
    locks = ("engine", "demo", "panel", "credentials", "review")
    locked = [name for lock in locks for name in _pins(REQUIREMENTS / f"{lock}.lock")]
    assert asked <= set(locked)
    assert project["dependencies"] == [], "the light packages need the standard library only"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_direct_dependency_is_documented(lock: Path) -> None:
    section = _documented(lock)
    assert set(_pins(lock, direct=True)) == section, f"docs/dependencies.md and {lock.name} differ"


def _documented(lock: Path) -> set[str]:
    """The packages in the first column of the tables whose headings name ``lock``."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    sections = [part for part in page.split("\n## ")[1:] if lock.name in part.partition("\n")[0]]
    assert sections, f"docs/dependencies.md has no section for {lock.name}"
    rows = [line for section in sections for line in section.splitlines() if line.startswith("| `")]
    cells = [row.split("|")[1] for row in rows]
    return {name.lower() for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_packages_that_replace_torch_are_not_asked_for() -> None:
    # Each pulls a torch of its own (piq, torchvision) or takes seconds to import (lightning, torchmetrics).
    for lock in LOCKS:
        assert not {"piq", "torchvision", "torchaudio", "lightning", "torchmetrics"} & set(_pins(lock))


# Set-up


def test_the_environment_is_the_locked_one() -> None:
    from importlib import metadata

    for name, version in _pins(REQUIREMENTS / "engine.lock").items():
        if name != "colorama":
            assert metadata.version(name).partition("+")[0] == version
    assert metadata.version("film-recovery") == __version__


def test_setting_up_again_asks_no_network() -> None:
    # An index that cannot be reached, and no wheels at hand: if pip were asked for anything, it would fail.
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    done = _set_up(environment={**os.environ, **nowhere})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unknown_wish_is_a_usage_error() -> None:
    done = _set_up("everything")
    assert done.returncode == 2
    assert "setup_env.py demo" in done.stdout


def _set_up(*wish: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "setup_env.py"), *wish]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60)


def test_what_makes_certificates_is_asked_for_by_name() -> None:
    bare = {name: value for name, value in os.environ.items() if name != "FR_INSTALL_SYSTEM"}
    asked = [sys.executable, "-c", "import setup_env; setup_env.need_openssl()"]
    done = subprocess.run(asked, cwd=ROOT, env={**bare, "PATH": ""}, capture_output=True, encoding="utf-8")
    assert done.returncode and "apt-get install -y --no-install-recommends openssl" in done.stderr
