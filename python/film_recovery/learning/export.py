"""Models on disk: a TorchScript file and, beside it, a sidecar that says what it is.

``colour.pt`` is what Nuke's CatFileCreator turns into ``colour.cat`` and what our own engine runs;
``colour.json`` holds the :class:`ModelCard`: recipe, luma method, curve, pairs, figures, and the SHA-256 of
both files. A model without a sidecar, or one that is not the file that the sidecar describes, does not load.
Loading goes through ``torch.jit.load`` only (TorchScript, no Python objects).

A model tells its own story: of a network also preset, patch, steps and the hashes of the pairs, so that another
training of the same can be told from one of something else. Sidecars of the first edition, without them, still load.

Equal modules give equal bytes: nothing is dated, and the records in which torch notes where the code came
from (paths of the computer that wrote it) are left out.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from film_recovery import __version__
from film_recovery._files import temporary_prefix
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import RGB
from film_recovery.learning.lock import RECIPES

SCHEMA = "film-recovery-model/3"
EARLIER = (
    "film-recovery-model/1",
    "film-recovery-model/2",
)  # without _SINCE_2 and _SINCE_3, without _SINCE_3
LUMA_METHODS = ("matrix", "Colorspace")


@dataclass(frozen=True)
class ModelCard:
    """What a model is.

    ``recipe``: colour, spatial or paired. ``kind``: the class that was fitted. ``luma_method``: matrix or Colorspace,
    as in FR_GroundTruth. ``curve``: the encoding inside. ``radius``: receptive radius in pixels. ``pairs``:
    labels. ``figures``: of the fit, by name (which says the domain). ``film``, ``reel``: what it is for.
    ``preset``, ``patch`` (pixels), ``steps``: of the network; "", 0, 0 for a closed form. ``pair_hashes``: SHA-256 of
    each pair's pixels by its label. ``conditions``: what else inference has to share, JSON values by name (domain,
    prefilter, crop, format: ``stages.parity``); empty where nobody said it.
    ``sha256`` and ``cat_sha256`` are filled in on disk; the latter is "" until a .cat is tied to the model.
    """

    recipe: str
    kind: str
    luma_method: str = "matrix"
    curve: str = "srgb"
    radius: int = 0
    channels: tuple[str, ...] = RGB
    pairs: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    film: str = ""
    reel: str = ""
    preset: str = ""
    patch: int = 0
    steps: int = 0
    pair_hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    conditions: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    created_by: str = f"film-recovery {__version__}"
    sha256: str = ""
    cat_sha256: str = ""


_SINCE_2 = frozenset({"preset", "patch", "steps", "pair_hashes"})
_SINCE_3 = frozenset({"conditions"})


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A verified model: ``module`` maps 1×3×H×W to the same shape; ``path`` is that of the .pt file."""

    module: torch.jit.ScriptModule
    card: ModelCard
    path: Path


def card_for(
    module: Any,
    *,
    pairs: Sequence[str] = (),
    figures: Mapping[str, float] | None = None,
    luma_method: str = "matrix",
    film: str = "",
    reel: str = "",
    preset: str = "",
    patch: int = 0,
    steps: int = 0,
    pair_hashes: Mapping[str, str] | None = None,
    conditions: Mapping[str, Any] | None = None,
) -> ModelCard:
    """The card of a closed form or a network, which knows its own recipe, curve and radius."""
    return ModelCard(
        recipe=module.recipe,
        kind=type(module).__name__,
        luma_method=luma_method,
        curve=module.curve.name,
        radius=module.radius,
        pairs=tuple(pairs),
        figures=dict(figures or {}),
        film=film,
        reel=reel,
        preset=preset,
        patch=patch,
        steps=steps,
        pair_hashes=dict(pair_hashes or {}),
        conditions=dict(conditions or {}),
    )


def save_model(module: nn.Module, path: str | Path, card: ModelCard) -> ModelCard:
    """Write ``path`` (.pt) and its sidecar, each atomically; the card with the SHA-256 of what was written.

    An older .cat of the same name is no longer tied to the model. Raises FilmRecoveryError for another suffix
    or a folder that cannot be written.
    """
    path = Path(path)
    if path.suffix != ".pt":
        raise FilmRecoveryError("A model is saved as a .pt file.", remedy="name it MODEL.pt", file=path)
    return save_script(_script_bytes(module), path, card)


