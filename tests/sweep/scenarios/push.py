"""Systems push their own records, a few at a time, with ``putRecords``."""

from __future__ import annotations

from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import ANSWERS, COMMITS, Scenario

ROWS = 15
PUT = """mutation($input: PutRecordsInput!) { putRecords(input: $input) { __typename
    ... on PutRecordsPayload { rows { externalId outcome } } } }"""


class Push(Scenario):
    """Each push has a key, and is repeated with it until there is a response."""

    name = "push"
    edges = COMMITS | ANSWERS

    async def run(self, attempt: Attempt) -> None:
        """Push twice for each system."""
        async with attempt.serving() as client:
            for name, items in attempt.setup.items.items():
                for number, rows in enumerate((items[:ROWS], items[ROWS : 2 * ROWS])):
                    input_ = {"system": name, "idempotencyKey": f"{name}-push-{number}", "rows": rows}
                    await client.graph("push", PUT, input=input_)

    async def check(self, attempt: Attempt) -> None:
        """Check the outcome of each row: created once, or in quarantine with its reason."""
        rows = [row for _, data in attempt.responses for row in data["putRecords"]["rows"]]
        created = [row["externalId"] for row in rows if row["outcome"] == "CREATED"]
        apart = [row["externalId"] for row in rows if row["outcome"] == "QUARANTINED"]
        stored = [name for (name,) in await attempt.rows("select external_id from records")]
        assert len(created) == len(set(created))
        assert set(created) <= set(stored) <= {*created, *apart}
        for kind in attempt.setup.connectors:
            await expectations.records_agree(attempt, kind, attempt.setup.items[kind.name][: 2 * ROWS])
        await expectations.history_holds(attempt)
