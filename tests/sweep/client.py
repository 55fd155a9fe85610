"""A client that repeats its requests, with the same key, until it gets a response."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.waits import hanging

FAULTS = frozenset({"INTERNAL", "TRY_LATER"})
AWAY = frozenset({502, 503, 504})


class Client:
    """Sends requests as the officer; records in ``responses`` the response of each step."""

    def __init__(self, http: httpx.AsyncClient, token: str, responses: list[tuple[str, Any]]) -> None:
        self._http, self.responses = http, responses
        self._headers = {"authorization": f"Bearer {token}", "hub-purpose": "handling", "accept-language": "en"}

    async def graph(self, step: str, query: str, **variables: Any) -> Any:
        """Return the data of a response without errors; the client retries after a masked error."""
        async with hanging():
            while True:
                sent = await self.send(step, "POST", "/graphql", json={"query": query, "variables": variables})
                answer = sent.json()
                if not {error["extensions"]["code"] for error in answer.get("errors", ())} & FAULTS:
                    break
        assert not answer.get("errors"), answer
        self.responses.append((step, answer["data"]))
        return answer["data"]

    async def send(self, step: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the response to a request, which is repeated until there is one."""
        headers = {**self._headers, "x-step": step, **request.pop("headers", {})}
        async with hanging():
            while True:
                try:
                    answer = await self._http.request(method, path, headers=headers, **request)
                except httpx.TransportError:
                    await asyncio.sleep(0.03)
                    continue
                if answer.status_code not in AWAY:
                    return answer
