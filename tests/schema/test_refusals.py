"""Every way in which a mutation is refused: by the workflow, for its input, for want of a scope."""

from __future__ import annotations

from typing import Any

import pytest

from hub.schema.graph import schema
from hub.viewer import Viewer, ViewerKind
from tests.schema.acting import move, submit, submitted
from tests.schema.stage import ANONYMOUS, OFFICER, Stage

REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "answer before assignment": ("respondToComplaint", {"text": "Sudah kami jawab.", "final": True}, "RECEIVED"),
    "assign before verification": ("assignComplaint", {"agencyCode": "DISHUB"}, "RECEIVED"),
    "verify twice": ("verifyComplaint", {"verdict": "VERIFIED"}, "VERIFIED"),
    "close before the answer": ("closeComplaint", {}, "IN_PROGRESS"),
    "close twice": ("closeComplaint", {}, "CLOSED"),
    "rate before the answer": ("rateComplaint", {"rating": 5}, "ASSIGNED"),
    "reopen what is open": ("reopenComplaint", {"reason": "Belum selesai juga."}, "IN_PROGRESS"),
    "reject what was answered": ("verifyComplaint", {"verdict": "REJECTED", "reason": "SPAM"}, "ANSWERED"),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_what_the_workflow_does_not_allow_is_told_with_what_it_does(stage: Stage, case: str) -> None:
    mutation, given, status = REFUSALS[case]
    ticket = await stage.complaint(status)
    before = await stage.rows("select count(*) from changes")
    refused = await move(stage, mutation, ticket=ticket, language="en", **given)
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "WRONG_STATUS")
    assert refused["message"].startswith("Cannot")
    assert await stage.rows("select count(*) from changes") == before


INVALID: dict[str, tuple[str, dict[str, Any], tuple[str, str]]] = {
    "a rejection without reason": ("verifyComplaint", {"verdict": "REJECTED"}, ("reason", "REQUIRED")),
    "a reason without rejection": (
        "verifyComplaint",
        {"verdict": "VERIFIED", "reason": "SPAM"},
        ("reason", "NOT_ALLOWED"),
    ),
    "a return without note": ("verifyComplaint", {"verdict": "RETURNED"}, ("note", "REQUIRED")),
    "no such agency": ("assignComplaint", {"agencyCode": "NASA"}, ("agencyCode", "UNKNOWN")),
    "an agency with a NUL": ("assignComplaint", {"agencyCode": "\0"}, ("agencyCode", "UNKNOWN")),
    "an agency out of office": ("assignComplaint", {"agencyCode": "{former}"}, ("agencyCode", "NOT_ALLOWED")),
    "a short response": ("respondToComplaint", {"text": "Ya.", "final": True}, ("text", "TOO_SHORT")),
    "a response with a NUL": (
        "respondToComplaint",
        {"text": "Sudah\0 kami jawab.", "final": True},
        ("text", "MALFORMED"),
    ),
    "a short reason": ("reopenComplaint", {"reason": "Tidak."}, ("reason", "TOO_SHORT")),
    "six stars": ("rateComplaint", {"rating": 6}, ("rating", "OUT_OF_RANGE")),
    "a short key": ("closeComplaint", {"idempotencyKey": "short"}, ("idempotencyKey", "MALFORMED")),
    "a key with a NUL": ("closeComplaint", {"idempotencyKey": "longenough\0"}, ("idempotencyKey", "MALFORMED")),
}


@pytest.mark.parametrize("case", INVALID)
async def test_bad_input_of_a_move_is_told_by_field(stage: Stage, case: str) -> None:
    mutation, given, problem = INVALID[case]
    if given.get("agencyCode") == "{former}":
        ((former,),) = await stage.rows("select code from agencies where valid_to < now() order by code limit 1")
        given = {"agencyCode": former}
    ticket = await stage.complaint("ASSIGNED")
    answer = await move(stage, mutation, ticket=ticket, **given)
    assert answer["__typename"] == "InvalidInput"
    assert [(each["field"], each["code"]) for each in answer["problems"]] == [problem]


@pytest.mark.parametrize("ticket", ["LG-2026-999999", "", "\0", "🚌", "x" * 10_000])
async def test_a_ticket_that_names_nothing_is_not_found(stage: Stage, ticket: str) -> None:
    answer = await move(stage, "closeComplaint", ticket=ticket, idempotencyKey="a-key-of-mine")
    assert answer["__typename"] == "ComplaintNotFound"
    assert await stage.rows("select key from idempotency") == []


