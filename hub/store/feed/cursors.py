"""The cursor of the feed: the last position read of each system."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import orjson

from hub.messages import Bilingual
from hub.store.queries.cursors import WRONG_LIST, InvalidCursor, decode_json

Positions = Mapping[str, int]
"""The position read last, by system."""


def encode(positions: Positions) -> str:
    """Return the cursor of ``positions``, an opaque URL-safe text."""
    return base64.urlsafe_b64encode(orjson.dumps(positions, option=orjson.OPT_SORT_KEYS)).decode().rstrip("=")


def decode(cursor: str) -> Positions:
    """Return the positions of a cursor. Raises ``InvalidCursor``, because a cursor is untrusted input."""
    try:
        positions = decode_json(cursor)
    except ValueError:
        raise InvalidCursor(
            Bilingual(
                "This is not a cursor of the feed; use endCursor of the page before.",
                "Ini bukan cursor umpan perubahan; pakailah endCursor halaman sebelumnya.",
            )
        ) from None
    if not isinstance(positions, dict) or not all(type(each) is int and each >= 0 for each in positions.values()):
        raise InvalidCursor(WRONG_LIST)
    return positions
