"""``GET /feed``: the changes after a cursor and then live ones, as server-sent events or as NDJSON.

Each event has its cursor as ``id``, which a browser's ``EventSource`` sends back in ``Last-Event-ID``. Events are
``change``, ``gap`` (what the reader did not get), ``checkpoint`` (the reader has got everything so far) and ``end``
(why the stream ends). As NDJSON each line has ``event``, ``cursor`` and ``data``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from hub.api.authentication import EndpointAuth
from hub.api.graphql.quotas import Quota
from hub.api.streams.metering import Meter
from hub.api.streams.registry import Stream, StreamEnded, Streams
from hub.api.streams.sending import DISCONNECTED, EVENT_STREAM, StreamBody, server_sent
from hub.lru_cache import LruCache
from hub.messages import in_language
from hub.schema.feed_arguments import position_after, stream_filter
from hub.store.database import Database
from hub.store.feed.changes import Change
from hub.store.feed.cursors import Positions
from hub.streams.broadcaster import Broadcaster
from hub.streams.following import Checkpoint, Event, Following, Gap, GapReason, Message
from hub.streams.handover import Filter
from hub.viewer import Viewer
from hub.web.headers import header
from hub.web.language import request_language
from hub.web.operations import NDJSON, TEXT, Schema
from hub.web.operations import Event as EventDeclaration
from hub.web.request_error import RequestError

RECONNECT = b"retry: 2000\n\n"
"""Lets a browser's ``EventSource`` connect again after two seconds."""
_ENCODED = LruCache[tuple[Change, str]](1_000)
"""The changes that were sent last, as JSON, by their identity: readers that see the same share them."""


_OBJECT_OR_NULL: Schema = {"type": ["object", "null"]}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_TIME: Schema = {"type": "string", "format": "date-time"}


def _exactly(properties: Mapping[str, Schema], optional: Sequence[str] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


CHANGE: Schema = _exactly(
    {
        "system": TEXT,
        "position": {"type": "integer", "minimum": 1},
        "kind": TEXT,
        "subject": {"type": "string", "description": "The ticket, or the id of the record in its system."},
        "fields": {"type": "array", "items": TEXT, "description": "What changed; empty for a new subject."},
        "before": _OBJECT_OR_NULL,
        "after": _OBJECT_OR_NULL,
        "removed": {"type": "boolean"},
        "cause": _TEXT_OR_NULL,
        "actor": _TEXT_OR_NULL,
        "requestId": _TEXT_OR_NULL,
        "effectiveAt": _TIME,
        "recordedAt": _TIME,
    }
)
_GAP: Schema = _exactly(
    {
        "system": TEXT,
        "from": TEXT,
        "to": TEXT,
        "reason": {"enum": [reason.value for reason in GapReason]},
        "snapshot": {"type": "string", "description": "The request whose answer replaces what is missing."},
    }
)
_END: Schema = _exactly({"code": TEXT, "message": TEXT, "retryAfter": {"type": "integer"}}, optional=["retryAfter"])
EVENTS: Mapping[str, EventDeclaration] = {
    "change": EventDeclaration(summary="A change that the viewer may see", payload=CHANGE),
    "gap": EventDeclaration(summary="Changes that the reader did not get", payload=_GAP),
    "checkpoint": EventDeclaration(summary="The reader has everything up to the cursor", payload=_exactly({})),
    "end": EventDeclaration(summary="Why the stream ends, and whether to come back", payload=_END),
}
"""The data of each event, as JSON Schema."""


class Item(NamedTuple):
    """One event of the stream: its name, the cursor behind it, and its data as JSON."""

    event: str
    cursor: str
    data: str


class FeedEndpoint:
    """The endpoint, an ASGI app. ``kinds`` are the names of the kinds of records."""

    def __init__(
        self,
        auth: EndpointAuth,
        streams: Streams,
        database: Database,
        broadcaster: Broadcaster,
        kinds: Sequence[str],
    ) -> None:
        self._auth, self._streams, self._kinds = auth, streams, kinds
        self._database, self._broadcaster = database, broadcaster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        async with self._auth.authenticate(request, allow_persisted_only=False) as quota:
            await request.body()
            after, wanted = self._arguments(request, quota.viewer)
            with self._streams.slot(quota.account):
                following = Following(self._database, self._broadcaster, quota.viewer, after, wanted)
                await following.begin()
                await self._send(request, quota, following, send)

    def _arguments(self, request: Request, viewer: Viewer) -> tuple[Positions | None, Filter]:
        chosen = {name: _values(request, name) for name in ("kinds", "systems", "subjects")}
        try:
            # A browser repeats the URL when it connects again, and adds where it was.
            after = header(request, "last-event-id") or request.query_params.get("after")
            return position_after(after), stream_filter(viewer, self._kinds, **chosen)
        except GraphQLError as bad:
            raise RequestError(400, "BAD_INPUT", bad.message) from None

    async def _send(self, request: Request, quota: Quota, following: Following, send: Send) -> None:
        lines = NDJSON in header(request, "accept")
        form = _line if lines else _server_sent
        body = StreamBody(request, send, NDJSON if lines else EVENT_STREAM, lambda: form(_item(following.checkpoint())))
        await body.start(b"" if lines else RECONNECT)
        try:
            async with self._streams.open(request, quota.viewer) as stream, body.open(stream):
                async for each in checked(stream, quota, following):
                    await body.write(form(_item(each)))
        except StreamEnded as ended:
            if ended.code == DISCONNECTED:
                return
            message = in_language(ended.message, request_language(request.scope))
            await body.write(form(Item("end", following.cursor, _json({"message": message, **ended.extensions}))))
        await body.finish()


async def checked(stream: Stream, quota: Quota, following: Following) -> AsyncGenerator[Message, None]:
    """Yield what the reader gets: each message after a check of its credentials, charged like an object of a query."""
    meter = Meter(quota)
    async with aclosing(following.batches()) as batches:
        async for batch in batches:
            for message in batch:
                await meter.charge(0 if isinstance(message, Checkpoint) else 1)
                await stream.check()
                yield message


def _values(request: Request, name: str) -> list[str] | None:
    """Return the values of a parameter that may be repeated, or have several separated by commas."""
    given = request.query_params.getlist(name)
    return [value for each in given for value in each.split(",") if value] if given else None


def _item(message: Message) -> Item:
    match message:
        case Event(change, cursor):
            return Item("change", cursor, _ENCODED.get(id(change), lambda: (change, _json(change_json(change))))[1])
        case Gap() as gap:
            data = {"system": gap.system, "from": gap.start, "to": gap.end, "reason": gap.reason.value}
            return Item("gap", gap.end, _json({**data, "snapshot": gap.snapshot}))
        case Checkpoint(cursor):
            return Item("checkpoint", cursor, "{}")


def change_json(change: Change) -> dict[str, Any]:
    """Return a change with the names of the fields of the graph."""
    return {
        "system": change.system,
        "position": change.position,
        "kind": change.kind,
        "subject": change.subject,
        "fields": change.fields,
        "before": change.before,
        "after": change.after,
        "removed": change.removed,
        "cause": change.cause,
        "actor": change.actor,
        "requestId": change.correlation,
        "effectiveAt": change.effective_at,
        "recordedAt": change.recorded_at,
    }


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _server_sent(item: Item) -> bytes:
    return server_sent(item.data, event=item.event, id_=item.cursor)


def _line(item: Item) -> bytes:
    return f'{{"event":"{item.event}","cursor":"{item.cursor}","data":{item.data}}}\n'.encode()