def save_script(data: bytes, path: str | Path, card: ModelCard) -> ModelCard:
    """As :func:`save_model`, of a model that is TorchScript already: ``data`` is written as it is."""
    path = Path(path)
    written = replace(card, sha256=hashlib.sha256(data).hexdigest(), cat_sha256="")
    _write_card(path, written)  # first: a model without a sidecar would pass for somebody else's file
    _write(path, data)
    return written


def renew_card(path: str | Path, card: ModelCard) -> ModelCard:
    """Write the sidecar of the model ``path`` (.pt) again, as ``card``; the model stays as it is, bound to by its hash.

    An older .cat is no longer tied to it. Raises FilmRecoveryError for a model that cannot be read, or a folder that
    cannot be written.
    """
    path = Path(path)
    written = replace(card, sha256=hashlib.sha256(_read(path)).hexdigest(), cat_sha256="")
    _write_card(path, written)
    return written


def tie_cat(path: str | Path, cat: str | Path) -> ModelCard:
    """Note in the sidecar of the model ``path`` (.pt) that ``cat`` was made from it, by its SHA-256.

    ``cat`` lies beside the model under the same name. Raises FilmRecoveryError otherwise, or as
    :func:`load_model`.
    """
    path, cat = Path(path), Path(cat)
    if cat.with_suffix(".pt") != path or cat.suffix == ".pt":
        raise FilmRecoveryError(
            f"The .cat of {path.name} is {path.stem}.cat in the same folder.",
            remedy="move it there",
            file=cat,
        )
    card = replace(load_model(path).card, cat_sha256=hashlib.sha256(_read(cat)).hexdigest())
    _write_card(path, card)
    return card


def load_model(path: str | Path) -> LoadedModel:
    """The model at ``path`` (.pt, or the .cat that was made from it), verified against its sidecar.

    Raises FilmRecoveryError: no such file; no sidecar (a .cat without one runs only in Nuke) or a damaged
    one; a SHA-256 that differs; a file that is not TorchScript.
    """
    path = Path(path)
    data = _read(path)
    sidecar = path.with_suffix(".json")
    made_by_nuke = path.suffix != ".pt"
    if not sidecar.exists():
        raise FilmRecoveryError(
            f"The model has no sidecar {sidecar.name}{', so it runs only in Nuke' if made_by_nuke else ''}.",
            remedy=f"put the sidecar beside it{', or render in Nuke' if made_by_nuke else ''}",
            file=path,
        )
    card, name = _read_sidecar(sidecar)
    if made_by_nuke:
        _verify(path, data, card.cat_sha256)
        path = path.with_name(name)
        data = _read(path)
    _verify(path, data, card.sha256)
    try:
        module = torch.jit.load(io.BytesIO(data), map_location="cpu")
    except (RuntimeError, ValueError) as error:
        raise FilmRecoveryError(
            "The file is not a TorchScript model.", remedy="export the model again", file=path
        ) from error
    _agree(module, card, path)
    return LoadedModel(module.eval(), card, path)


def _agree(module: torch.jit.ScriptModule, card: ModelCard, path: Path) -> None:
    """The sidecar says of the model what the model says of itself: an edited one would render wrong pixels."""
    wrong = [
        f"{name} is {getattr(card, name)!r}, one of {', '.join(map(repr, known))} is expected"
        for name, known in (("recipe", RECIPES), ("luma_method", LUMA_METHODS))
        if getattr(card, name) not in known
    ]
    wrong += [
        f"{name} is {getattr(card, name)!r}, the model's own is {getattr(module, name)!r}"
        for name in ("recipe", "radius")
        if hasattr(module, name) and getattr(module, name) != getattr(card, name)
    ]
    if wrong or card.radius < 0:
        raise FilmRecoveryError(
            f"The sidecar of {path.name} does not fit it: {'; '.join(wrong) or f'radius {card.radius}'}.",
            remedy="restore the sidecar, or export the model again",
            file=path.with_suffix(".json"),
        )


def _verify(path: Path, data: bytes, sha256: str) -> None:
    if not sha256:
        raise FilmRecoveryError(
            f"The sidecar does not say that {path.name} was made from its model, so it runs only in Nuke.",
            remedy="tie the .cat to its model, or use the .pt",
            file=path,
        )
    if hashlib.sha256(data).hexdigest() != sha256:
        raise FilmRecoveryError(
            f"{path.name} is not the file that its sidecar describes (SHA-256 differs).",
            remedy="restore the file and its sidecar, or export the model again",
            file=path,
        )


