"""The calls of the LAPOR sandbox that change something, and the ways in which they can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.connectors.lapor.sandbox_forms import Edit, NewFollowup, NewReport, Rejection
from hub.connectors.lapor.sandbox_query import Refused
from hub.connectors.lapor.sandbox_taking import Answer, Taking
from hub.connectors.sandbox import Faults, HangUp

ASSUMED = {"X-Contract-Status": "assumed"}
FAULTS = {
    "accept_then_hang": "what is sent is taken, and the answer comes `value` seconds late (60 by default)",
    "accept_then_500": "what is sent is taken, and the answer is HTTP 500",
    "accept_late": "the connection is closed without an answer; what was sent is there `value` seconds later (5)",
    "refuse": "what is sent is refused with HTTP 422 for its category_id",
}


class Posts:
    """Reads a call, and lets ``taking`` take it."""

    def __init__(self, taking: Taking, fault: Faults) -> None:
        self._taking, self._fault = taking, fault

    async def create(self, request: Request) -> Response:
        """``POST /complaints/complaint``."""
        told = NewReport.read(await _json(request))
        return await self._take(request, lambda: self._taking.create(told))

    async def follow_up(self, request: Request) -> Response:
        """``POST /complaints/followup/add``."""
        async with request.form() as form:
            told = NewFollowup.read(form)
            files = sum(isinstance(part, UploadFile) for _, part in form.multi_items())
        return await self._take(request, lambda: self._taking.follow_up(told, files))

    async def reject(self, request: Request) -> Response:
        """``POST /complaints/process/{id}/reject``."""
        told = Rejection.read(await _json(request))
        return await self._take(request, lambda: self._taking.reject(request.path_params["id"], told))

    async def edit(self, request: Request) -> Response:
        """``PUT /complaints/{id}/complaint``."""
        told = Edit.read(await _json(request))
        return await self._take(request, lambda: self._taking.edit(request.path_params["id"], told.content))

    async def upload(self, request: Request) -> Response:
        """``POST /complaints/complaint/file``."""
        async with request.form() as form:
            files = sum(isinstance(part, UploadFile) for part in form.getlist("attachments[]"))
        return JSONResponse(self._taking.upload(files))

    async def _take(self, request: Request, take: Callable[[], Answer]) -> Response:
        if self._fault.met("refuse"):
            raise Refused({"category_id": ["Kolom category_id tidak valid."]})
        late, seconds = self._fault.take("accept_late")
        if late:
            asyncio.get_running_loop().call_later(5.0 if seconds is None else seconds, take)
            return HangUp()
        answer = take()
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
