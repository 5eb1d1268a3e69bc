"""Draws the icons: writes each svg, and renders it to png in both sizes with a headless Chromium.

    python icons/make_icons.py [--panel] [SHEET.png]

One family: a film frame with its perforations, and in it one sign a block. ``NAME.png`` (24 pixels) is what NukeX
shows, ``NAME@2x.png`` (48) is for screens of twice the density. The panel's (``--panel``: these alone) are the signs
without the frame, drawn with the same line, 16 and 32 pixels, in one colour: the panel gives them that of its text or
of a state. SHEET: all of them on one picture, to look at.
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
PANEL = FOLDER.parent / "python" / "film_recovery" / "panel" / "icons"
PANEL_SIZES = {"": 16, "@2x": 32}

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


def solid(path: str) -> str:
    return f'<path d="{path}" fill="{LIGHT}" stroke="{LIGHT}" stroke-width="1.6" stroke-linejoin="round"/>'


PANEL_SIGNS = {
    # How a check or a stage stands.
    "pass": stroke("M3 8.5L6.5 12L13 4", width=2),
    "signed": stroke("M2.5 7L5.5 10L11 3M2.5 14h11", width=2),
    "warn": stroke("M8 2.5L14 13.5H2zM8 7v3", width=2),
    "fail": stroke("M4 4l8 8M12 4l-8 8", width=2),
    "info": stroke("M8 7.5v5M8 3.5v.1", width=2),
    "running": solid("M5 3.5L12.5 8L5 12.5z"),
    "not run": stroke("M12.5 8a4.5 4.5 0 1 1-9 0a4.5 4.5 0 0 1 9 0z", width=2),
    # What is done.
    "run": solid("M5 3.5L12.5 8L5 12.5z"),
    "pause": stroke("M5.5 4v8M10.5 4v8", width=2.4),
    "stop": solid("M4.5 4.5h7v7h-7z"),
    "wait": stroke("M4 2.5h8M4 13.5h8M5 2.5c0 4.5 6 6 6 11M11 2.5c0 4.5-6 6-6 11", width=1.5),
    "check": stroke("M13 8a5 5 0 1 1-1.7-3.8M13.2 2v3h-3", width=1.6),
    "sign": stroke("M2.5 13.5l.9-3.3L10.7 3l2.3 2.3-7.2 7.3zM9 4.7L11.3 7", width=1.5),
    "fix": stroke(
        "M13.2 4.4a3.3 3.3 0 0 1-4.4 4.1L4.9 13a1.4 1.4 0 0 1-2-2l4.5-3.9a3.3 3.3 0 0 1 4.1-4.4L9.6 4.6l.3 1.5 1.5.3z",
        width=1.5,
    ),
    "show": stroke("M1.5 8C4 3.8 12 3.8 14.5 8C12 12.2 4 12.2 1.5 8z", width=1.5) + disc(8, 8, 2.2, LIGHT),
    "report": stroke("M4 2.5h5.5L12 5v8.5H4zM6.2 7.5h3.6M6.2 10h3.6", width=1.5),
    "build": stroke("M2.5 2.5h4.5v3.5H2.5zM9 10h4.5v3.5H9zM4.8 6v3.3a2.4 2.4 0 0 0 2.4 2.4H9", width=1.5),
    "add": stroke("M8 3.5v9M3.5 8h9", width=2),
    "remove": stroke("M3.5 8h9", width=2),
    "hold": stroke("M4 7.5h8v5.5H4zM5.8 7.5V5.4a2.2 2.2 0 0 1 4.4 0v2.1", width=1.5),
    "flag": stroke("M4 14V2.5M4 3h8.5l-2 2.7 2 2.7H4", width=1.6),
    "align": stroke("M2 4h8v6.5H2zM6 6.2l8.2 1.2-.9 6-8.2-1.2z", width=1.4),
    "find": stroke("M11.2 7a4.2 4.2 0 1 1-8.4 0a4.2 4.2 0 0 1 8.4 0zM10.2 10.2l3.6 3.6", width=1.6),
    "render": stroke("M2 3.5h12v9H2zM5 3.5v9M11 3.5v9M2 6.5h3M2 9.5h3M11 6.5h3M11 9.5h3", width=1.3),
    "deliver": stroke("M8 2.5v6.3M5.4 6.4L8 9l2.6-2.6M2.8 9.5v4h10.4v-4", width=1.6),
    # Where something is found.
    "log": stroke("M3 4.5h10M3 8.5h10M3 12.5h6", width=1.6),
    "help": stroke("M5.5 6a2.5 2.5 0 1 1 3.7 2.2C8.3 8.7 8 9.1 8 10M8 13v.1", width=1.8),
    "project": stroke("M2 12.8V3.2h4l1.6 2H14v7.6z", width=1.5),
    "sheet": stroke("M2.8 2.8h4v4h-4zM9.2 2.8h4v4h-4zM2.8 9.2h4v4h-4zM9.2 9.2h4v4h-4z", width=1.4),
    "down": stroke("M4 6.2L8 10l4-3.8", width=1.8),
}  # fmt: skip


def panel_svg(name: str) -> str:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">'
    return f"{head}\n{PANEL_SIGNS[name]}\n</svg>\n"


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


def page(name: str, size: int, drawing: str = "") -> str:
    drawing = drawing or svg(name)
    drawing = drawing.replace(
        drawing[drawing.index("width=") : drawing.index(" viewBox")],
        f'width="{size}" height="{size}" style="display:block"',
        1,
    )
    return f'<!doctype html><body style="margin:0;background:transparent">{drawing}</body>'


def sheet() -> str:
    cells = "".join(
        f"<td>{''.join(page(name, size) for size in (24, 48, 96))}<small>{name}</small></td>"
        + ("</tr><tr>" if index % 5 == 4 else "")
        for index, name in enumerate(SIGNS)
    )
    cells += "</tr><tr>" + "".join(
        f"<td>{''.join(page(name, size, panel_svg(name)) for size in (16, 32, 64))}<small>{name}</small></td>"
        + ("</tr><tr>" if index % 5 == 4 else "")
        for index, name in enumerate(PANEL_SIGNS)
    )
    style = (
        "body{background:#444;color:#ddd;font:12px sans-serif}svg{display:inline-block!important;margin:4px}"
    )
    style += "td{white-space:nowrap;background:#444}small{display:block}"
    return f"<!doctype html><style>{style}</style><table><tr>{cells}</tr></table>"


def main(arguments: list[str]) -> None:
    only_panel = "--panel" in arguments
    rest = [one for one in arguments if one != "--panel"]
    if rest:
        render(sheet(), 1080, 1000, Path(rest[0]).resolve())
        return
    PANEL.mkdir(exist_ok=True)
    for name in PANEL_SIGNS:
        file = name.replace(" ", "_")
        (PANEL / f"{file}.svg").write_text(panel_svg(name), encoding="utf-8")
        for suffix, size in PANEL_SIZES.items():
            render(page(name, size, panel_svg(name)), size, size, PANEL / f"{file}{suffix}.png")
    for name in () if only_panel else SIGNS:
        (FOLDER / f"{name}.svg").write_text(svg(name), encoding="utf-8")
        for suffix, size in SIZES.items():
            render(page(name, size), size, size, FOLDER / f"{name}{suffix}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
