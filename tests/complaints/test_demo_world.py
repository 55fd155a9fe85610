"""The demo world obeys the rules: no step outside the workflow, nothing that a submission would be refused for."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from hub.complaints.codes import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached, deadlines
from hub.complaints.reporter import Reporter
from hub.complaints.submission import Submission, check
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Role, move
from hub.demo.world import DemoComplaint, complaints

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def world() -> tuple[DemoComplaint, ...]:
    return complaints(TODAY, count=2_000)


def submitted(told: DemoComplaint) -> Submission:
    return Submission(
        idempotency_key=told.ticket,
        channel=Channel[told.channel],
        klass=ComplaintClass[told.klass],
        inspection=told.inspection,
        category=told.category,
        title=told.title,
        text=told.text,
        area_code=told.area_code,
        latitude=told.latitude,
        longitude=told.longitude,
        agency_code=told.agency_code,
        reporter=Reporter(
            name=told.reporter.name, phone=told.reporter.phone, email=told.reporter.email, nik=told.reporter.nik
        ),
        payment_reference=told.payment.reference if told.payment else None,
        order_id=told.order.order_id if told.order else None,
        tracking_id=told.report.tracking_id if told.report else None,
    )


def test_every_complaint_would_be_accepted(world: tuple[DemoComplaint, ...]) -> None:
    assert {told.ticket: problems for told in world if (problems := check(submitted(told), TODAY))} == {}


def test_every_ticket_is_one(world: tuple[DemoComplaint, ...]) -> None:
    assert [told.ticket for told in world if str(Ticket.parse(told.ticket)) != told.ticket] == []


def test_every_step_is_a_move_of_the_workflow(world: tuple[DemoComplaint, ...]) -> None:
    outside = []
    for told in world:
        returned_from = ComplaintStatus.RECEIVED
        for before, after in pairwise(told.steps):
            current = ComplaintStatus[before.status]
            reached = {move(current, action, Role[after.by], returned_from=returned_from) for action in Action}
            if ComplaintStatus[after.status] not in reached:
                outside.append((told.ticket, before.status, after.status, after.by))
            returned_from = current
    assert outside == []


def test_every_complaint_is_due_unless_its_reporter_owes_an_answer(world: tuple[DemoComplaint, ...]) -> None:
    for told in world:
        timeline = [Reached(ComplaintStatus[step.status], step.at) for step in told.steps]
        found = deadlines(timeline, ComplaintClass[told.klass], told.inspection)
        finished = told.status in {"CLOSED", "REJECTED"}
        assert (found.current is None) is finished
        assert found.due_at is not None or told.status == "RETURNED"
