"""Film Recovery: what every NukeX session runs at start-up, with or without a screen. Paths only."""

try:
    import nuke

    for _folder in ("./gizmos", "./icons", "./python"):
        nuke.pluginAddPath(_folder)
    from film_recovery.plugin import start

    start.prepare()
except Exception as _problem:  # NukeX must start whatever is wrong here
    print(f"Film Recovery: start-up failed: {_problem}")
