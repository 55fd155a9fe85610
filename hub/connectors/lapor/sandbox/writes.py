"""The calls of the LAPOR sandbox that change something, and their faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.connectors.lapor.sandbox.accepting import Answer, ReportWriter
from hub.connectors.lapor.sandbox.forms import Edit, NewFollowup, NewReport, Rejection
from hub.connectors.lapor.sandbox.query import Refused
from hub.connectors.sandbox_base import Faults, HangUp

ASSUMED = {"X-Contract-Status": "assumed"}
FAULTS = {
    "accept_then_hang": "the call is accepted, and the answer comes `value` seconds late (60 by default)",
    "accept_then_500": "the call is accepted, and the answer is HTTP 500",
    "accept_late": "the connection is closed without an answer; the call takes effect `value` seconds later (5)",
    "refuse": "the call is refused with HTTP 422 for its category_id",
}


class WriteEndpoints:
    """Parses calls, and passes them to ``writer``."""

    def __init__(self, writer: ReportWriter, fault: Faults) -> None:
        self._writer, self._fault = writer, fault

    async def create(self, request: Request) -> Response:
        """``POST /complaints/complaint``."""
        form = NewReport.read(await _json(request))
        return await self._accept(request, lambda: self._writer.create(form))

    async def follow_up(self, request: Request) -> Response:
        """``POST /complaints/followup/add``."""
        async with request.form() as form:
            followup = NewFollowup.read(form)
            files = sum(isinstance(part, UploadFile) for _, part in form.multi_items())
        return await self._accept(request, lambda: self._writer.follow_up(followup, files))

    async def reject(self, request: Request) -> Response:
        """``POST /complaints/process/{id}/reject``."""
        form = Rejection.read(await _json(request))
        return await self._accept(request, lambda: self._writer.reject(request.path_params["id"], form))

    async def edit(self, request: Request) -> Response:
        """``PUT /complaints/{id}/complaint``."""
        form = Edit.read(await _json(request))
        return await self._accept(request, lambda: self._writer.edit(request.path_params["id"], form.content))

    async def upload(self, request: Request) -> Response:
        """``POST /complaints/complaint/file``."""
        async with request.form() as form:
            files = sum(isinstance(part, UploadFile) for part in form.getlist("attachments[]"))
        return JSONResponse(self._writer.upload(files))

    async def _accept(self, request: Request, accept: Callable[[], Answer]) -> Response:
        if self._fault.met("refuse"):
            raise Refused({"category_id": ["Kolom category_id tidak valid."]})
        late, seconds = self._fault.take("accept_late")
        if late:
            asyncio.get_running_loop().call_later(5.0 if seconds is None else seconds, accept)
            return HangUp()
        answer = accept()
        if self._fault.met("accept_then_500"):
            return JSONResponse({"message": "Server Error"}, 500)
        hangs, seconds = self._fault.take("accept_then_hang")
        if hangs:
            await _gone(request, 60.0 if seconds is None else seconds)
        return JSONResponse(answer, headers=ASSUMED)


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        raise Refused({"body": ["Bukan JSON."]}) from None


async def _gone(request: Request, seconds: float) -> None:
    """Wait until the caller leaves, ``seconds`` at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                continue
