"""The menus as data, and how they are put into NukeX. What an entry does is in ``commands``, imported when chosen.

Runs at every start with a screen, so it imports nothing of ours. An entry's command is text that NukeX keeps; it
copes with a plugin that is gone by then. *Self-test* appears with its module, *Help* with the pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TITLE = "Film Recovery"
ICON = "FilmRecovery.png"
STATEFUL = ("FR_PairStack", "FR_Align", "FR_CopyCat", "FR_MatchGradeBaseline")  # Groups only
BLOCKS = (  # in the order of the work
    "FR_Parity",
    "FR_FadeBalance",
    "FR_PairStack",
    "FR_Align",
    "FR_GroundTruth",
    "FR_TrainPrep",
    "FR_CopyCat",
    "FR_Inference",
    "FR_IdentityCheck",
    "FR_ArchivalWrite",
    "FR_Compare",
    "FR_Merge",
    "FR_MatchGradeBaseline",
)
# What Nuke evaluates when the panel is opened or a workspace restored; it names nothing that has to be imported before.
PANEL = "__import__('film_recovery.panel.widgets.docked', fromlist=['Docked']).Docked"
PANEL_ID = "org.film-recovery.panel"
GRAPHS = (
    ("Spatial: gauge", "spatial-gauge"),
    ("Spatial: generation", "spatial-generation"),
    ("Spatial: telecine, two steps", "spatial-telecine"),
    ("Colour: from a reference", "colour-reference"),
    ("Colour: constructed reference", "colour-constructed"),
    ("Combined", "combined"),
    ("Spatial: several shots", "multi-shot"),
)


@dataclass(frozen=True)
class Command:
    """An entry. ``name`` and ``arguments``: a function of ``commands`` and what it is called with, plain text."""

    label: str
    name: str
    arguments: tuple[str, ...] = ()
    icon: str = ""

    @property
    def script(self) -> str:
        """What NukeX runs when the entry is chosen."""
        words = "".join(f", {argument!r}" for argument in self.arguments)
        return (
            "try:\n"
            "    from film_recovery.plugin import commands\n"
            "except ImportError:\n"
            "    import nuke\n"
            "    nuke.message('Film Recovery is not installed here any more. Start Nuke again.')\n"
            "else:\n"
            f"    commands.run({self.name!r}{words})"
        )


@dataclass(frozen=True)
class Submenu:
    """A menu in a menu; None among its entries is a line."""

    label: str
    entries: tuple[Command | Submenu | None, ...]
    icon: str = ""


def menu_bar() -> Submenu:
    """*Film Recovery* in the menu bar."""
    return Submenu(
        TITLE,
        (
            blocks(),
            Submenu(
                "Build",
                (
                    Command("Graph of the project", "build", ("",)),
                    None,
                    *(Command(label, "build", (template,)) for label, template in GRAPHS),
                ),
            ),
            Command("Panel", "open_panel"),
            Command("Update FR groups in script", "update"),
            *([Command("Self-test", "self_test")] if _has("self_test.py") else []),
            Command("Help", "show_help"),
        ),
        ICON,
    )


def toolbar() -> Submenu:
    """The same blocks in the node toolbar, under the plugin's own icon."""
    return Submenu(TITLE, blocks().entries, ICON)


def blocks() -> Submenu:
    """Every block as a Group; those without state also as gizmos; and CopyCat as it is, with a tab of ours."""
    groups = tuple(Command(block, "drop", (block,), f"{block}.png") for block in BLOCKS)
    gizmos = tuple(
        Command(block, "drop_gizmo", (block,), f"{block}.png") for block in BLOCKS if block not in STATEFUL
    )
    plain = Command("CopyCat with a Film Recovery tab", "plain_copycat")
    return Submenu("Blocks", (*groups, None, plain, Submenu("As gizmo", gizmos)))


def install_menus(bar: Any, nodes: Any) -> None:
    """Puts both menus in place. ``bar``, ``nodes``: ``nuke.menu("Nuke")`` and ``nuke.menu("Nodes")``."""
    _install(bar, menu_bar())
    _install(nodes, toolbar())


def install_panel(panels: Any) -> None:
    """Makes the panel known to panes and workspaces; opened by neither. ``panels``: ``nukescripts.panels``."""
    panels.registerWidgetAsPanel(PANEL, TITLE, PANEL_ID)


def commands_of(menu: Submenu) -> Iterator[Command]:
    """Every entry of ``menu``, at any depth."""
    for entry in menu.entries:
        if isinstance(entry, Submenu):
            yield from commands_of(entry)
        elif entry is not None:
            yield entry


def _install(parent: Any, menu: Submenu) -> None:
    own = parent.addMenu(menu.label, icon=menu.icon) if menu.icon else parent.addMenu(menu.label)
    for entry in menu.entries:
        if entry is None:
            own.addSeparator()
        elif isinstance(entry, Submenu):
            _install(own, entry)
        elif entry.icon:
            own.addCommand(entry.label, entry.script, icon=entry.icon)
        else:
            own.addCommand(entry.label, entry.script)


def _has(module: str) -> bool:
    return os.path.isfile(os.path.join(os.path.dirname(os.path.abspath(__file__)), module))
