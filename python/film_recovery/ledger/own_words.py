"""A page that is part ours and part the operator's: ours is written anew, theirs is never touched.

Ours stands between two lines, of which the first carries its SHA-256; everything before and after is the operator's
and is carried over. Where ours was edited, or the lines are gone, the page as it was is kept beside it first, as
``<name>-edited-N.md``. So no word that somebody typed is ever lost. Light: standard library only.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from film_recovery._files import explained, write_whole

_START = re.compile(r"<!-- written by Film Recovery; SHA-256 of what follows: ([0-9a-f]{64}) -->\r?\n")
_END = re.compile(r"<!-- end of what Film Recovery wrote.*?-->(\r?\n|$)")
_END_LINE = "<!-- end of what Film Recovery wrote; what you write below this line stays -->\n"
# Pages of earlier versions were all ours, from such a line to their end.
_ALL_OURS = re.compile(r"<!-- from ledger\.jsonl; what follows has SHA-256 ([0-9a-f]{64}) -->\n")

_HEADING = re.compile(r"#{1,6}(\s|$)")  # as Markdown has it: “#1 reel is scratched” is none


class _Page(NamedTuple):
    """The operator's parts, and whether ours is as we wrote it."""

    before: str
    after: str
    is_whole: bool


def write_page(path: Path, ours: str, seed: str) -> None:
    """Writes ``ours`` into ``path``, between what the operator has there. ``seed``: theirs in a new page.

    Raises FilmRecoveryError naming the file that cannot be read, kept or written.
    """
    page = _Page("", f"\n{seed}", True)
    if path.exists():
        with explained(path, "read"):
            content = path.read_bytes()
        page, is_readable = _parted(_text(content), page), _is_utf8(content)
        if not (page.is_whole and is_readable):
            _keep(path, content)
    start = f"<!-- written by Film Recovery; SHA-256 of what follows: {_digest(ours)} -->\n"
    write_whole(path, f"{page.before}{start}{ours}{_END_LINE}{page.after}")


def own_words(path: Path) -> str:
    """What the operator wrote into the page; headings and comments are no words. Empty where there is no page."""
    if not path.is_file():
        return ""
    with explained(path, "read"):
        page = _parted(_text(path.read_bytes()), _Page("", "", True))
    text = re.sub(r"(?s)<!--.*?-->", "", f"{page.before}\n{page.after}".replace("\ufeff", ""))
    return "\n".join(line for line in text.splitlines() if line.strip() and not _HEADING.match(line)).strip()


def _parted(text: str, new: _Page) -> _Page:
    """``text`` in its parts; ``new`` is what a page without any word of the operator's is."""
    start = _START.search(text)
    if start is None:
        mark = _ALL_OURS.match(text)
        if mark:
            return new._replace(is_whole=mark[1] == _digest(text[mark.end() :]))
        return _Page("", f"\n{text}", True) if text.strip() else new
    end = _END.search(text, start.end())
    if end is None:  # nobody can say where ours stops: the page is kept as it is, and begun anew
        return _Page(text[: start.start()], new.after, False)
    ours = text[start.end() : end.start()].replace("\r\n", "\n")
    return _Page(text[: start.start()], text[end.end() :], start[1] == _digest(ours))


def _keep(path: Path, content: bytes) -> None:
    """``content`` beside ``path``, under the first name that is free."""
    number = 1
    while (kept := path.with_name(f"{path.stem}-edited-{number}{path.suffix}")).exists():
        number += 1
    with explained(kept, "kept"), open(kept, "xb") as stream:
        stream.write(content)


def _text(content: bytes) -> str:
    """``content`` as text, in whatever an editor saved it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8") if _is_utf8(content) else content.decode("latin-1")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
