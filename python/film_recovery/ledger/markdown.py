"""Text that is read in Markdown as it was typed: no tags, no links, no tables of its own. Light."""

from __future__ import annotations

import re
from typing import Any


def line(value: Any) -> str:
    """``value`` as one line."""
    text = " ".join(str(value).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", text)


def code(value: Any) -> str:
    """``value`` between backticks: an id or a name, everything else in it as ``_``."""
    return re.sub(r"[^\w.-]", "_", str(value))