HOSTILE: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "NUL": ({"title": "Bus\0 tidak berhenti", "text": "Bus tidak\0 berhenti."}, [
        ("title", "MALFORMED"), ("text", "MALFORMED")]),
    "too long": ({"title": "x" * 201, "text": "y" * 10_001}, [("title", "TOO_LONG"), ("text", "TOO_LONG")]),
    "empty": ({"title": "", "text": " \n "}, [("title", "REQUIRED"), ("text", "REQUIRED")]),
    "a very long key": ({"idempotencyKey": "k" * 10_000}, [("idempotencyKey", "MALFORMED")]),
    "elsewhere": ({"areaCode": "31.71", "latitude": 52.0, "longitude": 4.9}, [
        ("areaCode", "UNKNOWN"), ("latitude", "OUT_OF_RANGE"), ("longitude", "OUT_OF_RANGE")]),
    "a reporter of rubbish": ({"reporter": {"name": "\0", "phone": "call me", "email": "no", "nik": "1"}}, [
        ("reporter.name", "MALFORMED"), ("reporter.phone", "MALFORMED"),
        ("reporter.email", "MALFORMED"), ("reporter.nik", "MALFORMED")]),
    "no reporter": ({"reporter": None}, [("reporter", "REQUIRED")]),
    "references of rubbish": ({"paymentReference": "' or 1=1 --", "orderId": "\0", "trackingId": "x"}, [
        ("paymentReference", "MALFORMED"), ("orderId", "MALFORMED"), ("trackingId", "MALFORMED")]),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_submission_is_told_all_that_is_wrong_and_leaves_nothing(stage: Stage, case: str) -> None:
    given, problems = HOSTILE[case]
    answer = await submitted(stage, **given)
    assert answer["__typename"] == "InvalidInput"
    assert [(each["field"], each["code"]) for each in answer["problems"]] == problems
    for table in ("complaints", "reporters", "idempotency", "changes"):
        assert await stage.rows(f"select count(*) from {table}") == [(0,)]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("🚌 tidak berhenti 👨‍👩‍👧", "🚌 tidak berhenti 👨‍👩‍👧"),
        ("‮itnehreb kadit suB", "itnehreb kadit suB"),
        ("الحافلة لا تتوقف", "الحافلة لا تتوقف"),
        ("  Bus \t tidak\n berhenti ", "Bus tidak berhenti"),
        ("'); drop table complaints; --", "'); drop table complaints; --"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 200, "x" * 200),
    ],
    ids=["emoji", "turned around", "right to left", "white space", "SQL", "markup", "as long as may be"],
)
async def test_odd_text_is_kept(stage: Stage, title: str, kept: str) -> None:
    ticket = (await submitted(stage, title=title, text="y" * 10_000))["ticket"]
    data = await stage.got(OFFICER, "query($t: String!) {complaint(ticket: $t) {title text}}", t=ticket)
    assert data["complaint"] == {"title": kept, "text": "y" * 10_000}


async def test_messages_speak_the_language_that_is_wanted(stage: Stage) -> None:
    told = {}
    for language in ("id", "en", "en-GB,en;q=0.9", "de", "id;q=0.1,en;q=0.9"):
        answer = await submit(stage, language=language, title="")
        told[language] = answer.data["submitComplaint"]["problems"][0]["message"]
    indonesian, english = "Harus 5 sampai 200 karakter; sekarang 0.", "It must have 5 to 200 characters; it has 0."
    assert list(told.values()) == [indonesian, english, english, indonesian, english]
    missing = [await move(stage, "closeComplaint", ticket="LG-2026-999999", language=each) for each in ("id", "en")]
    assert [each["message"].split()[0] for each in missing] == ["Aduan", "There"]
    ticket = await stage.complaint("RECEIVED")
    refused = [await move(stage, "closeComplaint", ticket=ticket, language=each) for each in ("id", "en")]
    assert [each["message"].split()[:2] for each in refused] == [["Tidak", "dapat"], ["Cannot", "close"]]


NEEDS = {
    "submitComplaint": "complaints:submit",
    "verifyComplaint": "complaints:verify",
    "assignComplaint": "complaints:assign",
    "respondToComplaint": "complaints:respond",
    "closeComplaint": "complaints:respond",
    "reopenComplaint": "complaints:respond",
    "rateComplaint": "complaints:respond",
}
GIVEN: dict[str, dict[str, Any]] = {
    "submitComplaint": {
        "idempotencyKey": "5f0c-0001", "channel": "WEB", "class": "COMPLAINT", "title": "Bus tidak berhenti",
        "text": "Bus tidak berhenti di halte.", "areaCode": "33.74", "anonymous": True,
    },
    "verifyComplaint": {"verdict": "VERIFIED"},
    "assignComplaint": {"agencyCode": "DISHUB"},
    "respondToComplaint": {"text": "Kami periksa di lapangan.", "final": True},
    "closeComplaint": {},
    "reopenComplaint": {"reason": "Masih terjadi hari ini."},
    "rateComplaint": {"rating": 5},
}  # fmt: skip


def test_every_mutation_is_tried_without_its_scope() -> None:
    mutations = schema()._schema.mutation_type
    assert mutations is not None
    assert set(mutations.fields) == set(NEEDS) == set(GIVEN)


@pytest.mark.parametrize("mutation", NEEDS)
async def test_who_lacks_the_scope_is_forbidden_and_changes_nothing(stage: Stage, mutation: str) -> None:
    ticket = await stage.complaint("ANSWERED")
    before = await stage.rows("select count(*) from changes")
    given = GIVEN[mutation] if mutation == "submitComplaint" else {"ticket": ticket, **GIVEN[mutation]}
    query = f"mutation($i: {mutation[0].upper()}{mutation[1:]}Input!) {{{mutation}(input: $i) {{__typename}}}}"
    short = Viewer(ViewerKind.OFFICER, "one scope short", OFFICER.scopes - {NEEDS[mutation]})
    for viewer in (ANONYMOUS, short):
        answer = await stage.ask(viewer, query, i=given)
        assert answer.data == {mutation: None}
        assert [error["extensions"] for error in answer.errors] == [{"code": "FORBIDDEN", "scope": NEEDS[mutation]}]
    assert await stage.rows("select count(*) from changes") == before


async def test_who_may_submit_but_not_read_is_told_the_ticket_only(stage: Stage) -> None:
    partner = Viewer(ViewerKind.OFFICER, "submits only", frozenset({"complaints:submit"}))
    received = (await submit(stage, partner)).data["submitComplaint"]
    assert received["complaint"] is None
    assert received["ticket"].startswith("LG-")
