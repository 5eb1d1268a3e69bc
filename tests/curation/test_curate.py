"""``curate`` and ``pairs`` on a small film of free photographs: what they choose, make, change and record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import demo, ledger, nk, project
from film_recovery.cli import curate as command
from film_recovery.cli import pairs
from film_recovery.cli.curate_output import Decided, applied, corrections, written
from film_recovery.cli.curate_task import Task, Wanted, task_of
from film_recovery.cli.report import Report, events_to
from film_recovery.curation import table
from film_recovery.curation.choosing import Choice, Chosen
from film_recovery.curation.coverage import Shown
from film_recovery.curation.families import FAMILIES
from film_recovery.curation.reference import SPATIAL, Verdict
from film_recovery.demo.degrade import Damage, damaged
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.footage.clip import open_clip
from film_recovery.footage.correspondence import Match, Run
from film_recovery.footage.faults import BANDS, BLOCKS, Fault
from film_recovery.footage.faults import FLASH as FLASHED
from film_recovery.footage.neighbours import confirmed
from film_recovery.footage.offset import match
from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.project import Alignment, Draft, Element, PairOf

PHOTOGRAPHS = Path(demo.__file__).parent / "photographs"
SHOTS = (("astronaut.png", 18), ("coffee.png", 12))
SIZE = (240, 160)
OFFSET = 5
FLASH = 1009
MAST = "parallax: the mast"


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
        pairs=(PairOf(1004, 1009, "the face", "s1", flags=(MAST,)), PairOf(1021, 1026, "the cup", "s2")),
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
    assert any("2 shots, which is a scene, 12 to 24 pairs, not a shot" in note for note in result["notes"])
    wanted = Wanted(count=5, scope="scene", apply=True, by="Ada")
    code, again = said(lambda report: command.curate(report, folder, None, None, wanted))
    assert code == EXIT_DONE and again["pairs"] == result["pairs"] and again["applied"] is True
    loaded = project.load(folder)
    assert loaded.scope == "scene" and not any("which is a" in note for note in again["notes"])
    assert len(loaded.pairs) == 5 == len(loaded.alignment.translate)
    for pair in (*loaded.pairs, *loaded.hold_out):  # what curate measured, and what the operator saw
        assert set(again["flags"]) <= set(pair.flags) and (MAST in pair.flags) == (pair.source == 1004)
    kept = {
        pair.source: (replace(pair, flags=(), stands_for=0), shift)
        for pair, shift in zip(loaded.pairs, loaded.alignment.translate, strict=True)
    }
    assert json.loads((folder / "pipeline/01_dataset_curation/curation.json").read_text())["corrected"] == []
    assert kept[1004] == (PairOf(1004, 1009, "the face", "s1"), (1.0, 2.0))
    assert kept[1021] == (PairOf(1021, 1026, "the cup", "s2"), (3.0, 4.0))
    assert [replace(pair, flags=()) for pair in loaded.hold_out] == [PairOf(1012, 1017, "between", "s1")]
    assert loaded.alignment.hold_out == ((5.0, 6.0),)
    assert all(pair.reason for pair in loaded.pairs)
    stands_for = [pair["stands_for"] for pair in again["pairs"]]
    assert [pair.stands_for for pair in loaded.pairs] == stands_for and min(stands_for) > 0
    record = ledger.read(folder).records[-1]
    assert record.kind == "pairs" and record.by == "Ada" and ledger.verify(folder) == ()
    assert (folder / "project.backup-1.yaml").read_text(encoding="utf-8") == before
    assert (folder / "pipeline" / "01_dataset_curation" / "pairs.csv").is_file()


def test_a_part_leaves_what_pairs_outside_of_it_stand_for(folder: Path) -> None:
    said(lambda report: command.curate(report, folder, None, None, Wanted(count=4, apply=True, by="Ada")))
    before = {pair.source: pair.stands_for for pair in project.load(folder).pairs}
    outside = {frame for frame in before if frame >= 1019}
    assert outside and all(before.values())
    part = Wanted(frames="1001-1018", apply=True, by="Ada")
    said(lambda report: command.curate(report, folder, None, None, part))
    after = {pair.source: pair.stands_for for pair in project.load(folder).pairs}
    assert {frame: after[frame] for frame in outside} == {frame: before[frame] for frame in outside}
    inside = {frame: stands for frame, stands in after.items() if frame not in outside}
    assert all(inside.values()) and sum(inside.values()) <= 18


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


def test_a_flag_of_the_operators_stays_and_what_was_measured_is_made_anew(film: Path, folder: Path) -> None:
    measured = "Flash on the Source, frame 1004: 0.2 of encoded luma (limit 0.06)."
    said(lambda report: pairs.flag(report, folder, "1004", measured, by="Ada"))
    assert project.load(folder).pairs[0].flags == (MAST, measured)
    _, result = said(
        lambda report: pairs.flag(report, folder, "1012", "subtitle, kept for the sky", by="Ada")
    )
    assert result["what"] == "The flags of frame 1012: subtitle, kept for the sky."
    said(lambda report: command.curate(report, folder, None, None, Wanted(apply=True, by="Ada")))
    loaded = project.load(folder)
    first = next(pair for pair in loaded.pairs if pair.source == 1004)
    assert MAST in first.flags and measured not in first.flags
    assert "subtitle, kept for the sky" in loaded.hold_out[0].flags
    said(lambda report: pairs.flag(report, folder, "1004", "", clear=True))
    assert next(pair for pair in project.load(folder).pairs if pair.source == 1004).flags == ()
    for frames, text in (("1004", ""), ("1500", "blocks"), ("1004:1005", "blocks")):
        with pytest.raises(UsageError):
            said(lambda report, given=(frames, text): pairs.flag(report, folder, *given))


def test_what_larger_pictures_correct_is_said() -> None:
    def run(offset: int, *alike: int) -> Run:
        return Run(1001, 1030, offset, 0.9, 0.01, 0.99, alike)

    before = Match({}, (run(5), run(5, 4), run(5)), (), (), Placement())
    after = replace(before, runs=(run(4), run(5), run(5)))
    assert corrections(before, after) == (
        "Frames 1001–1030: offset +4, not +5; in larger pictures the neighbour shares more static structure.",
        "Frames 1001–1030: offset +5 is sure in larger pictures.",
    )


def test_pairs_that_were_changed_meanwhile_are_not_written_over(folder: Path) -> None:
    loaded = project.load(folder)
    project.update(folder, {"pairs": list(loaded.pairs[:-1])})
    before = (folder / "project.yaml").read_bytes()
    with Report(as_json=True) as report, pytest.raises(UsageError, match="changed while these were chosen"):
        applied(report, loaded, None, Wanted())
    assert (folder / "project.yaml").read_bytes() == before


def test_more_is_the_next_step_of_the_escalation_beside_the_operators_pairs(folder: Path) -> None:
    assert len(project.load(folder).pairs) == 2
    _, result = said(lambda report: command.curate(report, folder, None, None, Wanted(more=True)))
    assert len(result["pairs"]) == 4 and {1004, 1021} < {one["source"] for one in result["pairs"]}


def found(frames: dict[int, int | None], *runs: Run, unlike: tuple[int, ...] = ()) -> Match:
    return Match(frames, runs, (), unlike, Placement())


def decided(*pairs: PairOf, match: Match, faults: tuple[Fault, ...] = ()) -> Decided:
    """What was decided where ``pairs`` are the operator's, and stay."""
    chosen = tuple(
        Chosen(pair.source, pair.reference, 1, "the operator's own", 1, own=True) for pair in pairs
    )
    verdict = Verdict(True, "It resolves more.", ("halos: 4.3 % of an edge's height",), {})
    shown = tuple(
        Shown(frame, {family.name: 0.5 for family in FAMILIES}, (0.0,) * 36) for frame in match.frames
    )
    own = {pair.source: pair for pair in pairs}
    return Decided(
        "shot", ((1001, 1010),), match, (), {}, faults, shown, Choice(chosen, (), 1.0), (), verdict, own
    )


