"""Deliveries to LAPOR arrive once and can be looked up; each error states what to do."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hub.complaints.forwarding import DeliveryAction
from hub.complaints.reporter import Reporter
from hub.connectors.base import Connector
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.outbound import OutboundCalls
from hub.connectors.lapor.sandbox import masters
from hub.connectors.lapor.sandbox.accepting import add_reply, now
from hub.connectors.lapor.sandbox.forms import NewFollowup, NewReport
from hub.connectors.lapor.sandbox.reports import Reply, StoredReport
from hub.connectors.lapor.sandbox.writes import WriteEndpoints
from hub.contract import Delivery, Outgoing
from hub.errors import ConfigurationError, ContractBroken, OutcomeUnknown, Refused, TryLater
from hub.kinds import ReportStatus as Status
from hub.testing.running import Running, running_sandbox
from tests.waits import HANGS_AFTER, wait_until

TICKET = "LG-2026-000123"
COMPLAINT = Outgoing(
    ticket=TICKET,
    channel="WHATSAPP",
    klass="ASPIRATION",
    category="PUBLIC_TRANSPORT",
    title="Bus datang < 1 jam & penuh",
    text="Suhu < 30 & bus\ntidak datang.",
    area_code="33.74",
    agency_code="DISHUB",
    anonymous=False,
    secret=False,
    received_at=datetime(2026, 1, 2, 23, 15, tzinfo=UTC),
    reporter=Reporter(name="Uji Coba", phone="+6281100000000", email="uji@contoh.example"),
)
MARK = "k7q2m9xa4dk7q2m9"
CREATE = Delivery(key=f"{TICKET}/1", mark=MARK, action=DeliveryAction.CREATE, complaint=COMPLAINT)
LATE = {"accept_then_hang": 30.0, "accept_then_500": None, "accept_late": 2.0}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: []):
        async with running_sandbox(Lapor, tmp_path) as running:
            yield running


@pytest.fixture
async def lapor(running: Running) -> AsyncIterator[Connector]:
    async with running.connected(timeout=HANGS_AFTER) as connector:
        yield connector


async def unclear(running: Running, fault: str, delivery: Delivery) -> None:
    """Send a delivery without waiting for its response."""
    async with running.fault(fault, times=1, value=LATE[fault]), running.connected(timeout=1.0) as impatient:
        with pytest.raises(OutcomeUnknown):
            await impatient.send(delivery)


def after(action: DeliveryAction, external_id: str, number: int = 2, **over: Any) -> Delivery:
    """Return a later delivery of the same complaint."""
    fields = {"text": "Sudah kami tindaklanjuti.", **over}
    key, mark = f"{TICKET}/{number}", f"{MARK}{number}"
    return Delivery(key=key, mark=mark, action=action, complaint=COMPLAINT, external_id=external_id, **fields)


def stored(running: Running, external_id: str) -> StoredReport:
    """Return the report in the sandbox."""
    return running.sandbox.store.get(external_id)  # type: ignore[attr-defined, no-any-return]


async def test_a_complaint_is_sent_in_lapors_terms(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    report = stored(running, number)
    assert (report.title, report.content) == (
        "Bus datang &lt; 1 jam &amp; penuh",
        "Suhu &lt; 30 &amp; bus\ntidak datang.",
    )
    assert report.classification == masters.CLASSIFICATION_IDS["ASPIRATION"]
    assert report.category == masters.CATEGORY_IDS["PUBLIC_TRANSPORT"]
    assert report.location == masters.AREA_LOCATIONS["33.74"]
    assert report.channel == 13
    assert report.disposition == masters.AGENCY_INSTITUTIONS["DISHUB"]
    assert report.user == {"name": "Uji Coba", "phone": "+6281100000000", "email": "uji@contoh.example"}
    assert (report.ticket, report.status, report.anonymous, report.secret) == (TICKET, "UNVERIFIED", False, False)
    item = await lapor.fetch_one(number)
    assert item is not None
    record = lapor.map(item)
    assert ("ticket", TICKET) in [(key.name, key.value) for key in record.keys]
    assert record.facts.title == COMPLAINT.title  # type: ignore[attr-defined]
    assert record.facts.content == "Suhu < 30 & bus\ntidak datang."  # type: ignore[attr-defined]
    assert await lapor.look_up(CREATE) == number


@pytest.mark.parametrize("flag", ["anonymous", "secret"])
async def test_a_hidden_reporter_is_never_sent(running: Running, lapor: Connector, flag: str) -> None:
    sent: list[dict[str, Any]] = []
    create = WriteEndpoints.create

    async def seen(self: WriteEndpoints, request: Request) -> Response:
        sent.append(await request.json())
        return await create(self, request)

    with patch.object(WriteEndpoints, "create", seen):
        async with running_sandbox(Lapor, Path()) as anew, anew.connected() as connector:
            hidden: dict[str, Any] = {flag: True}
            await connector.send(replace(CREATE, complaint=replace(COMPLAINT, **hidden)))
    assert sent[0][f"is_{flag}"] is True
    assert not [name for name in sent[0] if name.endswith("User")]


async def test_what_lapor_has_no_name_for_is_left_out_or_set(running: Running, lapor: Connector) -> None:
    odd = replace(COMPLAINT, channel="GOJEK", area_code=None, agency_code=None, reporter=None)
    report = stored(running, await lapor.send(replace(CREATE, complaint=odd)))
    assert (report.channel, report.location) == (masters.OTHER_CHANNEL, masters.WHOLE_PROVINCE)
    assert (report.disposition, report.user) == (None, None)
    settings = running.settings.model_copy(update={"channel": 12})
    async with running.connected(settings) as connector:
        assert stored(running, await connector.send(replace(CREATE, complaint=odd))).channel == 12


async def test_the_id_is_read_at_any_known_position(running: Running, lapor: Connector) -> None:
    numbers = [
        await lapor.send(replace(CREATE, complaint=replace(COMPLAINT, ticket=f"LG-2026-00000{n}"))) for n in "123"
    ]
    assert len(set(numbers)) == 3
    assert all(stored(running, number) for number in numbers)


@pytest.mark.parametrize(
    ("action", "by_reporter", "status", "institution"),
    [
        (DeliveryAction.ANSWER, False, "FOLLOWED_UP", masters.AGENCY_INSTITUTIONS["DISHUB"]),
        (DeliveryAction.FOLLOW_UP, False, "IN_PROGRESS", masters.AGENCY_INSTITUTIONS["DISHUB"]),
        (DeliveryAction.FOLLOW_UP, True, "UNVERIFIED", None),
        (DeliveryAction.RATE, True, "UNVERIFIED", None),
    ],
)
async def test_a_follow_up_is_found_by_its_reference(
    running: Running,
    lapor: Connector,
    action: DeliveryAction,
    by_reporter: bool,
    status: str,
    institution: int | None,
) -> None:
    number = await lapor.send(CREATE)
    delivery = after(action, number, by_reporter=by_reporter, rating=4 if action is DeliveryAction.RATE else None)
    assert await lapor.look_up(delivery) is None
    assert await lapor.send(delivery) == number
    report = stored(running, number)
    (reply,) = report.replies
    assert (report.status, reply.institution) == (status, institution)
    assert reply.text.endswith(f"Ref. {TICKET}/2 {delivery.mark}")
    assert await lapor.look_up(delivery) == number
    assert await lapor.look_up(after(action, number, 20)) is None, "2 is not the beginning of 20"
    assert await lapor.look_up(after(action, number, 1)) is None


def write(running: Running, number: str, text: str, institution: int | None = None) -> None:
    """Write a follow-up of somebody else."""
    report = stored(running, number)
    running.sandbox.store.change(report, lambda: add_reply(report, Reply(now(), institution, text), Status.IN_PROGRESS))  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", [DeliveryAction.ANSWER, DeliveryAction.FOLLOW_UP, DeliveryAction.RATE])
@pytest.mark.parametrize(
    "text",
    [
        "Sudah dijawab. Ref. {key}",
        "Sudah kami tindaklanjuti.\n\nRef. {key}!",
        "Ref. {key} k7q2m9xa4dk7q2m93",
        "Ref. {key} K7Q2M9XA4DK7Q2M92",
        "Ref. {key} k7q2m9xa4dk7q2m92x",
        "Ref. {key}0 k7q2m9xa4dk7q2m92",
        "Ref. LG-2026-000124/2 k7q2m9xa4dk7q2m92",
    ],
)
async def test_another_authors_reference_does_not_confirm_arrival(
    running: Running, lapor: Connector, action: DeliveryAction, text: str
) -> None:
    number = await lapor.send(CREATE)
    delivery = after(action, number, rating=5 if action is DeliveryAction.RATE else None)
    for institution in (None, 921):
        write(running, number, text.format(key=delivery.key), institution)
    assert await lapor.look_up(delivery) is None
    await lapor.send(delivery)
    assert await lapor.look_up(delivery) == number


async def test_text_sent_before_markers_is_found_by_its_whole_content(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    answer, reply = after(DeliveryAction.ANSWER, number), after(DeliveryAction.FOLLOW_UP, number, 3, by_reporter=True)
    for delivery in (answer, reply):
        write(running, number, f"Sudah kami tindaklanjuti.\n\nRef. {delivery.key}")
    assert await lapor.look_up(answer) is None, "a citizen wrote that"
    assert await lapor.look_up(reply) == number
    write(running, number, f"Sudah kami tindaklanjuti.\n\nRef. {answer.key}", masters.AGENCY_INSTITUTIONS["DISHUB"])
    assert await lapor.look_up(answer) == number


async def test_another_authors_report_with_our_ticket_is_not_ours(running: Running, lapor: Connector) -> None:
    taking = running.sandbox._writer  # type: ignore[attr-defined]
    stranger = {"title": "Bukan kami", "content": "Ref. LG-2026-000123/1", "tags_raw": f"#{TICKET}#ref-zzzz"}
    taking.create(NewReport.read(stranger))
    assert await lapor.look_up(CREATE) is None
    number = await lapor.send(CREATE)
    assert stored(running, number).tags == [f"ref-{MARK}"]
    assert await lapor.look_up(CREATE) == number
    same = {
        "title": html.escape(COMPLAINT.title),
        "content": html.escape(COMPLAINT.text),
        "tags_raw": "#LG-2026-000124",
    }
    taking.create(NewReport.read(same))
    other = replace(CREATE, mark="aaaa", complaint=replace(COMPLAINT, ticket="LG-2026-000124"))
    assert await lapor.look_up(other) is not None, "sent before there were marks, or where only one tag is kept"


@pytest.mark.parametrize(
    ("known", "sent", "status"),
    [
        ({"reply_instansi": "", "reply_lmw": "", "progress_instansi": ""}, "reply_instansi", "FOLLOWED_UP"),
        ({"reply_lmw": "", "status": ""}, "reply_lmw", "IN_PROGRESS"),
        ({"status": ""}, None, "IN_PROGRESS"),
    ],
)
async def test_of_the_templates_lapor_has_the_one_liked_best_is_sent(
    tmp_path: Path, known: dict[str, str], sent: str | None, status: str
) -> None:
    seen = []
    read = NewFollowup.read

    def noted(body: Any) -> NewFollowup:
        seen.append(body.get("template_code"))
        return read(body)

    with (
        patch.dict(masters.TEMPLATES, known, clear=True),
        patch.object(NewFollowup, "read", noted),
        patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: []),
    ):
        async with running_sandbox(Lapor, tmp_path) as running, running.connected() as lapor:
            number = await lapor.send(CREATE)
            await lapor.send(after(DeliveryAction.ANSWER, number))
            assert (seen, stored(running, number).status) == ([sent], status)


async def test_a_template_that_lapor_does_not_have_is_refused_by_it(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    invented = patch.object(OutboundCalls, "_template", return_value="invented")
    with invented, pytest.raises(Refused, match="template_code"):
        await lapor.send(after(DeliveryAction.ANSWER, number))


async def test_values_missing_in_lapors_tables_are_reported(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"institutions": (310, 4040), "channel": 4041, "category": 4042}
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: []):
        async with running_sandbox(Lapor, tmp_path) as running, running.connected() as lapor:
            assert await lapor.missing_reference_data() == []
        with (
            patch.dict(masters.TEMPLATES, {"status": "", "reply_lain": ""}, clear=True),
            patch.dict(masters.CLASSIFICATIONS, {6: "Pengaduan"}, clear=True),
            patch.dict(masters.LOCATIONS, {34: ("Indonesia", None)}, clear=True),
        ):
            async with (
                running_sandbox(Lapor, tmp_path) as running,
                running.connected(running.settings.model_copy(update=settings)) as lapor,
            ):
                report = "\n".join(await lapor.missing_reference_data())
    for name in (
        "no template reply_instansi or reply_lmw, so none is sent: set HUB_LAPOR_ANSWER_TEMPLATE to one of reply_lain,",
        "no template progress_instansi",
        "no id 4040: correct HUB_LAPOR_INSTITUTIONS",
        "no id 4041: correct HUB_LAPOR_CHANNEL",
        "no id 4042: correct HUB_LAPOR_CATEGORY",
        "master classifications has no ",
        "locations has no code 33",
    ):
        assert name in report


async def test_without_template_data_the_configured_code_is_sent(tmp_path: Path) -> None:
    rows = {name: rows for name, rows in masters.rows_by_path().items() if name != "templates"}
    with (
        patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: []),
        patch("hub.connectors.lapor.sandbox.rows_by_path", lambda: rows),
    ):
        async with running_sandbox(Lapor, tmp_path) as running, running.connected() as lapor:
            number = await lapor.send(CREATE)
            await lapor.send(after(DeliveryAction.ANSWER, number))
            assert stored(running, number).status == "FOLLOWED_UP"
            assert "unchecked" in "".join(await lapor.missing_reference_data())


async def test_an_agency_lapor_does_not_know_speaks_as_the_province(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    delivery = replace(after(DeliveryAction.ANSWER, number), complaint=replace(COMPLAINT, agency_code=None))
    await lapor.send(delivery)
    assert stored(running, number).replies[0].institution == masters.PROVINCE


@pytest.mark.parametrize(("target", "to"), [("921", 921), (None, masters.PROVINCE)])
async def test_not_ours_goes_to_who_is_named_or_back(
    running: Running, lapor: Connector, target: str | None, to: int
) -> None:
    number = await lapor.send(CREATE)
    delivery = after(DeliveryAction.NOT_OURS, number, target=target, text="Wewenang kementerian.")
    assert await lapor.look_up(delivery) is None
    await lapor.send(delivery)
    report = stored(running, number)
    assert (report.status, report.disposition) == ("TRANSFERRED", to)
    assert await lapor.look_up(delivery) == number
    item = await lapor.fetch_one(number)
    assert item is not None
    assert f"Wewenang kementerian.\nRef. {TICKET}/2 {delivery.mark}" in lapor.map(item).facts.notes  # type: ignore[attr-defined]


async def test_what_the_centre_passed_on_itself_is_not_ours_either(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    running.sandbox.act({"do": "dispose", "id": number, "to": 921})
    assert await lapor.look_up(after(DeliveryAction.NOT_OURS, number)) == number


@pytest.mark.parametrize("fault", LATE)
async def test_an_unacknowledged_report_is_found_and_exists_once(
    running: Running, lapor: Connector, fault: str
) -> None:
    await unclear(running, fault, CREATE)
    if fault == "accept_late":
        assert await lapor.look_up(CREATE) is None
        await wait_until(lambda: lapor.look_up(CREATE))
    assert await lapor.look_up(CREATE) == str(next(iter(running.sandbox.store.ids())))  # type: ignore[attr-defined]
    assert running.sandbox.figures() | {"sent": 1, "doubled": 0} == running.sandbox.figures()


@pytest.mark.whole
@pytest.mark.parametrize("fault", LATE)
@pytest.mark.parametrize("action", [DeliveryAction.ANSWER, DeliveryAction.NOT_OURS])
async def test_what_follows_and_was_taken_without_an_answer_is_found(
    running: Running, lapor: Connector, fault: str, action: DeliveryAction
) -> None:
    number = await lapor.send(CREATE)
    delivery = after(action, number)
    await unclear(running, fault, delivery)
    if fault == "accept_late":
        await wait_until(lambda: lapor.look_up(delivery))
    assert await lapor.look_up(delivery) == number


async def test_who_sends_again_without_a_look_doubles(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    await lapor.send(CREATE)
    await lapor.send(after(DeliveryAction.ANSWER, number))
    await lapor.send(after(DeliveryAction.ANSWER, number))
    assert running.sandbox.figures()["doubled"] == 2
    assert await lapor.look_up(CREATE) == number, "the first one counts"


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("down", None, OutcomeUnknown),
        ("server_error", 500, OutcomeUnknown),
        ("server_error", 501, OutcomeUnknown),
        ("rate_limited", 7, TryLater),
        ("status_error", None, TryLater),
        ("refuse", None, Refused),
        ("server_error", 401, ConfigurationError),
        ("server_error", 405, ConfigurationError),
        ("server_error", 413, Refused),
        ("firewall", 403, OutcomeUnknown),
    ],
)
async def test_each_failure_explains_what_to_do(
    running: Running, lapor: Connector, fault: str, value: float | None, error: type[Exception]
) -> None:
    number = await lapor.send(CREATE)
    answer = after(DeliveryAction.ANSWER, number)
    await lapor.send(answer)  # The masters are known now, so that the fault meets the sending call.
    async with running.fault(fault, value=value):
        for delivery in (CREATE, replace(answer, key=f"{TICKET}/9")):
            with pytest.raises(error) as raised:
                await lapor.send(delivery)
            assert type(raised.value) is error
    assert running.sandbox.figures() | {"sent": 1, "references": 1} == running.sandbox.figures()


async def test_trouble_before_the_sending_call_is_only_tried_later(running: Running) -> None:
    async with running.connected() as fresh, running.fault("down"):
        with pytest.raises(TryLater) as raised:
            await fresh.send(CREATE)
    assert type(raised.value) is TryLater


async def test_a_refusal_names_fields_and_no_values(running: Running, lapor: Connector) -> None:
    with pytest.raises(Refused, match=r"LAPOR refuses title, content \(HTTP 422\)") as refused:
        await lapor.send(replace(CREATE, complaint=replace(COMPLAINT, title=" ", text="")))
    assert "wajib" not in str(refused.value)


@pytest.mark.parametrize("action", [DeliveryAction.ANSWER, DeliveryAction.NOT_OURS])
async def test_a_report_that_is_not_there_is_refused(lapor: Connector, action: DeliveryAction) -> None:
    with pytest.raises(Refused):
        await lapor.send(after(action, "4404404"))
    with pytest.raises(Refused):
        await lapor.send(replace(after(action, "1"), external_id=None))


async def test_a_missing_or_read_only_report_under_200_is_refused(running: Running, lapor: Connector) -> None:
    gone, read_only = after(DeliveryAction.NOT_OURS, "4404404"), await lapor.send(CREATE)
    async with running.fault("absent_200"):
        with pytest.raises(Refused, match="no report"):
            await lapor.send(replace(gone, target="921"))
        assert await lapor.look_up(gone) is None
        assert await lapor.look_up(after(DeliveryAction.ANSWER, "4404404")) is None
    await lapor.send(after(DeliveryAction.ANSWER, read_only))  # The masters are known now.
    async with running.fault("server_error", value=403):
        with pytest.raises(Refused, match="403"):
            await lapor.send(after(DeliveryAction.ANSWER, read_only))


@pytest.mark.parametrize(
    "answer",
    [PlainTextResponse("<html>pemeliharaan</html>"), JSONResponse(["?"]), JSONResponse({"message": "ok"})],
)
async def test_an_answer_nobody_can_read_leaves_it_unclear(running: Running, answer: Response) -> None:
    async def odd(self: WriteEndpoints, request: Request) -> Response:
        return answer

    with (
        patch.object(WriteEndpoints, "create", odd),
        patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: []),
    ):
        async with running_sandbox(Lapor, Path()) as anew, anew.connected() as connector:
            with pytest.raises(OutcomeUnknown):
                await connector.send(CREATE)


async def test_without_a_listing_only_new_reports_cannot_be_found(running: Running) -> None:
    settings = running.settings.model_copy(update={"listing": False})
    async with running.connected(settings) as connector:
        assert not connector.can_look_up(CREATE)
        assert connector.can_look_up(after(DeliveryAction.ANSWER, "1"))
    async with running.connected() as connector:
        assert connector.can_look_up(CREATE)
        assert connector.settle_seconds == 60


async def test_a_listing_that_ignores_the_tag_finds_nothing_of_ours(running: Running, lapor: Connector) -> None:
    await lapor.send(CREATE)
    everything = patch("hub.connectors.lapor.sandbox.store._fits", lambda report, query: True)
    with everything, pytest.raises(ContractBroken, match="tag"):
        await lapor.look_up(replace(CREATE, complaint=replace(COMPLAINT, ticket="LG-2026-000999")))


def test_everything_there_is_to_send_is_taken() -> None:
    assert Lapor.sends == frozenset(DeliveryAction)
