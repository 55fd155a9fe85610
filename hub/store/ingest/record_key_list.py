"""The keys of a batch's records as parameters: lists as JSON, which the driver need not escape value by value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from hub.store.ingest.rows import RecordKey

RECORD_KEYS = "rows from (json_array_elements_text(%(kinds)s::json), json_array_elements_text(%(ids)s::json))"
"""The kinds and external ids in ``record_key_params``, as a table of two columns in a statement for the driver."""


def record_key_params(system: str, keys: Sequence[RecordKey]) -> dict[str, Any]:
    """Return the parameters of a statement on records of ``system``."""
    kinds, ids = [kind for kind, _ in keys], [external_id for _, external_id in keys]
    return {"system": system, "kinds": orjson.dumps(kinds).decode(), "ids": orjson.dumps(ids).decode()}
