"""Every refusal of a mutation: by the workflow, for its input, for a missing scope."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_named_type

from hub.complaints.workflow import RefusalCode
from hub.schema.complaints.errors import UserErrorCode
from hub.schema.graph import schema
from hub.viewer import Viewer, ViewerKind
from tests.schema.complaint_mutations import move, submit, submitted
from tests.schema.harness import ANONYMOUS, OFFICER, Stage
from tests.schema.operations.mutations import OF_ONESELF, OPERATIONS

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
async def test_a_refused_transition_names_the_allowed_ones(shared: Stage, case: str) -> None:
    mutation, values, status = REFUSALS[case]
    ticket = await shared.complaint(status)
    before = await shared.rows("select count(*) from changes")
    refused = await move(shared, mutation, ticket=ticket, language="en", **values)
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "WRONG_STATUS")
    assert refused["message"].startswith("Cannot")
    assert await shared.rows("select count(*) from changes") == before


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
async def test_bad_input_of_a_transition_is_reported_by_field(shared: Stage, case: str) -> None:
    mutation, values, problem = INVALID[case]
    if values.get("agencyCode") == "{former}":
        ((former,),) = await shared.rows("select code from agencies where valid_to < now() order by code limit 1")
        values = {"agencyCode": former}
    ticket = await shared.complaint("ASSIGNED")
    answer = await move(shared, mutation, ticket=ticket, **values)
    assert (answer["__typename"], answer["code"]) == ("InvalidInput", "INVALID_INPUT")
    assert answer["message"] == f"Masukan belum dapat diterima; perbaiki {problem[0]}."
    assert [(each["field"], each["code"]) for each in answer["problems"]] == [problem]


@pytest.mark.parametrize("ticket", ["LG-2026-999999", "", "\0", "🚌", "x" * 10_000])
async def test_a_ticket_that_names_nothing_is_not_found(shared: Stage, ticket: str) -> None:
    answer = await move(shared, "closeComplaint", ticket=ticket, idempotencyKey="a-key-of-mine")
    assert (answer["__typename"], answer["code"]) == ("ComplaintNotFound", "NOT_FOUND")
    assert await shared.rows("select key from idempotency where operation = 'closeComplaint'") == []


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
async def test_a_hostile_submission_gets_all_problems_and_no_row(shared: Stage, case: str) -> None:
    values, problems = HOSTILE[case]
    before = await counts(shared)
    answer = await submitted(shared, **values)
    assert answer["__typename"] == "InvalidInput"
    assert [(each["field"], each["code"]) for each in answer["problems"]] == problems
    assert await counts(shared) == before


async def counts(stage: Stage) -> list[Any]:
    """Return the numbers of rows that a submission creates."""
    tables = ("complaints", "reporters", "idempotency", "changes")
    return [await stage.rows(f"select count(*) from {table}") for table in tables]


ODD = {
    "emoji": ("🚌 tidak berhenti 👨‍👩‍👧", "🚌 tidak berhenti 👨‍👩‍👧"),
    "turned around": ("\u202eitnehreb kadit suB", "itnehreb kadit suB"),
    "right to left": ("الحافلة لا تتوقف", "الحافلة لا تتوقف"),
    "white space": ("  Bus \t tidak\n berhenti ", "Bus tidak berhenti"),
    "SQL": ("'); drop table complaints; --", "'); drop table complaints; --"),
    "markup": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "as long as may be": ("x" * 200, "x" * 200),
}


@pytest.mark.parametrize("case", ODD)
async def test_odd_text_is_kept(shared: Stage, case: str) -> None:
    title, kept = ODD[case]
    key = f"odd-text-{case.replace(' ', '-')}"
    ticket = (await submitted(shared, title=title, text="y" * 10_000, idempotencyKey=key))["ticket"]
    data = await shared.got(OFFICER, "query($t: String!) {complaint(ticket: $t) {title text}}", t=ticket)
    assert data["complaint"] == {"title": kept, "text": "y" * 10_000}


async def test_messages_use_the_requested_language(shared: Stage) -> None:
    messages = {}
    for language in ("id", "en", "en-GB,en;q=0.9", "de", "id;q=0.1,en;q=0.9"):
        answer = await submit(shared, language=language, title="")
        messages[language] = answer.data["submitComplaint"]["problems"][0]["message"]
    indonesian, english = "Harus 5 sampai 200 karakter; sekarang 0.", "It must have 5 to 200 characters; it has 0."
    assert list(messages.values()) == [indonesian, english, english, indonesian, english]
    missing = [await move(shared, "closeComplaint", ticket="LG-2026-999999", language=each) for each in ("id", "en")]
    assert [each["message"].split()[0] for each in missing] == ["Aduan", "There"]
    ticket = await shared.complaint("RECEIVED")
    refused = [await move(shared, "closeComplaint", ticket=ticket, language=each) for each in ("id", "en")]
    assert [each["message"].split()[:2] for each in refused] == [["Tidak", "dapat"], ["Cannot", "close"]]


NEEDS = {
    "submitComplaint": "complaints:submit",
    "verifyComplaint": "complaints:verify",
    "assignComplaint": "complaints:assign",
    "respondToComplaint": "complaints:respond",
    "forwardComplaint": "complaints:assign",
    "resolveConflict": "complaints:assign",
    "resolveClaim": "complaints:verify",
    "putRecords": "records:sync.fake",
    **dict.fromkeys(("retryDelivery", "giveUpDelivery", "confirmDelivery"), "hub:operate"),
    "resolveDisagreement": "hub:operate",
    **dict.fromkeys(("closeComplaint", "reopenComplaint", "rateComplaint", "replyToComplaint"), "complaints:respond"),
    "renewTrackingCode": "complaints:respond",
    **dict.fromkeys(("registerWebhook", "updateWebhook", "pauseWebhook", "resumeWebhook"), "webhooks:manage"),
    **dict.fromkeys(("rotateWebhookSecret", "replayWebhook", "deleteWebhook"), "webhooks:manage"),
    **dict.fromkeys(OPERATIONS, "hub:operate"),
}
GIVEN: dict[str, dict[str, Any]] = {
    "submitComplaint": {
        "idempotencyKey": "5f0c-0001", "channel": "WEB", "class": "COMPLAINT", "title": "Bus tidak berhenti",
        "text": "Bus tidak berhenti di halte.", "areaCode": "33.74", "anonymous": True,
    },
    "resolveDisagreement": {"idempotencyKey": "5f0c-0001", "ids": [], "act": "TELL_AGAIN"},
    "putRecords": {"idempotencyKey": "5f0c-0001", "system": "fake", "rows": [{}]},
    "verifyComplaint": {"verdict": "VERIFIED"},
    "assignComplaint": {"agencyCode": "DISHUB"},
    "respondToComplaint": {"text": "Kami periksa di lapangan.", "final": True},
    "closeComplaint": {},
    "renewTrackingCode": {},
    "registerWebhook": {"idempotencyKey": "5f0c-0001", "url": "https://partner.example/hook"},
    **{
        name: {"idempotencyKey": "5f0c-0001", "id": "wh_1"}
        for name in ("updateWebhook", "pauseWebhook", "resumeWebhook", "rotateWebhookSecret", "replayWebhook")
    },
    "deleteWebhook": {"idempotencyKey": "5f0c-0001", "id": "wh_1"},
    "reopenComplaint": {"reason": "Masih terjadi hari ini."},
    "rateComplaint": {"rating": 5},
    "replyToComplaint": {"text": "Halte Simpang Lima."},
    "forwardComplaint": {},
    "resolveConflict": {"system": "fake", "field": "AGENCY", "resolution": "KEEP_LOCAL"},
    "resolveClaim": {"report": "WyJDZW50cmFsUmVwb3J0IiwiZmFrZSIsIjEiXQ", "decision": "CONFIRM"},
    "retryDelivery": {"key": "LG-2026-000001/1"},
    "giveUpDelivery": {"key": "LG-2026-000001/1"},
    "confirmDelivery": {"key": "LG-2026-000001/1", "externalId": "4410023"},
    **OPERATIONS,
}  # fmt: skip


def test_every_refusal_of_a_mutation_is_a_user_error() -> None:
    graph: Any = schema()._schema
    refusals = {each.name for each in graph.get_possible_types(graph.type_map["UserError"])}
    for name, field in graph.mutation_type.fields.items():
        (done,) = {each.name for each in get_named_type(field.type).types} - refusals
        assert "message" not in graph.type_map[done].fields, name
    assert {code.value for code in RefusalCode} < {code.value for code in UserErrorCode}


def test_every_mutation_is_tried_without_its_scope() -> None:
    mutations = schema()._schema.mutation_type
    assert mutations is not None
    assert set(mutations.fields) - OF_ONESELF == set(NEEDS) == set(GIVEN)


@pytest.mark.parametrize("mutation", NEEDS)
async def test_who_lacks_the_scope_is_forbidden_and_changes_nothing(shared: Stage, mutation: str) -> None:
    ticket = await shared.complaint("ANSWERED")
    before = await shared.rows("select count(*) from changes")
    of_another = not GIVEN[mutation].keys().isdisjoint({"idempotencyKey", "key"})
    values = GIVEN[mutation] if of_another else {"ticket": ticket, **GIVEN[mutation]}
    query = f"mutation($i: {mutation[0].upper()}{mutation[1:]}Input!) {{{mutation}(input: $i) {{__typename}}}}"
    short = Viewer(ViewerKind.OFFICER, "one scope short", OFFICER.scopes - {NEEDS[mutation], "complaints:reply"})
    for viewer in (ANONYMOUS, short):
        answer = await shared.ask(viewer, query, i=values)
        assert answer.data == {mutation: None}
        assert [error["extensions"] for error in answer.errors] == [{"code": "FORBIDDEN", "scope": NEEDS[mutation]}]
    assert await shared.rows("select count(*) from changes") == before


async def test_a_submitter_without_read_scope_gets_the_ticket_only(shared: Stage) -> None:
    partner = Viewer(ViewerKind.OFFICER, "submits only", frozenset({"complaints:submit"}))
    received = (await submit(shared, partner)).data["submitComplaint"]
    assert received["complaint"] is None
    assert received["ticket"].startswith("LG-")
