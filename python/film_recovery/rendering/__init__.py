"""Frames to disk: runs a Write node, frame by frame, and keeps the film safe.

``output`` reads the Write's knobs, ``record`` knows which files are ours, ``job`` what they depend on, ``workplace`` is
where they are made, ``render`` joins them.
Above ``comp``, below the command line.
"""

from film_recovery.rendering.render import Rendered, noted, render, standings

__all__ = ["Rendered", "noted", "render", "standings"]
