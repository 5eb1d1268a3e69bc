"""Options that several commands of stages 0 to 2 have: declared once, so they mean the same in each."""

from __future__ import annotations

from typing import Any

import typer

from film_recovery.cli import curation_commands as declaring
from film_recovery.cli.app import app


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
                said = option.help, option.default, option.is_flag
                declared.setdefault(option.opts[0], {})[words] = said
    shared = {name: by_command for name, by_command in declared.items() if len(by_command) > 1}
    assert {"--out", "--apply", "--by", "--frames", "--source-space", "--take-over"} < set(shared)
    assert {name: one for name, one in shared.items() if len(set(one.values())) > 1} == {}
