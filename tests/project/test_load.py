"""Reading a project file: old ones are brought up to date, bad ones refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import project
from film_recovery.errors import FilmRecoveryError

GOLDEN = Path(__file__).with_name("golden")
PRESENT = (GOLDEN / "schema-1.yaml").read_text(encoding="utf-8")


def _load(folder: Path, text: str | bytes) -> project.Project:
    content = text.encode("utf-8") if isinstance(text, str) else text
    (folder / project.FILE).write_bytes(content)
    return project.load(folder)


def _refused(folder: Path, text: str | bytes) -> FilmRecoveryError:
    with pytest.raises(FilmRecoveryError) as caught:
        _load(folder, text)
    assert caught.value.where["file"] == str(folder / project.FILE)
    assert caught.value.remedy
    return caught.value


def _holds(value: object, expected: object) -> None:
    """``value`` (data classes) has at least what ``expected`` (JSON) names."""
    if isinstance(expected, dict):
        for key, inner in expected.items():
            _holds(value[key] if isinstance(value, dict) else getattr(value, key), inner)
    elif isinstance(expected, list):
        assert isinstance(value, tuple)
        assert len(value) == len(expected)
        for item, inner in zip(value, expected, strict=True):
            _holds(item, inner)
    else:
        assert value == expected


def test_schema_0_is_read_as_it_was_meant(tmp_path: Path) -> None:
    text = (GOLDEN / "schema-0.yaml").read_text(encoding="utf-8")
    loaded = _load(tmp_path, text)
    _holds(loaded, json.loads((GOLDEN / "schema-0.json").read_text(encoding="utf-8")))
    assert loaded.schema == 0
    assert (tmp_path / project.FILE).read_text(encoding="utf-8") == text


def test_every_schema_that_was_has_a_golden_file() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == {
        f"schema-{schema}" for schema in range(project.SCHEMA + 1)
    }


def test_an_operators_own_layout_is_read(tmp_path: Path) -> None:
    loaded = _load(tmp_path, PRESENT)
    assert loaded.pairs[0].reason == "static lamp\n# not a comment\n"
    assert loaded.reference.quality == "detail"
    assert loaded.training == project.Training(steps=60000, patch=256)
    assert loaded.reasoning == "The 35 mm print is sharper."


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("patch: 256", "patches: 256", ("training.patches", "did you mean patch?")),
        ("recipe:", "recipie:", ("recipie", "did you mean recipe?")),
        ("film:", "zzz: 1\nfilm:", ("Unknown key zzz", "known keys are film")),
        ("quality: detail", "qualty: detail", ("elements.reference.qualty", "quality")),
        ("schema: 1", "schema: 7", ("schema 7", "schemas 0 to 1", "update")),
        ("schema: 1", "schema: one", ("schema is 'one'", "whole number")),
        ("schema: 1\n", "", ("schema is missing",)),
        ("patch: 256", "patch: big", ("training.patch is 'big'; expected a whole number",)),
        ("patch: 256", "patch: true", ("training.patch is True; expected a whole number",)),
        ("patch: 256", "patch: 0", ("at least 1",)),
        ("patch: 256", "flip: 1", ("training.flip is 1; expected true or false",)),
        ("patch: 256", "exposure: -0.1", ("training.exposure is -0.1", "at least 0")),
        ("shot: '010'", "shot: 010", ("shot is 8; expected text", "put it in quotes")),
        ("film: Nightfall", "film: ''", ("film is ''", "not empty")),
        ("recipe: spatial-gauge", "recipe: magic", ("recipe is 'magic'", "spatial-gauge")),
        ("last: 100\n", "last: 0\n", ("elements.reference.last is 0; expected 1",)),
        ("    reference:\n", "    other:\n", ("elements.other",)),
        ("reference: 80", "reference: x", ("pairs[2].reference is 'x'",)),
        ("{source: 1040, reference: 40}", "{source: 1040}", ("pairs[1].reference is missing",)),
        ("share: 0.12", "share: .nan", ("tolerances.training.clamp_share.share",)),
        ("training:\n", "inference: {version: a/../b}\ntraining:\n", ("inference.version", "v001")),
        (
            "training:\n",
            "inference: {folder: ../out}\ntraining:\n",
            ("inference.folder", "leaves the project"),
        ),
        ("training:\n", "inference: {folder: /out}\ntraining:\n", ("inference.folder", "'/out'")),
        ("training:\n", "inference: {folder: 'C:\\out'}\ntraining:\n", ("inference.folder", "C:")),
        ("training:\n", "training:\n  initial: ../x.ckpt\n", ("training.initial", "leaves the project")),
        ("training:\n", "training:\n  initial: /etc/x.ckpt\n", ("training.initial", "'/etc/x.ckpt'")),
        ("training:\n", "alignment: {live_area: [1, 2]}\ntraining:\n", ("live_area is [1, 2]", "list of 4")),
        ("training:\n", "python: /bin/sh\ntraining:\n", ("Unknown key python",)),
        ("training:\n", "engine: [sh, -c, id]\ntraining:\n", ("Unknown key engine",)),
        ("film: Nightfall", "film: Nightfall\nfilm: Day", ("film stands here a second time",)),
        ("film: Nightfall", "film: 2020-13-45", ("'2020-13-45' is no value",)),
        ("film: Nightfall", "film: " + "9" * 5000, ("no value that can be read",)),
        ("film: Nightfall", "? [a, b]\n: 1", ("A key is a word",)),
    ],
)
def test_what_a_project_cannot_hold_is_named(
    tmp_path: Path, old: str, new: str, named: tuple[str, ...]
) -> None:
    assert old in PRESENT
    error = _refused(tmp_path, PRESENT.replace(old, new, 1))
    for words in named:
        assert words in str(error)


def test_the_line_of_a_wrong_value_is_given(tmp_path: Path) -> None:
    error = _refused(tmp_path, PRESENT.replace("reference: 80", "reference: x"))
    assert error.where["line"] == PRESENT.splitlines().index("  reference: 80") + 1
    error = _refused(tmp_path, PRESENT.replace("share: 0.12", "share: [1]"))
    assert error.where["line"] == PRESENT.splitlines().index("  training.clamp_share: {share: 0.12}") + 1


BILLION = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}]\n"
    for before, name in zip("abcdefghijk", "bcdefghijkl", strict=True)
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (BILLION, "&a is an anchor"),
        ("schema: 1\nfilm: *x\n", "*x is an alias"),
        ("schema: 1\n<<: {film: x}\n", "<< is a merge key"),
        ("schema: 1\nfilm: " + "[" * 50_000, "nested more than 12 levels"),
        ("schema: 1\nfilm: " + "{a: " * 20_000, "nested more than 12 levels"),
        ("schema: 1\n" + "".join(" " * depth + "a:\n" for depth in range(400)), "nested more than 12 levels"),
        ("- " * 60_000, "nested more than 12 levels"),
        ("schema: 1\n" + "# " + "x" * 300_000, "larger than 128 KiB"),
        ("schema: 1\nfilm: !!python/object/apply:os.system [id]\n", "python/object/apply:os.system is a tag"),
        ("schema: 1\nfilm: !!str x\n", "is a tag"),
        ("schema: 1\n---\nschema: 1\n", "one document"),
        ("- a\n", "a mapping of keys"),
        ("", "a mapping of keys"),
        ("schema: 1\nfilm: a\x01b\n", "is not allowed in YAML"),
        (b"schema: 1\nfilm: \xff\n", "not UTF-8"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "bytes",
)
def test_a_file_that_is_a_trap_is_refused_by_name_and_quickly(
    tmp_path: Path, text: str | bytes, named: str
) -> None:
    assert named in str(_refused(tmp_path, text))


def test_the_largest_file_that_is_read_is_read_quickly(tmp_path: Path) -> None:
    _refused(tmp_path, ("schema: 1\nfilm: [" + "a, " * 44_000)[: 128 * 1024 - 1])


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("schema: 1\nfilm: [a\nb: 1\n", 3, 2), ("schema: 1\n\tfilm: x\n", 2, 1), ('a: "x\n', 2, 1)],
)
def test_a_syntax_error_has_line_and_column(tmp_path: Path, text: str, line: int, column: int) -> None:
    error = _refused(tmp_path, text)
    assert (error.where["line"], error.where["column"]) == (line, column)


@given(
    st.text(alphabet=st.sampled_from(list("ab:-[]{}#&*!|>'\"%@`,?\n\t 01~\u00e9\u2028\ufeff")), max_size=60)
)
def test_no_text_makes_anything_but_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("film")
    with pytest.raises(FilmRecoveryError):
        _load(folder, f"schema: 1\n{text}")


def test_a_folder_that_is_no_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="is no project"):
        project.load(tmp_path)


def test_an_older_file_with_wrong_values_is_named_too(tmp_path: Path) -> None:
    text = (GOLDEN / "schema-0.yaml").read_text(encoding="utf-8")
    for old, new, named in (
        ("frames: [1, 100]", "frames: 5", "elements.reference.frames is 5"),
        ("pairs: [[1001, 1], ", "pairs: [[1001], ", "pairs[0] is [1001]"),
        ("pairs: [[1001, 1], [1040, 40], [1080, 80]]", "pairs: 5", "pairs is 5"),
    ):
        assert named in str(_refused(tmp_path, text.replace(old, new)))


def test_the_keys_of_the_live_area_are_by_source_frame(tmp_path: Path) -> None:
    before = _load(tmp_path, PRESENT).alignment
    assert before.live_area_keys == {}  # as in every file from before there were keys

    def with_keys(words: str) -> str:
        return f"{PRESENT}alignment:\n  live_area: [0, 0, 50, 40]\n  live_area_keys: {{{words}}}\n"

    after = _load(tmp_path, with_keys("1012: [1, 2, 30, 40], -3: [0, 0, 9, 9]")).alignment
    assert after.live_area_keys == {-3: (0, 0, 9, 9), 1012: (1, 2, 30, 40)}
    for wrong, words in (("first: [1, 2, 3, 4]", "a frame number"), ("1012: [1, 2]", "a list of 4")):
        error = _refused(tmp_path, with_keys(wrong))
        assert words in error.message and error.where["line"] == len(with_keys(wrong).splitlines())
