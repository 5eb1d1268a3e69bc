"""Divides pairs into train, val_colour and test, by rule and repeatably, and writes down why each is where it is.

Whole scenes move, never single pictures: pairs whose sides look alike (by perceptual hash) are one scene, so that no
held-out picture has a twin in train. Sets that exist stay as they are; only new pairs are divided:

* ``val``: the regression set that is already there. Never changed, never added to.
* ``val_colour``: the stress set. The hand-named failures, then the pictures that a timid model fails on, by MEASURES.
  From each ranking every *second* scene is taken: training must see as many bold pictures as it is judged by.
* ``test``: chance, by the seed and the content of the files.
* ``train``: the rest.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from film_recovery.datasets.manifest import HELD_OUT, LEFT_OUT, TRAIN, Entry, Manifest, guard
from film_recovery.datasets.pictures import SUFFIXES
from film_recovery.datasets.resemblance import alike
from film_recovery.datasets.survey import Colours, Surveyed
from film_recovery.errors import FilmRecoveryError, UsageError

# The rankings of the stress set: what each means, and its share of the places.
MEASURES: Mapping[str, tuple[str, int]] = {
    "bold_paint": ("of the target is saturated green, teal or blue", 3),
    "contrast": ("times the spread of luma, target over source", 1),
    "mixed_light": ("stops between the lights in the source", 1),
    "dark_corners": ("darker in the corners of the source than in its middle", 1),
}
ALIKE_BITS = 10  # of 63, in which the hashes of one scene may differ
FEWEST = 3
MOST_COLOUR, MOST_FAILURES, MOST_TEST = 60, 15, 50
_NAMED = 5


@dataclass(frozen=True)
class Sizes:
    """How many of the new pairs go where; ``train`` gets the rest."""

    val_colour: int
    test: int


@dataclass(frozen=True)
class Wishes:
    """What the operator asks for. ``val``: labels of the regression set, where it is among the pairs and not yet in a
    manifest. ``failures``: labels that are followed by name. ``val_colour``, ``test``: how many pairs, instead of the
    usual. ``stay``: the sets that exist."""

    seed: int = 0
    val: frozenset[str] = frozenset()
    failures: frozenset[str] = frozenset()
    val_colour: int | None = None
    test: int | None = None
    stay: Manifest | None = None


def sizes_for(count: int) -> Sizes:
    """Of ``count`` new pairs: 100 → 15 and 15; 300 → 30 and 30; between them in proportion; never above the most."""
    share = 0.15 - 0.05 * min(max((count - 100) / 200, 0), 1)
    each = max(1, round(share * count))
    return Sizes(min(each, MOST_COLOUR), min(each, MOST_TEST))


def split(pairs: Sequence[Surveyed], wishes: Wishes) -> Manifest:
    """Divides ``pairs`` (all usable, labels unique). Equal pairs and wishes give equal manifests.

    Raises FilmRecoveryError for unknown labels, for a failure that was trained on, for an existing set that lost or
    changed a picture, and where fewer than three new scenes are there to divide.
    """
    _check(pairs, wishes)
    former = {entry.label: entry for entry in wishes.stay.entries} if wishes.stay else {}
    entries = {pair.label: former.get(pair.label) or _entry(pair) for pair in pairs}
    for label in former.keys() - entries.keys():  # val may lie in a folder of its own
        entries[label] = former[label]
    for label in wishes.val:
        if entries[label].set not in ("", "val"):
            raise _refused(f"{label} is in {entries[label].set} already, and cannot become val")
        entries[label] = replace(entries[label], set="val", reason="the regression set, as it was given")
    scenes = _scenes(entries.values())
    for scene in scenes:
        _follow(entries, scene)
    _check_failures(entries, wishes.failures)
    unset = ([label for label in scene if not entries[label].set] for scene in scenes)
    _divide(
        entries,
        [scene for scene in unset if scene],
        wishes,
        {pair.label: pair.colours for pair in pairs if pair.colours},
    )
    for scene in scenes:
        for label in scene:
            failure = entries[label].failure or label in wishes.failures
            entries[label] = replace(entries[label], scene=scene[0], failure=failure)
    manifest = Manifest(wishes.seed, tuple(entries[label] for label in sorted(entries)))
    guard(manifest)
    return manifest


def names_in(file: Path) -> frozenset[str]:
    """The labels in a text file: one a line, with or without the picture's suffix; after # is a comment."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FilmRecoveryError(
            f"The list of names cannot be read: {error}.",
            file=str(file),
            remedy="a text file, one name a line",
        ) from error
    names = [line.split("#")[0].strip() for line in lines]
    return frozenset(
        name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in SUFFIXES else name
        for name in names
        if name
    )


