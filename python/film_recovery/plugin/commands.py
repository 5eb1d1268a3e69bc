"""What the entries of the menus do, on a Host. ``run`` is what NukeX calls; every error becomes a message."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from film_recovery import graph, nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.host.base import Host
from film_recovery.plugin import building, colour_names, copycat, start, updating
from film_recovery.plugin.guard import telling
from film_recovery.plugin.inputs import Pictures, pictures
from film_recovery.plugin.menus import BLOCKS, PANEL, PANEL_ID, STATEFUL, TITLE
from film_recovery.plugin.places import place_of

_BELOW = 100  # DAG units from what is selected to what is dropped


def run(name: str, *arguments: str) -> None:
    """Does the entry ``name`` in NukeX."""
    from film_recovery.host.nuke import NukeHost

    run_on(NukeHost(), name, *arguments)


def run_on(host: Host, name: str, *arguments: str) -> None:
    """Does the entry ``name`` on ``host``; tells what went wrong, and leaves the script as it was."""
    with telling(host, " ".join(("Film Recovery:", name.replace("_", " "), *arguments)).strip()):
        COMMANDS[name](host, *arguments)


def drop(host: Host, block: str) -> str:
    """Puts ``block`` into the script as a Group, fed by what is selected, and gives its path."""
    _check(block)
    with host.undo(f"Film Recovery: {block}"):
        feeds = _feeds(host)
        place = _place_below(host, feeds)
        (path,) = host.insert(graph.group(block, f"{block}1", {}, {}, place))
        fed = _feed(host, path, block, feeds)
        problems = colour_names.set_names(host, (path,))
    host.show(path)
    _tell(host, path, fed, problems)
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
        fed = _feed(host, path, block, feeds)
    host.show(path)
    _tell(host, path, fed)
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


def open_panel(host: Host) -> None:
    """Opens the panel in a pane of Nuke."""
    host.dock(PANEL, TITLE, PANEL_ID)


def self_test(host: Host) -> None:
    """Runs the plugin's test of itself; the entry is there when its module is."""
    from importlib import import_module

    import_module("film_recovery.plugin.self_test").run(host)


def show_help(host: Host) -> None:
    """Opens the operator's page that came with the plugin; nothing is asked of a network."""
    page = Path(start.folder(), "docs", "index.html")
    if not page.is_file():
        raise FilmRecoveryError("The help is missing.", remedy="install Film Recovery again", file=str(page))
    if not (host.about().gui and webbrowser.open(page.as_uri())):
        host.message(f"The help of Film Recovery: open {page.as_posix()}")


COMMANDS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "drop": drop,
        "drop_gizmo": drop_gizmo,
        "plain_copycat": copycat.drop_plain,
        "build": build,
        "open_panel": open_panel,
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
    places = [place_of(host, path) for path in feeds]
    if not places:
        return 0, 0
    return sum(x for x, _ in places) // len(places), max(y for _, y in places) + _BELOW


def _feed(host: Host, path: str, block: str, feeds: tuple[str, ...]) -> Pictures:
    """Connects what is selected with the block's inputs, by their names: their order differs from block to block."""
    inside = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].nodes
    inputs = {int(node.text("number", "0")): node.name for node in inside if node.class_name == "Input"}
    names = [inputs[number] for number in sorted(inputs)]
    found = pictures(host, names, feeds)
    for name, feed in found.paths.items():
        host.connect(path, names.index(name), feed)
    return found


def _tell(host: Host, path: str, fed: Pictures, problems: tuple[str, ...] = ()) -> None:
    """Says which of several pictures went where, and what else there is to say."""
    several = len(fed.paths) + len(fed.left_out) > 1
    lines = ([f"{path}: {fed.told()}"] if several else []) + list(problems)
    if lines:
        host.message("\n".join(lines))
