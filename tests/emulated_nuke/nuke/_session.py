"""What one session of the emulated Nuke holds, and what it noted for the tests. ``reset`` begins a new one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Session:
    """The one session of this process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, **environment: Any) -> None:
        """A fresh session: ``gui``, ``nc``, ``indie``, ``nukex``, ``version`` (major, minor, release)."""
        version = environment.pop("version", (15, 1, 3))
        known = {"gui": True, "nc": False, "indie": False, "nukex": True, "interactive": True}
        unknown = set(environment) - set(known)
        if unknown:
            raise TypeError(f"the emulation has no setting {', '.join(sorted(unknown))}")
        self.version: tuple[int, int, int] = version
        self.environment = {
            **known,
            **environment,
            "NukeVersionMajor": version[0],
            "NukeVersionMinor": version[1],
            "NukeVersionRelease": version[2],
            "NukeVersionString": "{}.{}v{}".format(*version),
        }
        self.root: Any = None
        self.group: list[Any] = []
        self.frame = 1.0
        self.plugin_path: list[str] = []
        self.defaults: dict[tuple[str, str], str] = {}
        self.callbacks: dict[
            str, list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str, Any]]
        ] = {}
        self.this: list[tuple[Any, Any]] = []
        self.menus: dict[str, Any] = {}
        # What tests look at.
        self.messages: list[str] = []
        self.questions: list[str] = []
        self.answer = True
        self.printed: list[str] = []
        self.tcl: list[str] = []  # every attempt to evaluate Tcl or an expression; none is ever run
        self.executed: list[tuple[str, int, int]] = []
        self.pressed: list[str] = []  # buttons of Nuke's own, whose script is Nuke's
        self.pixels: Callable[[Any, str, float, float], float] | None = None  # what nuke.sample is to give
        self.shown: list[str] = []
        self.viewed: list[tuple[int, str]] = []
        self.panels: dict[str, tuple[str, str]] = {}  # by the id that workspaces keep
        self.locks_saved = bool(environment.get("nc"))  # Non-Commercial saves what nobody else can read
        self.locks_copied = False
        self.listed: int | None = None  # how many nodes of a group Python is shown; None: all
        self.undone: list[Any] = []
        self.redoable: list[Any] = []
        self.undo_open: list[Any] = []

    def restored(self, id: str) -> Any:
        """What a workspace makes of the pane that it keeps as ``id``: the registered text, evaluated anew. A session in
        which nobody registered it has none."""
        return eval(self.panels[id][0], {})()

    def called_back(self, kind: str, node: Any, knob: Any = None) -> None:
        for call, args, kwargs, node_class, only in list(self.callbacks.get(kind, ())):
            of_class = node is None or node_class in ("*", node.Class())
            if of_class and (only is None or only is node):
                with self.on(node, knob):
                    call(*args, **kwargs)

    def knob_changed(self, node: Any, knob: Any) -> None:
        if node is not None and node._parent is not None:
            self.called_back("knobChanged", node, knob)

    @contextmanager
    def on(self, node: Any, knob: Any = None) -> Iterator[None]:
        """Within it, ``nuke.thisNode`` and ``thisKnob`` are these."""
        self.this.append((node, knob))
        try:
            yield
        finally:
            self.this.pop()

    def run(self, code: str, node: Any = None, knob: Any = None) -> None:
        """Runs the Python of a button or a menu, as Nuke does in its main module."""
        main = {
            "__name__": "__main__",
            "nuke": sys.modules["nuke"],
            "nukescripts": sys.modules.get("nukescripts"),
        }
        with self.on(node, knob):
            exec(compile(code, "<button>", "exec"), main)


SESSION = Session()
