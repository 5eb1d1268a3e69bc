"""install.py: the home before and after, a shared folder, an engine, hashes. With a home of its own each time."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from types import ModuleType

import pytest
import yaml

from film_recovery._files import unless_held

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "install.py"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Tree = dict[str, tuple[str, int, bytes]]


@pytest.fixture(scope="session")
def installer() -> ModuleType:
    sys.path.insert(0, str(ROOT))
    try:
        import install
    finally:
        sys.path.remove(str(ROOT))
    return install


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that finds this checkout and PyYAML, as an engine does."""
    folder = tmp_path_factory.mktemp("the engine")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("[Ll]ib/**/site-packages"))
    places = (ROOT / "python", Path(yaml.__file__).resolve().parents[1])
    (packages / "checkout.pth").write_text("".join(f"{place}\n" for place in places), encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "a home"
    folder.mkdir()
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the installer needs, so that nothing is vendored into this checkout."""
    import shutil

    copy = tmp_path / "my plugins" / "film recovery"
    copy.mkdir(parents=True)
    for name in ("install.py", "setup_env.py", "init.py", "menu.py", "LICENSE"):
        shutil.copy2(ROOT / name, copy)
    for name in ("python", "gizmos", "icons", "templates", "docs", "requirements"):
        ignored = shutil.ignore_patterns("__pycache__", "_vendor")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    return copy


@pytest.fixture
def run(home: Path, checkout: Path) -> Run:
    def start(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        variables = {
            **os.environ,
            "HOME": str(home),
            "USERPROFILE": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, str(checkout / "install.py"), *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            env=variables,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done

    return start


def tree(folder: Path) -> Tree:
    """Every name below ``folder`` with kind, permissions and content."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = ("link", 0, os.readlink(path).encode())
        else:
            kind, content = ("file", path.read_bytes()) if path.is_file() else ("folder", b"")
            found[path.relative_to(folder).as_posix()] = (kind, status.st_mode, content)
    return found


def loaded_paths(file: Path) -> list[str]:
    """What NukeX would be told when it runs ``file``."""
    told: list[str] = []
    nuke = ModuleType("nuke")
    nuke.pluginAddPath = told.append  # type: ignore[attr-defined]
    before = sys.modules.get("nuke")
    sys.modules["nuke"] = nuke
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), {})
    finally:
        del sys.modules["nuke"]
        if before is not None:
            sys.modules["nuke"] = before
    return told


