"""What the hub brings to LAPOR arrives once, is found again, and goes wrong in ways that say what to do."""

from __future__ import annotations

import asyncio
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
from hub.connectors.base import Connector, Delivery, Outgoing
from hub.connectors.lapor import sandbox_masters as masters
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.sandbox_posts import Posts
from hub.connectors.lapor.sandbox_reports import Filed
from hub.errors import Refused, Stop, TryLater, Unclear
from tests.connectors.running import Running, running_sandbox

TICKET = "LG-2026-000123"
COMPLAINT = Outgoing(
    ticket=TICKET,
    channel="WHATSAPP",
    klass="ASPIRATION",
    category="PUBLIC_TRANSPORT",
    title="Bus datang terlambat",
    text="Suhu < 30 & bus\ntidak datang.",
    area_code="33.74",
    agency_code="DISHUB",
    anonymous=False,
    secret=False,
    received_at=datetime(2026, 1, 2, 23, 15, tzinfo=UTC),
    reporter=Reporter(name="Uji Coba", phone="+6281100000000", email="uji@contoh.example"),
)
CREATE = Delivery(key=f"{TICKET}/1", action=DeliveryAction.CREATE, complaint=COMPLAINT)
LATE = {"accept_then_hang": 30.0, "accept_then_500": None, "accept_late": 0.3}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    with patch("hub.connectors.lapor.sandbox.filed", lambda today: []):
        async with running_sandbox(Lapor, tmp_path) as running:
            yield running


@pytest.fixture
async def lapor(running: Running) -> AsyncIterator[Connector]:
    async with running.connected(timeout=1.0) as connector:
        yield connector


def after(action: DeliveryAction, external_id: str, number: int = 2, **over: Any) -> Delivery:
    """A later delivery of the same complaint."""
    told = {"text": "Sudah kami tindaklanjuti.", **over}
    return Delivery(key=f"{TICKET}/{number}", action=action, complaint=COMPLAINT, external_id=external_id, **told)


def held(running: Running, external_id: str) -> Filed:
    """The report as the sandbox holds it."""
    return running.sandbox.shelf.get(external_id)  # type: ignore[attr-defined, no-any-return]


