"""The coverage plot: what the range shows, family by family, and how much of it the pairs show. An SVG of our own.

Above: the range as a line of shots, with pairs and hold-outs where they lie. Below: for every family the spread over
all frames (thin: least to most; thick: the middle half), a dot for each pair; families that no pair shows are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from film_recovery.curation.coverage import Missing, Shown
from film_recovery.curation.families import FAMILIES

_WIDTH, _LEFT, _RIGHT = 860, 330, 30
_ROW, _TOP = 22, 150
_RANGE, _MIDDLE, _PAIR, _HELD, _LACK = "#c9ced6", "#8b95a5", "#2f6db3", "#e08a1e", "#b3261e"
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1d2430}.s{font-size:11px;fill:#5a6472}.t{font-size:17px;font-weight:600}"
    f".l{{fill:{_LACK};font-weight:600}}"
)


def coverage_plot(
    shown: Iterable[Shown],
    pairs: Sequence[int],
    hold_out: Sequence[int],
    shots: Sequence[tuple[int, int]],
    lacking: Sequence[Missing],
    title: str,
) -> str:
    """The plot as SVG text. ``shown``: every frame that was looked at; ``pairs``, ``hold_out``: Source frames."""
    found = {one.frame: one for one in shown}
    families = [one for one in FAMILIES if any(frame.shares[one.name] > 0 for frame in found.values())]
    height = _TOP + _ROW * len(families) + 50
    lacked = {one.family for one in lacking}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(_summary(pairs, hold_out, lacking))}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="t" x="20" y="30">{escape(title)}</text>',
        f'<text class="s" x="20" y="50">{escape(_summary(pairs, hold_out, lacking))}</text>',
        *_timeline(pairs, hold_out, shots),
        *_axis(height),
    ]
    for number, family in enumerate(families):
        y = _TOP + _ROW * number + _ROW // 2
        lacks = family.name in lacked
        values = np.array([one.shares[family.name] for one in found.values()])
        low, first, third, high = np.percentile(values, (0, 25, 75, 100))
        mark = ' class="l"' if lacks else ""
        parts.append(
            f'<text{mark} x="{_LEFT - 14}" y="{y + 4}" text-anchor="end">{escape(_short(family.title))}</text>'
        )
        parts.append(_bar(y, low, high, 3, _RANGE) + _bar(y, first, third, 9, _MIDDLE))
        for frames, colour, radius in ((hold_out, _HELD, 3.0), (pairs, _PAIR, 3.6)):
            for frame in frames:
                if frame in found:
                    share = found[frame].shares[family.name]
                    parts.append(
                        f'<circle cx="{_x(share):.1f}" cy="{y}" r="{radius}" fill="{colour}" fill-opacity=".8">'
                        f"<title>frame {frame}: {100 * share:.1f} %</title></circle>"
                    )
    parts.append("</svg>\n")
    return "\n".join(parts)


def _timeline(pairs: Sequence[int], hold_out: Sequence[int], shots: Sequence[tuple[int, int]]) -> list[str]:
    """The range from its first to its last frame; frames between shots that are not looked at stay white."""
    if not shots:
        return []
    first, last = shots[0][0], shots[-1][1]

    def across(frame: float) -> float:
        return 20 + (frame - first) / max(1, last + 1 - first) * (_WIDTH - 40)

    parts = []
    for number, (low, high) in enumerate(shots):
        left, right = across(low), across(high + 1)
        fill = ("#e6e9ee", "#d6dbe3")[number % 2]
        parts.append(f'<rect x="{left:.1f}" y="74" width="{right - left:.1f}" height="16" fill="{fill}"/>')
        if right - left > 20:
            parts.append(f'<text class="s" x="{left + 3:.1f}" y="70">{number + 1}</text>')
    for frames, colour in ((pairs, _PAIR), (hold_out, _HELD)):
        parts += [
            f'<rect x="{across(frame + 0.5) - 1.5:.1f}" y="71" width="3" height="22" fill="{colour}">'
            f"<title>frame {frame}</title></rect>"
            for frame in frames
        ]
    parts.append(f'<text class="s" x="20" y="108">{first}</text>')
    parts.append(f'<text class="s" x="{_WIDTH - 20}" y="108" text-anchor="end">{last}</text>')
    legend = (("pair", _PAIR, 350), ("hold-out", _HELD, 405), ("shots, by number", "#d6dbe3", 487))
    for word, colour, x in legend:
        parts.append(f'<rect x="{x}" y="99" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text class="s" x="{x + 14}" y="108">{word}</text>')
    return parts


def _axis(height: int) -> list[str]:
    parts = []
    for share in (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0):
        x = _x(share)
        parts.append(f'<path d="M{x:.1f} {_TOP - 6}V{height - 44}" stroke="#eceff3"/>')
        parts.append(
            f'<text class="s" x="{x:.1f}" y="{_TOP - 12}" text-anchor="middle">{100 * share:g}</text>'
        )
    said = "share of the picture in %, on a square-root scale; thin: all frames, thick: the middle half, dots: pairs"
    parts.append(f'<text class="s" x="{_WIDTH - 20}" y="{height - 20}" text-anchor="end">{said}</text>')
    return parts


def _bar(y: int, low: float, high: float, thick: int, colour: str) -> str:
    left, right = _x(float(low)), _x(float(high))
    return (
        f'<rect x="{left - 1:.1f}" y="{y - thick / 2:g}" width="{max(2.0, right - left + 2):.1f}" height="{thick}" '
        f'rx="{thick / 2:g}" fill="{colour}"/>'
    )


def _x(share: float) -> float:
    """Square root: a little of something is seen too."""
    return _LEFT + float(np.sqrt(max(0.0, share))) * (_WIDTH - _LEFT - _RIGHT)


def _short(title: str) -> str:
    return title.replace("; wood and sand too", "").replace(", in the upper half", "")


def _summary(pairs: Sequence[int], hold_out: Sequence[int], lacking: Sequence[Missing]) -> str:
    held = f"{len(hold_out)} hold-out{'' if len(hold_out) == 1 else 's'}"
    lack = (
        "; no pair shows enough of: " + ", ".join(_short(one.title) for one in lacking[:3]) if lacking else ""
    )
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return f"{len(pairs)} pairs, {held}{lack}{more}."
