"""Frames to disk: runs a Write node, frame by frame, and keeps the film safe.

``output`` reads the Write's knobs, ``record`` knows which files are ours, ``job`` what they depend on, ``workplace`` is
where they are made, ``render`` joins them.
Above ``comp``, below the command line.
"""

from film_recovery.rendering.output import write_output
from film_recovery.rendering.render import Progress, Rendered, noted, render, standings

__all__ = ["Progress", "Rendered", "noted", "render", "standings", "write_output"]
