"""The hub's own server, told of payments: by hand-made calls, and by the sandbox as its world goes on."""

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
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.signing import timestamp
from hub.connectors.registry import Enabled
from hub.settings import Settings
from hub.store import migrate
from hub.store.sealing import Seal
from hub.sync.pull import Pull
from tests.connectors.gopay_calls import CLASSIC, DEBIT, QR, Provider, classic, debit, provider
from tests.connectors.gopay_hub import KEYS, Hub, listening
from tests.connectors.running import Running, running_sandbox
from tests.serving import serve
from tests.worlds import small_worlds

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return provider(tmp_path_factory.mktemp("provider"))


@pytest.fixture
async def hub(database_url: str, sender: Provider) -> AsyncIterator[Hub]:
    async with listening(database_url, sender.settings) as hub:
        yield hub


def signed(sender: Provider, body: dict[str, Any], hook: str = DEBIT, **over: Any) -> dict[str, Any]:
    """What to post, signed now."""
    content = orjson.dumps(body)
    headers = sender.headers(content, hook, **{"at": timestamp(datetime.now(UTC))} | over)
    return {"url": f"/hooks/gopay/{hook}", "content": content, "headers": headers}


async def test_each_form_is_taken_with_its_own_answer_and_without_any_token(hub: Hub, sender: Provider) -> None:
    told = await hub.http.post(**signed(sender, debit("A1")))
    assert (told.status_code, told.json()) == (200, {"responseCode": "2005600", "responseMessage": "Successful"})
    told = await hub.http.post(**signed(sender, debit("A2", "03"), QR))
    assert (told.status_code, told.json()["responseCode"]) == (200, "2005200")
    told = await hub.http.post(f"/hooks/gopay/{CLASSIC}", json=classic("A3"))
    assert (told.status_code, told.history) == (200, [])
    assert await hub.payments() == {
        "A1": ("SUCCESS", None, "TRANSJATENG"),
        "A2": ("PENDING", None, "TRANSJATENG"),
        "A3": ("SUCCESS", None, "TRANSJATENG"),
    }


async def test_what_is_refused_is_answered_as_the_contract_says_and_stored_nowhere(hub: Hub, sender: Provider) -> None:
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


async def test_replays_in_parallel_and_out_of_order_leave_one_payment_and_one_history(
    hub: Hub, sender: Provider
) -> None:
    begun, paid, refunded = (signed(sender, debit(status=code)) for code in ("01", "00", "04"))
    for call in (paid, begun, refunded, paid):
        answers = await asyncio.gather(*(hub.http.post(**call) for _ in range(8)))
        assert {answer.json()["responseCode"] for answer in answers} == {"2005600"}
    assert await hub.payments() == {"A1": ("REFUNDED", None, "TRANSJATENG")}
    assert await hub.count("changes where subject = 'A1'") == 2


async def test_an_unknown_code_is_kept_and_quarantined_without_who_paid(hub: Hub, sender: Provider) -> None:
    assert (await hub.http.post(**signed(sender, debit(status="77")))).status_code == 200
    assert (await hub.payments())["A1"][0] == "UNKNOWN"
    async with hub.database.read() as db:
        ((reason, raw),) = await db.execute(text("select reason, raw::text from quarantine"))
    assert reason == "latestTransactionStatus is unknown: '77'"
    assert "Uji" not in raw


async def test_a_hook_whose_key_is_not_set_is_off(database_url: str) -> None:
    await migrate.migrate(database_url, [Enabled(Gopay, GopaySettings())])
    app = build(Settings(database_url=database_url, connectors="gopay", **KEYS))  # type: ignore[arg-type]
    async with LifespanManager(app), serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        for hook, name in ((DEBIT, "NOTIFY_PUBLIC_KEY_FILE"), (CLASSIC, "SERVER_KEY")):
            answer = await http.post(f"/hooks/gopay/{hook}", json=classic())
            assert (answer.status_code, answer.json()["code"]) == (503, "HOOK_OFF")
            assert f"HUB_GOPAY_{name} is not set" in answer.json()["message"]


