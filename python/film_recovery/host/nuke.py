"""A running Nuke as a host: the one module that touches ``nuke``. It is imported inside functions only.

Every call is one that the published stubs have, and most are in Foundry's documentation or in public code. What
nobody outside Nuke could confirm is listed in ``docs/nuke-parity.md`` and arranged so that it does no harm: a text
that was set is read back, the wiring of new nodes is made explicit, a removed node is bridged by us.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import (
    FULL,
    ID_KNOB,
    INDIE,
    NON_COMMERCIAL,
    PROJECT_KNOB,
    PROJECT_LABEL,
    About,
    HostError,
    NoSuchKnob,
    NoSuchNode,
    Result,
    child,
    parent,
    plain_text,
)
from film_recovery.host.script import free_name, unique_names

if TYPE_CHECKING:
    import nuke


class NukeHost:
    """Keeps the contract of :class:`~film_recovery.host.base.Host` on the script that is open in Nuke.

    All methods but ``on_main_thread`` belong on Nuke's main thread.
    """

    def __init__(self) -> None:
        self._undoing = False

    # The whole

    def about(self) -> About:
        import nuke

        version = (int(nuke.NUKE_VERSION_MAJOR), int(nuke.NUKE_VERSION_MINOR))
        licence = NON_COMMERCIAL if _is("nc") else INDIE if _is("indie") else FULL
        product = "NukeX" if _is("nukex") else "Nuke"
        return About(version, str(nuke.NUKE_VERSION_STRING), product, licence, gui=_is("gui"))

    def script_text(self) -> str:
        import nuke

        with _temporary_file() as path:
            # With a name it saves a copy: the script keeps its own.
            nuke.scriptSave(path)
            text = _readable(path)
        if text is None and self.about().licence != FULL:
            text = self._copied_text()
        if text is None:
            raise HostError(
                "This Nuke does not save scripts as readable text.",
                remedy="Non-Commercial and Indie scripts may be locked. Build the script from its project instead.",
            )
        return text

    def script_file(self) -> str:
        import nuke

        return str(nuke.root()["name"].value()).replace("\\", "/")

    def project(self) -> str:
        import nuke

        return self.text("root", PROJECT_KNOB) if nuke.root().knob(PROJECT_KNOB) is not None else ""

    def set_project(self, folder: str) -> None:
        import nuke

        if nuke.root().knob(PROJECT_KNOB) is None:
            knob = nuke.String_Knob(PROJECT_KNOB, PROJECT_LABEL)
            nuke.root().addKnob(knob)
            knob.setFlag(nuke.INVISIBLE)
        self.set_text("root", PROJECT_KNOB, folder)

    # Reading

    def nodes(self, inside: str = "") -> tuple[str, ...]:
        return tuple(child(inside, node.name()) for node in _group(inside).nodes())

    def class_of(self, path: str) -> str:
        return _node(path).Class()

    def has_knob(self, path: str, knob: str) -> bool:
        return _node(path).knob(knob) is not None

    def knob(self, path: str, knob: str) -> str:
        return _one_word(_knob(path, knob).toScript())

    def choices(self, path: str, knob: str) -> tuple[str, ...]:
        entries = getattr(_knob(path, knob), "values", None)  # menu knobs only have it
        return () if entries is None else tuple(str(entry) for entry in entries())

    def text(self, path: str, knob: str) -> str:
        return plain_text(self.knob(path, knob), path, knob, self.class_of(path))

    def find(self, fr_id: str, inside: str = "") -> tuple[str, ...]:
        found: list[str] = []
        waiting = [inside]
        while waiting:
            group = waiting.pop()
            for path in self.nodes(group):
                node = _node(path)
                knob = None if _is_instance(node) else node.knob(ID_KNOB)
                if knob is not None and nk.literal(nk.decode(_one_word(knob.toScript()))) == fr_id:
                    found.append(path)
                if _is_group(node):
                    waiting.append(path)
        return tuple(sorted(found))

    def inputs(self, path: str) -> tuple[str | None, ...]:
        node = _node(path)
        found: list[str | None] = []
        for index in range(node.inputs()):
            source = node.input(index)
            found.append(None if source is None else child(parent(path), source.name()))
        while found and found[-1] is None:
            found.pop()
        return tuple(found)

    def sample(self, path: str, channel: str, x: float, y: float) -> float:
        import nuke

        # Without a size it gives the pixel itself, unfiltered. The stubs say whole numbers; a middle is at a half.
        return float(nuke.sample(_node(path), channel, x, y))  # type: ignore[arg-type]

    # Changing

    def set_knob(self, path: str, knob: str, word: str) -> None:
        found = _knob(path, knob)
        value = nk.decode(nk.checked(word))
        if knob == "name":
            # Nuke keeps names apart by itself; so that both hosts agree on which, we choose.
            taken = {name for name in map(_last, self.nodes(parent(path))) if name != _last(path)}
            _node(path).setName(free_name(value, taken))
        else:
            found.fromScript(value)

    def set_text(self, path: str, knob: str, value: str) -> None:
        self.set_knob(path, knob, nk.quote(value))
        if knob != "name" and self.text(path, knob) != value:
            raise HostError(
                f"Nuke kept another text than the one set: {value[:60]!r}.",
                remedy="Run Film Recovery > Self-test and send its report.",
                node=path,
                knob=knob,
            )

    def insert(self, text: str, inside: str = "") -> tuple[str, ...]:
        import nuke

        before = set(self.nodes(inside))
        script = nk.parse("")
        wanted = [
            child(inside, node.name) for node in script.insert(unique_names(text, set(map(_last, before))))
        ]
        if not wanted:
            return ()
        self._clear_selection(inside)
        with _temporary_file() as path, _group(inside):
            nk.save(script, path)
            with _named_failure("paste", inside):
                nuke.nodePaste(path)
        made = [one for one in self.nodes(inside) if one not in before]
        paths = tuple(wanted if set(wanted) <= set(made) else made)
        self.select(paths)
        return paths

    def create(
        self, class_name: str, name: str, inside: str = "", knobs: Mapping[str, str] | None = None
    ) -> str:
        import nuke

        taken = set(map(_last, self.nodes(inside)))
        self._clear_selection(inside)
        with _group(inside), _named_failure(f"make a {class_name}", inside):
            node = nuke.createNode(class_name, inpanel=False)
        path = child(inside, node.name())
        try:
            node.setName(free_name(name, taken))
            path = child(inside, node.name())
            for knob, word in (knobs or {}).items():
                self.set_knob(path, knob, word)
        except Exception:
            nuke.delete(node)
            raise
        self.select((path,))
        return path

    def delete(self, path: str) -> None:
        import nuke

        node = _node(path)
        if path.lower() == "root":
            raise HostError("Root cannot be removed.", remedy="Name another node.", node=path)
        source = node.input(0) if node.inputs() else None
        for other in _group(parent(path)).nodes():
            for index in range(other.inputs()):
                fed_by = other.input(index)
                if fed_by is not None and fed_by.name() == node.name():
                    other.setInput(index, source)
        nuke.delete(node)

    def connect(self, path: str, index: int, to: str | None) -> None:
        node = _node(path)
        if index < 0:
            raise HostError(f"There is no input {index}.", remedy="Inputs count from 0.", node=path)
        source = None if to is None else _node(to)
        if to is not None:
            self._check_connection(path, to)
        node.setInput(index, source)
        if source is not None:
            now = node.input(index)
            if now is None or now.name() != source.name():
                raise HostError(
                    f"Nuke did not connect input {index} to {to}.", remedy="Check its inputs.", node=path
                )

    # Showing

    def selected(self) -> tuple[str, ...]:
        import nuke

        with nuke.root():
            return tuple(node.name() for node in nuke.selectedNodes())

    def select(self, paths: Sequence[str]) -> None:
        chosen = [_node(path) for path in paths]
        for group in {"", *map(parent, paths)}:
            self._clear_selection(group)
        for node in chosen:
            node.setSelected(True)

    def show(self, path: str) -> None:
        import nuke

        self.select((path,))
        if _is("gui"):
            inside = parent(path)
            if inside:
                nuke.showDag(_node(inside))
            nuke.zoomToFitSelected()

    def go_to(self, frame: int) -> None:
        import nuke

        nuke.frame(frame)

    def view(self, path: str) -> None:
        import nuke

        node = _node(path)
        if _is("gui"):
            nuke.connectViewer(0, node)

    def open_panel(self, path: str) -> None:
        if _is("gui"):
            _node(path).showControlPanel()

    def dock(self, widget: str, title: str, id: str) -> None:
        import nuke
        from nukescripts import panels

        if not _is("gui"):
            raise HostError("This Nuke has no screen.", remedy="Start NukeX with its window.")
        panel = panels.registerWidgetAsPanel(widget, title, id, create=True)
        if panel is None:
            raise HostError("Nuke did not make the panel.", remedy="Open it from a pane's menu.")
        pane = nuke.getPaneFor("Properties.1")
        if pane is None:
            panel.addToPane()
        else:
            panel.addToPane(pane)

    def press(self, path: str, knob: str) -> None:
        button = _knob(path, knob)
        if not hasattr(button, "execute"):
            raise HostError(f"{knob} is not a button.", remedy="Update the node.", node=path, knob=knob)
        button.execute()

    def message(self, text: str) -> None:
        import nuke

        if _is("gui"):
            nuke.message(_shown(text))
        else:
            nuke.tprint(text)

    def ask(self, text: str) -> bool:
        import nuke

        return bool(nuke.ask(_shown(text))) if _is("gui") else False

    # Running

    @contextmanager
    def undo(self, title: str) -> Iterator[None]:
        import nuke

        if self._undoing:
            yield
            return
        self._undoing = True
        nuke.Undo.begin(title)
        try:
            yield
        except BaseException:
            nuke.Undo.cancel()
            raise
        else:
            nuke.Undo.end()
        finally:
            self._undoing = False

    def on_main_thread(self, function: Callable[..., Result], *arguments: Any) -> Result:
        import nuke

        if threading.current_thread() is threading.main_thread():
            return function(*arguments)
        outcome: list[Any] = []

        def call() -> None:
            # What Nuke does with an exception there is not known, so it is carried over by us.
            try:
                outcome.extend((True, function(*arguments)))
            except BaseException as error:
                outcome.extend((False, error))

        nuke.executeInMainThreadWithResult(call)
        if not outcome:
            raise HostError("Nuke did not run what was asked of its main thread.", remedy="Try again.")
        done, value = outcome
        if not done:
            raise value
        return cast(Result, value)

    # Within

    def _copied_text(self) -> str | None:
        """The nodes as Nuke copies them, without Root; None if that is not readable either."""
        import nuke

        selection = self.selected()
        try:
            self.select(self.nodes())
            with _temporary_file() as path, nuke.root():
                nuke.nodeCopy(path)
                return _readable(path)
        finally:
            self.select(selection)

    def _clear_selection(self, inside: str) -> None:
        for node in _group(inside).nodes():
            node.setSelected(False)

    def _check_connection(self, path: str, to: str) -> None:
        if parent(path) != parent(to):
            raise HostError(
                f"{to} and {path} are not in the same group.",
                remedy="Connect nodes of one group; an Input node brings a picture in.",
                node=path,
            )
        waiting, seen = [to], set()
        while waiting:
            one = waiting.pop()
            if one == path:
                raise HostError(
                    f"{path} feeds {to}, so feeding it back would be a loop.",
                    remedy="Connect another node.",
                    node=path,
                )
            if one not in seen:
                seen.add(one)
                waiting.extend(source for source in self.inputs(one) if source is not None)


def _is(key: str) -> bool:
    """A flag of Nuke's environment; a key that this version does not have is false."""
    import nuke

    try:
        return bool(nuke.env[key])
    except KeyError:
        return False


