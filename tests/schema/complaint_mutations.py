"""The mutations, called as a client calls them."""

from __future__ import annotations

from typing import Any

from hub.viewer import Viewer
from tests.schema.harness import OFFICER, Answer, Stage

MOVED = """{ __typename
    ... on ComplaintPayload {complaint {ticket status dueAt verifiedAt answeredAt closedAt rating agency {code}
        timeline {action status role note}}}
    ... on UserError {code message}
    ... on InvalidInput {problems {field code message}} }"""

SUBMITTED = """{ __typename
    ... on SubmitComplaintPayload {ticket trackingCode complaint {id ticket status dueAt receivedAt}}
    ... on UserError {code message}
    ... on InvalidInput {problems {field code message}} }"""


def submission(**over: Any) -> dict[str, Any]:
    """Return the input of a valid submission."""
    return {
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


def payload_of(mutation: str) -> str:
    """Return the type that ``mutation`` returns when it succeeds."""
    return f"{mutation[0].upper()}{mutation[1:]}Payload"


async def submit(stage: Stage, viewer: Viewer = OFFICER, language: str = "id", **over: Any) -> Answer:
    """Return the response of ``submitComplaint``."""
    query = f"mutation($i: SubmitComplaintInput!) {{submitComplaint(input: $i) {SUBMITTED}}}"
    return await stage.ask(viewer, query, language=language, i=submission(**over))


async def submitted(stage: Stage, **over: Any) -> Any:
    """Return the result of a submission that succeeds."""
    answer = await submit(stage, **over)
    assert answer.errors == []
    return answer.data["submitComplaint"]


async def move(stage: Stage, mutation: str, viewer: Viewer = OFFICER, language: str = "id", **values: Any) -> Any:
    """Return the response of a mutation that changes a complaint's status."""
    name = mutation[0].upper() + mutation[1:]
    query = f"mutation($i: {name}Input!) {{{mutation}(input: $i) {MOVED}}}"
    answer = await stage.ask(viewer, query, language=language, i=values)
    assert answer.errors == []
    return answer.data[mutation]
