"""What NukeX's menus, buttons and start-up call. Light: the standard library and PyYAML, on a ``host``."""
