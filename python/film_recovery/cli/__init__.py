"""The command line: every part of the engine without a screen. ``main.main`` is the console script."""
