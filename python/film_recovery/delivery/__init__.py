"""What leaves the house: the report that a recovery is judged by.

``data`` says what a report holds, ``verdict`` what it amounts to, ``report`` writes it as one HTML file;
``pictures``, ``plot`` and ``words`` make its pictures, curves and numbers. Stages gather the data; nothing here
measures or decides a tolerance.
"""

from film_recovery.delivery.data import Curve, FigureRow, ReportData, Signature, Still
from film_recovery.delivery.report import build_report
from film_recovery.delivery.verdict import Verdict, verdict

__all__ = [
    "Curve",
    "FigureRow",
    "ReportData",
    "Signature",
    "Still",
    "Verdict",
    "build_report",
    "verdict",
]
