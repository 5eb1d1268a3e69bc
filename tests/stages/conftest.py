"""A small project on disk: two elements of the same moments, scanned elsewhere, and everything that follows."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from film_recovery import engine, graph, ledger, nk, project, recipes, rendering, stages
from film_recovery.checks import Outcome
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB, Frame
from film_recovery.imaging.luma import luma
from film_recovery.imaging.writing import AP0_CHROMATICITIES
from film_recovery.learning import export
from film_recovery.learning.trainer import pair_hashes
from film_recovery.project import Alignment, Draft, Element, PairOf, Project, Training
from film_recovery.stages.conditions import trained_under
from film_recovery.stages.outliers import look
from film_recovery.stages.run import Ran, run
from film_recovery.stages.view import View

PHOTOGRAPHS = Path(graph.__file__).parents[1] / "demo" / "photographs"
SIZE = (128, 96)
LIVE_AREA = (4, 6, 120, 90)


@dataclass
class Place:
    """A project on disk and what can be done to it. ``draft`` is what it was made from."""

    root: Path
    draft: Draft

    @property
    def folder(self) -> Path:
        return self.root / "project"

    @property
    def project(self) -> Project:
        return project.load(self.folder)

    @property
    def script(self) -> Path:
        return project.paths(self.project).script

    @property
    def model(self) -> Path:
        return project.paths(self.project).model

    def file(self, element: str, frame: int) -> Path:
        return self.root / "film" / element / f"{element}.{frame:04d}.exr"

    def make(self, **changes: object) -> Place:
        """The project anew, with ``changes`` of its draft, and its script."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.draft = replace(self.draft, **changes)
        project.create(self.folder, self.draft)
        if self.draft.pairs and self.draft.hold_out:
            stages.build_script(self.project)
        return self

    def write(self, element: str, frame: int, pixels: np.ndarray, **more: object) -> None:
        """Puts another picture (top row first) into a frame of an element."""
        write_element(self.file(element, frame), pixels, **more)

    def picture(self, element: str, frame: int) -> np.ndarray:
        return picture(frame, self.draft.recipe, element)

    def change_element(self, name: str, **changes: object) -> Place:
        elements = dict(self.draft.elements)
        elements[name] = replace(elements[name], **changes)
        return self.make(elements=elements)

    def knob(self, node: str, knob: str, word: str) -> Place:
        """Sets a knob in the script to ``word``, already quoted."""
        script = nk.load(self.script)
        script.node(node).set(knob, word)
        nk.save(script, self.script)
        return self

    def insert(self, text: str, after: str) -> Place:
        """Puts ``text`` (nodes with one input) between the top-level node ``after`` and all that it feeds."""
        script = self.script.read_text(encoding="utf-8")
        block = script.index(f" name {after}\n")
        match = re.compile(r"set N[0-9a-f]{8} ").search(script, block)
        assert match is not None
        self.script.write_text(script[: match.start()] + text + script[match.start() :], encoding="utf-8")
        return self

    def save_model(self, **card: object) -> Place:
        """An identity model of this film, and its sidecar."""
        training = self.draft.training
        given = {"recipe": self.kind, "film": self.draft.film, "reel": self.draft.reel}
        given |= {"preset": training.size, "patch": training.patch}
        view = View(self.project)
        if "conditions" not in card:
            given["conditions"] = {**trained_under(view), "tile": "any"}
        if "pair_hashes" not in card:
            given["pair_hashes"] = pair_hashes(CopyCatPairs(view.evaluator, view.copycat.node))
        given.update(card)
        given = {"kind": "Identity", "curve": "none", **given}
        export.save_model(Identity(), self.model, export.ModelCard(**given))
        return self

    @property
    def kind(self) -> str:
        return "colour" if self.draft.recipe.startswith("colour") else "spatial"

    def save_model_of(self, **conditions: object) -> Place:
        """As :meth:`save_model`, of a training under other ``conditions``."""
        return self.save_model(conditions={**trained_under(View(self.project)), "tile": "any", **conditions})

    def render(self, frames: tuple[int, ...] = tuple(range(1, 9))) -> Place:
        evaluator = Evaluator(nk.load(self.script))
        models = engine.model_hashes(evaluator, "Write_Recovered")
        rendering.render(evaluator, "Write_Recovered", frames, job=models)
        return self

    def trained(self, better: str = "network", steps: int = 80_000, **figures: float) -> Place:
        """The ledger's record of a training, with ``figures`` of both contenders on held-out frames."""
        found = {f"{who} psnr": 30.0 for who in ("input", "closed_form", "network")}
        found.update({name.replace("_of_", " "): value for name, value in figures.items()})
        data = {"stage": 3, "settings": {"steps": steps}, "figures": found, "better": better}
        ledger.append(self.folder, "stage", data, by="Ada")
        return self

    def finish(self) -> Place:
        """Model, render, note, and every signature."""
        self.trained()
        self.save_model().render()
        look(View(self.project), lambda what, done, total: None)
        note = project.paths(self.project).validation / "validation_note.md"
        note.write_text("Print against internegative.\n", encoding="utf-8")
        for check in recipes.load(self.draft.recipe).checks:
            if check.manual:
                ledger.append(self.folder, "sign", {"check": check.id, "note": "looked at"}, by="Ada")
        return self

    def masters(self, change: Callable[[int, np.ndarray, np.ndarray], np.ndarray]) -> Place:
        """Puts ``change`` (frame, Source, Ground Truth → picture; graph values, bottom row first) in place of each
        written frame, as a master."""
        view = View(self.project)
        root, sequence = view.evaluator.root, view.output.sequence
        for frame in view.written:
            area = view.live_area(frame)
            source, reference = (
                view.evaluator.frame(name, frame).rgb(area) for name in ("Read_Source", "Read_Reference")
            )
            apart = reference - source
            of_luma = np.repeat(luma(apart)[..., None], 3, axis=2)
            truth = source + (of_luma if self.kind == "spatial" else apart - of_luma)
            values = root.config.convert(change(frame, source, truth), root.working_space, view.output.holds)
            old = read_frame(sequence.path(frame))
            write_frame(
                Frame(values, RGB, old.format, area),
                sequence.path(frame),
                datatype="half",
                chromaticities=AP0_CHROMATICITIES,
            )
        return self

    def outcome(self, id: str) -> Outcome:
        (report,) = stages.check(self.project, ids=[id])
        (outcome,) = report.outcomes
        return outcome


