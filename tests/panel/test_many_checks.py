"""A stage of many checks: the first are there at once, others while nothing is to be done or when they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from film_recovery.panel.checklist import Checklist
from film_recovery.panel.qt import Qt
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


def idle(qtbot: Any, panel: Window) -> int:
    """How many rows there are when no more are made."""
    qtbot.waitUntil(lambda: not panel.page._more.isActive(), timeout=60_000)
    return len(panel.page._made)


def test_rows_are_made_as_they_are_scrolled_to(panel: Window, qtbot: Any) -> None:
    assert len(panel.page._made) < 20
    first = idle(qtbot, panel)
    assert 40 < first < MANY
    bar = panel.page.area.verticalScrollBar()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: len(panel.page._made) > first, timeout=60_000)
    assert idle(qtbot, panel) < MANY
    assert list(panel.page._made) == [name(number) for number in range(len(panel.page._made))]
    rows = list(panel.page._made.values())
    tops = [row.mapTo(panel.page.area.widget(), row.rect().topLeft()).y() for row in rows]
    assert tops == sorted(set(tops)) and not any(
        row.height() < row.heightForWidth(row.width()) for row in rows
    )


def test_keys_go_on_to_rows_that_were_not_made(panel: Window, qtbot: Any) -> None:
    last = idle(qtbot, panel) - 1
    row = panel.page._made[name(last)]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Down)
    assert panel.focusWidget() is panel.page._made[name(last + 1)]


def test_what_stops_is_found_among_rows_that_were_not_made(panel: Window, qtbot: Any) -> None:
    idle(qtbot, panel)
    panel.page.stops.click()
    assert panel.page.nothing.isVisible() and name(MANY - 1) not in panel.page._made
    told(panel, MANY - 1, "fail")
    assert not panel.page.nothing.isVisible()
    qtbot.waitUntil(lambda: name(MANY - 1) in panel.page._made, timeout=60_000)
    seen = [id for id, row in panel.page._made.items() if row.isVisible()]
    assert seen == [name(MANY - 1)]
    panel.page.stops.click()
    assert all(row.isVisible() for row in panel.page._made.values())


def test_what_is_told_before_its_row_is_made_stands_in_it(panel: Window, qtbot: Any) -> None:
    told(panel, MANY - 2, "warn")
    row = panel.page.look_at(name(MANY - 2))
    assert row.item.outcome == "warn" and row.is_open


def test_the_work_of_a_stage_is_made_after_its_checks(
    show: Show, film: Callable[..., Path], qtbot: Any
) -> None:
    panel = show(film(), 1280, 800)
    panel.page.show_stage(1)
    assert panel.page._made and 1 not in panel.page.works and panel.page.work_area.isVisible()
    qtbot.waitUntil(lambda: 1 in panel.page.works and panel.page.works[1].isVisible(), timeout=60_000)
    panel.page.show_stage(5)
    assert panel.page.work is panel.page.works[5]  # whoever asks for it does not wait
