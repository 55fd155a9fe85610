"""Statements that alter tables give way: all later reads of a table wait behind a statement that waits to lock it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import DeadlockDetected, LockNotAvailable

from hub.errors import HubError

T = TypeVar("T")

LOCK_TIMEOUT = "500ms"
"""How long a statement waits for a lock, and so how long reads may wait behind it."""
PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two attempts, twice as long each time: reads that waited are answered meanwhile."""
GIVE_UP_AFTER = 600.0
"""Seconds after which a person has to end what holds the lock."""


class TablesInUse(HubError):
    """A table that is to be altered is in use all the time."""


def give_way(alter: Callable[[], T], *, within: float = GIVE_UP_AFTER) -> T:
    """Return the result of ``alter``, repeated until others have released the locks it needs.

    It must set ``LOCK_TIMEOUT``, and have done nothing when it fails. Raises ``TablesInUse`` after ``within`` seconds.
    """
    end, pause = time.monotonic() + within, PAUSE
    while True:
        try:
            return alter()
        except Exception as error:
            if not _is_locked(error):
                raise
            if time.monotonic() >= end:
                raise TablesInUse(
                    "Another session has held a lock on a table that is to be altered: look for it in"
                    " pg_stat_activity, end it, and run `hub migrate` again; it goes on where it stopped."
                ) from None
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _is_locked(error: Exception) -> bool:
    """Return whether a lock was not available, whether the driver or SQLAlchemy raised the error."""
    return isinstance(getattr(error, "orig", error), LockNotAvailable | DeadlockDetected)
