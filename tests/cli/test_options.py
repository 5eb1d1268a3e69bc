"""Options that several commands of stages 0 to 2 have: declared once, so they mean the same in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
import typer.testing

from film_recovery.cli import curation_commands as declaring
from film_recovery.cli.app import HERE, folder_of
from film_recovery.cli.main import app
from film_recovery.errors import UsageError


def test_an_option_that_commands_share_says_the_same_in_each() -> None:
    commands: Any = typer.main.get_command(app)
    of_pairs = [f"pairs {name}" for name in commands.commands["pairs"].commands]
    declared: dict[str, dict[str, tuple[object, ...]]] = {}
    for words in ("ingest", "curate", "align", *of_pairs):
        command = commands
        for word in words.split():
            command = command.commands[word]
        assert command.callback.__module__ == declaring.__name__
        for option in command.params:
            if option.param_type_name == "option":
                default = None if option.default == HERE else option.default  # where two sequences do as well
                said = option.help, default, option.is_flag
                declared.setdefault(option.opts[0], {})[words] = said
    shared = {name: by_command for name, by_command in declared.items() if len(by_command) > 1}
    assert {"--out", "--apply", "--by", "--frames", "--source-space", "--take-over", "--project"} < set(
        shared
    )
    assert {name: one for name, one in shared.items() if len(set(one.values())) > 1} == {}


@pytest.mark.parametrize("command", ["ingest", "curate", "align", "outliers", "proxies"])
def test_a_project_is_named_as_every_command_names_it(command: str, tmp_path: Path) -> None:
    """``--project FOLDER`` beside the argument that some have: the panel and scripts need not know which."""
    run = typer.testing.CliRunner().invoke(app, [command, "--project", str(tmp_path), "--json"])
    assert "project.yaml" in run.stdout and str(tmp_path) in run.stdout
    run = typer.testing.CliRunner().invoke(app, [command, "here", "--project", str(tmp_path), "--json"])
    assert run.exit_code == 2 and "Two projects are named" in run.stdout


def test_a_project_that_is_named_twice_alike_is_one(tmp_path: Path) -> None:
    assert folder_of(tmp_path, tmp_path) == folder_of(None, tmp_path) == folder_of(tmp_path, None) == tmp_path
    assert folder_of(None, None) is None
    with pytest.raises(UsageError, match="Two projects are named"):
        folder_of(tmp_path / "a", tmp_path)
