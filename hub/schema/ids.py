"""Opaque ids: type, system and reference, so that an id alone finds its way home."""

from __future__ import annotations

import base64
import binascii

import orjson

from hub.store.reading.naming import Ref


class BadId(ValueError):
    """Not an id this graph gave out."""

    def __init__(self) -> None:
        super().__init__("This is not an id of this graph; use the `id` of an answer as it is.")


def encode(type_name: str, ref: Ref) -> str:
    """The id of a row: URL-safe, stable for as long as the row lives."""
    return base64.urlsafe_b64encode(orjson.dumps([type_name, *ref])).decode().rstrip("=")


def decode(id_: str) -> tuple[str, Ref]:
    """(type name, (system, reference)); raises ``BadId``."""
    try:
        type_name, system, ref = orjson.loads(base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise BadId from None
    if not (isinstance(type_name, str) and isinstance(system, str) and isinstance(ref, str)):
        raise BadId
    return type_name, (system, ref)
