"""Roles in a script become entries of the host's own menus."""

from __future__ import annotations

from types import ModuleType

import pytest

from film_recovery import nk
from film_recovery.host.nuke import NukeHost
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import commands
from film_recovery.plugin.colour_names import entry_of, set_names

MENU = ["default", "ACES - ACEScg", "roles/aces_interchange (ACES2065-1)", "color_picking (sRGB - Texture)"]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("ACES - ACEScg", "ACES - ACEScg"),
        ("color_picking", "color_picking (sRGB - Texture)"),
        ("aces_interchange", "roles/aces_interchange (ACES2065-1)"),
        ("color", None),
        ("matte_paint", None),
    ],
)
def test_a_role_is_found_in_a_menu(name: str, entry: str | None) -> None:
    assert entry_of(name, MENU) == entry


def test_build_sets_the_names_of_the_active_config_and_says_what_it_lacks(
    emulated_nuke: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = NukeHost()
    real = NukeHost.choices

    def choices(self: NukeHost, path: str, knob: str) -> tuple[str, ...]:
        real(self, path, knob)  # the knob is there
        return tuple(MENU) if host.class_of(path) == "Read" else ("default", "ACES - ACEScg")

    monkeypatch.setattr(NukeHost, "choices", choices)
    commands.run_on(host, "build", "spatial-gauge")
    assert host.text("Read_Source", "colorspace") == "color_picking (sRGB - Texture)"
    assert host.text("Write_Recovered", "colorspace") == "aces_interchange"
    assert (
        "Write_Recovered: the colour config has no aces_interchange" in emulated_nuke.emulation.messages[-1]
    )


def test_the_entries_are_those_of_the_knob(emulated_nuke: ModuleType) -> None:
    host = NukeHost()
    path = host.create("CopyCat", "CopyCat1")
    assert host.choices(path, "modelSize") == ("Small", "Medium", "Large")
    assert host.choices(path, "epochs") == ()


def test_without_nuke_roles_stay() -> None:
    host = ScriptHost(nk.parse("Read {\n inputs 0\n colorspace color_picking\n name Read1\n}\n"))
    assert set_names(host, ("Read1",)) == ()
    assert host.knob("Read1", "colorspace") == "color_picking"
