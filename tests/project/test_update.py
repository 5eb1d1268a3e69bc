"""Changing single values: what is not changed stays byte for byte."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from film_recovery import project
from film_recovery.errors import FilmRecoveryError
from film_recovery.project.document import parse
from film_recovery.project.editing import edited
from film_recovery.project.words import plain

GOLDEN = Path(__file__).with_name("golden")
PRESENT = (GOLDEN / "schema-1.yaml").read_bytes()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A project as an operator keeps it: comments everywhere, layouts of all kinds."""
    (tmp_path / project.FILE).write_bytes(PRESENT)
    return tmp_path


def _lines(folder: Path) -> list[str]:
    return (folder / project.FILE).read_text(encoding="utf-8").splitlines()


def _changes(folder: Path) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, multiplicity apart."""
    before, after = PRESENT.decode().splitlines(), _lines(folder)
    return [line for line in before if line not in after], [line for line in after if line not in before]


@pytest.mark.parametrize(
    ("key", "value", "went", "came"),
    [
        ("training.steps", 1000, ["  steps: 60000"], ["  steps: 1000"]),
        (
            "film",
            "Nightfall 2: Dawn",
            ["film: Nightfall     # working title"],
            ['film: "Nightfall 2: Dawn"     # working title'],
        ),
        ("shot", "020", ["shot: '010'"], ['shot: "020"']),
        ("training.seed", 7, [], ["  seed: 7"]),
        ("training.flip", False, [], ["  flip: false"]),
        ("training.exposure", 0.1, [], ["  exposure: 0.1"]),
        ("training.ceiling", 80000, [], ["  ceiling: 80000"]),
        ("training.loss", {"l1": 1, "ms_ssim": 0.1}, [], ["  loss:", "    l1: 1", "    ms_ssim: 0.1"]),
        ("prefilter", 3, [], ["prefilter: 3"]),
        ("alignment.live_area", (1, 2, 3, 4), [], ["alignment:", "  live_area: [1, 2, 3, 4]"]),
        (
            "elements.reference.quality",
            "grain",
            ["        quality: detail   # measured on the chart"],
            ["        quality: grain   # measured on the chart"],
        ),
        ("elements.reference.holder", "BFI", [], ["        holder: BFI"]),
        (
            "elements.source.width",
            4096,
            ["      width: 2048,  # scanned at 2K"],
            ["      width: 4096,  # scanned at 2K"],
        ),
        ("elements.source.holder", "a, b", ["      height: 1556}"], ['      height: 1556, holder: "a, b"}']),
        (
            "tolerances.training.clamp_share.share",
            0.2,
            ["  training.clamp_share: {share: 0.12}"],
            ["  training.clamp_share: {share: 0.2}"],
        ),
        ("tolerances.ingest.values_0_1.share", 0.5, [], ["  ingest.values_0_1:", "    share: 0.5"]),
        (
            "reasoning",
            "Short.",
            ["reasoning: >-", "  The 35 mm print is", "  sharper."],
            ["reasoning: Short."],
        ),
        (
            "reasoning",
            "One.\nTwo.\n",
            ["reasoning: >-", "  The 35 mm print is", "  sharper."],
            ["reasoning: |", "  One.", "  Two."],
        ),
    ],
)
def test_only_what_changes_is_rewritten(
    kept: Path, key: str, value: Any, went: list[str], came: list[str]
) -> None:
    project.update(kept, {key: value})
    assert _changes(kept) == (went, came)


def test_the_same_value_leaves_the_file_untouched(kept: Path) -> None:
    before = (kept / project.FILE).stat()
    loaded = project.load(kept)
    project.update(kept, {"training.steps": 60000, "shot": "010", "reasoning": loaded.reasoning})
    assert (kept / project.FILE).read_bytes() == PRESENT
    assert (kept / project.FILE).stat().st_ino == before.st_ino


def test_a_pair_more_leaves_the_others(kept: Path) -> None:
    pairs = project.load(kept).pairs
    changed = project.update(
        kept, {"pairs": (*pairs[:2], project.PairOf(1060, 60, "foliage: oak"), *pairs[2:])}
    )
    assert changed.pairs[2].reason == "foliage: oak"
    assert _changes(kept) == ([], ['- {source: 1060, reference: 60, reason: "foliage: oak"}'])
    assert changed == project.load(kept)


def test_a_pair_less_keeps_its_remarks(kept: Path) -> None:
    pairs = project.load(kept).pairs
    project.update(kept, {"pairs": pairs[:1]})
    lines = _lines(kept)
    assert "# slight weave" in lines
    assert "# the middle" in lines
    assert "# the end" in lines
    assert "- {source: 1040, reference: 40}   # slight weave" not in lines
    assert project.load(kept).pairs == pairs[:1]


def test_all_pairs_gone_and_back(kept: Path) -> None:
    pairs = project.load(kept).pairs
    project.update(kept, {"pairs": []})
    assert "pairs: []" in _lines(kept)
    project.update(kept, {"pairs": pairs})
    assert project.load(kept).pairs == pairs
    assert _comments(PRESENT.decode()) == _comments("\n".join(_lines(kept)))


def test_windows_line_ends_stay(kept: Path) -> None:
    (kept / project.FILE).write_bytes(PRESENT.replace(b"\n", b"\r\n"))
    project.update(kept, {"training.steps": 1, "reasoning": "a\nb", "pairs": [], "prefilter": 3})
    content = (kept / project.FILE).read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert project.load(kept).reasoning == "a\nb"


def test_a_backup_is_kept_when_asked_for(kept: Path) -> None:
    project.update(kept, {"training.steps": 1}, backup=True)
    project.update(kept, {"training.steps": 2}, backup=True)
    assert (kept / "project.backup-1.yaml").read_bytes() == PRESENT
    assert b"steps: 1\n" in (kept / "project.backup-2.yaml").read_bytes()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"training.stepps": 1}, "Unknown key training.stepps"),
        ({"training.steps": "many"}, "training.steps is 'many'"),
        ({"training.steps": 1, "scope": "reel"}, "scope is 'reel'"),
        ({"inference.folder": "../../out"}, "leaves the project folder"),
        ({"schema": 2}, "schema 2"),
        ({"film.title": "x"}, "film is"),
        ({"film": b"x"}, "bytes has no place"),
        ({"film": "\ud800"}, "a byte that is no text"),
        ({"pairs": [{"source": 1}]}, "pairs[0].reference is missing"),
    ],
)
def test_a_refused_change_leaves_the_file(kept: Path, values: dict[str, Any], named: str) -> None:
    with pytest.raises(FilmRecoveryError) as caught:
        project.update(kept, values)
    assert named in str(caught.value)
    assert (kept / project.FILE).read_bytes() == PRESENT
    assert [path.name for path in kept.iterdir() if "lock" in path.name or "backup" in path.name] == []


def test_an_older_file_is_brought_up_to_date_and_kept(tmp_path: Path) -> None:
    old = (GOLDEN / "schema-0.yaml").read_bytes()
    (tmp_path / project.FILE).write_bytes(old)
    before = project.load(tmp_path)
    changed = project.update(tmp_path, {"training.steps": 70000})
    assert changed.schema == project.SCHEMA
    assert changed.pairs == before.pairs
    assert changed.training.steps == 70000
    assert project.load(tmp_path) == changed
    assert (tmp_path / "project.schema-0-1.yaml").read_bytes() == old
    assert "as it was: project.schema-0-1.yaml" in "\n".join(_lines(tmp_path))


def test_permissions_and_links_stay(kept: Path, tmp_path: Path) -> None:
    real = tmp_path / "kept.yaml"
    (kept / project.FILE).rename(real)
    (kept / project.FILE).symlink_to(real)
    real.chmod(0o640)
    project.update(kept, {"training.steps": 1})
    assert (kept / project.FILE).is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640


# Properties

LAYOUTS = [
    PRESENT.decode(),
    """\
