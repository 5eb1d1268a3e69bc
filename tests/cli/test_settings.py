"""Values of project.yaml set by a command, and the names of the project's OCIO config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from film_recovery import ledger, project


def test_words_and_a_colour_space_are_set_where_they_stand(film_recovery, film: Path) -> None:
    file = film / project.FILE
    file.write_text(file.read_text("utf-8").replace("film:", "# of the archive\nfilm:", 1), encoding="utf-8")
    before, records = file.read_text("utf-8").splitlines(), len(ledger.read(film).records)
    holder = 'The "Old" Archive: 2nd floor'
    said = film_recovery(
        "set", f"elements.source.holder={json.dumps(holder)}", "elements.source.gauge=16 mm",
        "elements.reference.colourspace=Linear Rec.709 (sRGB)", "--project", film, "--by", "Ada", "--json",
    )  # fmt: skip
    assert said.code == 0, said.lines
    now = project.load(film)
    assert (now.source.holder, now.source.gauge) == (holder, "16 mm")
    assert now.reference.colourspace == "Linear Rec.709 (sRGB)"
    after = file.read_text("utf-8").splitlines()
    assert len([one for one in before if one not in after]) <= 3, "all other lines stay as they were"
    record = ledger.read(film).records[records]
    assert (record.kind, record.by) == ("set", "Ada")
    assert record.data["from"]["elements.source.holder"] == "Archive"
    assert record.data["to"]["elements.source.gauge"] == "16 mm"
    assert "elements.reference.colourspace" in (film / "notes" / "experiments.md").read_text("utf-8")
    again = film_recovery("set", "elements.source.gauge=16 mm", "--project", film, "--json")
    assert again.code == 0 and "stands so already" in again.result["what"]
    assert len(ledger.read(film).records) == records + 1


@pytest.mark.slow
def test_a_wrong_value_changes_nothing_and_is_named(film_recovery, film: Path) -> None:
    before = (film / project.FILE).read_bytes(), (film / "ledger.jsonl").read_bytes()
    for wrong, message, remedy in (
        ("elements.source.holdr=Archive", "elements.source.holdr", "holder"),
        ("training.patch=large", "training.patch is 'large'", "whole number"),
        ("elements.source.gauge=16", "elements.source.gauge is 16", "quotes"),
        ("elements.source.colourspace=sRGB Texure", "elements.source.colourspace", "nearest"),
        ("colour.working_space=nowhere", "colour.working_space", "nearest"),
        ("colour.config=none.ocio", "colour.config", "config.ocio"),
        ("holder", "key=value", "="),
    ):
        said = film_recovery("set", "elements.source.type=DVD", wrong, "--project", film, "--json")
        assert said.code in (2, 3), wrong
        assert message in said.error["message"] and remedy in said.error["remedy"], said.error
    assert ((film / project.FILE).read_bytes(), (film / "ledger.jsonl").read_bytes()) == before


def test_it_waits_for_whoever_holds_the_project(film_recovery, film: Path) -> None:
    with project.lock.held(film, "train"):
        said = film_recovery("set", "elements.source.type=DVD", "--project", film, "--json")
        assert said.code != 0 and "train" in json.dumps(said.error)
        assert project.load(film).source.type == "print"
        taken = film_recovery(
            "set", "elements.source.type=DVD", "--project", film, "--take-over", "--by", "Ada", "--json"
        )
        assert taken.code == 0
    kinds = [record.kind for record in ledger.read(film).records[-2:]]
    assert kinds == ["taken over", "set"]


@pytest.mark.slow
def test_the_config_tells_its_own_names(film_recovery, film: Path) -> None:
    said = film_recovery("config", "colourspaces", "--project", film, "--json").result
    assert said["roles"]["color_picking"] == "sRGB - Texture"
    assert {"ACEScg", "Linear Rec.709 (sRGB)", "sRGB - Texture"} <= set(said["colourspaces"])
    assert said["stands_for"] == {
        "source": "sRGB - Texture",
        "reference": "sRGB - Texture",
        "working_space": said["roles"]["scene_linear"],
    }
    own = film / "config.ocio"
    own.write_text(
        "ocio_profile_version: 2\nroles: {default: Film, scene_linear: Film}\ndisplays:\n  S:\n"
        "    - !<View> {name: V, colorspace: Film}\ncolorspaces:\n  - !<ColorSpace> {name: Film}\n",
        encoding="utf-8",
    )
    assert film_recovery("set", "colour.config=config.ocio", "--project", film, "--json").code == 0
    said = film_recovery("config", "colourspaces", "--project", film, "--json").result
    assert said["colourspaces"] == ["Film"] and said["config"].endswith("config.ocio")
    assert said["stands_for"]["source"] == "", "a name that this config does not have"
