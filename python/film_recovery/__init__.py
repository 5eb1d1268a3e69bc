"""Film Recovery: reference-based recovery of damaged or faded film, measured at every step.

The package has two worlds with a wall between them. The *light* one (``errors``, ``nk``) is what NukeX
imports: standard library only. The *heavy* one (``imaging``, ``comp``, ``learning`` …) runs in its own
process, ``film-recovery``. Nothing is imported here, so that importing the package costs nothing.
"""

__version__ = "0.1.0"
