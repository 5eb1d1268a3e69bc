"""What the panel checks of the NukeX that it is in, which no engine can: product, licence, GPU. No Qt.

They are items like every check, shown above stage 0; they stop no run, since the open engine needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from film_recovery.checks import Check
from film_recovery.host.base import FULL, INDIE, NON_COMMERCIAL, About
from film_recovery.panel.checklist import Item
from film_recovery.panel.gpu import Gpu

# Foundry's reference of CopyCat, Nuke 13.1.
CAPABILITY = 3.0

NUKEX = Check(
    "host.nukex",
    0,
    "NukeX present",
    "CopyCat, Inference and F_Align belong to NukeX. The open engine trains and renders without it.",
    "should",
    ("start Nuke with --nukex", "or let the open engine train: training.engine open in project.yaml"),
)
LICENCE = Check(
    "host.licence",
    0,
    "Licence fit for masters",
    "Non-Commercial renders 1920 × 1080 at most and saves scripts and models that others cannot open.",
    "should",
    ("use Nuke Indie or a full licence for archival renders", "or render with the open engine"),
)
GPU = Check(
    "host.gpu",
    0,
    "GPU usable for CopyCat",
    "Without one a training of 40 000 steps takes days.",
    "should",
    (
        "train on a machine with an NVIDIA card of compute capability 3.0 or more",
        "check that its driver is installed: nvidia-smi",
    ),
)
_NAMES = {FULL: "full", INDIE: "Indie", NON_COMMERCIAL: "Non-Commercial"}


def items(about: About | None, gpus: Sequence[Gpu], on_mac: bool) -> tuple[Item, ...]:
    """``about``: the Nuke that the panel is in; None for a window of its own."""
    if about is None:
        nowhere = "This window is the panel on its own; nothing of it needs NukeX."
        return _item(NUKEX, "info", "none", nowhere), _gpu(gpus, on_mac)
    return _nukex(about), _licence(about), _gpu(gpus, on_mac)


def _nukex(about: About) -> Item:
    said = f"{about.product} {about.release}"
    if about.product == "NukeX":
        return _item(NUKEX, "pass", said, f"This is {said}.")
    return _item(NUKEX, "warn", said, f"This is {said}, which has no CopyCat.")


def _licence(about: About) -> Item:
    name = _NAMES.get(about.licence, about.licence)
    if about.licence == NON_COMMERCIAL:
        return _item(LICENCE, "warn", name, f"The licence is {name}: previews only.")
    return _item(LICENCE, "pass", name, f"The licence is {name}.")


def _gpu(gpus: Sequence[Gpu], on_mac: bool) -> Item:
    names = ", ".join(gpu.name for gpu in gpus)
    able = [gpu for gpu in gpus if gpu.capability >= CAPABILITY]
    if able:
        return _item(GPU, "pass", names, f"{able[0].name}, compute capability {able[0].capability:g}.")
    if any(not gpu.capability for gpu in gpus):
        return _item(GPU, "info", names, f"{names}: its driver does not say the compute capability.")
    if gpus:
        return _item(GPU, "warn", names, f"{names}: compute capability below {CAPABILITY:g}.")
    if on_mac:
        said = (
            "No NVIDIA card. Whether CopyCat uses this Mac’s GPU is not known here; the open engine uses MPS."
        )
        return _item(GPU, "info", "none", said)
    return _item(GPU, "warn", "none", "No NVIDIA card answers on this computer.")


def _item(check: Check, outcome: str, value: Any, reason: str) -> Item:
    return Item(check, outcome, value, None, reason, check.remedy)
