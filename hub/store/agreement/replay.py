"""Replays changes: the states that matters had one after the other, and those of another declaration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.comparison import Held, compare
from hub.agreement.enums import AgreementState
from hub.store.agreement.holdings import MatterHoldings
from hub.store.agreement.registers import SystemPair

_CHANGES = """
select system, subject, before, recorded_at from changes
where kind = :kind and recorded_at >= :since
  and (system = :left and subject = any(:left_ids) or system = :right and subject = any(:right_ids))
order by id desc
"""
_EVENTS = """
select m.key, e.at, e.state from matters m join agreement_events e on e.matter_id = m.id
where m.pair = :kind and m.left_system = :left and m.right_system = :right and m.key = any(:keys)
order by e.at, e.id
"""
_GONE = "gone_at"


@dataclass(frozen=True, slots=True)
class Step:
    """The state of a matter from a time on."""

    at: datetime
    state: str


@dataclass(slots=True)
class _Side:
    """What one side held at the time to which its changes are undone."""

    held: Held | None

    def undo(self, before: Mapping[str, Any] | None) -> None:
        """Undo a change; ``before`` has the earlier values of what it changed, and is null if it created the record."""
        if self.held is None:
            return
        if before is None or before.get(_GONE) is not None:
            self.held = None
        else:
            earlier = {name: None if value is None else str(value) for name, value in before.items()}
            self.held = replace(self.held, values={**self.held.values, **earlier})


async def recorded(
    db: AsyncConnection, pair: SystemPair, keys: Iterable[str], since: datetime
) -> dict[str, list[Step]]:
    """Return the states that stored matters had from ``since`` on."""
    params = {"kind": pair.pair.kind, "left": pair.left, "right": pair.right, "keys": list(keys)}
    steps = defaultdict[str, list[Step]](list)
    for key, at, state in await db.execute(text(_EVENTS), params):
        steps[key].append(Step(at, state))
    return {key: _distinct(_from(each, since)) for key, each in steps.items()}


async def replayed(
    db: AsyncConnection, pair: SystemPair, matters: Mapping[str, MatterHoldings], since: datetime
) -> dict[str, list[Step]]:
    """Return the states that matters would have had from ``since`` on under the declaration of ``pair``.

    Left out are matters with more than one record of a side, and those whose records do not state, or did not state,
    the key of both sides: they were other matters before.
    """
    single = {key: each for key, each in matters.items() if _is_single(pair, each)}
    changes = await _changes(db, pair, single, since)
    found = {}
    for key, each in single.items():
        if not any(_matches_anew(pair, row.before) for row in changes.get(key, ())):
            found[key] = _distinct(_replay(pair, each, changes.get(key, []), since))
    return found


def _is_single(pair: SystemPair, matter: MatterHoldings) -> bool:
    single = not matter.unsure and len(matter.left) <= 1 and len(matter.right) <= 1
    return single and (not matter.left or all(each.body.get(pair.pair.key) for each in matter.right))


def _matches_anew(pair: SystemPair, before: Mapping[str, Any] | None) -> bool:
    return before is not None and not {pair.pair.key, *pair.pair.match}.isdisjoint(before)


async def _changes(
    db: AsyncConnection, pair: SystemPair, matters: Mapping[str, MatterHoldings], since: datetime
) -> dict[str, list[Any]]:
    """Return the changes of each matter's records, the latest first."""
    lefts = {each.held.external_id: key for key, matter in matters.items() for each in matter.left}
    rights = {each.held.external_id: key for key, matter in matters.items() for each in matter.right}
    params = {
        "kind": pair.pair.kind,
        "since": since,
        "left": pair.left,
        "right": pair.right,
        "left_ids": list(lefts),
        "right_ids": list(rights),
    }
    found = defaultdict[str, list[Any]](list)
    for row in await db.execute(text(_CHANGES), params):
        found[(lefts if row.system == pair.left else rights)[row.subject]].append(row)
    return found


def _replay(pair: SystemPair, matter: MatterHoldings, changes: list[Any], since: datetime) -> list[Step]:
    """Undo ``changes``, those of one transaction together; return the state after each, and that before all."""
    left, right = (_Side(next((one.held for one in side), None)) for side in (matter.left, matter.right))
    steps = list[Step]()
    for at, together in groupby(changes, key=lambda row: row.recorded_at):
        steps += _state(pair, left, right, at)
        for row in together:
            (left if row.system == pair.left else right).undo(row.before)
    return [*reversed(steps + _state(pair, left, right, since))]


def _state(pair: SystemPair, left: _Side, right: _Side, at: datetime) -> list[Step]:
    """Return the state as one step; none if neither side has the matter."""
    mine, theirs = ([side.held] if side.held else [] for side in (left, right))
    return [Step(at, compare(pair.pair, pair.registers, mine, theirs).state.value)] if mine or theirs else []


def _from(steps: list[Step], since: datetime) -> list[Step]:
    """Return the steps from ``since`` on, with the one that was the latest then."""
    earlier = [each for each in steps if each.at < since]
    return [*earlier[-1:], *(each for each in steps if each.at >= since)]


def _distinct(steps: list[Step]) -> list[Step]:
    """Leave out each step with the state of the one before; a matter that agrees from the start has no event of it."""
    before = [AgreementState.AGREED.value, *(each.state for each in steps)]
    return [each for each, state in zip(steps, before, strict=False) if each.state != state]
