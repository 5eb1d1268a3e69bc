"""``notes/experiments.md``: what a reader is told."""

from __future__ import annotations

from pathlib import Path

from film_recovery import ledger


def _checks() -> list[dict[str, object]]:
    return [
        {"id": "ingest.size_parity", "outcome": "pass", "reason": "both 1920 × 1080"},
        {"id": "training.clamp_share", "outcome": "warn", "reason": "9 % of the pixels are clamped"},
    ]


def test_a_run_is_told_with_its_settings_figures_reasons_and_checks(tmp_path: Path) -> None:
    ledger.append(
        tmp_path,
        "train",
        {
            "what": "Trained the colour model.",
            "settings": {"steps": 40000, "patch": 512},
            "figures": {"psnr": 31.23456, "baselines": {"resize": 24.0}},
            "reasoning": "The DVD is the only element\nwith its dyes intact.",
            "checks": _checks(),
            "seconds": 12.0,
        },
        by="Ana",
    )
    ledger.append(tmp_path, "sign", {"check": "ingest.conformed", "note": "one timeline"}, by="Ben")
    page = ledger.write_notes(tmp_path).read_text(encoding="utf-8")
    record = ledger.read(tmp_path).records[0]
    assert f"## {record.time[:10]}" in page
    assert f"### {record.time[11:16]} UTC · Training · Ana" in page
    assert "| steps | 40000 |" in page
    assert "| baselines.resize | 24 |" in page
    assert "| psnr | 31.23 |" in page
    assert "> The DVD is the only element\n> with its dyes intact." in page
    assert "Checks: 1 of 2 passed." in page
    assert "* **warn** `training.clamp_share`: 9 % of the pixels are clamped" in page
    assert "size_parity" not in page
    assert "* seconds: 12" in page
    assert "UTC · Signed · Ben" in page
    assert "* `ingest.conformed`: one timeline" in page
    assert "does not verify" not in page


def test_signatures_of_one_person_are_told_together_and_stages_by_name(tmp_path: Path) -> None:
    for check in ("ingest.odt", "ingest.no_warps"):
        ledger.append(tmp_path, "sign", {"check": check, "note": "seen\n* in full"}, by="Ana")
    ledger.append(tmp_path, "sign", {"check": "ingest.odt", "note": ""}, by="Ben")
    work = {
        "stage": 3,
        "name": "training",
        "key": "e3b0",
        "settings": {"steps": 40},
        "run": "run_1",
        "better": "",
        "seed": 0,
    }
    ledger.append(tmp_path, "stage", work, by="Ana")
    page = ledger.write_notes(tmp_path).read_text(encoding="utf-8")
    assert page.count("Signed · Ana") == page.count("Signed · Ben") == 1
    assert "* `ingest.odt`: seen \\* in full\n* `ingest.no_warps`: seen" in page
    assert "UTC · Stage 3, training · Ana\n\n* run: run\\_1\n* seed: 0\n\n| settings | |\n" in page
    assert "e3b0" not in page and "* stage" not in page


def test_what_is_typed_stays_text(tmp_path: Path) -> None:
    ledger.append(tmp_path, "train", {"what": "<script>alert(1)</script> | [a](b)\n# big"}, by="<b>")
    page = ledger.write_notes(tmp_path).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert r"&lt;script&gt;alert(1)&lt;/script&gt; \| \[a\](b) \# big" in page
    assert "· &lt;b&gt;" in page


def test_a_ledger_that_does_not_verify_is_said_in_the_notes(tmp_path: Path) -> None:
    ledger.append(tmp_path, "train", {"steps": 1})
    file = tmp_path / ledger.FILE
    file.write_bytes(file.read_bytes().replace(b'"steps": 1', b'"steps": 2'))
    assert "does not verify:** record 1" in ledger.write_notes(tmp_path).read_text(encoding="utf-8")


def test_notes_that_were_edited_by_hand_are_kept(tmp_path: Path) -> None:
    ledger.append(tmp_path, "train", {})
    notes = ledger.write_notes(tmp_path)
    ledger.append(tmp_path, "train", {})
    ledger.write_notes(tmp_path)
    assert [path.name for path in notes.parent.iterdir()] == ["experiments.md"]

    edited = notes.read_text(encoding="utf-8") + "My own line.\n"
    notes.write_text(edited, encoding="utf-8")
    ledger.write_notes(tmp_path)
    assert (notes.parent / "experiments-edited-1.md").read_text(encoding="utf-8") == edited
    assert "My own line" not in notes.read_text(encoding="utf-8")
