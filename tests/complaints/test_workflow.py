"""The workflow: all transitions, the roles that may make them, and refusals that name what is allowed."""

from __future__ import annotations

import pytest

from hub.complaints.enums import ComplaintStatus as Status
from hub.complaints.workflow import WORKFLOW, Action, Refusal, RefusalCode, Role, Verdict, allowed, next_status
from hub.messages import in_language

LEGAL = {(status, row.action, role) for row in WORKFLOW for status in row.sources for role in row.roles}
EVERYTHING = [(status, action, role) for status in Status for action in Action for role in Role]


def refused(current: Status, action: Action, role: Role) -> Refusal:
    refusal = next_status(current, action, role)
    assert isinstance(refusal, Refusal)
    return refusal


def test_the_whole_way_from_received_to_closed() -> None:
    status: Status | Refusal = Status.RECEIVED
    for action, role in [
        (Action.VERIFY, Role.DESK),
        (Action.ASSIGN, Role.DESK),
        (Action.START, Role.AGENCY),
        (Action.ANSWER, Role.AGENCY),
        (Action.RATE, Role.REPORTER),
        (Action.CLOSE, Role.SYSTEM),
    ]:
        assert isinstance(status, Status)
        status = next_status(status, action, role)
    assert status is Status.CLOSED


def test_an_answer_may_come_without_a_first_response() -> None:
    assert next_status(Status.ASSIGNED, Action.ANSWER, Role.AGENCY) is Status.ANSWERED


def test_a_further_response_leaves_it_in_progress() -> None:
    assert next_status(Status.IN_PROGRESS, Action.START, Role.AGENCY) is Status.IN_PROGRESS


@pytest.mark.parametrize("before", [Status.RECEIVED, Status.VERIFIED, Status.ASSIGNED, Status.IN_PROGRESS])
def test_a_returned_complaint_goes_on_where_it_stood(before: Status) -> None:
    assert next_status(before, Action.RETURN, Role.DESK) is Status.RETURNED
    assert next_status(Status.RETURNED, Action.RESUME, Role.REPORTER, returned_from=before) is before


@pytest.mark.parametrize(
    ("before", "after"),
    [(Status.RECEIVED, Status.VERIFIED), (Status.VERIFIED, Status.VERIFIED), (Status.IN_PROGRESS, Status.IN_PROGRESS)],
)
def test_verifying_a_returned_complaint_keeps_its_progress(before: Status, after: Status) -> None:
    assert next_status(Status.RETURNED, Action.VERIFY, Role.DESK, returned_from=before) is after


def test_a_reply_moves_what_was_returned_and_nothing_else() -> None:
    assert next_status(Status.RETURNED, Action.REPLY, Role.REPORTER, returned_from=Status.VERIFIED) is Status.VERIFIED
    for status in (Status.RECEIVED, Status.VERIFIED, Status.ASSIGNED, Status.IN_PROGRESS):
        assert next_status(status, Action.REPLY, Role.REPORTER) is status
    assert refused(Status.CLOSED, Action.REPLY, Role.REPORTER).code is RefusalCode.WRONG_STATUS


@pytest.mark.parametrize("finished", [Status.ANSWERED, Status.CLOSED])
def test_reopening_goes_to_the_same_agency_or_another(finished: Status) -> None:
    assert next_status(finished, Action.REOPEN, Role.REPORTER) is Status.IN_PROGRESS
    assert next_status(finished, Action.ASSIGN, Role.DESK) is Status.ASSIGNED


def test_a_wrong_rejection_can_be_mended_by_the_desk_only() -> None:
    assert next_status(Status.REJECTED, Action.REOPEN, Role.DESK) is Status.RECEIVED
    assert refused(Status.REJECTED, Action.REOPEN, Role.REPORTER).code is RefusalCode.WRONG_ROLE


def test_rating_does_not_move_a_complaint() -> None:
    assert next_status(Status.ANSWERED, Action.RATE, Role.REPORTER) is Status.ANSWERED
    assert next_status(Status.CLOSED, Action.RATE, Role.REPORTER) is Status.CLOSED


@pytest.mark.parametrize(
    ("verdict", "reached"),
    [
        (Verdict.VERIFIED, Status.VERIFIED),
        (Verdict.RETURNED, Status.RETURNED),
        (Verdict.REJECTED, Status.REJECTED),
    ],
)
def test_a_verdict_is_an_action_of_the_desk(verdict: Verdict, reached: Status) -> None:
    assert next_status(Status.RECEIVED, verdict.action, Role.DESK) is reached


def test_exactly_the_transitions_of_the_table_are_allowed() -> None:
    outcomes = {one: not isinstance(next_status(*one), Refusal) for one in EVERYTHING}
    assert {one for one, went in outcomes.items() if went} == LEGAL


def test_the_code_tells_wrong_status_from_wrong_role() -> None:
    possible = {(status, row.action) for row in WORKFLOW for status in row.sources}
    for status, action, role in EVERYTHING:
        if (status, action, role) not in LEGAL:
            expected = RefusalCode.WRONG_ROLE if (status, action) in possible else RefusalCode.WRONG_STATUS
            assert refused(status, action, role).code is expected


def test_no_row_of_the_table_overlaps_another() -> None:
    cells = [(status, row.action, role) for row in WORKFLOW for status in row.sources for role in row.roles]
    assert len(cells) == len(set(cells))


def test_every_status_can_be_reached_and_left() -> None:
    reached = {next_status(status, action, role) for status, action, role in LEGAL} | {Status.RECEIVED}
    assert set(Status) <= reached
    assert {status for status, _, _ in LEGAL} == set(Status)


def test_a_wrong_status_lists_the_roles_allowed_actions() -> None:
    message = refused(Status.RECEIVED, Action.CLOSE, Role.DESK).message
    assert message == (
        "Cannot close a complaint that is received. "
        "What the complaint desk can do now: verify, reject, return, reply to."
    )
    assert message.indonesian == (
        "Tidak dapat menutup aduan berstatus Diterima. Yang dapat dilakukan petugas pengaduan sekarang: "
        "memverifikasi, menolak, mengembalikan, membalas."
    )


def test_a_wrong_status_without_allowed_actions_is_explained() -> None:
    message = refused(Status.RECEIVED, Action.RATE, Role.AGENCY).message
    assert message.endswith("What the agency can do now: nothing.")
    assert message.indonesian.endswith("sekarang: tidak ada.")


def test_a_wrong_role_names_the_right_ones() -> None:
    message = refused(Status.IN_PROGRESS, Action.ANSWER, Role.REPORTER).message
    assert message == "Only these can answer this complaint: the complaint desk, the agency."
    assert message.indonesian == "Yang dapat menjawab aduan ini hanya: petugas pengaduan, perangkat daerah."


def test_what_a_reporter_may_do_follows_the_status() -> None:
    assert allowed(Status.RECEIVED, Role.REPORTER) == (Action.REPLY,)
    assert allowed(Status.RETURNED, Role.REPORTER) == (Action.RESUME, Action.REPLY)
    assert allowed(Status.ANSWERED, Role.REPORTER) == (Action.CLOSE, Action.REOPEN, Action.RATE)


@pytest.mark.parametrize(("language", "answer"), [("en", "Only"), ("id", "Yang")])
def test_a_message_is_in_the_language_of_the_reader(language: str, answer: str) -> None:
    message = refused(Status.IN_PROGRESS, Action.ANSWER, Role.REPORTER).message
    assert in_language(message, language).startswith(answer)
