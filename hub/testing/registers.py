"""A register with its running sandbox, and decisions about records of it that the other side decides."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hub.agreement.pairs import PAIRS, STATUS, UNKNOWN_STATUS, Pair, Register
from hub.contract import Decision, Page, Raw, Record
from hub.kinds import Kind
from hub.testing.running import Running

NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = itertools.count()


def new_key() -> str:
    """Return the key of another decision."""
    return f"uji/{next(_numbers)}"


class RunningRegister:
    """A register, its connector, and the records of its sandbox that the other side decides."""

    def __init__(self, running: Running, register: Register, pages: list[Page]) -> None:
        self.running, self.declared, self.pair = running, register, PAIRS[register.kind]
        mapped = (
            running.connector.map(object.__new__(running.connector), item) for page in pages for item in page.items
        )
        self._records = (record for record in mapped if self._follows(record))
        self.kind: type[Kind] = next(kind for kind in running.connector.kinds if kind.kind == register.kind)

    @property
    def statuses(self) -> list[str]:
        """Every status of the kind."""
        return [status.value for status in self.kind.statuses]

    def record(self) -> Record:
        """Return another record that the other side decides; each check takes those that it changes."""
        record = next(self._records, None)
        assert record, "let the sandbox have more records that the other side decides"
        return record

    def decision(self, record: Record, status: str, **facts: Any) -> Decision:
        """Return a decision of now about one of the sandbox's records."""
        permit: Any = record.facts
        decided = replace(record, status=status, occurred_at=NOW, facts=replace(permit, **facts))
        return Decision(
            key=new_key(),
            record=decided,
            fields=frozenset({STATUS, *facts}),
            external_id=record.external_id,
            based_on=record.updated_at,
        )

    async def tell(self, decision: Decision) -> Record:
        """Bring a decision over, and return the record that the system has then."""
        async with self.running.connected() as connector:
            items = await connector.tell(decision)
            found = [connector.map(item) for item in items]
        (record,) = (each for each in found if decision.external_id in (None, each.external_id))
        return record

    async def item(self, decision: Decision) -> Raw | None:
        """Return what the system has now."""
        assert decision.external_id
        async with self.running.connected() as connector:
            return await connector.fetch_one(decision.external_id)

    @property
    def taken(self) -> int:
        """Return how many decisions have changed something in the sandbox, as its figures say."""
        return int(self.running.sandbox.figures().get("decisions", 0))

    def _follows(self, record: Record) -> bool:
        if record.facts.kind != self.declared.kind or record.status == UNKNOWN_STATUS:
            return False
        decided_by = next(field.decider for field in self.pair.fields if field.name == STATUS)
        return decided_by(values_of(self.pair, record)) is self.declared.side.other


def values_of(pair: Pair, record: Record) -> dict[str, str | None]:
    """Return the values of the shared fields."""
    return {
        field.name: record.status if field.name == STATUS else getattr(record.facts, field.name)
        for field in pair.fields
    }


@contextlib.contextmanager
def regular(running: Running) -> Iterator[None]:
    """Switch off the irregularities that a sandbox shows all the time, if it has any."""
    traps = running.sandbox.figures().get("traps", {})
    on = [name for name, is_on in traps.items() if is_on]
    for name in on:
        running.sandbox.act({"do": "trap", "name": name, "on": False})
    yield
    for name in on:
        running.sandbox.act({"do": "trap", "name": name, "on": True})
