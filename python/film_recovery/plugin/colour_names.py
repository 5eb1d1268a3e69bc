"""Colour spaces of nodes that were just put into a script, by the names that the host's active config has for them.

Blocks and templates hold roles (``color_picking``, ``aces_interchange``), which every config has under another name.
Menus show a role as itself or with its colour space behind it; what is set is always an entry of the menu. Where the
host shows no menu, or the node sits in a gizmo, the role stays, which is right wherever roles are accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from film_recovery import nk
from film_recovery.host.base import Host

KNOBS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Read": ("colorspace",),
        "Write": ("colorspace",),
        "OCIOColorSpace": ("in_colorspace", "out_colorspace"),
        "OCIODisplay": ("colorspace",),
    }
)


def set_names(host: Host, paths: Iterable[str]) -> tuple[str, ...]:
    """Sets the menu's own entry for every role at and inside ``paths``; says where the config has none for it."""
    problems = []
    for path in _with_insides(host, paths):
        for knob in KNOBS.get(host.class_of(path), ()):
            problems += _set_name(host, path, knob)
    return tuple(problems)


def entry_of(name: str, entries: Sequence[str]) -> str | None:
    """The entry of a menu that stands for ``name``, a role or a colour space; None where there is none.

    An entry is the name, or the name with its colour space in brackets, each under a menu or not: ``roles/color_picking
    (sRGB - Texture)``.
    """
    if name in entries:
        return name
    for entry in entries:
        last = entry.rpartition("/")[2]
        if last == name or last.startswith(f"{name} ("):
            return entry
    return None


def _set_name(host: Host, path: str, knob: str) -> list[str]:
    entries = host.choices(path, knob)
    name = nk.literal(nk.decode(host.knob(path, knob)))
    if not entries or not name:
        return []
    entry = entry_of(name, entries)
    if entry is None:
        return [f"{path}: the colour config has no {name}. Choose {knob} by hand."]
    if entry != name:
        host.set_text(path, knob, entry)
    return []


def _with_insides(host: Host, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield path
        if host.class_of(path) == "Group":
            yield from _with_insides(host, host.nodes(path))
