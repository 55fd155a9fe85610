"""The payments sandbox enforces the contract: every check has its code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from hub.connectors.gopay import signing
from hub.connectors.gopay.client import TOKEN, external_id
from hub.connectors.gopay.connector import DETAIL, LIST
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.gopay.sandbox.history import History
from hub.connectors.gopay.settings import GopaySettings
from hub.demo.world import complaints
from tests.connectors.gopay.sandbox_history import NOON, TODAY, history, settings

__all__ = ["history", "settings"]


@dataclass
class Clock:
    """The sandbox's clock, which a test can move."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Caller:
    """A client of the contract that signs its calls itself, so that a test can change one part."""

    http: httpx.AsyncClient
    settings: GopaySettings
    clock: Clock
    token: str = ""

    async def grant(self, body: Any = None, at: str | None = None, **changed: str) -> dict[str, Any]:
        """Return the response to a token request, with ``changed`` headers after signing."""
        at = at or signing.timestamp(self.clock.at)
        signature = signing.asymmetric_signature(self.settings.private_key(), self.settings.client_key, at)
        headers = {"X-TIMESTAMP": at, "X-CLIENT-KEY": self.settings.client_key, "X-SIGNATURE": signature} | changed
        answer = await self.http.post(TOKEN, json=body or {"grantType": "client_credentials"}, headers=headers)
        return dict(answer.json())

    async def ask(self, body: Any, path: str = LIST, **changed: str | None) -> dict[str, Any]:
        """Return the response to a signed call, with ``changed`` headers (None: removed) after signing."""
        self.token = self.token or (await self.grant())["accessToken"]
        raw, at = body if isinstance(body, bytes) else signing.dumped(body), signing.timestamp(self.clock.at)
        secret = self.settings.client_secret.get_secret_value()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "X-TIMESTAMP": at,
            "X-SIGNATURE": signing.symmetric_signature(secret, "POST", path, self.token, raw, at),
            "X-PARTNER-ID": self.settings.partner_id,
            "X-EXTERNAL-ID": external_id(),
            "CHANNEL-ID": self.settings.channel_id,
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        kept = {name: value for name, value in headers.items() if value is not None}
        answer = await self.http.post(path, content=raw, headers=kept)
        result: dict[str, Any] = answer.json()
        assert result["responseCode"].startswith(str(answer.status_code))
        assert len(result["responseMessage"]) <= 150
        assert answer.headers["X-Contract-Status"] == "assumed"
        return result


@pytest.fixture
async def caller(settings: GopaySettings, history: History) -> AsyncIterator[Caller]:
    clock = Clock()
    app = Starlette(routes=GopaySandbox(settings, history, clock, timedelta()).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        yield Caller(http, settings, clock)


def window(days: float = 1, size: object = 50, **more: Any) -> dict[str, Any]:
    """Return a valid request for the last ``days``."""
    start, end = signing.timestamp(NOON - timedelta(days=days)), signing.timestamp(NOON)
    return {"fromDateTime": start, "toDateTime": end, "pageSize": size, "pageNumber": "0"} | more


class TestToken:
    async def test_a_signed_request_gets_a_token_for_fifteen_minutes(self, caller: Caller) -> None:
        answer = await caller.grant()
        assert (answer["responseCode"], answer["tokenType"], answer["expiresIn"]) == ("2007300", "Bearer", "900")

    async def test_a_request_as_midtrans_sdk_makes_it_is_accepted(self, caller: Caller) -> None:
        at = f"{caller.clock.at:%Y-%m-%dT%H:%M:%S}.123Z"
        answer = await caller.grant({"grant_type": "client_credentials"}, at=at)
        assert answer["responseCode"] == "2007300"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"X-SIGNATURE": "AAAA"}, "4017300"),
            ({"X-CLIENT-KEY": "other"}, "4017300"),
            ({"X-CLIENT-KEY": ""}, "4007302"),
            ({"X-TIMESTAMP": "2026-06-10 12:00:00"}, "4007301"),
            ({"X-TIMESTAMP": "0001-01-01T00:00:00+07:00"}, "4007301"),
        ],
    )
    async def test_a_wrong_request_gets_none(self, caller: Caller, changed: dict[str, Any], code: str) -> None:
        answer = await caller.grant(**changed)
        assert answer["responseCode"] == code
        assert "accessToken" not in answer

    async def test_a_request_two_minutes_off_is_stale(self, caller: Caller) -> None:
        codes = [
            (await caller.grant(at=signing.timestamp(caller.clock.at + timedelta(seconds=off))))["responseCode"]
            for off in (-121, -119, 119, 121)
        ]
        assert codes == ["4017300", "2007300", "2007300", "4017300"]

    async def test_another_grant_is_refused(self, caller: Caller) -> None:
        assert (await caller.grant({"grantType": "password"}))["responseCode"] == "4007301"