class Identity(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@cache
def photograph() -> np.ndarray:
    """With texture everywhere: pictures this small have too little of their own to measure an alignment by."""
    whole = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[..., ::-1].astype(np.float32) / 255
    noise = np.random.default_rng(6).normal(size=whole.shape[:2]).astype(np.float32)
    texture = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(0.15 + 0.7 * whole + 0.1 * (texture / texture.std())[..., None], 0, 1)


def picture(number: int, recipe: str, element: str) -> np.ndarray:
    row, column = 20 + 4 * number, 40 + 9 * number
    clean = 0.1 + 0.8 * photograph()[row : row + SIZE[1], column : column + SIZE[0]]
    if element == "reference":
        return clean
    if recipe.startswith("colour"):
        return faded(clean)
    return cv2.GaussianBlur(clean, (0, 0), 1.2)


def write_element(path: Path, pixels: np.ndarray, **more: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(Frame.from_array(pixels, top_down=True, **more), path, datatype="half")


def make_place(root: Path, recipe: str) -> Place:
    for element in ("source", "reference"):
        for number in range(1, 9):
            path = root / "film" / element / f"{element}.{number:04d}.exr"
            write_element(path, picture(number, recipe, element))
    words = {
        name: name for name in ("title", "gauge", "generation", "type", "quality", "holder", "provenance")
    }
    elements = {
        name: Element(
            str(root / "film" / name / f"{name}.####.exr"),
            1,
            8,
            *SIZE,
            authorisation="by the archive",
            **words,
        )
        for name in ("source", "reference")
    }
    draft = Draft(
        film="A Trip",
        recipe=recipe,
        elements=elements,
        reel="2",
        shot="s010",
        pairs=tuple(PairOf(n, n, "skin and sky") for n in (1, 3, 5, 7)),
        hold_out=(PairOf(4, 4, "between"),),
        alignment=Alignment(live_area=LIVE_AREA),
        training=Training(patch=64, steps=80_000),
        reasoning="The internegative kept the detail.",
    )
    return Place(root, draft).make()


@pytest.fixture(scope="session")
def new_place() -> Callable[[Path, str], Place]:
    """Makes a sound project of a recipe in a folder."""
    return make_place


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Place]:
    """Makes a sound project of a recipe."""
    return lambda recipe: make_place(tmp_path, recipe)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path, "spatial-gauge")


