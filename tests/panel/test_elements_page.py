"""Stage 0 worked by mouse and keys: what is said of the elements, their colour spaces, the project's config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.panel.qt import Qt, QtWidgets
from film_recovery.panel.widgets.element_card import Spaces
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_elements import ElementsWork

Show = Callable[..., Window]
Film = Callable[..., Path]
Page = Callable[..., Any]
Idle = Callable[..., None]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton


def named(qtbot: Any, work: ElementsWork) -> ElementsWork:
    """When the engine has told the names of the config."""
    session = work.session
    qtbot.waitUntil(lambda: work.names is not None and not session.busy, timeout=PATIENCE)
    return work


def choose(qtbot: Any, box: Spaces, name: str) -> None:
    """By the keyboard: a key opens the list, Return takes the entry."""
    now = box.currentIndex()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentIndex() == now, "nothing is chosen before the list has been seen"
    view = box.view()
    qtbot.waitUntil(view.isVisible, timeout=PATIENCE)
    view.setCurrentIndex(box.model().index(box.findData(name), 0))
    qtbot.keyClick(view, Qt.Key.Key_Return)


@pytest.mark.slow
def test_words_are_changed_where_they_stand(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film("--signed")
    panel = show(folder, 1280, 800)
    work = named(qtbot, page(panel, ElementsWork))
    card = work.cards["source"]
    assert (
        "8 frames" in card.facts.text() and "128 × 96" in card.facts.text() and "24 fps" in card.facts.text()
    )
    qtbot.waitUntil(lambda: card.viewer.images[0] is not None, timeout=PATIENCE)
    holder, gauge = card.words["holder"], card.words["gauge"]
    qtbot.mouseClick(holder, LEFT)
    holder.selectAll()
    qtbot.keyClicks(holder, 'The "Old": Archive')
    qtbot.keyClick(holder, Qt.Key.Key_Return)
    # While that is written and measured, the next word is typed; leaving the line keeps it.
    gauge.setFocus()
    gauge.selectAll()
    qtbot.keyClicks(gauge, "16")
    qtbot.keyClick(gauge, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: project.load(folder).source.gauge == "16", timeout=PATIENCE)
    assert project.load(folder).source.holder == 'The "Old": Archive'
    idle(panel)
    records = ledger.read(folder).of_kind("set")
    assert [(one.by, list(one.data["to"])) for one in records] == [
        ("Ada", ["elements.source.holder"]),
        ("Ada", ["elements.source.gauge"]),
    ]
    qtbot.waitUntil(lambda: work.contents.project.source.gauge == "16", timeout=PATIENCE)
    assert (holder.text(), gauge.text()) == ('The "Old": Archive', "16")
    # What follows from it is measured.
    allowed = work.cards["reference"].words["authorisation"]
    allowed.setFocus()
    allowed.selectAll()
    qtbot.keyClick(allowed, Qt.Key.Key_Delete)
    qtbot.keyClick(allowed, Qt.Key.Key_Return)
    stops = lambda: [one.check.id for one in panel.session.checklist.of_stage(0) if one.stops]  # noqa: E731
    qtbot.waitUntil(lambda: bool(stops()), timeout=PATIENCE)
    assert any("authoris" in id for id in stops())


def test_a_colour_space_is_one_of_the_configs_own_names(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    work = named(qtbot, page(panel, ElementsWork))
    card = work.cards["reference"]
    assert card.space.currentText() == "color_picking (sRGB - Texture)"
    assert work.working.currentText() == "scene_linear (ACEScg)"
    qtbot.waitUntil(lambda: card.viewer.images[0] is not None, timeout=PATIENCE)
    before = card.viewer.images[0]
    choose(qtbot, card.space, "Linear Rec.709 (sRGB)")
    qtbot.waitUntil(lambda: project.load(folder).reference.colourspace != "color_picking", timeout=PATIENCE)
    assert project.load(folder).reference.colourspace == "Linear Rec.709 (sRGB)"
    qtbot.waitUntil(lambda: card.viewer.images[0] not in (None, before), timeout=PATIENCE)
    idle(panel)
    assert card.space.currentText() == "Linear Rec.709 (sRGB)"
    assert project.load(folder).source.colourspace == "color_picking"


def test_a_config_that_is_not_there_is_refused(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film()
    panel = show(folder, 1280, 800)
    work = named(qtbot, page(panel, ElementsWork))
    before = (folder / project.FILE).read_bytes()
    work.config.setFocus()
    qtbot.keyClicks(work.config, "none.ocio")
    qtbot.keyClick(work.config, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.problem.isVisible, timeout=PATIENCE)
    said = " ".join(one.text() for one in panel.problem.findChildren(QtWidgets.QLabel))
    assert "colour.config" in said.replace("\u200b", "") and (folder / project.FILE).read_bytes() == before
    # It stays to be corrected.
    assert work.config.text() == "none.ocio" and work.config.isModified()
    (folder / "own.ocio").write_text(
        "ocio_profile_version: 2\nroles: {default: Film, scene_linear: Film, color_picking: Film}\n"
        "displays:\n  S:\n    - !<View> {name: V, colorspace: Film}\n"
        "colorspaces:\n  - !<ColorSpace> {name: Film}\n",
        encoding="utf-8",
    )
    work.config.selectAll()
    qtbot.keyClicks(work.config, "own.ocio")
    qtbot.keyClick(work.config, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "own.ocio" in work.read_as.text().replace("\u200b", ""), timeout=PATIENCE)
    assert project.load(folder).colour.config == "own.ocio"
    space = work.cards["source"].space
    assert [space.itemData(n) for n in range(space.count())][-1] == "Film"
    idle(panel)


def test_while_somebody_else_works_it_is_read_only(show: Show, film: Film, qtbot: Any, page: Page) -> None:
    folder = film()
    panel = show(folder, 380, 900)
    work = named(qtbot, page(panel, ElementsWork))
    panel.session.state = panel.session.state.__class__("Grace on tower works here.", None, (), False)
    panel.session._timer.stop()
    panel.refresh()
    holder = work.cards["source"].words["holder"]
    before = (folder / project.FILE).read_bytes()
    holder.setFocus()
    qtbot.keyClicks(holder, "x")
    qtbot.keyClick(holder, Qt.Key.Key_Return)
    assert holder.isReadOnly() and "Grace" in holder.toolTip() and "x" not in holder.text()
    assert not work.working.isEnabled() and "Grace" in work.working.toolTip()
    assert (folder / project.FILE).read_bytes() == before


def test_what_is_usual_is_offered_and_anything_else_may_be_typed(
    show: Show, film: Film, qtbot: Any, page: Page, idle: Idle
) -> None:
    folder = film("--signed")
    panel = show(folder, 1280, 800)
    work = named(qtbot, page(panel, ElementsWork))
    kind, generation = (work.cards["source"].words[key] for key in ("type", "generation"))
    qtbot.mouseClick(kind, LEFT)
    qtbot.keyClick(kind, Qt.Key.Key_Down)
    shown = kind.completer().popup()
    qtbot.waitUntil(shown.isVisible, timeout=PATIENCE)
    names = [shown.model().index(row, 0).data() for row in range(shown.model().rowCount())]
    assert names == ["print", "internegative", "telecine", "safety copy", "DVD", "painting", "photograph"]
    for _ in range(3):
        qtbot.keyClick(shown, Qt.Key.Key_Down)
    qtbot.keyClick(shown, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: project.load(folder).source.type == "telecine", timeout=PATIENCE)
    idle(panel)
    assert kind.text() == "telecine"
    # Letters find what is usual; what is not is kept as it is typed.
    qtbot.mouseClick(generation, LEFT)
    generation.selectAll()
    qtbot.keyClicks(generation, "nega")
    offered = generation.completer().popup()
    qtbot.waitUntil(offered.isVisible, timeout=PATIENCE)
    assert [offered.model().index(row, 0).data() for row in range(offered.model().rowCount())] == [
        "internegative",
        "negative",
    ]
    qtbot.keyClick(offered, Qt.Key.Key_Escape)
    generation.selectAll()
    qtbot.keyClicks(generation, "lavender")
    qtbot.keyClick(generation, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: project.load(folder).source.generation == "lavender", timeout=PATIENCE)
    idle(panel)
    said = [list(one.data["to"]) for one in ledger.read(folder).of_kind("set")]
    assert said == [["elements.source.type"], ["elements.source.generation"]]