def _node(path: str) -> nuke.Node:
    import nuke

    node: nuke.Node | None = nuke.root()
    if path.lower() != "root":
        with nuke.root():  # a path counts from the group that Python stands in
            node = nuke.toNode(path)
    if node is None:
        raise NoSuchNode(path)
    return node


def _group(path: str) -> nuke.Group:
    import nuke

    if not path:
        return nuke.root()
    node = _node(path)
    if not _is_group(node):
        raise HostError("The node is not a group.", remedy="Name a Group.", node=path)
    return cast("nuke.Group", node)


def _is_group(node: nuke.Node) -> bool:
    """Whether the script holds its inside; that of a gizmo is in the gizmo's file."""
    import nuke

    return isinstance(node, nuke.Group) and not _is_instance(node)


def _is_instance(node: nuke.Node) -> bool:
    """Whether it is an instance of a gizmo."""
    import nuke

    return isinstance(node, nuke.Gizmo)


def _knob(path: str, name: str) -> nuke.Knob:
    node = _node(path)
    knob = node.knob(name)
    if knob is None:
        raise NoSuchKnob(path, name, node.Class())
    return knob


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _one_word(saved: str) -> str:
    """What ``toScript`` gave as one word: it quotes lists, and leaves others as they are."""
    try:
        return nk.checked(saved)
    except FilmRecoveryError:
        return nk.stored(saved)


def _shown(text: str) -> str:
    """``text`` for a message box, which reads HTML: a film title is never markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>") if "<" in text else text


def _readable(path: str) -> str | None:
    """The text of a saved script, or None if it is not one that can be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            text = stream.read()
        return text if nk.parse(text).block_count or not text.strip() else None
    except (OSError, FilmRecoveryError):
        return None


@contextmanager
def _temporary_file() -> Iterator[str]:
    """The path of a script that goes away afterwards, with forward slashes, as Nuke wants it."""
    with tempfile.TemporaryDirectory(prefix="film_recovery_") as folder:
        yield os.path.join(folder, "nodes.nk").replace("\\", "/")


@contextmanager
def _named_failure(what: str, inside: str) -> Iterator[None]:
    """Nuke's own complaint as an error with a remedy."""
    try:
        yield
    except RuntimeError as error:
        raise HostError(
            f"Nuke could not {what}: {error}.",
            remedy="Run Film Recovery > Self-test and send its report.",
            node=inside or None,
        ) from error
