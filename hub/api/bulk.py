"""``POST /bulk/{system}``: upload of a system's records as NDJSON; the response has the results as NDJSON.

The response begins after the end of the body, so that a client that does not read while it sends cannot block, and
so that the HTTP status is correct. The body is read only as fast as it is stored, but for one batch. If the client
disconnects, the stored rows remain, and the same body with the same idempotency key continues after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import structlog
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from hub.api.authentication import EndpointAuth
from hub.api.graphql.quotas import Quota
from hub.api.ndjson import Batch, ReadTimeout, read_batches
from hub.auth.scopes import may_sync
from hub.complaints.idempotency import check_key
from hub.concurrency import read_ahead
from hub.messages import Bilingual
from hub.store.database import Cause
from hub.store.ingest.outcomes import Outcome
from hub.store.ingest.uploads import RowResult, Upload
from hub.sync.uploads import ReadLines, Uploads, UploadSession
from hub.viewer import Viewer
from hub.web.headers import header
from hub.web.middleware import request_id
from hub.web.operations import NDJSON
from hub.web.request_error import RequestError
from hub.web.throttling import network_of

log = structlog.stdlib.get_logger(__name__)

ACCEPTED_TYPES = frozenset({NDJSON, "application/ndjson", "application/jsonl"})
ROWS_PER_COST = 10
"""New rows that cost as much as one object of a query."""
OUTCOMES = tuple(outcome for outcome in Outcome if outcome is not Outcome.PENDING)


class BulkEndpoint:
    """The endpoint. Authentication errors are returned before the body is read."""

    def __init__(self, auth: EndpointAuth, uploads: Uploads) -> None:
        self._auth, self._uploads = auth, uploads

    async def post(self, request: Request) -> Response:
        """Handle an upload."""
        try:
            async with self._auth.authenticate(request, allow_persisted_only=False) as quota:
                session = self._open_session(request, quota.viewer)
                await _store_body(request, session, quota)
        except ClientDisconnect:
            log.info("bulk upload interrupted", path=request.url.path)
            return Response(status_code=400)
        except ReadTimeout:
            raise RequestError(
                408,
                "TOO_SLOW",
                Bilingual(
                    "No data arrived for too long; send the same body again, with the same key.",
                    "Terlalu lama tidak ada data yang diterima; kirim lagi isi yang sama dengan kunci yang sama.",
                ),
            ) from None
        return StreamingResponse(_results(session), media_type=NDJSON, headers={"Cache-Control": "no-store"})

    def _open_session(self, request: Request, viewer: Viewer) -> UploadSession:
        system: str = request.path_params["system"]
        _check_media_type(request)
        upload = Upload(viewer.name, system, _idempotency_key(request)) if may_sync(viewer, system) else None
        cause = Cause(f"bulk:{system}", viewer.name, request_id(request), viewer.client, network_of(request))
        session = self._uploads.open(upload, cause) if upload else None
        if session is None:
            sentence = Bilingual(
                "The system does not exist or you may not push its records; this requires records:sync.<system>.",
                "Sistem tidak ada atau Anda tidak boleh mengirim catatannya; perlu records:sync.<system>.",
            )
            raise RequestError(404, "NOT_FOUND", sentence)
        return session


def _check_media_type(request: Request) -> None:
    name, options = parse_options_header(header(request, "content-type"))
    charset = options.get(b"charset", b"utf-8").lower()
    if name.decode("latin-1").lower() not in ACCEPTED_TYPES or charset not in (b"utf-8", b"utf8"):
        sentence = Bilingual(
            f"Send one JSON object per line as {NDJSON}, in UTF-8.",
            f"Kirim satu objek JSON per baris sebagai {NDJSON}, dalam UTF-8.",
        )
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", sentence, {"Accept-Post": NDJSON})
    if (header(request, "content-encoding").lower() or "identity") != "identity":
        sentence = Bilingual(
            "Send the body uncompressed, without Content-Encoding.",
            "Kirim isi permintaan tanpa kompresi, tanpa Content-Encoding.",
        )
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", sentence, {"Accept-Encoding": "identity"})


def _idempotency_key(request: Request) -> str:
    """Return the idempotency key; clients send it with or without quotes."""
    value = header(request, "idempotency-key")
    key = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    problems = check_key(key)
    if problems:
        message = problems[0].message
        sentence = Bilingual(
            f"The header Idempotency-Key is required. {message}",
            f"Header Idempotency-Key diperlukan. {message.indonesian}",
        )
        raise RequestError(400, "BAD_REQUEST", sentence)
    return key


async def _store_body(request: Request, session: UploadSession, quota: Quota) -> None:
    """Store the body; each batch is received and mapped while the one before it is stored."""
    async with aclosing(read_ahead(_read_body(request, session, quota))) as batches:
        async for batch, read in batches:
            if await session.store_batch(batch.lines, last=batch.last, read=read):
                sentence = Bilingual(
                    "This idempotency key was already used with a different body; use a new key for new data.",
                    "Kunci idempotensi ini sudah dipakai dengan isi lain; gunakan kunci baru untuk data baru.",
                )
                raise RequestError(409, "IDEMPOTENCY_CONFLICT", sentence)


async def _read_body(
    request: Request, session: UploadSession, quota: Quota
) -> AsyncGenerator[tuple[Batch, ReadLines | None], None]:
    """Yield the batches. Those that an earlier attempt has stored are not mapped, and cost nothing."""
    stored, number = await session.stored_batches(), 0
    async with aclosing(read_batches(request.stream())) as batches:
        async for batch in batches:
            await quota.check()
            new = number >= stored
            if new:
                await quota.charge(_cost(batch))
            yield batch, await session.read(batch.lines) if new else None
            number += 1


def _cost(batch: Batch) -> int:
    return -(-len(batch.lines) // ROWS_PER_COST)


async def _results(session: UploadSession) -> AsyncIterator[bytes]:
    """Yield a line for each row, in order, and a summary. A response without the summary is incomplete."""
    counts: Counter[Outcome] = Counter()
    async for batch in session.results():
        first = counts.total() + 1
        counts.update(row.result.outcome for row in batch)
        yield b"".join(_line(number, row) for number, row in enumerate(batch, first))
    summary = {"rows": counts.total()} | {outcome.value: counts[outcome] for outcome in OUTCOMES}
    yield orjson.dumps({"summary": summary}, option=orjson.OPT_APPEND_NEWLINE)


def _line(number: int, result: RowResult) -> bytes:
    item = result.result
    line: dict[str, Any] = {"row": number, "id": item.external_id, "outcome": item.outcome.value}
    if item.reason is not None:
        line["reason"] = item.reason
    if item.outcome is Outcome.STALE:
        line["current"] = result.current and {
            "version": result.current.version,
            "status": result.current.status,
            "sourceStatus": result.current.source_status,
            "updatedAt": result.current.updated_at,
            "body": result.current.body,
        }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
