"""Draws the icons: writes each svg, and renders it to png in both sizes with a headless Chromium.

    python icons/make_icons.py [SHEET.png]

One family: a film frame with its perforations, and in it one sign a block. ``NAME.png`` (24 pixels) is what NukeX
shows, ``NAME@2x.png`` (48) is for screens of twice the density. SHEET: all of them on one picture, to look at.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"": 24, "@2x": 48}

OLD, NEW, LIGHT, MARK = "#c98b5a", "#5fb3d9", "#f2f2f2", "#e8d44d"

FRAME = (
    '<rect x="1" y="3" width="22" height="18" rx="2" fill="#3a3a3a" stroke="#bfbfbf" stroke-width="1"/>'
    + "".join(
        f'<rect x="{x}" y="{y}" width="2.4" height="1.6" fill="#bfbfbf"/>'
        for x in (3, 8.2, 13.4, 18.6)
        for y in (4.2, 18.2)
    )
)


def stroke(path: str, colour: str = LIGHT, width: float = 1.8) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"/>'


def disc(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>'


SIGNS = {
    # The menu: a faded frame on the left, a recovered one on the right.
    "FilmRecovery": box(3, 7, 9, 10, OLD) + box(12, 7, 9, 10, NEW) + stroke("M9 12h6M12.8 9.6l2.4 2.4-2.4 2.4"),
    # Two frames that must be equal.
    "FR_Parity": box(3.5, 8, 5.5, 8, OLD) + box(15, 8, 5.5, 8, NEW) + stroke("M10.5 10.6h3M10.5 13.4h3", MARK),
    # Three dyes, each brought to its level.
    "FR_FadeBalance": stroke("M6 7.5v9M12 7.5v9M18 7.5v9", "#8a8a8a", 1.4)
    + disc(6, 14, 2.2, "#e06c5f")
    + disc(12, 10, 2.2, "#79c275")
    + disc(18, 12, 2.2, "#6f9fe8"),
    # Chosen frames on a pile.
    "FR_PairStack": box(3.5, 11, 11, 6, OLD) + box(6.5, 9, 11, 6, LIGHT) + box(9.5, 7, 11, 6, NEW),
    # A frame turned onto another.
    "FR_Align": stroke("M5 8h11v8h-11z", OLD, 1.6) + stroke("M8.4 7.6l10.9 1.6-1.2 7.6-10.9-1.6z", NEW, 1.6),
    # Luma of one, chroma of the other, make one.
    "FR_GroundTruth": disc(9, 12, 4.6, OLD) + disc(15, 12, 4.6, NEW) + stroke("M10 12.2l1.6 1.8 3-3.8", LIGHT, 2),
    # A live area cropped out.
    "FR_TrainPrep": stroke("M7.5 7v8.5h10", LIGHT) + stroke("M6 8.5h10.5v8.5", LIGHT) + box(9.3, 10.2, 5.4, 3.6, NEW),
    # A network learning.
    "FR_CopyCat": stroke("M6 9l6 3-6 3M12 12l6-3M12 12l6 3", "#9a9a9a", 1.3)
    + disc(6, 9, 1.9, OLD)
    + disc(6, 15, 1.9, OLD)
    + disc(12, 12, 2.2, MARK)
    + disc(18, 9, 1.9, NEW)
    + disc(18, 15, 1.9, NEW),
    # What must not change, locked.
    "FR_IdentityCheck": box(7.5, 11.4, 9, 5.6, MARK)
    + stroke("M9.4 11v-1.6a2.6 2.6 0 0 1 5.2 0v1.6", MARK)
    + stroke("M10.4 14l1.3 1.3 2.2-2.5", "#3a3a3a", 1.4),
    # A frame through the network.
    "FR_Inference": box(3.2, 9, 4.4, 6, OLD) + box(16.4, 9, 4.4, 6, NEW)
    + stroke("M9.2 12h4.6M12 9.6l2.4 2.4-2.4 2.4", MARK),
    # Down into the archive.
    "FR_ArchivalWrite": stroke("M12 7v5.6M9.6 10.4l2.4 2.4 2.4-2.4", NEW) + stroke("M5.5 13.5v3.2h13v-3.2", LIGHT),
    # Halves of a wipe.
    "FR_Compare": box(3.5, 7.4, 8.5, 9.2, OLD) + box(12, 7.4, 8.5, 9.2, NEW) + stroke("M12 6.6v10.8", LIGHT, 1.4),
    # Two become one.
    "FR_Merge": stroke("M5 8.2c4 0 4 3.8 7 3.8", OLD, 2) + stroke("M5 15.8c4 0 4-3.8 7-3.8", NEW, 2)
    + stroke("M12 12h6.4M16.4 9.8l2.2 2.2-2.2 2.2"),
    # A plain grade to beat.
    "FR_MatchGradeBaseline": stroke("M4.5 16.6h15", "#9a9a9a", 1.3)
    + stroke("M5 15.4c1.5-6.4 5-8 14-8", NEW)
    + stroke("M5 15.4l14-5", OLD, 1.3),
}  # fmt: skip


def svg(name: str) -> str:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">'
    return f"{head}\n{FRAME}\n{SIGNS[name]}\n</svg>\n"


def render(page: str, width: int, height: int, target: Path) -> None:
    """What a browser shows of ``page``, without a ground, as ``target``."""
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        sys.exit("There is no Chromium. Install one, then run this again.")
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "page.html")
        file.write_text(page, encoding="utf-8")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        command += [
            "--hide-scrollbars",
            "--default-background-color=00000000",
            "--force-device-scale-factor=1",
        ]
        command += [f"--user-data-dir={temporary}/profile", f"--window-size={width},{height}"]
        command += [f"--screenshot={target}", file.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


def page(name: str, size: int) -> str:
    drawing = svg(name).replace(
        'width="24" height="24"', f'width="{size}" height="{size}" style="display:block"', 1
    )
    return f'<!doctype html><body style="margin:0;background:transparent">{drawing}</body>'


def sheet() -> str:
    cells = "".join(
        f"<td>{''.join(page(name, size) for size in (24, 48, 96))}<small>{name}</small></td>"
        + ("</tr><tr>" if index % 5 == 4 else "")
        for index, name in enumerate(SIGNS)
    )
    style = (
        "body{background:#444;color:#ddd;font:12px sans-serif}svg{display:inline-block!important;margin:4px}"
    )
    style += "td{white-space:nowrap}small{display:block}"
    return f"<!doctype html><style>{style}</style><table><tr>{cells}</tr></table>"


def main(arguments: list[str]) -> None:
    if arguments:
        render(sheet(), 1080, 420, Path(arguments[0]).resolve())
        return
    for name in SIGNS:
        (FOLDER / f"{name}.svg").write_text(svg(name), encoding="utf-8")
        for suffix, size in SIZES.items():
            render(page(name, size), size, size, FOLDER / f"{name}{suffix}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
