"""The evaluator: pulls frames through the node graph of a script.

``Evaluator(script).frame("Write1", 1001)`` asks the node's function for that frame, the function asks its
inputs, and so on up to the Reads. Each (place, frame) is made once while it fits into the cache. Nothing in a
script is executed, nothing is written. Used by ``engine.py`` and the commands.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from film_recovery import nk
from film_recovery._files import stamp
from film_recovery.comp import expressions, gizmos, knobs, mask, registry
from film_recovery.comp.cache import FrameCache
from film_recovery.comp.call import NodeCall
from film_recovery.comp.deep import MAX_NODES, run_deep
from film_recovery.comp.place import Graph, Place, shown
from film_recovery.comp.root import GivenConfig, RootSettings
from film_recovery.comp.settings import LINK, Setting, link_target, user_knobs
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.frame import Format, Frame

T = TypeVar("T")
GROUP = "Group"
_SWITCHES = frozenset({"disable", "useLifetime", "lifetimeStart", "lifetimeEnd"})
_GROUP_KNOBS = frozenset({"mapsize", "window", "lock_connections"})


class Evaluator:
    """One script as it is now; after editing it, make a new Evaluator. Nothing that it holds leads back to it, so its
    frames go as soon as nobody else holds it.

    ``config``: the OCIO config (see ``root.py`` for what holds without it). ``cache_bytes``: how much memory
    finished frames may keep. ``gizmo_paths``: folders searched for ``<class>.gizmo``; without it, the
    product's ``gizmos`` folder and the script's own. Calls from several threads wait for one another.
    """

    def __init__(
        self,
        script: nk.Script,
        *,
        config: ColourConfig | None = None,
        cache_bytes: int = 1 << 30,
        gizmo_paths: Sequence[str | Path] | None = None,
    ) -> None:
        self.script = script
        folders = gizmos.default_folders(script.file) if gizmo_paths is None else map(Path, gizmo_paths)
        self._gizmos = gizmos.GizmoFiles(list(folders))
        self.graph = Graph(script, partial(_definition, self._gizmos))
        self._config = GivenConfig(config)
        self.timings: dict[str, float] = {}
        self._cache = FrameCache(cache_bytes)
        self._files: dict[Path, None] = {}
        self._stamps: dict[Path, list[int]] = {}
        self._sources: dict[tuple[Place, float], frozenset[Path]] = {}
        self._gathering: list[set[Path]] = [set()]
        self._under_way: dict[tuple[Place, float], None] = {}
        self._reading: dict[Hashable, str] = {}
        self._children: list[float] = [0.0]
        self._parsed: dict[str, expressions.Tree] = {}
        self._checked: set[Place] = set()
        self._ranges: dict[Place, tuple[int, int]] = {}
        self._lock = threading.RLock()

    @property
    def root(self) -> RootSettings:
        """What the script's Root says."""
        return RootSettings(self, self._config)

    def frame(self, node: str | nk.Node, frame: float) -> Frame:
        """What ``node`` (a path such as ``Group1.Grade1``, or a node of the script) gives at ``frame``."""
        return self._deep(lambda: self.pull(self._place(node), frame))

    def frame_range(self, node: str | nk.Node) -> tuple[int, int]:
        """First and last frame of what ``node`` gives."""
        return self._deep(lambda: self.range_of(self._place(node)))

    def format(self) -> Format:
        """The project's format."""
        return self.root.format

    def call(self, node: str | nk.Node, frame: float) -> NodeCall:
        """The knob values of ``node`` at ``frame``, as its own function would read them."""
        return NodeCall(self, self._place(node), float(frame))

    def sources(self, node: str | nk.Node, frame: float) -> dict[Path, list[int]]:
        """The files that this frame of ``node``, once made by :meth:`frame`, was made from, and those that were not
        there and that it is to be made from once they are; sorted, each with its stamp as it was first looked at:
        size and time of change, empty for what was not there."""
        found = sorted(self._sources.get((self._place(node), float(frame)), ()))
        return {path: self._stamps[path] for path in found}

    @property
    def files_read(self) -> list[Path]:
        """The files read so far, in order, each once."""
        return list(self._files)

    # From here on: for node functions and the modules of this package, inside a call of the above.

    def pull(self, place: Place, frame: float) -> Frame:
        """The frame of ``place``, from the cache or made now."""
        key = (place, float(frame))
        kept = self._cache.get(key)
        if kept is not None:
            self._gathering[-1] |= self._sources[key]
            return kept
        if key in self._under_way:
            raise place.error(
                f"The graph needs its own result: {self._circle(key)}.",
                frame=shown(frame),
                remedy="break the loop: an expression or a time node leads back to the node that uses it",
            )
        self._check_depth(place)
        self._under_way[key] = None
        self._gathering.append(set())
        try:
            made = self._timed(place, float(frame))
        except FilmRecoveryError as error:
            if "node" not in error.where:
                error.where.update(node=place.path, class_name=place.node.class_name)
            error.where.setdefault("frame", shown(frame))
            raise
        finally:
            del self._under_way[key]
            sources = self._gathering.pop()
        self._sources[key] = frozenset(sources)
        self._gathering[-1] |= sources
        self._cache.put(key, made)
        return made

    def range_of(self, place: Place) -> tuple[int, int]:
        """The frame range of ``place``: the class's own rule, else that of input 0, else the project's."""
        if place not in self._ranges:
            self._ranges[place] = self._range(place)
        return self._ranges[place]

    def number(self, place: Place, knob: str, frame: float, index: int = 0) -> float:
        """A numeric knob of any node (for expressions)."""
        return knobs.number(self, place, knob, frame, index)

    def outer_input(self, place: Place) -> Place | None:
        """What feeds an Input node: the matching input of the group around it; None if nothing does."""
        if place.host is None:
            return None
        index = self.graph.group_inputs(place.host).index(place)
        inputs = self.graph.inputs(place.host)
        return inputs[index] if index < len(inputs) else None

    def remembered(self, key: Hashable, make: Callable[[], Frame]) -> Frame:
        """``make()``, kept in the same cache as the frames: for a file that serves many frames."""
        frame = self._cache.get(key)
        if frame is None:
            frame = make()
            self._cache.put(key, frame)
        return frame

    def note_file(self, path: Path) -> None:
        """Record that the frame being made depends on ``path``."""
        self._files[path] = None
        self._look(path)

    def note_missing(self, path: Path) -> None:
        """Record that the frame being made is another one as soon as there is a file ``path``."""
        self._look(path)

    def _look(self, path: Path) -> None:
        if path not in self._stamps:  # a kept frame is of what the file was then
            self._stamps[path] = stamp(path)
        self._gathering[-1].add(path)

    def folder(self) -> Path:
        """The folder of the script's file."""
        return self.root.script_folder

    def parsed(self, text: str, found: Setting) -> expressions.Tree:
        if text not in self._parsed:
            self._parsed[text] = knobs.parse_expression(found, text)
        return self._parsed[text]

    @contextmanager
    def reading(self, place: Place, knob: str, index: int, frame: float | None) -> Iterator[None]:
        """Held while a knob's value is worked out; reading the same one meanwhile is a circle."""
        key = (place, knob, index, frame)
        if key in self._reading:
            circle = list(self._reading.values())[list(self._reading).index(key) :]
            raise place.error(
                f"Knob values depend on themselves: {' → '.join([*circle[:8], circle[0]])}.",
                knob=knob,
                remedy="break the loop of expressions",
            )
        self._check_depth(place)
        self._reading[key] = f"{place.path}.{knob}"
        try:
            yield
        finally:
            del self._reading[key]

    def class_of(self, place: Place) -> registry.NodeClass:
        """The registered class that evaluates ``place``; an error with a remedy when there is none."""
        name = place.node.class_name
        known = registry.known(name)
        if known is None and self.graph.definition(place) is not None:
            known = registry.known(GROUP)
        if known is None:
            folders = ", ".join(str(folder) for folder in self._gizmos.folders)
            raise place.error(
                f"The node class {name} is not implemented, and there is no {name}.gizmo.",
                remedy=f"render this part in Nuke, disable the node, or put the gizmo into one of: {folders}",
            )
        return known

    def _deep(self, function: Callable[[], T]) -> T:
        def locked() -> T:
            with self._lock:
                return function()

        return run_deep(locked)

    def _place(self, node: str | nk.Node) -> Place:
        return self.graph.named(node) if isinstance(node, str) else self.graph.of_node(node)

    def _timed(self, place: Place, frame: float) -> Frame:
        self._children.append(0.0)
        start = time.perf_counter()
        try:
            return self._made(place, frame)
        finally:
            spent = time.perf_counter() - start
            own = spent - self._children.pop()
            self._children[-1] += spent
            self.timings[place.path] = self.timings.get(place.path, 0.0) + own

    def _made(self, place: Place, frame: float) -> Frame:
        call = NodeCall(self, place, frame)
        if self._disabled(call):
            return call.input(0)
        known = self.class_of(place)
        self._check_knobs(place, known)
        try:
            made = known.evaluate(call)
        except FilmRecoveryError:
            raise
        except Exception as error:  # a mistake in a node function: say where, hide nothing
            error.add_note(f"while evaluating {place.label} at frame {shown(frame)}")
            raise
        if not isinstance(made, Frame):
            raise TypeError(f"the function of {known.name} gave {type(made).__name__}, not a Frame")
        return made if known.mask is None else mask.blend(call, made, known.mask)

    def _disabled(self, call: NodeCall) -> bool:
        node = call.node
        if node.get("useLifetime") is not None and call.boolean("useLifetime"):
            first, last = (call.number(name) for name in ("lifetimeStart", "lifetimeEnd"))
            if not first <= call.frame <= last:
                return True
        return call.is_set("disable") and call.boolean("disable")

    def _range(self, place: Place) -> tuple[int, int]:
        call = NodeCall(self, place, float(self.root.range[0]))
        inputs = self.graph.inputs(place)
        if not self._disabled(call):
            known = self.class_of(place)
            self._check_knobs(place, known)
            if known.frame_range is not None:
                return known.frame_range(call)
        return call.input_range(0) if inputs and inputs[0] is not None else self.root.range

    def _check_knobs(self, place: Place, known: registry.NodeClass) -> None:
        """Every knob that the script sets is one that the class implements; once for each place."""
        if place in self._checked:
            return
        users = user_knobs(self.graph, place)
        allowed = registry.COSMETIC | set(known.knobs) | known.ignored | _SWITCHES | set(users)
        definition = self.graph.definition(place)
        if definition is not None:
            allowed |= _GROUP_KNOBS | set(definition.knobs)
        companions = mask.COMPANIONS if known.mask is not None else {}
        for name, knob in place.node.knobs.items():
            if name in companions and knob.text.strip() in companions[name]:
                continue
            if name not in allowed:
                raise place.error(
                    f"The knob {name} of {known.name} is not implemented; it is {knob.text[:60]!r}.",
                    knob=name,
                    remedy="set it back to its default, or render this part in Nuke",
                )
            user = users.get(name)
            if user is not None and user.code == LINK and link_target(self.graph, place, name) is None:
                raise place.error(
                    f"The link {name} leads to {user.target}, which does not exist.",
                    knob=name,
                    remedy="correct the link in the group",
                )
        self._checked.add(place)

    def _check_depth(self, place: Place) -> None:
        if len(self._under_way) + len(self._reading) >= MAX_NODES:
            raise place.error(
                f"More than {MAX_NODES} nodes or knobs depend on one another in one chain.",
                remedy="render a part of the graph to files first",
            )

    def _circle(self, key: tuple[Place, float]) -> str:
        steps = list(self._under_way)
        circle = [place.path for place, _ in steps[steps.index(key) :]]
        shown = circle if len(circle) <= 8 else [*circle[:4], "…", *circle[-3:]]
        return " → ".join([*shown, key[0].path])


def _definition(files: gizmos.GizmoFiles, place: Place) -> nk.Node | None:
    node: nk.Node = place.node
    while node.clone_of is not None:
        node = node.clone_of
    if node.is_group:
        return node
    return None if registry.known(node.class_name) else files.definition(node.class_name)
