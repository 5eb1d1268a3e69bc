"""Film Recovery: what NukeX runs at start-up when it has a screen. The menu, the node toolbar, the panel."""

try:
    import nuke

    from film_recovery.plugin import menus

    menus.install_menus(nuke.menu("Nuke"), nuke.menu("Nodes"))
    from nukescripts import panels  # after the menus, which do not need it

    menus.install_panel(panels)
except Exception as _problem:  # NukeX must start whatever is wrong here
    print(f"Film Recovery: the menu is missing: {_problem}")
