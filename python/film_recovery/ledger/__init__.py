"""The ledger: what was done to this film, append-only, each line chained to the one before. Light.

``append`` adds a record, ``read`` gives all, ``verify`` names the first that does not fit, ``write_notes`` tells
them to a reader in ``notes/experiments.md``.
"""

from __future__ import annotations

from film_recovery.ledger.chain import FILE, TORN, Ledger, Record, append, read, verify
from film_recovery.ledger.notes import FILE as NOTES
from film_recovery.ledger.notes import write_notes

__all__ = ["FILE", "NOTES", "TORN", "Ledger", "Record", "append", "read", "verify", "write_notes"]
