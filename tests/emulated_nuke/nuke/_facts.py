"""The knob facts and our own reader of scripts, for the emulation alone.

The reader is imported without being left in ``sys.modules``, so that a start-up file which forgets to put the plugin
on the path fails here as it would in Nuke.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[2]


_NAME = "emulated_nuke_facts"  # stays loaded from one session to the next: reading the facts takes a while


def _load() -> tuple[Any, Any]:
    if _NAME in sys.modules:
        return sys.modules[_NAME].nk, sys.modules[_NAME]
    known = "film_recovery" in sys.modules
    python = str(TESTS.parent / "python")
    sys.path.insert(0, python)
    try:
        reader = importlib.import_module("film_recovery.nk")
        file = TESTS / "nuke_facts" / "facts.py"
        spec = importlib.util.spec_from_file_location(_NAME, file)
        assert spec is not None and spec.loader is not None
        facts = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = facts
        spec.loader.exec_module(facts)
    finally:
        sys.path.remove(python)
        if not known:
            for name in [one for one in sys.modules if one.partition(".")[0] == "film_recovery"]:
                del sys.modules[name]
    return reader, facts


nk, _reader = _load()
FACTS = _reader.facts()
SyntaxProblem = nk.NkSyntaxError.__mro__[1]  # FilmRecoveryError as this copy of the reader raises it
