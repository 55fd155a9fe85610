"""Answers of the gateway that the sandbox does not give: broken envelopes, cursors that lead nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from hub.connectors.blangkon.connector import Blangkon, BlangkonSettings, years_at
from hub.connectors.blangkon.envelope import budget_wait, read
from hub.errors import Stop, TryLater
from tests.connectors.running import run

LAST_YEAR, THIS_YEAR = years_at(datetime.now(UTC))


class TestEnvelope:
    """Reading answers that the sandbox does not give."""

    def test_waiting_for_the_budget(self) -> None:
        assert budget_wait({}, 0) == 0
        assert budget_wait({"x-ratelimit-remaining": "4", "x-ratelimit-reset": "9"}, 0) == 0
        assert budget_wait({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, 0) == 9
        assert budget_wait({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000030"}, 1_800_000_000) == 30
        assert budget_wait({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000000"}, 1_800_000_000) == 0
        assert budget_wait({"x-ratelimit-remaining": "0"}, 0) == 60

    @pytest.mark.parametrize("data", [None, []])
    def test_no_rows(self, data: object) -> None:
        answer = read(httpx.Response(200, json={"success": True, "data": data, "meta": None}))
        assert answer is not None
        assert (answer.rows, answer.cursor, answer.more) == ([], None, False)

    @pytest.mark.parametrize(
        "body",
        [
            {"success": True, "data": {"order_id": "1"}, "meta": {"has_more": False}},
            {"success": True, "data": ["1"], "meta": {"has_more": False}},
            {"success": True, "data": [{}], "meta": {}},
            {"success": True, "data": [{}], "meta": {"has_more": "no"}},
            {"success": True, "data": [{}], "meta": {"has_more": True, "cursor": 7}},
        ],
    )
    def test_a_broken_envelope_stops(self, body: dict[str, Any]) -> None:
        with pytest.raises(Stop, match="envelope"):
            read(httpx.Response(200, json=body))

    def test_a_page_of_the_firewall_is_no_envelope(self) -> None:
        with pytest.raises(TryLater):
            read(httpx.Response(200, text="<html>checking your browser</html>"))
        with pytest.raises(TryLater):
            read(httpx.Response(522, text="<html>"))
        with pytest.raises(Stop, match="address"):
            read(httpx.Response(403, text="<html>"))

    def test_other_refusals_stop(self) -> None:
        with pytest.raises(Stop, match="tahun is required"):
            read(httpx.Response(400, json={"success": False, "error": "tahun is required"}))


class Scripted:
    """Stands for ``Http``: answers in turn."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies, self.asked = list(bodies), list[dict[str, Any]]()

    async def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        self.asked.append(request["params"])
        return httpx.Response(200, json={"success": True, **self.bodies.pop(0)})


class TestCursors:
    """Where the gateway's own cursors could go wrong, which the sandbox's do not."""

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
        assert [asked.get("cursor") for asked in http.asked] == [None, "c1", None]

    async def test_a_cursor_that_stands_still_stops(self) -> None:
        same = {"data": [{"order_id": "1"}], "meta": {"cursor": "c1", "has_more": True}}
        with pytest.raises(Stop, match="not where"):
            [page async for page in self.connector(Scripted(same, same)).pages(run())]

    async def test_more_without_a_cursor_stops(self) -> None:
        lost = {"data": [{"order_id": "1"}], "meta": {"cursor": None, "has_more": True}}
        with pytest.raises(Stop, match="not where"):
            [page async for page in self.connector(Scripted(lost)).pages(run())]
