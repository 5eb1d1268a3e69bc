"""The report in a real Chromium: both widths, light and dark, pointer, touch and keys, print, no script, no network."""

from __future__ import annotations

import base64
import dataclasses
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.delivery import ReportData, build_report

pytestmark = pytest.mark.slow

STAGE = "document.querySelector('.stage')"
LONG = "Wort" * 60


@pytest.fixture(scope="module")
def report(report_data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample report with words that no line can hold."""
    reports = tuple(
        dataclasses.replace(
            report, outcomes=(dataclasses.replace(report.outcomes[0], reason=LONG), *report.outcomes[1:])
        )
        for report in report_data.reports
    )
    data = dataclasses.replace(
        report_data, title=LONG, reports=reports, settings={**report_data.settings, LONG: LONG}
    )
    return build_report(data, tmp_path_factory.mktemp("report") / "report.html")


def _pixels(png: bytes) -> Any:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_renders(browser: Any, report: Path, width: int, dark: bool) -> None:
    browser.open(report, width, touch=width == 390, dark=dark)
    picture = _pixels(browser.screenshot())
    assert picture.shape[1] == width, "the page is as wide as the window: nothing to scroll sideways"
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    corner = picture[2, 2].mean()
    assert corner < 60 if dark else corner > 200
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5000, "pictures are there"
    assert browser.run("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
    assert browser.run("document.documentElement.className") == "wiping", "the policy lets the script run"
    assert browser.complaints() == []
    assert browser.requests() == [report.as_uri()]


def test_nothing_is_wider_than_the_telephone(browser: Any, report: Path) -> None:
    browser.open(report, 390, touch=True)
    browser.run("document.querySelectorAll('details').forEach((each) => each.open = true)")
    wide = browser.run(
        "[...document.querySelectorAll('main *:not(.unseen, .unseen *, .stacked thead *)')]"
        ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90))"
    )
    assert wide == []
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_curves_are_readable_on_a_telephone(browser: Any, report: Path) -> None:
    browser.open(report, 390, touch=True)
    sizes = browser.run(
        "[...document.querySelectorAll('.curve text')].map((t) => t.getBoundingClientRect().height)"
    )
    assert sizes and min(sizes) >= 10, "labels of at least ten pixels"


def _shown(browser: Any) -> tuple[Any, Any]:
    """What the first still shows in its left and right quarter, and the same of each of its pictures."""
    browser.run("scrollTo(0, 0)")
    x, y, width, height = browser.run(
        f"(({{x, y, width, height}}) => [x, y, width, height])({STAGE}.getBoundingClientRect())"
    )
    area = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
    shot = browser.ask("Page.captureScreenshot", clip=area, captureBeyondViewport=True)
    picture = _pixels(base64.b64decode(shot["data"]))[:, :, ::-1].astype(float)
    band = slice(int(height * 0.75), int(height * 0.95))  # below tags and handle
    return picture[band, int(width * 0.15) : int(width * 0.22)], picture[
        band, int(width * 0.78) : int(width * 0.85)
    ]


def _sides(browser: Any, report_data: ReportData) -> str:
    """Which pictures the left and the right side of the first still show, by their pixels."""
    names = []
    for number, part in enumerate(_shown(browser)):
        distances = {}
        for name, picture in report_data.stills[0].pictures.items():
            height, width = picture.shape[:2]
            columns = ((0.15, 0.22), (0.78, 0.85))[number]
            piece = picture[
                int(height * 0.75) : int(height * 0.95), int(width * columns[0]) : int(width * columns[1])
            ]
            wanted = cv2.resize(piece.astype(np.float32), part.shape[1::-1])
            distances[name] = float(np.abs(wanted - part).mean())
        names.append(min(distances, key=lambda name: distances[name]))
    return " | ".join(names)


def _value(browser: Any) -> float:
    return float(browser.run(f"{STAGE}.querySelector('input').value"))


def _point(browser: Any, share: float) -> dict[str, float]:
    """A place on the first still, in the window."""
    browser.run(f"{STAGE}.scrollIntoView({{block: 'center'}})")
    x, y, width, height = browser.run(
        f"(({{x, y, width, height}}) => [x, y, width, height])({STAGE}.getBoundingClientRect())"
    )
    return {"x": x + width * share, "y": y + height / 2}


def test_the_wipe_follows_the_pointer(browser: Any, report: Path, report_data: ReportData) -> None:
    browser.open(report, 1280)
    assert _sides(browser, report_data) == "Source | Recovered"
    browser.ask(
        "Input.dispatchMouseEvent", type="mousePressed", button="left", clickCount=1, **_point(browser, 0.5)
    )
    browser.ask("Input.dispatchMouseEvent", type="mouseMoved", button="left", **_point(browser, 0.97))
    assert _value(browser) == pytest.approx(97, abs=0.5)
    assert _sides(browser, report_data) == "Source | Source"
    browser.ask("Input.dispatchMouseEvent", type="mouseMoved", button="left", **_point(browser, 0.03))
    browser.ask("Input.dispatchMouseEvent", type="mouseReleased", button="left", **_point(browser, 0.03))
    assert _value(browser) == pytest.approx(3, abs=0.5)
    assert _sides(browser, report_data) == "Recovered | Recovered"
    browser.ask("Input.dispatchMouseEvent", type="mouseMoved", **_point(browser, 0.8))
    assert _value(browser) == pytest.approx(3, abs=0.5), "let go"


def test_the_wipe_follows_a_finger(browser: Any, report: Path, report_data: ReportData) -> None:
    browser.open(report, 390, touch=True)
    browser.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[_point(browser, 0.5)])
    for share in (0.6, 0.8, 0.97):
        browser.ask("Input.dispatchTouchEvent", type="touchMove", touchPoints=[_point(browser, share)])
    browser.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    assert _value(browser) == pytest.approx(97, abs=1)
    assert _sides(browser, report_data) == "Source | Source"


def _press(browser: Any, key: str, code: int) -> None:
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)


def test_the_wipe_follows_the_keys(browser: Any, report: Path, report_data: ReportData) -> None:
    browser.open(report, 1280)
    browser.run(f"{STAGE}.querySelector('input').focus()")
    _press(browser, "Home", 36)
    assert _value(browser) == 0
    assert _sides(browser, report_data) == "Recovered | Recovered"
    _press(browser, "PageUp", 33)
    assert 5 <= _value(browser) <= 20
    before = _value(browser)
    _press(browser, "ArrowRight", 39)
    assert before < _value(browser) <= before + 2
    spoken = browser.run(f"{STAGE}.querySelector('input').ariaValueText")
    assert re.fullmatch(r"Source \d+ %, Recovered \d+ %", spoken)


def test_the_pair_can_be_chosen(browser: Any, report: Path, report_data: ReportData) -> None:
    browser.open(report, 1280)
    choose = "document.querySelector('.views input[value=\"{}\"]').click()"
    browser.run(choose.format("1-2"))
    assert _sides(browser, report_data) == "Recovered | Reference"
    browser.run(choose.format("0-2"))
    assert _sides(browser, report_data) == "Source | Reference"
    browser.run(choose.format("all"))
    boxes = browser.run(f"[...{STAGE}.querySelectorAll('img')].map((i) => i.getBoundingClientRect().x)")
    assert boxes == sorted(set(boxes)), "side by side"
    browser.run(choose.format("0-1"))
    browser.run("document.querySelector('.pixels').click()")
    assert browser.run(f"{STAGE}.getBoundingClientRect().width") == report_data.stills[0].source.shape[1]


def test_a_link_opens_the_stage_of_its_check(browser: Any, report: Path) -> None:
    browser.open(report, 1280)
    browser.run("document.querySelectorAll('details').forEach((each) => each.open = false)")
    browser.run("document.querySelector('.verdict li a').click()")
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("document.querySelector(':target').closest('details').open")
    assert browser.run("document.querySelector(':target').id") == "check-validation.no_halos"


def test_it_reads_without_script(browser: Any, report: Path) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(report, 1280)
        root = browser.ask("DOM.getDocument")["root"]["nodeId"]
        found = browser.ask("DOM.querySelectorAll", nodeId=root, selector=".still:first-of-type .shot")[
            "nodeIds"
        ]
        lefts = [browser.ask("DOM.getBoxModel", nodeId=node)["model"]["content"][0] for node in found]
        assert len(set(lefts)) == 3, "three pictures side by side"
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_it_prints(browser: Any, report: Path) -> None:
    browser.open(report, 1280, dark=True)
    browser.run("document.querySelectorAll('details').forEach((each) => each.open = false)")
    pdf = browser.pdf()
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 12
    browser.ask("Emulation.setEmulatedMedia", media="print")
    try:
        assert _pixels(browser.screenshot())[2, 2].min() == 255, "on white, whatever the screen's scheme"
        shown = browser.run(
            "[...document.querySelectorAll('.shot')].every((s) => s.getBoundingClientRect().width > 100)"
        )
        assert shown, "all three pictures of every still"
        rows = browser.run(
            "[...document.querySelectorAll('.checks tbody tr')].map((r) => r.getBoundingClientRect().height)"
        )
        assert len(rows) == 4 and min(rows) > 10, "closed stages too"
        assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    finally:
        browser.ask("Emulation.setEmulatedMedia", media="")


def test_a_hostile_title_runs_nothing(browser: Any, report_data: ReportData, tmp_path: Path) -> None:
    hostile = (
        "</title><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    )
    path = build_report(
        dataclasses.replace(report_data, title=hostile, reasoning=hostile), tmp_path / "r.html"
    )
    browser.open(path, 1280)
    assert browser.run("document.title") == f"{hostile} – recovery report"
    assert browser.run("document.querySelector('h1').textContent") == hostile
    assert browser.run("document.querySelectorAll('script, [onerror]').length") == 1
    assert browser.complaints() == []
    assert browser.requests() == [path.as_uri()]
