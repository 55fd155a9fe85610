"""Systems push all they have, as lines, in several batches."""

from __future__ import annotations

import orjson

from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

BEGAN = "select subject from changes where system = :name and before is null"


class Bulk(Life):
    """One upload a system, repeated with its key until all of it is answered."""

    name = "bulk"
    edges = COMMITS | ANSWERS

    async def live(self, attempt: Attempt) -> None:
        """All that each system lists."""
        async with attempt.serving() as client:
            for name, items in attempt.ground.items.items():
                lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
                headers = {"idempotency-key": f"{name}-upload", "content-type": "application/x-ndjson"}
                answer = await client.send("bulk", "POST", f"/bulk/{name}", content=lines, headers=headers)
                assert answer.status_code == 200, answer.text
                attempt.told.append((name, [orjson.loads(line) for line in answer.text.splitlines()]))

    async def check(self, attempt: Attempt) -> None:
        """Each row was told its outcome, and what was told created is there, begun once."""
        assert [name for name, _ in attempt.told] == attempt.ground.names
        for kind, (name, (*rows, last)) in zip(attempt.ground.connectors, attempt.told, strict=True):
            items = attempt.ground.items[name]
            await truth.records_agree(attempt, kind, items)
            assert last["summary"]["rows"] == len(rows) == len(items)
            created = [row["id"] for row in rows if row["outcome"] == "CREATED"]
            began = await attempt.rows(BEGAN, name=name)
            assert set(created) <= {subject for (subject,) in began}
            assert len(created) == len(set(created))
        await truth.history_holds(attempt)