# The sandbox as it goes on


@asynccontextmanager
async def told_by_sandbox(database_url: str, folder: Path) -> AsyncIterator[tuple[Hub, Running]]:
    """A hub, and a sandbox of a small world that tells it what happens there."""
    with small_worlds():
        async with running_sandbox(Gopay, folder) as running:
            assert isinstance(running.settings, GopaySettings)
            sandbox = running.sandbox
            assert isinstance(sandbox, GopaySandbox)
            async with listening(database_url, running.settings) as hub, sandbox.notifier.open(hub.url):
                yield hub, running


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.05)


async def pulled(hub: Hub, running: Running) -> None:
    async with running.connected(attempts=3) as gopay:
        assert (await Pull(hub.database, gopay, Seal([b"k" * 32], b"s" * 32)).run(full=True)).outcome == "DONE"


async def test_what_the_sandbox_tells_and_what_its_history_lists_end_the_same(
    database_url: str, tmp_path: Path
) -> None:
    async with told_by_sandbox(database_url, tmp_path) as (hub, running):
        sandbox = running.sandbox
        assert isinstance(sandbox, GopaySandbox)
        await pulled(hub, running)
        known = set(sandbox.history.payments)
        for _ in range(12):
            sandbox.tick()
            await asyncio.sleep(0.02)
        new = set(sandbox.history.payments) - known
        wanted = {ref: to_status(sandbox.history.payments[ref].status) for ref in sandbox.history.payments}

        async def met() -> bool:
            held = await hub.payments()
            return all(ref in held and held[ref][0] == wanted[ref] for ref in new)

        await until(met)
        assert len(new) >= 12
        assert set(sandbox.notifier.sent) == {"200"}
        await pulled(hub, running)
        held = await hub.payments()
        assert {ref: row[0] for ref, row in held.items()} == wanted
        fares = [held[ref] for ref in new if sandbox.history.payments[ref].line]
        assert fares
        assert all(corridor and merchant in {"TRANSJATENG", "TRANSSEMARANG"} for _, corridor, merchant in fares)


def to_status(told: str) -> str:
    return {"INIT": "INITIATED", "DISPUTED": "UNKNOWN"}.get(told, told)


async def test_a_person_refunds_a_payment_in_the_providers_place_and_the_hub_knows(
    database_url: str, tmp_path: Path
) -> None:
    async with told_by_sandbox(database_url, tmp_path) as (hub, running):
        await pulled(hub, running)
        paid = next(ref for ref, row in (await hub.payments()).items() if row[0] == "SUCCESS" and row[1])
        before = (await hub.payments())[paid]
        answer = await running.control.post("/_control/act", json={"do": "refund", "reference": paid})
        assert answer.json() == {"reference": paid, "status": "REFUNDED"}

        async def refunded() -> bool:
            return (await hub.payments())[paid] == ("REFUNDED", *before[1:])

        await until(refunded)


async def test_a_notification_somebody_else_signed_is_refused_and_the_next_one_is_taken(
    database_url: str, tmp_path: Path
) -> None:
    async with told_by_sandbox(database_url, tmp_path) as (hub, running):
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
            return set(await hub.payments()) == {reference}

        await until(taken)


async def test_what_finds_no_hub_is_sent_again_until_there_is_one(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.connectors.gopay.sandbox_notifier.AGAIN", (0.05,) * 5)
    async with told_by_sandbox(database_url, tmp_path) as (hub, running):
        sandbox = running.sandbox
        assert isinstance(sandbox, GopaySandbox)
        async with hub.database.hold() as db:
            await db.execute(text("alter table records rename to elsewhere"))
            await db.commit()
            sandbox.act({"do": "notify"})

            async def failed() -> bool:
                return sandbox.notifier.sent["500"] > 1

            await until(failed)
            await db.execute(text("alter table elsewhere rename to records"))
            await db.commit()

        async def taken() -> bool:
            return len(await hub.payments()) == 1

        await until(taken)
        assert sandbox.notifier.sent["given up"] == 0