class TestDoor:
    async def test_a_good_call_is_answered(self, caller: Caller) -> None:
        assert (await caller.ask(window()))["responseCode"] == "2001200"

    async def test_a_body_with_space_is_signed_by_its_minified_form(self, caller: Caller) -> None:
        caller.token = (await caller.grant())["accessToken"]
        secret, at = caller.settings.client_secret.get_secret_value(), signing.timestamp(caller.clock.at)
        signature = signing.symmetric_signature(secret, "POST", LIST, caller.token, signing.dumped(window()), at)
        spaced = json.dumps(window(), indent=4).encode()
        assert (await caller.ask(spaced, X_SIGNATURE=signature))["responseCode"] == "2001200"

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("Authorization", None, "4001202"),
            ("Authorization", "Bearer nobody", "4011203"),
            ("X_TIMESTAMP", None, "4001202"),
            ("X_TIMESTAMP", "today", "4001201"),
            ("X_TIMESTAMP", "2026-06-10T11:57:00+07:00", "4011200"),
            ("X_TIMESTAMP", "2026-06-10T05:00:01Z", "4011200"),
            ("X_SIGNATURE", None, "4001202"),
            ("X_SIGNATURE", "AAAA", "4011200"),
            ("X_PARTNER_ID", None, "4001202"),
            ("X_PARTNER_ID", "NOBODY", "4041216"),
            ("X_EXTERNAL_ID", None, "4001202"),
            ("X_EXTERNAL_ID", "1" * 37, "4001201"),
            ("X_EXTERNAL_ID", "with-dashes", "4001201"),
            ("CHANNEL_ID", None, "4001202"),
            ("CHANNEL_ID", "123456", "4001201"),
        ],
    )
    async def test_each_header_is_checked(self, caller: Caller, name: str, value: str | None, code: str) -> None:
        changed: dict[str, Any] = {name: value}
        assert (await caller.ask(window(), **changed))["responseCode"] == code

    async def test_an_expired_token_differs_from_an_unknown_one(self, caller: Caller) -> None:
        assert (await caller.ask(window()))["responseCode"] == "2001200"
        caller.clock.at += timedelta(seconds=900)
        assert (await caller.ask(window()))["responseCode"] == "4011201"

    async def test_an_external_id_is_good_once_a_day_across_services(self, caller: Caller) -> None:
        assert (await caller.ask(window(), X_EXTERNAL_ID="A1"))["responseCode"] == "2001200"
        assert (await caller.ask(window(), X_EXTERNAL_ID="A1"))["responseCode"] == "4091200"
        assert (await caller.ask({}, DETAIL, X_EXTERNAL_ID="A1"))["responseCode"] == "4091300"

    async def test_a_refused_call_has_used_its_external_id_up(self, caller: Caller) -> None:
        assert (await caller.ask(window(), X_EXTERNAL_ID="B1", X_SIGNATURE="AAAA"))["responseCode"] == "4011200"
        assert (await caller.ask(window(), X_EXTERNAL_ID="B1"))["responseCode"] == "4091200"

    async def test_at_midnight_in_jakarta_external_ids_are_free_again(self, caller: Caller) -> None:
        caller.clock.at = datetime(2026, 6, 10, 16, 59, 59, tzinfo=UTC)
        assert (await caller.ask(window(), X_EXTERNAL_ID="C1"))["responseCode"] == "2001200"
        caller.clock.at += timedelta(seconds=1)
        assert (await caller.ask(window(), X_EXTERNAL_ID="C1"))["responseCode"] == "2001200"
        caller.clock.at += timedelta(minutes=1)
        assert (await caller.ask(window(), X_EXTERNAL_ID="C1"))["responseCode"] == "4091200"


