"""Submit a complaint in two steps: what happened, then who reports it. The result is a ticket and a tracking code.

Nothing is stored until the second step is sent. What was typed travels in the form, so that going back loses nothing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from hub.complaints.calendar import JAKARTA
from hub.complaints.enums import Channel, ComplaintClass
from hub.complaints.problems import Problem
from hub.complaints.submission import Submission, check
from hub.errors import RateLimited, TryLater
from hub.messages import in_language
from hub.pages import rendering
from hub.pages.forms import problems_of, read_form
from hub.pages.graph import PageFailed
from hub.pages.reader import Reader
from hub.pages.site import Site, addresses
from hub.viewer import Viewer, ViewerKind

WEB = Viewer(ViewerKind.ANONYMOUS, "web-form", frozenset({"complaints:submit"}), channels=(Channel.WEB.value,))
"""Who submits here: somebody unknown, who may submit on the website and see nothing of it without the code."""

MATTER = ("class", "category", "area", "title", "text")
PERSON = ("identity", "name", "phone", "email", "secret")
"""The fields of the first and the second step."""
NAMES = {
    "areaCode": "area",
    "reporter": "name",
    "reporter.name": "name",
    "reporter.phone": "phone",
    "reporter.email": "email",
    "idempotencyKey": "",
}
"""Field of the graph → field of the form, where they differ."""

Fields = Mapping[str, str]


class SubmitPage:
    """The page in one language."""

    def __init__(self, site: Site, language: str) -> None:
        self._site, self._language = site, language

    async def get(self, request: Request) -> Response:
        """Show the first step, empty."""
        return await self._matter(request, {}, {})

    async def post(self, request: Request) -> Response:
        """Go on to the next step, or back to the first one with what is wrong there."""
        fields = await read_form(request, self._site.origin)
        reader = self._site.reader(self._language)
        if fields.get("step") == "back":
            return await self._matter(request, fields, {})
        if problems := self._matter_problems(reader, fields):
            return await self._matter(request, fields, problems)
        if fields.get("step") != "2":
            return self._person(reader, fields, {})
        if problems := _person_problems(reader, fields):
            return self._person(reader, fields, problems)
        return await self._submit(request, reader, fields)

    def _matter_problems(self, reader: Reader, fields: Fields) -> dict[str, str]:
        """Return the problems of the first step, by the rules by which the graph will check it."""
        given = Submission(
            idempotency_key="only-checked",
            channel=Channel.WEB,
            klass=ComplaintClass.COMPLAINT,
            title=fields.get("title", ""),
            text=fields.get("text", ""),
            area_code=fields.get("area", ""),
            category=fields.get("category") or None,
            anonymous=True,
        )
        found: list[Problem] = check(given, reader.now.astimezone(JAKARTA).date())
        problems = {NAMES.get(each.field, each.field): in_language(each.message, self._language) for each in found}
        for name in ("area", "category"):
            if name in problems or not fields.get(name):
                problems[name] = reader.t(f"submit.{name}_missing")
        if fields.get("class") not in {each.value for each in ComplaintClass}:
            problems["class"] = reader.t("submit.class_missing")
        return {name: problems[name] for name in ("", *MATTER) if name in problems}

    async def _matter(self, request: Request, fields: Fields, problems: Mapping[str, str]) -> Response:
        try:
            data = await self._site.graph.run(request, "submission", {}, language=self._language)
        except (RateLimited, TryLater, PageFailed) as error:
            return self._site.failure(request, error, "submit", self._language)
        reader = self._site.reader(self._language)
        name = "nameEn" if self._language == "en" else "name"
        options = {
            "carried": (*PERSON, "key"),
            "classes": [(each.value, *_class_texts(each, reader)) for each in ComplaintClass],
            "categories": [(each["code"], each["name"]) for each in data["categories"]],
            "areas": sorted(((each["code"], each[name]) for each in data["areas"]["nodes"]), key=lambda pair: pair[1]),
        }
        return self._page("submit", reader, fields, problems, **options)

    def _person(self, reader: Reader, fields: Fields, problems: Mapping[str, str]) -> Response:
        key = fields.get("key") or f"web-{uuid4().hex}"
        return self._page("submit_person", reader, {**fields, "key": key}, problems, carried=(*MATTER, "key"))

    def _page(
        self, template: str, reader: Reader, fields: Fields, problems: Mapping[str, str], **more: Any
    ) -> Response:
        known = {name: fields[name] for name in (*MATTER, *PERSON, "key") if name in fields}
        values = {"values": known, "problems": problems, "addresses": addresses("submit", {}), **more}
        html = rendering.render(template, reader, section="submit", **values)
        return rendering.private(html, 400 if problems else 200)

    async def _submit(self, request: Request, reader: Reader, fields: Fields) -> Response:
        try:
            variables = {"input": submission_input(fields)}
            data = await self._site.graph.run(request, "submit", variables, language=self._language, viewer=WEB)
        except RateLimited:
            return self._person(reader, fields, {"": reader.t("submit.too_many")})
        except (TryLater, PageFailed) as error:
            return self._site.failure(request, error, "submit", self._language)
        result = data["result"]
        if "ticket" not in result:
            problems = problems_of(result, NAMES)
            if problems.keys() & {*MATTER}:
                return await self._matter(request, fields, problems)
            return self._person(reader, fields, problems)
        values = {"result": result, "qr": self._qr(reader, result), "addresses": addresses("submit", {})}
        return rendering.private(rendering.render("submitted", reader, section="submit", **values))

    def _qr(self, reader: Reader, result: Mapping[str, str]) -> Markup:
        """Return ticket, code and the address of the page to follow it as a QR code, for the reporter's own camera."""
        text = f"{result['ticket']}\n{result['trackingCode']}\n{self._site.origin}{reader.url('follow')}"
        written = io.BytesIO()
        segno.make(text, error="m").save(written, kind="svg", xmldecl=False, omitsize=True, border=2)
        return Markup(written.getvalue().decode())  # noqa: S704 - made of modules alone


def _class_texts(each: ComplaintClass, reader: Reader) -> tuple[str, str]:
    label = each.label_en if reader.language == "en" else each.label_id
    return label, reader.t(f"submit.class_{each.value.lower()}")


def _person_problems(reader: Reader, fields: Fields) -> dict[str, str]:
    if fields.get("identity") not in {"named", "anonymous"}:
        return {"identity": reader.t("submit.identity_missing")}
    return {}


def submission_input(fields: Fields) -> dict[str, Any]:
    """Return the input of ``submitComplaint`` for what was typed."""
    named = fields.get("identity") == "named"
    person = {name: fields.get(name, "").strip() or None for name in ("phone", "email")}
    return {
        "idempotencyKey": fields.get("key", ""),
        "channel": Channel.WEB.value,
        "class": fields.get("class"),
        "title": fields.get("title", ""),
        "text": fields.get("text", ""),
        "areaCode": fields.get("area", ""),
        "category": fields.get("category") or None,
        "anonymous": not named,
        "secret": fields.get("secret") == "yes",
        "reporter": {"name": fields.get("name", ""), **person} if named else None,
    }
