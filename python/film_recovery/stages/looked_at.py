"""What a look at the result is about: the graph, and the masters as they lie on disk, byte for byte.

A signature of stage 5 carries both, and so does an iteration in the ledger: a frame that was rendered anew, or another
graph, is another result.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from film_recovery.errors import FilmRecoveryError
from film_recovery.provenance.sealing import content_hash, digest_of
from film_recovery.stages.render_state import render_state
from film_recovery.stages.view import NotYet, View

_MASTERS: WeakKeyDictionary[View, str] = WeakKeyDictionary()


def looked_at(view: View) -> dict[str, str]:
    """JSON values: ``graph`` (``render_state``) and ``masters``, a digest of every frame's name and SHA-256.

    Both are empty without a script that can be read, ``masters`` also where a frame cannot: then nobody can say what
    was looked at, and nothing holds for it. Which frames are to be rendered is no part of it: a range that is made
    shorter shows nothing that was not seen.
    """
    return {"graph": render_state(view), "masters": masters_of(view)}


def masters_of(view: View) -> str:
    """The digest of the frames on disk; empty where one of them cannot be read. Reads every one, once a View."""
    if view not in _MASTERS:
        try:
            sequence = view.output.sequence
            files = [sequence.path(frame) for frame in sequence.frames()]
            _MASTERS[view] = digest_of({file.name: content_hash(file) for file in files})[:16]
        except (NotYet, FilmRecoveryError):
            return ""
    return _MASTERS[view]
