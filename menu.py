"""Film Recovery: what NukeX runs at start-up when it has a screen. The menu and the node toolbar."""

try:
    import nuke

    from film_recovery.plugin import menus

    menus.install_menus(nuke.menu("Nuke"), nuke.menu("Nodes"))
except Exception as _problem:  # NukeX must start whatever is wrong here
    print(f"Film Recovery: the menu is missing: {_problem}")
