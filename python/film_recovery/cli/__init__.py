"""The command line: every part of the engine without a screen. ``main.run`` is the console script."""