@pytest.fixture
def colour_place(tmp_path: Path) -> Place:
    return make_place(tmp_path, "colour-reference")


@pytest.fixture
def to_train(colour_place: Place) -> Place:
    """A colour project whose network takes three steps."""
    training = Training(size="small", patch=16, batch=1, steps=3)
    return colour_place.make(training=training, tolerances=untrained("colour-reference"))


@pytest.fixture(scope="session", autouse=True)
def day() -> Iterator[str]:
    """One day for all, so that what is rendered before midnight equals what is rendered after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1769860800")
        yield "2026-01-31"


# A longer film

LONG = range(1, 161)
LONG_SIZE = (64, 48)
DARK, BRIGHT, FAST = 30, 70, 110


def shown(number: int) -> np.ndarray:
    """A slow pan: from FAST on, elsewhere; one frame dark, one bright."""
    row, column = 20 + number // 4, 40 + number // 2 + (200 if number >= FAST else 0)
    picture = 0.1 + 0.8 * photograph()[row : row + LONG_SIZE[1], column : column + LONG_SIZE[0]]
    return picture * {DARK: 0.15}.get(number, 1.0) + {BRIGHT: 0.2}.get(number, 0.0)


@pytest.fixture(scope="session")
def _scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scans are only read: one set for all tests."""
    return write_long(tmp_path_factory.mktemp("long"))


def write_long(root: Path) -> Path:
    """The elements of the longer film."""
    for element in ("source", "reference"):
        for number in LONG:
            write_element(root / element / f"{element}.{number:04d}.exr", shown(number))
    return root


@pytest.fixture
def long(_scans: Path, tmp_path: Path) -> Place:
    """A film of 160 small frames with a model, ready to render."""
    return make_long(tmp_path, _scans)


def make_long(root: Path, scans: Path) -> Place:
    """The project of the longer film, whose elements lie in ``scans``."""
    elements = {
        name: Element(str(scans / name / f"{name}.####.exr"), LONG[0], LONG[-1], *LONG_SIZE)
        for name in ("source", "reference")
    }
    draft = Draft(
        film="A Trip",
        recipe="spatial-gauge",
        elements=elements,
        shot="s010",
        pairs=tuple(PairOf(n, n, "spread") for n in (10, 50, 90, 130)),
        hold_out=(PairOf(60, 60),),
        alignment=Alignment(live_area=(2, 2, 62, 46)),
        training=Training(patch=32),
    )
    return Place(root, draft).make().save_model()


# Recoveries of several steps

FRAMES = range(1, 9)


@dataclass
class Heard:
    """A listener that keeps what it hears; ``stop_at`` is called with each progress."""

    outcomes: list[Outcome] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    stop_at: Callable[[str], None] = lambda what: None

    def progress(self, what: str, done: int, total: int, **more: object) -> None:
        self.told.append(what)
        self.stop_at(what)

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@dataclass
class Chain:
    """A project with one step, both described and signed. ``heard`` and ``ran``: of the last run."""

    folder: Path
    name: str
    heard: Heard = field(default_factory=Heard)
    ran: Ran | None = None

    @property
    def step(self) -> Path:
        return self.folder / "steps" / self.name

    @property
    def projects(self) -> tuple[project.Project, project.Project]:
        return project.load(self.folder), project.load(self.step)

    def run(self, stop_at: Callable[[str], None] = lambda what: None, folder: Path | None = None) -> Ran:
        """Takes the chain through, or the project in ``folder``; ``heard`` is then what was told."""
        self.heard = Heard(stop_at=stop_at)
        self.ran = run(folder or self.folder, self.heard, by="Ada")
        return self.ran

    def sign(self, folder: Path) -> None:
        signed(folder)

    def frames(self, folder: Path) -> dict[str, str]:
        found = (folder / "pipeline" / "04_inference_render").glob("*.exr")
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(found)}

    def outcome(self, folder: Path, id: str) -> Outcome:
        (report,) = stages.check(project.load(folder), ids=[id])
        return report.outcomes[0]


