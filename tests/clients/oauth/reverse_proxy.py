"""A reverse proxy for a scanner of MCP servers: the hub's root requires a token.

The graph also answers without a token, so the proxy forwards requests without one to userinfo, and others to the
graph. It forwards refusals of the hub unchanged; it translates only ``initialize``, the first call of JSON-RPC, to
GraphQL, and its response to JSON-RPC.
"""

from __future__ import annotations

import json

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ONE_HOP = {"connection", "content-encoding", "content-length", "host", "transfer-encoding"}
"""Headers that are not forwarded (RFC 9110, 7.6.1), or that are made again."""
METHODS = ["DELETE", "GET", "OPTIONS", "POST"]


class Front:
    """The proxy; ``upstream`` is the hub's address, which is set once it is known."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http, self.upstream = http, ""
        self.app = Starlette(
            routes=[Route("/", self.root, methods=["POST"]), Route("/{path:path}", self.rest, methods=METHODS)]
        )

    async def root(self, request: Request) -> Response:
        """Respond as an MCP server."""
        if "authorization" not in request.headers:
            return await self._passed(request, "GET", "/oauth/userinfo", b"")
        call = json.loads(await request.body())
        if call.get("method") != "initialize":
            return await self._passed(request, "POST", "/graphql", await request.body())
        answer = await self._passed(request, "POST", "/graphql", b'{"query": "{ __typename }"}')
        if answer.status_code != 200:
            return answer
        return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "result": json.loads(bytes(answer.body))["data"]})

    async def rest(self, request: Request) -> Response:
        """Forward all other requests."""
        return await self._passed(request, request.method, request.url.path, await request.body())

    async def _passed(self, request: Request, method: str, path: str, body: bytes) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in ONE_HOP]
        url = httpx.URL(self.upstream + path, query=request.scope["query_string"])
        response = await self._http.request(method, url, headers=headers, content=body)
        answer = Response(response.content, response.status_code)
        for name, value in response.headers.multi_items():
            if name not in ONE_HOP:
                answer.headers.append(name, value)
        return answer
