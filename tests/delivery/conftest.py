"""A real Chromium, driven over its own pipe: pages at a width, pointer and keys, what it logged and asked for.

Standard library only. Fails, rather than skips, where Chromium is missing.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
PATIENCE = 60  # seconds for one answer
# Chromium reads commands from file 3 and answers on file 4.
ONTO_3_AND_4 = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a headless Chromium."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        wrapper = [sys.executable, "-c", ONTO_3_AND_4, str(theirs_in), str(theirs_out)]
        self._process = subprocess.Popen(
            [*wrapper, program, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._pending = b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its answer; events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def open(
        self, file: Path, width: int, height: int = 900, *, touch: bool = False, dark: bool = False
    ) -> None:
        """Shows ``file`` in a window of ``width`` pixels; what was logged before is forgotten."""
        self.events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        self.ask("Emulation.setTouchEmulationEnabled", enabled=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        found = self.ask("Page.navigate", url=file.as_uri())
        assert "errorText" not in found, f"{file}: {found['errorText']}"
        deadline = time.monotonic() + PATIENCE
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < deadline, f"{file} was not loaded in {PATIENCE} s"
            self.run("0")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def screenshot(self) -> bytes:
        """PNG of the whole page."""
        size = self.run("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        area = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        shot = self.ask("Page.captureScreenshot", clip=area, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def pdf(self) -> bytes:
        """The page as printed."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, exceptions and blocked loads, as text."""
        wanted = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"]) for event in self.events if event.get("method") in wanted]

    def requests(self) -> list[str]:
        """The addresses that the page asked for, data URIs apart."""
        sent = [
            event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"
        ]
        return [each["request"]["url"] for each in sent if not each["request"]["url"].startswith("data:")]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._out)
        os.close(self._in)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            assert ready, f"Chromium did not answer in {PATIENCE} s"
            data = os.read(self._in, 1 << 20)
            assert data, f"Chromium ended with {self._process.wait(PATIENCE)}"
            self._pending += data
        message, _, self._pending = self._pending.partition(b"\0")
        return dict(json.loads(message))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.fail(
            "The report is tested in a real Chromium, and there is none here.\n"
            "Install it: apt-get install -y --no-install-recommends chromium"
        )
    chromium = Browser(program, tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def still_of(photograph: Callable[[str], Any]) -> Callable[..., Any]:
    """``still_of("coffee.png", 1042)``: a small still; Source soft and faded, recovered in between, the truth."""
    import cv2
    import numpy as np

    from film_recovery.delivery import Still

    def make(name: str, frame: int, **more: Any) -> Still:
        truth = cv2.resize(photograph(name), (240, 160), interpolation=cv2.INTER_AREA)
        source = cv2.GaussianBlur(truth, (0, 0), 2) * np.float32([0.95, 0.8, 0.85])
        pictures = (source, (source + truth) / 2, truth)
        return Still(frame, *(np.round(picture * 255).astype(np.uint8) for picture in pictures), **more)

    return make


@pytest.fixture(scope="session")
def report_data(still_of: Callable[..., Any]) -> Any:
    """A complete report with a failing, a doubtful and a signed check; small; CC0 pictures."""
    from film_recovery.checks import Check, Outcome, StageReport
    from film_recovery.delivery import Curve, FigureRow, ReportData, Signature

    ladder = {"Source": 30.25, "Unsharp mask": 31.5, "Closed form": 33.75, "Network": 34.5}
    return ReportData(
        film="The Cup & the Cat",
        reel="2",
        shot="010",
        recipe="spatial-generation",
        title="The Cup & the Cat, reel 2",
        reports=(
            StageReport(
                1,
                (
                    Outcome(
                        "curation.pair_count",
                        "warn",
                        3,
                        {"least": 4, "most": 9},
                        "3 pairs for the scope shot.",
                        ("Add pairs from the missing families", "Step down"),
                        {"node": "AppendClip1", "frame": 1042},
                    ),
                    Outcome("curation.conformed", "pass", None, None, "Signed."),
                ),
            ),
            StageReport(
                5,
                (
                    Outcome("validation.identity", "pass", 0.000488, {"max": 0.001}, "Half the tolerance."),
                    Outcome("validation.no_halos", "fail", None, None, "Nobody has looked.", ("Sign it",)),
                ),
            ),
        ),
        checks=(
            Check("curation.pair_count", 1, "Enough pairs for the scope", "Few pairs overfit.", "should"),
            Check("curation.conformed", 1, "One conformed timeline", "", "shall", manual=True),
            Check("validation.no_halos", 5, "No halos", "", "shall", manual=True),
        ),
        signatures=(Signature("curation.conformed", "A. Keller", "2026-03-04T14:12Z", "heads and tails"),),
        figures=(
            FigureRow("PSNR of luma", "dB", "luma, sRGB-encoded 0–1, live area", "higher", ladder),
            FigureRow(
                "Saturation", "", "chroma ≥ 60 of 255", "target", {"Source": 0.7, "Network": 0.98}, target=1.0
            ),
        ),
        contenders={"Closed form": "the least-squares fit", "Network": "the written <frames>"},
        held_out=(1042, 1046, 1051),
        stills=(
            still_of("coffee.png", 1042, caption="steam", figures={"PSNR of luma, dB": 34.5}),
            still_of("chelsea.png", 1046, reference_name="Truth"),
        ),
        curves=(
            Curve("Loss", "", tuple((100.0 * i, 0.4 / (1 + i) ** 2) for i in range(30))),
            Curve("Saturation on the hold-out", "", ((0.0, 0.7), (1000.0, 0.9), (2000.0, 0.98)), target=1.0),
        ),
        elements={"Source": {"gauge": "35 mm", "holder": "An archive"}, "Reference": {"gauge": "16 mm"}},
        settings={"engine": "open", "learning_rate": 1e-3, "live_area": [8, 8, 232, 152]},
        hashes={"model": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        made={"engine": "open"},
        reasoning="The duplicate is soft.\n\nThe print is not.",
        notes="Parallax in 1042–1046 is unresolved.",
        date="2026-03-05",
    )
