"""``curate`` and ``pairs`` on a small film of free photographs: what they choose, make, change and record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import demo, ledger, nk, project
from film_recovery.cli import curate as command
from film_recovery.cli import pairs
from film_recovery.cli.curate import Wanted
from film_recovery.cli.report import Report, events_to
from film_recovery.curation import table
from film_recovery.demo.degrade import Damage, damaged
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.project import Alignment, Draft, Element, PairOf

PHOTOGRAPHS = Path(demo.__file__).parent / "photographs"
SHOTS = (("astronaut.png", 18), ("coffee.png", 12))
SIZE = (240, 160)
OFFSET = 5
FLASH = 1009


def filmed(name: str, place: float) -> np.ndarray:
    """A camera that pans over a photograph."""
    picture = cv2.imread(str(PHOTOGRAPHS / name))[..., ::-1].astype(np.float32) / 255
    left, top = (room * place * 0.5 for room in (picture.shape[1] - SIZE[0], picture.shape[0] - SIZE[1]))
    matrix = np.array([[1, 0, left], [0, 1, top]], np.float64)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.clip(cv2.warpAffine(picture, matrix, SIZE, flags=flags), 0, 1).astype(np.float32)


def write(folder: Path, frame: int, picture: np.ndarray) -> None:
    path = folder / f"{folder.name}.{frame:04d}.png"
    eight_bit = Frame.from_array(np.clip(picture, 0, 1), top_down=True)
    write_frame(eight_bit, path, datatype="uint8", create_directories=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source: blurred, with grain and one flash, frames from 1001. Reference: clean, five frames later."""
    root = tmp_path_factory.mktemp("film")
    frame = 1001
    for name, length in SHOTS:
        for step in range(length):
            clean = filmed(name, step / (length - 1))
            source = damaged(clean, Damage(blur=1.1, grain=0.015), frame, 1)
            write(root / "source", frame, 0.4 + 0.6 * source if frame == FLASH else source)
            write(root / "reference", frame + OFFSET, clean)
            frame += 1
    return root


def pattern(film: Path, element: str) -> str:
    return str(film / element / f"{element}.####.png")


@pytest.fixture
def folder(film: Path, tmp_path: Path) -> Path:
    """A project of the film, with one pair of the operator's, aligned by hand."""
    source = Element(pattern(film, "source"), 1001, 1030, *SIZE)
    reference = Element(pattern(film, "reference"), 1001 + OFFSET, 1030 + OFFSET, *SIZE)
    draft = Draft(
        film="A Trip",
        recipe="spatial-gauge",
        elements={"source": source, "reference": reference},
        pairs=(PairOf(1004, 1009, "the face", "s1"), PairOf(1021, 1026, "the cup", "s2")),
        hold_out=(PairOf(1012, 1017, "between", "s1"),),
        alignment=Alignment(((1.0, 2.0), (3.0, 4.0)), None, ((5.0, 6.0),)),
    )
    project.create(tmp_path / "project", draft)
    return tmp_path / "project"


def said(work: object) -> tuple[int, dict]:
    """Exit code and result of a command, as JSON."""
    heard: list[dict] = []
    token = events_to.set(heard.append)
    try:
        with Report(as_json=True) as report:
            code = work(report)  # type: ignore[operator]
    finally:
        events_to.reset(token)
    return code, next(one for one in heard if one["event"] == "result")


@pytest.fixture(scope="module")
def curated(film: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict, Path]:
    out = tmp_path_factory.mktemp("curated")
    given = (
        None,
        pattern(film, "source"),
        pattern(film, "reference"),
        Wanted(out=out, recipe="spatial", count=8),
    )
    code, result = said(lambda report: command.curate(report, *given))
    return code, result, out


def test_two_sequences_are_curated(curated: tuple[int, dict, Path]) -> None:
    code, result, _ = curated
    assert code == EXIT_DONE and result["better"] is True, result["reference"]
    assert result["shots"] == 2 and result["applied"] is False
    assert len(result["pairs"]) == 8 and len(result["hold_out"]) == 2
    chosen = [one["source"] for one in result["pairs"]]
    for one in (*result["pairs"], *result["hold_out"]):
        assert one["reference"] == one["source"] + OFFSET and one["reason"]
    assert (
        [one["shot"] for one in result["pairs"]].count(1)
        > [one["shot"] for one in result["pairs"]].count(2)
        > 0
    )
    assert FLASH not in chosen and FLASH in [one["frame"] for one in result["excluded"]]
    assert not {one["source"] for one in result["hold_out"]} & set(chosen)


