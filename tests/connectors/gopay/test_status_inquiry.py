"""Status inquiries: the hub asks Midtrans for the status of a classic notification and stores the response."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from starlette.datastructures import Headers

from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.gopay.sandbox.payments import StoredPayment
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.webhooks import CLASSIC, classic_signature
from hub.contract import WebhookCall
from hub.errors import ConfigurationError, ContractBroken, HubError, TryLater
from hub.http_client import Http
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.ingest import inquiries
from hub.sync.inquiries import NOT_FOUND_REASON, InquiryRun
from hub.sync.webhooks import Webhook
from hub.testing.running import Running, running_sandbox
from tests.raw_http_servers import raw_server, send_bytes

SEAL = FieldCipher([b"k" * 32], b"s" * 32)


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running_sandbox(Gopay, tmp_path_factory.mktemp("keys"), size=150) as running:
        yield running


def paid(running: Running) -> StoredPayment:
    assert isinstance(running.sandbox, GopaySandbox)
    return next(payment for payment in running.sandbox.history.payments.values() if payment.status == "SUCCESS")


class Stage:
    """A hub that receives calls and makes inquiries."""

    def __init__(self, database: Database, running: Running) -> None:
        self.database, self._running = database, running

    async def call(self, **fields: Any) -> None:
        """Send a classic notification, signed over the fields that its signature covers."""
        settings = self._running.settings
        assert isinstance(settings, GopaySettings)
        signed = (fields["order_id"], fields["status_code"], fields["gross_amount"])
        body = orjson.dumps(fields | {"signature_key": classic_signature(*signed, settings.need("server_key"))})
        now = datetime.now(UTC)
        call = WebhookCall(webhook=CLASSIC, endpoint=f"/hooks/gopay/{CLASSIC}", headers=Headers({}), body=body, now=now)
        hook = Webhook(self.database, SEAL, Gopay(settings, Http("http://127.0.0.1")), CLASSIC, None)
        result = hook.verify(call)
        assert (result.status, result.items) == (200, ())
        await hook.store(result, call, "test")

    async def ask(self) -> tuple[int, int]:
        async with self._running.connected() as gopay:
            return await InquiryRun(self.database, gopay, SEAL).run()

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]

    async def later(self) -> None:
        async with self.database.write(Cause("test", "test", "later")) as db:
            await db.execute(text("update inquiries set due_at = now() where due_at is not null"))


@asynccontextmanager
async def staged(database_url: str, running: Running) -> AsyncIterator[Stage]:
    assert isinstance(running.settings, GopaySettings)
    await migrate.migrate(database_url, [Gopay.declaration(running.settings)])
    database = Database(database_url)
    try:
        yield Stage(database, running)
    finally:
        await database.close()


def notice(payment: StoredPayment, **over: Any) -> dict[str, Any]:
    return {
        "order_id": payment.partner,
        "status_code": "200",
        "gross_amount": f"{payment.amount}.00",
        "transaction_id": payment.reference,
        "transaction_status": "settlement",
        **over,
    }


async def test_the_providers_answer_is_stored_instead_of_the_call(database_url: str, running: Running) -> None:
    payment = paid(running)
    async with staged(database_url, running) as stage:
        await stage.call(**notice(payment, transaction_status="refund", transaction_id="somebody elses"))
        assert await stage.rows("select * from records") == []
        assert await stage.ask() == (1, 0)
        assert await stage.rows("select external_id, status from records") == [(payment.reference, "SUCCESS")]
        assert await stage.rows("select count(*) from quarantine") == [(0,)]


async def test_a_replay_changes_nothing_and_rarely_calls_midtrans(database_url: str, running: Running) -> None:
    payment = paid(running)
    async with staged(database_url, running) as stage:
        for _ in range(3):
            await stage.call(**notice(payment))
        assert await stage.ask() == (1, 0)
        for _ in range(3):
            await stage.call(**notice(payment))
        assert await stage.ask() == (0, 0), "not again at once"
        ((wait,),) = await stage.rows("select extract(epoch from due_at - asked_at) from inquiries")
        assert float(wait) == inquiries.MIN_INTERVAL.total_seconds()
        await stage.later()
        assert await stage.ask() == (1, 0)
        assert await stage.rows("select count(*) from changes") == [(1,)]


async def test_an_unanswered_inquiry_is_marked_and_repeated(database_url: str, running: Running) -> None:
    payment = paid(running)
    async with staged(database_url, running) as stage:
        await stage.call(**notice(payment))
        async with running.fault("firewall"):
            assert await stage.ask() == (0, 1)
            async with stage.database.read() as db:
                (waiting,) = await inquiries.backlog(db)
            assert (waiting.system, waiting.waiting) == ("gopay", 1)
            assert "HTTP 403" in waiting.error
            assert await stage.ask() == (0, 0), "not again at once"
        await stage.call(**notice(payment))
        assert await stage.ask() == (0, 0), "the same call again makes it no earlier"
        assert await stage.rows("select count(*) from records") == [(0,)]
        await stage.later()
        assert await stage.ask() == (1, 0)
        async with stage.database.read() as db:
            assert await inquiries.backlog(db) == []


async def test_an_unknown_order_backs_off_and_is_finally_dropped(database_url: str, running: Running) -> None:
    async with staged(database_url, running) as stage:
        await stage.call(**notice(paid(running), order_id="nobody's/50%"))
        for _ in range(8):
            await stage.later()
            assert await stage.ask() == (0, 1)
        ((trouble, wait),) = await stage.rows("select trouble, extract(epoch from due_at - asked_at) from inquiries")
        assert (trouble, float(wait)) == (NOT_FOUND_REASON, 86_400)
        async with stage.database.write(Cause("test", "test", "expire")) as db:
            assert await inquiries.expire(db) == 0
            await db.execute(text("update inquiries set told_at = now() - interval '91 days'"))
            assert await inquiries.expire(db) == 1


@pytest.mark.parametrize(
    ("head", "body", "error"),
    [
        ("200 OK", b'{"status_code": "404", "status_message": "Transaction doesn\'t exist."}', None),
        ("404 No", b'{"status_code": "404"}', None),
        ("404 No", b"<html>", ContractBroken),
        ("401 No", b'{"status_code": "401"}', ConfigurationError),
        ("200 OK", b'{"status_code": "500"}', TryLater),
        ("200 OK", b'{"status_code": "200", "order_id": "B", "transaction_status": "settlement"}', ContractBroken),
        ("200 OK", b'{"status_code": "200", "order_id": "A"}', ContractBroken),
        ("200 OK", b"[]", ContractBroken),
        ("200 OK", b"<html>", ContractBroken),
    ],
)
async def test_answers_of_get_status(head: str, body: bytes, error: type[HubError] | None) -> None:
    async with raw_server(send_bytes(head, body)) as url, Http("http://127.0.0.1:9") as http:
        settings = GopaySettings(server_key="k", status_url=url)
        gopay = Gopay(settings, http)
        if error is None:
            assert await gopay.inquire("A") is None
        else:
            with pytest.raises(error):
                await gopay.inquire("A")


async def test_who_paid_is_not_kept_and_a_wrong_key_is_refused(running: Running, tmp_path: Path) -> None:
    payment = paid(running)
    async with running.connected() as gopay:
        answer = await gopay.inquire(payment.partner)
        assert answer is not None
        assert "Uji" not in str(answer)
        assert gopay.map(answer).external_id == payment.reference
    async with running.connected(running.with_wrong_secrets()) as gopay:
        with pytest.raises(ConfigurationError, match="HUB_GOPAY_SERVER_KEY"):
            await gopay.inquire(payment.partner)
