"""Responses of the gateway that the sandbox does not give: broken envelopes, invalid cursors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from hub.connectors.blangkon.connector import Blangkon, BlangkonSettings, years_at
from hub.connectors.blangkon.envelope import budget_wait, read
from hub.errors import MAX_RETRY_AFTER, ConfigurationError, ContractBroken
from hub.testing.running import run

LAST_YEAR, THIS_YEAR = years_at(datetime.now(UTC))


class TestEnvelope:
    """Reading responses that the sandbox does not give."""

    @pytest.mark.parametrize(
        ("remaining", "reset", "wait"),
        [
            (None, None, 0),
            ("4", "9", 0),
            ("0", "9", 9),
            ("0", "1800000030", 30),
            ("0", "1800000030000", 30),
            ("0", "Fri, 15 Jan 2027 08:00:30 GMT", 30),
            ("0", "1700000000", 0),
            ("0", "9999999999", MAX_RETRY_AFTER),
            ("0", "tomorrow", 60),
            ("0", None, 60),
        ],
    )
    def test_waiting_for_the_budget(self, remaining: str | None, reset: str | None, wait: float) -> None:
        quota_headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
        headers = {name: value for name, value in quota_headers.items() if value is not None}
        assert budget_wait(headers, datetime.fromtimestamp(1_800_000_000, UTC)) == wait

    @pytest.mark.parametrize("data", [None, []])
    def test_no_rows(self, data: object) -> None:
        answer = read(httpx.Response(200, json={"success": True, "data": data, "meta": None}))
        assert answer is not None
        assert (answer.rows, answer.cursor, answer.more) == ([], None, False)

    @pytest.mark.parametrize(
        "body",
        [
            {"success": True, "data": {"order_id": "1"}, "meta": {"has_more": False}},
            {"success": True, "data": "", "meta": {"has_more": False}},
            {"success": True, "data": {}, "meta": {"has_more": False}},
            {"success": True, "data": [], "meta": False},
            {"success": True, "data": [{}], "meta": {}},
            {"success": True, "data": [{}], "meta": {"has_more": "no"}},
            {"success": True, "data": [{}], "meta": {"has_more": True, "cursor": 7}},
        ],
    )
    def test_an_envelope_of_another_shape_is_a_broken_contract(self, body: dict[str, Any]) -> None:
        with pytest.raises(ContractBroken, match="envelope"):
            read(httpx.Response(200, json=body))

    def test_a_row_that_is_no_object_is_one_nobody_can_read(self) -> None:
        answer = read(httpx.Response(200, json={"success": True, "data": [{"a": 1}, "1"], "meta": {"has_more": False}}))
        assert answer is not None
        assert answer.rows == [{"a": 1}, {}]

    def test_a_page_of_the_firewall_is_no_envelope(self) -> None:
        for status in (200, 404, 403):
            with pytest.raises(ContractBroken, match=f"HTTP {status} without its envelope"):
                read(httpx.Response(status, text="<html>checking your browser</html>"))

    def test_other_refusals_stop(self) -> None:
        with pytest.raises(ConfigurationError, match="address"):
            read(httpx.Response(403, json={"error": "this address may not"}))
        with pytest.raises(ConfigurationError, match="tahun is required"):
            read(httpx.Response(400, json={"success": False, "error": "tahun is required"}))


class Scripted:
    """A replacement of ``Http`` with prepared responses."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies, self.requests = list(bodies), list[dict[str, Any]]()

    async def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        self.requests.append(request["params"])
        return httpx.Response(200, json={"success": True, **self.bodies.pop(0)})


class TestCursors:
    """Errors of the gateway's cursors, which the sandbox does not make."""

    def connector(self, http: Scripted) -> Blangkon:
        settings = BlangkonSettings(token=SecretStr("t"), klpd="D999")
        return Blangkon(settings, http)  # type: ignore[arg-type]

    async def test_the_place_is_kept_when_the_end_has_no_cursor(self) -> None:
        rows = {"data": [{"order_id": "1"}]}
        http = Scripted(
            {**rows, "meta": {"cursor": "c1", "has_more": True}},
            {**rows, "meta": {"cursor": None, "has_more": False}},
            {"data": [], "meta": {"cursor": None, "has_more": False}},
        )
        pages = [page async for page in self.connector(http).pages(run())]
        assert pages[-1].cursor == {LAST_YEAR: "c1", THIS_YEAR: None}
        assert [request.get("cursor") for request in http.requests] == [None, "c1", None]

    async def test_a_cursor_that_does_not_advance_breaks_the_contract(self) -> None:
        same = {"data": [{"order_id": "1"}], "meta": {"cursor": "c1", "has_more": True}}
        with pytest.raises(ContractBroken, match="without a new cursor"):
            [page async for page in self.connector(Scripted(same, same)).pages(run())]

    async def test_more_without_a_cursor_is_a_broken_contract(self) -> None:
        lost = {"data": [{"order_id": "1"}], "meta": {"cursor": None, "has_more": True}}
        with pytest.raises(ContractBroken, match="without a new cursor"):
            [page async for page in self.connector(Scripted(lost)).pages(run())]
