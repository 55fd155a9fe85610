"""The lifecycle of a complaint through the mutations, with its deadlines."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.schema.complaint_mutations import move, payload_of, submitted
from tests.schema.harness import OFFICER, Stage


async def test_the_whole_life_of_a_complaint(stage: Stage) -> None:
    received = await submitted(stage)
    ticket = received["ticket"]
    assert re.fullmatch(r"LG-\d{4}-\d{6}", ticket)
    assert re.fullmatch(r"([0-9A-Z]{4}-){4}[0-9A-Z]{4}", received["trackingCode"])
    assert received["complaint"]["status"] == "RECEIVED"
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("verifyComplaint", {"verdict": "VERIFIED"}, "VERIFIED"),
        ("assignComplaint", {"agencyCode": "DISHUB"}, "ASSIGNED"),
        ("respondToComplaint", {"text": "Kami periksa di lapangan.", "final": False}, "IN_PROGRESS"),
        ("respondToComplaint", {"text": "Pengemudi sudah ditegur.", "final": True}, "ANSWERED"),
        ("reopenComplaint", {"reason": "Masih terjadi hari ini."}, "IN_PROGRESS"),
        ("respondToComplaint", {"text": "Pengemudi sudah diganti.", "final": True}, "ANSWERED"),
        ("rateComplaint", {"rating": 4}, "ANSWERED"),
        ("closeComplaint", {}, "CLOSED"),
    ]
    moved: Any = None
    for mutation, values, status in steps:
        moved = await move(stage, mutation, ticket=ticket, **values)
        assert (moved["__typename"], moved["complaint"]["status"]) == (payload_of(mutation), status), mutation
    complaint = moved["complaint"]
    assert (complaint["rating"], complaint["agency"]) == (4, {"code": "DISHUB"})
    assert complaint["verifiedAt"] < complaint["answeredAt"] < complaint["closedAt"]
    assert [step["action"] for step in complaint["timeline"]] == [
        *("SUBMIT", "VERIFY", "ASSIGN", "START", "ANSWER", "REOPEN", "ANSWER", "RATE", "CLOSE")
    ]
    assert [step["note"] for step in complaint["timeline"]][3:6] == [
        "Kami periksa di lapangan.",
        "Pengemudi sudah ditegur.",
        "Masih terjadi hari ini.",
    ]
    assert {step["role"] for step in complaint["timeline"][1:]} == {"DESK"}


async def test_a_submission_is_stored_unchanged(stage: Stage) -> None:
    file = {"name": "halte.jpg", "mediaType": "image/jpeg", "size": 12, "sha256": "0" * 64}
    received = await submitted(
        stage, secret=True, inspection=True, category="PUBLIC_TRANSPORT", latitude=-7.0, longitude=110.4,
        attachments=[file], orderId="O-1", trackingId="77",
    )  # fmt: skip
    data = await stage.got(
        OFFICER,
        """query($t: String!) {complaint(ticket: $t) {channel class title text secret anonymous inspection category
            location {latitude longitude} attachments {name mediaType size sha256}
            references {paymentReference orderId trackingId}
            reporter {name phone email nik} area {code}}}""",
        t=received["ticket"],
    )
    assert data["complaint"] == {
        "channel": "GOJEK",
        "class": "COMPLAINT",
        "title": "Bus tidak berhenti di halte",
        "text": "Bus melewati halte tanpa berhenti.",
        "secret": True,
        "anonymous": False,
        "inspection": True,
        "category": "PUBLIC_TRANSPORT",
        "location": {"latitude": -7.0, "longitude": 110.4},
        "attachments": [file],
        "references": {"paymentReference": "TJ-0001", "orderId": "O-1", "trackingId": "77"},
        "reporter": {"name": "Uji Coba", "phone": "+6281100000000", "email": None, "nik": None},
        "area": {"code": "33.74"},
    }


async def test_a_deadline_pauses_while_the_reporter_owes_an_answer(stage: Stage) -> None:
    received = await submitted(stage)
    due, at = (datetime.fromisoformat(received["complaint"][name]) for name in ("dueAt", "receivedAt"))
    assert timedelta(days=14) < due - at < timedelta(days=40)
    ticket = received["ticket"]
    returned = await move(
        stage, "verifyComplaint", ticket=ticket, verdict="RETURNED", note="Halte yang mana, jam berapa?"
    )
    assert (returned["complaint"]["status"], returned["complaint"]["dueAt"]) == ("RETURNED", None)
    verified = await move(stage, "verifyComplaint", ticket=ticket, verdict="VERIFIED")
    assert verified["complaint"]["status"] == "VERIFIED"
    assert datetime.fromisoformat(verified["complaint"]["dueAt"]) == due


async def test_what_is_late_is_overdue_until_it_is_answered(stage: Stage) -> None:
    ticket = (await submitted(stage))["ticket"]
    await stage.run("update complaints set due_at = :at", at=datetime.now(UTC) - timedelta(seconds=1))
    query = "query($t: String!) {complaint(ticket: $t) {overdue}}"
    assert (await stage.got(OFFICER, query, t=ticket))["complaint"] == {"overdue": True}
    await stage.run("update complaints set status = 'ANSWERED'")
    assert (await stage.got(OFFICER, query, t=ticket))["complaint"] == {"overdue": False}
