"""A complaint goes its way, from its submission to its reporter's stars, and leaves for other systems meanwhile."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.sweep import truth
from tests.sweep.attempt import Attempt
from tests.sweep.client import Client
from tests.sweep.lives.life import ANSWERS, COMMITS, Life

SUBMIT = """mutation($input: SubmitComplaintInput!) { submitComplaint(input: $input) { __typename
    ... on ComplaintReceived { ticket } } }"""
MOVE = """mutation($input: %sInput!) { %s(input: $input) { __typename
    ... on ComplaintMoved { complaint { ticket status } } ... on NotAllowed { code message } } }"""
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
"""Mutation, the action it is in the timeline, and what it wants besides the ticket."""
SENT = ["CREATE", "FOLLOW_UP", "FOLLOW_UP", "ANSWER", "RATE"]


class Workflow(Life):
    """Each step has a key, and is repeated with it until it is answered."""

    name = "workflow"
    edges = COMMITS | ANSWERS

    async def live(self, attempt: Attempt) -> None:
        """One complaint, every step of the desk and of its reporter."""
        async with attempt.serving() as client:
            told = await client.graph("submit", SUBMIT, input=SUBMISSION)
            ticket = told["submitComplaint"]["ticket"]
            for number, (mutation, action, given) in enumerate(MOVES):
                await self._move(client, mutation, action, {"ticket": ticket, **given}, f"step-{number:04}")

    async def _move(self, client: Client, mutation: str, action: str, given: dict[str, Any], key: str) -> None:
        query = MOVE % (mutation[0].upper() + mutation[1:], mutation)
        told = await client.graph(action, query, input={**given, "idempotencyKey": key})
        assert told[mutation]["__typename"] == "ComplaintMoved", told

    async def check(self, attempt: Attempt) -> None:
        """Each step that was acknowledged is in the timeline once, and whatever follows from it is planned once."""
        steps = await attempt.rows("select action from complaint_steps order by id")
        assert [action for (action,) in steps] == ["SUBMIT", *(action for _, action, _ in MOVES)]
        assert await attempt.rows("select count(*) from complaints") == [(1,)]
        for kind in attempt.ground.connectors:
            planned = "select action from deliveries where system = :system order by sequence"
            sent = [action for (action,) in await attempt.rows(planned, system=kind.name)]
            assert sent == (SENT if kind.sends else [])
        nudged = await attempt.rows("select args ->> 'system' from procrastinate_jobs where status = 'todo'")
        assert max(Counter(nudged).values()) == 1
        await truth.history_holds(attempt)
