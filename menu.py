"""Film Recovery: what NukeX runs at start-up when it has a screen. Puts the building blocks into the menus."""

import nuke

_BLOCKS = ("FR_GroundTruth", "FR_TrainPrep", "FR_Inference")

for _menu in (nuke.menu("Nuke"), nuke.menu("Nodes")):
    _own = _menu.addMenu("Film Recovery")
    for _block in _BLOCKS:
        _own.addCommand(_block, f"nuke.createNode('{_block}')")