async def test_a_complaint_arrives_in_lapors_words(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    report = held(running, number)
    assert (report.title, report.content) == (COMPLAINT.title, "Suhu &lt; 30 &amp; bus\ntidak datang.")
    assert report.classification == masters.CLASSIFICATION_IDS["ASPIRATION"]
    assert report.category == masters.CATEGORY_IDS["PUBLIC_TRANSPORT"]
    assert report.location == masters.AREA_LOCATIONS["33.74"]
    assert report.channel == 13
    assert report.disposition == masters.AGENCY_INSTITUTIONS["DISHUB"]
    assert report.user == {"name": "Uji Coba", "phone": "+6281100000000", "email": "uji@contoh.example"}
    assert (report.ticket, report.status, report.anonymous, report.secret) == (TICKET, "UNVERIFIED", False, False)
    item = await lapor.one(number)
    assert item is not None
    record = lapor.map(item)
    assert ("ticket", TICKET) in [(key.name, key.value) for key in record.keys]
    assert record.facts.content == "Suhu < 30 & bus\ntidak datang."  # type: ignore[attr-defined]
    assert await lapor.look_up(CREATE) == number


@pytest.mark.parametrize("flag", ["anonymous", "secret"])
async def test_who_is_hidden_is_not_named_whatever_the_delivery_holds(
    running: Running, lapor: Connector, flag: str
) -> None:
    sent: list[dict[str, Any]] = []
    create = Posts.create

    async def seen(self: Posts, request: Request) -> Response:
        sent.append(await request.json())
        return await create(self, request)

    with patch.object(Posts, "create", seen):
        async with running_sandbox(Lapor, Path()) as anew, anew.connected() as connector:
            await connector.send(replace(CREATE, complaint=replace(COMPLAINT, **{flag: True})))
    assert sent[0][f"is_{flag}"] is True
    assert not [name for name in sent[0] if name.endswith("User")]


async def test_what_lapor_has_no_name_for_is_left_out_or_set(running: Running, lapor: Connector) -> None:
    odd = replace(COMPLAINT, channel="GOJEK", area_code=None, agency_code=None, reporter=None)
    report = held(running, await lapor.send(replace(CREATE, complaint=odd)))
    assert (report.channel, report.location) == (masters.OTHER_CHANNEL, masters.WHOLE_PROVINCE)
    assert (report.disposition, report.user) == (None, None)
    settings = running.settings.model_copy(update={"channel": 12})
    async with running.connected(settings) as connector:
        assert held(running, await connector.send(replace(CREATE, complaint=odd))).channel == 12


async def test_the_id_is_read_wherever_it_stands(running: Running, lapor: Connector) -> None:
    numbers = [
        await lapor.send(replace(CREATE, complaint=replace(COMPLAINT, ticket=f"LG-2026-00000{n}"))) for n in "123"
    ]
    assert len(set(numbers)) == 3
    assert all(held(running, number) for number in numbers)


@pytest.mark.parametrize(
    ("action", "by_reporter", "status", "institution"),
    [
        (DeliveryAction.ANSWER, False, "FOLLOWED_UP", masters.AGENCY_INSTITUTIONS["DISHUB"]),
        (DeliveryAction.FOLLOW_UP, False, "IN_PROGRESS", masters.AGENCY_INSTITUTIONS["DISHUB"]),
        (DeliveryAction.FOLLOW_UP, True, "UNVERIFIED", None),
        (DeliveryAction.RATE, True, "UNVERIFIED", None),
    ],
)
async def test_what_follows_is_said_and_found_by_its_reference(
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
    report = held(running, number)
    (reply,) = report.replies
    assert (report.status, reply.institution) == (status, institution)
    assert reply.text.endswith(f"Ref. {TICKET}/2")
    assert await lapor.look_up(delivery) == number
    assert await lapor.look_up(after(action, number, 20)) is None, "2 is not the beginning of 20"
    assert await lapor.look_up(after(action, number, 1)) is None


async def test_an_agency_lapor_does_not_know_speaks_as_the_province(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    delivery = replace(after(DeliveryAction.ANSWER, number), complaint=replace(COMPLAINT, agency_code=None))
    await lapor.send(delivery)
    assert held(running, number).replies[0].institution == masters.PROVINCE


@pytest.mark.parametrize(("target", "to"), [("921", 921), (None, masters.PROVINCE)])
async def test_not_ours_goes_to_who_is_named_or_back(
    running: Running, lapor: Connector, target: str | None, to: int
) -> None:
    number = await lapor.send(CREATE)
    delivery = after(DeliveryAction.NOT_OURS, number, target=target, text="Wewenang kementerian.")
    assert await lapor.look_up(delivery) is None
    await lapor.send(delivery)
    report = held(running, number)
    assert (report.status, report.disposition) == ("TRANSFERRED", to)
    assert await lapor.look_up(delivery) == number
    item = await lapor.one(number)
    assert item is not None
    assert f"Wewenang kementerian.\nRef. {TICKET}/2" in lapor.map(item).facts.notes  # type: ignore[attr-defined]


async def test_what_the_centre_passed_on_itself_is_not_ours_either(running: Running, lapor: Connector) -> None:
    number = await lapor.send(CREATE)
    running.sandbox.act({"do": "dispose", "id": number, "to": 921})
    assert await lapor.look_up(after(DeliveryAction.NOT_OURS, number)) == number


@pytest.mark.parametrize("fault", LATE)
async def test_a_report_that_was_taken_without_an_answer_is_found_and_is_there_once(
    running: Running, lapor: Connector, fault: str
) -> None:
    async with running.fault(fault, times=1, value=LATE[fault]):
        with pytest.raises(Unclear):
            await lapor.send(CREATE)
    if fault == "accept_late":
        assert await lapor.look_up(CREATE) is None
        await asyncio.sleep(0.4)
    assert await lapor.look_up(CREATE) == str(next(iter(running.sandbox.shelf.ids())))  # type: ignore[attr-defined]
    assert running.sandbox.figures() | {"sent": 1, "doubled": 0} == running.sandbox.figures()


@pytest.mark.parametrize("fault", LATE)
@pytest.mark.parametrize("action", [DeliveryAction.ANSWER, DeliveryAction.NOT_OURS])
async def test_what_follows_and_was_taken_without_an_answer_is_found(
    running: Running, lapor: Connector, fault: str, action: DeliveryAction
) -> None:
    number = await lapor.send(CREATE)
    delivery = after(action, number)
    async with running.fault(fault, times=1, value=LATE[fault]):
        with pytest.raises(Unclear):
            await lapor.send(delivery)
    await asyncio.sleep(0.4 if fault == "accept_late" else 0)
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
        ("down", None, Unclear),
        ("server_error", 500, Unclear),
        ("server_error", 501, Unclear),
        ("rate_limited", 7, TryLater),
        ("status_error", None, TryLater),
        ("refuse", None, Refused),
        ("server_error", 401, Stop),
        ("server_error", 405, Stop),
        ("server_error", 413, Refused),
    ],
)
async def test_each_trouble_says_what_to_do(
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


@pytest.mark.parametrize(
    "answer",
    [PlainTextResponse("<html>pemeliharaan</html>"), JSONResponse(["?"]), JSONResponse({"message": "ok"})],
)
async def test_an_answer_nobody_can_read_leaves_it_unclear(running: Running, answer: Response) -> None:
    async def odd(self: Posts, request: Request) -> Response:
        return answer

    with (
        patch.object(Posts, "create", odd),
        patch("hub.connectors.lapor.sandbox.filed", lambda today: []),
    ):
        async with running_sandbox(Lapor, Path()) as anew, anew.connected() as connector:
            with pytest.raises(Unclear):
                await connector.send(CREATE)


async def test_without_a_listing_only_a_new_report_cannot_be_looked_up(running: Running) -> None:
    settings = running.settings.model_copy(update={"listing": False})
    async with running.connected(settings) as connector:
        assert not connector.looks_up(CREATE)
        assert connector.looks_up(after(DeliveryAction.ANSWER, "1"))
    async with running.connected() as connector:
        assert connector.looks_up(CREATE)
        assert connector.settle == 60


async def test_a_listing_that_does_not_keep_to_the_tag_finds_nothing_of_ours(
    running: Running, lapor: Connector
) -> None:
    await lapor.send(CREATE)
    everything = patch("hub.connectors.lapor.sandbox_shelf._fits", lambda report, query: True)
    with everything, pytest.raises(Stop, match="tag"):
        await lapor.look_up(replace(CREATE, complaint=replace(COMPLAINT, ticket="LG-2026-000999")))


def test_everything_there_is_to_send_is_taken() -> None:
    assert Lapor.sends == frozenset(DeliveryAction)
