"""What the two sides of a pair hold, grouped into matters: by the key that both know, or by facts that must be equal.

Where records without the key match more than one record of the other side, the match is unsure, and a
person confirms one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.comparison import Held
from hub.agreement.pairs import STATUS
from hub.store.agreement.registers import SystemPair

KEYLESS = "right:"
"""How the key of a matter begins that only the right side has, without the key of both sides."""

_COLUMNS = "r.external_id, r.status, r.occurred_at, r.updated_at, r.body"
_BY_ID = f"""
select {_COLUMNS} from records r
where r.system = :system and r.kind = :kind and r.external_id = any(:ids) and r.gone_at is null
"""  # noqa: S608 - only constants are interpolated
_BY_KEY = f"""
select {_COLUMNS} from record_keys k join records r on r.system = k.system and r.id = k.record_id
where k.system = :system and k.kind = :kind and k.name = :name and k.value = any(:ids) and r.gone_at is null
"""  # noqa: S608
_GONE_LEFTS = f"""
select {_COLUMNS}, r.external_id as key from records r
where r.system = :system and r.kind = :kind and r.external_id = any(:ids) and r.gone_at >= :since
"""  # noqa: S608
_GONE_RIGHTS = f"""
select {_COLUMNS}, k.value as key from record_keys k join records r on r.system = k.system and r.id = k.record_id
where k.system = :system and k.kind = :kind and k.name = :name and k.value = any(:ids) and r.gone_at >= :since
"""  # noqa: S608
_BY_FACT = f"""
select {_COLUMNS} from records r
where r.system = :system and r.kind = :kind and r.body ->> :fact = any(:ids) and r.gone_at is null
"""  # noqa: S608
_FORMER = """
select r.body || c.before as body
from records r cross join lateral (
    select before from changes where system = r.system and kind = r.kind and subject = r.external_id
    order by id desc limit 1) c
where r.system = :system and r.kind = :kind and r.external_id = any(:ids) and c.before ?| cast(:names as text[])
"""
_CONFIRMED = """
select left_id, right_id from confirmed_matches
where left_system = :left and right_system = :right and (left_id = any(:ids) or right_id = any(:right_ids))
"""
_KNOWN = """
select key, right_id from matters
where pair = :pair and left_system = :left and right_system = :right
  and (left_id = any(:ids) or right_id = any(:right_ids))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One record of one side: its facts, and the key of both sides, as it states it or as a person confirmed it."""

    held: Held
    key: str | None
    body: Mapping[str, Any]

    @property
    def changed_at(self) -> datetime:
        """When it last changed."""
        return self.held.changed_at


@dataclass(slots=True)
class MatterHoldings:
    """What each side holds under one key; ``unsure``: more than one record of the other side may belong to it."""

    left: list[Holding] = field(default_factory=list)
    right: list[Holding] = field(default_factory=list)
    unsure: bool = False

    @property
    def all(self) -> list[Holding]:
        """The records of both sides, those of the right side first: they name the region's office."""
        return [*self.right, *self.left]


Matters = dict[str, MatterHoldings]
"""Key → what each side holds. A key without any is that of a matter that neither side has any more."""


