"""The evaluator itself: depth, circles, cache, timings, and errors that say where."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from film_recovery import nk
from film_recovery.comp import cache
from film_recovery.comp.deep import run_deep
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Frame


def read(pattern: Path, last: int = 9, name: str = "R") -> str:
    return f"Read {{\n inputs 0\n file {pattern}\n last {last}\n name {name}\n}}\n"


def dots(count: int) -> str:
    return "".join(f"Dot {{\n name D{index}\n}}\n" for index in range(count))


def test_a_deep_chain(plate, evaluator, red) -> None:
    limit = sys.getrecursionlimit()
    grades = "".join(f"Grade {{\n multiply 1.001\n name G{index}\n}}\n" for index in range(3000))
    made = evaluator(read(plate("a", [1])) + dots(3000) + grades)
    assert red(made, "D2999", 1) == 1
    assert red(made, "G2999", 1) == pytest.approx(1.001**3000, rel=1e-3)
    assert made.frame_range("G2999") == (1, 9)
    assert sys.getrecursionlimit() == limit


def test_a_chain_without_end_is_an_error_and_no_crash(plate, evaluator) -> None:
    with pytest.raises(FilmRecoveryError, match="in one chain"):
        evaluator(read(plate("a", [1])) + dots(20_001)).frame("D20000", 1)


def test_a_circle_names_its_nodes(plate, evaluator) -> None:
    text = read(plate("a", [1])) + "FrameHold {\n firstFrame {{B.width}}\n name A\n}\nDot {\n name B\n}\n"
    with pytest.raises(FilmRecoveryError, match=r"A → B → A|B → A → B") as caught:
        evaluator(text).frame("B", 1)
    assert caught.value.where["node"] in "AB"


def test_a_failure_leaves_the_evaluator_usable(plate, evaluator, red, tmp_path: Path) -> None:
    made = evaluator(read(plate("a", [1, 2]), 3) + dots(3))
    for _ in range(2):
        with pytest.raises(FilmRecoveryError, match="Frame 3"):
            made.frame("D2", 3)
    assert red(made, "D2", 2) == 2


def test_errors_name_the_node_that_failed_not_the_one_asked_for(plate, evaluator) -> None:
    text = (
        read(plate("a", [1])) + "Dot {\n name A\n}\nGrade {\n nonsense 3\n name Bad\n}\nDot {\n name C\n}\n"
    )
    with pytest.raises(FilmRecoveryError) as caught:
        evaluator(text).frame("C", 1)
    assert caught.value.where["node"] == "Bad"
    assert caught.value.where["class_name"] == "Grade"
    assert caught.value.where["knob"] == "nonsense"


def test_unknown_class_may_be_disabled(plate, evaluator, red) -> None:
    text = read(plate("a", [1])) + "F_Degrain {\n disable true\n amount 3\n name F\n}\n"
    assert red(evaluator(text), "F", 1) == 1
    with pytest.raises(FilmRecoveryError, match="F_Degrain") as caught:
        evaluator(text.replace("disable true", "disable false")).frame("F", 1)
    assert caught.value.where["class_name"] == "F_Degrain"


@pytest.mark.parametrize("class_name", ["StickyNote", "BackdropNode"])
def test_notes_are_no_pictures(evaluator, class_name: str) -> None:
    with pytest.raises(FilmRecoveryError, match="no picture"):
        evaluator(f"{class_name} {{\n inputs 0\n label x\n name N\n}}\n").frame("N", 1)


def test_unconnected_input(evaluator) -> None:
    with pytest.raises(FilmRecoveryError, match="input 0") as caught:
        evaluator("Dot {\n inputs 0\n name D\n}\n").frame("D", 1)
    assert caught.value.where["node"] == "D"


def test_nodes_of_other_scripts_are_refused(plate, evaluator, red) -> None:
    made = evaluator(read(plate("a", [1])))
    assert made.frame(made.script.node("R"), 1).channel("rgba.red")[0, 0] == np.float32(0.01)
    with pytest.raises(FilmRecoveryError, match="not a node of this script"):
        made.frame(nk.parse("Dot {\n inputs 0\n name R\n}\n").nodes[0], 1)


def test_each_frame_is_made_once(plate, evaluator) -> None:
    text = read(plate("a", [1])) + "set N1 [stack 0]\n"
    for index in range(40):  # a ladder: 2^40 evaluations without the cache
        text += f"push $N{index + 1}\npush $N{index + 1}\n"
        text += f"Dissolve {{\n inputs 2\n which .5\n name L{index}\n}}\nset N{index + 2} [stack 0]\n"
    made = evaluator(text)
    first = made.frame("L39", 1)
    assert first.channel("rgba.red")[0, 0] == pytest.approx(0.01)
    assert made.frame("L39", 1) is first


def test_timings_are_of_the_node_itself(plate, evaluator) -> None:
    made = evaluator(read(plate("a", [1])) + dots(2))
    made.frame("D1", 1)
    assert set(made.timings) == {"R", "D0", "D1"}
    assert all(seconds >= 0 for seconds in made.timings.values())
    assert made.timings["R"] > made.timings["D0"]


def test_a_small_cache_changes_nothing_but_the_work(plate, evaluator) -> None:
    text = read(plate("a", [1, 2])) + "TimeOffset {\n time_offset 1\n name T\n}\n" + dots(3)
    large, small = evaluator(text), evaluator(text, cache_bytes=0)
    for frame in (2, 3, 2):
        np.testing.assert_array_equal(large.frame("D2", frame).pixels, small.frame("D2", frame).pixels)


def solid(value: float) -> Frame:
    return Frame.from_array(np.full((10, 10, 1), value, np.float32), channels=("rgba.red",))


def test_the_cache_keeps_its_budget_and_what_was_used_last() -> None:
    kept = cache.FrameCache(budget=3 * 400)
    frames = [solid(index) for index in range(4)]
    for index in range(3):
        kept.put(index, frames[index])
    assert kept.bytes == 1200 and kept.get(0) is frames[0]
    kept.put(3, frames[3])
    assert (kept.get(1), kept.get(0), kept.bytes) == (None, frames[0], 1200)
    kept.put("large", Frame.from_array(np.zeros((20, 20, 1)), channels=("rgba.red",)))
    assert kept.get("large") is None and len(kept) == 3
    for copy in range(50):
        kept.put(("shared", copy), frames[0])
    assert kept.bytes == 1200 and len(kept) == 53
    kept.put(0, frames[1])
    assert kept.get(0) is frames[1]
    kept.clear()
    assert (kept.bytes, len(kept)) == (0, 0)


def test_several_threads_may_ask(plate, evaluator) -> None:
    made = evaluator(read(plate("a", range(1, 10))) + dots(50))
    found: dict[int, float] = {}

    def ask(frame: int) -> None:
        found[frame] = float(made.frame("D49", frame).channel("rgba.red")[0, 0])

    threads = [threading.Thread(target=ask, args=(frame,)) for frame in range(1, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {frame: pytest.approx(frame / 100) for frame in range(1, 10)}


def test_run_deep_carries_values_and_errors() -> None:
    def down(depth: int) -> int:
        return 0 if depth == 0 else 1 + down(depth - 1)

    assert run_deep(lambda: down(50_000)) == 50_000
    assert run_deep(lambda: run_deep(lambda: down(50_000))) == 50_000
    with pytest.raises(KeyError, match="x"):
        run_deep(lambda: {}["x"])
