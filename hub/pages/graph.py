"""Executes the documents of the pages in the hub's own graph, in this process.

A page is a client like any other: its document passes the same endpoint as ``POST /graphql``, with authentication,
limits, budgets and metrics. Only the network is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

from hub.api.graphql.request import GRAPHQL, JSON
from hub.auth.tracking_codes import HEADER
from hub.errors import RateLimited, TryLater
from hub.viewer import Viewer

DOCUMENTS = Path(__file__).with_name("documents")
VIEWER = "hub.page_viewer"
"""The key of the viewer in the ASGI scope of a page's operation. No request from outside can contain it."""

_UNAVAILABLE = {"TRY_LATER", "TIMEOUT"}


class WrongCode(Exception):
    """There is no complaint with this ticket and this tracking code."""


class PageFailed(Exception):
    """The graph refused a page's document, or a field failed; the message has the codes and no data."""


class BadAddress(PageFailed):
    """The address of a page has a value that its document cannot take, such as an id of nothing."""


@cache
def document(name: str) -> str:
    """Return the text of a registered document in ``hub/pages/documents``."""
    return (DOCUMENTS / f"{name}.graphql").read_text(encoding="utf-8")


class GraphClient:
    """Executes registered documents by ``endpoint``, the ASGI app of ``POST /graphql``."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint

    async def run(
        self,
        request: Request,
        name: str,
        variables: Mapping[str, Any],
        *,
        language: str,
        code: tuple[str, str] | None = None,
        viewer: Viewer | None = None,
        partial: bool = False,
    ) -> Mapping[str, Any]:
        """Return the data of the document ``name`` for ``viewer``, or the holder of ``code`` (ticket, tracking code).

        Without both the viewer is the public. ``partial``: what the viewer lacks a scope for is None instead of a
        failure. Raises ``WrongCode``, ``BadAddress``, ``RateLimited``, ``TryLater`` or ``PageFailed``.
        """
        body = orjson.dumps({"query": document(name), "variables": variables, "operationName": name.rpartition("/")[2]})
        headers = {"content-type": JSON, "accept": GRAPHQL, "accept-language": language}
        if code:
            headers[HEADER] = _header_value(*code)
        exchange = _Exchange(body)
        try:
            await self._endpoint(_scope(request, headers, viewer), exchange.receive, exchange.send)
        except HTTPException as error:
            if error.status_code == 401:
                raise WrongCode from error
            raise
        return exchange.data(partial=partial)


def _header_value(ticket: str, code: str) -> str:
    """Return ticket and code as one header; what no header can contain is replaced, and then matches nothing."""
    text = f"{''.join(ticket.split())} {''.join(code.split())}"
    return "".join(each if " " <= each <= "~" else "?" for each in text)


def _scope(request: Request, headers: Mapping[str, str], viewer: Viewer | None) -> Scope:
    """Return the scope of the operation: the page's own, with another path and other headers."""
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    own = {"method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "headers": named}
    return {**request.scope, **own, "path_params": {}, VIEWER: viewer}


class _Exchange:
    """The body of one request, and the response to it."""

    def __init__(self, body: bytes) -> None:
        self._body, self._status = body, 0
        self._parts: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}

    async def receive(self) -> Message:
        """Return the whole body."""
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Collect the response."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], dict(message["headers"])
        self._parts.append(message.get("body", b""))

    def data(self, *, partial: bool) -> Mapping[str, Any]:
        """Return the data; raises for every error, but for a missing scope if the answer may be ``partial``."""
        answer = orjson.loads(b"".join(self._parts))
        errors = answer.get("errors") or []
        found = {str(each.get("extensions", {}).get("code")) for each in errors}
        if not errors or (partial and found == {"FORBIDDEN"} and answer.get("data")):
            data: Mapping[str, Any] = answer["data"]
            return data
        after = int(self._headers.get(b"retry-after", b"0"))
        if "RATE_LIMITED" in found:
            raise RateLimited(errors[0]["message"], max(after, 1))
        if found & _UNAVAILABLE:
            raise TryLater(errors[0]["message"], after or None)
        if found == {"BAD_INPUT"}:
            raise BadAddress("BAD_INPUT")
        raise PageFailed(", ".join(sorted(found)))
