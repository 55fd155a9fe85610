"""The core kinds of record, which any connector may map to, and their codes.

A kind is a frozen dataclass: its fields are the body of a record, JSON values only (money and time have their own
columns, see ``hub.contract.Record``). ``kind`` names it in the store; ``prose`` are the fields with free text written
by people, which are stored apart from the facts and never copied into the change history; ``indexed`` are the fields
that lists filter on, for which every partition gets an index. Imports nothing else of the hub.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.kinds.base import Code, Key, Kind
from hub.kinds.licensing import (
    Business,
    BusinessScale,
    BusinessStatus,
    LegalForm,
    Permit,
    PermitAuthority,
    PermitClock,
    PermitSector,
    PermitStatus,
)
from hub.kinds.order import Order, OrderStatus
from hub.kinds.payment import Payment, PaymentPurpose, PaymentStatus
from hub.kinds.report import Report, ReportStatus

__all__ = [
    "CORE_KINDS",
    "Business",
    "BusinessScale",
    "BusinessStatus",
    "Code",
    "Key",
    "Kind",
    "LegalForm",
    "Order",
    "OrderStatus",
    "Payment",
    "PaymentPurpose",
    "PaymentStatus",
    "Permit",
    "PermitAuthority",
    "PermitClock",
    "PermitSector",
    "PermitStatus",
    "Report",
    "ReportStatus",
    "kind_names",
]

CORE_KINDS: tuple[type[Kind], ...] = (Report, Payment, Order, Permit, Business)
"""The kinds that any connector may map to."""


def kind_names(own: Iterable[type[Kind]] = ()) -> tuple[str, ...]:
    """Return the names of the core kinds and of connectors' ``own`` kinds, in alphabetical order."""
    return tuple(sorted({kind.kind for kind in (*CORE_KINDS, *own)}))
