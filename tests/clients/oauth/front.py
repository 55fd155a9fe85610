"""A reverse proxy as a scanner of MCP servers needs it: at the hub's root is something that asks for a token.

The graph answers the public too, so without a token it is userinfo that is asked; with one it is the
graph. Whatever the hub refuses is passed on as it is; only ``initialize``, JSON-RPC's first call, is
put in words of GraphQL, and the answer in words of JSON-RPC.
"""

from __future__ import annotations

import json

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ONE_HOP = {"connection", "content-encoding", "content-length", "host", "transfer-encoding"}
"""Headers that are not passed on (RFC 9110, 7.6.1), or that are made anew."""
METHODS = ["DELETE", "GET", "OPTIONS", "POST"]


class Front:
    """The proxy; ``upstream`` is the hub's own address, set once it is known."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http, self.upstream = http, ""
        self.app = Starlette(
            routes=[Route("/", self.root, methods=["POST"]), Route("/{path:path}", self.rest, methods=METHODS)]
        )

    async def root(self, request: Request) -> Response:
        """What a scanner takes for an MCP server."""
        if "authorization" not in request.headers:
            return await self._passed(request, "GET", "/oauth/userinfo", b"")
        call = json.loads(await request.body())
        if call.get("method") != "initialize":
            return await self._passed(request, "POST", "/graphql", await request.body())
        answer = await self._passed(request, "POST", "/graphql", b'{"query": "{ __typename }"}')
        if answer.status_code != 200:
            return answer
        return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "result": json.loads(answer.body)["data"]})

    async def rest(self, request: Request) -> Response:
        """Everything else."""
        return await self._passed(request, request.method, request.url.path, await request.body())

    async def _passed(self, request: Request, method: str, path: str, body: bytes) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in ONE_HOP]
        url = httpx.URL(self.upstream + path, query=request.scope["query_string"])
        told = await self._http.request(method, url, headers=headers, content=body)
        answer = Response(told.content, told.status_code)
        for name, value in told.headers.multi_items():
            if name not in ONE_HOP:
                answer.headers.append(name, value)
        return answer