def _script_bytes(module: nn.Module) -> bytes:
    """``module`` as a TorchScript archive that depends on nothing but the module.

    Its parameters ask for no gradient: whoever runs it, with gradients switched on or not, gets the same. One that is
    scripted already is written as it is.
    """
    if not isinstance(module, torch.jit.ScriptModule):
        module = copy.deepcopy(module).requires_grad_(False)
    buffer = io.BytesIO()  # in memory torch names the archive "archive", not after a file
    torch.jit.save(torch.jit.script(module.eval()), buffer)
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as plain:
        for name in archive.namelist():
            # Source paths of the code, and a hash over all records including them; neither is needed to run.
            if not name.endswith((".debug_pkl", ".data/serialization_id")):
                data = archive.read(name)
                plain.writestr(zipfile.ZipInfo(name), _ordered(data) if name.endswith(".py") else data)
    return out.getvalue()


def _ordered(code: bytes) -> bytes:
    """TorchScript code with its constants in order: torch writes those of a module as a set gives them, which
    differs from process to process."""
    lines = code.split(b"\n")
    runs = groupby(lines, key=lambda line: b" : Final[" in line)
    return b"\n".join(line for constant, run in runs for line in (sorted(run) if constant else run))


def _write_card(path: Path, card: ModelCard) -> None:
    """Write the sidecar of the model ``path``."""
    tables: dict[str, Any] = {
        name: dict(getattr(card, name)) for name in ("figures", "pair_hashes", "conditions")
    }
    content = {"schema": SCHEMA, "model": path.name, **asdict(replace(card, **tables))}
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    _write(path.with_suffix(".json"), text.encode() + b"\n")


def read_card(sidecar: Path) -> ModelCard:
    """The card in ``sidecar``, its model unseen. Raises FilmRecoveryError for a damaged one."""
    return _read_sidecar(sidecar)[0]


def _read_sidecar(sidecar: Path) -> tuple[ModelCard, str]:
    """The card in ``sidecar``, and the name of the model beside it."""
    try:
        content = json.loads(_read(sidecar))
        schema = content.pop("schema")
        if schema not in (SCHEMA, *EARLIER):
            raise ValueError(f"the schema is not {SCHEMA}")
        if schema == EARLIER[0]:
            content = {"preset": "", "patch": 0, "steps": 0, "pair_hashes": {}, **_without(content, _SINCE_2)}
        if schema in EARLIER:
            content = {"conditions": {}, **_without(content, _SINCE_3)}
        name = content.pop("model")
        if Path(name).name != name or not name.endswith(".pt"):
            raise ValueError(f"{name!r} is no model beside it")
        unknown = content.keys() - {entry.name for entry in fields(ModelCard)}
        if unknown:
            raise ValueError(f"unknown entries {', '.join(sorted(unknown))}")
        for entry in fields(ModelCard):
            kind = {"str": str, "int": int}.get(str(entry.type), object)
            if not isinstance(content[entry.name], kind):
                raise ValueError(f"{entry.name} is {content[entry.name]!r}")
        for table in ("pair_hashes", "conditions"):
            if not isinstance(content[table], dict):
                raise ValueError(f"{table} is {content[table]!r}")
        lists = {key: tuple(content[key]) for key in ("channels", "pairs")}
        return ModelCard(**{**content, **lists}), name
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FilmRecoveryError(
            f"The model's sidecar cannot be used: {error}.", remedy="export the model again", file=sidecar
        ) from error


def _without(content: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """``content``, in which ``names`` are not known yet: they are refused as any unknown entry is."""
    early = sorted(names & content.keys())
    if early:
        raise ValueError(f"unknown entries {', '.join(early)}")
    return dict(content)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FilmRecoveryError(
            f"The file cannot be read: {error.strerror}.", remedy="check the path of the model", file=path
        ) from error


def _write(path: Path, data: bytes) -> None:
    """Atomic: a temporary file in the same folder, flushed to disk, then renamed."""
    temporary = path.with_name(f"{temporary_prefix()}{secrets.token_hex(6)}{path.suffix}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FilmRecoveryError(
            f"The model cannot be written: {error.strerror}.",
            remedy="free space on its disk, or choose another folder",
            file=path,
        ) from error
