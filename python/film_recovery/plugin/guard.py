"""What a menu or a button of NukeX may meet: it is told to the operator, and nothing raises into NukeX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import Host

# Nuke's own word for what it refuses or the operator cancelled; a disk that is full; a value that does not fit.
_REFUSALS = (RuntimeError, OSError, ValueError)


@contextmanager
def telling(host: Host, what: str) -> Iterator[None]:
    """Tells on ``host`` what stopped the block; ``what`` names a node or an entry of a menu."""
    try:
        yield
    except FilmRecoveryError as error:
        host.message(str(error))
    except _REFUSALS as error:
        host.message(f"{what}: {str(error) or type(error).__name__}")
