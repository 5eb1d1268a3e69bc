"""One value in the text of a YAML mapping, changed: everything else stays byte for byte.

``editing`` calls :func:`spliced` for each value and checks the result. The parser's marks say where a value stands;
comments, which it drops, are found again between the scalars, and no comment is lost: one that stood inside a value
that is replaced moves above it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from film_recovery._yaml import yaml
from film_recovery.project.words import body, entry, inline


def spliced(text: str, path: tuple[str, ...], value: Any, *, literal: bool = True) -> str:
    """``text`` with plain ``value`` at ``path``; keys on the way that are not there are added.

    ``text`` has line feeds only and is a mapping. ``literal``: whether text of several lines may stand after ``|``.
    """
    return _Text(text, literal).put(path, value)


class _Text:
    """The text with its nodes and scalars; lives for one change."""

    def __init__(self, text: str, literal: bool) -> None:
        self.text = text
        self.literal = literal
        self.root = yaml.compose(text, Loader=yaml.SafeLoader)
        tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
        self.scalars = [_content(text, token) for token in tokens if isinstance(token, yaml.ScalarToken)]
        self.colons = [token.end_mark.index for token in tokens if isinstance(token, yaml.ValueToken)]
        self.dashes = [token.start_mark.index for token in tokens if isinstance(token, yaml.BlockEntryToken)]

    def put(self, path: tuple[str, ...], value: Any) -> str:
        node, key, anchor, in_flow = self.root, None, None, False
        for depth, word in enumerate(path):
            found = _child(node, word)
            if found is None:
                for missing in reversed(path[depth + 1 :]):
                    value = {missing: value}
                if isinstance(node, yaml.MappingNode) and node.value:
                    return self._inserted(node, word, value, in_flow)
                value = {word: value}  # into an empty mapping, or a null
                break
            in_flow = in_flow or bool(node.flow_style)
            key, node = found
            anchor = anchor if in_flow and anchor is not None else key
        if in_flow or isinstance(node, yaml.ScalarNode) or not value:
            return self._replaced(key, anchor, node, value, in_flow)
        if isinstance(node, yaml.SequenceNode) and isinstance(value, list) and not node.flow_style:
            return self._items(node, value)
        return self._replaced(key, anchor, node, value, in_flow)

    def _inserted(self, node: Any, word: str, value: Any, in_flow: bool) -> str:
        """A new key at the end of a mapping that has others."""
        if in_flow or node.flow_style:
            place = _end(self.text, node.value[-1][1])
            return f"{self.text[:place]}, {inline(word)}: {inline(value)}{self.text[place:]}"
        place = self._line_end(_end(self.text, node.value[-1][1], with_blanks=True))
        lines = entry(word, value, node.value[0][0].start_mark.column, literal=self.literal)
        before = self.text[:place]
        return f"{before}{'' if before.endswith(_LINE) else _LINE}{lines}{self.text[place:]}"

    def _replaced(self, key: Any, anchor: Any, node: Any, value: Any, in_flow: bool) -> str:
        """``key``'s value, whatever it was, as ``value``; ``anchor``: the key above which comments go."""
        colon = next(place for place in self.colons if place >= key.end_mark.index)
        start, end = node.start_mark.index, _end(self.text, node)
        same_line = _LINE not in self.text[colon:start] and start > colon
        head, lines = (
            (f" {inline(value)}", "") if in_flow else body(value, key.start_mark.column, literal=self.literal)
        )
        if lines:
            rest, feed, below = self.text[end:].partition(_LINE)
            tail = f"{rest}{feed or _LINE}{lines}{below}"
            changed, place = f"{head}{tail}", colon
        elif same_line:
            changed, place = f"{head[1:]}{self.text[end:]}", start
        else:
            changed, place = f"{head}{self.text[end:]}", colon
        column = anchor.start_mark.column
        above = self._line_start(anchor.start_mark.index)
        kept = "".join(f"{' ' * column}{comment}\n" for comment in self._comments(place, end))
        return f"{self.text[:above]}{kept}{self.text[above:place]}{changed}"

    def _items(self, node: Any, value: list[Any]) -> str:
        """A block list as ``value``: items that stay keep their lines."""
        loader = yaml.SafeLoader("")
        old = [_signature(loader.construct_object(item, deep=True)) for item in node.value]
        matcher = difflib.SequenceMatcher(None, old, [_signature(item) for item in value], autojunk=False)
        text = self.text
        for operation, first, last, new_first, new_last in reversed(matcher.get_opcodes()):
            if operation == "equal":
                continue
            begin = self._after_item(node, first - 1)
            if first < last:
                begin = self._line_start(self._dash(node.value[first]))
            end = self._after_item(node, last - 1)
            indent = " " * self._column(self._dash(node.value[0]))
            kept = "".join(f"{indent}{comment}\n" for comment in self._comments(begin, end))
            new = "".join(f"{indent}- {inline(item)}\n" for item in value[new_first:new_last])
            feed = "" if not begin or text[begin - 1] == _LINE else _LINE
            text = f"{text[:begin]}{feed}{kept}{new}{text[end:]}"
        return text

    def _after_item(self, node: Any, index: int) -> int:
        """Where the line after item ``index`` begins; for -1, the line of the first item."""
        if index < 0:
            return self._line_start(self._dash(node.value[0]))
        return self._line_end(_end(self.text, node.value[index], with_blanks=True))

    def _dash(self, item: Any) -> int:
        # A list in a list begins at its own first dash: the item's is the one before.
        own = isinstance(item, yaml.SequenceNode) and not item.flow_style
        start = item.start_mark.index
        return max(dash for dash in self.dashes if dash < start or (dash == start and not own))

    def _comments(self, begin: int, end: int) -> Iterator[str]:
        """The comments between two places, each from ``#`` to the end of its line."""
        place = begin
        while True:
            place = self.text.find("#", place, end)
            if place < 0:
                return
            inside = next((last for first, last in self.scalars if first <= place < last), None)
            if inside is not None:
                place = inside
                continue
            line_end = self.text.find(_LINE, place)
            line_end = len(self.text) if line_end < 0 else line_end
            yield self.text[place:line_end].rstrip()
            place = line_end

    def _column(self, place: int) -> int:
        return place - self._line_start(place)

    def _line_start(self, place: int) -> int:
        return self.text.rfind(_LINE, 0, place) + 1

    def _line_end(self, place: int) -> int:
        """Where the next line begins, or ``place`` itself at the beginning of a line."""
        if place and self.text[place - 1] == _LINE:
            return place
        found = self.text.find(_LINE, place)
        return len(self.text) if found < 0 else found + 1


_LINE = "\n"


def _child(node: Any, word: str) -> tuple[Any, Any] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((key, value) for key, value in node.value if key.value == word), None)


def _end(text: str, node: Any, *, with_blanks: bool = False) -> int:
    """Where the text of ``node`` ends; a block's own mark lies at the next key, beyond comments.

    ``with_blanks``: the empty lines that belong to a literal text at the end included.
    """
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last, with_blanks=with_blanks)
    end = int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and not with_blanks:
        return len(text[:end].rstrip())
    return end


def _content(text: str, token: Any) -> tuple[int, int]:
    """The part of a scalar in which a # is no comment: of a block text, all below its first line."""
    start, end = token.start_mark.index, token.end_mark.index
    if token.style in ("|", ">"):
        start = text.find(_LINE, start)
    return start, end


def _signature(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
