"""Follow a complaint: its reporter shows ticket and tracking code, reads what happened, and replies, rates or reopens.

The code is sent in the body of a form and never stands in an address. There is no session: each form contains it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from hub.complaints.enums import ComplaintStatus
from hub.complaints.workflow import Action, Role, allowed
from hub.errors import RateLimited, TryLater
from hub.pages import rendering
from hub.pages.forms import problems_of, read_form
from hub.pages.graph import PageFailed, WrongCode
from hub.pages.reader import Reader
from hub.pages.site import Site, addresses

Fields = Mapping[str, str]
Problems = Mapping[str, str]

ACTS: dict[str, tuple[Action, Callable[[Fields], dict[str, Any]]]] = {
    "reply": (Action.REPLY, lambda fields: {"text": fields.get("text", "")}),
    "rate": (Action.RATE, lambda fields: {"rating": _stars(fields.get("rating", ""))}),
    "reopen": (Action.REOPEN, lambda fields: {"reason": fields.get("reason", "")}),
    "close": (Action.CLOSE, lambda fields: {}),
}
"""What a reporter can do here: the name of the document and of the form → the action, and the input of its mutation."""


def _stars(text: str) -> int:
    return int(text) if text in {"1", "2", "3", "4", "5"} else 0


class FollowPage:
    """The page in one language."""

    def __init__(self, site: Site, language: str) -> None:
        self._site, self._language = site, language

    async def get(self, request: Request) -> Response:
        """Show the form; a partner's link may state the ticket, which is public, and never the code."""
        return self._form({"ticket": request.query_params.get("ticket", "")[:40]}, {})

    async def post(self, request: Request) -> Response:
        """Show the complaint, after what the reporter does with it."""
        fields = await read_form(request, self._site.origin)
        reader = self._site.reader(self._language)
        empty = {
            name: reader.t(f"follow.{name}_missing") for name in ("ticket", "code") if not fields.get(name, "").strip()
        }
        if empty:
            return self._form(fields, empty, 400)
        try:
            problems = await self._act(request, fields) if fields.get("act") in ACTS else None
            complaint = await self._complaint(request, fields)
        except WrongCode:
            return self._form(fields, {"code": reader.t("follow.wrong")}, 400)
        except RateLimited:
            return self._form(fields, {"code": reader.t("follow.too_many")}, 429)
        except (TryLater, PageFailed) as error:
            return self._site.failure(request, error, "follow", self._language)
        return self._shown(reader, complaint, fields, problems)

    async def _complaint(self, request: Request, fields: Fields) -> Mapping[str, Any]:
        ticket, code = fields["ticket"].strip().strip("# ").upper(), fields["code"]
        data = await self._site.graph.run(
            request, "follow", {"ticket": ticket}, language=self._language, code=(ticket, code)
        )
        if data["complaint"] is None:
            raise WrongCode
        found: Mapping[str, Any] = data["complaint"]
        return found

    async def _act(self, request: Request, fields: Fields) -> Problems:
        """Do what a form asks for; return what is wrong with it, nothing if it is done."""
        name, ticket = fields["act"], fields["ticket"].strip().strip("# ").upper()
        values = {"ticket": ticket, "idempotencyKey": fields.get("key") or None, **ACTS[name][1](fields)}
        data = await self._site.graph.run(
            request, name, {"input": values}, language=self._language, code=(ticket, fields["code"])
        )
        result = data["result"]
        return {} if "complaint" in result else problems_of(result, {"": name})

    def _form(self, fields: Fields, problems: Problems, status: int = 200) -> Response:
        reader = self._site.reader(self._language)
        # What was typed is kept, but for the code, which a shared screen would show.
        values = {"values": {"ticket": fields.get("ticket", "")}, "problems": problems}
        html = rendering.render("follow", reader, addresses=addresses("follow", {}), section="follow", **values)
        return rendering.private(html, status)

    def _shown(
        self, reader: Reader, complaint: Mapping[str, Any], fields: Fields, problems: Problems | None
    ) -> Response:
        possible = allowed(ComplaintStatus(complaint["status"]), Role.REPORTER)
        acts = [name for name, (action, _) in ACTS.items() if action in possible]
        central = next((each for each in complaint["sharedFields"] or () if each["field"] == "STATUS"), None)
        html = rendering.render(
            "followed",
            reader,
            complaint=complaint,
            central=central,
            acts=acts,
            act=fields.get("act", ""),
            done=problems == {},
            problems=problems or {},
            values=fields if problems else {},
            code=fields["code"],
            keys={name: f"web-{uuid4().hex}" for name in acts},
            addresses=addresses("follow", {}),
            section="follow",
        )
        return rendering.private(html, 400 if problems else 200)
