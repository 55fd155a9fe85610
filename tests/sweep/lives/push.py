"""Systems push their own records, a few at a time, by ``putRecords``."""

from __future__ import annotations

from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

ROWS = 15
PUT = """mutation($input: PutRecordsInput!) { putRecords(input: $input) { __typename
    ... on RecordsPut { rows { externalId outcome } } } }"""


class Push(Life):
    """Each push has a key, and is repeated with it until it is answered."""

    name = "push"
    edges = COMMITS | ANSWERS

    async def live(self, attempt: Attempt) -> None:
        """Two pushes a system."""
        async with attempt.serving() as client:
            for name, items in attempt.ground.items.items():
                for number, rows in enumerate((items[:ROWS], items[ROWS : 2 * ROWS])):
                    told = {"system": name, "idempotencyKey": f"{name}-push-{number}", "rows": rows}
                    await client.graph("push", PUT, input=told)

    async def check(self, attempt: Attempt) -> None:
        """What was told of each row is so: created once, or kept with what is wrong with it."""
        told = [row for _, data in attempt.told for row in data["putRecords"]["rows"]]
        created = [row["externalId"] for row in told if row["outcome"] == "CREATED"]
        apart = [row["externalId"] for row in told if row["outcome"] == "QUARANTINED"]
        held = [name for (name,) in await attempt.rows("select external_id from records")]
        assert len(created) == len(set(created))
        assert set(created) <= set(held) <= {*created, *apart}
        for kind in attempt.ground.connectors:
            await truth.records_agree(attempt, kind, attempt.ground.items[kind.name][: 2 * ROWS])
        await truth.history_holds(attempt)
