"""The report on paper: printed to PDF by a Chromium that is on this machine, if there is one.

The HTML file is the report; a PDF is a copy for those who file paper. Nothing is downloaded for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (  # where systems keep it that have no PATH to it
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
PATIENCE = 120  # seconds


def browser() -> str:
    """The program, or "" where none is found."""
    found = next((path for name in NAMES if (path := shutil.which(name))), "")
    return found or next((place for place in PLACES if Path(place).is_file()), "")


def print_pdf(report: Path, program: str) -> Path:
    """``report`` (.html) as a .pdf beside it, atomically; gives its path.

    Raises FilmRecoveryError when the browser does not make one.
    """
    path = report.with_suffix(".pdf")
    with replacement(path) as temporary, tempfile.TemporaryDirectory(prefix="film-recovery-") as profile:
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={temporary}",
            report.resolve().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to start for root otherwise
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unprinted(path, program, str(error)) from error
        if not temporary.read_bytes().startswith(b"%PDF"):
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise _unprinted(path, program, lines[-1] if lines else f"it ended with {done.returncode}")
    return path


def _unprinted(path: Path, program: str, why: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"{Path(program).name} made no PDF of the report: {why}.",
        remedy="open report.html in a browser and print it to PDF there",
        file=str(path),
    )
