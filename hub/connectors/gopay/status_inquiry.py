"""Midtrans' Get Status, which returns the status of a payment after a classic notification.

Contract gopay#get-status.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from hub.connectors.gopay.notifications import MIDTRANS
from hub.connectors.gopay.settings import GopaySettings
from hub.errors import ConfigurationError, ContractBroken, TryLater
from hub.http_client import Http
from hub.http_client.response_body import Unreadable, json_of


async def get_status(settings: GopaySettings, http: Http, order_id: str) -> dict[str, Any] | None:
    """Return the status of an order; None if Midtrans has none of that id."""
    if not settings.status_url:
        return _read(await _request(settings, http, order_id), order_id)
    async with Http(settings.status_url, system="gopay") as other:
        return _read(await _request(settings, other, order_id), order_id)


async def _request(settings: GopaySettings, http: Http, order_id: str) -> httpx.Response:
    path = f"/v2/{quote(order_id, safe='')}/status"
    return await http.send("GET", path, idempotent=True, headers=basic(settings.need("server_key")))


def basic(server_key: str) -> dict[str, str]:
    """Return the headers of Midtrans' Core API: the server key is the user name, and there is no password."""
    credentials = base64.b64encode(f"{server_key}:".encode()).decode()
    return {"Authorization": f"Basic {credentials}", "Accept": "application/json"}


def _read(response: httpx.Response, order_id: str) -> dict[str, Any] | None:
    """Read the answer; ``status_code`` in the body counts if it differs from the HTTP status."""
    body = _object(response)
    code = str(body.get("status_code") or response.status_code)
    if code == "404":
        return None
    if code in {"401", "403"}:
        raise ConfigurationError(f"Midtrans refuses HUB_GOPAY_SERVER_KEY ({code})")
    if code == "429" or code.startswith("5"):
        raise TryLater(f"Midtrans cannot return the status of a payment now ({code})")
    if "transaction_status" not in body or body.get("order_id") != order_id:
        raise ContractBroken(f"Midtrans answered {code} without the status of the requested order")
    return {name: body[name] for name in MIDTRANS & body.keys()}


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = json_of(response.content)
    except Unreadable as error:
        raise ContractBroken(f"the answer of Midtrans {error}") from None
    if not isinstance(body, dict):
        raise ContractBroken("the answer of Midtrans is no object")
    return body
