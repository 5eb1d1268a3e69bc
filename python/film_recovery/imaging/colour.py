"""Colour spaces of the active OpenColorIO config: look a name up, convert pixels.

Every Read, Write, OCIOColorSpace and every measurement that needs a known domain asks here; no other module
knows the name of a colour space. A name may be a colour space, an alias or a role (OCIO's own look-up), a
role as Nuke's menus show it (``color_picking (sRGB - Texture)``), or ``Utility - sRGB - Color Picking``, as
operators call what the ACES 1.3 configs hold as the role ``color_picking``.
"""

from __future__ import annotations

import difflib
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as ocio
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

# "default" and "latest" change with the library, so the config is named in full.
DEFAULT_CONFIG = "ocio://studio-config-v1.0.0_aces-v1.3_ocio-v2.1"
_BUILT_IN = "ocio://"
# Nuke 15+ lists its own builds of the ACES configs under this prefix. That they hold what OpenColorIO's
# built-in configs of the same name hold is unconfirmed.
_NUKE_PREFIX = "fn-nuke_"
_FORMER_NAMES = {"utility - srgb - color picking": "color_picking"}
_ROLE_WITH_LABEL = re.compile(r"(?P<role>\w+) \((?P<label>.+)\)")

# Exact arithmetic: OCIO's default allows fast approximations of log, exp and pow.
_OPTIMIZATION = ocio.OPTIMIZATION_LOSSLESS


class ColourConfig:
    """One OCIO config, opened; immutable. ``name`` is what it was loaded from, to be shown and recorded."""

    def __init__(self, config: ocio.Config, name: str) -> None:
        self.name = name
        self._config = config
        self._processor = lru_cache(maxsize=None)(self._make_processor)

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str] | None = None) -> ColourConfig:
        """A config by path, by ``ocio://`` name, or by its name in Nuke's *OCIO config* menu.

        None: the config that ``$OCIO`` names, or, without that variable, OpenColorIO's built-in ACES 1.3
        studio config v1.0.0. Raises FilmRecoveryError when the config does not exist or cannot be read.
        """
        if name_or_path is not None:
            return _load(os.fspath(name_or_path), "")
        variable = os.environ.get("OCIO", "")
        return _load(variable, "$OCIO: ") if variable else _load(DEFAULT_CONFIG, "")

    def resolve(self, name: str) -> str:
        """The colour space that ``name`` stands for. Upper and lower case are equal.

        Raises FilmRecoveryError with the nearest names when the config has nothing of that name, and when a
        role is labelled with another space than the config gives it.
        """
        space = self._find(name)
        if space is None:
            raise FilmRecoveryError(
                f"The colour space “{name}” is not in the OCIO config {self.name}.",
                remedy=f"choose one that it has; nearest: {', '.join(self._nearest(name))}",
            )
        return space

    def is_data(self, name: str) -> bool:
        """True for spaces that hold data rather than colour (Raw, masks, vectors)."""
        return bool(self._config.getColorSpace(self.resolve(name)).isData())

    def convert(self, rgb: NDArray[Any], source: str, target: str) -> NDArray[np.float32]:
        """``rgb`` (…, 3) in ``source`` → the same picture in ``target``: a new float32 array, C-contiguous.

        Scene-referred to scene-referred, nothing is clamped. To or from a data space values stay as they
        are: data has no colour, and OCIO does the same.
        """
        if rgb.ndim < 1 or rgb.shape[-1] != 3:
            raise ValueError(f"convert takes arrays whose last axis is RGB, not {rgb.shape}")
        out = np.array(rgb, dtype=np.float32, order="C")
        start, end = self.resolve(source), self.resolve(target)
        if start != end and out.size:
            self._processor(start, end).applyRGB(out)
        return out

    def display(
        self, rgb: NDArray[Any], source: str, display: str = "", view: str = "", *, inverse: bool = False
    ) -> NDArray[np.float32]:
        """``rgb`` (…, 3) in ``source`` → as ``view`` of ``display`` shows it: a new float32 array, nothing clamped
        here (a view itself may limit). Empty names are the config's defaults. ``inverse``: the way back.

        Raises FilmRecoveryError for a display or a view that the config does not have.
        """
        shown_on, seen_as = self.viewing(display, view)
        out = np.array(rgb, dtype=np.float32, order="C")
        if out.size:
            direction = ocio.TRANSFORM_DIR_INVERSE if inverse else ocio.TRANSFORM_DIR_FORWARD
            try:
                processor = self._config.getProcessor(self.resolve(source), shown_on, seen_as, direction)
                processor.getOptimizedCPUProcessor(_OPTIMIZATION).applyRGB(out)
            except (ocio.Exception, ocio.ExceptionMissingFile) as error:
                raise FilmRecoveryError(
                    f"The OCIO config {self.name} cannot show {source} as {seen_as} on {shown_on}: {error}.",
                    remedy="choose another view, and check that the files which the config refers to are present",
                ) from error
        return out

    def viewing(self, display: str = "", view: str = "") -> tuple[str, str]:
        """A display and a view of it, the config's defaults for empty names. Raises as :meth:`display`."""
        shown_on = _one_of(self.name, "display", display, self._config.getDefaultDisplay(), self.displays())
        views = list(self._config.getViews(shown_on))
        return shown_on, _one_of(self.name, "view", view, self._config.getDefaultView(shown_on), views)

    def displays(self) -> list[str]:
        """Names of the displays, in the config's order."""
        return list(self._config.getDisplays())

    def colour_spaces(self) -> list[str]:
        """Names of the colour spaces, in the config's order, aliases and roles left out."""
        return list(self._config.getColorSpaceNames())

    def roles(self) -> dict[str, str]:
        """Role → colour space."""
        return {role: self._config.getCanonicalName(space) for role, space in self._config.getRoles()}

    def _find(self, name: str) -> str | None:
        wanted = name.strip()
        space = self._config.getColorSpace(wanted) if wanted else None
        if space is not None:
            return str(space.getName())
        former = _FORMER_NAMES.get(wanted.lower())
        if former and self._config.hasRole(former):
            return str(self._config.getColorSpace(former).getName())
        match = _ROLE_WITH_LABEL.fullmatch(wanted)
        if match and self._config.hasRole(match["role"]):
            return self._labelled_role(name, match["role"], match["label"])
        return None

    def _labelled_role(self, name: str, role: str, label: str) -> str:
        """The role's space. A label unknown to this config comes from another one and is only a remark."""
        space = str(self._config.getColorSpace(role).getName())
        labelled = self._config.getColorSpace(label)
        if labelled is not None and labelled.getName() != space:
            raise FilmRecoveryError(
                f"“{name}” contradicts the OCIO config {self.name}, where the role {role} is {space}.",
                remedy=f"set the config that the script was made with, or choose “{role}” or “{label}”",
            )
        return space

    def _nearest(self, name: str) -> list[str]:
        """Up to five names of the config that look most like ``name``; the roles when none does."""
        spaces = self._config.getColorSpaces(ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL)
        known = {text.lower(): text for space in spaces for text in (space.getName(), *space.getAliases())}
        known.update({role.lower(): role for role in self.roles()})
        wanted = name.strip().lower()
        inside = [text for text in known if wanted and wanted in text]
        alike = difflib.get_close_matches(wanted, known, n=5, cutoff=0.4)
        chosen = list(dict.fromkeys(alike + sorted(inside, key=len)))[:5]
        return [known[text] for text in chosen] or sorted(self.roles())

    def _make_processor(self, source: str, target: str) -> ocio.CPUProcessor:
        try:
            processor = self._config.getProcessor(source, target)
            return processor.getOptimizedCPUProcessor(_OPTIMIZATION)
        except (ocio.Exception, ocio.ExceptionMissingFile) as error:
            raise FilmRecoveryError(
                f"The OCIO config {self.name} cannot convert from {source} to {target}: {error}.",
                remedy="check that the files which the config refers to (LUTs) are present",
            ) from error