def test_what_is_made_can_be_read(curated: tuple[int, dict, Path]) -> None:
    _, result, out = curated
    rows = table.read(out / "pairs.csv")
    assert [row.source_frame for row in rows if row.set == "training"] == [
        one["source"] for one in result["pairs"]
    ]
    assert len({row.source_sha256 for row in rows}) == len(rows) == 10
    sheet = cv2.imread(str(out / "contact_sheet.png"))
    assert sheet.shape[1] > 1500 and sheet.std() > 20
    plot = (out / "coverage.svg").read_text(encoding="utf-8")
    assert plot.startswith("<svg") and plot.count("<circle") >= 8 * 5
    blocks = nk.parse((out / "pair_stacks.nk").read_text(encoding="utf-8")).nodes
    assert [nk.decode(one.get("pairs").text) for one in blocks] == [
        " ".join(str(one[side]) for one in result["pairs"]) for side in ("source", "reference")
    ]


def test_a_reference_that_is_worse_fails(film: Path, tmp_path: Path) -> None:
    given = (pattern(film, "reference"), pattern(film, "source"), Wanted(out=tmp_path / "out", count=4))
    code, result = said(lambda report: command.curate(report, None, *given))
    assert code == EXIT_CHECK_FAILED and result["better"] is False and "resolves less" in result["reference"]


def test_nothing_is_written_beside_an_element(film: Path) -> None:
    given = (None, pattern(film, "source"), pattern(film, "reference"))
    with pytest.raises(FilmRecoveryError, match="never written to"):
        said(lambda report: command.curate(report, *given, Wanted(out=film / "source" / "here")))
    with pytest.raises(UsageError, match="need a folder"):
        said(lambda report: command.curate(report, *given, Wanted()))


def test_apply_keeps_the_operators_pairs_and_changes_nothing_before(folder: Path) -> None:
    before = (folder / "project.yaml").read_text(encoding="utf-8")
    wanted = Wanted(count=5)
    _, result = said(lambda report: command.curate(report, folder, None, None, wanted))
    assert (folder / "project.yaml").read_text(encoding="utf-8") == before
    wanted = Wanted(count=5, apply=True, by="Ada")
    code, again = said(lambda report: command.curate(report, folder, None, None, wanted))
    assert code == EXIT_DONE and again["pairs"] == result["pairs"] and again["applied"] is True
    loaded = project.load(folder)
    assert len(loaded.pairs) == 5 == len(loaded.alignment.translate)
    flagged = {pair.flags for pair in (*loaded.pairs, *loaded.hold_out)}
    assert all("grain mismatch" in flags[-1] for flags in flagged)
    kept = {
        pair.source: (replace(pair, flags=()), shift)
        for pair, shift in zip(loaded.pairs, loaded.alignment.translate, strict=True)
    }
    assert kept[1004] == (PairOf(1004, 1009, "the face", "s1"), (1.0, 2.0))
    assert kept[1021] == (PairOf(1021, 1026, "the cup", "s2"), (3.0, 4.0))
    assert [replace(pair, flags=()) for pair in loaded.hold_out] == [PairOf(1012, 1017, "between", "s1")]
    assert loaded.alignment.hold_out == ((5.0, 6.0),)
    assert all(pair.reason for pair in loaded.pairs)
    record = ledger.read(folder).records[-1]
    assert record.kind == "pairs" and record.by == "Ada" and ledger.verify(folder) == ()
    assert (folder / "project.backup-1.yaml").read_text(encoding="utf-8") == before
    assert (folder / "pipeline" / "01_dataset_curation" / "pairs.csv").is_file()


