"""The contract between the hub and one outside system.

A connector's folder has ``connector.py`` with one ``Connector`` subclass (speaks HTTP, reshapes
nothing), ``mapping.py`` (pure: raw item to ``Record``), ``sandbox.py``, ``samples/`` and a README.
A connector yields items as received, in the order received, and raises when it cannot complete; the core
owns scheduling, storage, quarantine and clean-up.

Errors: the connector raises ``TryLater`` (down, slow, 429, 5xx), ``ContractBroken`` (an envelope of another shape,
which stops the connector only if it lasts) and ``ConfigurationError`` (401 or 403 after one fresh token, wrong
settings); a delivery also ``OutcomeUnknown`` (the other side may have accepted it) and ``Refused`` (a person must
correct it), and a decision ``RecordChanged`` (the record was changed meanwhile, and nothing was sent). The mapping
raises ``BadRecord``.

A connector that only reads leaves out the sections "Deliveries", "Agreement", "Intake and shared fields" and
"Webhooks".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from typing import Any, ClassVar

from hub.agreement.pairs import Register
from hub.complaints.enums import Channel
from hub.complaints.field_authority import SharedField, Value
from hub.complaints.forwarding import DeliveryAction
from hub.connectors.settings import ConnectorSettings as ConnectorSettings
from hub.contract import (
    Coverage,
    Decision,
    Delivery,
    File,
    Intake,
    Page,
    Raw,
    Record,
    Run,
    SystemDeclaration,
    WebhookCall,
    WebhookResult,
)
from hub.errors import ConfigurationError
from hub.http_client import Http
from hub.kinds import Kind
from hub.viewer import OFFICERS as OFFICERS
from hub.viewer import PUBLIC as PUBLIC


class Connector(ABC):
    """The client of one system. Class attributes declare the system; an instance serves one pull or call."""

    name: ClassVar[str]
    title: ClassVar[str]
    owner: ClassVar[str]
    docs: ClassVar[str]
    kinds: ClassVar[tuple[type[Kind], ...]]
    Settings: ClassVar[type[ConnectorSettings]]
    visible_to: ClassVar[str | None] = None
    """Who may see the records: ``PUBLIC``, ``OFFICERS``, or viewers with the scope of this name, such as
    ``payments:read``. None, the default, is only clients with ``records:sync.<name>``.

    The rule of a core kind applies in addition, and only officers who may read personal data see secret records.
    A change takes effect with ``hub migrate``.
    """
    personal: ClassVar[tuple[str, ...]] = ()
    """Dotted paths of raw fields dropped before anything is stored; ``[]`` steps into a list."""
    columns: ClassVar[tuple[str, ...]] = ()
    """Dotted paths of the raw fields that the mapping reads; ``[]`` steps into a list, ``#`` into numbered fields.

    Of other fields, quarantine keeps name and type only. If ``columns`` is empty, the mapping reads all fields but
    ``personal``, and quarantine keeps no value at all.
    """
    prose: ClassVar[tuple[str, ...]] = ()
    """Those of ``columns`` with text written by people; quarantine keeps them encrypted."""
    id_path: ClassVar[str] = ""
    """Dotted path of the external id in a raw item, so that the record of an unreadable item does not count as gone."""
    reports_all_changes: ClassVar[bool] = True
    """Whether the listing reports every change, so that a completed run confirms all records, not only those listed."""
    versions_are_times: ClassVar[bool] = False
    """Whether ``Record.version`` is the Unix time of the change in seconds; one in the future is then an error."""
    horizon_days: ClassVar[int | None] = None
    """How many days back a full run lists records; None is all. Only records within it can be found gone."""

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        self.settings = settings
        self.http = http

    @classmethod
    def covers(cls, settings: ConnectorSettings) -> Coverage:
        """Return how much a pull can list with these settings."""
        return Coverage.FULL

    @classmethod
    def declaration(cls, settings: ConnectorSettings) -> SystemDeclaration:
        """Return what the core stores about the system with these settings."""
        return SystemDeclaration(
            name=cls.name,
            title=cls.title,
            owner=cls.owner,
            kinds=cls.kinds,
            coverage=cls.covers(settings),
            reports_all_changes=cls.reports_all_changes,
            every=settings.every,
            sends=cls.sends,
            shared=cls.shared,
            register=cls.register,
            visible_to=cls.visible_to,
            columns=cls.columns,
            prose=cls.prose,
        )

    @abstractmethod
    def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the items that changed since ``run.cursor``, or all of them; raise if that cannot be completed."""

    @abstractmethod
    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return the current item of one record, in the shape that ``pages`` yields; None if the system has none."""

    @abstractmethod
    async def probe(self) -> None:
        """Make one cheap authenticated call, for ``hub doctor``; raise ``TryLater`` or ``ConfigurationError``."""

    async def missing_reference_data(self) -> list[str]:
        """Return a sentence for each value the hub would send that the system has no code for; for ``hub doctor``."""
        return []

    @abstractmethod
    def map(self, raw: Mapping[str, Any]) -> Record:
        """Return the record of an item, without I/O; raise ``BadRecord`` with the field and the reason."""

    # Deliveries

    sends: ClassVar[frozenset[DeliveryAction]] = frozenset()
    """The actions that the system accepts; others are not sent to it."""

    async def send(self, delivery: Delivery) -> str:
        """Send a delivery once; return the external id of the record, which is a new one for ``CREATE``.

        Raise ``TryLater`` only if the other side certainly did nothing, ``OutcomeUnknown`` if it may have.
        """
        raise ConfigurationError(f"{self.name} accepts no deliveries")

    def can_look_up(self, delivery: Delivery) -> bool:
        """Return whether ``look_up`` can determine the outcome of an attempt with these settings."""
        return False

    @property
    def settle_seconds(self) -> float:
        """Seconds after an attempt before ``look_up`` is conclusive."""
        return 0.0

    async def look_up(self, delivery: Delivery) -> str | None:
        """Return the external id if the other side accepted this delivery, None if it did not."""
        raise ConfigurationError(f"{self.name} accepts no deliveries")

    # Agreement with another register

    register: ClassVar[Register | None] = None
    """Which of two registers of the same matters this system is, and what can be sent to it; None if it is none."""

    async def tell(self, decision: Decision) -> list[Raw]:
        """Send the system a decision of the other register once; return the record's items as they are afterwards.

        Return only if the system accepted the decision, or had it already; the result may be empty. Sending the same
        decision twice changes nothing. Raise ``RecordChanged`` with the items if the record was changed since
        ``decision.based_on`` and nothing was sent: the core stores them and determines anew what has to be sent. Raise
        any other ``TryLater`` only if the system certainly did nothing, ``OutcomeUnknown`` if it may have done
        something, and ``Refused`` if a person must correct the decision.
        """
        raise ConfigurationError(f"{self.name} takes no decisions")

    # Intake and shared fields

    shared: ClassVar[tuple[SharedField, ...]] = ()
    """The fields that a complaint and its record at this system share, with the authority over each."""

    def shared_values(self, record: Record) -> Mapping[str, Value]:
        """Return the values of the shared fields in the complaint's codes, without fields that the record lacks."""
        return {}

    channel: ClassVar[Channel]
    """The channel of complaints that this system passes on; required if ``intake`` is overridden."""

    def intake(self, raw: Mapping[str, Any], record: Record) -> Intake | None:
        """Return the complaint to create from an item, personal columns included; None if it is not the province's."""
        return None

    def files(self, raw: Mapping[str, Any]) -> tuple[File, ...]:
        """Return the files that an item links to, before columns are dropped from it."""
        return ()

    async def fetch(self, file: File) -> bytes:
        """Return the content of a file.

        Raise ``TryLater``, ``Refused`` (the URL has expired or is not the system's) or ``UnsupportedFile``.
        """
        raise ConfigurationError(f"{self.name} has no files")

    # Webhooks

    webhooks: ClassVar[tuple[str, ...]] = ()
    """Paths below ``/hooks/<name>/`` that the system calls, such as ``v1/notify``."""
    webhook_body_limit: ClassVar[int] = 65_536
    """Maximum number of bytes of a call; a longer one is refused before it is read."""

    @classmethod
    def webhook_disabled_reason(cls, settings: ConnectorSettings, webhook: str) -> str | None:
        """Return which setting ``webhook`` lacks, as a sentence; raise ``BadSetting`` if a setting is wrong."""
        return None

    def refuse_unread(self, call: WebhookCall) -> WebhookResult | None:
        """Return the refusal of a call by its headers alone, before its body is read; None to read it."""
        return None

    def receive(self, call: WebhookCall) -> WebhookResult:
        """Verify the signature of ``call`` on its raw bytes before anything else, and return its items."""
        raise ConfigurationError(f"{self.name} has no webhooks")

    async def inquire(self, reference: str) -> Raw | None:
        """Return the item that a webhook call referred to; None if the system has none."""
        raise ConfigurationError(f"{self.name} supports no inquiries")