schema: 1 # one
# last
""",
    """\
schema: 1
training: # none yet
# after
""",
    """\
{schema: 1, film: x, # in
 training: {steps: 5}, # flow
 pairs: []}
# end
""",
    """\
--- # start
schema: 1
film:
  # below
  x # same
reasoning: |+ # keep
  a # text


# end
...
""",
    """\
schema: 1
pairs: # head
    # in
    - # dash - one
      source: 1 # s
      reference: 1
    # between
    - {source: 2, # deep
       reference: 2}

    # after
film: 'it''s # not'
        # far in
title: x""",
    """\
schema: 1
alignment:
  translate:
  - - 1.0
    # y
    - 2.0
  - [3.0, 4.0] # two
  live_area: # unknown
""",
    """\
schema: 1
training:
    patch: 64 # p
    steps:
        5
    # t


reasoning: >
    folded # text

    more


  # less
inference: {}
""",
    """\
"schema": 1
? film
: x # c
? pairs
:
- {source: 1, reference: 1}
""",
]


def _comments(text: str) -> list[str]:
    """Every comment of ``text``, sorted. By another way than the code: what a YAML scanner leaves over."""
    import yaml

    ends = [(0, 0)]
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = (
                text.index("\n", token.start_mark.index)
                if "\n" in text[token.start_mark.index :]
                else len(text)
            )
            ends.append((header, token.end_mark.index))
        elif token.end_mark.index > token.start_mark.index:
            ends.append((token.start_mark.index, token.end_mark.index))
    ends.append((len(text), len(text)))
    between = [text[a:b] for (_, a), (b, _) in itertools.pairwise(sorted(ends))]
    found = [line.partition("#")[2] for gap in between for line in gap.splitlines() if "#" in line]
    return sorted(comment.rstrip() for comment in found)


_words = st.text(alphabet=st.sampled_from(list("ab 1:-#{}[]&*!|>'\"%@\n\t\\,?~é\u2028\x07")), max_size=12)
_text = _words | st.sampled_from(
    ["yes", "null", "1e3", "010", "2020-01-01", "", " x", "a\n\n  b\n", "---", "...", "a\nb"]
)
_frames = st.integers(0, 3)
_pairs = st.lists(
    st.fixed_dictionaries({"source": _frames, "reference": _frames}, optional={"reason": _text}), max_size=4
)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_changes_of = st.one_of(
    st.tuples(st.sampled_from(["film", "title", "reasoning", "elements.source.file"]), _text),
    st.tuples(st.sampled_from(["training.steps", "training.patch", "prefilter"]), st.integers()),
    st.tuples(st.sampled_from(["pairs", "hold_out"]), _pairs),
    st.tuples(st.just("alignment.translate"), st.lists(st.tuples(_numbers, _numbers), max_size=3)),
    st.tuples(st.just("alignment.live_area"), st.none() | st.tuples(*[st.integers()] * 4)),
    st.tuples(st.just("alignment"), st.just({}) | st.fixed_dictionaries({"translate": st.just([])})),
    st.tuples(
        st.just("tolerances"),
        st.dictionaries(_text, st.dictionaries(_text, _numbers, max_size=2), max_size=2),
    ),
    st.tuples(st.just("tolerances.training.clamp_share.share"), _numbers),
)


def _get(data: Any, key: str) -> Any:
    from film_recovery.project.document import words

    for word in words(key):
        data = data[word]
    return data


@pytest.mark.parametrize("layout", LAYOUTS, ids=range(len(LAYOUTS)))
@settings(max_examples=40)
@given(changes=st.lists(_changes_of, min_size=1, max_size=5))
def test_any_change_reads_back_and_no_comment_is_lost(layout: str, changes: list[tuple[str, Any]]) -> None:
    document = parse(layout, "project.yaml")
    expected = document.data
    for key, value in changes:
        text = edited(document, {key: value})
        document = parse(text, "project.yaml")
        assert _get(document.data, key) == plain(value)
        others = {name: item for name, item in document.data.items() if name != key.partition(".")[0]}
        assert others == {name: item for name, item in expected.items() if name != key.partition(".")[0]}
        expected = document.data
    assert _comments(layout) == _comments(document.text)


@given(value=_changes_of)
def test_lines_far_from_a_change_stay(value: tuple[str, Any]) -> None:
    text = edited(parse(PRESENT.decode(), "project.yaml"), dict([value]))
    top = value[0].partition(".")[0]
    # Whatever is changed, another section's lines stand as they stood.
    section = "  # agreed with Ana\n  steps: 60000\n\n  patch: 256\n"
    if top != "training":
        assert section in text
    if top != "pairs":
        assert PRESENT.decode().partition("pairs:")[2].partition("# the end")[0] in text
