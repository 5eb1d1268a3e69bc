"""A stage of many checks: rows stand where the operator looks, however many checks there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from film_recovery.panel.checklist import Checklist
from film_recovery.panel.qt import Qt
from film_recovery.panel.widgets.row_list import RowList
from film_recovery.panel.widgets.window import Window

Show = Callable[..., Window]
MANY = 300


def told(panel: Window, number: int, outcome: str) -> None:
    panel.session._told(
        {"event": "check", "id": name(number), "outcome": outcome, "value": 1.0, "reason": "so"}
    )


def name(number: int) -> str:
    return f"ingest.many_{number}"


@pytest.fixture
def panel(show: Show, film: Callable[..., Path], qtbot: Any) -> Window:
    made = show(film())
    recipe = made.session.checklist.recipe
    one = recipe.for_stage(0)[0]
    checks = tuple(replace(one, id=name(number), manual=False) for number in range(MANY))
    made.session.checklist = Checklist(replace(recipe, checks=checks))
    made.page._of_host = ()
    made.page.show_stage(0)
    return made


def settled(qtbot: Any, panel: Window) -> RowList:
    """The list when no more rows are made."""
    listed = panel.page.checks
    qtbot.waitUntil(lambda: not listed._more.isActive(), timeout=60_000)
    return listed


def in_view(listed: RowList) -> list[str]:
    """The checks whose rows are seen, from the top on; their rows follow one another without a gap."""
    seen = listed.viewport().height()
    tops = {id: row.mapTo(listed.viewport(), row.rect().topLeft()).y() for id, row in listed.made.items()}
    ids = [
        id
        for id, top in tops.items()
        if listed.made[id].isVisible() and -listed.made[id].height() < top < seen
    ]
    for one, other in pairwise(ids):
        assert tops[one] + listed.made[one].height() == tops[other]
        assert listed.made[one].height() >= listed.made[one].heightForWidth(listed.made[one].width())
    return ids


def test_rows_stand_where_it_is_looked(panel: Window, qtbot: Any) -> None:
    listed = settled(qtbot, panel)
    assert len(listed.made) < MANY / 2
    assert in_view(listed)[0] == name(0)
    bar = listed.verticalScrollBar()
    bar.setValue(bar.maximum())
    settled(qtbot, panel)
    bar.setValue(bar.maximum())  # the last rows may be taller than was thought
    settled(qtbot, panel)
    assert in_view(listed)[-1] == name(MANY - 1)
    bar.setValue(bar.maximum() // 2)
    settled(qtbot, panel)
    ids = in_view(listed)
    first = int(ids[0].rpartition("_")[2])
    assert 10 < first < MANY - 20
    assert ids == [name(first + number) for number in range(len(ids))]


def test_rows_that_were_left_behind_are_given_back(panel: Window, qtbot: Any) -> None:
    listed = settled(qtbot, panel)
    kept = listed.open_only(name(2))
    bar = listed.verticalScrollBar()
    while bar.value() < bar.maximum():
        bar.setValue(bar.value() + bar.pageStep())
        settled(qtbot, panel)
    assert len(listed.made) < MANY / 2
    assert listed.made[name(2)] is kept and kept.is_open  # what the operator opened stays
    bar.setValue(0)
    settled(qtbot, panel)
    assert in_view(listed)[:3] == [name(0), name(1), name(2)]


def test_what_is_looked_at_stays_where_it_is_seen(panel: Window, qtbot: Any) -> None:
    listed = settled(qtbot, panel)
    listed.verticalScrollBar().setValue(1000)
    settled(qtbot, panel)
    before = {
        id: listed.made[id].mapTo(panel, listed.made[id].rect().topLeft()).y() for id in in_view(listed)
    }
    row = listed.row(name(0))
    assert row is not None
    closed = row.height()
    row.set_open(True)  # far above
    qtbot.waitUntil(lambda: row.height() == row.heightForWidth(row.width()) > closed, timeout=60_000)
    after = {id: listed.made[id].mapTo(panel, listed.made[id].rect().topLeft()).y() for id in in_view(listed)}
    assert after == before


def test_keys_go_on_to_rows_that_were_not_made(panel: Window, qtbot: Any) -> None:
    listed = settled(qtbot, panel)
    last = len(listed.made) - 1
    row = listed.made[name(last)]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Down)
    assert panel.focusWidget() is listed.made[name(last + 1)]


def test_tab_goes_through_a_row_and_on_to_the_next(panel: Window, qtbot: Any) -> None:
    listed = settled(qtbot, panel)
    told(panel, 0, "fail")
    manual = replace(panel.session.checklist.recipe.check(name(0)), manual=True)
    listed.update_item(replace(panel.session.checklist.item(name(0)), check=manual))
    row = listed.open_only(name(0))
    qtbot.waitUntil(lambda: row.height() > 60, timeout=2_000)
    qtbot.keyClick(row, Qt.Key.Key_Tab)
    assert panel.focusWidget() is row.last_by_tab() and row.last_by_tab() is not row
    qtbot.keyClick(panel.focusWidget(), Qt.Key.Key_Tab)
    assert panel.focusWidget() is listed.made[name(1)]


def test_what_stops_is_found_among_rows_that_were_not_made(panel: Window, qtbot: Any) -> None:
    listed = settled(qtbot, panel)
    panel.page.stops.click()
    assert listed.nothing.isVisible() and name(MANY - 1) not in listed.made
    told(panel, MANY - 1, "fail")
    assert not listed.nothing.isVisible()
    settled(qtbot, panel)
    assert in_view(listed) == [name(MANY - 1)]
    told(panel, MANY - 1, "pass")
    assert listed.nothing.isVisible() and not in_view(listed)
    panel.page.stops.click()
    settled(qtbot, panel)
    assert in_view(listed)[0] == name(0)


def test_what_is_told_before_its_row_is_made_stands_in_it(panel: Window, qtbot: Any) -> None:
    told(panel, MANY - 2, "warn")
    row = panel.page.look_at(name(MANY - 2))
    assert row.item.outcome == "warn" and row.is_open
    qtbot.waitUntil(lambda: name(MANY - 2) in in_view(panel.page.checks), timeout=60_000)


def test_the_work_of_a_stage_is_made_after_its_checks(
    show: Show, film: Callable[..., Path], qtbot: Any
) -> None:
    panel = show(film(), 1280, 800)
    panel.page.show_stage(1)
    assert panel.page.checks.made and 1 not in panel.page.works and panel.page.work_area.isVisible()
    qtbot.waitUntil(lambda: 1 in panel.page.works and panel.page.works[1].isVisible(), timeout=60_000)
    panel.page.show_stage(5)
    assert panel.page.work is panel.page.works[5]  # whoever asks for it does not wait


def test_under_the_filter_too_what_is_looked_at_stays_where_it_is(panel: Window, qtbot: Any) -> None:
    for number in range(0, 120, 2):
        told(panel, number, "fail")
    panel.page.stops.click()
    listed = settled(qtbot, panel)
    listed.verticalScrollBar().setValue(400)
    first = in_view(settled(qtbot, panel))[0]
    told(panel, 3, "fail")  # above what is seen
    assert in_view(settled(qtbot, panel))[0] == first
    panel.page.stops.click()
    assert in_view(settled(qtbot, panel))[0] == first


def test_what_is_written_in_stays_though_it_stops_nobody_any_more(panel: Window, qtbot: Any) -> None:
    told(panel, 5, "fail")
    panel.page.stops.click()
    listed = settled(qtbot, panel)
    listed.open_only(name(5)).sign("Ada")
    told(panel, 5, "pass")
    assert listed.made[name(5)].isVisible()


def test_rows_that_nobody_sees_are_not_made(show: Show, film: Callable[..., Path], qtbot: Any) -> None:
    panel = show(film(), 380, 700)
    panel.page.show_work(True)
    recipe = panel.session.checklist.recipe
    one = recipe.for_stage(0)[0]
    checks = tuple(replace(one, id=name(number), manual=False) for number in range(MANY))
    panel.session.checklist = Checklist(replace(recipe, checks=checks))
    panel.page.show_stage(0)
    assert len(settled(qtbot, panel).made) < 20
    panel.page.show_work(False)
    assert len(in_view(settled(qtbot, panel))) > 5
