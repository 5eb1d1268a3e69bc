"""The contract of a host: what the plugin may ask of whoever holds the node graph.

Two hosts keep it: :class:`~film_recovery.host.nuke.NukeHost` (a running NukeX) and
:class:`~film_recovery.host.script.ScriptHost` (a ``.nk`` file, no Nuke). What works on a ``Host`` therefore works,
and is tested, without Nuke; one contract test runs over both.

Nodes are named by their full path (``Grade1``, ``FR_PairStack1.FrameHold_2``); ``""`` as ``inside`` is the top of
the script. A knob's value is one **word** of a script, as it would be saved (``nk.quote``, ``nk.numbers``,
``nk.boolean``, ``nk.curve`` make words). Words may be *live*: only :meth:`Host.set_text` takes text from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

Result = TypeVar("Result")

PROJECT_KNOB = "fr_project"
PROJECT_LABEL = "Film Recovery project"
ID_KNOB = "fr_id"

FULL, INDIE, NON_COMMERCIAL = "full", "indie", "nc"


@dataclass(frozen=True)
class About:
    """Which Nuke this is. ``version`` is (major, minor), (0, 0) where unknown; ``release`` is as printed.

    ``product``: "NukeX", "Nuke", … or "script" where no Nuke runs. ``licence``: "full", "indie" or "nc"
    (Non-Commercial, whose saved scripts may be unreadable). ``gui``: whether there is a screen to ask on.
    """

    version: tuple[int, int]
    release: str
    product: str
    licence: str
    gui: bool


class HostError(FilmRecoveryError):
    """The host cannot do what was asked; names the node and the knob."""


class NoSuchNode(HostError):
    """There is no node at that path."""

    def __init__(self, path: str, remedy: str = "Check the name in the node graph.", **where: Any) -> None:
        super().__init__(f"There is no node {path!r}.", remedy=remedy, node=path or None, **where)


class NoSuchKnob(HostError):
    """The node has no such knob."""

    def __init__(self, path: str, knob: str, class_name: str) -> None:
        super().__init__(
            f"{path} has no knob {knob!r}.",
            remedy="Update the node: Film Recovery > Update FR groups in script.",
            node=path,
            class_name=class_name,
            knob=knob,
        )


class Host(Protocol):
    """A node graph and whoever shows it."""

    # The whole

    def about(self) -> About:
        """Version, product and licence."""

    def script_text(self) -> str:
        """The script's text as it is now, saved or not. Raises :class:`HostError` if it cannot be had."""

    def script_file(self) -> str:
        """Where the script was last saved, forward slashes; ``""`` if never."""

    def project(self) -> str:
        """The folder of the Film Recovery project that this script belongs to; ``""`` if none was set."""

    def set_project(self, folder: str) -> None:
        """Keeps ``folder`` in the script, in an invisible knob of the root."""

    # Reading

    def nodes(self, inside: str = "") -> tuple[str, ...]:
        """Paths of the nodes directly in the group ``inside``, or at the top; in no particular order."""

    def class_of(self, path: str) -> str:
        """The class of the node (``Grade``, ``Group``, ``FR_Inference``)."""

    def has_knob(self, path: str, knob: str) -> bool:
        """Whether the node has the knob. Without Nuke the built-in knobs of a class are not known: there only
        user knobs, knobs that the script sets, and those that every node has. An instance of a gizmo keeps
        its knobs in the gizmo's file."""

    def knob(self, path: str, knob: str) -> str:
        """The knob's word; that of its target for a link. Raises :class:`NoSuchKnob`. Without Nuke, ``""`` for a
        knob that is left at a default which the script does not tell."""

    def choices(self, path: str, knob: str) -> tuple[str, ...]:
        """The entries of a menu knob, as they are saved; none for another knob, or where no Nuke runs."""

    def text(self, path: str, knob: str) -> str:
        """What a string knob says: the inverse of :meth:`set_text`. Raises :class:`HostError` for live Tcl."""

    def find(self, fr_id: str, inside: str = "") -> tuple[str, ...]:
        """Paths of all nodes, at any depth below ``inside``, whose ``fr_id`` knob is exactly ``fr_id``; sorted.
        Instances of a gizmo are left out: their ``fr_id`` is the gizmo's, and a script does not hold it."""

    def inputs(self, path: str) -> tuple[str | None, ...]:
        """What feeds each input, main inputs first, then masks; None where nothing does. Only as many as are
        needed to reach the last connected one."""

    def sample(self, path: str, channel: str, x: float, y: float) -> float:
        """The value of ``channel`` (``rgba.red``) in the pixel that (x, y) lies in, at the current frame; a pixel's
        middle is at a half, y runs up. Raises :class:`HostError` where no Nuke runs: a file has no pixels."""

    # Changing

    def set_knob(self, path: str, knob: str, word: str) -> None:
        """Sets the knob to ``word``; through a link, its target. Raises :class:`NoSuchKnob` where the knob is
        known not to exist, :class:`FilmRecoveryError` if ``word`` is not one word."""

    def set_text(self, path: str, knob: str, value: str) -> None:
        """Sets a string or file knob so that it shows exactly ``value``; nothing in it can ever run."""

    def insert(self, text: str, inside: str = "") -> tuple[str, ...]:
        """Pastes the statements of ``text`` and returns the paths of its top nodes, in its order.

        Nothing outside is connected to them, whatever is selected; connect them afterwards. A name that is
        taken gets the next free number. The new nodes are then the selection. Raises :class:`HostError` for
        text with a Root, which would edit the user's project.
        """

    def create(
        self, class_name: str, name: str, inside: str = "", knobs: Mapping[str, str] | None = None
    ) -> str:
        """Makes one node, connected to nothing, with ``knobs`` (name to word); returns its path. ``name`` gets
        the next free number if it is taken."""

    def delete(self, path: str) -> None:
        """Takes the node out, a group with its inside; what it fed is then fed by its input 0."""

    def connect(self, path: str, index: int, to: str | None) -> None:
        """Feeds input ``index`` from the node ``to``, in the same group, or from nothing. Raises
        :class:`HostError` for a loop or another group's node."""

    # Showing

    def selected(self) -> tuple[str, ...]:
        """Paths of the selected nodes at the top of the script, not of those in groups; in no particular order."""

    def select(self, paths: Sequence[str]) -> None:
        """Makes ``paths`` the whole selection."""

    def show(self, path: str) -> None:
        """Selects the node and frames it in the node graph."""

    def go_to(self, frame: int) -> None:
        """Makes ``frame`` the current frame."""

    def view(self, path: str) -> None:
        """Shows the node in the viewer."""

    def open_panel(self, path: str) -> None:
        """Opens the node's panel, where there is a screen."""

    def dock(self, widget: str, title: str, id: str) -> None:
        """Opens a panel of ours in a pane. ``widget``: an expression of Python that gives its class; ``id``: by which
        a workspace finds it again. Raises :class:`HostError` where no Nuke with a screen runs."""

    def press(self, path: str, knob: str) -> None:
        """Presses a button of the node. Raises :class:`NoSuchKnob`, and :class:`HostError` where no Nuke runs:
        what a button does is Nuke's."""

    def message(self, text: str) -> None:
        """Tells the operator. Never fails, with or without a screen."""

    def ask(self, text: str) -> bool:
        """Asks the operator a yes-or-no question. Without a screen the answer is no."""

    # Running

    def undo(self, title: str) -> AbstractContextManager[None]:
        """One undo step around a block of changes; an exception takes all of them back and goes on. One within
        another is part of it."""

    def on_main_thread(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Calls ``function`` on the thread that may touch nodes, and gives back what it gives (or raises)."""


def plain_text(word: str, path: str, knob: str, class_name: str) -> str:
    """What a string knob with the saved ``word`` says. Raises :class:`HostError` if it holds live Tcl."""
    value = nk.literal(nk.decode(word))
    if value is None:
        raise HostError(
            f"The knob holds Tcl, which is not run here: {nk.decode(word)[:80]!r}.",
            remedy="Replace it with plain text.",
            node=path,
            class_name=class_name,
            knob=knob,
        )
    return value


def child(inside: str, name: str) -> str:
    """The path of the node ``name`` in the group ``inside``."""
    return f"{inside}.{name}" if inside else name


def parent(path: str) -> str:
    """The path of the group that the node stands in, ``""`` at the top."""
    return path.rpartition(".")[0]
