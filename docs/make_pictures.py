"""Draws every template to ``docs/pictures/<template>.png``: ``python docs/make_pictures.py``.

Needs a Chromium (``CHROMIUM`` names it where it is not on the path), which turns the graph's SVG into a PNG.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import cv2  # noqa: E402

from film_recovery import nk  # noqa: E402
from film_recovery.graph import picture  # noqa: E402
from film_recovery.graph.templates import TEMPLATES  # noqa: E402

WIDTH = 1400
SHADES = 16  # of 256, to keep the files small
WIDE = {"multi-shot": 1600, "spatial-telecine": 2200, "combined": 2200}


def main() -> None:
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        sys.exit("There is no Chromium here. Install one, or set CHROMIUM to its path.")
    for name, make in TEMPLATES.items():
        draw(
            browser,
            picture.svg(nk.parse(make()), WIDE.get(name, WIDTH)),
            ROOT / "docs" / "pictures" / f"{name}.png",
        )


def draw(browser: str, svg: str, file: Path) -> None:
    """``svg`` as a PNG of its own size."""
    size = ",".join(svg.split(f'{side}="', 1)[1].split('"', 1)[0] for side in ("width", "height"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "graph.html"
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body style="margin:0">{svg}', encoding="utf-8"
        )
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile")
        command = [browser, *options, f"--window-size={size}", f"--screenshot={file}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    fewer = cv2.imread(str(file)) // SHADES * SHADES + SHADES // 2
    cv2.imwrite(str(file), fewer, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
