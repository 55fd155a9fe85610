"""The AsyncAPI 3 document of the channels that routes declare (``hub.web.operations``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.web.operations import Access, Channel, Event

VERSION = "3.1.0"


def asyncapi(channels: Iterable[Channel], version: str, origin: str) -> dict[str, Any]:
    """Return the document; ``version`` is that of the hub, ``origin`` its address."""
    found = sorted(channels, key=lambda each: each.name)
    scheme, _, host = origin.partition("://")
    operations: dict[str, Any] = {}
    for channel in found:
        for action, events in (("send", channel.sends), ("receive", channel.receives)):
            if events:
                operations[f"{action}{channel.name[0].upper()}{channel.name[1:]}"] = _operation(action, channel, events)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Simpul",
            "version": version,
            "description": "What the hub sends and receives besides requests and their responses: streams, calls of"
            " systems (hooks), and calls of clients (webhooks). Actions are those of the hub.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "http": {"host": host, "protocol": scheme, "description": "Requests and server-sent events."},
            "websocket": {"host": host, "protocol": "wss" if scheme == "https" else "ws", "description": "WebSocket."},
        },
        "channels": {channel.name: _channel(channel) for channel in found},
        "operations": operations,
        "components": {"securitySchemes": _SECURITY_SCHEMES},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    server = "http" if channel.method else "websocket"
    return {
        "address": channel.address,
        "title": channel.title,
        "description": channel.description,
        **({"servers": [{"$ref": f"#/servers/{server}"}]} if channel.address else {}),
        "messages": {name: _message(name, event) for name, event in {**channel.receives, **channel.sends}.items()},
        **({} if channel.method else {"bindings": {"ws": {"method": "GET"}}}),
    }


def _message(name: str, event: Event) -> dict[str, Any]:
    return {
        "name": name,
        "summary": event.summary,
        "contentType": event.content_type,
        "payload": dict(event.payload),
        **({"headers": dict(event.headers)} if event.headers else {}),
    }


def _operation(action: str, channel: Channel, events: Mapping[str, Event]) -> dict[str, Any]:
    schemes = {
        Access.TOKEN: ["token"],
        Access.OPTIONAL_TOKEN: ["token", "trackingCode"],
        Access.SIGNATURE: ["signature"],
    }.get(channel.access, [])
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{name}"} for name in events],
        **({"bindings": {"http": {"method": channel.method}}} if channel.method else {}),
        **({"security": [{"$ref": f"#/components/securitySchemes/{each}"} for each in schemes]} if schemes else {}),
    }


_SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "An access token of the hub; see docs/oauth.md."},
    "trackingCode": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Hub-Tracking-Code",
        "description": "Ticket and tracking code of a complaint, for its reporter.",
    },
    "signature": {"type": "asymmetricEncryption", "description": "A signature of the call, as its contract says."},
}
