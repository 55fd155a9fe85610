"""The hub's server receives notifications: calls made by hand, and calls of the sandbox as its payments proceed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from hub.app import build
from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.gopay.sandbox.payments import StoredPayment
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import timestamp
from hub.settings import Settings
from hub.store import migrate
from hub.store.encryption import FieldCipher
from hub.sync.inquiries import InquiryRun
from hub.sync.pull import Pull
from hub.testing.running import Running, running_sandbox
from tests.connectors.gopay.served_hub import KEYS, Hub, listening
from tests.connectors.gopay.signed_notifications import CLASSIC, DEBIT, QR, Provider, classic, debit, provider
from tests.serving import serve
from tests.waits import hanging

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return provider(tmp_path_factory.mktemp("provider"))


@pytest.fixture
async def hub(database_url: str, sender: Provider) -> AsyncIterator[Hub]:
    async with listening(database_url, sender.settings) as hub:
        yield hub


def signed(sender: Provider, body: dict[str, Any], hook: str = DEBIT, **over: Any) -> dict[str, Any]:
    """Return the arguments of a post that is signed now."""
    content = orjson.dumps(body)
    headers = sender.headers(content, hook, **{"at": timestamp(datetime.now(UTC))} | over)
    return {"url": f"/hooks/gopay/{hook}", "content": content, "headers": headers}


async def test_each_form_is_accepted_with_its_own_answer_and_no_token(hub: Hub, sender: Provider) -> None:
    response = await hub.http.post(**signed(sender, debit("A1")))
    assert (response.status_code, response.json()) == (
        200,
        {"responseCode": "2005600", "responseMessage": "Successful"},
    )
    response = await hub.http.post(**signed(sender, debit("A2", "03"), QR))
    assert (response.status_code, response.json()["responseCode"]) == (200, "2005200")
    response = await hub.http.post(f"/hooks/gopay/{CLASSIC}", json=classic("A3"))
    assert (response.status_code, response.history) == (200, [])
    assert await hub.payments() == {
        "A1": ("SUCCESS", None, "TRANSJATENG"),
        "A2": ("PENDING", None, "TRANSJATENG"),
    }
    assert await hub.count("inquiries where reference = 'TJ-1'") == 1, (
        "a classic notification only names the payment to inquire about"
    )


async def test_a_refused_call_gets_the_contracts_answer_and_no_row(hub: Hub, sender: Provider) -> None:
    good = signed(sender, debit())
    for call, code in (
        ({**good, "content": good["content"].replace(b"4000", b"9000")}, "4015600"),
        ({**good, "url": f"/hooks/gopay/{QR}"}, "4015200"),
        ({**good, "url": f"/hooks/gopay/{DEBIT}?a=1"}, "4015600"),
        (signed(sender, debit(), at="2026-03-02T06:41:13+07:00"), "4015600"),
        (signed(sender, debit(), X_PARTNER_ID="OTHER"), "4045616"),
        (signed(sender, debit(originalReferenceNo=None)), "4005602"),
        (signed(sender, debit(amount={"value": 1, "currency": "IDR"})), "4005601"),
    ):
        answer = await hub.http.post(**call)
        assert (answer.status_code, answer.json()["responseCode"]) == (int(code[:3]), code)
    assert (
        await hub.http.post(f"/hooks/gopay/{CLASSIC}", json=classic(gross_amount="1.00") | {"gross_amount": "2.00"})
    ).status_code == 401
    assert (await hub.payments(), await hub.count("quarantine")) == ({}, 0)


async def test_parallel_replays_leave_one_payment_and_one_history(hub: Hub, sender: Provider) -> None:
    begun, paid, refunded = (signed(sender, debit(status=code)) for code in ("01", "00", "04"))
    for call in (paid, begun, refunded, paid):
        answers = await asyncio.gather(*(hub.http.post(**call) for _ in range(8)))
        assert {answer.json()["responseCode"] for answer in answers} == {"2005600"}
    assert await hub.payments() == {"A1": ("REFUNDED", None, "TRANSJATENG")}
    assert await hub.count("changes where subject = 'A1'") == 2


async def test_an_unknown_code_is_quarantined_without_the_payer(hub: Hub, sender: Provider) -> None:
    assert (await hub.http.post(**signed(sender, debit(status="77")))).status_code == 200
    assert (await hub.payments())["A1"][0] == "UNKNOWN"
    async with hub.database.read() as db:
        ((reason, raw),) = await db.execute(text("select reason, raw::text from quarantine"))
    assert reason == "latestTransactionStatus is unknown: '77'"
    assert "Uji" not in raw


async def test_a_hook_whose_key_is_not_set_is_off(database_url: str) -> None:
    await migrate.migrate(database_url, [Gopay.declaration(GopaySettings())])
    app = build(Settings(database_url=database_url, connectors="gopay", **KEYS))
    async with LifespanManager(app), serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        for hook, name in ((DEBIT, "NOTIFY_PUBLIC_KEY_FILE"), (CLASSIC, "SERVER_KEY")):
            answer = await http.post(f"/hooks/gopay/{hook}", json=classic())
            assert (answer.status_code, answer.json()["code"]) == (503, "HOOK_OFF")
            assert f"HUB_GOPAY_{name} is not set" in answer.json()["message"]


# The sandbox as it goes on


@asynccontextmanager
async def notified_by_sandbox(database_url: str, folder: Path) -> AsyncIterator[tuple[Hub, Running]]:
    """Run a hub, and a small sandbox that notifies it."""
    async with running_sandbox(Gopay, folder, size=150) as running:
        assert isinstance(running.settings, GopaySettings)
        sandbox = running.sandbox
        assert isinstance(sandbox, GopaySandbox)
        async with listening(database_url, running.settings) as hub, sandbox.notifier.open(hub.url):
            yield hub, running


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with hanging():
        while not await true():
            await asyncio.sleep(0.05)


async def make_inquiries(hub: Hub, running: Running) -> None:
    """Make the inquiries that are due, as the worker does."""
    async with running.connected(attempts=3) as gopay:
        await InquiryRun(hub.database, gopay, FieldCipher([b"k" * 32], b"s" * 32)).run()


async def pulled(hub: Hub, running: Running) -> None:
    async with running.connected(attempts=3) as gopay:
        assert (await Pull(hub.database, gopay, FieldCipher([b"k" * 32], b"s" * 32)).run(full=True)).outcome == "DONE"


async def test_sandbox_notifications_and_history_agree(database_url: str, tmp_path: Path) -> None:
    async with notified_by_sandbox(database_url, tmp_path) as (hub, running):
        sandbox = running.sandbox
        assert isinstance(sandbox, GopaySandbox)
        await pulled(hub, running)
        known = set(sandbox.history.payments)
        for _ in range(12):
            sandbox.tick()
            await asyncio.sleep(0.02)
        new = set(sandbox.history.payments) - known
        expected = {ref: shown_status(payment) for ref, payment in sandbox.history.payments.items()}

        async def agree() -> bool:
            await make_inquiries(hub, running)
            stored = await hub.payments()
            return all(ref in stored and stored[ref][0] == expected[ref] for ref in new)

        await until(agree)
        assert len(new) >= 12
        assert set(sandbox.notifier.sent) == {"200"}
        await pulled(hub, running)
        payments = await hub.payments()
        assert {ref: row[0] for ref, row in payments.items()} == expected
        fares = [payments[ref] for ref in new if sandbox.history.payments[ref].line]
        assert fares
        assert all(corridor and merchant in {"TRANSJATENG", "TRANSSEMARANG"} for _, corridor, merchant in fares)


def shown_status(payment: StoredPayment) -> str:
    # Other providers than that of fares tell codes, of which none is for a settled payment.
    by_code = {} if payment.line else {"CLOSED": "SUCCESS"}
    return ({"INIT": "INITIATED", "DISPUTED": "UNKNOWN"} | by_code).get(payment.status, payment.status)


async def test_a_manual_refund_in_the_sandbox_reaches_the_hub(database_url: str, tmp_path: Path) -> None:
    async with notified_by_sandbox(database_url, tmp_path) as (hub, running):
        await pulled(hub, running)
        paid = next(ref for ref, row in (await hub.payments()).items() if row[0] == "SUCCESS" and row[1])
        before = (await hub.payments())[paid]
        answer = await running.control.post("/_control/act", json={"do": "refund", "reference": paid})
        assert answer.json() == {"reference": paid, "status": "REFUNDED"}

        async def refunded() -> bool:
            return (await hub.payments())[paid] == ("REFUNDED", *before[1:])

        await until(refunded)


async def test_a_notification_of_another_signer_is_refused_alone(database_url: str, tmp_path: Path) -> None:
    async with notified_by_sandbox(database_url, tmp_path) as (hub, running):
        sandbox = running.sandbox
        assert isinstance(sandbox, GopaySandbox)
        sandbox.notifier._rng = Random(1)
        (reference, *_) = sandbox.history.payments
        async with running.fault("wrong_signature", times=1):
            await running.control.post("/_control/act", json={"do": "notify", "reference": reference})

            async def refused() -> bool:
                return bool(sandbox.notifier.sent["401"])

            await until(refused)
            assert await hub.payments() == {}
        await running.control.post("/_control/act", json={"do": "notify", "reference": reference})

        async def taken() -> bool:
            await make_inquiries(hub, running)
            return set(await hub.payments()) == {reference}

        await until(taken)


async def test_what_finds_no_hub_is_sent_again_until_there_is_one(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.connectors.gopay.sandbox.notifier.RETRY_DELAYS", (0.05,) * 5)
    async with notified_by_sandbox(database_url, tmp_path) as (hub, running):
        sandbox = running.sandbox
        assert isinstance(sandbox, GopaySandbox)
        async with hub.database.dedicated() as db:
            await db.execute(text("alter table records rename to elsewhere"))
            await db.commit()
            fare = next(payment.reference for payment in sandbox.history.payments.values() if payment.line)
            sandbox.act({"do": "notify", "reference": fare})

            async def failed() -> bool:
                return sandbox.notifier.sent["500"] > 1

            await until(failed)
            await db.execute(text("alter table elsewhere rename to records"))
            await db.commit()

        async def taken() -> bool:
            return len(await hub.payments()) == 1

        await until(taken)
        assert sandbox.notifier.sent["given up"] == 0
