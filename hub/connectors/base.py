"""The contract between the hub and one outside system.

A connector's folder holds ``connector.py`` with one ``Connector`` subclass (speaks HTTP, reshapes
nothing), ``mapping.py`` (pure: raw item to ``Record``), ``sandbox.py``, ``samples/`` and a README.
Pages are dumb: a connector yields what it was told, in the order it was told, and raises when it
cannot complete; the core owns scheduling, storage, quarantine and clean-up.

What to raise: ``TryLater`` (down, slow, 429, 5xx), ``Stop`` (401/403 after one fresh token, wrong
settings, broken contract) from the connector, for what is sent also ``Unclear`` (it may have been
taken) and ``Refused`` (a person must mend it); ``BadRecord`` from the mapping.

A connector that only reads leaves out what is below "What goes out", "What comes in as a complaint" and
"What the system tells by itself".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from pydantic_settings import BaseSettings

from hub.complaints.codes import Channel
from hub.complaints.forwarding import DeliveryAction
from hub.complaints.reporter import Reporter
from hub.connectors.hooks import HookCall, HookTold
from hub.connectors.http import Http
from hub.connectors.sharing import Shared, Told
from hub.errors import Stop
from hub.kinds import Key, Kind

Raw = dict[str, Any]
"""One item as the system told it (parsed JSON), before anything is dropped or reshaped."""

Cursor = dict[str, Any]
"""Where to go on: JSON the connector writes and reads; the core only stores it, with the page."""


class Coverage(Enum):
    """How much of a system a pull can see."""

    FULL = "FULL"
    KNOWN_ONLY = "KNOWN_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a raw item says, in the hub's words.

    ``version`` orders what one system says of one record: greater is newer, an older one changes
    nothing; of equal ones the last in feed order holds. ``status`` is a value of the kind's
    ``statuses``; when the system's code is not known it is ``UNKNOWN``, ``told`` has the code as it
    was told and ``unknown`` names the field, so that the item is kept and quarantined too. ``final``
    says the status ends the record's life, so that two different final states can be seen as in
    doubt. Times are aware. ``amount`` is in ``currency``. ``secret`` rows reach only officers who
    may read personal data.

    ``facts_version`` is for systems that tell of one record in words of two sorts, of which one says
    only part. Then ``version`` orders no more than status, told, final and ``updated_at``, and the
    rest has this order of its own: negative where the word says only part, positive where it says all.
    """

    facts: Kind
    external_id: str
    version: int
    status: str
    told: str
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

    ``cursor`` after the last page of a run is where the next run begins.
    """

    items: list[Raw]
    cursor: Cursor = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What a pull is asked for.

    ``cursor`` is the one stored last (empty at first); ``full`` asks for everything the system will
    list, from the start, whatever the cursor says. ``known`` yields batches of at most 100 external
    ids the hub holds of this system and are not final, for systems without a listing.
    """

    cursor: Cursor
    full: bool
    now: datetime
    known: AsyncIterator[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A complaint as it leaves the hub. ``reporter`` is None where the reporter is not to be named there."""

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
    """One thing to bring to a system.

    ``key`` is the same at every attempt (``LG-2026-000123/2``). ``external_id`` is the record it is
    about, None for ``CREATE``. ``text`` is what was said to or by the reporter; ``by_reporter`` who said
    it; ``target`` the institution a ``NOT_OURS`` names, in the system's own id, None for its sender.
    """

    key: str
    action: DeliveryAction
    complaint: Outgoing
    external_id: str | None = None
    text: str | None = None
    by_reporter: bool = False
    target: str | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A record that asks to become a complaint here; text is plain, codes are the hub's own."""

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
    """A file a raw item points to. ``source`` names its place in the item for ever; ``url`` may die soon."""

    source: str
    name: str
    url: str


class ConnectorSettings(BaseSettings):
    """Base of a connector's settings; the subclass sets ``env_prefix="HUB_<NAME>_"``.

    ``url`` is empty until a person sets it, and then the sandbox is not started. Secrets are
    ``SecretStr``. ``every`` is the period of the pull in seconds.
    """

    url: str = ""
    every: float = 60


class Connector(ABC):
    """Speaks to one system. Facts are class attributes; one instance lives for one pull or call."""

    name: ClassVar[str]
    title: ClassVar[str]
    owner: ClassVar[str]
    docs: ClassVar[str]
    kinds: ClassVar[tuple[type[Kind], ...]]
    Settings: ClassVar[type[ConnectorSettings]]
    personal: ClassVar[tuple[str, ...]] = ()
    """Dotted paths of raw fields dropped before anything is stored; ``[]`` steps into a list."""
    id_path: ClassVar[str] = ""
    """Dotted path of the external id in a raw item, so that an item which cannot be read is still known to be there."""
    tells_changes: ClassVar[bool] = True
    """Whether a completed run vouches for every record (the listing tells each change), or only for those it listed."""
    horizon_days: ClassVar[int | None] = None
    """How many days back a full run can see; None is everything. Only records within it can be found gone."""

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        self.settings = settings
        self.http = http

    @classmethod
    def covers(cls, settings: ConnectorSettings) -> Coverage:
        """How much a pull can see with these settings."""
        return Coverage.FULL

    @abstractmethod
    def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """The items that changed since ``run.cursor``, or all of them; raises when it cannot complete."""

    @abstractmethod
    async def one(self, external_id: str) -> Raw | None:
        """The system's current word on one record, in the shape ``pages`` yields; None when it knows none."""

    @abstractmethod
    async def probe(self) -> None:
        """One cheap authenticated call, for ``hub doctor``; raises ``TryLater`` or ``Stop``."""

    @abstractmethod
    def map(self, raw: Mapping[str, Any]) -> Record:
        """The folder's pure mapping; raises ``BadRecord`` with the field and the reason."""

    # What goes out

    sends: ClassVar[frozenset[DeliveryAction]] = frozenset()
    """What the system takes; anything else is not sent to it."""

    async def send(self, delivery: Delivery) -> str:
        """Bring it over, once; returns the external id of the record it is about, told anew for ``CREATE``.

        Raises ``TryLater`` only when the other side surely did nothing, ``Unclear`` when it may have.
        """
        raise Stop(f"{self.name} takes nothing")

    def looks_up(self, delivery: Delivery) -> bool:
        """Whether ``look_up`` can tell what became of an attempt with these settings."""
        return False

    @property
    def settle(self) -> float:
        """Seconds after an attempt from which on ``look_up`` is conclusive."""
        return 0.0

    async def look_up(self, delivery: Delivery) -> str | None:
        """The external id if the other side has taken this delivery; None when it has not."""
        raise Stop(f"{self.name} takes nothing")

    # What comes in as a complaint, and what both sides hold

    shared: ClassVar[tuple[Shared, ...]] = ()
    """The fields a complaint and this system's record both hold, with who has the say."""

    def theirs(self, record: Record) -> Mapping[str, Told]:
        """What a record says of the shared fields, in the complaint's words; a field it says nothing of is left out."""
        return {}

    channel: ClassVar[Channel]
    """Where a complaint came in that this system passes on; needed by who overrides ``intake``."""

    def intake(self, raw: Mapping[str, Any], record: Record) -> Intake | None:
        """The complaint that an item asks for, personal columns included; None where it is not ours to answer."""
        return None

    def files(self, raw: Mapping[str, Any]) -> tuple[File, ...]:
        """The files an item points to, before anything is dropped from it."""
        return ()

    async def fetch(self, file: File) -> bytes:
        """A file's content; raises ``TryLater``, ``Refused`` (its address died, is not the system's) or ``Unfit``."""
        raise Stop(f"{self.name} has no files")

    # What the system tells by itself

    hooks: ClassVar[tuple[str, ...]] = ()
    """Paths below ``/hooks/<name>/`` that the system calls, such as ``v1/notify``."""

    @classmethod
    def hook_off(cls, settings: ConnectorSettings, hook: str) -> str | None:
        """Which setting ``hook`` wants that is not set, as a sentence; ``BadSetting`` where one is wrong."""
        return None

    def receive(self, call: HookCall) -> HookTold:
        """Check who signed ``call``, on its raw bytes and before anything else, and read what it tells."""
        raise Stop(f"{self.name} has no hooks")

    @classmethod
    def sandbox_settings(cls, url: str, folder: Path) -> dict[str, str]:
        """The ``HUB_<NAME>_*`` variables with which this connector and its sandbox at ``url`` understand each other.

        Both processes get the same variables; credentials are made up, and key files go below
        ``folder``, made there once with mode 0600.
        """
        return {f"HUB_{cls.name.upper()}_URL": url}