HOMES: dict[str, dict[str, bytes]] = {
    "empty": {},
    "with a folder": {".nuke/menu.py": b"menu = 1\n"},
    "with an empty file": {".nuke/init.py": b""},
    "with a file": {".nuke/init.py": b"# mine\nx = 1\n"},
    "Windows lines": {".nuke/init.py": b"# mine\r\nx = 1\r\n"},
    "no final line end": {".nuke/init.py": b"# mine\nx = 1"},
    "Windows lines, no final one": {".nuke/init.py": b"# mine\r\nx = 1"},
    "not UTF-8": {".nuke/init.py": b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"},
    "from the future": {".nuke/init.py": b"from __future__ import annotations\nx = 1\n"},
}


@pytest.mark.parametrize("files", HOMES.values(), ids=HOMES)
def test_installed_twice_and_uninstalled_the_home_is_as_it_was(
    files: dict[str, bytes], home: Path, checkout: Path, engine: Path, run: Run
) -> None:
    for name, content in files.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(content)
    before, checkout_before = tree(home), tree(checkout)
    run("--engine", engine)
    once, checkout_once = tree(home), tree(checkout)
    init = home / ".nuke" / "init.py"
    assert loaded_paths(init) == [checkout.as_posix()]
    assert init.read_bytes().startswith(files.get(".nuke/init.py", b""))
    ends = init.read_bytes().count(b"\n"), init.read_bytes().count(b"\r\n")
    assert ends[1] == (ends[0] if b"\r\n" in files.get(".nuke/init.py", b"") else 0)
    run("--engine", engine)
    assert (tree(home), tree(checkout)) == (once, checkout_once)
    assert once != before
    run("--uninstall")
    assert tree(home) == before
    assert tree(checkout) == checkout_before


def test_what_was_written_by_hand_meanwhile_stays(home: Path, engine: Path, run: Run) -> None:
    init = home / ".nuke" / "init.py"
    init.parent.mkdir()
    init.write_bytes(b"first = 1")
    run("--engine", engine)
    text = init.read_bytes()
    assert text.count(b"nuke.pluginAddPath") == 1
    text = text.replace(b"import nuke", b"inside = 2\nimport nuke", 1) + b"last = 3\n"
    init.write_bytes(b"zeroth = 0\n" + text)
    run("--engine", engine)
    assert init.read_bytes().count(b"nuke.pluginAddPath") == 1
    again = init.read_bytes()
    run("--engine", engine)
    assert init.read_bytes() == again
    run("--uninstall")
    assert init.read_bytes() == b"zeroth = 0\nfirst = 1\ninside = 2\nlast = 3\n"


def test_a_file_that_the_installer_made_stays_when_something_was_added(
    home: Path, engine: Path, run: Run
) -> None:
    run("--engine", engine)
    init = home / ".nuke" / "init.py"
    init.write_bytes(init.read_bytes() + b"mine = 1\n")
    run("--uninstall")
    assert init.read_bytes() == b"mine = 1\n"


def test_a_link_to_a_file_elsewhere_stays_a_link(home: Path, tmp_path: Path, engine: Path, run: Run) -> None:
    kept = tmp_path / "dotfiles.py"
    kept.write_bytes(b"x = 1\n")
    (home / ".nuke").mkdir()
    (home / ".nuke" / "init.py").symlink_to(kept)
    before = tree(home)
    run("--engine", engine)
    assert tree(home) == before and b"pluginAddPath" in kept.read_bytes()
    run("--uninstall")
    assert tree(home) == before and kept.read_bytes() == b"x = 1\n"


def test_a_moved_plugin_changes_the_one_block(home: Path, tmp_path: Path, installer: ModuleType) -> None:
    init = home / "init.py"
    init.write_bytes(b"x = 1\n")
    installer.add_block(init, tmp_path / "old")
    installer.add_block(init, tmp_path / "new place")
    assert loaded_paths(init) == [(tmp_path / "new place").as_posix()]
    installer.remove_block(init)
    assert init.read_bytes() == b"x = 1\n"


def test_on_windows_a_home_that_was_set_comes_before_the_profile(
    tmp_path: Path, installer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    elsewhere = tmp_path / "set by somebody"
    assert installer.home_folder(True, {"HOME": str(elsewhere)}) == elsewhere
    assert installer.home_folder(True, {"HOME": ""}) == installer.home_folder(True, {}) == tmp_path
    assert installer.home_file() == tmp_path / ".nuke" / "init.py"


def test_half_a_block_is_not_guessed_at(home: Path, engine: Path, run: Run) -> None:
    run("--engine", engine)
    init = home / ".nuke" / "init.py"
    broken = init.read_bytes().replace(b"# <<<", b"#")
    init.write_bytes(broken)
    for arguments in (("--engine", engine), ("--uninstall",)):
        said = run(*arguments, code=1)
        assert str(init) in said.stderr and "by hand" in said.stderr
    assert init.read_bytes() == broken


def _read_only_file(home: Path) -> None:
    (home / ".nuke").mkdir()
    (home / ".nuke" / "init.py").write_bytes(b"x = 1\n")
    (home / ".nuke" / "init.py").chmod(0o444)


def _read_only_folder(home: Path) -> None:
    (home / ".nuke").mkdir(mode=0o555)


def _read_only_home(home: Path) -> None:
    home.chmod(0o555)


def _file_in_the_way(home: Path) -> None:
    (home / ".nuke").write_bytes(b"")


def _folder_in_the_way(home: Path) -> None:
    (home / ".nuke" / "init.py").mkdir(parents=True)


@pytest.mark.parametrize(
    "prepare", [_read_only_file, _read_only_folder, _read_only_home, _file_in_the_way, _folder_in_the_way]
)
def test_a_home_that_cannot_be_written_is_named_and_nothing_is_half_done(
    prepare: Callable[[Path], None], home: Path, checkout: Path, engine: Path, run: Run
) -> None:
    prepare(home)
    before, checkout_before = tree(home), tree(checkout)
    said = run("--engine", engine, code=1)
    assert str(home) in said.stderr and "Remedy" in said.stderr and "Traceback" not in said.stderr
    assert (tree(home), tree(checkout)) == (before, checkout_before)


def test_a_shared_folder_touches_no_home(
    home: Path, checkout: Path, tmp_path: Path, engine: Path, run: Run
) -> None:
    shared = tmp_path / "site" / "film recovery é"
    run("--prefix", shared, "--engine", engine)
    once = tree(shared)
    assert {"init.py", "menu.py", "python/film_recovery/__init__.py", "gizmos/FR_Inference.gizmo"} <= set(
        once
    )
    assert {"templates/spatial-gauge.nk", "icons/FR_Inference.png", "engine.txt"} <= set(once)
    assert not any("__pycache__" in name for name in once)
    run("--prefix", shared, "--engine", engine)
    assert tree(shared) == once
    (checkout / "gizmos" / "FR_Inference.gizmo").unlink()  # a newer release without it
    run("--prefix", shared, "--engine", engine)
    assert set(once) - set(tree(shared)) == {"gizmos/FR_Inference.gizmo"}
    run("--prefix", shared, "--uninstall")
    assert not shared.exists() and tree(home) == {}


def test_a_shared_folder_of_somebody_else_is_refused(tmp_path: Path, checkout: Path, run: Run) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "init.py").write_bytes(b"theirs\n")
    for arguments in (["--no-engine"], ["--uninstall"]):
        said = run("--prefix", other, *arguments, code=1)
        assert str(other) in said.stderr and "Remedy" in said.stderr
    assert tree(other)["init.py"][2] == b"theirs\n" and len(tree(other)) == 1
    assert "Remedy" in run("--prefix", checkout / "inside", "--no-engine", code=1).stderr


def test_the_vendored_yaml_is_pure_and_off_the_path(
    home: Path, checkout: Path, engine: Path, run: Run
) -> None:
    run("--engine", engine)
    folder = checkout / "python" / "film_recovery" / "_vendor" / "yaml"
    assert {path.suffix for path in folder.iterdir()} == {".py", ""}
    assert (folder / "LICENSE").is_file()
    program = (
        f"import sys; sys.path.insert(0, {str(checkout / 'python')!r}); from film_recovery._yaml import yaml; "
        "print(yaml.__name__, yaml.safe_load('a: [1, x]'), 'yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, encoding="utf-8")
    assert done.stdout == "film_recovery._vendor.yaml {'a': [1, 'x']} False\n", done.stderr


def test_a_job_runs_in_the_engine_that_was_named(home: Path, checkout: Path, engine: Path, run: Run) -> None:
    run("--engine", engine)
    program = (
        f"import sys; sys.path.insert(0, {str(checkout / 'python')!r}); from film_recovery.plugin import start; "
        "start.prepare(); from film_recovery.jobs.environment import engine; print(engine())"
    )
    variables = {name: value for name, value in os.environ.items() if name != "FILM_RECOVERY_ENGINE"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, encoding="utf-8", env=variables
    )
    assert Path(done.stdout.strip()).parent.parent == engine, done.stderr


def test_the_engine_alone_touches_no_home(home: Path, checkout: Path, engine: Path, run: Run) -> None:
    run("--engine-only", "--engine", engine)
    assert tree(home) == {}
    assert Path((checkout / "engine.txt").read_text(encoding="utf-8").strip()).parent.parent == engine
    assert (checkout / "python" / "film_recovery" / "_vendor" / "yaml" / "__init__.py").is_file()
    assert "--engine-only" in run("--engine-only", "--uninstall", code=2).stderr


def test_two_installations_do_not_make_one_environment(checkout: Path, run: Run) -> None:
    with (checkout / ".venv-engine.lock").open("w") as other, unless_held(other.fileno()) as is_held:
        assert is_held
        refused = run("--engine-only", code=1)
    assert "Another installation" in refused.stderr and "Remedy: wait" in refused.stderr
    assert not (checkout / ".venv-engine").exists() and not (checkout / "engine.txt").exists()


def test_half_an_environment_is_made_anew(tmp_path: Path, installer: ModuleType) -> None:
    """As one is left whose making was stopped before pip was in it."""
    half = tmp_path / "half"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(half)], check=True)
    version = "{}.{}".format(*sys.version_info)
    installer.setup.new_environment(half, version, sys.executable)
    assert installer.setup.failure(half, "import pip") == ""


