"""Nobody sees a system's records until its connector declares who may see them, in any query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pytest
import strawberry

from hub.connectors import registry
from hub.connectors.base import OFFICERS, PUBLIC, Connector
from hub.contract import Raw, Record
from hub.errors import BadSetting
from hub.http_client import Http
from hub.kinds import Code, Key, Kind
from hub.runtime.database_access import check_migrated
from hub.schema.complaints.areas import Area
from hub.schema.connections import Listing, list_field
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.schema.link_fields import Link
from hub.schema.nodes import code_enum
from hub.schema.part import Part, entity
from hub.schema.payments import PaymentOrderBy
from hub.schema.procurement import Supplier
from hub.schema.records import SystemRecord, common
from hub.store import migrate
from hub.store.database import Cause
from hub.store.feed import pages, snapshots
from hub.store.queries.entity import Row
from hub.store.queries.record_entities import record_entity
from hub.sync.ingest import Ingest
from hub.viewer import ANONYMOUS, WORKER, Viewer, ViewerKind
from tests.fake_connector import T0, Fake, FakeSettings, World, order
from tests.schema.harness import Stage


class SirenStatus(Code):
    """The state of a siren."""

    WORKS = "WORKS", "Baik", "Works", "It works."


@dataclass(frozen=True, slots=True, kw_only=True)
class Siren(Kind):
    """A kind that is not in the core."""

    kind: ClassVar[str] = "siren"
    statuses: ClassVar[type[Code]] = SirenStatus

    number: str


class Sirens(Fake):
    """An invented connector without ``visible_to``."""

    kinds = (*Fake.kinds, Siren)
    columns = (*Fake.columns, "siren")
    visible_to = Connector.visible_to

    def map(self, raw: Mapping[str, Any]) -> Record:
        if "siren" not in raw:
            return super().map(raw)
        return Record(
            facts=Siren(number=raw["siren"]),
            external_id=raw["siren"],
            version=1,
            status="WORKS",
            source_status="baik",
            occurred_at=T0,
            updated_at=T0,
            keys=(Key("area", "33.74"),),
        )


part = Part("sirens", "Sirens.")
code_enum(SirenStatus, "Whether a siren works.")


@entity(part, "A siren.")
class SirenRecord(SystemRecord):
    """A record of kind ``siren``."""

    entity = record_entity("SirenRecord", Siren, ("area",))

    number: str = strawberry.field(description="Its number.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls(**common(row), number=row["body"]["number"])


@strawberry.input(description="Which sirens.")
class SirenFilter:
    """By system."""

    system: list[str] | None = strawberry.field(default=None, description="Names of systems.")


SIRENS = Listing(SirenRecord, SirenFilter, PaymentOrderBy)
part.link(Link(Area, "sirens", SirenRecord, ("area",), "Its sirens.", SIRENS))


@part.query
class Query:
    """Root fields."""

    sirens = list_field(SIRENS, "Sirens.")


ID, SUPPLIER = SirenRecord.id_of(("fake", "S1")), Supplier.id_of(("hub", "pasar|toko uji"))
WALK = """query($id: ID!, $supplier: ID!, $r: [_Any!]!) {
  sirens { totalCountAtLeast edges { node { number } } }
  one: node(id: $id) { id }
  many: nodes(ids: [$id]) { id }
  _entities(representations: $r) { ... on SirenRecord { number } ... on Area { sirens { nodes { number } } } }
  areas(filter: {code: ["33.74"]}) { nodes { sirens { totalCount nodes { number } } } }
  procurementOrders { totalCount nodes { orderId } }
  supplier: node(id: $supplier) { ... on Supplier { name } }
  agency(code: "DISHUB") { procurementOrders { totalCount nodes { orderId } } }
  orderTotals(groupBy: AGENCY, range: {start: "2025-12-31", end: "2026-01-03"}) { count }
}"""
SEEN = {
    "sirens": {"totalCountAtLeast": 1, "edges": [{"node": {"number": "S1"}}]},
    "one": {"id": ID},
    "many": [{"id": ID}],
    "_entities": [{"number": "S1"}, {"sirens": {"nodes": [{"number": "S1"}]}}],
    "areas": {"nodes": [{"sirens": {"totalCount": 1, "nodes": [{"number": "S1"}]}}]},
    "procurementOrders": {"totalCount": 1, "nodes": [{"orderId": "O1"}]},
    "supplier": {"name": "Toko Uji"},
    "agency": {"procurementOrders": {"totalCount": 1, "nodes": [{"orderId": "O1"}]}},
    "orderTotals": [{"count": 1}],
}
UNSEEN: dict[str, Any] = {
    "sirens": {"totalCountAtLeast": 0, "edges": []},
    "one": None,
    "many": [None],
    "_entities": [None, {"sirens": {"nodes": []}}],
    "areas": {"nodes": [{"sirens": {"totalCount": 0, "nodes": []}}]},
    "procurementOrders": {"totalCount": 0, "nodes": []},
    "supplier": None,
    "agency": {"procurementOrders": {"totalCount": 0, "nodes": []}},
    "orderTotals": [],
}

PARTNER = Viewer(ViewerKind.PARTNER, "client:a", frozenset({"complaints:read"}))
SCOPED = Viewer(ViewerKind.PARTNER, "client:b", frozenset({"orders:read"}))
OWN = Viewer(ViewerKind.PARTNER, "client:c", frozenset({"records:sync.fake"}))
OTHERS = Viewer(ViewerKind.PARTNER, "client:d", frozenset({"records:sync.other"}))
OFFICER = Viewer(ViewerKind.OFFICER, "officer", frozenset({"complaints:read", "complaints:pii"}))
ALL = (ANONYMOUS, PARTNER, SCOPED, OWN, OTHERS, OFFICER, WORKER)

SEERS: tuple[tuple[str | None, tuple[Viewer, ...]], ...] = (
    (Connector.visible_to, (OWN, WORKER)),
    ("no:such-scope", (OWN, WORKER)),
    ("orders:read", (SCOPED, OWN, WORKER)),
    (OFFICERS, (OWN, OFFICER, WORKER)),
    (PUBLIC, ALL),
)


async def declared(stage: Stage, visible_to: str | None) -> None:
    made: type[Connector] = type("Sirens", (Sirens,), {"visible_to": visible_to})
    await migrate.migrate(stage.settings.database_url or "", [made.declaration(FakeSettings())])


async def ingest_items(stage: Stage, *items: Raw) -> None:
    async with Http("http://127.0.0.1:9") as http, stage.database.write(Cause("pull:fake", "worker", "run-1")) as db:
        tally = await Ingest(Sirens(FakeSettings(), http, World()), stage.cipher).store(db, items, T0)
    assert tally.created == len(items)


async def test_records_are_visible_to_declared_viewers_only(
    stage: Stage,
) -> None:
    await declared(stage, None)
    await ingest_items(stage, {"siren": "S1"}, order("O1"))
    graph = schema(None, (part,))
    representations = [{"__typename": "SirenRecord", "id": ID}, {"__typename": "Area", "code": "33.74"}]
    for visible_to, seers in SEERS:
        await declared(stage, visible_to)
        for viewer in ALL:
            context = Context(stage.database, viewer, stage.cipher, stage.settings.secret)
            variables = {"id": ID, "supplier": SUPPLIER, "r": representations}
            async with context:
                answer = await graph.execute(WALK, variable_values=variables, context_value=context)
            assert answer.errors is None
            assert answer.data == (SEEN if viewer in seers else UNSEEN), (visible_to, viewer)


async def test_an_undeclared_system_is_hidden_from_the_public(stage: Stage) -> None:
    await declared(stage, None)
    await ingest_items(stage, order("O1"))
    query = "{procurementOrders {totalCount} systems {name}}"
    assert await stage.got(ANONYMOUS, query) == {
        "procurementOrders": {"totalCount": 0},
        "systems": [{"name": "fake"}],
    }


async def test_changes_and_snapshots_are_for_a_systems_own_clients(stage: Stage) -> None:
    await declared(stage, None)
    await ingest_items(stage, {"siren": "S1"}, order("O1"))
    for visible_to in (None, PUBLIC):
        await declared(stage, visible_to)
        for viewer in ALL:
            own = viewer in (OWN, WORKER)
            assert pages.may_follow(viewer, "fake") == own
            async with snapshots.open_snapshot(stage.database, viewer, "fake") as snapshot:
                subjects = {row["subject"] async for rows in snapshot.rows for row in rows} if snapshot else None
            assert subjects == ({"S1", "O1"} if own else None)


async def test_an_outdated_declaration_of_visibility_is_not_served(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "enabled", lambda settings: [registry.Enabled(Sirens, FakeSettings())])
    await declared(stage, PUBLIC)
    with pytest.raises(BadSetting, match="fake changed who may see its records: run `hub migrate` first"):
        await check_migrated(stage.settings)
    await declared(stage, None)
    await check_migrated(stage.settings)
