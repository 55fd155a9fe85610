"""The data that core and connectors exchange. Both import this module; neither imports the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from hub.agreement.pairs import Register
from hub.complaints.field_authority import SharedField
from hub.complaints.forwarding import DeliveryAction
from hub.complaints.reporter import Reporter
from hub.kinds import Key, Kind

Raw = dict[str, Any]
"""One item as the system sent it (parsed JSON), before anything is dropped or mapped."""

Cursor = dict[str, Any]
"""Where to continue: JSON that the connector writes and reads; the core only stores it, with the page."""


class Coverage(Enum):
    """How much of a system a pull can list."""

    FULL = "FULL"
    KNOWN_ONLY = "KNOWN_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDeclaration:
    """What a connector declares about its system, as ``hub migrate`` stores it.

    ``every`` is the period of the pull in seconds. The other fields are described at the attributes of ``Connector``.
    """

    name: str
    title: str
    owner: str
    kinds: tuple[type[Kind], ...]
    coverage: Coverage
    reports_all_changes: bool
    every: float
    sends: frozenset[DeliveryAction]
    shared: tuple[SharedField, ...]
    register: Register | None
    visible_to: str | None
    columns: tuple[str, ...]
    prose: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that a system knows, in the form of the hub.

    ``version`` orders the items of one record: a greater version is newer, an older item changes nothing, and
    of equal versions the last in feed order wins. ``status`` is a value of the kind's ``statuses``, and
    ``source_status`` is the system's own code for it. If the hub does not know the code, ``status`` is
    ``UNKNOWN`` and ``unknown`` names the field; the item is then stored and also quarantined. ``final`` marks a
    status that the record does not leave, so that two different final statuses are recognised as a
    contradiction. Times are aware. ``amount`` is in ``currency``. Only officers who may read personal data see
    ``secret`` records.

    ``facts_version`` is for systems that also send partial updates. Then ``version`` orders ``status``,
    ``source_status``, ``final`` and ``updated_at`` only, and ``facts_version`` orders the other fields: it is
    negative for a partial update and positive for a complete item.
    """

    facts: Kind
    external_id: str
    version: int
    status: str
    source_status: str
    occurred_at: datetime
    updated_at: datetime
    keys: tuple[Key, ...]
    amount: Decimal | None = None
    currency: str = "IDR"
    final: bool = False
    secret: bool = False
    unknown: str | None = None
    facts_version: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Items in feed order, and the cursor to store with them in one transaction.

    The next run begins with the ``cursor`` of the last page.
    """

    items: list[Raw]
    cursor: Cursor = field(default_factory=dict)


async def none_due(before: datetime) -> AsyncIterator[list[str]]:
    """Yield nothing: no records are due for a point lookup."""
    return
    yield []


@dataclass(frozen=True, slots=True)
class Run:
    """The parameters of a pull.

    ``cursor`` is the last stored one (empty at first); ``full`` requests everything that the system lists, from the
    start, independent of the cursor. ``known`` yields batches of at most 100 external ids that the hub has of this
    system, for systems without a listing: all that are not final, and of the final ones those that were requested
    longest ago. ``unfinished`` yields, in one batch, ids of records that are not final, occurred before the given time,
    and are due for a point lookup: the older a record, the less often.
    """

    cursor: Cursor
    full: bool
    now: datetime
    known: AsyncIterator[list[str]]
    unfinished: Callable[[datetime], AsyncIterator[list[str]]] = none_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A complaint as it is sent to other systems. ``reporter`` is None if the reporter must not be named there."""

    ticket: str
    channel: str
    klass: str
    category: str
    title: str
    text: str
    area_code: str | None
    agency_code: str | None
    anonymous: bool
    secret: bool
    received_at: datetime
    reporter: Reporter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery to a system.

    ``key`` is the same at every attempt (``LG-2026-000123/2``), and so is ``mark``, a keyed hash of it in letters and
    digits: only the hub knows it before the delivery arrives, so a record that contains it proves the arrival.
    ``external_id`` is the record that it is about, None for ``CREATE``. ``text`` is a message to or from the reporter;
    ``by_reporter``: from the reporter. ``target`` is the institution of a ``NOT_OURS``, in the system's own id, None
    for its sender.
    """

    key: str
    mark: str
    action: DeliveryAction
    complaint: Outgoing
    external_id: str | None = None
    text: str | None = None
    by_reporter: bool = False
    target: str | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one register decided about a matter, for the register that follows (``hub.agreement``).

    ``record`` is the deciding side's record, with the status that the other side is to get, and ``fields`` names what
    differs. ``external_id`` is the record of the side that follows and ``based_on`` the ``updated_at`` of that record
    as the hub knows it; both are None if it has none and is to create one. ``key`` is the same at every attempt at
    one decision, and another one for every other decision.
    """

    key: str
    record: Record
    fields: frozenset[str]
    external_id: str | None = None
    based_on: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A record that becomes a complaint here; ``text`` is plain, codes are the hub's own."""

    title: str
    text: str
    klass: str
    category: str | None
    area_code: str | None
    agency_code: str | None
    anonymous: bool
    secret: bool
    received_at: datetime
    reporter: Reporter | None


@dataclass(frozen=True, slots=True)
class File:
    """A file of a raw item. ``source`` identifies it within the item permanently; ``url`` may expire soon."""

    source: str
    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """A webhook request that claims to be from the system; it is untrusted until its signature is verified.

    ``webhook`` is one of the connector's ``webhooks``; ``endpoint`` the path as it was requested, still encoded and
    with its query; ``headers`` are case-insensitive; ``body`` is unchanged.
    """

    webhook: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResult:
    """The content of a webhook, and the contract's own response, sent after ``items`` are stored.

    ``about`` names what the hub then requests from the system (``Connector.inquire``), if a webhook proves too little
    to be stored. ``refused`` is the reason for the log why nothing is stored, without any value of the request.
    """

    answer: Mapping[str, Any]
    items: tuple[dict[str, Any], ...] = ()
    about: tuple[str, ...] = ()
    status: int = 200
    refused: str | None = None