def test_a_pair_is_added_with_its_neighbours_shift_and_says_so(folder: Path) -> None:
    code, result = said(lambda report: pairs.add(report, folder, "1007", reason="the hand", by="Ada"))
    loaded = project.load(folder)
    assert code == EXIT_DONE and result["pairs"] == 3
    assert [(pair.source, pair.reference) for pair in loaded.pairs] == [
        (1004, 1009),
        (1007, 1012),
        (1021, 1026),
    ]
    assert loaded.alignment.translate == ((1.0, 2.0), (1.0, 2.0), (3.0, 4.0))
    assert any("frame 1004, 1 and 2 pixels" in note for note in result["notes"])
    record = ledger.read(folder).records[-1]
    assert (record.kind, record.by, record.data["reason"]) == ("pairs", "Ada", "the hand")
    said(lambda report: pairs.add(report, folder, "1010:1014"))
    assert project.load(folder).pairs[2] == PairOf(1010, 1014)


def test_a_pair_becomes_a_hold_out_with_its_own_shift_and_leaves_again(folder: Path) -> None:
    said(lambda report: pairs.holdout(report, folder, "1021"))
    loaded = project.load(folder)
    assert [pair.source for pair in loaded.pairs] == [1004]
    assert loaded.hold_out == (PairOf(1012, 1017, "between", "s1"), PairOf(1021, 1026, "the cup", "s2"))
    assert loaded.alignment == Alignment(((1.0, 2.0),), None, ((5.0, 6.0), (3.0, 4.0)))
    said(lambda report: pairs.remove(report, folder, "1012"))
    loaded = project.load(folder)
    assert [pair.source for pair in loaded.hold_out] == [1021]
    assert loaded.alignment.hold_out == ((3.0, 4.0),)
    assert [record.kind for record in ledger.read(folder).records][-2:] == ["pairs", "pairs"]


def test_without_an_alignment_none_is_made_up(folder: Path) -> None:
    project.update(folder, {"alignment.translate": [], "alignment.hold_out": []})
    said(lambda report: pairs.add(report, folder, "1007"))
    assert project.load(folder).alignment == Alignment()


@pytest.mark.parametrize(
    ("work", "frames", "match"),
    [
        (pairs.add, "1004", "a pair already"),
        (pairs.holdout, "1012", "a hold-out already"),
        (pairs.add, "990", "outside the Source"),
        (pairs.add, "1007:2000", "outside the Reference"),
        (pairs.add, "ten", "is no pair"),
        (pairs.remove, "1007", "no pair and no hold-out"),
        (pairs.remove, "1004:1010", "no pair and no hold-out"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    folder: Path, work: object, frames: str, match: str
) -> None:
    before = (folder / "project.yaml").read_text(encoding="utf-8"), len(ledger.read(folder).records)
    with pytest.raises(UsageError, match=match):
        said(lambda report: work(report, folder, frames))  # type: ignore[operator]
    assert ((folder / "project.yaml").read_text(encoding="utf-8"), len(ledger.read(folder).records)) == before


def test_flags_travel_with_their_pairs_into_the_table(folder: Path) -> None:
    said(lambda report: command.curate(report, folder, None, None, Wanted(apply=True, by="Ada")))
    loaded = project.load(folder)
    rows = {
        row.source_frame: row.flags for row in table.read(folder / "pipeline/01_dataset_curation/pairs.csv")
    }
    assert {pair.source: "; ".join(pair.flags) for pair in (*loaded.pairs, *loaded.hold_out)} == rows
    assert {
        row.source_frame: row.flags for row in table.rows_of(loaded)
    } == rows  # also when run writes it again


def test_pairs_that_were_changed_meanwhile_are_not_written_over(folder: Path) -> None:
    loaded = project.load(folder)
    project.update(folder, {"pairs": list(loaded.pairs[:-1])})
    before = (folder / "project.yaml").read_bytes()
    with Report(as_json=True) as report, pytest.raises(UsageError, match="changed while these were chosen"):
        command._apply(report, loaded, None, Wanted(), lambda frame: ())
    assert (folder / "project.yaml").read_bytes() == before


def test_more_is_the_next_step_of_the_escalation_beside_the_operators_pairs(folder: Path) -> None:
    assert len(project.load(folder).pairs) == 2
    _, result = said(lambda report: command.curate(report, folder, None, None, Wanted(more=True)))
    assert len(result["pairs"]) == 4 and {1004, 1021} < {one["source"] for one in result["pairs"]}
