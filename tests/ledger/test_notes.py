"""``notes/experiments.md``: what a reader is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from film_recovery import ledger
from film_recovery.ledger.own_words import own_words, write_page


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


# The operator's own words


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_what_the_operator_writes_stays_whatever_else_is_written_anew(tmp_path: Path) -> None:
    ledger.append(tmp_path, "train", {"what": "first"})
    notes = ledger.write_notes(tmp_path)
    own = "My own line.\n\n  * tried <b>less</b> jitter\r\n\tnot better"
    text = notes.read_text(encoding="utf-8")
    notes.write_bytes(f"Look below.\n{text}{own}".encode())
    for round_ in ("second", "third"):
        ledger.append(tmp_path, "train", {"what": round_})
        ledger.write_notes(tmp_path)
        text = notes.read_bytes().decode("utf-8")
        assert text.startswith("Look below.\n<!-- written by Film Recovery")
        assert text.endswith(f"## Your own notes\n\n{own}")
        assert round_ in text and text.count("# Experiments\n") == 1
    assert [path.name for path in notes.parent.iterdir()] == ["experiments.md"]


def test_the_page_opens_with_a_place_for_them(tmp_path: Path) -> None:
    assert _lines(ledger.write_notes(tmp_path))[-2] == "## Your own notes"


def test_where_ours_was_edited_the_page_is_kept_as_it_was(tmp_path: Path) -> None:
    ledger.append(tmp_path, "train", {"what": "first"})
    notes = ledger.write_notes(tmp_path)
    edited = notes.read_text(encoding="utf-8").replace("first", "first, by Ana") + "My own line.\n"
    notes.write_text(edited, encoding="utf-8")
    ledger.write_notes(tmp_path)
    ledger.write_notes(tmp_path)
    assert (notes.parent / "experiments-edited-1.md").read_text(encoding="utf-8") == edited
    assert not (notes.parent / "experiments-edited-2.md").exists()
    text = notes.read_text(encoding="utf-8")
    assert "by Ana" not in text and text.endswith("My own line.\n")


def test_a_page_whose_lines_are_gone_is_kept_as_it_was(tmp_path: Path) -> None:
    ledger.append(tmp_path, "train", {})
    notes = ledger.write_notes(tmp_path)
    cut = notes.read_text(encoding="utf-8").partition("<!-- end of")[0] + "My own line.\n"
    notes.write_text(cut, encoding="utf-8")
    ledger.write_notes(tmp_path)
    assert (notes.parent / "experiments-edited-1.md").read_text(encoding="utf-8") == cut
    assert _lines(notes)[-2] == "## Your own notes"


def test_a_page_that_is_only_the_operators_stays_below_ours(tmp_path: Path) -> None:
    notes = tmp_path / ledger.NOTES
    notes.parent.mkdir()
    notes.write_bytes("Zoë: tried twice.\n".encode("latin-1"))  # as an old editor saves it
    ledger.write_notes(tmp_path)
    assert notes.read_text(encoding="utf-8").endswith("\nZoë: tried twice.\n")
    assert (notes.parent / "experiments-edited-1.md").read_bytes() == "Zoë: tried twice.\n".encode("latin-1")
    utf16 = notes.read_text(encoding="utf-8") + "Again.\n"
    notes.write_bytes(utf16.encode("utf-16"))
    ledger.write_notes(tmp_path)
    assert notes.read_text(encoding="utf-8").endswith("Zoë: tried twice.\nAgain.\n")


def test_a_page_of_an_earlier_version_is_known(tmp_path: Path) -> None:
    notes = tmp_path / ledger.NOTES
    notes.parent.mkdir()
    old = "# Experiments\n\nold\n"
    mark = (
        f"<!-- from ledger.jsonl; what follows has SHA-256 {hashlib.sha256(old.encode()).hexdigest()} -->\n"
    )
    notes.write_text(mark + old, encoding="utf-8")
    ledger.write_notes(tmp_path)
    assert [path.name for path in notes.parent.iterdir()] == ["experiments.md"]
    assert "old" not in _lines(notes)
    notes.write_text(f"{mark}{old}My own line.\n", encoding="utf-8")
    ledger.write_notes(tmp_path)
    assert (notes.parent / "experiments-edited-1.md").read_text(encoding="utf-8").endswith("My own line.\n")


# Trainings


def _train(folder: Path, sha256: str, psnr: float, better: str = "network", **settings: object) -> None:
    given = {"size": "medium", "patch": 512, "batch": 3, "steps": 40000, "initial": "none", **settings}
    figures = {"input psnr": 30.0, "closed_form psnr": 32.0, "network psnr": psnr}
    work = {"stage": 3, "sha256": sha256, "settings": given, "figures": figures, "better": better}
    ledger.append(folder, "stage", work, by="Ana")


def _validated(folder: Path, *outcomes: str) -> None:
    checks = [{"id": f"validation.check_{n}", "outcome": one} for n, one in enumerate(outcomes)]
    ledger.append(folder, "stage", {"stage": 5, "checks": checks}, by="Ana")


def _rows(folder: Path) -> list[list[str]]:
    lines = [line for line in _lines(ledger.write_notes(folder)) if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[2].isdigit()]


def test_each_training_is_told_with_what_came_of_it_and_who_decided(tmp_path: Path) -> None:
    ledger.append(tmp_path, "started", {"reasoning": "The internegative\nkept the detail."}, by="Ana")
    ledger.append(tmp_path, "stage", {"stage": 1, "pairs": 4}, by="Ana")
    _train(tmp_path, "a", 31.5, better="closed_form")
    _validated(tmp_path, "pass", "fail")
    ledger.append(tmp_path, "stopped", {"reason": "x"}, by="Ana")
    ledger.append(tmp_path, "pairs", {"pairs": 7, "hold_out": 1}, by="Ben")
    _train(tmp_path, "b", 34.512, initial="pipeline/best.ckpt")
    _train(tmp_path, "b", 34.512, initial="pipeline/best.ckpt")  # a run that found it done
    ledger.append(tmp_path, "sign", {"check": "training.watched"}, by="Eve")
    ledger.append(tmp_path, "sign", {"check": "validation.no_halos"}, by="Ben")
    _validated(tmp_path, "pass", "pass")
    ledger.append(tmp_path, "finished", {}, by="Ana")
    first, second = _rows(tmp_path)
    assert first[0] == "1" and first[1].endswith(", Ana")
    assert first[2:] == [
        "4",
        "medium, patch 512, batch 3, 40000 steps, fresh; its closed form is better",
        "psnr 31.5 (30)",
        r"not accepted: validation.check\_1",
        "–",
    ]
    assert second[2:] == [
        "7",
        "medium, patch 512, batch 3, 40000 steps, from pipeline/best.ckpt",
        "psnr 34.51 (30)",
        "accepted: the run ended with no check that fails",
        "Ben",
    ]
    text = (tmp_path / ledger.NOTES).read_text(encoding="utf-8")
    assert "Why, from training 1 on:\n\n> The internegative\n> kept the detail.\n" in text
    assert "from training 2 on" not in text


_BY_HAND = ("stage", {"stage": 5, "command": "validate", "checks": []}, "Ana")
_FAILS = ("stage", {"stage": 5, "checks": [{"id": "validation.hue", "outcome": "fail"}]}, "Ana")


@pytest.mark.parametrize(
    ("after", "outcome", "who"),
    [
        ([], "open", "–"),
        (
            [("finished", {}, "Ana")],
            "open: the run ended with no check that fails, and nobody has signed its result",
            "–",
        ),
        ([("stopped", {"reason": "Disk full."}, "Ana")], "not accepted: the run stopped. Disk full.", "–"),
        ([("delivered", {"bag": "b"}, "Ben")], "accepted: delivered", "Ben"),
        (
            [("delivered", {"bag": "b", "failing": ["validation.hue"]}, "Ben")],
            r"accepted: delivered, although these fail: validation.hue",
            "Ben",
        ),
        (  # the short range is looked at before the rest is rendered
            [("sign", {"check": "inference.short_range"}, "Bob"), ("finished", {}, "Ana")],
            "open: the run ended with no check that fails, and nobody has signed its result",
            "–",
        ),
        (
            [("finished", {}, "Ana"), ("sign", {"check": "validation.scopes"}, "Bob"), _FAILS],
            "not accepted: validation.hue",
            "Bob",
        ),
        (
            [("delivered", {}, "Ben"), _FAILS, ("stopped", {"reason": "x"}, "Ana")],
            "not accepted: validation.hue",
            "–",
        ),
        ([_FAILS, ("delivered", {}, "Ben")], "accepted: delivered", "Ben"),
        (
            [_BY_HAND, ("sign", {"check": "validation.scopes"}, "Bob")],
            "accepted: the validation ended with no check that fails",
            "Bob",
        ),
        ([("delivered", {}, "Ben"), ("stopped", {"reason": "x"}, "Ana")], "accepted: delivered", "Ben"),
    ],
)
def test_what_came_of_a_training(
    tmp_path: Path, after: list[tuple[str, dict[str, object], str]], outcome: str, who: str
) -> None:
    _train(tmp_path, "a", 33.0)
    for kind, data, by in after:
        ledger.append(tmp_path, kind, data, by)
    (row,) = _rows(tmp_path)
    assert row[-2:] == [outcome, who]


def test_a_training_without_figures_or_pairs_is_told_too(tmp_path: Path) -> None:
    ledger.append(tmp_path, "stage", {"stage": 3, "sha256": "a", "settings": {"steps": 0}}, by="A | B")
    ledger.append(tmp_path, "stage", {"stage": 3, "sha256": "b"}, by="Ana")
    page = ledger.write_notes(tmp_path).read_text(encoding="utf-8")
    assert r"A \| B | – | closed form alone, fresh | not measured | not accepted: trained anew | – |" in page
    assert "Ana | – | – | not measured | open | – |" in page


def test_a_line_that_begins_with_a_number_is_no_heading(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_page(page, "Ours.\n", "## Seen\n\n<!-- write here -->\n")
    text = page.read_text(encoding="utf-8")
    assert own_words(page) == ""
    page.write_text(f"{text}###\n#1 reel is scratched\n####### so\n", encoding="utf-8")
    assert own_words(page) == "#1 reel is scratched\n####### so"