def scanned(root: Path, name: str, change: Callable[[np.ndarray], np.ndarray], base: str) -> Element:
    for number in FRAMES:
        path = root / "film" / name / f"{name}.{number:04d}.exr"
        write_element(path, change(picture(number, "spatial-gauge", base)))
    words = {
        word: word for word in ("title", "gauge", "generation", "type", "quality", "holder", "provenance")
    }
    pattern = str(root / "film" / name / f"{name}.####.exr")
    return Element(pattern, FRAMES[0], FRAMES[-1], *SIZE, authorisation=f"{name}, by letter", **words)


def faded(pixels: np.ndarray) -> np.ndarray:
    """With a cast, and four fifths of its colour."""
    cast = pixels ** np.array([0.8, 0.95, 0.9], np.float32)
    grey = cast.mean(axis=2, keepdims=True)
    return np.asarray(grey + np.float32(0.8) * (cast - grey), np.float32)


# What a network of a few steps does not reach on pictures this small.
UNTRAINED = {
    "validation.hue": {"mean": 180.0, "p95": 180.0},
    "validation.sharper": {"detail": 0.5, "edge": 2.0},
    "validation.no_halos": {"halo": 1.0, "detail": 10.0},
}


def untrained(recipe: str) -> dict[str, dict[str, float]]:
    """Tolerances under which a training of a few steps is good enough."""
    known = {check.id for check in recipes.load(recipe).checks}
    return {check: wide for check, wide in UNTRAINED.items() if check in known}


def described(draft: Draft, steps: int) -> Draft:
    return replace(
        draft,
        pairs=tuple(PairOf(n, n, "skin and sky") for n in (1, 3, 5, 7)),
        hold_out=(PairOf(4, 4, "between"),),
        alignment=Alignment(live_area=LIVE_AREA),
        training=Training(size="small", patch=16, batch=2, steps=steps),
        tolerances=untrained(draft.recipe),
        reasoning="The internegative kept the detail.",
    )


def signed(folder: Path, but: str = "") -> None:
    """Every manual check, ``but`` one."""
    for check in recipes.load(project.load(folder).recipe).checks:
        if check.manual and check.id != but:
            ledger.append(folder, "sign", {"check": check.id, "note": "looked at"}, by="Ada")
    note = project.paths(project.load(folder)).validation / "validation_note.md"
    note.write_text("Seen.\n", encoding="utf-8")


def make_chain(root: Path, recipe: str, *, steps: int = 0, with_step: bool = True) -> Chain:
    """``steps``: of the step's network; the first project takes the closed form."""
    (step,) = recipes.load(recipe).steps
    # A telecine is softer than the print, which has to be raised to it; any other Reference is finer.
    soft, fine = ("reference", "source") if step.gives else ("source", "reference")
    elements = {
        soft: scanned(root, soft, faded, "source"),
        fine: scanned(root, fine, faded, "reference"),
    }
    draft = Draft(film="A Trip", recipe=recipe, elements=elements, reel="2", shot="s010")
    own = scanned(root, "colour", lambda pixels: pixels, "source") if recipe == "combined" else None
    folder = root / "film_project"
    other = project.step_draft(draft, folder, step, own)
    if step.gives:
        draft = replace(draft, elements={**elements, step.gives: project.master(f"steps/{step.name}")})
    given = {step.name: described(other, steps)} if with_step else {}
    project.create(folder, described(draft, 0), given)
    made = Chain(folder, step.name)
    for place in (folder, made.step) if with_step else (folder,):
        signed(place)
    return made


@pytest.fixture
def chain_of(tmp_path: Path) -> Callable[..., Chain]:
    """Makes a recovery of several steps, in ``under``."""
    return lambda recipe, under="", **how: make_chain(tmp_path / under, recipe, **how)


@dataclass
class Whole(Chain):
    """A chain that has been taken through in one go. ``holders``: who held its step, at each progress."""

    holders: list[project.lock.Holder | None] = field(default_factory=list)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A combined recovery, taken through once for all tests: nobody may change it."""
    described = make_chain(tmp_path_factory.mktemp("finished"), "combined")
    made = Whole(described.folder, described.name)
    made.run(lambda what: made.holders.append(project.lock.holder(made.step)))
    return made


@pytest.fixture
def finished(whole: Whole, tmp_path: Path) -> Chain:
    """A copy of a combined recovery that has been taken through."""
    shutil.copytree(whole.folder, tmp_path / "film_project")
    return Chain(tmp_path / "film_project", whole.name)