def _check(pairs: Sequence[Surveyed], wishes: Wishes) -> None:
    bad = [pair.label for pair in pairs if not pair.usable]
    if bad:
        raise FilmRecoveryError(
            f"{len(bad)} pairs cannot be used: {_list(bad)}.", remedy="run the preflight and repair them"
        )
    here = {pair.label: pair for pair in pairs}
    former = {entry.label: entry for entry in wishes.stay.entries} if wishes.stay else {}
    for what, names in (("val", wishes.val), ("failures", wishes.failures)):
        unknown = sorted(names - here.keys() - former.keys())
        if unknown:
            raise UsageError(
                f"{len(unknown)} names of the list of {what} are no pairs here: {_list(unknown)}.",
                remedy="write the names as the pictures have them, without their suffix",
            )
    for label, entry in former.items():
        pair = here.get(label)
        if pair and (pair.source.sha256, pair.target.sha256) != (entry.source_sha256, entry.target_sha256):
            raise _refused(
                f"{label} ({entry.set}) is not the pair that was divided before: its files changed"
            )
    if len(wishes.failures) > MOST_FAILURES:
        raise UsageError(
            f"The list of failures has {len(wishes.failures)} names.",
            remedy=f"choose the {MOST_FAILURES} that say most; nobody looks at more at each checkpoint",
        )


def _check_failures(entries: Mapping[str, Entry], failures: Iterable[str]) -> None:
    """A failure that follows another pair into train or out of the sets cannot be followed itself."""
    lost = [entries[label] for label in sorted(failures) if entries[label].set in (TRAIN, LEFT_OUT)]
    if lost:
        words = [f"{entry.label} is in {entry.set} ({entry.reason})" for entry in lost]
        raise _refused(f"Failures are held out, and {_list(words)}")


def _entry(pair: Surveyed) -> Entry:
    measures = {name: round(getattr(pair.colours, name), 4) for name in MEASURES} if pair.colours else {}
    return Entry(
        pair.label,
        "",
        "",
        pair.source.file,
        pair.target.file,
        pair.source.sha256,
        pair.target.sha256,
        pair.label,
        pair.hashes,
        measures=measures,
    )


def _scenes(entries: Iterable[Entry]) -> list[list[str]]:
    """The labels of each scene, in order: entries that share a file, or whose sources or targets look alike."""
    every = sorted(entries, key=lambda entry: entry.label)
    home = list(range(len(every)))

    def root(position: int) -> int:
        while home[position] != position:
            home[position] = home[home[position]]
            position = home[position]
        return position

    owners: dict[str, int] = {}
    joined = [
        found for side in (0, 1) for found in alike([entry.hashes[side] for entry in every], ALIKE_BITS)
    ]
    for position, entry in enumerate(every):
        joined.extend((owners.setdefault(content, position), position) for content in entry.contents)
    for one, other in joined:
        first, second = sorted((root(one), root(other)))
        home[second] = first
    scenes: dict[int, list[str]] = defaultdict(list)
    for position, entry in enumerate(every):
        scenes[root(position)].append(entry.label)
    return list(scenes.values())


def _follow(entries: dict[str, Entry], scene: list[str]) -> None:
    """New pairs of a scene that has a set already: into train with it, or out, since no other set ever changes."""
    fixed = [entries[label] for label in scene if entries[label].set not in ("", LEFT_OUT)]
    if not fixed:
        return
    held_out = [entry for entry in fixed if entry.set in HELD_OUT]
    for label in scene:
        if entries[label].set:
            continue
        if held_out:
            why = f"shows the same as {held_out[0].label}, which is in {held_out[0].set}"
            entries[label] = replace(entries[label], set=LEFT_OUT, reason=why)
        else:
            why = f"shows the same as {fixed[0].label}, which is in train"
            entries[label] = replace(entries[label], set=TRAIN, reason=why)


