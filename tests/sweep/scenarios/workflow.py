"""A complaint from its submission to its rating, with deliveries to other systems."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.sweep import expectations
from tests.sweep.attempt import Attempt
from tests.sweep.client import Client
from tests.sweep.scenarios.scenario import ANSWERS, COMMITS, Scenario

SUBMIT = """mutation($input: SubmitComplaintInput!) { submitComplaint(input: $input) { __typename
    ... on SubmitComplaintPayload { ticket trackingCode } } }"""
MOVE = """mutation($input: %sInput!) { %s(input: $input) { __typename
    ... on ComplaintPayload { complaint { ticket status } } ... on NotAllowed { code message } } }"""
TEXT = "Kami sudah memeriksa halte itu dan mengingatkan pengemudi."
SUBMISSION = {
    "idempotencyKey": "the-first-submission",
    "channel": "WHATSAPP",
    "class": "COMPLAINT",
    "title": "Bus tidak berhenti di halte",
    "text": "Bus melewati halte tanpa berhenti.",
    "areaCode": "33.74",
    "reporter": {"name": "Uji Coba", "phone": "+62 811 0000 0000"},
}
MOVES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("verifyComplaint", "VERIFY", {"verdict": "VERIFIED"}),
    ("assignComplaint", "ASSIGN", {"agencyCode": "DISHUB"}),
    ("forwardComplaint", "FORWARD", {}),
    ("respondToComplaint", "START", {"text": TEXT, "final": False}),
    ("replyToComplaint", "REPLY", {"text": "Terima kasih, saya tunggu kabarnya."}),
    ("respondToComplaint", "ANSWER", {"text": TEXT, "final": True}),
    ("rateComplaint", "RATE", {"rating": 4}),
    ("closeComplaint", "CLOSE", {}),
)
"""Mutation, its action in the timeline, and its arguments besides the ticket."""
STEPS = """select action from complaint_steps s join complaints c on c.id = s.complaint_id
    where c.ticket = :ticket order by s.id"""
SENT = ["CREATE", "FOLLOW_UP", "FOLLOW_UP", "ANSWER", "RATE"]


class Workflow(Scenario):
    """Each step has a key, and is repeated with it until there is a response."""

    name = "workflow"
    edges = COMMITS | ANSWERS

    async def run(self, attempt: Attempt) -> None:
        """Submit one complaint and make every step of officer and reporter."""
        async with attempt.serving() as client:
            data = await client.graph("submit", SUBMIT, input=SUBMISSION)
            ticket = data["submitComplaint"]["ticket"]
            for number, (mutation, action, given) in enumerate(MOVES):
                await self._move(client, mutation, action, {"ticket": ticket, **given}, f"step-{number:04}")

            # What this reporter was given is given to nobody else, whatever was lost meanwhile.
            await client.graph("next", SUBMIT, input={**SUBMISSION, "idempotencyKey": "the-next-submission"})

    async def _move(self, client: Client, mutation: str, action: str, given: dict[str, Any], key: str) -> None:
        query = MOVE % (mutation[0].upper() + mutation[1:], mutation)
        data = await client.graph(action, query, input={**given, "idempotencyKey": key})
        assert data[mutation]["__typename"] == f"{mutation[0].upper()}{mutation[1:]}Payload", data

    async def check(self, attempt: Attempt) -> None:
        """Check that each acknowledged step is in the timeline once, and each delivery that follows is planned once."""
        given = [data["submitComplaint"] for step, data in attempt.responses if step in ("submit", "next")]
        tickets = [ticket for (ticket,) in await attempt.rows("select ticket from complaints order by id")]
        assert [each["ticket"] for each in given] == tickets
        assert len({each["trackingCode"] for each in given}) == len(set(tickets)) == 2
        steps = await attempt.rows(STEPS, ticket=tickets[0])
        assert [action for (action,) in steps] == ["SUBMIT", *(action for _, action, _ in MOVES)]
        for kind in attempt.setup.connectors:
            planned = "select action from deliveries where system = :system order by sequence"
            sent = [action for (action,) in await attempt.rows(planned, system=kind.name)]
            assert sent == (SENT if kind.sends else [])
        nudged = await attempt.rows("select args ->> 'system' from procrastinate_jobs where status = 'todo'")
        assert max(Counter(nudged).values()) == 1
        await expectations.history_holds(attempt)
