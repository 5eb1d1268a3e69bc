"""What leaves the house: the report that a recovery is judged by.

``data`` says what a report holds, ``verdict`` what it amounts to, ``report`` writes it as one HTML file. ``album``
takes stills in one by one; ``pictures``, ``plot``, ``chart`` and ``words`` make pictures, curves and numbers; ``pdf``
prints it.
Stages gather the data; nothing here measures or decides a tolerance.
"""

from film_recovery.delivery.album import Album
from film_recovery.delivery.data import (
    Chart,
    Curve,
    FigureRow,
    Outlier,
    Pair,
    ReportData,
    Signature,
    Still,
)
from film_recovery.delivery.report import build_report
from film_recovery.delivery.verdict import Verdict, verdict

__all__ = [
    "Album",
    "Chart",
    "Curve",
    "FigureRow",
    "Outlier",
    "Pair",
    "ReportData",
    "Signature",
    "Still",
    "Verdict",
    "build_report",
    "verdict",
]