class Loader:
    """Loads what the sides of one pair of systems hold."""

    def __init__(self, db: AsyncConnection, pair: SystemPair) -> None:
        self._db, self._pair = db, pair

    async def touched(self, system: str, external_ids: Collection[str]) -> Matters:
        """Return the matters that these records of ``system`` belong to, or belonged to."""
        pair, ids = self._pair, list(external_ids)
        lefts, rights = (ids, []) if system == pair.left else ([], ids)
        known = (
            await self._db.execute(
                text(_KNOWN), {**self._names(), "pair": pair.pair.kind, "ids": lefts, "right_ids": rights}
            )
        ).all()
        keys = {row.key for row in known} | set(lefts)
        right_ids = {row.right_id for row in known if row.right_id} | set(rights)
        stated = await self._rights(_BY_ID, ids=list(right_ids))
        keys |= {each.key for each in stated.values() if each.key}
        former = await self._former(system, ids)
        keys |= {str(key) for each in former if (key := each.get(pair.pair.key))}
        facts = {str(value) for each in former if (value := each.get(pair.pair.match[0]))}
        return await self._matters(keys, stated, facts)

    async def _former(self, system: str, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the former facts of records whose latest change has moved them to another matter, or removed them.

        Those that they left behind may match without doubt now.
        """
        pair = self._pair.pair
        names = [pair.key, *pair.match, "gone_at"]
        return [row["body"] for row in await self._rows(_FORMER, system, {"ids": ids, "names": names})]

    async def gone(self, keys: Collection[str], since: datetime) -> Matters:
        """Return by key the records that have gone since then."""
        matters = defaultdict[str, MatterHoldings](MatterHoldings)
        params = {"ids": [key for key in keys if not key.startswith(KEYLESS)], "since": since}
        for row in await self._rows(_GONE_LEFTS, self._pair.left, params):
            matters[row["key"]].left.append(_holding(row, row["key"]))
        name = {"name": self._pair.pair.key_name}
        for row in await self._rows(_GONE_RIGHTS, self._pair.right, params | name):
            matters[row["key"]].right.append(_holding(row, row["key"]))
        return matters

    async def _matters(self, keys: set[str], stated: dict[str, Holding], facts: set[str]) -> Matters:
        real = [key for key in keys if not key.startswith(KEYLESS)]
        lefts = await self._lefts(_BY_ID, ids=real)
        rights = stated | await self._rights(_BY_KEY, name=self._pair.pair.key_name, ids=real)
        lefts, rights = await self._with_matches(lefts, rights, facts)
        matters: Matters = {key: MatterHoldings() for key in keys}
        for id_, each in lefts.items():
            matters.setdefault(id_, MatterHoldings()).left.append(each)
        for id_, each in rights.items():
            matters.setdefault(each.key or KEYLESS + id_, MatterHoldings()).right.append(each)
        _match_keyless(self._pair.pair.match, matters)
        return matters

    async def _with_matches(
        self, lefts: dict[str, Holding], rights: dict[str, Holding], facts: set[str]
    ) -> tuple[dict[str, Holding], dict[str, Holding]]:
        """Add all records of the businesses of which a record without the key exists, those of ``facts`` included."""
        fact = self._pair.pair.match[0]
        partnered = {each.key for each in rights.values()}
        alone = [each for id_, each in lefts.items() if id_ not in partnered]
        keyless = [each for each in rights.values() if each.key is None]
        values = facts | {str(each.body[fact]) for each in (*alone, *keyless) if each.body.get(fact)}
        if not values:
            return lefts, rights
        others = await self._rights(_BY_FACT, fact=fact, ids=sorted(values))
        values = facts | {str(each.body[fact]) for each in others.values() if each.key is None}
        if not values:
            return lefts, rights
        lefts = lefts | await self._lefts(_BY_FACT, fact=fact, ids=sorted(values))
        rights = rights | {id_: each for id_, each in others.items() if str(each.body[fact]) in values}
        # The partners of those found by facts, which may have other facts.
        lefts = lefts | await self._lefts(_BY_ID, ids=[each.key for each in rights.values() if each.key])
        return lefts, await self._rights(_BY_KEY, name=self._pair.pair.key_name, ids=list(lefts)) | rights

    async def _lefts(self, statement: str, **params: Any) -> dict[str, Holding]:
        return {
            each["external_id"]: _holding(each, each["external_id"])
            for each in await self._rows(statement, self._pair.left, params)
        }

    async def _rights(self, statement: str, **params: Any) -> dict[str, Holding]:
        rows = await self._rows(statement, self._pair.right, params)
        confirmed = await self._confirmed([row["external_id"] for row in rows])
        key = self._pair.pair.key
        return {
            each["external_id"]: _holding(each, each["body"].get(key) or confirmed.get(each["external_id"]))
            for each in rows
        }

    async def _confirmed(self, right_ids: list[str]) -> dict[str, str]:
        if not right_ids:
            return {}
        found = await self._db.execute(text(_CONFIRMED), {**self._names(), "ids": [], "right_ids": right_ids})
        return {row.right_id: row.left_id for row in found}

    async def _rows(self, statement: str, system: str, params: Mapping[str, Any]) -> list[Mapping[Any, Any]]:
        if not params["ids"]:
            return []
        values = {"system": system, "kind": self._pair.pair.kind, **params}
        return list((await self._db.execute(text(statement), values)).mappings())

    def _names(self) -> dict[str, str]:
        return {"left": self._pair.left, "right": self._pair.right}


def _holding(row: Mapping[Any, Any], key: str | None) -> Holding:
    body = row["body"]
    values = {name: None if value is None else str(value) for name, value in body.items()}
    held = Held(
        external_id=row["external_id"],
        values={**values, STATUS: row["status"]},
        status_at=row["occurred_at"],
        changed_at=row["updated_at"],
    )
    return Holding(held=held, key=key, body=body)


def _match_keyless(match: tuple[str, ...], matters: Matters) -> None:
    """Match the records without the key with the left records that have no other partner, by their facts."""
    alone, keyless = defaultdict(list), defaultdict(list)
    for key, each in matters.items():
        if key.startswith(KEYLESS):
            for holding in each.right:
                keyless[_facts(match, holding)].append(key)
        elif each.left and not each.right:
            alone[_facts(match, each.left[0])].append(key)
    for facts, right_keys in keyless.items():
        left_keys = alone.get(facts, []) if facts is not None else []
        if len(left_keys) == 1 and len(right_keys) == 1:
            matters[left_keys[0]].right = matters[right_keys[0]].right
            matters[right_keys[0]] = MatterHoldings()
        elif left_keys:
            for key in (*left_keys, *right_keys):
                matters[key].unsure = True


def _facts(match: tuple[str, ...], holding: Holding) -> tuple[str, ...] | None:
    """Return the facts by which a record is matched; None if one is missing."""
    values = tuple(holding.body.get(name) for name in match)
    return None if None in values else tuple(map(str, values))
