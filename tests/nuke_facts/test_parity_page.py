"""docs/nuke-parity.md: a row for every class that a block or template uses, and only self-test cases that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from film_recovery import nk
from film_recovery.plugin.align import F_ALIGN
from film_recovery.plugin.self_test_cases import load_cases

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "nuke-parity.md").read_text(encoding="utf-8")
FILES = sorted([*ROOT.glob("gizmos/*.gizmo"), *ROOT.glob("templates/*.nk")])
CASES = {case.id for case in load_cases().cases}


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table under ``heading``."""
    section = page.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def of_classes(page: str) -> list[list[str]]:
    return rows(page, "Classes of our blocks and templates")


def classes_without_row(page: str, used: set[str]) -> set[str]:
    return used - {name for row in of_classes(page) for name in re.findall(r"`([\w.]+)`", row[0])}


def cases_named(page: str) -> set[str]:
    tables = of_classes(page) + rows(page, "What belongs to no single class of them")
    return {name for row in tables if len(row) in (4, 6) for name in re.findall(r"`([a-z0-9-]+)`", row[-1])}


def used_classes() -> set[str]:
    scripts = [nk.load(file) for file in FILES]
    nodes = [node for script in scripts for node in script.all_nodes()]
    roots = {script.root.class_name for script in scripts if script.root is not None}
    return {node.class_name for node in nodes} | roots | {F_ALIGN}


def test_every_class_that_is_used_has_its_row() -> None:
    assert len(FILES) > 15 and "ColorMatrix" in used_classes()
    assert not classes_without_row(PAGE, used_classes())


def test_no_row_is_of_a_class_that_nothing_uses() -> None:
    assert {row[0].split("`")[1] for row in of_classes(PAGE)} == used_classes()


@pytest.mark.parametrize("row", of_classes(PAGE), ids=lambda row: row[0].split("`")[1])
def test_a_row_says_where_it_is_known_from_and_what_changes(row: list[str]) -> None:
    assert len(row) == 6 and all(row)
    name, documented, _, _, unconfirmed, _ = row
    assert documented.startswith("[page](https://learn.foundry.com/") or name == "`Root`"
    if len(unconfirmed) > 80 and "MatchGrade" not in name:
        assert re.search(r"[Ii]f [\w ]*(wrong|refuses|does not)|never a master", unconfirmed)


def test_every_case_that_is_named_exists() -> None:
    assert cases_named(PAGE) <= CASES
    assert len(cases_named(PAGE)) > 40


def test_every_claim_is_settled_by_a_case_that_the_page_names() -> None:
    settling = {case.id for case in load_cases().cases if case.settles}
    assert settling <= cases_named(PAGE)


def test_the_page_is_caught_when_it_is_wrong() -> None:
    assert classes_without_row(PAGE.replace("| `Dissolve` |", "| `Disolve` |"), used_classes()) == {
        "Dissolve"
    }
    assert cases_named(PAGE.replace("`merge-mix`", "`merge-nothing`")) - CASES == {"merge-nothing"}


def test_the_self_test_is_told_to_users() -> None:
    text = (ROOT / "docs" / "self-test.md").read_text(encoding="utf-8")
    for part in (
        "tests/in_nuke.py",
        "film_recovery_self_test",
        "self_test.pt",
        "film_recovery.demo.self_test_data",
    ):
        assert part in text
