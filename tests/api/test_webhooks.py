"""``/hooks/{system}/…``: a call is verified first, stored before the response, and refused without its body in logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest
import structlog

from hub.api.webhooks import BODY_LIMIT
from hub.contract import SystemDeclaration
from hub.store.ingest import new_records
from hub.web.rate_limits import RateLimits
from tests.api.webhook_harness import WebhookConnector, WebhookHub, running_hub, sign
from tests.fake_connector import FakeSettings, payment
from tests.serving import serve

RECORDS = "select external_id, status, version from records order by external_id"


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (WebhookConnector.declaration(FakeSettings()),)


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[WebhookHub]:
    async with running_hub(database_url) as made:
        yield made


async def test_a_notification_is_stored_before_it_is_answered(hub: WebhookHub) -> None:
    answer = await hub.call(payment("A"), payment("B", status="PENDING"), x_request_id="request-1")
    assert (answer.status_code, answer.json()) == (200, {"code": "taken"})
    assert await hub.rows(RECORDS) == [("A", "SUCCESS", 1), ("B", "PENDING", 1)]
    assert await hub.rows("select distinct cause, actor, correlation from changes where kind = 'payment'") == [
        ("hook:fake", "fake", "request-1")
    ]
    assert hub.counted("taken") == 1


async def test_only_what_can_be_an_id_is_asked_about(hub: WebhookHub) -> None:
    odd = ["P-1", "x\0", "", " ", "9" * 501, 7, None]
    answer = await hub.call(*(payment(f"A{number}", about=each) for number, each in enumerate(odd)))
    assert answer.status_code == 200
    assert await hub.rows("select reference from inquiries") == [("P-1",)]
    assert len(await hub.rows(RECORDS)) == len(odd)


async def test_parallel_repeats_and_older_versions_change_nothing(hub: WebhookHub) -> None:
    answers = await asyncio.gather(*(hub.call(payment("A", version=2)) for _ in range(12)))
    answers.append(await hub.call(payment("A", version=1, status="PENDING")))
    assert {answer.status_code for answer in answers} == {200}
    assert await hub.rows(RECORDS) == [("A", "SUCCESS", 2)]
    assert await hub.rows("select count(*) from changes where kind = 'payment'") == [(1,)]


async def test_a_wrong_signature_is_refused_and_logged_without_body(hub: WebhookHub) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await hub.call(payment("A", payer="Uji Coba"), x_signature="0" * 64)
    assert (answer.status_code, answer.json()) == (401, {"code": "no"})
    assert await hub.rows(RECORDS) == []
    (line,) = [line for line in logs if line["event"] == "webhook call refused"]
    assert (line["system"], line["hook"], line["reason"]) == ("fake", "v1/notify", "signature")
    assert "Uji" not in str(logs)
    assert hub.counted("refused") == 1


async def test_the_whole_path_as_called_is_what_is_checked(hub: WebhookHub) -> None:
    body = b"[]"
    for path in ("/hooks/fake/v1/notify?again=1", "/hooks/fake/v1%2Fnotify"):
        elsewhere = await hub.http.post(
            path, content=body, headers={"x-signature": sign("/hooks/fake/v1/notify", body)}
        )
        assert elsewhere.status_code == 401
        own = await hub.http.post(path, content=body, headers={"x-signature": sign(path, body)})
        assert own.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/hooks",
        "/hooks/",
        "/hooksfake/v1/notify",
        "/hooks/fake",
        "/hooks/fake/",
        "/hooks/fake/v1/notify/",
        "/hooks//fake/v1/notify",
        "/hooks/fake/v1/other",
        "/hooks/other/v1/notify",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_another_path_is_not_there_and_leads_nowhere(hub: WebhookHub, method: str, path: str) -> None:
    answer = await hub.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert "location" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_a_hook_is_called_with_post_only(hub: WebhookHub, method: str) -> None:
    answer = await hub.http.request(method, "/hooks/fake/v1/notify", headers={"origin": "http://localhost"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_no_page_of_another_origin_may_read_the_answer(hub: WebhookHub) -> None:
    answer = await hub.call(payment("A"), origin="http://localhost:3000")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_webhook_without_its_setting_names_it(hub: WebhookHub) -> None:
    answer = await hub.call(payment("A"), path="/hooks/fake/unset")
    assert (answer.status_code, answer.json()) == (
        503,
        {"code": "HOOK_OFF", "message": "This webhook is disabled: HUB_FAKE_WORD is not set."},
    )
    assert hub.counted("unavailable", "unset") == 1


async def test_a_body_that_is_too_large_is_not_read(hub: WebhookHub) -> None:
    answer = await hub.http.post("/hooks/fake/v1/notify", content=b"[" + b" " * BODY_LIMIT + b"]")
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_body_that_does_not_come_is_not_waited_for(hub: WebhookHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.api.webhooks.READ_TIMEOUT", 0.05)

    async def begun() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(0.5)

    answer = await hub.http.post("/hooks/fake/v1/notify", content=begun())
    assert (answer.status_code, answer.json()["code"]) == (408, "TOO_SLOW")


async def test_what_cannot_be_stored_is_to_be_sent_again(database_url: str) -> None:
    async with running_hub(database_url, away="postgresql://127.0.0.1:9/nowhere") as hub:
        answer = await hub.call(payment("A"))
        assert (answer.status_code, answer.json()["code"]) == (503, "TRY_LATER")
        assert (hub.counted("unavailable"), hub.counted("taken")) == (1, 0)
        assert (await hub.call(payment("A"), x_signature="")).status_code == 401


async def test_a_database_lost_mid_request_is_answered_as_unavailable(
    hub: WebhookHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver describes the failure of a COPY in its own message."""

    async def broken(*_: object) -> None:
        raise psycopg.OperationalError("the connection is closed")

    monkeypatch.setattr(new_records, "insert", broken)
    answer = await hub.call(payment("A"))
    assert (answer.status_code, answer.json()["code"]) == (503, "TRY_LATER")
    assert answer.headers["retry-after"] == "60"


