"""The report of the self-test: plain data, and its two forms, text to read and JSON to send.

It holds what explains a difference (Nuke, system, colour settings) and nothing of the user's script. The home
folder in messages is written as ``~``.
"""

from __future__ import annotations

import json
import math
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import __version__
from film_recovery.host.base import Host

PASS, FAIL, ERROR, NOT_COMPARED = "pass", "fail", "error", "not compared"
OUTCOMES = (PASS, FAIL, ERROR, NOT_COMPARED)
CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "open"
SCHEMA = "film-recovery-self-test/1"
NOT_TESTED = (
    "F_Align (its saved form is not known, and it needs its analysis)",
    "MatchGrade (it needs its analysis)",
    "CopyCat training, and files that a Write makes",
    "ReviewDisplay of FR_ArchivalWrite (what it shows is the colour config's)",
)


@dataclass(frozen=True)
class CaseResult:
    """What came of one case. ``largest``: the largest difference, None where nothing could be compared."""

    id: str
    title: str
    outcome: str
    tolerance: float
    settles: tuple[str, ...]
    largest: float | None = None
    message: str = ""


@dataclass(frozen=True)
class About:
    """Where it ran. ``settings``: the colour settings of the script."""

    nuke: str
    product: str
    licence: str
    gui: bool
    platform: str
    python: str
    film_recovery: str
    date: str
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """All results, and what they say about the open points of ``docs/nuke-parity.md`` (``claims``)."""

    about: About
    claims: Mapping[str, str]
    results: tuple[CaseResult, ...]

    @property
    def name(self) -> str:
        """Of its files, without the ending."""
        release = re.sub(r"[^A-Za-z0-9.]+", "_", self.about.nuke) or "unknown"
        stamp = self.about.date.replace("-", "").replace(":", "").replace(" ", "_")
        return f"self_test_nuke_{release}_{stamp}"

    @property
    def passed(self) -> bool:
        """Whether no case differs and none failed to run."""
        return all(result.outcome in (PASS, NOT_COMPARED) for result in self.results)

    def counts(self) -> dict[str, int]:
        """How many cases had each outcome."""
        return {outcome: sum(result.outcome == outcome for result in self.results) for outcome in OUTCOMES}

    def verdicts(self) -> dict[str, str]:
        """Each claim: refuted by one case that differs, confirmed if all its cases pass, else open."""
        found = {}
        for claim in self.claims:
            outcomes = {result.outcome for result in self.results if claim in result.settles}
            found[claim] = REFUTED if FAIL in outcomes else CONFIRMED if outcomes == {PASS} else OPEN
        return found


def about_host(host: Host, settings: Mapping[str, str]) -> About:
    """Where the self-test runs."""
    about = host.about()
    return About(
        nuke=about.release,
        product=about.product,
        licence=about.licence,
        gui=about.gui,
        platform=platform.platform(),
        python=platform.python_version(),
        film_recovery=__version__,
        date=time.strftime("%Y-%m-%d %H:%M:%S"),
        settings=settings,
    )


def report_text(report: Report) -> str:
    """The report for a reader."""
    about, counts, verdicts = report.about, report.counts(), report.verdicts()
    screen = "with a screen" if about.gui else "without a screen"
    lines = [
        "Film Recovery self-test",
        "",
        f"Nuke            {about.nuke} ({about.product}, {about.licence}, {screen})",
        f"Film Recovery   {about.film_recovery}",
        f"system          {about.platform}, Python {about.python}",
        f"date            {about.date}",
        *(f"{knob:<15} {value or '-'}" for knob, value in about.settings.items()),
        "",
        ", ".join(f"{count} {outcome}" for outcome, count in counts.items()),
        "",
        "Cases (largest difference, tolerance)",
    ]
    for result in report.results:
        largest = "-" if result.largest is None else f"{result.largest:.2g}"
        lines.append(
            f"  {result.outcome:<13} {result.id:<32} {largest:>8} {result.tolerance:>8.2g}  {result.title}"
        )
        lines += [f"      {line}" for line in result.message.splitlines()]
    lines += ["", "What docs/nuke-parity.md leaves open"]
    lines += [f"  {verdicts[claim]:<10} {claim}: {text}" for claim, text in report.claims.items()]
    lines += ["", "Not tested", *(f"  {text}" for text in NOT_TESTED), ""]
    return _without_home("\n".join(lines))


def report_json(report: Report) -> str:
    """The same as strict JSON: an infinite difference is the word "infinite"."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "about": {**report.about.__dict__, "settings": dict(report.about.settings)},
        "counts": report.counts(),
        "cases": [{**result.__dict__, "largest": _finite(result.largest)} for result in report.results],
        "claims": report.verdicts(),
        "not_tested": NOT_TESTED,
    }
    return _without_home(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _finite(value: float | None) -> object:
    return value if value is None or math.isfinite(value) else "infinite"


def _without_home(text: str) -> str:
    home = str(Path.home())
    return text.replace(home, "~").replace(Path(home).as_posix(), "~") if len(home) > 1 else text
