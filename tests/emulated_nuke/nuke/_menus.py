"""Menus: real objects, whose commands a test can invoke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._session import SESSION

NAMES = ("Nuke", "Nodes", "Viewer", "Node Graph", "Properties", "Animation", "Axis")


class MenuItem:
    def __init__(self, name: str, command: str | Callable[[], Any] | None, shortcut: str, icon: str) -> None:
        self._name, self._command, self._shortcut, self._icon = name, command, shortcut, icon
        self._enabled = True

    def name(self) -> str:
        return self._name

    def script(self) -> str:
        return self._command if isinstance(self._command, str) else ""

    def shortcut(self) -> str:
        return self._shortcut

    def icon(self) -> str:
        return self._icon

    def setEnabled(self, enabled: bool, recursive: bool = False) -> None:
        self._enabled = bool(enabled)

    def invoke(self) -> None:
        if not self._enabled:
            raise RuntimeError(f"the menu entry {self._name} is disabled")
        if callable(self._command):
            self._command()
        elif self._command:
            SESSION.run(self._command)


class Menu(MenuItem):
    def __init__(self, name: str, icon: str = "") -> None:
        super().__init__(name, None, "", icon)
        self._items: list[MenuItem] = []

    def items(self) -> list[MenuItem]:
        return list(self._items)

    def menu(self, name: str) -> Menu | None:
        found = self.findItem(name)
        return found if isinstance(found, Menu) else None

    def findItem(self, name: str) -> MenuItem | None:
        first, _, rest = name.partition("/")
        found = next((one for one in self._items if one._name == first), None)
        if not rest or found is None:
            return found
        return found.findItem(rest) if isinstance(found, Menu) else None

    def addMenu(self, name: str, icon: str = "", tooltip: str = "", index: int = -1) -> Menu:
        holder, last = self._holder(name)
        found = next((one for one in holder._items if one._name == last), None)
        if isinstance(found, Menu):
            return found
        menu = Menu(last, icon)
        holder._insert(menu, index)
        return menu

    def addCommand(
        self,
        name: str,
        command: str | Callable[[], Any] | None = None,
        shortcut: str = "",
        icon: str = "",
        tooltip: str = "",
        index: int = -1,
        readonly: bool = False,
    ) -> MenuItem:
        if command is not None and not isinstance(command, str) and not callable(command):
            raise TypeError("a command is Python text or something that can be called")
        holder, last = self._holder(name)
        item = MenuItem(last, command, shortcut, icon)
        same = [at for at, one in enumerate(holder._items) if one._name == last and not isinstance(one, Menu)]
        if same:
            holder._items[same[0]] = item
        else:
            holder._insert(item, index)
        return item

    def addSeparator(self, index: int = -1) -> MenuItem:
        item = MenuItem("", None, "", "")
        self._insert(item, index)
        return item

    def removeItem(self, name: str) -> None:
        self._items = [one for one in self._items if one._name != name]

    def clearMenu(self) -> None:
        self._items = []

    def _insert(self, item: MenuItem, index: int) -> None:
        self._items.insert(len(self._items) if index < 0 else index, item)

    def _holder(self, name: str) -> tuple[Menu, str]:
        holder = self
        *folders, last = name.split("/")
        for folder in folders:
            holder = holder.addMenu(folder)
        if not last:
            raise ValueError("a menu entry has a name")
        return holder, last


def menu(name: str) -> Menu:
    """One of Nuke's own menus. Without a screen there are none."""
    if not SESSION.environment["gui"]:
        raise RuntimeError("there are no menus without a screen")
    if name not in NAMES:
        raise RuntimeError(f"there is no menu {name!r}")
    return SESSION.menus.setdefault(name, Menu(name))
