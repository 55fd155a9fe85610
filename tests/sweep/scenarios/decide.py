"""An operator decides on deliveries that wait for a person."""

from __future__ import annotations

from typing import Any

from hub.complaints.workflow import Action
from hub.store.idempotency import Completed
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.viewer import WORKER
from tests.schema.harness import CAUSE, Stage
from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.scenarios.scenario import ANSWERS, COMMITS, Scenario
from tests.sweep.setup import SweepSetup

DECISION = """mutation($input: %sInput!) { %s(input: $input) { __typename } }"""
DECISIONS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("retryDelivery", {}, "RETRIED", "WAITING"),
    ("giveUpDelivery", {}, "GIVEN_UP", "GIVEN_UP"),
    ("confirmDelivery", {"externalId": "9900001"}, "CONFIRMED", "DONE"),
)
"""Mutation, its arguments besides the key, the recorded action, and the resulting state."""
NOTED = """
select d.state, array_agg(a.outcome) from deliveries d join delivery_attempts a on a.delivery_id = d.id
group by d.id, d.state order by d.id
"""


class Decide(Scenario):
    """A decision on each delivery."""

    name = "decide"
    edges = COMMITS | ANSWERS

    async def prepare(self, setup: SweepSetup, stage: Stage) -> None:
        """Create a blocked delivery for each decision."""
        (taking,) = [kind.name for kind in setup.connectors if kind.sends][:1]
        for ticket in await stage.complaints("ASSIGNED", [{}] * len(DECISIONS)):
            async with stage.database.write(CAUSE) as db:
                act = Transition(ticket, Action.FORWARD, to=taking)
                assert isinstance(await transitions.transition(db, CAUSE, WORKER, act), Completed)
        await stage.run("update deliveries set state = 'BLOCKED', attempts = 1")

    async def run(self, attempt: Attempt) -> None:
        """Make each decision, repeated until there is a response."""
        keys = [key for (key,) in await attempt.rows("select key from deliveries order by id")]
        async with attempt.serving() as client:
            for key, (mutation, more, _, _) in zip(keys, DECISIONS, strict=True):
                query = DECISION % (mutation[0].upper() + mutation[1:], mutation)
                data = await client.graph(mutation, query, input={"key": key, "idempotencyKey": mutation, **more})
                assert data[mutation]["__typename"] == f"{mutation[0].upper()}{mutation[1:]}Payload"

    async def check(self, attempt: Attempt) -> None:
        """Check that each delivery has the state of its decision, which was made once."""
        expected = [(state, [outcome]) for _, _, outcome, state in DECISIONS]
        assert await attempt.rows(NOTED) == expected
        await expectations.history_holds(attempt)
