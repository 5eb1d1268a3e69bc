"""A model's own nodes: known to Nuke, read alike by Tcl, and safe whatever the model is called."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path, PureWindowsPath
from types import ModuleType

import pytest

from film_recovery import nk
from film_recovery.graph.model_script import CHANNELS, model_script
from film_recovery.nk import tcl

ROOT = Path(__file__).resolve().parents[2]
MODEL, CAT = Path("/models/colour.pt"), Path("/models/colour.cat")
PLANTED = 'a [exec touch /tmp/planted] "$x" {[python x]} \\ Ürga\n}'


def facts() -> ModuleType:
    """tests/nuke_facts/facts.py, which is in no package."""
    if "nuke_facts_reader" not in sys.modules:
        file = ROOT / "tests" / "nuke_facts" / "facts.py"
        spec = importlib.util.spec_from_file_location("nuke_facts_reader", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["nuke_facts_reader"] = module
        spec.loader.exec_module(module)
    return sys.modules["nuke_facts_reader"]


@pytest.mark.parametrize("name", ["Colour 1", PLANTED])
def test_nuke_knows_every_knob_and_tcl_reads_the_same(name: str) -> None:
    text = model_script(MODEL, CAT, name, "linear values")
    script = nk.parse(text)
    assert facts().problems(script) == []
    blocks = tcl.read_blocks(text)
    if blocks is None:
        return  # no tkinter here; the parser's own reading is tested below
    assert [kind for kind, _ in blocks] == ["StickyNote", "CatFileCreator", "Inference"]
    ours = [[(entry.name, nk.decode(entry.raw)) for entry in node.entries()] for node in script.all_nodes()]
    assert [pairs for _, pairs in blocks] == ours


@pytest.mark.parametrize("name", ["Colour 1", PLANTED])
def test_the_knobs_say_what_is_meant(name: str) -> None:
    script = nk.parse(model_script(MODEL, CAT, name, "linear values"))
    creator, inference = script.node("CatFileCreator_FR"), script.node("Inference_FR")
    values = {knob: nk.literal(creator.get(knob).text) for knob in creator.knobs}
    assert values["torchScriptFile"] == "/models/colour.pt"
    assert values["catFile"] == "/models/colour.cat" == nk.literal(inference.get("modelFile").text)
    assert values["channelsIn"] == values["channelsOut"] == CHANNELS
    assert values["modelId"] == name  # to the letter, and nothing in it is ever run
    assert creator.inputs == [] and inference.inputs == [None]


def test_paths_have_forward_slashes() -> None:
    model = PureWindowsPath(r"C:\models\a b.pt")
    text = model_script(model, model.with_suffix(".cat"), "x", "linear values")
    assert '"C:/models/a b.pt"' in text and "\\models" not in text
