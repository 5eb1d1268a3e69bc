"""To which project a script belongs."""

from __future__ import annotations

from pathlib import Path

from film_recovery import nk
from film_recovery.host.script import ScriptHost
from film_recovery.plugin.places import project_folder


def test_a_script_belongs_to_the_project_that_was_set_or_that_it_lies_in(tmp_path: Path) -> None:
    (tmp_path / "film" / "nuke_base").mkdir(parents=True)
    (tmp_path / "film" / "project.yaml").write_text("", encoding="utf-8")
    script = tmp_path / "film" / "nuke_base" / "recovery.nk"
    script.write_text("Root {\n inputs 0\n}\n", encoding="utf-8")
    assert project_folder(ScriptHost(nk.parse(script.read_text()))) == ""
    host = ScriptHost(script)
    assert project_folder(host) == (tmp_path / "film").as_posix()
    host.set_project("/other/film")
    assert project_folder(host) == "/other/film"
