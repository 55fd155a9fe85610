"""Whoever operates the hub decides what becomes of deliveries that wait for a person."""

from __future__ import annotations

from hub.complaints.workflow import Action
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.promises import Done
from hub.viewer import WORKER
from tests.schema.stage import CAUSE, Stage
from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.ground import Ground
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

DECISION = """mutation($input: %sInput!) { %s(input: $input) { __typename } }"""
DECISIONS = (
    ("retryDelivery", {}, "RETRIED", "WAITING"),
    ("giveUpDelivery", {}, "GIVEN_UP", "GIVEN_UP"),
    ("confirmDelivery", {"externalId": "9900001"}, "CONFIRMED", "DONE"),
)
"""Mutation, what it wants besides the key, what is noted of it, and the state it leads to."""
NOTED = """
select d.state, array_agg(a.outcome) from deliveries d join delivery_attempts a on a.delivery_id = d.id
group by d.id, d.state order by d.id
"""


class Decide(Life):
    """A decision a delivery."""

    name = "decide"
    edges = COMMITS | ANSWERS

    async def prepare(self, ground: Ground, stage: Stage) -> None:
        """As many deliveries that are held as there are decisions."""
        (taking,) = [kind.name for kind in ground.connectors if kind.sends][:1]
        for ticket in await stage.complaints("ASSIGNED", [{}] * len(DECISIONS)):
            async with stage.database.write(CAUSE) as db:
                act = Act(ticket, Action.FORWARD, to=taking)
                assert isinstance(await handling.act(db, CAUSE, WORKER, act), Done)
        await stage.run("update deliveries set state = 'HELD', attempts = 1")

    async def live(self, attempt: Attempt) -> None:
        """Each is repeated until it is answered."""
        keys = [key for (key,) in await attempt.rows("select key from deliveries order by id")]
        async with attempt.serving() as client:
            for key, (mutation, more, _, _) in zip(keys, DECISIONS, strict=True):
                query = DECISION % (mutation[0].upper() + mutation[1:], mutation)
                told = await client.graph(mutation, query, input={"key": key, "idempotencyKey": mutation, **more})
                assert told[mutation]["__typename"] == "DeliveryDecided"

    async def check(self, attempt: Attempt) -> None:
        """Each stands as it was decided, and was decided once."""
        expected = [(state, [outcome]) for _, _, outcome, state in DECISIONS]
        assert await attempt.rows(NOTED) == expected
        await truth.history_holds(attempt)