def test_pairs_outside_the_frames_that_were_asked_for_are_in_the_stacks(film: Path, tmp_path: Path) -> None:
    source = open_clip("Source", pattern(film, "source"), tuple(range(1005, 1011)))
    reference = open_clip("Reference", pattern(film, "reference"))
    task = Task(source, reference, SPATIAL, "", tmp_path, "A Trip", (), (), None)
    made = written(
        task, decided(PairOf(1002, 1007), PairOf(1007, 1012), PairOf(1021, 1026), match=found({1007: 1012}))
    )
    nodes = nk.parse(Path(made["pair_stacks.nk"]).read_text(encoding="utf-8")).nodes
    ranges = [tuple(int(one.get(name).text) for name in ("first", "last")) for one in nodes]
    assert ranges == [(1002, 1021), (1006, 1035)]


def test_a_pair_whose_faults_were_not_measured_keeps_them() -> None:
    def flash(frame: int) -> Fault:
        return Fault(frame, frame, "Source", FLASHED, 0.2, 0.06)

    before = {frame: replace(flash(frame), value=0.3).reason for frame in (1004, 1006, 1008, 1021)}
    pairs = [
        PairOf(frame, frame + (4 if frame == 1006 else OFFSET), flags=(MAST, reason))
        for frame, reason in before.items()
    ]
    # 1006 is paired with another frame, 1008 is unlike, 1021 was not looked at.
    match = found({1004: 1009, 1006: 1011, 1008: None}, unlike=(1008,))
    made = decided(*pairs, match=match, faults=(flash(1004), flash(1006)))
    (halos,) = made.verdict.flags
    assert made.flags(1004) == (flash(1004).reason, halos, MAST)
    for frame in (1006, 1008, 1021):
        assert made.flags(frame) == (halos, MAST, before[frame])


