"""The demo year has the published figures, is the same in every process, and follows the rules of complaints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest

from hub.complaints.agencies import AGENCIES
from hub.complaints.enums import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.reporter import Reporter
from hub.complaints.submission import Submission, check
from hub.complaints.workflow import Action, RejectionReason, Role, next_status
from hub.demo.months import JAKARTA, now
from hub.demo.world import DemoComplaint, Step, complaints
from tests.demo.conftest import TODAY

Year = tuple[DemoComplaint, ...]
GROUPS = {
    "selesai": ({"CLOSED", "ANSWERED"}, 14_983),
    "verifikasi": ({"RECEIVED", "VERIFIED"}, 4_927),
    "progres": ({"ASSIGNED", "IN_PROGRESS"}, 1_895),
    "belum dijawab": ({"RETURNED"}, 257),
    "tidak layak": ({"REJECTED"}, 918),
}
DIGEST = """
import hashlib, sys
from datetime import date
from hub.demo.businesses import BusinessWorld
from hub.demo.directory import directory
from hub.demo.world import complaints
world = repr(complaints(date(2026, 11, 22), 1_500)) + repr(directory())
world += repr([BusinessWorld(date(2026, 11, 22)).business(number) for number in range(50)])
print(hashlib.sha256(world.encode()).hexdigest())
"""


@pytest.mark.parametrize(
    "today",
    [TODAY, *(pytest.param(day, marks=pytest.mark.whole) for day in (date(2027, 1, 15), date(2028, 2, 29)))],
    ids=str,
)
def test_a_year_has_the_published_numbers_on_any_end_date(today: date) -> None:
    year = complaints(today)
    days = [complaint.received_at.astimezone(JAKARTA).date() for complaint in year]
    assert len(year) == 22_980
    assert sum(day.month == 1 for day in days) == 1_972
    assert today - timedelta(days=366) < days[0]
    assert days[-1] < today
    statuses = Counter(complaint.status for complaint in year)
    for members, total in GROUPS.values():
        assert sum(statuses[status] for status in members) == total


def test_every_month_and_channel_occurs_and_whatsapp_leads(year: Year) -> None:
    channels = Counter(complaint.channel for complaint in year)
    assert set(channels) == set(Channel)
    assert channels.most_common(1)[0][0] == Channel.WHATSAPP
    months = Counter(complaint.received_at.astimezone(JAKARTA).strftime("%Y-%m") for complaint in year)
    assert len({month[-2:] for month in months}) == 12
    assert max(months.values()) < 2_500


def test_two_processes_with_different_hash_seeds_agree() -> None:
    digests = {_digest(seed) for seed in ("1", "2")}
    assert len(digests) == 1


def test_another_seed_draws_another_world() -> None:
    assert complaints(TODAY, 50, seed=1) != complaints(TODAY, 50, seed=2)


@pytest.mark.parametrize("count", [0, 1, 7, 400])
def test_a_world_of_another_size_can_be_drawn(count: int) -> None:
    assert [complaint.number for complaint in complaints(TODAY, count)] == list(range(1, count + 1))


def test_tickets_are_numbered_by_year_of_receipt_in_order(year: Year) -> None:
    assert [complaint.received_at for complaint in year] == sorted(complaint.received_at for complaint in year)
    numbers: dict[str, list[int]] = {}
    for complaint in year:
        match = re.fullmatch(r"LG-(\d{4})-(\d{6})", complaint.ticket)
        assert match
        assert int(match[1]) == complaint.received_at.astimezone(JAKARTA).year
        numbers.setdefault(match[1], []).append(int(match[2]))
    for found in numbers.values():
        assert found == list(range(found[0], found[0] + len(found)))
    assert numbers["2026"][0] == 1
    assert 15_000 < numbers["2025"][0] < 25_000


def test_steps_are_in_order_and_never_in_the_future(year: Year) -> None:
    present = now(TODAY)
    for complaint in year:
        times = [step.at for step in complaint.steps]
        assert all(at.utcoffset() == timedelta(0) for at in times)
        assert all(before < after for before, after in pairwise(times))
        assert times[-1] <= present


def test_every_step_is_one_the_workflow_allows(year: Year) -> None:
    assert {complaint.steps[0].status for complaint in year} == {ComplaintStatus.RECEIVED}
    for step in {step for complaint in year for step in _moves(complaint.steps)}:
        before, reached, role, returned_from = step
        led_to = {next_status(before, action, role, returned_from=returned_from) for action in Action}
        assert reached in led_to, step


def test_a_rejection_and_only_a_rejection_has_a_reason(year: Year) -> None:
    for complaint in year:
        for step in complaint.steps:
            assert (step.reason is not None) == (step.status == "REJECTED")
            assert step.reason is None or step.reason in set(RejectionReason)
            assert step.status == "RECEIVED" or step.note


def test_agencies_are_known_from_disposition_and_all_are_used(year: Year) -> None:
    in_office = {agency.code for agency in AGENCIES if agency.in_office(TODAY)}
    assert {complaint.agency_code for complaint in year} == {*in_office, None}
    for complaint in year:
        assigned = any(step.status == "ASSIGNED" for step in complaint.steps)
        assert (complaint.agency_code is not None) == assigned


def test_old_complaints_are_mostly_finished_and_open_ones_young(year: Year) -> None:
    finished = {"CLOSED", "ANSWERED", "REJECTED"}
    quarter = len(year) // 4
    shares = [
        sum(complaint.status in finished for complaint in year[start : start + quarter]) / quarter
        for start in range(0, quarter * 4, quarter)
    ]
    assert shares[0] > 0.9
    assert shares == sorted(shares, reverse=True)


def test_every_complaint_passes_submission_checks(year: Year) -> None:
    problems = {complaint.ticket: check(_submission(complaint), TODAY) for complaint in year}
    assert {ticket: found for ticket, found in problems.items() if found} == {}


def test_everybody_is_recognisably_invented(year: Year) -> None:
    people = {complaint.reporter for complaint in year}
    assert all(re.fullmatch(r"\+62 8\d\d 0000 \d{4}", person.phone) for person in people)
    assert all(person.nik is None or person.nik.startswith("3399") for person in people)
    assert all(person.email is None or person.email.endswith(".example") for person in people)
    assert len({person.phone for person in people}) == len(people)
    assert 10_000 < len(people) < len(year)


def test_some_are_anonymous_secret_located_and_rated(year: Year) -> None:
    share = {
        "anonymous": sum(complaint.anonymous for complaint in year) / len(year),
        "secret": sum(complaint.secret for complaint in year) / len(year),
        "located": sum(complaint.latitude is not None for complaint in year) / len(year),
    }
    assert share == pytest.approx({"anonymous": 0.08, "secret": 0.03, "located": 0.3}, abs=0.01)
    assert {complaint.rating for complaint in year if complaint.status == "CLOSED"} == {None, 1, 2, 3, 4, 5}
    assert {complaint.rating for complaint in year if complaint.status != "CLOSED"} == {None}


def _digest(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    answer = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True)
    return answer.stdout


def _moves(steps: tuple[Step, ...]) -> Iterator[tuple[ComplaintStatus, ComplaintStatus, Role, ComplaintStatus]]:
    """Return each transition as from, to, by whom, and the status before a return."""
    returned_from = ComplaintStatus.RECEIVED
    for before, after in pairwise(steps):
        if after.status == "RETURNED":
            returned_from = ComplaintStatus(before.status)
        yield ComplaintStatus(before.status), ComplaintStatus(after.status), Role(after.by), returned_from


def _submission(complaint: DemoComplaint) -> Submission:
    person = complaint.reporter
    return Submission(
        idempotency_key=complaint.ticket,
        channel=Channel(complaint.channel),
        klass=ComplaintClass(complaint.klass),
        title=complaint.title,
        text=complaint.text,
        area_code=complaint.area_code,
        inspection=complaint.inspection,
        category=complaint.category,
        agency_code=complaint.agency_code,
        latitude=complaint.latitude,
        longitude=complaint.longitude,
        reporter=Reporter(name=person.name, phone=person.phone, email=person.email, nik=person.nik),
        payment_reference=complaint.payment.reference if complaint.payment else None,
        order_id=complaint.order.order_id if complaint.order else None,
        tracking_id=complaint.report.tracking_id if complaint.report else None,
    )
