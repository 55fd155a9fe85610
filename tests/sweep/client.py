"""A client that is not put off: it repeats what it asks, with the same key, until somebody answers."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

PATIENCE = 40.0
FAULTS = frozenset({"INTERNAL", "TRY_LATER"})
AWAY = frozenset({502, 503, 504})


class Client:
    """Asks as the officer; notes in ``told`` what it was told of each step."""

    def __init__(self, http: httpx.AsyncClient, token: str, told: list[tuple[str, Any]]) -> None:
        self._http, self.told = http, told
        self._headers = {"authorization": f"Bearer {token}", "hub-purpose": "handling", "accept-language": "en"}

    async def graph(self, step: str, query: str, **variables: Any) -> Any:
        """The data of an answer without errors; a masked fault is no answer."""
        async with asyncio.timeout(PATIENCE):
            while True:
                sent = await self.send(step, "POST", "/graphql", json={"query": query, "variables": variables})
                answer = sent.json()
                if not {error["extensions"]["code"] for error in answer.get("errors", ())} & FAULTS:
                    break
        assert not answer.get("errors"), answer
        self.told.append((step, answer["data"]))
        return answer["data"]

    async def send(self, step: str, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer to a request that is repeated until there is one."""
        headers = {**self._headers, "x-step": step, **request.pop("headers", {})}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self._http.request(method, path, headers=headers, **request)
                except httpx.TransportError:
                    await asyncio.sleep(0.03)
                    continue
                if answer.status_code not in AWAY:
                    return answer