@pytest.mark.parametrize("text", ["1034:flahs", "1034", "x:flash", "--5:flash", "1034:"])
def test_what_cannot_be_allowed_is_refused_before_anything_is_read(
    film: Path, tmp_path: Path, text: str
) -> None:
    wanted = Wanted(out=tmp_path, allow=("1002:unlike", "1002:motion blur", text))
    given = (None, pattern(film, "source"), pattern(film, "reference"), wanted)
    with pytest.raises(UsageError, match=text) as error:
        said(lambda report: command.curate(report, *given))
    if text in ("1034:flahs", "1034:"):
        assert "flash" in str(error.value.remedy) and "unlike" in str(error.value.remedy)


def test_a_frame_that_the_source_has_not_cannot_be_allowed(film: Path, folder: Path, tmp_path: Path) -> None:
    sequences = (None, pattern(film, "source"), pattern(film, "reference"))
    for given, frames, text, there in (
        (sequences, None, "1034:flash", "1001-1030"),
        (sequences, "1005-1010", "1004:unlike", "1005-1010"),
        ((folder, None, None), None, "998:flash", "1001-1030"),
    ):
        wanted = Wanted(out=tmp_path, allow=("1009:flash", text), frames=frames)
        with pytest.raises(UsageError, match=f"--allow {text}: frame {text.split(':')[0]} is none") as error:
            said(lambda report, given=given, wanted=wanted: command.curate(report, *given, wanted))
        assert there in str(error.value.remedy)


def test_the_offset_is_held_against_larger_pictures(film: Path, curated: tuple[int, dict, Path]) -> None:
    recorded = json.loads((curated[2] / "curation.json").read_text(encoding="utf-8"))["offset"]
    source, reference = (open_clip("one", pattern(film, name)) for name in ("source", "reference"))
    known = signatures(source)
    thumbnails = match(known, signatures(reference))
    larger = confirmed(source, reference, known, thumbnails)
    margins, expected = ([run.margin for run in one.runs] for one in (thumbnails, larger))
    assert [run["margin"] for run in recorded["runs"]] == pytest.approx(expected, abs=1e-4)
    assert margins != pytest.approx(expected, rel=0.05), "or this would not tell which were recorded"


def test_an_unlike_frame_that_is_allowed_can_be_chosen() -> None:
    runs = (Run(1001, 1010, 5, 0.9, 0.01, 0.99), Run(1013, 1020, 7, 0.9, 0.01, 0.99))
    frames = {frame: frame + (5 if frame < 1012 else 7) for frame in range(1001, 1022)}
    unlike = (1004, 1008, 1012, 1021)
    before = found(frames | dict.fromkeys(unlike), *runs, unlike=unlike)
    allowed = command.allowed_of(["1004:unlike", "1012:unlike", "1021:unlike", "1008:flash"])
    after, sentences = command.with_unlike(before, allowed, range(1001, 1028))
    assert after.frames == {**before.frames, 1004: 1009, 1012: 1019} and after.unlike == (1008, 1021)
    assert len(sentences) == 2 and "Frame 1012 " in sentences[1] and "1019" in sentences[1]
    assert set(command.left_out((), allowed, after)) == {1008, 1021}


def test_what_a_codec_did_to_the_whole_element_excludes_no_frame() -> None:
    faults = [
        Fault(frame, frame, "Reference", kind, 1.0, 0.4)
        for frame in (1004, 1005)
        for kind in (BLOCKS, BANDS, FLASHED)
    ]
    out = command.left_out(faults, command.allowed_of(["1005:flash"]), found({}))
    assert set(out) == {1004} and "Compression" not in out[1004]


def test_each_sequence_is_read_in_its_own_space(film: Path, folder: Path) -> None:
    spaces = {"source_space": "scene_linear", "reference_space": "color_picking"}
    given = (None, pattern(film, "source"), pattern(film, "reference"))
    task = task_of(*given, Wanted(out=folder, **spaces))
    assert (task.source.space, task.reference.space) == ("scene_linear", "color_picking")
    encoded = task_of(*given, Wanted(out=folder))
    assert (task.source.picture(1001).mean() > encoded.source.picture(1001).mean() + 0.1).all()
    with pytest.raises(UsageError, match="--source-space cannot be given"):
        task_of(folder, None, None, Wanted(**spaces))
