"""Why a run of several projects goes on without a measurement: of which of them each reason is."""

from __future__ import annotations

from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.errors import CheckFailed, UsageError
from film_recovery.stages.run import run
from film_recovery.stages.unmeasured import Reasons, reasons


def test_a_reason_is_of_all_of_the_own_stages_or_of_a_step() -> None:
    given = reasons(["a = b, for the premiere", "own=no hold-out", "steps.colour=a proof: 2=2"])
    assert given == Reasons("a = b, for the premiere", "no hold-out", {"colour": "a proof: 2=2"})
    assert given.of_step("colour").own == "a proof: 2=2" and given.of_step("telecine").own == ""
    assert reasons([]) == Reasons()
    for twice in (["one", "two"], ["own=one", "own=two"], ["steps.a=one", "steps.a=two"]):
        with pytest.raises(UsageError, match="Two reasons are given for one place: “one” and “two”"):
            reasons(twice)
    with pytest.raises(UsageError, match=r"steps\.colour= gives no reason"):
        reasons(["steps.colour= "])


@pytest.mark.slow
def test_each_project_of_a_chain_keeps_its_own_reason(finished: Any) -> None:
    """A half has no held-out frame among those to render: at first the step, then the project too."""
    own, step, heard = finished.folder, finished.step, finished.heard
    project.update(step, {"inference.frames": "5-8"})

    def told(folder: Any) -> list[tuple[str, str]]:
        return [(one.by, one.data["why"]) for one in ledger.read(folder).of_kind("accepted")]

    with pytest.raises(UsageError, match="for the step telecine, which the project has not") as caught:
        run(own, heard, by="Ada", accept_unmeasured=reasons(["steps.telecine=x"]))
    assert "steps.colour=" in caught.value.remedy
    with pytest.raises(CheckFailed, match="Step colour: What has to hold was not measured") as caught:
        run(own, heard, by="Ada", accept_unmeasured=reasons(["own=of the own"]))
    assert f'--accept-unmeasured steps.colour="WHY" --by NAME --project {own}' in caught.value.remedy
    assert told(own) == told(step) == []
    run(own, heard, by="Ada", accept_unmeasured=reasons(["of what there is"]))
    assert (told(own), told(step)) == ([], [("Ada", "of what there is")])
    run(own, heard, by="Bo", accept_unmeasured=reasons(["of something else"]))
    assert (told(own), told(step)) == ([], [("Ada", "of what there is")])
    run(own, heard, by="Bo", accept_unmeasured=reasons(["steps.colour=a better word"]))
    assert (told(own), told(step)) == ([], [("Ada", "of what there is"), ("Bo", "a better word")])
    project.update(own, {"inference.frames": "5-8"})
    with pytest.raises(CheckFailed, match=r"\AWhat has to hold was not measured") as caught:
        run(own, heard, by="Ada", accept_unmeasured=reasons(["steps.colour=of the step"]))
    assert f'--accept-unmeasured own="WHY" --by NAME --project {own}' in caught.value.remedy
    assert told(own) == []
