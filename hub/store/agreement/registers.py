"""The pairs of systems that are compared: every left register of a kind with every right one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.enums import Side
from hub.agreement.pairs import PAIRS, Pair, Register


@dataclass(frozen=True, kw_only=True)
class SystemPair:
    """Two enabled systems whose records of one kind are compared, with what each declares."""

    pair: Pair
    left: str
    right: str
    registers: Mapping[Side, Register]

    @cached_property
    def declaration(self) -> str:
        """The version of what both declare."""
        return self.pair.declaration(self.registers[Side.LEFT], self.registers[Side.RIGHT])

    def system(self, side: Side) -> str:
        """Return the system of a side."""
        return self.left if side is Side.LEFT else self.right


_DECLARED = "select name, register from systems where enabled and register is not null order by name"


async def pairs_of(db: AsyncConnection, system: str | None = None) -> list[SystemPair]:
    """Return the pairs that ``system`` is a side of, or all."""
    found = [(row.name, Register.from_json(row.register)) for row in await db.execute(text(_DECLARED))]
    pairs = [
        SystemPair(pair=PAIRS[mine.kind], left=left, right=right, registers={Side.LEFT: mine, Side.RIGHT: theirs})
        for left, mine in found
        for right, theirs in found
        if mine.side is Side.LEFT and theirs.side is Side.RIGHT and mine.kind == theirs.kind and mine.kind in PAIRS
    ]
    return [each for each in pairs if system is None or system in (each.left, each.right)]
