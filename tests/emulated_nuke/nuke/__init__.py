"""A strict emulation of Nuke's Python module, for tests: what is not here does not exist.

It makes, connects, saves and reloads nodes on real .nk text, with classes and knobs from tests/nuke_facts. Whatever
it does not know it refuses: an attribute, a class, a knob, a value, an argument, a menu. It never runs Tcl and never
evaluates an expression; what asked for that is in ``emulation.tcl``. ``emulation`` is the session, for tests only.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import _scripts
from ._knobs import (
    INVISIBLE,
    STARTLINE,
    Array_Knob,
    Boolean_Knob,
    Double_Knob,
    Enumeration_Knob,
    EvalString_Knob,
    File_Knob,
    Int_Knob,
    Knob,
    Link_Knob,
    Multiline_Eval_String_Knob,
    PyScript_Knob,
    Script_Knob,
    String_Knob,
    Tab_Knob,
    Text_Knob,
)
from ._menus import Menu, MenuItem, menu
from ._nodes import Gizmo, Group, Node, Root, make_root
from ._session import SESSION as emulation
from ._undo import Undo

__all__ = [
    "INVISIBLE",
    "STARTLINE",
    "Array_Knob",
    "Boolean_Knob",
    "Dock",
    "Double_Knob",
    "Enumeration_Knob",
    "EvalString_Knob",
    "File_Knob",
    "Gizmo",
    "Group",
    "Int_Knob",
    "Knob",
    "Link_Knob",
    "Menu",
    "MenuItem",
    "Multiline_Eval_String_Knob",
    "Node",
    "PyScript_Knob",
    "Root",
    "Script_Knob",
    "String_Knob",
    "Tab_Knob",
    "Text_Knob",
    "Undo",
    "emulation",
    "menu",
]


class _Environment:
    def __getitem__(self, key: str) -> Any:
        return emulation.environment[key]

    def __contains__(self, key: object) -> bool:
        return key in emulation.environment

    def get(self, key: str, default: Any = None) -> Any:
        return emulation.environment.get(key, default)

    def keys(self) -> list[str]:
        return list(emulation.environment)


env = _Environment()


def __getattr__(name: str) -> Any:
    constants = {
        "NUKE_VERSION_MAJOR": emulation.version[0],
        "NUKE_VERSION_MINOR": emulation.version[1],
        "NUKE_VERSION_RELEASE": emulation.version[2],
        "NUKE_VERSION_STRING": emulation.environment["NukeVersionString"],
        "GUI": emulation.environment["gui"],
    }
    if name in constants:
        return constants[name]
    raise AttributeError(f"the emulated nuke has no {name!r}")


# Nodes


def root() -> Root:
    if emulation.root is None:
        emulation.root = make_root()
    return emulation.root


def thisGroup() -> Group:
    return emulation.group[-1] if emulation.group else root()


def thisNode() -> Node:
    if not emulation.this or emulation.this[-1][0] is None:
        raise ValueError("there is no node in this context")
    return emulation.this[-1][0]


def thisKnob() -> Knob:
    if not emulation.this or emulation.this[-1][1] is None:
        raise ValueError("there is no knob in this context")
    return emulation.this[-1][1]


def toNode(s: str) -> Node | None:
    if not isinstance(s, str):
        raise TypeError("a node is found by its name")
    return root() if s == "root" else thisGroup()._below(s)


def allNodes(
    filter: str | None = None, group: Group | None = None, recurseGroups: bool = False
) -> list[Node]:
    found = []
    for node in (group or thisGroup()).nodes():
        found += [node] if filter is None or node.Class() == filter else []
        if recurseGroups and isinstance(node, Group):
            found += allNodes(filter, node, True)
    return found


def selectedNodes(filter: str | None = None) -> list[Node]:
    return [node for node in thisGroup().selectedNodes() if filter is None or node.Class() == filter]


def selectedNode() -> Node:
    chosen = selectedNodes()
    if not chosen:
        raise ValueError("no node selected")
    return chosen[-1]


def createNode(typ: str, knobs: str = "", inpanel: bool = True) -> Node:
    """Makes a node after the selected one, whose outputs it takes over, and selects it."""
    group = thisGroup()
    chosen = group.selectedNodes()
    node = _scripts.create(group, typ)
    if knobs:
        block = _scripts.nk.parse(f"NoOp {{\n{knobs}\n}}\n").nodes[0]
        for name, knob in block.knobs.items():
            node[name].fromScript(knob.text)
    if chosen and node._input_limit():
        after = [
            (one, index)
            for one in group.nodes()
            for index in range(one.inputs())
            if one is not node and one.input(index) is chosen[-1]
        ]
        for index, source in enumerate(reversed(chosen[-node._input_limit() :])):
            node.setInput(index, source)
        for one, index in after if len(chosen) == 1 else []:
            one.setInput(index, node)
    _select_only([node])
    emulation.called_back("onUserCreate", node)
    emulation.called_back("onCreate", node)
    if inpanel and emulation.environment["gui"]:
        emulation.shown.append(node.fullName())
    return node


class _Nodes:
    """``nuke.nodes.Grade(name=…, inputs=[…])``: a node that is connected to nothing else."""

    def __getattr__(self, class_name: str) -> Callable[..., Node]:
        def make(inputs: list[Node | None] | None = None, **knobs: Any) -> Node:
            name = knobs.pop("name", None)
            node = _scripts.create(thisGroup(), class_name)
            for knob, value in knobs.items():
                node[knob].setValue(value)
            if name is not None:
                node.setName(name)
            for index, source in enumerate(inputs or ()):
                node.setInput(index, source)
            emulation.called_back("onCreate", node)
            return node

        return make


nodes = _Nodes()


def delete(n: Node) -> None:
    """Takes the node out; what it fed stays unconnected, so that nothing leans on what is not known."""
    n._check_alive()
    if n._parent is None:
        raise ValueError("the root cannot be deleted")
    emulation.called_back("onDestroy", n)
    for one in n._parent._children:
        for index in range(one.inputs() - 1, -1, -1):
            if one.input(index) is n:
                one.setInput(index, None)
    n._parent._children.remove(n)
    n._gone = True


def _select_only(chosen: list[Node]) -> None:
    for one in thisGroup().nodes():
        one.setSelected(one in chosen)


# Scripts


def nodeCopy(s: str) -> None:
    text = f"set cut_paste_input [stack 0]\n{_scripts.head()}"
    chosen = selectedNodes()
    if not chosen:
        raise RuntimeError("nothing is selected to copy")
    _scripts.write(s, text + _scripts.text_of(chosen), locked=emulation.locks_copied)


def nodePaste(s: str) -> Node | None:
    group = thisGroup()
    chosen = group.selectedNodes()
    made = _scripts.load(group, _scripts.read(s), chosen[-1] if chosen else None)
    _select_only(made)
    return made[-1] if made else None


def loadToolset(filename: str) -> Node | None:
    return nodePaste(filename)


def scriptSave(filename: str | None = None) -> bool:
    """With a name, a copy is written there and the script keeps its own name."""
    path = filename or root()["name"].value()
    if not path:
        raise RuntimeError("the script has no name")
    emulation.called_back("onScriptSave", None)
    _scripts.write(path, _scripts.whole(root()), locked=emulation.locks_saved)
    return True


def scriptSaveAs(filename: str | None = None, overwrite: int = -1) -> None:
    if not filename:
        raise RuntimeError("the emulation has no file browser")
    if Path(filename).exists() and overwrite != 1:
        raise RuntimeError(f"{filename} exists")
    root()["name"].setValue(filename.replace("\\", "/"))
    scriptSave()


def scriptOpen(filename: str | None = None) -> None:
    if not filename:
        raise RuntimeError("the emulation has no file browser")
    text = _scripts.read(filename)
    scriptClear()
    _scripts.load(root(), text, root=root())
    root()["name"].setValue(filename.replace("\\", "/"))
    emulation.called_back("onScriptLoad", None)


def scriptClear() -> None:
    if emulation.root is not None:
        for node in _all_below(emulation.root):
            node._gone = True
    emulation.root = None
    emulation.group = []


def scriptName() -> str:
    return root()["name"].value()


def script_directory() -> str:
    return scriptName().rpartition("/")[0]


def _all_below(group: Group) -> list[Node]:
    return allNodes(None, group, True)


# Showing


def message(prompt: str) -> None:
    emulation.messages.append(_text(prompt))


def ask(prompt: str) -> bool:
    emulation.questions.append(_text(prompt))
    return emulation.answer


def tprint(value: str, *more: Any) -> None:
    emulation.printed.append(" ".join(map(str, (value, *more))))


def frame(f: int | None = None) -> int:
    if f is not None:
        emulation.frame = float(f)
    return int(emulation.frame)


def show(n: Node, forceFloat: bool = False) -> None:
    n.showControlPanel(forceFloat)


def showDag(n: Node) -> None:
    if not isinstance(n, Group):
        raise TypeError("only a group has a node graph")
    emulation.shown.append(n.fullName())


class Dock:
    """A pane."""

    def __init__(self, name: str) -> None:
        self._name = name


def getPaneFor(panelName: str) -> Dock | None:
    """The pane in which the panel of that name is; the emulation's window has the properties only."""
    _need_screen()
    return Dock(panelName) if _text(panelName) == "Properties.1" else None