def _divide(
    entries: dict[str, Entry], scenes: list[list[str]], wishes: Wishes, colours: Mapping[str, Colours]
) -> None:
    """Gives every new scene its set."""
    for scene in scenes:
        _leave_out_copies(entries, scene)
    scenes = [[label for label in scene if not entries[label].set] for scene in scenes]
    count = sum(map(len, scenes))
    if not count:
        return
    if len(scenes) < FEWEST:
        raise FilmRecoveryError(
            f"{count} new pairs show {len(scenes)} scenes, too few to divide: what is held out must not be learnt.",
            remedy="add pairs of other scenes; with fewer, train on all of them",
        )
    usual = sizes_for(count)
    sizes = Sizes(
        usual.val_colour if wishes.val_colour is None else wishes.val_colour,
        usual.test if wishes.test is None else wishes.test,
    )
    if sizes.val_colour + sizes.test >= count:
        raise UsageError(
            f"{sizes.val_colour} for val_colour and {sizes.test} for test leave nothing of {count} pairs to train on.",
            remedy="ask for fewer",
        )
    order = {id(scene): _chance(wishes.seed, [entries[label] for label in scene]) for scene in scenes}
    free = sorted(scenes, key=lambda scene: order[id(scene)])
    named = [scene for scene in free if wishes.failures.intersection(scene)]
    for scene in named:
        _place(entries, scene, "val_colour", "on the list of failures, or shows the same as one")
    free = [scene for scene in free if scene not in named]
    taken = _stress(entries, free, colours, sizes.val_colour)
    free = [scene for scene in free if scene not in taken]
    room = sizes.test
    for scene in free:
        if len(scene) <= room and room:
            _place(entries, scene, "test", f"chance, seed {wishes.seed}")
            room -= len(scene)
        else:
            _place(entries, scene, TRAIN, "the rest")


def _stress(
    entries: dict[str, Entry], scenes: list[list[str]], colours: Mapping[str, Colours], places: int
) -> list[list[str]]:
    """Fills the stress set from its rankings, in turns by their shares; gives the scenes that were taken."""
    value = {
        name: {id(scene): max(getattr(colours[label], name) for label in scene) for scene in scenes}
        for name in MEASURES
    }
    every_second = {name: _by(value[name], scenes)[::2] for name in MEASURES}
    turns = [name for name, (_, share) in MEASURES.items() for _ in range(share)]
    taken: list[list[str]] = []
    turn = 0
    while places > 0 and any(every_second.values()):
        name = turns[turn % len(turns)]
        turn += 1
        ranking = every_second[name]
        while ranking:
            scene = ranking.pop(0)
            if scene not in taken and len(scene) <= places:
                figure = value[name][id(scene)]
                shown = f"{figure:.2f}" if name in ("contrast", "mixed_light") else f"{figure:.0%}"
                _place(entries, scene, "val_colour", f"{name}: {shown} {MEASURES[name][0]}")
                taken.append(scene)
                places -= len(scene)
                break
    return taken


def _by(value: Mapping[int, float], scenes: list[list[str]]) -> list[list[str]]:
    """Largest first; equals stay in the order of chance."""
    return sorted(scenes, key=lambda scene: -value[id(scene)])


def _leave_out_copies(entries: dict[str, Entry], scene: list[str]) -> None:
    """Of pairs that are equal on both sides the first stays."""
    first: dict[tuple[str, str], str] = {}
    for label in scene:
        entry = entries[label]
        same = first.setdefault((entry.source_sha256, entry.target_sha256), label)
        if same != label:
            entries[label] = replace(entry, set=LEFT_OUT, reason=f"the same files as {same}")


def _place(entries: dict[str, Entry], scene: list[str], set: str, reason: str) -> None:
    for label in scene:
        entries[label] = replace(entries[label], set=set, reason=reason)


def _chance(seed: int, scene: list[Entry]) -> str:
    """An order that depends on the seed and on what is in the files, not on their names."""
    contents = "".join(sorted(content for entry in scene for content in entry.contents))
    return hashlib.sha256(f"{seed}:{contents}".encode()).hexdigest()


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _refused(problem: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"{problem}.", remedy="sets that exist never change; make a new manifest if that is really meant"
    )
