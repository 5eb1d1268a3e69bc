"""What the ledger says was done in a stage last, and the digest by which equal work is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from film_recovery import ledger
from film_recovery.project import Project


def last_work(project: Project, stage: int) -> Mapping[str, Any]:
    """The data of the stage's newest record; empty before its first."""
    records = [r for r in ledger.read(project.folder).of_kind("stage") if r.data.get("stage") == stage]
    return records[-1].data if records else {}


def digest(value: Any) -> str:
    """SHA-256, in hexadecimal digits, of plain data; what JSON does not know counts as its text."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
