"""What all tests share. Imports nothing heavy: the light packages' tests run without the engine."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no failure: no test asserts on seconds, so neither does hypothesis.
settings.register_profile("film-recovery", deadline=None)
settings.load_profile("film-recovery")

ROOT = Path(__file__).resolve().parents[1]
PHOTOGRAPHS = ROOT / "python" / "film_recovery" / "demo" / "photographs"


@pytest.fixture(scope="session")
def photograph() -> Callable[[str], Any]:
    """``photograph("coffee.png")``: encoded sRGB, float32 0–1, H×W×3, top row first; a fresh array."""
    import cv2
    import numpy as np

    def load(name: str) -> Any:
        picture = cv2.imread(str(PHOTOGRAPHS / name), cv2.IMREAD_COLOR)
        assert picture is not None, f"{name} is not a readable photograph in {PHOTOGRAPHS}"
        return (picture[:, :, ::-1] / 255.0).astype(np.float32)

    return load


@pytest.fixture
def install_nuke() -> Callable[..., AbstractContextManager[ModuleType]]:
    """``with install_nuke(nc=True) as nuke:`` the emulation with other settings."""
    return installed_nuke


@pytest.fixture
def emulated_nuke() -> Iterator[ModuleType]:
    """The strict emulation as ``nuke``, with a screen, as NukeX 15.1; ``emulated_nuke.emulation`` is its session."""
    with installed_nuke() as nuke:
        yield nuke


def installed_nuke(**environment: Any) -> AbstractContextManager[ModuleType]:
    """The emulation with other settings (``gui nc indie nukex version``)."""
    file = Path(__file__).with_name("emulated_nuke") / "install.py"
    spec = importlib.util.spec_from_file_location("emulated_nuke_install", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: AbstractContextManager[ModuleType] = module.installed(**environment)
    return made


LEAF = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=emailProtection
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
"""


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``root.pem``, and ``chain.pem`` and ``leaf.key`` of an archive that the root has signed."""
    folder = tmp_path_factory.mktemp("chain")
    for name in ("root", "leaf"):
        _openssl(
            folder,
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            f"{name}.key",
        )
    _openssl(
        folder, "req", "-x509", "-new", "-key", "root.key", "-sha256", "-days", "30", "-subj", "/O=Root/CN=Root",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-out", "root.pem",
    )  # fmt: skip
    _openssl(
        folder, "req", "-new", "-key", "leaf.key", "-subj", "/O=An archive/CN=An archive", "-out", "leaf.csr"
    )
    (folder / "leaf.ext").write_text(LEAF, encoding="ascii")
    _openssl(
        folder, "x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
        "-days", "29", "-sha256", "-extfile", "leaf.ext", "-out", "leaf.pem",
    )  # fmt: skip
    (folder / "chain.pem").write_bytes(
        (folder / "leaf.pem").read_bytes() + (folder / "root.pem").read_bytes()
    )
    return folder
