"""A client of ``graphql-transport-ws`` as plain as can be, for tests that send what no library would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.waits import hanging


@dataclass
class Socket:
    connection: ClientConnection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        async with hanging():
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def begin(self, **payload: str) -> None:
        await self.send(type="connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, query: str, name: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=name, payload={"query": query, "variables": variables})

    async def next(self, name: str = "1") -> Any:
        """Return the next result of an operation."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", name), message
        return message["payload"]

    async def closed(self) -> tuple[int, str]:
        """Return the code and the reason with which the server closes the connection."""
        async with hanging():
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def connected(
    url: str, token: str = "", protocol: str = "graphql-transport-ws", origin: str | None = None
) -> AsyncIterator[Socket]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    async with connect(
        address,
        subprotocols=[Subprotocol(protocol)],
        additional_headers=headers,
        origin=None if origin is None else Origin(origin),
        proxy=None,
    ) as connection:
        yield Socket(connection)
