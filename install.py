"""Installs Film Recovery for NukeX, and takes it out again. Any Python from 3.9; standard library only.

    python install.py                    for you: one marked block in ~/.nuke/init.py names this folder
    python install.py --prefix DIR       for many: a folder to name in NUKE_PATH; no home is touched
    python install.py --uninstall        takes out what the same command without it put in

    --engine PATH   use the engine that this Python has, instead of making an environment
    --wheels DIR    take all packages from DIR; ask no network
    --no-engine     building blocks, templates and menus only
    --engine-only   the engine of this folder and nothing else: what the panel runs where none is found

Both ways put PyYAML beside the plugin's code, where nothing but the plugin finds it, and make the engine's
environment (Python 3.11, packages checked by their hashes) in ``.venv-engine`` of the plugin's folder. A second run
changes nothing. The block in init.py says in its first line how to undo it, so that uninstalling gives the file back
byte for byte, and removes the file and its folder if they were not there before.
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

import setup_env as setup
from setup_env import Stop

ROOT = Path(__file__).resolve().parent
HASHED = ROOT / "requirements" / "engine-hashed.txt"

COPIED = ("init.py", "menu.py", "LICENSE", "python", "gizmos", "icons", "templates", "docs")
ENVIRONMENT = ".venv-engine"
LOCK = ".venv-engine.lock"
ENGINE_FILE = "engine.txt"  # film_recovery.plugin.start reads it
PREFIX_MARK = ".film-recovery-prefix"
VENDORED = Path("python", "film_recovery", "_vendor", "yaml")
ENGINE_PARTS = tuple(part for part in setup.ENGINE_PARTS if part != "OpenEXR")  # a test's

OURS = b"  # Film Recovery"
START = b"# >>> Film Recovery, written by install.py"
END = b"# <<< Film Recovery"
WITH_LINE_END = b", with the line end before it"
WITH_FILE = b", with this file"
WITH_FOLDER = b", with this file and its folder"


@dataclass(frozen=True)
class Wish:
    """What the command line asks for. ``plugin``: the folder that NukeX is to load."""

    plugin: Path
    is_shared: bool
    is_engine_only: bool
    engine: str | None
    wheels: Path | None
    makes_engine: bool


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="install.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prefix", metavar="DIR", type=Path)
    parser.add_argument("--engine", metavar="PATH")
    parser.add_argument("--wheels", metavar="DIR", type=Path)
    parser.add_argument("--no-engine", action="store_true")
    parser.add_argument("--engine-only", action="store_true")
    parser.add_argument("--uninstall", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.engine and asked.no_engine:
        parser.error("--engine and --no-engine exclude one another")
    if asked.engine_only and (asked.prefix or asked.no_engine or asked.uninstall):
        parser.error("--engine-only goes with --engine and --wheels alone")
    plugin = Path(os.path.abspath(asked.prefix)) if asked.prefix else ROOT
    wish = Wish(
        plugin, asked.prefix is not None, asked.engine_only, asked.engine, asked.wheels, not asked.no_engine
    )
    try:
        (uninstall if asked.uninstall else install)(wish)
    except Stop as stop:
        print(f"install: {stop}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print(
            "install: stopped. What was finished stays; run this again to go on.", file=sys.stderr, flush=True
        )
        return 130
    except OSError as error:
        print(
            f"install: {error.filename or 'A file'} cannot be written: {error.strerror}. "
            "Remedy: check the permissions and the free space there, then run this again.",
            file=sys.stderr,
            flush=True,
        )
        return 1
    return 0


def install(wish: Wish) -> None:
    """Everything that can be refused is looked at before anything is written; the home comes last."""
    engine = checked_engine(wish.engine) if wish.engine else None
    if wish.wheels and not wish.wheels.is_dir():
        raise Stop(f"{wish.wheels} is no folder. Remedy: name the folder that holds the wheels.")
    if wish.is_shared:
        check_prefix(wish.plugin)
    elif not wish.is_engine_only:
        check_home()
    check_writable(wish.plugin)
    if wish.is_shared:
        copy_plugin(wish.plugin)
    if engine is None and wish.makes_engine:
        with alone(wish.plugin):
            engine = make_engine(wish)
    vendor_yaml(wish, engine)
    if engine is not None:
        note_engine(wish.plugin, engine)
    if wish.is_shared:
        say(f"{wish.plugin} is ready. Name it in NUKE_PATH.")
    elif wish.is_engine_only:
        say(f"the engine is {engine}.")
    else:
        add_block(home_file(), wish.plugin)
        say(f"{home_file()} loads {wish.plugin}. Start NukeX again.")
    if engine is None:
        say(f"no engine: {ENGINE_FILE} is not there. Run this again without --no-engine for one.")


def uninstall(wish: Wish) -> None:
    if wish.is_shared:
        remove_prefix(wish.plugin)
        return
    remove_block(home_file())
    if (wish.plugin / VENDORED.parent).is_dir():
        shutil.rmtree(wish.plugin / VENDORED.parent)
    remove_engine(wish.plugin)
    say(f"{home_file()} no longer loads {wish.plugin}.")


# The user's init.py


def home_file() -> Path:
    return home_folder(setup.WINDOWS, os.environ) / ".nuke" / "init.py"


def home_folder(is_windows: bool, variables: Mapping[str, str]) -> Path:
    """Where NukeX is taken to look for .nuke: on Windows %HOME% before the profile, where somebody set it."""
    home = variables.get("HOME", "") if is_windows else ""
    return Path(home) if home else Path.home()


def block(plugin: PurePath, newline: bytes, how: bytes, kept: list[bytes]) -> bytes:
    """The marked lines. The path has forward slashes and is plain ASCII, whatever the file's encoding."""
    path = ascii(plugin.as_posix()).encode("ascii")
    lines = [
        START + how + b" >>>",
        b"import nuke" + OURS,
        b"nuke.pluginAddPath(" + path + b")" + OURS,
        *kept,
        END + b" <<<",
    ]
    return b"".join(line + newline for line in lines)


