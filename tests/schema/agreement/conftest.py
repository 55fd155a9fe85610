"""A hub with two registers of permits: the centre, which decides its own permits, and the region."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from hub.agreement.enums import Side
from hub.agreement.pairs import Register
from hub.contract import Raw, Record, SystemDeclaration
from hub.http_client import Http
from hub.kinds import Permit
from hub.store.database import Cause
from hub.sync.ingest import Ingest
from tests.fake_connector import Fake, FakeSettings, World, permit
from tests.schema.harness import OFFICER, Stage, opened

SHOWS = {status: status for status in ("VERIFICATION", "INSPECTION", "ISSUED", "REJECTED")}
TAKEN = frozenset({"status"})


class Centre(Fake):
    """The register that decides the centre's permits."""

    name = "centre"
    register: ClassVar[Register | None] = Register(side=Side.LEFT, shows=SHOWS)


class Region(Fake):
    """The register that follows, which can be told a status."""

    name = "region"
    register: ClassVar[Register | None] = Register(side=Side.RIGHT, shows=SHOWS, takes=TAKEN)

    def map(self, raw: Mapping[str, Any]) -> Record:
        """Return the record; one whose id begins with R- does not know the number of the centre."""
        record = super().map(raw)
        if not record.external_id.startswith("R-"):
            return record
        assert isinstance(record.facts, Permit)
        return replace(record, facts=replace(record.facts, permit_id=None), keys=())


@dataclass
class Registers:
    """Two registers with what they say."""

    stage: Stage

    async def say(self, connector: type[Fake], *items: Raw) -> None:
        """Store what a register says."""
        async with Http("http://127.0.0.1:9") as http:
            ingest = Ingest(connector(FakeSettings(), http, World()), self.stage.cipher)
            async with self.stage.database.write(Cause(f"pull:{connector.name}", "worker", "run-1")) as db:
                await ingest.store(db, items, datetime.now(UTC))

    async def differ(self, *ids: str, **over: Any) -> None:
        """Let the centre issue permits that the region still checks."""
        made = [permit(each, authority="CENTRE", at="2026-01-02T00:00:00+00:00", **over) for each in ids]
        await self.say(Region, *made)
        await self.say(Centre, *({**each, "status": "ISSUED", "at": "2026-01-03T00:00:00+00:00"} for each in made))

    async def end_windows(self) -> None:
        """Let the time pass in which the other side should follow."""
        await self.stage.run("update matters set pending_until = now() - interval '1 second'")

    async def end_deliveries(self, state: str, trouble: str = "the region refused it") -> None:
        """Let what is sent end in ``state``."""
        await self.stage.run(
            "update decisions set state = :state, trouble = :trouble, attempts = 3, done_at = now()",
            state=state,
            trouble=trouble,
        )
        await self.end_windows()

    async def got(self, query: str, viewer: Any = OFFICER, **variables: Any) -> Any:
        """Return the data of an answer without errors."""
        return await self.stage.got(viewer, query, **variables)

    async def ids(self, connector: type[Fake] = Centre) -> dict[str, str]:
        """Return the agreement's id of each permit of a register."""
        rows = (await self.got("{permits(first: 100) {nodes {permitId system {name} agreement {id}}}}"))["permits"]
        return {
            row["permitId"]: row["agreement"]["id"]
            for row in rows["nodes"]
            if row["system"]["name"] == connector.name and row["agreement"]
        }


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    """Both registers and the fake system; a module that imports ``registers`` has to import this too."""
    return tuple(each.declaration(FakeSettings()) for each in (Centre, Region, Fake))


@pytest.fixture
async def registers(database_url: str) -> AsyncIterator[Registers]:
    """Two registers without permits."""
    async with opened(database_url) as stage:
        yield Registers(stage)
