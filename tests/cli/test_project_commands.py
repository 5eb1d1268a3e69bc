"""A small film from `new` to its report, by the program itself: checks, signatures, run, kill, rerun, jobs."""

from __future__ import annotations

import hashlib
import signal
import time
from pathlib import Path

import pytest

from film_recovery import ledger, nk, project, recipes, stages


def outcomes(said) -> dict[str, str]:
    return {line["id"]: line["outcome"] for line in said.lines if line["event"] == "check"}


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*.exr"))}


@pytest.mark.slow
def test_run_takes_a_project_to_its_report_and_has_nothing_to_do_the_second_time(film_recovery, film) -> None:
    said = film_recovery("run", "--project", film, "--by", "Ana", "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    report = Path(said.result["report"])
    page = report.read_text(encoding="utf-8")
    assert "<script>Coffee" not in page and "Coffee &lt;script&gt;" in page
    rendered = film / "pipeline" / "04_inference_render"
    assert len(digests(rendered)) == 4
    assert ledger.verify(film) == ()
    kinds = [record.kind for record in ledger.read(film).records]
    assert kinds[-1] == "finished" and kinds.count("stage") == 6
    assert "the DVD kept the colour" in (film / "notes" / "experiments.md").read_text(encoding="utf-8")
    before = digests(rendered)
    again = film_recovery("run", "--project", film, "--json")
    assert again.code == 0
    assert again.result["worked"] == "validation"
    assert digests(rendered) == before
    status = film_recovery("status", "--project", film, "--json")
    assert status.code == 0
    assert status.result["stops at"] == "nothing"


@pytest.mark.slow
def test_a_check_that_fails_stops_the_run_and_a_signature_lets_it_on(film_recovery, film) -> None:
    (film / "ledger.jsonl").unlink()
    said = film_recovery("run", "--project", film, "--json")
    assert said.code == 1
    assert "ingest" in said.error["message"]
    failed = [id for id, outcome in outcomes(said).items() if outcome == "fail"]
    assert failed and all(recipes.load("colour-reference").check(id).manual for id in failed)
    signed = film_recovery("sign", failed[0], "--by", "Ana", "--note", "seen", "--project", film, "--json")
    assert signed.code == 0
    checked = film_recovery("check", "ingest", "--project", film, "--json")
    assert checked.code == 1
    assert outcomes(checked)[failed[0]] == "pass"
    measured = film_recovery("sign", "ingest.size_parity", "--by", "Ana", "--project", film, "--json")
    assert (measured.code, measured.error["message"]) == (2, "ingest.size_parity is measured, not signed.")


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_frames(film_recovery, started, film) -> None:
    with started("run", "--project", film, "--json") as process:
        for line in process.stdout:
            if '"render"' in line:
                break
        process.send_signal(signal.SIGKILL)
    said = film_recovery("run", "--project", film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    records = ledger.read(film).records
    assert [record.kind for record in records].count("aborted") == 1
    assert ledger.verify(film) == ()
    rendered = film / "pipeline" / "04_inference_render"
    resumed = digests(rendered)
    for file in rendered.glob("*.exr"):
        file.unlink()
    assert film_recovery("run", "--project", film, "--json").code == 0
    assert digests(rendered) == resumed


def test_a_second_process_is_told_who_holds_the_project(film_recovery, started, film) -> None:
    with started("run", "--project", film, "--json") as process:
        process.stdout.readline()
        said = film_recovery("run", "--project", film, "--json")
        process.send_signal(signal.SIGKILL)
    assert said.code == 3
    assert said.error["type"] == "ProjectLocked"
    assert f"process {process.pid}" in said.error["message"]


@pytest.mark.slow
def test_a_run_as_a_job_survives_its_starter(film_recovery, film) -> None:
    job = film_recovery(
        "job", "start", "--project", film, "--json", "--", "check", "ingest", "--project", film
    )
    assert job.code == 0, (job.lines, job.text)
    followed = film_recovery("job", "follow", job.result["id"], "--project", film, "--json")
    assert followed.code == 0
    assert outcomes(followed)["ingest.size_parity"] == "pass"
    assert followed.lines[-1]["state"] == "done"
    time.sleep(0.1)
    listed = film_recovery("job", "list", "--project", film, "--json")
    assert [line["state"] for line in listed.lines] == ["done"]


@pytest.mark.slow
def test_fix_shows_the_change_first_and_keeps_a_copy(film_recovery, film) -> None:
    script = stages.build_script(project.load(film))
    opened = nk.load(script)
    opened.node("CopyCat1").set("batchSize", "8")
    nk.save(opened, script)
    before = script.read_bytes()
    checked = film_recovery("check", "--project", film, "--json")
    assert outcomes(checked)["training.settings"] != "pass"
    shown = film_recovery("fix", "training.settings", "--project", film, "--json")
    assert shown.code == 0
    assert "- batchSize 8" in shown.result["diff"]
    assert script.read_bytes() == before, "nothing is changed before --apply"
    applied = film_recovery("fix", "training.settings", "--apply", "--project", film, "--json")
    assert Path(applied.result["copy"]).read_bytes() == before
    assert script.read_bytes() != before
    again = film_recovery("fix", "training.settings", "--project", film, "--json")
    assert again.result["diff"] == ""


def test_a_torn_ledger_line_is_set_aside_and_said(film_recovery, film) -> None:
    with (film / "ledger.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"index": 99, "kind": "sta')
    said = film_recovery("check", "ingest", "--project", film, "--json")
    assert said.code == 0, (said.lines[-1], said.text)
    assert ledger.verify(film) == ()
    assert ledger.read(film).of_kind("torn")
    assert list(film.glob("ledger.torn-*.jsonl"))
