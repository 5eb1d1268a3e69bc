"""The words that name a master: FR_ArchivalWrite asks for them, and no frame is written while one is missing."""

from __future__ import annotations

from dataclasses import replace

from film_recovery.comp import NodeCall

BLOCK = "FR_ArchivalWrite"
# Knob of the block → the word that stands there until somebody fills it in.
PLACEHOLDERS = {"folder": "", "shot": "shot", "version": "", "model": "model", "checkpoint": "checkpoint"}


def refuse_unnamed(call: NodeCall) -> None:
    """Raises FilmRecoveryError naming the knob, where the Write of ``call`` is in an FR_ArchivalWrite and a part of
    its files' name is empty or still the placeholder, or where nobody ticked ready."""
    if call.place.host is None:
        return
    block = replace(call, place=call.place.host)
    if not (block.is_set("fr_id") and block.text("fr_id") == BLOCK):
        return
    for knob, placeholder in PLACEHOLDERS.items():
        word = block.text(knob).strip()
        if word and word != placeholder:
            continue
        problem = f"is still the placeholder “{word}”" if word else "is empty"
        raise block.error(
            f"{knob} {problem}, and it is a part of every frame's name.",
            knob,
            remedy="fill it in on the block, then tick ready",
        )
    if block.is_set("ready") and not block.boolean("ready"):
        raise block.error(
            "The block is not ready, so its Writes are disabled.",
            "ready",
            remedy="check folder, shot, version, model and checkpoint, then tick ready",
        )