def test_what_is_no_engine_is_refused(tmp_path: Path, home: Path, run: Run) -> None:
    empty = tmp_path / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    for path in (empty, tmp_path / "nothing", INSTALL):
        said = run("--engine", path, code=1)
        assert str(path) in said.stderr and "Remedy" in said.stderr
    assert tree(home) == {}


def test_only_a_wheel_with_the_locked_hash_is_taken(
    tmp_path: Path, home: Path, installer: ModuleType, run: Run
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    assert "PyYAML" in run("--no-engine", "--wheels", wheels, code=1).stderr
    wheel = wheels / "pyyaml-6.0.3-cp311-cp311-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for source in Path(yaml.__file__).parent.glob("*.py"):
            archive.write(source, f"yaml/{source.name}")
        archive.writestr("yaml/_yaml.so", b"compiled")
        archive.writestr("pyyaml-6.0.3.dist-info/licenses/LICENSE", "MIT")
        archive.writestr("yaml/../../escaped.py", "no")
    said = run("--no-engine", "--wheels", wheels, code=1)
    assert "is not the locked one" in said.stdout and "hash" in said.stderr
    assert tree(home) == {}
    lock = tmp_path / "lock.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock.write_text(f"PyYAML==6.0.3 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    installer.take_from_wheel(installer.locked_wheel(wheels, lock), tmp_path / "taken")
    names = {path.name for path in (tmp_path / "taken").iterdir()}
    assert {"__init__.py", "LICENSE"} <= names and not {"cyaml.py", "_yaml.so", "escaped.py"} & names


def test_windows_paths_stand_in_the_block_with_forward_slashes(tmp_path: Path, installer: ModuleType) -> None:
    file = tmp_path / "init.py"
    file.write_bytes(
        installer.block(PureWindowsPath("C:\\Users\\Zoë O'Neil\\film recovery"), b"\r\n", b"", [])
    )
    file.read_bytes().decode("ascii")
    assert loaded_paths(file) == ["C:/Users/Zoë O'Neil/film recovery"]


# Requirements


def _locked() -> dict[str, tuple[str, list[str]]]:
    text = (ROOT / "requirements" / "engine-hashed.txt").read_text(encoding="utf-8")
    entries = re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\\n]+)? \\\n((?:    --hash=.*\n)+)", text)
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(entries) == len(lines), "an entry without a hash"
    return {
        name.lower(): (version, re.findall(r"sha256:([0-9a-f]{64})", rest)) for name, version, rest in entries
    }


