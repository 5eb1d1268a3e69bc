"""The panel: an operator's way through the stages, in NukeX and as a program of its own.

Whatever is measured or made is asked of the engine, as jobs and short requests. The modules here hold what the panel
knows and decides, without a screen; ``widgets`` shows it. Everything of Qt comes through ``panel.qt``.
"""