def _one_of(config: str, what: str, name: str, usual: str, known: list[str]) -> str:
    chosen = name or usual
    if chosen not in known:
        raise FilmRecoveryError(
            f"The {what} “{chosen}” is not in the OCIO config {config}.",
            remedy=f"choose one that it has: {', '.join(known)}",
        )
    return chosen


def _load(text: str, origin: str) -> ColourConfig:
    """The config that ``text`` names; ``origin`` says in errors where the text came from."""
    bare = text.removeprefix(_BUILT_IN).removeprefix(_NUKE_PREFIX)
    shipped = {name: name for name, *_ in ocio.BuiltinConfigRegistry().getBuiltinConfigs()}
    if text.startswith(_BUILT_IN) or bare in shipped:
        return _open(_BUILT_IN + bare, _BUILT_IN + bare, origin, f"built-in configs: {', '.join(shipped)}")
    if Path(text).is_file():
        return _open(text, Path(text).as_posix(), origin, "repair the file, or choose another config")
    if text.startswith(_NUKE_PREFIX) or not re.search(r"[/\\]|\.ocioz?$", text):
        raise FilmRecoveryError(
            f"{origin}The OCIO config “{text}” comes with Nuke and is not built into OpenColorIO.",
            remedy="set $OCIO (or customOCIOConfigPath in the script) to that config's config.ocio",
        )
    raise FilmRecoveryError(
        f"{origin}The OCIO config does not exist.",
        remedy="give the path of a config.ocio that exists",
        file=text,
    )


def _open(source: str, name: str, origin: str, remedy: str) -> ColourConfig:
    try:
        return ColourConfig(ocio.Config.CreateFromFile(source), name)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise FilmRecoveryError(
            f"{origin}The OCIO config cannot be read: {error}.", remedy=remedy, file=name
        ) from error
