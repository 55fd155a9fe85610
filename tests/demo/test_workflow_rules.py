"""The demo world follows the rules: each step is in the workflow, and each submission would be accepted."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from hub.complaints.deadlines import TimelineEntry, calculate_deadlines
from hub.complaints.enums import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.reporter import Reporter
from hub.complaints.submission import Submission, check
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Role, next_status
from hub.demo.world import DemoComplaint, complaints

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def world() -> tuple[DemoComplaint, ...]:
    return complaints(TODAY, count=2_000)


def submitted(complaint: DemoComplaint) -> Submission:
    return Submission(
        idempotency_key=complaint.ticket,
        channel=Channel[complaint.channel],
        klass=ComplaintClass[complaint.klass],
        inspection=complaint.inspection,
        category=complaint.category,
        title=complaint.title,
        text=complaint.text,
        area_code=complaint.area_code,
        latitude=complaint.latitude,
        longitude=complaint.longitude,
        agency_code=complaint.agency_code,
        reporter=Reporter(
            name=complaint.reporter.name,
            phone=complaint.reporter.phone,
            email=complaint.reporter.email,
            nik=complaint.reporter.nik,
        ),
        payment_reference=complaint.payment.reference if complaint.payment else None,
        order_id=complaint.order.order_id if complaint.order else None,
        tracking_id=complaint.report.tracking_id if complaint.report else None,
    )


def test_every_complaint_would_be_accepted(world: tuple[DemoComplaint, ...]) -> None:
    assert {complaint.ticket: problems for complaint in world if (problems := check(submitted(complaint), TODAY))} == {}


def test_every_ticket_is_one(world: tuple[DemoComplaint, ...]) -> None:
    assert [complaint.ticket for complaint in world if str(Ticket.parse(complaint.ticket)) != complaint.ticket] == []


def test_every_step_is_a_move_of_the_workflow(world: tuple[DemoComplaint, ...]) -> None:
    outside = []
    for complaint in world:
        returned_from = ComplaintStatus.RECEIVED
        for before, after in pairwise(complaint.steps):
            current = ComplaintStatus[before.status]
            reached = {next_status(current, action, Role[after.by], returned_from=returned_from) for action in Action}
            if ComplaintStatus[after.status] not in reached:
                outside.append((complaint.ticket, before.status, after.status, after.by))
            returned_from = current
    assert outside == []


def test_every_complaint_has_a_deadline_unless_it_is_paused(world: tuple[DemoComplaint, ...]) -> None:
    for complaint in world:
        timeline = [TimelineEntry(ComplaintStatus[step.status], step.at) for step in complaint.steps]
        found = calculate_deadlines(timeline, ComplaintClass[complaint.klass], complaint.inspection)
        finished = complaint.status in {"CLOSED", "REJECTED"}
        assert (found.current is None) is finished
        assert found.due_at is not None or complaint.status == "RETURNED"
