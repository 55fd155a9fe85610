"""Opaque ids that encode type, system and reference."""

from __future__ import annotations

import base64
import binascii

import orjson

from hub.messages import Bilingual
from hub.store.queries.lookup import Ref


class BadId(ValueError):
    """Raised for a text that is not an id of this graph."""

    def __init__(self) -> None:
        super().__init__(
            Bilingual(
                "This is not an id of this graph; use the `id` of an answer as it is.",
                "Ini bukan id dari graf ini; pakailah `id` dari jawaban apa adanya.",
            )
        )


def encode(type_name: str, ref: Ref) -> str:
    """Return the id of a row: URL-safe, and stable as long as the row exists."""
    return base64.urlsafe_b64encode(orjson.dumps([type_name, *ref])).decode().rstrip("=")


def decode(id_: str) -> tuple[str, Ref]:
    """Return (type name, (system, reference)); raises ``BadId``."""
    try:
        type_name, system, ref = orjson.loads(base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise BadId from None
    if not (isinstance(type_name, str) and isinstance(system, str) and isinstance(ref, str)):
        raise BadId
    return type_name, (system, ref)
