"""What is not edited comes back byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

SCRIPTS = {
    "empty": "",
    "blank lines": "\n\n  \n",
    "no last newline": "Grade {\n name Grade1\n}",
    "windows": "#! C:/Nuke.exe -nx\r\nversion 15.1 v3\r\nRoot {\r\n inputs 0\r\n name a.nk\r\n}\r\n",
    "tabs": "Grade\t{\n\tname\tGrade1\t\n\twhite   2  \n}\t\n\n",
    "comments": "# one\n#! two \\\n still two\nDot {\n}\n# last",
    "unknown lines": 'add_layer {mask mask.a}\nsome_day command {with braces} "and quotes" [x {y}]; other\nDot {\n}\n',
    "semicolons": "Dot {\n};push 0;Dot {\n inputs 1\n}",
    "snippet": "set cut_paste_input [stack 0]\nversion 15.1 v3\npush $cut_paste_input\nBlur {\n name Blur1\n}\n",
    "byte order mark": "\ufeffDot {\n name Dot1\n}\n",
    "layout": 'define_window_layout_xml {<?xml version="1.0"?>\n<layout version="1.0">\n</layout>\n}\nDot {\n}\n',
    "one line": "Dot {name Dot1} ; Grade {}\n",
    "joined lines": "Dot {\n label a\\\n  name Dot1\n}\n",
    "odd bytes": b"Dot {\n label caf\xe9\n}\n".decode("utf-8", "surrogateescape"),
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=list(SCRIPTS))
def test_unedited_text_is_itself(text: str) -> None:
    assert nk.parse(text).text() == text


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=list(SCRIPTS))
def test_the_statements_hold_every_character(text: str) -> None:
    script = nk.parse(text)
    script.edited(relink=True)  # forgets the source, so that the text is put together again
    assert script.text() == text


PIECES = [
    "Dot {",
    "}",
    "\n",
    "\r\n",
    " ",
    "\t",
    "name ",
    "a",
    '"b c"',
    "{d e}",
    "\\",
    "#",
    ";",
    "push 0",
    "[x]",
    "$",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_is_itself_or_refused_with_its_place(text: str) -> None:
    try:
        script = nk.parse(text)
    except nk.NkSyntaxError as error:
        assert 1 <= error.line <= text.count("\n") + 1
        assert 1 <= error.column <= len(text.split("\n")[error.line - 1]) + 1
    else:
        script.edited(relink=True)
        assert script.text() == text


def test_files_keep_their_bytes(tmp_path: Path) -> None:
    content = b"#! nuke\r\nDot {\r\n label \xff\xe9\r\n name Dot1\r\n}\r\n"
    source, target = tmp_path / "a.nk", tmp_path / "b.nk"
    source.write_bytes(content)
    script = nk.load(source)
    nk.save(script, target)
    assert target.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nk", "b.nk"]


def test_saving_replaces_the_file_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "a.nk"
    target.write_text("Dot {\n name Old\n}\n")
    target.chmod(0o640)
    nk.save(nk.parse("Dot {\n name New\n}\n"), target)
    assert nk.load(target).node("New").class_name == "Dot"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match=r"nowhere\.nk"):
        nk.load(tmp_path / "nowhere.nk")
    with pytest.raises(FilmRecoveryError, match="cannot be written"):
        nk.save(nk.parse(""), tmp_path / "no" / "a.nk")