@dataclass(frozen=True)
class Parts:
    """An init.py with a block: what stands around it, how it was made, and lines in it that are not ours."""

    before: bytes
    after: bytes
    how: bytes
    newline: bytes
    kept: list[bytes]


def split(content: bytes, file: Path) -> Parts | None:
    """The parts of ``content``, or None without a block. Stops where a marker is missing or doubled."""
    lines = content.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if line.startswith(START)]
    ends = [n for n, line in enumerate(lines) if line.startswith(END)]
    if not starts and not ends:
        return None
    if len(starts) != 1 or len(ends) != 1 or ends[0] < starts[0]:
        raise Stop(
            f"{file} holds {len(starts)} first and {len(ends)} last lines of the Film Recovery block. "
            "Remedy: remove what is left of the block by hand, then run this again."
        )
    start, end = starts[0], ends[0]
    first = lines[start]
    body = first.rstrip(b"\r\n")
    how = body[len(START) :].rpartition(b" >>>")[0]
    kept = [line.rstrip(b"\r\n") for line in lines[start + 1 : end] if not line.rstrip().endswith(OURS)]
    newline = first[len(body) :]
    return Parts(b"".join(lines[:start]), b"".join(lines[end + 1 :]), how, newline, kept)


def check_home() -> None:
    """Stops before anything is done where init.py could not be written."""
    file = home_file()
    if file.exists() and not file.is_file():
        raise Stop(f"{file} is not a file. Remedy: move it away, then run this again.")
    if file.exists():
        split(file.read_bytes(), file)
    if file.exists() and not is_writable(file):
        raise Stop(
            f"{file} is read-only. Remedy: make it writable (chmod u+w), or use --prefix DIR and name DIR "
            "in NUKE_PATH, which touches no home."
        )
    folder = Path(os.path.realpath(file)).parent
    while not folder.exists() and not folder.is_symlink():
        folder = folder.parent
    if not folder.is_dir() or not is_writable(folder):
        raise Stop(
            f"{folder} cannot be written to, and {file.name} belongs into {file.parent}. Remedy: use "
            "--prefix DIR and name DIR in NUKE_PATH, which touches no home."
        )


