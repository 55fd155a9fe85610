"""Maps a raw item and validates the record against the limits of the store and the graph. Pure.

A mapping that raises an unexpected error rejects that item only, as if it had refused the item; the log has the type of
the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import structlog

from hub import bounds
from hub.connectors.base import Connector
from hub.contract import Raw, Record
from hub.errors import BadRecord
from hub.kinds import Kind

log = structlog.stdlib.get_logger(__name__)

SOURCE_STATUS_MAX = 200
"""Maximum number of characters of a source status."""

_MAPPING_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def map_item(connector: Connector, raw: Raw, now: datetime) -> Record:
    """Return the record of ``raw``; raises ``BadRecord`` if it is invalid or cannot be stored."""
    try:
        record = connector.map(raw)
    except _MAPPING_ERRORS as error:
        log.warning("item.mapping_failed", system=connector.name, error=type(error).__name__)
        raise BadRecord(f"the mapping cannot read it ({type(error).__name__})") from error
    check(record, connector.kinds, now)
    return record


def check(record: Record, kinds: tuple[type[Kind], ...], now: datetime) -> None:
    """Raise ``BadRecord`` for a value beyond the columns, the indexes or the graph's types."""
    if type(record.facts) not in kinds:
        raise BadRecord("its kind is not declared by the connector")
    _check_columns(record, now)
    facts: Any = record.facts
    for name, has_type, may_be_null, may_be_text in _fact_types(facts.__class__):
        value = getattr(facts, name)
        if (may_be_null and value is None) or (may_be_text and bounds.is_ordinary(value)):
            continue
        bounds.check_value(value, name)
        if not has_type(value):
            raise BadRecord(f"{name} is of another type than the kind declares")
        if name in facts.indexed and value:
            bounds.check_indexed(value, name)


def _check_columns(record: Record, now: datetime) -> None:
    bounds.check_indexed(record.external_id, "the id")
    if not record.external_id:
        raise BadRecord("the id is empty")
    for key in record.keys:
        bounds.check_indexed(key.value, f"the key {key.name}")
    bounds.check_time(record.occurred_at, "occurred_at", now)
    if record.updated_at is not record.occurred_at:
        bounds.check_time(record.updated_at, "updated_at", now)
    for number in (record.version, record.facts_version or 0):
        bounds.check_whole(number, "the version", bounds.VERSION_MAX)
    if record.amount is not None:
        bounds.check_amount(record.amount)
        if len(record.currency) != 3 or not record.currency.isalpha():
            raise BadRecord("the currency is not a code such as IDR")
    if record.status not in record.facts.statuses.__members__:
        raise BadRecord("the status is not one of its kind")
    if not isinstance(record.source_status, str) or len(record.source_status) > SOURCE_STATUS_MAX:
        raise BadRecord(f"the source status is not a text of at most {SOURCE_STATUS_MAX} characters")


class _FactType(NamedTuple):
    """A field of a kind: whether a value is of its type, as a function of the value, and which common ones are."""

    name: str
    has_type: Callable[[Any], bool]
    may_be_null: bool
    may_be_text: bool


@cache
def _fact_types(kind: Any) -> Sequence[_FactType]:
    """Return the fields of a kind, without class variables."""
    hints = get_type_hints(kind)
    checks = {each.name: _type_check(hints[each.name]) for each in fields(kind)}
    return [_FactType(name, has_type, has_type(None), has_type("")) for name, has_type in checks.items()]


def _type_check(hint: Any) -> Callable[[Any], bool]:
    """Return whether a value is of the type that a field of a kind declares, as a function of the value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        checks = [_type_check(each) for each in inner]
        # An exact type is the common case; a parametrised one is no type of a value.
        return lambda value: type(value) in inner or any(check(value) for check in checks)
    if origin is list:
        check = _type_check(inner[0])
        return lambda value: isinstance(value, list) and all(map(check, value))
    if hint is Any:
        return lambda value: True
    if origin is not None:
        return lambda value: origin is dict and isinstance(value, dict)
    if hint is type(None):
        return lambda value: value is None
    return lambda value: type(value) is hint or (isinstance(value, hint) and not isinstance(value, bool))
