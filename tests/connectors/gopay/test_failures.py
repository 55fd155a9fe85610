"""The payments connector with faults of the sandbox: expired tokens, repeated ids, pages that move."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from hub.connectors.base import Connector
from hub.connectors.gopay import client, connector
from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.mapping import to_record
from hub.errors import BadSetting, ConfigurationError, ContractBroken, TryLater
from hub.http_client import Http
from hub.testing.running import Running, pages_of
from tests.connectors.gopay.pulled_pages import gopay, outcome, references, since

__all__ = ["gopay"]

TOKEN = f"POST {client.TOKEN}"


class TestTrouble:
    connector: ClassVar[type[Connector]] = Gopay

    async def test_a_token_that_ends_mid_run_is_renewed_once(self, running: Running, gopay: Connector) -> None:
        before = running.sandbox.calls[TOKEN]
        async with running.fault("token_expired", times=1):
            pages = await pages_of(gopay, since(3), most=1000)
        assert len(references(pages)) > 500
        assert running.sandbox.calls[TOKEN] <= before + 2

    async def test_a_token_that_ends_every_time_stops(self, running: Running, gopay: Connector) -> None:
        async with running.fault("token_expired"):
            with pytest.raises(ConfigurationError, match="4011201"):
                await pages_of(gopay, since(1))

    async def test_a_token_is_renewed_before_it_ends(
        self, running: Running, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await gopay.probe()
        before, now = running.sandbox.calls[TOKEN], time.monotonic()
        monkeypatch.setattr(client, "monotonic", lambda: now + 840)
        await gopay.probe()
        assert running.sandbox.calls[TOKEN] == before
        monkeypatch.setattr(client, "monotonic", lambda: now + 875)
        await gopay.probe()
        assert running.sandbox.calls[TOKEN] == before + 1

    @pytest.mark.parametrize("status", [200, 202])
    async def test_in_progress_is_tried_later_whatever_the_http_status(
        self, running: Running, gopay: Connector, status: int
    ) -> None:
        async with running.fault("in_progress", value=status):
            with pytest.raises(TryLater, match="2021200"):
                await pages_of(gopay, since(1))

    async def test_a_payment_on_two_pages_is_one_record(self, running: Running, gopay: Connector) -> None:
        async with running.fault("duplicate", times=3):
            pages = await pages_of(gopay, since(3), most=1000)
        listed = references(pages)
        assert len(listed) - len(set(listed)) >= 3
        assert all(len(page.items) <= 50 for page in pages)

    async def test_shuffled_pages_and_older_versions_change_no_outcome(
        self, running: Running, gopay: Connector
    ) -> None:
        before = outcome(await pages_of(gopay, since(4), most=1000))
        async with running.fault("out_of_order"):
            after = outcome(await pages_of(gopay, since(4), most=1000))
        settled = [reference for reference, record in before.items() if record.final]
        assert len(settled) > 700
        assert all(after[reference].version >= before[reference].version for reference in settled)

    async def test_a_payment_that_comes_in_late_is_seen_by_the_next_run(
        self, running: Running, gopay: Connector
    ) -> None:
        async with running.fault("page_moved", times=1):
            first = await pages_of(gopay, since(1.9), most=1000)
        assert references(first[:1])[-1] == references(first[1:2])[0], (
            "the second page begins with the end of the first"
        )
        known, again = set(references(first)), outcome(await pages_of(gopay, since(2), most=1000))
        start = datetime.fromisoformat(first[0].cursor["from"])
        late = [record for reference, record in again.items() if reference not in known and record.occurred_at > start]
        assert [record.occurred_at for record in late] == [start + timedelta(seconds=1)]

    async def test_an_unknown_status_is_kept_as_is(self, running: Running, gopay: Connector) -> None:
        async with running.fault("unknown_status", times=1):
            pages = await pages_of(gopay, since(2), most=1)
        record = to_record(pages[0].items[0])
        assert (record.status, record.source_status, record.unknown) == ("UNKNOWN", "77", "latestTransactionStatus")

    async def test_a_taken_external_id_is_replaced_once(
        self, running: Running, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await gopay.probe()
        ids = iter(["TAKEN1", "TAKEN1", "FREE1"])
        monkeypatch.setattr(client, "external_id", lambda: next(ids))
        await gopay.probe()
        await gopay.probe()
        assert next(ids, None) is None

    async def test_external_ids_that_are_always_taken_stop(
        self, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "external_id", lambda: "TAKEN2")
        await gopay.probe()
        with pytest.raises(ConfigurationError, match="4091200"):
            await gopay.probe()

    async def test_every_attempt_of_a_call_has_its_own_external_id(
        self, running: Running, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: list[str] = []

        def draw() -> str:
            drawn.append(f"DRAWN{len(drawn)}")
            return drawn[-1]

        monkeypatch.setattr(client, "external_id", draw)
        await gopay.probe()
        async with running.fault("server_error", times=2):
            await gopay.probe()
        assert len(drawn) == len(set(drawn)) == 4

    async def test_a_refused_request_stops_with_the_providers_message(
        self, gopay: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connector, "HISTORY", timedelta(days=400))
        with pytest.raises(ConfigurationError, match="4001201 Invalid Field Format fromDateTime"):
            await pages_of(gopay, full=True)

    async def test_another_partner_id_stops(self, running: Running) -> None:
        async with running.connected(running.settings.model_copy(update={"partner_id": "OTHER"})) as gopay:
            with pytest.raises(ConfigurationError, match="4041216 Partner Not Found"):
                await gopay.probe()

    @pytest.mark.parametrize("name", ["client_key", "private_key_file", "client_secret", "partner_id", "channel_id"])
    async def test_each_missing_setting_is_named(self, running: Running, name: str) -> None:
        empty = type(getattr(running.settings, name))("")
        async with running.connected(running.settings.model_copy(update={name: empty})) as gopay:
            with pytest.raises(BadSetting, match=f"HUB_GOPAY_{name.upper()} is not set"):
                await gopay.probe()

    @pytest.mark.parametrize("content", [b"", b"no key", None])
    async def test_a_key_file_without_a_key_is_named(
        self, running: Running, tmp_path: Any, content: bytes | None
    ) -> None:
        if content is not None:
            (tmp_path / "key.pem").write_bytes(content)
        settings = running.settings.model_copy(update={"private_key_file": str(tmp_path / "key.pem")})
        async with running.connected(settings) as gopay:
            with pytest.raises(BadSetting, match="HUB_GOPAY_PRIVATE_KEY_FILE"):
                await gopay.probe()

    async def test_a_url_that_answers_otherwise_is_a_broken_contract(self, running: Running) -> None:
        async with Http(f"{running.url}/v1.0", attempts=1) as http:
            with pytest.raises(ContractBroken, match=r"404 .*HUB_GOPAY_URL"):
                await Gopay(running.settings, http).probe()