def is_writable(path: Path) -> bool:
    """Whether it may be written to, and is meant to be: root may write to what is marked read-only."""
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def add_block(file: Path, plugin: Path) -> None:
    """Puts the block at the end of ``file``, or brings the one that is there up to date."""
    there = file.exists()
    content = file.read_bytes() if there else b""
    parts = split(content, file)
    if parts is None:
        newline = newline_of(content)
        how = b""
        if not there:
            how = WITH_FILE if file.parent.exists() else WITH_FOLDER
        elif content and not content.endswith((b"\n", b"\r")):
            how = WITH_LINE_END
            content += newline
        wanted = content + block(plugin, newline, how, [])
    else:
        made = block(plugin, parts.newline, parts.how, parts.kept)
        wanted = parts.before + made + parts.after
    if not there or wanted != file.read_bytes():
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, wanted)


def remove_block(file: Path) -> None:
    """Gives ``file`` back as it was; lines that somebody wrote into the block stay."""
    if not file.exists():
        return
    parts = split(file.read_bytes(), file)
    if parts is None:
        return
    kept = b"".join(line + parts.newline for line in parts.kept)
    before = parts.before
    if parts.how == WITH_LINE_END and not kept and not parts.after:
        before = before[: -len(parts.newline)]
    left = before + kept + parts.after
    check_home()
    if left or parts.how not in (WITH_FILE, WITH_FOLDER):
        replace(file, left)
        return
    Path(os.path.realpath(file)).unlink()  # a link that pointed at nothing does so again
    if parts.how == WITH_FOLDER and not any(file.parent.iterdir()):
        file.parent.rmdir()


def newline_of(content: bytes) -> bytes:
    """The line end that ``content`` uses most."""
    windows = content.count(b"\r\n")
    return b"\r\n" if windows > content.count(b"\n") - windows else b"\n"


def replace(file: Path, content: bytes) -> None:
    """Writes ``file`` whole or not at all. A link is followed, permissions are kept."""
    target = Path(os.path.realpath(file))
    mode = target.stat().st_mode & 0o7777 if target.exists() else None
    handle, temporary = tempfile.mkstemp(prefix=".film-recovery-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        if mode is None:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


# A shared folder


def check_prefix(prefix: Path) -> None:
    real = Path(os.path.realpath(prefix))
    if real == ROOT or ROOT in real.parents or real in ROOT.parents:
        raise Stop(f"{prefix} is this folder, in it or around it. Remedy: choose a folder of its own.")
    if prefix.exists() and not prefix.is_dir():
        raise Stop(f"{prefix} is not a folder. Remedy: choose another.")
    if prefix.is_dir() and any(prefix.iterdir()) and not (prefix / PREFIX_MARK).is_file():
        raise Stop(
            f"{prefix} holds files that are not Film Recovery's. Remedy: choose an empty folder; NUKE_PATH "
            "may name several."
        )


def check_writable(plugin: Path) -> None:
    folder = plugin
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not is_writable(folder):
        raise Stop(
            f"{folder} cannot be written to. Remedy: choose a folder that you may write to (--prefix DIR)."
        )


def copy_plugin(prefix: Path) -> None:
    """Makes what NukeX needs in ``prefix`` equal to what is here; writes only what differs."""
    prefix.mkdir(parents=True, exist_ok=True)
    (prefix / PREFIX_MARK).touch()
    wanted = sorted(relative for name in COPIED for relative in files_of(ROOT, name))
    there = sorted(relative for name in COPIED for relative in files_of(prefix, name))
    for relative in set(there) - set(wanted):
        (prefix / relative).unlink()
    for relative in wanted:
        target = prefix / relative
        if target.is_file() and filecmp.cmp(ROOT / relative, target, shallow=False):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        replace(target, (ROOT / relative).read_bytes())


def files_of(root: Path, name: str) -> list[Path]:
    """The files of ``root / name`` that belong to the plugin, relative to ``root``."""
    place = root / name
    found = place.rglob("*") if place.is_dir() else [place]
    files = [one.relative_to(root) for one in found if one.is_file()]
    return [one for one in files if "__pycache__" not in one.parts and VENDORED.parent not in one.parents]


def remove_prefix(prefix: Path) -> None:
    """Takes out what was put there, and the folder if nothing else is in it."""
    if not prefix.exists():
        return
    check_prefix(prefix)
    for name in COPIED:
        place = prefix / name
        if place.is_dir():
            shutil.rmtree(place)
        elif place.exists():
            place.unlink()
    remove_engine(prefix)
    (prefix / PREFIX_MARK).unlink()
    if not any(prefix.iterdir()):
        prefix.rmdir()
    say(f"Film Recovery is no longer in {prefix}.")


# PyYAML, for the plugin alone


def vendor_yaml(wish: Wish, engine: str | None) -> None:
    """PyYAML as pure Python beside the plugin's code: from the engine, the wheels, or the package index."""
    target = wish.plugin / VENDORED
    if (target / "__init__.py").is_file():
        return
    with tempfile.TemporaryDirectory() as temporary:
        found = Path(temporary, "yaml")
        if wish.wheels:
            take_from_wheel(locked_wheel(wish.wheels), found)
        elif engine is not None:
            take_from_engine(engine, found)
        else:
            take_from_wheel(downloaded_wheel(Path(temporary)), found)
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".film-recovery-", dir=target.parent)) / "yaml"
        shutil.copytree(found, made)
        os.chmod(made.parent, 0o755)
        os.replace(made, target)
        made.parent.rmdir()


