"""What the panel decides without a screen: the next step, states, words, requests, a new project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from film_recovery import errors, recipes
from film_recovery.host.script import ScriptHost
from film_recovery.panel import new_project, pointing, problem, protocol, words
from film_recovery.panel.checklist import Checklist, Item
from film_recovery.panel.following import newest
from film_recovery.panel.new_project import Wishes
from film_recovery.panel.next_step import Situation, next_step
from film_recovery.recipes import Answers

RECIPE = recipes.load("spatial-gauge")
NOW = Situation()


def told(**outcomes: dict[str, Any]) -> Checklist:
    """All checks pass and are signed, but for ``outcomes`` (``stage__name``)."""
    known = Checklist(RECIPE)
    for check in RECIPE.checks:
        value: Any = {"by": "Ada", "time": "2026-11-21T10:00:00", "note": ""} if check.manual else 1
        event = {"id": check.id, "outcome": "pass", "value": value, "reason": "It holds."}
        known = known.told({**event, **outcomes.get(check.id.replace(".", "__"), {})})
    return known


FAIL = {"outcome": "fail", "value": 2, "remedy": "do this; then that"}
UNSIGNED = {"outcome": "fail", "value": "unsigned"}
SHOULD = {"outcome": "warn", "value": "unsigned"}
PENDING = {"outcome": "info", "value": None}


def test_the_next_step_is_the_first_that_stops() -> None:
    checks = told(ingest__references_verified=UNSIGNED, curation__pairs_unique=FAIL)
    assert (next_step(checks, NOW).kind, next_step(checks, NOW).check) == (
        "sign",
        "ingest.references_verified",
    )


@pytest.mark.parametrize(
    ("outcomes", "at", "kind"),
    [
        ({}, NOW, "run"),
        ({}, Situation(has_report=True), "report"),
        ({}, Situation(stale="It changed."), "check"),
        ({}, Situation(busy="Measuring…"), "wait"),
        ({}, Situation(running="Training…"), "wait"),
        ({}, Situation(no_engine=True), "retry"),
        ({}, Situation(hindered="Grace works on it."), "check"),
        ({"inference__identity_lock": {**FAIL, "repair": True}}, NOW, "fix"),
        ({"inference__identity_lock": FAIL}, NOW, "look"),
        ({"inference__identity_lock": FAIL}, Situation(looked_at="inference.identity_lock"), "check"),
        ({"validation__compared": UNSIGNED}, NOW, "sign"),
        ({"validation__compared": UNSIGNED, "training__preview": PENDING}, NOW, "run"),
        ({"training__preview": PENDING}, Situation(has_report=True), "run"),
        ({"inference__short_range": SHOULD}, NOW, "run"),
        ({"inference__short_range": SHOULD}, Situation(waits_for="inference.short_range"), "sign"),
        (
            {"inference__short_range": SHOULD},
            Situation(waits_for="inference.short_range", hindered="G."),
            "check",
        ),
        ({}, Situation(waits_for="inference.short_range"), "run"),
        ({"inference__identity_lock": FAIL}, Situation(waits_for="inference.short_range"), "look"),
        ({}, Situation(waits_for="a.check_of_another_recipe"), "run"),
    ],
)
def test_the_next_step(outcomes: dict[str, Any], at: Situation, kind: str) -> None:
    assert next_step(told(**outcomes), at).kind == kind


def test_before_anything_is_measured_the_step_is_to_check() -> None:
    assert next_step(Checklist(RECIPE), NOW).kind == "check"


def test_the_state_of_a_stage_is_its_gravest() -> None:
    assert told().state(0) == "signed"
    assert told(ingest__no_alpha={"outcome": "warn"}).state(0) == "warn"
    assert told(ingest__no_alpha={"outcome": "warn"}, ingest__channels=FAIL).state(0) == "fail"
    assert told(training__preview=PENDING).state(3) == "not run"
    assert told().state(0, running=0) == "running"
    assert Checklist(RECIPE).state(0) == "not run"


def test_what_a_step_of_the_recovery_tells_is_not_taken_for_ours() -> None:
    known = told()
    assert known.told({"id": "colour/ingest.channels", **FAIL}) == known


def test_an_item_in_words() -> None:
    item = told(ingest__channels={**FAIL, "tolerance": {"share_of": 0.12345}}).item("ingest.channels")
    assert (item.against, item.remedies) == (
        "Measured: 2 · tolerance: share of 0.1235",
        ("do this", "then that"),
    )
    assert told().item("validation.compared").measured == "Ada"
    assert Item(RECIPE.checks[0]).state == "not run"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0.2, "about 1 s left"), (600, "about 10 min left"), (7300, "about 2 h 02 min left")],
)
def test_time_left(seconds: float | None, said: str) -> None:
    assert words.time_left(seconds) == said


def test_long_paths_may_be_broken() -> None:
    said = words.breakable("A well-known path: /film/reel_2/scan.####.exr")
    assert said.replace("\u200b", "|") == "A well-known path: /|film/|reel_|2/|scan.|####.|exr"


def test_a_difference_is_shown_without_what_stays() -> None:
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n same\n-lock false\n+lock true\n"
    assert words.changes(diff) == "@@ -1 +1 @@\n-lock false\n+lock true"
    assert words.changes(diff, most=1).endswith("… and 2 more lines")


def test_a_problem_holds_all_that_is_known() -> None:
    error = errors.CheckFailed("It stops.", remedy="sign it", file="/film", frame=7)
    found = problem.of_error(error)
    assert (found.message, found.reason, found.kind) == ("It stops.", "file /film, frame 7", "stop")
    assert "Remedy: sign it" in found.text()
    assert problem.engine_died(1, ["x", "No module named film_recovery"]).remedy == problem.INSTALL


def test_lines_come_in_pieces() -> None:
    lines = protocol.Lines()
    assert list(lines.fed(b'{"id": 1, "ev')) == []
    assert list(lines.fed(b'ent": "end"}\nno json\n[1]\n{"id": 2}\n')) == [
        {"id": 1, "event": "end"},
        {"id": 2},
    ]


def test_only_the_newest_progress_of_a_row_is_shown() -> None:
    first, second = ({"event": "progress", "what": "render", "done": done} for done in (1, 2))
    check = {"event": "check", "id": "a"}
    assert newest([first, second, check, first]) == [second, check, first]


def test_a_new_project_says_what_it_lacks_and_asks_the_engine_for_itself() -> None:
    wishes = Wishes("/film", "A", "s.####.exr", "r.####.exr", "c.####.exr", Answers(True, True, "gauge"))
    assert wishes.lacks == "" and wishes.choice.recipe == "combined"
    assert wishes.command()[-2:] == ["--", "/film"] and "--colour-element" in wishes.command()
    assert "the film’s title" in replace(wishes, film=" ").lacks
    assert "no recipe" in replace(wishes, answers=Answers()).lacks
    assert {one for one, _ in new_project.BETTER} == set(recipes.chooser.BETTER)


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("/a/scan.1001.exr", "/a/scan.####.exr"),
        ("/a/s01_12.dpx", "/a/s01_##.dpx"),
        ("/a/still.png", "/a/still.png"),
    ],
)
def test_a_file_is_of_a_sequence(file: str, pattern: str) -> None:
    assert new_project.pattern_of(file) == pattern


def test_show_me_goes_to_the_node_and_tells_the_identity_block(tmp_path: Path) -> None:
    script = "Root {\n inputs 0\n}\nWrite {\n inputs 0\n name Write1\n}\n"
    block = "Group {\n inputs 0\n name Look\n addUserKnob {7 maximum}\n maximum -1\n addUserKnob {1 fr_id}\n"
    (tmp_path / "a.nk").write_text(
        f"{script}{block} fr_id FR_IdentityCheck\n}}\nend_group\n", encoding="utf-8"
    )
    host = ScriptHost(tmp_path / "a.nk")
    show = {"node": "Write1", "frame": 7, "file": "gone.exr"}
    item = told(validation__identity={"value": 0.0004, "show": show}).item(pointing.IDENTITY)
    assert "not this project" in pointing.hindrance(host, tmp_path, show)
    assert pointing.show(host, tmp_path, item) == []
    host.set_project(str(tmp_path))
    assert pointing.hindrance(host, tmp_path, show) == ""
    assert "NukeX" in pointing.hindrance(None, tmp_path, show)
    lines = pointing.show(host, tmp_path, item)
    assert host.selected() == ("Write1",) and host.knob("Look", "maximum") == "0.0004"
    assert lines[:2] == ["frame 7", "node Write1"] and lines[2].startswith("Look: maximum 0.0004")
