"""What the entries of the menus do, on a Host. ``run`` is what NukeX calls; every error becomes a message."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.host.base import Host
from film_recovery.plugin import building, colour_names, start, updating
from film_recovery.plugin.menus import BLOCKS, STATEFUL

_BELOW = 100  # DAG units from what is selected to what is dropped


def run(name: str, *arguments: str) -> None:
    """Does the entry ``name`` in NukeX."""
    from film_recovery.host.nuke import NukeHost

    run_on(NukeHost(), name, *arguments)


def run_on(host: Host, name: str, *arguments: str) -> None:
    """Does the entry ``name`` on ``host``; tells what went wrong, and leaves the script as it was."""
    try:
        COMMANDS[name](host, *arguments)
    except FilmRecoveryError as error:
        host.message(str(error))


def drop(host: Host, block: str) -> str:
    """Puts ``block`` into the script as a Group, fed by what is selected, and gives its path."""
    _check(block)
    with host.undo(f"Film Recovery: {block}"):
        feeds = _feeds(host)
        place = _place_below(host, feeds)
        (path,) = host.insert(graph.group(block, f"{block}1", {}, {}, place))
        _feed(host, path, block, feeds)
        problems = colour_names.set_names(host, (path,))
    host.show(path)
    if problems:
        host.message("\n".join(problems))
    return path


def drop_gizmo(host: Host, block: str) -> str:
    """Puts ``block`` into the script as a gizmo, whose inside is not saved with the script, and gives its path."""
    _check(block)
    if block in STATEFUL:
        raise UsageError(f"{block} holds what is not saved in a gizmo.", remedy="use it as a Group")
    with host.undo(f"Film Recovery: {block}"):
        feeds = _feeds(host)
        x, y = _place_below(host, feeds)
        path = host.create(block, f"{block}1", knobs={"xpos": str(x), "ypos": str(y)})
        _feed(host, path, block, feeds)
    host.show(path)
    return path


def build(host: Host, template: str) -> None:
    """Inserts or updates a recovery graph; says what was done. ``template`` empty: that of the script's project."""
    with host.undo("Film Recovery: build"):
        built = building.build(host, template)
        problems = colour_names.set_names(host, built.new)
    host.message("\n".join((built.told(), *problems)))


def update(host: Host) -> None:
    """Brings the blocks of the script to the shipped version; says what was done."""
    host.message(updating.told(updating.update(host)))


def self_test(host: Host) -> None:
    """Runs the plugin's test of itself; the entry is there when its module is."""
    from importlib import import_module

    import_module("film_recovery.plugin.self_test").run(host)


def show_help(host: Host) -> None:
    """Opens the pages that came with the plugin; nothing is asked of a network."""
    pages = Path(start.folder(), "docs")
    found = next((page for page in (pages / "index.html", pages / "design.md") if page.is_file()), None)
    if found is None:
        raise FilmRecoveryError(
            "The pages are missing.", remedy="install Film Recovery again", file=str(pages)
        )
    if not (host.about().gui and webbrowser.open(found.as_uri())):
        host.message(f"The pages of Film Recovery are in {pages.as_posix()}")


COMMANDS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "drop": drop,
        "drop_gizmo": drop_gizmo,
        "build": build,
        "update": update,
        "self_test": self_test,
        "show_help": show_help,
    }
)


def _check(block: str) -> None:
    if block not in BLOCKS:
        raise UsageError(f"There is no block {block}.", remedy=f"choose one of {', '.join(BLOCKS)}")


def _feeds(host: Host) -> tuple[str, ...]:
    """What is selected and gives a picture."""
    without = ("BackdropNode", "StickyNote", "Viewer")
    return tuple(path for path in host.selected() if host.class_of(path) not in without)


def _place_below(host: Host, feeds: tuple[str, ...]) -> tuple[int, int]:
    places = [building.place_of(host, path) for path in feeds]
    if not places:
        return 0, 0
    return sum(x for x, _ in places) // len(places), max(y for _, y in places) + _BELOW


def _feed(host: Host, path: str, block: str, feeds: tuple[str, ...]) -> None:
    """Connects the first inputs, in the order of the selection."""
    inside = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].nodes
    inputs = sum(node.class_name == "Input" for node in inside)
    for index, feed in enumerate(feeds[:inputs]):
        host.connect(path, index, feed)
