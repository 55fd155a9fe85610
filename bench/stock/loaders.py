"""The DataLoaders of a request: one statement for all keys of a level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from strawberry.dataloader import DataLoader

from bench.setting import CIPHER
from bench.stock import types
from bench.stock.statements import Statements


def loaders(statements: Statements, reader: str) -> dict[str, DataLoader[Any, Any]]:
    """Return the loaders of one request, by the field that they load."""

    async def agencies(codes: list[str]) -> list[Any]:
        found = {row["code"]: types.Agency.of(row) for row in await statements.rows("agencies", codes)}
        return [found.get(code) for code in codes]

    async def reporters(keys: list[tuple[int, int, str]]) -> list[Any]:
        """Load reporters by the id of the reporter, the id of the complaint and its ticket; note who read them."""
        ids, complaints, tickets = map(list, zip(*keys, strict=True))
        rows = await statements.rows("reporters", ids)
        people = {row["id"]: CIPHER.decrypt(row["sealed"], f"reporters:{row['id']}") for row in rows}
        await statements.write("note_reads", complaints, reader, "bench", uuid4().hex, tickets)
        return [types.Person(name=people[one]["name"], phone=people[one]["phone"]) for one in ids]

    async def reports(ids: list[int]) -> list[Any]:
        found = {row["complaint_id"]: types.CentralReport.of(row) for row in await statements.rows("reports", ids)}
        return [found.get(one) for one in ids]

    async def payments(ids: list[int]) -> list[Any]:
        return _grouped(await statements.rows("payments", ids), "complaint_id", types.Payment.of, ids)

    async def orders(keys: list[tuple[str, int]]) -> list[Any]:
        """Load orders by the code of the agency and their number, which is the same for all."""
        codes = [code for code, _ in keys]
        return _grouped(await statements.rows("orders", codes, keys[0][1]), "code", types.ProcurementOrder.of, codes)

    return {
        "agencies": DataLoader(load_fn=agencies),
        "reporters": DataLoader(load_fn=reporters),
        "reports": DataLoader(load_fn=reports),
        "payments": DataLoader(load_fn=payments),
        "orders": DataLoader(load_fn=orders),
    }


def _grouped(rows: Any, by: str, shape: Callable[[Any], Any], keys: list[Any]) -> list[list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[by]].append(shape(row))
    return [found[key] for key in keys]
