"""A place in the feed: how far one has read of each system, told to outsiders as a cursor."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import orjson

from hub.store.reading.cursors import BadCursor

Positions = Mapping[str, int]
"""For each system the position read last."""

LONGEST = 10_000
"""Characters of a cursor: far more than any number of systems needs."""


def encode(positions: Positions) -> str:
    """Opaque and URL-safe."""
    return base64.urlsafe_b64encode(orjson.dumps(positions, option=orjson.OPT_SORT_KEYS)).decode().rstrip("=")


def decode(cursor: str) -> Positions:
    """Raises ``BadCursor``: a cursor is anybody's to make up."""
    if len(cursor) > LONGEST:
        raise BadCursor("This is not a cursor of the feed; use endCursor of the page before.")
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise BadCursor("This is not a cursor of the feed; use endCursor of the page before.") from None
    if not isinstance(found, dict) or not all(type(position) is int and position >= 0 for position in found.values()):
        raise BadCursor("This cursor belongs to another list; start without it.")
    return found