def take_from_wheel(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if is_taken(name):
                folder.mkdir(exist_ok=True)
                (folder / Path(name).name).write_bytes(archive.read(name))


def is_taken(name: str) -> bool:
    """Pure Python and the licence. Not ``cyaml``: it would look for another PyYAML's compiled part."""
    if re.fullmatch(r"[^/]+\.dist-info/(licenses/)?LICENSE", name):
        return True
    return bool(re.fullmatch(r"yaml/[a-z_]+\.py", name)) and name != "yaml/cyaml.py"


def take_from_engine(engine: str, folder: Path) -> None:
    question = "import yaml; print(yaml.__file__)"
    done = subprocess.run([engine, "-I", "-c", question], stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        raise Stop(f"{engine} has no PyYAML. Remedy: install requirements/{HASHED.name} into it.")
    installed = Path(done.stdout.strip()).parent
    folder.mkdir()
    licences = installed.parent.glob("[Pp]y[Yy][Aa][Mm][Ll]-*.dist-info/**/LICENSE")
    for one in [*installed.glob("*.py"), *licences]:
        name = f"yaml/{one.name}" if one.suffix else f"a.dist-info/{one.name}"
        if is_taken(name):
            shutil.copyfile(one, folder / one.name)


def locked_wheel(wheels: Path, lock: Path = HASHED) -> Path:
    """The wheel of PyYAML in ``wheels`` whose hash is in the lock."""
    hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", requirement("PyYAML", lock)))
    for wheel in sorted(wheels.glob("*.whl")):
        if wheel.name.lower().startswith("pyyaml-"):
            if hashlib.sha256(wheel.read_bytes()).hexdigest() in hashes:
                return wheel
            say(f"{wheel.name} is not the locked one")
    raise Stop(
        f"{wheels} holds no wheel of PyYAML whose hash is in requirements/{lock.name}. Remedy: fill it with "
        f"pip download --require-hashes --no-deps -r requirements/{lock.name} -d {wheels.name}"
    )


def downloaded_wheel(folder: Path) -> Path:
    """One of the locked wheels; which does not matter, for their Python files are the same."""
    only = folder / "pyyaml.txt"
    only.write_text(requirement("PyYAML", HASHED), encoding="utf-8")
    platform = ["--platform", "manylinux2014_x86_64", "--python-version", "3.11", "--implementation", "cp"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download", "--no-deps"]
    command += ["--only-binary", ":all:", *platform, "--require-hashes", "-r", str(only), "-d", str(folder)]
    setup.run_or_stop(
        command,
        "PyYAML could not be had; pip's own message stands above. Remedy: name a folder that holds its "
        "wheel with --wheels DIR, or a Python that has it with --engine PATH.",
    )
    return locked_wheel(folder)


def requirement(name: str, lock: Path) -> str:
    """The lines of one package in the lock."""
    found = re.search(rf"(?m)^{re.escape(name)}==(.*\\\n)*.*\n", lock.read_text(encoding="utf-8"))
    if found is None:
        raise Stop(f"{lock} does not lock {name}. Remedy: get Film Recovery again.")
    return found[0]


# The engine


@contextmanager
def alone(plugin: Path) -> Iterator[None]:
    """Keeps a second installation from the same environment. Raises Stop while one is at work on it; a disk that knows
    no locks keeps nobody."""
    sys.path.insert(0, str(ROOT / "python"))
    from film_recovery._files import unless_held

    handle = os.open(plugin / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        with unless_held(handle, without_locks=True) as is_ours:
            if not is_ours:
                raise Stop(
                    f"Another installation is making the engine in {plugin / ENVIRONMENT}. Remedy: wait until it has "
                    "ended, then run this again."
                )
            yield
    finally:
        os.close(handle)


def make_engine(wish: Wish) -> str:
    """The environment in the plugin's folder; gives its Python."""
    environment = wish.plugin / ENVIRONMENT
    python = str(setup.python_of(environment))
    stamp = hashlib.sha256(f"{wish.plugin}\n".encode() + HASHED.read_bytes()).hexdigest()
    if setup.is_made(environment, "engine", stamp):
        return python
    setup.new_environment(environment, setup.ENGINE_PYTHON, setup.need_python(setup.ENGINE_PYTHON))
    with tempfile.TemporaryDirectory() as temporary:
        torch = Path(temporary, "torch.txt")
        torch.write_text(requirement("torch", HASHED), encoding="utf-8")
        for step in pip_steps(torch, wish.wheels):
            say(f"pip {' '.join(step)}")
            setup.pip(environment, *step)
    name_package(environment, wish.plugin / "python")
    imports = [f"import {part}" for part in (*ENGINE_PARTS, "film_recovery.cli.main")]
    setup.need_parts(environment, imports, setup.ENGINE_LIBRARIES)
    setup.mark_made(environment, "engine", stamp)
    return python


def pip_steps(torch: Path, wheels: Path | None) -> list[list[str]]:
    """pip's arguments, torch first and alone. No package is built, none is taken whose hash is not locked."""
    source = ["--no-index", "--find-links", str(Path(os.path.abspath(wheels)))] if wheels else []
    common = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", *source]
    return [[*common, "-r", str(torch)], [*common, "-r", str(HASHED)]]


def name_package(environment: Path, folder: Path) -> None:
    """Lets the environment find the plugin's code where it lies, and adds the command ``film-recovery``.

    The path stands in a line of ASCII, since Python 3.11 reads such files in the system's own encoding.
    """
    packages = next(environment.glob("[Ll]ib/**/site-packages"))
    line = f"import sys; sys.path.append({str(folder)!a})\n"
    (packages / "film_recovery.pth").write_text(line, encoding="ascii")
    python = setup.python_of(environment)
    module = "-I -m film_recovery.cli.main"
    if setup.WINDOWS:
        command = python.with_name("film-recovery.cmd")
        command.write_text(f'@"%~dp0python.exe" {module} %*\n', encoding="ascii")
    else:
        command = python.with_name("film-recovery")
        command.write_text(f'#!/bin/sh\nexec "$(dirname "$0")/python" {module} "$@"\n', encoding="ascii")
        command.chmod(0o755)


def checked_engine(path: str) -> str:
    """The Python that ``path`` means: itself, or that of the environment it is. Stops if it has no engine."""
    place = Path(os.path.abspath(path))
    python = setup.python_of(place) if place.is_dir() else place
    if not python.is_file() or not python.name.lower().startswith("python"):
        raise Stop(f"{path} is neither a Python nor an environment that holds one. Remedy: name its python.")
    found = setup.probe([str(python)])
    if found is None:
        raise Stop(f"{python} does not run. Remedy: name the Python of a working environment.")
    question = (
        "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('yaml', 'film_recovery'))))"
    )
    if subprocess.run([str(python), "-I", "-c", question], stdin=subprocess.DEVNULL).returncode:
        raise Stop(
            f"{python} has no engine: film-recovery or PyYAML is missing. Remedy: install both into it, or leave "
            "--engine out."
        )
    return str(python)


def note_engine(plugin: Path, engine: str) -> None:
    """Writes down which Python the jobs of this plugin run in; ``film_recovery.plugin.start`` reads it."""
    file = plugin / ENGINE_FILE
    content = f"{Path(engine).as_posix()}\n".encode()
    if not file.is_file() or file.read_bytes() != content:
        replace(file, content)


def remove_engine(plugin: Path) -> None:
    """The environment that was made here and the note; a shared engine stays."""
    if (plugin / ENVIRONMENT).is_dir():
        shutil.rmtree(plugin / ENVIRONMENT)
    for name in (ENGINE_FILE, LOCK):
        if (plugin / name).exists():
            (plugin / name).unlink()


def say(line: str) -> None:
    print(f"install: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
