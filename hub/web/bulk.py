"""``POST /bulk/{system}``: a system's own records in bulk, NDJSON in and, once all of it is read, NDJSON out.

The answer waits for the end of the body, so that a client which does not read while it sends cannot
stall, and so that the HTTP status tells the truth. A body is taken as fast as it is stored and no
faster; what was stored when a client is gone stays, and the same body with the same key goes on there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import orjson
import structlog
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from hub.auth.scopes import may_sync
from hub.complaints.references import check_key
from hub.store.database import Cause
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.pushes import Told, Upload
from hub.sync.push import Push, Pushes
from hub.viewer import Viewer
from hub.web.allowance import Allowance
from hub.web.entrance import Entrance
from hub.web.envelope import Unfit
from hub.web.lines import Batch, TooSlow, batches
from hub.web.requests import request_id

log = structlog.stdlib.get_logger(__name__)

NDJSON = "application/x-ndjson"
ACCEPTED = frozenset({NDJSON, "application/ndjson", "application/jsonl"})
ROWS_A_COST = 10
"""New rows that cost as much of a client's budget as one object of a query."""
OUTCOMES = tuple(outcome for outcome in Outcome if outcome is not Outcome.PENDING)


class Bulk:
    """The endpoint; whoever may not come in is told so before the body is read."""

    def __init__(self, entrance: Entrance, pushes: Pushes) -> None:
        self._entrance, self._pushes = entrance, pushes

    async def post(self, request: Request) -> Response:
        """Answer one upload."""
        try:
            async with self._entrance.of(request, pinned=False) as allowance:
                push = self._opened(request, allowance.viewer)
                await _read(request, push, allowance)
        except ClientDisconnect:
            log.info("bulk cut", path=request.url.path)
            return Response(status_code=400)
        except TooSlow:
            raise Unfit(408, "TOO_SLOW", "Nothing came for a while; send the same again, with the same key.") from None
        return StreamingResponse(_answer(push), media_type=NDJSON, headers={"Cache-Control": "no-store"})

    def _opened(self, request: Request, viewer: Viewer) -> Push:
        system: str = request.path_params["system"]
        _check_media(request)
        upload = Upload(viewer.name, system, _key(request)) if may_sync(viewer, system) else None
        push = self._pushes.open(upload, Cause(f"bulk:{system}", viewer.name, request_id(request))) if upload else None
        if push is None:
            sentence = "There is no such system whose records you may push; that takes the scope records:sync.<system>."
            raise Unfit(404, "NOT_FOUND", sentence)
        return push


def _check_media(request: Request) -> None:
    name, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"utf-8").lower()
    if name.decode("latin-1").lower() not in ACCEPTED or charset not in (b"utf-8", b"utf8"):
        sentence = f"Send one JSON object a line as {NDJSON}, in UTF-8."
        raise Unfit(415, "UNSUPPORTED_MEDIA_TYPE", sentence, {"Accept-Post": NDJSON})
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        sentence = "Send the body as it is, without Content-Encoding."
        raise Unfit(415, "UNSUPPORTED_MEDIA_TYPE", sentence, {"Accept-Encoding": "identity"})


def _key(request: Request) -> str:
    """The idempotency key; in quotes or without, as there are clients of both kinds."""
    told = request.headers.get("idempotency-key", "")
    key = told[1:-1] if len(told) > 1 and told[0] == told[-1] == '"' else told
    problems = check_key(key)
    if problems:
        sentence = f"The header Idempotency-Key is needed. {problems[0].message.english}"
        raise Unfit(400, "BAD_REQUEST", sentence)
    return key


async def _read(request: Request, push: Push, allowance: Allowance) -> None:
    """Store the body; what an earlier attempt has stored costs nothing."""
    stored, number = await push.stored(), 0
    async for batch in batches(request.stream()):
        await allowance.check()
        if number >= stored:
            await allowance.charge(_cost(batch))
        if await push.take(batch.lines, last=batch.last):
            sentence = "This idempotency key was used with another body; use a new key for something new."
            raise Unfit(409, "IDEMPOTENCY_CONFLICT", sentence)
        number += 1


def _cost(batch: Batch) -> int:
    return -(-len(batch.lines) // ROWS_A_COST)


async def _answer(push: Push) -> AsyncIterator[bytes]:
    """A line for each row, in order, and one that sums up; without that one, the answer was cut."""
    counts: Counter[Outcome] = Counter()
    async for batch in push.told():
        first = counts.total() + 1
        counts.update(told.fate.outcome for told in batch)
        yield b"".join(_line(number, told) for number, told in enumerate(batch, first))
    summary = {"rows": counts.total()} | {outcome.value: counts[outcome] for outcome in OUTCOMES}
    yield orjson.dumps({"summary": summary}, option=orjson.OPT_APPEND_NEWLINE)


def _line(number: int, told: Told) -> bytes:
    fate = told.fate
    line: dict[str, Any] = {"row": number, "id": fate.external_id, "outcome": fate.outcome.value}
    if fate.reason is not None:
        line["reason"] = fate.reason
    if fate.outcome is Outcome.STALE:
        line["current"] = told.current and {
            "version": told.current.version,
            "status": told.current.status,
            "statusTold": told.current.told,
            "updatedAt": told.current.updated_at,
            "body": told.current.body,
        }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
