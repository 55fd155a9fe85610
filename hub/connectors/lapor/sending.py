"""What the hub brings to LAPOR (contract A.3), and how it finds out whether something arrived.

LAPOR knows no idempotency key. Our ticket travels in the tags of a report, and a line ``Ref. LG-2026-000123/2``
at the end of everything else; by these a delivery is found again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from hub.complaints.forwarding import DeliveryAction
from hub.connectors.base import Delivery, Outgoing, Raw
from hub.connectors.http import Http
from hub.connectors.lapor import labels
from hub.connectors.lapor.answers import CREATE, check, complaint_id
from hub.connectors.lapor.calls import Calls, LaporSettings
from hub.connectors.lapor.statuses import status_named
from hub.connectors.lapor.values import JAKARTA, TOLD, number_of, plain
from hub.errors import Refused, TryLater, Unclear
from hub.kinds import ReportStatus

FOLLOW_UP = "/complaints/followup/add"
_OFF = ("is_priority", "is_approval", "is_inbox", "is_disposisi_slider", "is_new_user_slider")


class Sending:
    """LAPOR's calls that change something; each is made once."""

    def __init__(self, settings: LaporSettings, http: Http, calls: Calls) -> None:
        self._settings, self._http, self._calls = settings, http, calls
        self._masters: dict[str, list[Raw]] = {}

    async def send(self, delivery: Delivery) -> str:
        """Bring it over; the id of the report it is about."""
        if delivery.action is DeliveryAction.CREATE:
            return await self._create(delivery.complaint)
        report = _about(delivery)
        if delivery.action is DeliveryAction.NOT_OURS:
            await self._reject(report, delivery)
        else:
            await self._follow_up(report, delivery)
        return report

    async def look_up(self, delivery: Delivery) -> str | None:
        """The id of the report if it is there: by its tag, or by the reference at the end of what was said."""
        if delivery.action is DeliveryAction.CREATE:
            ticket = delivery.complaint.ticket
            ids = [number_of(row.get("id")) for row in await self._calls.tagged(ticket)]
            return str(min(number for number in ids if number is not None)) if any(ids) else None
        report = _about(delivery)
        if delivery.action is DeliveryAction.NOT_OURS:
            return report if await self._is_passed_on(report, delivery) else None
        said = await self._calls.followups(report)
        return report if any(_refers(row, delivery) for row in said) else None

    async def _create(self, complaint: Outgoing) -> str:
        answer = await self._post(CREATE, json=await self._report(complaint))
        number = complaint_id(answer)
        if number is None:
            raise Unclear(f"POST {CREATE}: the answer names no complaint_id")
        return str(number)

    async def _report(self, complaint: Outgoing) -> Raw:
        """The fields of A.3; what has no value is left out."""
        fields = {
            "title": complaint.title,
            "content": html.escape(complaint.text, quote=False),
            "date_of_incident": complaint.received_at.astimezone(JAKARTA).strftime(TOLD),
            "is_anonymous": complaint.anonymous,
            "is_secret": complaint.secret,
            **dict.fromkeys(_OFF, False),
            "info_attachments": "[]",
            "attachments": "[]",
            "tags_raw": f"#{complaint.ticket}",
            **await self._ids(complaint),
            **_who(complaint),
        }
        return {name: value for name, value in fields.items() if value is not None}

    async def _ids(self, complaint: Outgoing) -> Mapping[str, int | None]:
        """LAPOR's ids of what the hub has codes for; a setting stands in where LAPOR has no row by that name."""
        category = labels.category_id(await self._rows("categories"), complaint.category)
        channel = labels.channel_id(await self._rows("channels"), complaint.channel)
        return {
            "channel": channel or self._settings.channel,
            "classification_id": labels.classification_id(await self._rows("classifications"), complaint.klass),
            "category_id": category or self._settings.category,
            "location_id": labels.location_id(await self._rows("locations"), complaint.area_code),
            "disposition_id": await self._institution(complaint),
        }

    async def _institution(self, complaint: Outgoing) -> int | None:
        rows = await self._rows("institutions/external")
        return labels.institution_id(rows, complaint.agency_code, self._settings.institutions)

    async def _follow_up(self, report: str, delivery: Delivery) -> None:
        final = delivery.action is DeliveryAction.ANSWER
        fields: dict[str, object] = {
            "complaint_id": report,
            "content": _said(delivery),
            "is_secret": int(delivery.complaint.secret),
            "rating": delivery.rating,
        }
        if not (delivery.by_reporter or delivery.action is DeliveryAction.RATE):
            # Without an institution it is the reporter who speaks.
            fields["institution_from_id"] = await self._institution(delivery.complaint) or self._settings.first()
            fields["template_code"] = self._settings.answer_template if final else self._settings.followup_template
        form = [(name, (None, str(value))) for name, value in fields.items() if value is not None]
        await self._post(FOLLOW_UP, files=form)

    async def _reject(self, report: str, delivery: Delivery) -> None:
        body = {
            "is_request": 1,
            "reason": number_of(delivery.target) if delivery.target else await self._sender(report),
            "reason_description": _said(delivery),
            "not_authority": 1,
        }
        await self._post(f"/complaints/process/{report}/reject", json=body)

    async def _sender(self, report: str) -> int | None:
        """Who owns the report, and so passed it on."""
        told = await self._calls.report(report)
        if told is None:
            raise Refused("LAPOR has no report of that id")
        return number_of(told[0].get("institution_id"))

    async def _is_passed_on(self, report: str, delivery: Delivery) -> bool:
        """Whether the log has our reason, or the report went from us to somebody else."""
        told = await self._calls.report(report)
        if told is None:
            return False
        row, logs = told
        answers = number_of(row.get("disposition_id"))
        transferred = status_named(plain(row.get("status_name"))) is ReportStatus.TRANSFERRED
        gone = transferred if answers is None else answers not in self._settings.institutions
        return gone or any(_refers(log, delivery) for log in logs)

    async def _rows(self, master: str) -> list[Raw]:
        if master not in self._masters:
            self._masters[master] = await self._calls.master(master)
        return self._masters[master]

    async def _post(self, path: str, **request: Any) -> Raw:
        headers = self._settings.headers()
        answer = await self._http.send("POST", path, idempotent=False, headers=headers, **request)
        check(path, answer)
        try:
            body = answer.json()
        except ValueError:
            raise Unclear(f"POST {path}: the answer is not JSON") from None
        if not isinstance(body, dict):
            raise Unclear(f"POST {path}: the answer has another shape than the contract says")
        if body.get("status") == "error":
            raise TryLater(f"POST {path}: LAPOR reports an error under HTTP 200")
        return body


def _who(complaint: Outgoing) -> Mapping[str, str | None]:
    who = complaint.reporter
    if who is None or complaint.anonymous or complaint.secret:
        return {}
    return {"nameUser": who.name, "emailUser": who.email, "phoneUser": who.phone}


def _about(delivery: Delivery) -> str:
    if delivery.external_id is None or number_of(delivery.external_id) is None:
        raise Refused("there is no report at LAPOR that it is about")
    return delivery.external_id


def _said(delivery: Delivery) -> str:
    stars = f"Penilaian pelapor: {delivery.rating} dari 5." if delivery.rating else ""
    text = html.escape(delivery.text or "", quote=False) or stars or delivery.action.label_id
    return f"{text}\n\nRef. {delivery.key}"


def _refers(row: Mapping[str, Any], delivery: Delivery) -> bool:
    return re.search(rf"\bRef\. {re.escape(delivery.key)}(?!\d)", plain(row.get("content"))) is not None
