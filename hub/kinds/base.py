"""What every kind of record is made of: its codes, its class and its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self


class Code(StrEnum):
    """An enum member with its value, an Indonesian and an English label, and a description."""

    label_id: str
    label_en: str
    description: str

    def __new__(cls, value: str, label_id: str = "", label_en: str = "", description: str = "") -> Self:
        """Make the member ``value`` with its labels and its description."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label_id, member.label_en, member.description = label_id, label_en, description
        return member


class Kind:
    """Base class of all kinds; a connector with its own kind subclasses it in its ``mapping.py``."""

    __slots__ = ()

    kind: ClassVar[str]
    statuses: ClassVar[type[Code]]
    prose: ClassVar[frozenset[str]] = frozenset()
    indexed: ClassVar[tuple[str, ...]] = ()
    fact_of_key: ClassVar[Mapping[str, str]] = {}
    """For keys whose value is an indexed fact of the record: the name of the fact, by that of the key."""
    has_amounts: ClassVar[bool] = False
    """Whether its records have amounts, by which lists are ordered."""
    searched: ClassVar[tuple[str, ...]] = ()
    """Prose fields that a full-text search covers, for viewers who may read the record."""
    with_status: ClassVar[tuple[str, ...]] = ()
    """Fields that change with the status: where status and facts have versions of their own, the newer status has them.

    ``occurred_at`` is the time of the record.
    """
    digested_as_facts: ClassVar[bool] = False
    """Whether change detection includes the prose in the digest of the facts, as it did when it was a fact."""


@dataclass(frozen=True, slots=True)
class Key:
    """``name=value``, which links records and complaints. ``personal`` values are stored as a keyed hash.

    Names in use: ``ticket``, ``report`` (the centre's tracking id), ``payment``, ``order``, ``agency``, ``area``,
    ``supplier``, ``permit`` (any number of a permit or of its application), and ``nib`` and ``npwp`` of a business,
    which are personal.
    """

    name: str
    value: str
    personal: bool = False
