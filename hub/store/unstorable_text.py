"""Texts that PostgreSQL cannot store: those with the character NUL, which the driver does not send."""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError


def has_nul(error: BaseException) -> bool:
    """Return whether the driver refused to send a statement because a text parameter contains NUL."""
    refused = error.orig if isinstance(error, DBAPIError) else error
    # The server's errors have a SQLSTATE; this one is the driver's own, and PostgreSQL never saw the statement.
    return isinstance(refused, psycopg.DataError) and refused.sqlstate is None and "NUL" in str(refused)