def zoomToFitSelected() -> None:
    _need_screen()


def connectViewer(inputNum: int, node: Node) -> None:
    _need_screen()
    if not isinstance(node, Node):
        raise TypeError(f"{node!r} is no node")
    emulation.viewed.append((int(inputNum), node.fullName()))


def _need_screen() -> None:
    if not emulation.environment["gui"]:
        raise RuntimeError("there is no screen")


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is wanted, not {value!r}")
    return value


# Running


class FrameRanges:
    def __init__(self, frames: list[int]) -> None:
        self._frames = list(frames)


def execute(
    nameOrNode: Node | str,
    start: int | FrameRanges,
    end: int | None = None,
    incr: int = 1,
    views: list[str] | None = None,
    continueOnError: bool = False,
) -> None:
    """Notes that a node was to be executed."""
    node = toNode(nameOrNode) if isinstance(nameOrNode, str) else nameOrNode
    if node is None:
        raise RuntimeError(f"there is no node {nameOrNode}")
    frames = start._frames if isinstance(start, FrameRanges) else [start, start if end is None else end]
    emulation.executed.append((node.fullName(), frames[0], frames[-1]))


def sample(node: Node, channel: str, x: float, y: float, dx: float = 1, dy: float = 1) -> float:
    """A pixel as the test gives it; the emulation renders nothing."""
    if not isinstance(node, Node):
        raise TypeError(f"{node!r} is no node")
    if emulation.pixels is None:
        raise RuntimeError("the emulation has no pixels; a test gives them in emulation.pixels")
    return float(emulation.pixels(node, _text(channel), float(x), float(y)))


