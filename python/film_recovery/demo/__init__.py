"""The demo: real footage, damaged by a documented simulation, taken through the main job and measured.

Nothing of the product imports this package; it sits above the engine and below the command line. The clip is
installed with the demo and never committed; see ``footage`` for where it comes from.
"""
