"""``film-recovery doctor``: what this installation has, and the remedy for what it lacks."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from film_recovery import __version__, graph
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError

PARTS = ("numpy", "OpenImageIO", "PyOpenColorIO", "cv2", "torch", "typer", "rich")
DISK_NEEDED = 5 * 2**30


def doctor(report: Report) -> int:
    """Runs every examination and reports each as a check. Exit code 1 when one fails."""
    worst = EXIT_DONE
    for id, examine in _EXAMINATIONS.items():
        outcome, reason, remedy = examine()
        report.check(id, outcome, reason=reason, remedy=remedy)
        if outcome == "fail":
            worst = EXIT_CHECK_FAILED
    return worst


def _python() -> tuple[str, str, str]:
    return (
        "info",
        f"film-recovery {__version__}, Python {platform.python_version()}, {platform.platform()}",
        "",
    )


def _packages() -> tuple[str, str, str]:
    missing, found = [], []
    for name in PARTS:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name} ({error})")
        else:
            found.append(f"{name} {getattr(module, '__version__', '')}".strip())
    if missing:
        return (
            "fail",
            f"missing: {'; '.join(missing)}",
            "run `make setup` again; it names missing system libraries",
        )
    return "pass", ", ".join(found), ""


def _device() -> tuple[str, str, str]:
    import torch

    if torch.cuda.is_available():
        return "pass", f"GPU: {torch.cuda.get_device_name(0)}", ""
    if torch.backends.mps.is_available():
        return "pass", "GPU: Apple MPS", ""
    return "info", f"no GPU: training and rendering run on {torch.get_num_threads()} CPU threads", ""


def _colour() -> tuple[str, str, str]:
    from film_recovery.imaging.colour import ColourConfig

    try:
        config = ColourConfig.load()
        roles = {role: config.resolve(role) for role in ("color_picking", "scene_linear", "aces_interchange")}
    except FilmRecoveryError as error:
        return "fail", error.message, error.remedy
    source = "from $OCIO" if os.environ.get("OCIO") else "built in"
    return "pass", f"{config.name} ({source}): " + ", ".join(f"{r} = {s}" for r, s in roles.items()), ""


def _blocks() -> tuple[str, str, str]:
    try:
        names = sorted(path.stem for path in graph.gizmo_folder().glob("FR_*.gizmo"))
    except FilmRecoveryError as error:
        return "fail", error.message, error.remedy
    return "pass", ", ".join(names), ""


def _tcl() -> tuple[str, str, str]:
    try:
        importlib.import_module("tkinter")
    except ImportError:
        return (
            "info",
            "no Tcl: `nk check` compares with our own parser only",
            "install tkinter (Debian: python3-tk)",
        )
    return "pass", "Tcl is there for `nk check`", ""


def _disk() -> tuple[str, str, str]:
    free = shutil.disk_usage(Path.cwd()).free
    reason = f"{free / 2**30:.1f} GiB free here"
    return ("pass", reason, "") if free > DISK_NEEDED else ("warn", reason, "free some space before a render")


_EXAMINATIONS: dict[str, Callable[[], tuple[str, str, str]]] = {
    "doctor.version": _python,
    "doctor.packages": _packages,
    "doctor.device": _device,
    "doctor.colour": _colour,
    "doctor.blocks": _blocks,
    "doctor.tcl": _tcl,
    "doctor.disk": _disk,
}