def test_every_requirement_has_hashes_and_the_version_that_is_tested() -> None:
    pins = (ROOT / "requirements" / "engine.lock").read_text(encoding="utf-8")
    tested = dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;]+)", pins.lower()))
    locked = _locked()
    assert next(iter(locked)) == "torch"
    assert all(hashes for _, hashes in locked.values())
    others = {name for name in locked if locked[name][0] != tested.get(name)}
    assert others == {"setuptools"}, "torch asks for setuptools, which every environment here has"
    wanted = pins.lower().partition("# tests")[0]
    assert {name for name in tested if f"\n{name}==" in wanted} <= set(locked)


def test_pip_is_asked_for_locked_files_only(tmp_path: Path, installer: ModuleType) -> None:
    torch = tmp_path / "torch.txt"
    for wheels in (None, Path("some wheels")):
        first, second = installer.pip_steps(torch, wheels)
        assert first[-2:] == ["-r", str(torch)]
        assert second[-2:] == ["-r", str(installer.HASHED)]
        for step in (first, second):
            assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(step)
            offline = ["--no-index", "--find-links", str(Path.cwd() / "some wheels")]
            assert (step[5:8] == offline) if wheels else ("--no-index" not in step)
    assert installer.requirement("torch", installer.HASHED).startswith("torch==")
    assert "numpy" not in installer.requirement("torch", installer.HASHED)


def test_pip_understands_the_locked_file_and_asks_no_network(tmp_path: Path, installer: ModuleType) -> None:
    # The real command line on an empty folder of wheels: pip reads every entry and finds the first one nowhere.
    step = installer.pip_steps(tmp_path / "unused", tmp_path)[1]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--isolated", *step, "--dry-run", "--ignore-installed"],
        capture_output=True,
        encoding="utf-8",
        env={**variables, "PIP_CONFIG_FILE": os.devnull},
    )
    assert done.returncode == 1
    assert "No matching distribution found for torch==2.13.0" in done.stderr
    assert "invalid" not in done.stderr.lower()
