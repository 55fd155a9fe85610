"""The mutations, as a client calls them."""

from __future__ import annotations

from typing import Any

from hub.viewer import Viewer
from tests.schema.stage import OFFICER, Answer, Stage

MOVED = """{ __typename
    ... on ComplaintMoved {complaint {ticket status dueAt verifiedAt answeredAt closedAt rating agency {code}
        timeline {action status role note}}}
    ... on NotAllowed {code message}
    ... on ComplaintNotFound {message}
    ... on InvalidInput {problems {field code message}}
    ... on IdempotencyConflict {message} }"""

SUBMITTED = """{ __typename
    ... on ComplaintReceived {ticket trackingCode complaint {id ticket status dueAt receivedAt}}
    ... on InvalidInput {problems {field code message}}
    ... on IdempotencyConflict {message} }"""


async def submit(stage: Stage, viewer: Viewer = OFFICER, language: str = "id", **over: Any) -> Answer:
    """What ``submitComplaint`` answers."""
    given = {
        "idempotencyKey": "5f0c-0001",
        "channel": "GOJEK",
        "class": "COMPLAINT",
        "title": "Bus tidak berhenti di halte",
        "text": "Bus melewati halte tanpa berhenti.",
        "areaCode": "33.74",
        "paymentReference": "TJ-0001",
        "reporter": {"name": "Uji Coba", "phone": "+62 811 0000 0000"},
        **over,
    }
    query = f"mutation($i: SubmitComplaintInput!) {{submitComplaint(input: $i) {SUBMITTED}}}"
    return await stage.ask(viewer, query, language=language, i=given)


async def submitted(stage: Stage, **over: Any) -> Any:
    """The result of a submission that raised no error."""
    answer = await submit(stage, **over)
    assert answer.errors == []
    return answer.data["submitComplaint"]


async def move(stage: Stage, mutation: str, viewer: Viewer = OFFICER, language: str = "id", **given: Any) -> Any:
    """What a mutation that moves a complaint answers."""
    name = mutation[0].upper() + mutation[1:]
    query = f"mutation($i: {name}Input!) {{{mutation}(input: $i) {MOVED}}}"
    answer = await stage.ask(viewer, query, language=language, i=given)
    assert answer.errors == []
    return answer.data[mutation]
