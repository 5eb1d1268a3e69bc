"""Which NVIDIA cards this computer has, as their driver says; for the host's check of CopyCat's GPU. No Qt."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

_PROGRAM = "nvidia-smi"
_PATIENCE = 10  # seconds: a driver that is stuck never answers


@dataclass(frozen=True)
class Gpu:
    """``capability``: CUDA compute capability, 0 where an old driver does not say it."""

    name: str
    capability: float


def found() -> tuple[Gpu, ...]:
    """The cards; none where there is no driver, or it does not answer. Waits for a process: not on a main thread."""
    program = shutil.which(_PROGRAM)
    if program is None:
        return ()
    said = _asked(program, "name,compute_cap")
    if said is None:  # drivers before 2021 do not know the capability
        said = _asked(program, "name")
    return tuple(_parsed(line) for line in (said or "").splitlines() if line.strip())


def _asked(program: str, fields: str) -> str | None:
    """What the driver answers; None where it does not."""
    command = [program, f"--query-gpu={fields}", "--format=csv,noheader"]
    no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows alone has it
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
            creationflags=no_window,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _parsed(line: str) -> Gpu:
    name, _, capability = line.rpartition(",")
    try:
        return Gpu(name.strip(), float(capability))
    except ValueError:
        return Gpu(line.strip(), 0.0)