async def test_an_unreadable_item_and_unknown_code_are_quarantined(hub: WebhookHub) -> None:
    items: list[Any] = [payment("A", broken=1), payment("B", status="BARU")]
    assert (await hub.call(*items)).status_code == 200
    assert await hub.rows(RECORDS) == [("B", "UNKNOWN", 1)]
    assert await hub.rows("select count(*) from quarantine where system = 'fake'") == [(2,)]


async def test_webhooks_have_ten_times_the_rate_of_queries(database_url: str) -> None:
    async with running_hub(database_url, RateLimits(address=2, exempt_networks=()), client="192.0.2.1") as hub:
        answers = [await hub.call(payment("A")) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1].json()["code"] == "RATE_LIMITED"


async def test_over_a_real_server_the_path_is_checked_as_it_was_sent(hub: WebhookHub) -> None:
    async with serve(hub.app) as url, httpx.AsyncClient(trust_env=False) as client:
        for path, signed, status in (
            ("/hooks/fake/v1/notify", "/hooks/fake/v1/notify", 200),
            ("/hooks/fake/v1%2Fnotify", "/hooks/fake/v1%2Fnotify", 200),
            ("/hooks/fake/v1%2Fnotify", "/hooks/fake/v1/notify", 401),
            ("/hooks/fake/v1/notify?a=%20", "/hooks/fake/v1/notify?a=%20", 200),
            ("/hooks/fake/v1/notify/", "/hooks/fake/v1/notify/", 404),
        ):
            headers = {"x-signature": sign(signed, b"[]")}
            assert (await client.post(url + path, content=b"[]", headers=headers)).status_code == status, path


async def test_a_call_is_refused_by_its_headers_before_its_body(hub: WebhookHub) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    sent = {"x-form": "wrong"}
    answer = await hub.http.post("/hooks/fake/v1/notify", content=body(), headers=sent)
    assert (answer.status_code, answer.json()) == (401, {"code": "no"})
    assert hub.counted("refused") == 1
