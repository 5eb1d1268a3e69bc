"""Film Recovery: what every NukeX session runs at start-up, with or without a screen. Paths only."""

import nuke

nuke.pluginAddPath("./gizmos")
nuke.pluginAddPath("./python")