def executeInMainThread(
    call: Callable[..., Any], args: Any = (), kwargs: dict[str, Any] | None = None
) -> None:
    executeInMainThreadWithResult(call, args, kwargs)


def executeInMainThreadWithResult(
    call: Callable[..., Any], args: Any = (), kwargs: dict[str, Any] | None = None
) -> Any:
    """There is no event loop here: what is asked from a thread runs on it, one at a time. From the main thread
    Nuke would wait for itself."""
    if threading.current_thread() is threading.main_thread():
        raise RuntimeError("called from the main thread, this would wait for itself")
    with _MAIN:
        return call(*(args if isinstance(args, (tuple, list)) else (args,)), **(kwargs or {}))


_MAIN = threading.RLock()


# Start-up and callbacks


def pluginAddPath(args: str, addToSysPath: bool = True) -> None:
    _add_path(args, addToSysPath, 0, sys._getframe(1))


def pluginAppendPath(args: str, addToSysPath: bool = True) -> None:
    _add_path(args, addToSysPath, len(emulation.plugin_path), sys._getframe(1))


def pluginPath() -> list[str]:
    return list(emulation.plugin_path)


def _add_path(path: str, to_python: bool, at: int, caller: Any) -> None:
    folder = Path(_text(path))
    if not folder.is_absolute():
        folder = Path(caller.f_globals.get("__file__", ".")).parent / folder
    folder = folder.resolve()
    if str(folder) in emulation.plugin_path:
        return
    emulation.plugin_path.insert(at, str(folder))
    if to_python:
        sys.path.insert(0, str(folder))
    init = folder / "init.py"
    if init.is_file():
        _run_file(init)


def _run_file(file: Path) -> None:
    code = compile(file.read_text(encoding="utf-8"), str(file), "exec")
    exec(code, {"__name__": "__main__", "__file__": str(file)})


def _start(*folders: str | Path) -> None:
    """What Nuke does with the folders of its plugin path: every init.py, then, with a screen, every menu.py."""
    for folder in folders:
        _add_path(str(Path(folder).resolve()), True, 0, sys._getframe(1))
    if emulation.environment["gui"]:
        for folder in reversed(emulation.plugin_path):
            menu_file = Path(folder, "menu.py")
            if menu_file.is_file():
                _run_file(menu_file)


def knobDefault(classknob: str, value: str | None = None) -> str | None:
    class_name, _, knob = classknob.partition(".")
    fact = _scripts.make(class_name).knob(knob)
    if fact is None:
        raise ValueError(f"{class_name} has no knob {knob}")
    if value is not None:
        emulation.defaults[(class_name, knob)] = value
    return emulation.defaults.get((class_name, knob))


def _adder(kind: str) -> Callable[..., None]:
    def add(
        call: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        nodeClass: str = "*",
        node: Node | None = None,
    ) -> None:
        if not callable(call):
            raise TypeError("a callback is something that can be called")
        if node is not None and kind != "knobChanged":
            raise TypeError(f"{kind} takes no node")
        emulation.callbacks.setdefault(kind, []).append(
            (call, tuple(args), dict(kwargs or {}), nodeClass, node)
        )

    return add


addOnCreate = _adder("onCreate")
addOnUserCreate = _adder("onUserCreate")
addOnDestroy = _adder("onDestroy")
addOnScriptLoad = _adder("onScriptLoad")
addOnScriptSave = _adder("onScriptSave")
addOnScriptClose = _adder("onScriptClose")
addKnobChanged = _adder("knobChanged")
addBeforeRender = _adder("beforeRender")

emulation.start = _start  # type: ignore[attr-defined]
