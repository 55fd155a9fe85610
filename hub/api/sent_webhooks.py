"""The description of the webhooks that the hub sends, for AsyncAPI; ``hub.store.webhooks.messages`` builds them."""

from __future__ import annotations

from hub.store.webhooks.terms import GAP
from hub.sync.webhook_consent import CHALLENGE
from hub.web.operations import TEXT, Access, Channel, Event, Schema

_HEADERS: Schema = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The same for each attempt."},
        "webhook-timestamp": {"type": "string", "description": "Unix seconds of the attempt."},
        "webhook-signature": {"type": "string", "description": "v1 or v1a signatures, separated by spaces."},
    },
}
_POSITION: Schema = {"type": "integer", "minimum": 0}
_VALUES: Schema = {"type": ["object", "null"]}
CHANGE: Schema = {
    "type": "object",
    "required": ["id", "system", "kind", "subject", "position", "cursor", "fields", "removed", "url"],
    "properties": {
        "id": TEXT,
        "system": TEXT,
        "kind": TEXT,
        "subject": TEXT,
        "position": _POSITION,
        "cursor": {"type": "string", "description": "From here the query changes goes on."},
        "fields": {"type": "array", "items": TEXT},
        "removed": {"type": "boolean"},
        "url": {"type": "string", "format": "uri", "description": "Where to fetch the change."},
        "before": {**_VALUES, "description": "With content FULL."},
        "after": {**_VALUES, "description": "With content FULL."},
        "effectiveAt": {"type": "string", "format": "date-time", "description": "With content FULL."},
    },
    "additionalProperties": False,
}
_GAP: Schema = {
    "type": "object",
    "required": ["system", "cursor", "from", "to", "snapshot", "reason"],
    "properties": {
        "system": TEXT,
        "cursor": TEXT,
        "from": _POSITION,
        "to": _POSITION,
        "snapshot": {"type": "string", "format": "uri"},
        "reason": TEXT,
    },
}
_CHALLENGE: Schema = {"type": "object", "required": ["challenge"], "properties": {"challenge": TEXT}}


def _signed(type_: Schema, data: Schema, summary: str) -> Event:
    properties = {"type": type_, "timestamp": {"type": "string", "format": "date-time"}, "data": data}
    payload = {"type": "object", "required": ["type", "timestamp", "data"], "properties": properties}
    return Event(summary=summary, payload=payload, headers=_HEADERS)


_CLOUD_EVENT = Event(
    summary="A change or a gap with the format CLOUDEVENTS (CloudEvents 1.0, structured mode)",
    content_type="application/cloudevents+json",
    headers=_HEADERS,
    payload={
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            **dict.fromkeys(("id", "source", "type", "subject", "datacontenttype"), TEXT),
            "specversion": {"const": "1.0"},
            "time": {"type": "string", "format": "date-time"},
            "data": {"anyOf": [CHANGE, _GAP]},
        },
    },
)

WEBHOOKS = Channel(
    name="webhooks",
    title="Webhooks of clients",
    description="The hub calls the URL that a client registered by registerWebhook; see docs/webhooks.md. Answer 2xx.",
    address=None,
    method="POST",
    access=Access.SIGNATURE,
    sends={
        "change": _signed(
            {"type": "string", "pattern": r"\.(created|changed|removed)$"}, CHANGE, "A change that the client may see"
        ),
        "gap": _signed({"const": GAP}, _GAP, "Changes that were dropped before they could be sent"),
        "challenge": _signed({"const": CHALLENGE}, _CHALLENGE, "Whether the endpoint agrees to be called"),
        "cloudEvent": _CLOUD_EVENT,
    },
)