class TestList:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "4001200"),
            (b"[]", "4001200"),
            (window(size=51), "4001201"),
            (window(size="51"), "4001201"),
            (window(size="0"), "4001201"),
            (window(size="ten"), "4001201"),
            (window(size=True), "4001201"),
            (window(pageNumber="-1"), "4001201"),
            (window(fromDateTime="2026-06-09"), "4001201"),
            (window(fromDateTime="2026-06-09T00:00:00"), "4001201"),
            (window(days=-1), "4001201"),
            (window(days=91.1), "4001201"),
            (window(days=184.1, toDateTime="2025-12-31T00:00:00+07:00"), "4001201"),
            (window(days=184, toDateTime="2025-12-31T00:00:00+07:00"), "2001200"),
            (window(days=91), "2001200"),
            (window(additionalInfo={"types": ["GIFT"]}), "4001201"),
            ({}, "2001200"),
        ],
    )
    async def test_each_field_is_checked(self, caller: Caller, body: Any, code: str) -> None:
        assert (await caller.ask(body))["responseCode"] == code

    async def test_pages_of_ten_by_default_count_from_zero(self, caller: Caller) -> None:
        body = window(days=2)
        del body["pageSize"]
        first = (await caller.ask(body))["detailData"]
        second = (await caller.ask(body | {"pageNumber": 1}))["detailData"]
        both = (await caller.ask(window(days=2, size="20")))["detailData"]
        assert len(first) == len(second) == 10
        assert first + second == both

    async def test_a_page_behind_the_last_is_empty(self, caller: Caller) -> None:
        assert (await caller.ask(window(pageNumber="900")))["detailData"] == []

    async def test_only_payments_are_stored(self, caller: Caller) -> None:
        assert (await caller.ask(window(additionalInfo={"types": ["TOP_UP"]})))["detailData"] == []

    async def test_one_payment_is_found_by_its_partner_reference(self, caller: Caller) -> None:
        cited = [c.payment for c in complaints(TODAY) if c.payment][-1]
        found = (await caller.ask(window(days=91, partnerReferenceNo=cited.reference)))["detailData"]
        assert [item["amount"]["value"] for item in found][:1] == [f"{cited.amount}.00"]


class TestDetail:
    async def test_a_payment_is_found_by_either_reference(self, caller: Caller, history: History) -> None:
        payment = history.payment_at(1000)
        for body in (
            {"additionalInfo": {"referenceNo": payment.reference}},
            {"additionalInfo": {"originalReferenceNo": payment.reference}},
            {"originalPartnerReferenceNo": payment.partner},
        ):
            answer = await caller.ask(body, DETAIL)
            assert (answer["responseCode"], answer["referenceNo"]) == ("2001300", payment.reference)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "4001302"),
            ({"additionalInfo": []}, "4001302"),
            ({"additionalInfo": {"referenceNo": "NOBODY"}}, "4041301"),
            ({"originalPartnerReferenceNo": "NOBODY"}, "4041301"),
        ],
    )
    async def test_an_unknown_action_is_refused(self, caller: Caller, body: dict[str, Any], code: str) -> None:
        assert (await caller.ask(body, DETAIL))["responseCode"] == code
