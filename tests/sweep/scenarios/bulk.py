"""Systems push all their records, as lines, in several batches."""

from __future__ import annotations

import orjson

from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import ANSWERS, COMMITS, Scenario

BEGAN = "select subject from changes where system = :name and before is null"


class Bulk(Scenario):
    """One upload for each system, repeated with its key until the response is complete."""

    name = "bulk"
    edges = COMMITS | ANSWERS

    async def run(self, attempt: Attempt) -> None:
        """Upload all that each system lists."""
        async with attempt.serving() as client:
            for name, items in attempt.setup.items.items():
                lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
                headers = {"idempotency-key": f"{name}-upload", "content-type": "application/x-ndjson"}
                answer = await client.send("bulk", "POST", f"/bulk/{name}", content=lines, headers=headers)
                assert answer.status_code == 200, answer.text
                attempt.responses.append((name, [orjson.loads(line) for line in answer.text.splitlines()]))

    async def check(self, attempt: Attempt) -> None:
        """Check that each row got its outcome, and that rows with the outcome created are stored once."""
        assert [name for name, _ in attempt.responses] == attempt.setup.names
        for kind, (name, (*rows, last)) in zip(attempt.setup.connectors, attempt.responses, strict=True):
            items = attempt.setup.items[name]
            await expectations.records_agree(attempt, kind, items)
            assert last["summary"]["rows"] == len(rows) == len(items)
            created = [row["id"] for row in rows if row["outcome"] == "CREATED"]
            began = await attempt.rows(BEGAN, name=name)
            assert set(created) <= {subject for (subject,) in began}
            assert len(created) == len(set(created))
        await expectations.history_holds(attempt)
