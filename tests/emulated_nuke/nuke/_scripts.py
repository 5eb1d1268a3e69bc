"""Real .nk text in and out: what ``scriptOpen``, ``nodePaste``, ``nodeCopy`` and ``scriptSave`` do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ._facts import SyntaxProblem, nk
from ._nodes import Gizmo, Group, Node, adopt, declare, declared_as, default_name, gizmo_file, is_link, make
from ._session import SESSION

_PLACE = "__place__"
_BEFORE_USER_KNOBS = ("help", "tile_color", "label")
_LAST = ("name", "xpos", "ypos")
_LOCKED = b"\x00\x01NKNC\xff\xfe locked {{{"


def read(path: str) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RuntimeError(f"{path}: {error.strerror}") from None
    return content.decode("utf-8", "surrogateescape")


def write(path: str, text: str, *, locked: bool) -> None:
    content = _LOCKED if locked else text.encode("utf-8", "surrogateescape")
    Path(path).write_bytes(content)


def load(group: Group, text: str, place: Node | None = None, *, root: Any = None) -> list[Node]:
    """Makes the nodes of ``text`` in ``group`` and returns the top ones. A first node without an input of its
    own is fed by ``place``, as ``$cut_paste_input`` is the selected node."""
    made: dict[int, Node] = {}
    try:
        script = nk.parse(f"NoOp {{\n inputs 0\n name {_PLACE}\n}}\n{text}" if place is not None else text)
        if script.root is not None:
            if root is None:
                raise RuntimeError("a Root in pasted text would edit the project")
            _fill(root, script.root)
        top = [_build(group, node, made, place) for node in script.nodes if node.name != _PLACE]
    except (SyntaxProblem, ValueError) as error:
        raise RuntimeError(str(error)) from None
    for node in top:
        SESSION.called_back("onCreate", node)
    return top


def create(group: Group, class_name: str) -> Node:
    """A node of a class, or of a gizmo on the plugin path, as ``createNode`` makes it."""
    file = None if class_name in ("Group", "Root") else gizmo_file(class_name)
    if file is None:
        node = make(class_name)
        adopt(group, node, default_name(class_name))
        return node
    node = _from_file(class_name, file)
    adopt(group, node, default_name(class_name))
    return node


def text_of(nodes: list[Node], indent: int = 0) -> str:
    """The nodes as statements: each after what feeds it, fed by variables."""
    chosen = set(nodes)
    ordered: list[Node] = []
    for node in nodes:
        _after_its_inputs(node, chosen, ordered)
    margin = " " * indent
    lines = []
    for node in ordered:
        inputs, words = _inputs_of(node)
        for source in reversed(inputs):
            outside = source is not None and source not in chosen
            lines.append(f"{margin}push {'$cut_paste_input' if outside else _variable(source)}")
        lines.append(_block(node, words, margin))
        if isinstance(node, Group) and not isinstance(node, Gizmo):
            inside = text_of(node._children, indent + 1).rstrip("\n")
            lines += [inside] if inside else []
            lines.append(f"{margin}end_group")
        lines.append(f"{margin}set {_variable(node)[1:]} [stack 0]")
    return "\n".join(lines) + "\n" if lines else ""


def head() -> str:
    return "version {}.{} v{}\n".format(*SESSION.version)


def whole(root: Group) -> str:
    return f"{head()}{_block(root, '0', '')}\n{text_of(root._children)}"


def _build(group: Group, source: Any, made: dict[int, Node], place: Node | None) -> Node:
    if source.clone_of is not None:
        raise NotImplementedError("the emulation has no clones")
    node = create_bare(source)
    adopt(group, node, source.name if source.get("name") else default_name(source.class_name))
    made[id(source)] = node
    _fill(node, source)
    if isinstance(node, Group) and not isinstance(node, Gizmo):
        for inner in source.nodes:
            _build(node, inner, made, None)
    limit = node._input_limit()
    main, masks = source.input_counts
    if main + masks > limit and (main, masks) != (1, 0):
        raise RuntimeError(f"{node._class} {node.name()} takes {main}+{masks} inputs and has {limit}")
    if masks and node._mask is None:
        raise RuntimeError(f"{node._class} {node.name()} has no mask input")
    for index, one in enumerate(source.inputs):
        feeding = (
            place
            if one is not None and one.name == _PLACE
            else made.get(id(one))
            if one is not None
            else None
        )
        if feeding is not None:
            node.setInput(_api_index(node, index, main), feeding)
    return node


def create_bare(source: Any) -> Node:
    """The node for a block of text; a Group in text brings its own inside."""
    if source.class_name == "Group":
        return make("Group")
    file = gizmo_file(source.class_name)
    if file is None:
        return make(source.class_name)
    return _from_file(source.class_name, file)


def _from_file(class_name: str, file: Path) -> Node:
    """An instance of a gizmo file: a Gizmo if it holds one, and a plain Group if it holds that."""
    block = nk.load(file).nodes[0]
    group = make("Group")
    node: Any = group
    if block.class_name == "Gizmo":
        node = Gizmo(class_name, {}, str(file))
        node._knobs = group._knobs
        for knob in node._knobs.values():
            knob._node = node
        node._is_instance = False  # while its own file is read, which declares what it has
    _fill(node, block)
    made: dict[int, Node] = {}
    for inner in block.nodes:
        _build(node, inner, made, None)
    if isinstance(node, Gizmo):
        node._is_instance = True
        for knob in node._knobs.values():
            if knob._word is not None:  # the file's value is this gizmo's default
                knob._default, knob._word = nk.decode(knob._word), None
    return node


def _fill(node: Node, source: Any) -> None:
    """Takes over the user knobs and the words of a block, in its order."""
    links = []
    for entry in source.entries():
        if entry.name == "addUserKnob":
            declared = source.user_knobs[len(node._user)] if not node._is_instance else None
            if declared is None:
                raise RuntimeError(f"the instance {source.name} of a gizmo declares a user knob")
            declare(node, entry.raw, declared)
        elif entry.name not in ("inputs", "name"):
            knob = node._knobs.get(entry.name)
            if knob is None:
                raise RuntimeError(f"{source.class_name} {source.name}: no such knob: {entry.name}")
            if is_link(knob):
                links.append((knob, entry.raw))
            else:
                knob._load(entry.raw)
        elif entry.name == "name" and node._class == "Root":
            node._knobs["name"]._load(entry.raw)
    for knob, word in links:  # only an instance saves them; its inside is there already
        if not node._is_instance:
            raise RuntimeError(f"{source.name}: a link of a group saves nothing itself: {knob._name}")
        knob.fromScript(nk.decode(word))


def _api_index(node: Node, index: int, main: int) -> int:
    """Which input of Python an input of the text is: masks come last in text and have their own place here."""
    if node._mask is None or index < min(main, node._mask):
        return index
    return node._mask if index >= main else index + 1


def _inputs_of(node: Node) -> tuple[list[Node | None], str]:
    """What is to be popped, in the order of the text, and the word after ``inputs``."""
    mask = node._mask
    if mask is None or len(node._inputs) <= mask:
        limit = 0 if node._input_limit() == 0 else len(node._inputs)
        return list(node._inputs), str(limit)
    fed = list(node._inputs)
    by = fed.pop(mask)
    if by is None:
        return fed, str(len(fed))
    return [*fed, by], f"{len(fed)}+1"


def _block(node: Node, inputs: str, margin: str) -> str:
    lines = [f"{margin}{node._class} {{"]
    if inputs != "1":
        lines.append(f"{margin} inputs {inputs}")
    user = {id(knob) for _, knob in node._user if knob is not None}
    own = [knob for knob in node._knobs.values() if id(knob) not in user and knob._word is not None]
    for knob in own:
        if knob._name not in _LAST:
            lines.append(f"{margin} {nk.stored(knob._name)} {knob._word}")
    lines += [
        f"{margin} {name} {node._knobs[name]._word}" for name in _LAST if node._knobs[name]._word is not None
    ]
    for text, declared in node._user:
        if not node._is_instance:
            lines.append(f"{margin} addUserKnob {declared_as(text, declared)}")
        if (
            declared is not None
            and declared._word is not None
            and (node._is_instance or not is_link(declared))
        ):
            lines.append(f"{margin} {nk.stored(declared._name)} {declared._word}")
    return "\n".join([*lines, f"{margin}}}"])


def _after_its_inputs(node: Node, chosen: set[Node], ordered: list[Node]) -> None:
    waiting = [(node, False)]
    while waiting:
        one, ready = waiting.pop()
        if one in ordered or one not in chosen:
            continue
        if ready:
            ordered.append(one)
            continue
        waiting.append((one, True))
        waiting += [(source, False) for source in reversed(one._inputs) if source is not None]


def _variable(node: Node | None) -> str:
    return "0" if node is None else f"$N{id(node):x}"
