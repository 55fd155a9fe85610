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
from hub.agreement.enums import AgreementState, DifferenceCause
from hub.store.agreement.holdings import Holding, Loader, MatterHoldings
from hub.store.agreement.registers import SystemPair

_CHANGES = """
select system, subject, before, recorded_at from changes
where kind = :kind and recorded_at >= :since
  and (system = :left and subject = any(:left_ids) or system = :right and subject = any(:right_ids))
order by id desc
"""
_EVENTS = """
select m.key, e.at, e.state, e.cause from matters m join agreement_events e on e.matter_id = m.id
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
    """The record of one side at the time to which its changes are undone; not ``present``: it did not exist then."""

    record: Held | None
    present: bool

    @property
    def held(self) -> list[Held]:
        """What the side had."""
        return [self.record] if self.record and self.present else []

    def undo(self, before: Mapping[str, Any] | None) -> None:
        """Undo a change; ``before`` has the earlier values of what it changed, and is null if it created the record."""
        if before is None or self.record is None:
            self.present = False
            return
        earlier = {name: None if value is None else str(value) for name, value in before.items()}
        self.record = replace(self.record, values={**self.record.values, **earlier})
        if _GONE in before:
            self.present = before[_GONE] is None


async def recorded(
    db: AsyncConnection, pair: SystemPair, keys: Iterable[str], since: datetime
) -> dict[str, list[Step]]:
    """Return the states that stored matters had from ``since`` on; left out are those whose match was once unsure."""
    params: dict[str, Any] = {"kind": pair.pair.kind, "left": pair.left, "right": pair.right, "keys": list(keys)}
    steps = defaultdict[str, list[Step]](list)
    unsure = set()
    for key, at, state, cause in await db.execute(text(_EVENTS), params):
        steps[key].append(Step(at, state))
        if cause == DifferenceCause.MATCH_UNSURE:
            unsure.add(key)
    return {key: _distinct(_from(steps[key], since)) for key in params["keys"] if key not in unsure}


async def replayed(
    db: AsyncConnection, pair: SystemPair, matters: Mapping[str, MatterHoldings], since: datetime
) -> dict[str, list[Step]]:
    """Return the states that matters would have had from ``since`` on under the declaration of ``pair``.

    Left out are matters with more than one record of a side, and those whose records do not state, or did not state,
    the key of both sides: they were other matters before.
    """
    gone = await Loader(db, pair).gone(matters.keys(), since)
    both = {key: (each, gone.get(key, MatterHoldings())) for key, each in matters.items()}
    single = {key: each for key, each in both.items() if _is_single(pair, *each)}
    changes = await _changes(db, pair, single, since)
    found = {}
    for key, (present, left_over) in single.items():
        if not any(_matches_anew(pair, row.before) for row in changes.get(key, ())):
            found[key] = _distinct(_replay(pair, present, left_over, changes.get(key, []), since))
    return found


def _is_single(pair: SystemPair, present: MatterHoldings, gone: MatterHoldings) -> bool:
    lefts, rights = [*present.left, *gone.left], [*present.right, *gone.right]
    single = not present.unsure and len(lefts) <= 1 and len(rights) <= 1
    return single and (not lefts or all(each.body.get(pair.pair.key) for each in rights))


def _matches_anew(pair: SystemPair, before: Mapping[str, Any] | None) -> bool:
    return before is not None and not {pair.pair.key, *pair.pair.match}.isdisjoint(before)


async def _changes(
    db: AsyncConnection, pair: SystemPair, matters: Mapping[str, tuple[MatterHoldings, ...]], since: datetime
) -> dict[str, list[Any]]:
    """Return the changes of each matter's records, the latest first."""
    lefts = {each.held.external_id: key for key, parts in matters.items() for part in parts for each in part.left}
    rights = {each.held.external_id: key for key, parts in matters.items() for part in parts for each in part.right}
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


def _replay(
    pair: SystemPair, present: MatterHoldings, gone: MatterHoldings, changes: list[Any], since: datetime
) -> list[Step]:
    """Undo ``changes``, those of one transaction together; return the state after each, and that before all."""
    left, right = _side(present.left, gone.left), _side(present.right, gone.right)
    steps = list[Step]()
    for at, together in groupby(changes, key=lambda row: row.recorded_at):
        steps += _state(pair, left, right, at)
        for row in together:
            (left if row.system == pair.left else right).undo(row.before)
    return [*reversed(steps + _state(pair, left, right, since))]


def _side(present: list[Holding], gone: list[Holding]) -> _Side:
    return _Side(next((each.held for each in (*present, *gone)), None), bool(present))


def _state(pair: SystemPair, left: _Side, right: _Side, at: datetime) -> list[Step]:
    """Return the state as one step; none if neither side has the matter."""
    if not (left.held or right.held):
        return []
    return [Step(at, compare(pair.pair, pair.registers, left.held, right.held).state.value)]


def _from(steps: list[Step], since: datetime) -> list[Step]:
    """Return the steps from ``since`` on, with the one that was the latest then."""
    earlier = [each for each in steps if each.at < since]
    return [*earlier[-1:], *(each for each in steps if each.at >= since)]


def _distinct(steps: list[Step]) -> list[Step]:
    """Leave out each step with the state of the one before; a matter that agrees from the start has no event of it."""
    before = [AgreementState.AGREED.value, *(each.state for each in steps)]
    return [each for each, state in zip(steps, before, strict=False) if each.state != state]
