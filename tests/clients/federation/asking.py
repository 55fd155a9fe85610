"""Asks the one process and a gateway, and compares what they answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.api.streams.harness import server_sent_events
from tests.clients.hub_server import TOKEN

Answer = dict[str, Any]


def client() -> httpx.AsyncClient:
    """Return a client whose connections are kept."""
    return httpx.AsyncClient(trust_env=False, timeout=60)


async def asked(
    http: httpx.AsyncClient, url: str, token: str | None, query: str, variables: Mapping[str, Any] | None = None
) -> Answer:
    """Return the response of a GraphQL server."""
    headers = {"Authorization": f"Bearer {token}", "Hub-Purpose": "handling"} if token else {}
    response = await http.post(f"{url}/graphql", json={"query": query, "variables": variables}, headers=headers)
    answer: Answer = response.json()
    return answer


def codes(answer: Answer) -> set[tuple[str | None, str | None]]:
    """Return the codes of the errors, with the scopes that are missing.

    A set: the one process has one error for a field of the operation, a gateway one for each row or each request to a
    subgraph.
    """
    extensions = [error.get("extensions", {}) for error in answer.get("errors", ())]
    return {(each.get("code"), each.get("scope")) for each in extensions}


def compared(answer: Answer) -> tuple[Any, Any]:
    """Return what is the same however the graph is served."""
    return answer.get("data"), codes(answer)


@asynccontextmanager
async def subscribed(url: str, body: dict[str, Any]) -> AsyncIterator[AsyncGenerator[Any, None]]:
    """Yield the events of a subscription."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        client.stream("POST", f"{url}/graphql", json=body, headers=headers) as response,
    ):
        yield server_sent_events(response)
