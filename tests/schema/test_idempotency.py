"""A repeated mutation with the same key and input gets the first answer again, also concurrently."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from typing import Any

from hub.complaints.enums import Channel, ComplaintClass
from hub.complaints.submission import Submission
from hub.schema.complaints.submission import compared_input
from hub.viewer import Viewer, ViewerKind
from tests.schema.complaint_mutations import move, payload_of, submit, submitted
from tests.schema.harness import OFFICER, Stage


async def count(stage: Stage, table: str) -> int:
    ((found,),) = await stage.rows(f"select count(*) from {table}")
    return int(found)


async def test_a_repeated_submission_is_answered_like_the_first(stage: Stage) -> None:
    first, again = await submitted(stage), await submitted(stage)
    assert first == again
    assert (await count(stage, "complaints"), await count(stage, "reporters")) == (1, 1)


async def test_five_submissions_at_once_make_one_complaint(stage: Stage) -> None:
    answers = await asyncio.gather(*(submit(stage) for _ in range(5)))
    received = [answer.data["submitComplaint"] for answer in answers]
    assert {each["__typename"] for each in received} == {"SubmitComplaintPayload"}
    assert len({(each["ticket"], each["trackingCode"], each["complaint"]["id"]) for each in received}) == 1
    assert await count(stage, "complaints") == 1


async def test_parallel_submissions_get_tickets_without_a_gap(stage: Stage) -> None:
    answers = await asyncio.gather(*(submitted(stage, idempotencyKey=f"key-{n:08}") for n in range(5)))
    numbers = sorted(int(answer["ticket"][-6:]) for answer in answers)
    # The first is above the minutes of its year, and each of the others follows the one before it.
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert len({answer["trackingCode"] for answer in answers}) == 5


async def test_input_that_means_the_same_is_the_same(stage: Stage) -> None:
    first = await submitted(stage)
    again = await submitted(
        stage, title=" Bus  tidak berhenti di halte ", reporter={"name": "Uji  Coba", "phone": "0811-0000-0000"}
    )
    assert first == again


def test_keys_of_submissions_from_before_permits_still_fit() -> None:
    kept = Submission(
        idempotency_key="the-key-1",
        channel=Channel.WEB,
        klass=ComplaintClass.COMPLAINT,
        title="Bus tidak berhenti",
        text="Bus melewati halte tanpa berhenti.",
        area_code="33.74",
    )
    assert "permit_number" not in compared_input(kept)
    assert compared_input(kept).keys() | {"permit_number"} == {field.name for field in fields(Submission)}
    assert compared_input(replace(kept, permit_number="I-1"))["permit_number"] == "I-1"


async def test_another_input_with_the_key_conflicts(stage: Stage) -> None:
    await submitted(stage)
    for other in (
        {"title": "Bus berhenti terlalu lama"},
        {"secret": True},
        {"reporter": {"name": "Uji Lain", "phone": "+62 811 0000 0000"}},
        {"latitude": -7.0, "longitude": 110.0},
        {"permitNumber": "I-1"},
    ):
        answer = await submitted(stage, **other)
        assert answer["__typename"] == "IdempotencyConflict"
        assert "kunci baru" in answer["message"]
    assert await count(stage, "complaints") == 1


async def test_of_two_inputs_at_once_with_one_key_one_is_a_conflict(stage: Stage) -> None:
    answers = await asyncio.gather(*(submitted(stage, title=f"Bus tidak berhenti {n}") for n in range(4)))
    assert sorted(answer["__typename"] for answer in answers) == [
        *["IdempotencyConflict"] * 3,
        "SubmitComplaintPayload",
    ]
    assert await count(stage, "complaints") == 1


async def test_after_invalid_input_the_key_is_free(stage: Stage) -> None:
    assert (await submitted(stage, title=""))["__typename"] == "InvalidInput"
    assert (await submitted(stage))["__typename"] == "SubmitComplaintPayload"


async def test_a_key_is_its_clients_own(stage: Stage) -> None:
    other = Viewer(ViewerKind.OFFICER, "other", OFFICER.scopes)
    tickets = [(await submit(stage, viewer)).data["submitComplaint"]["ticket"] for viewer in (OFFICER, other)]
    assert len(set(tickets)) == 2


KEY = "a-key-of-mine"


async def test_a_key_of_one_client_does_not_affect_another(stage: Stage) -> None:
    other = Viewer(ViewerKind.OFFICER, "other", OFFICER.scopes)
    mine, theirs = [(await submit(stage, who)).data["submitComplaint"] for who in (OFFICER, other)]
    assert await submitted(stage) == mine
    assert (await submit(stage, other)).data["submitComplaint"] == theirs
    values = {"ticket": mine["ticket"], "idempotencyKey": KEY}
    await move(stage, "replyToComplaint", text="Mohon segera.", **values)
    refused = await move(
        stage, "replyToComplaint", other, text="Mohon segera.", **{**values, "ticket": "LG-2020-000001"}
    )
    assert refused["__typename"] == "ComplaintNotFound"
    again = await move(stage, "replyToComplaint", text="Mohon segera.", **values)
    assert [step["action"] for step in again["complaint"]["timeline"]].count("REPLY") == 1


async def test_the_key_of_another_operation_is_another_key(stage: Stage) -> None:
    ticket = (await submitted(stage, idempotencyKey=KEY))["ticket"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("verifyComplaint", {"verdict": "VERIFIED"}),
        ("assignComplaint", {"agencyCode": "DISHUB"}),
        ("respondToComplaint", {"text": "Sudah kami jawab.", "final": True}),
        ("closeComplaint", {}),
    ]
    for mutation, values in steps:
        moved = await move(stage, mutation, ticket=ticket, idempotencyKey=KEY, **values)
        assert moved["__typename"] == payload_of(mutation)


async def test_a_repeated_move_is_made_once(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    values: dict[str, Any] = {
        "ticket": ticket,
        "text": "Kami periksa di lapangan.",
        "final": False,
        "idempotencyKey": KEY,
    }
    answers = await asyncio.gather(*(move(stage, "respondToComplaint", **values) for _ in range(5)))
    assert {answer["__typename"] for answer in answers} == {"RespondToComplaintPayload"}
    assert [step["action"] for step in answers[0]["complaint"]["timeline"]].count("START") == 1
    other = await move(stage, "respondToComplaint", **{**values, "final": True})
    assert other["__typename"] == "IdempotencyConflict"


async def test_a_move_without_a_key_is_made_each_time(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    for _ in range(2):
        moved = await move(stage, "respondToComplaint", ticket=ticket, text="Kami periksa di lapangan.", final=False)
    assert [step["action"] for step in moved["complaint"]["timeline"]].count("START") == 2


async def test_a_refused_move_leaves_its_key_free(stage: Stage) -> None:
    ticket = await stage.complaint("RECEIVED")
    values: dict[str, Any] = {"ticket": ticket, "agencyCode": "DISHUB", "idempotencyKey": KEY}
    for _ in range(2):
        assert (await move(stage, "assignComplaint", **values))["__typename"] == "NotAllowed"
    await move(stage, "verifyComplaint", ticket=ticket, verdict="VERIFIED")
    assert (await move(stage, "assignComplaint", **values))["__typename"] == "AssignComplaintPayload"
