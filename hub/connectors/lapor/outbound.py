"""Sends deliveries to LAPOR, and looks up whether they arrived.

Contract lapor#create, lapor#follow-up, lapor#reject. LAPOR has no idempotency keys. A look-up finds a delivery by its
mark (see ``references``), which stands in the tags of a report beside the ticket, and after the line
``Ref. LG-2026-000123/2`` at the end of all other texts.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from hub.complaints.forwarding import DeliveryAction
from hub.connectors.lapor import labels, references
from hub.connectors.lapor.client import LaporClient, LaporSettings, ListMissing, reports_not_found
from hub.connectors.lapor.parsing import JAKARTA, TIME_FORMAT, number_of, plain
from hub.connectors.lapor.responses import CREATE, check, complaint_id
from hub.connectors.lapor.statuses import status_named
from hub.contract import Delivery, Outgoing, Raw
from hub.errors import OutcomeUnknown, Refused, TryLater
from hub.http_client import Http
from hub.http_client.response_body import Unreadable, json_of
from hub.kinds import ReportStatus

FOLLOW_UP = "/complaints/followup/add"
_FALSE_FLAGS = ("is_priority", "is_approval", "is_inbox", "is_disposisi_slider", "is_new_user_slider")


class OutboundCalls:
    """LAPOR's calls that change something; none is retried."""

    def __init__(self, settings: LaporSettings, http: Http, client: LaporClient) -> None:
        self._settings, self._http, self._client = settings, http, client
        self._masters: dict[str, list[Raw]] = {}

    async def send(self, delivery: Delivery) -> str:
        """Send a delivery; return the id of its report."""
        if delivery.action is DeliveryAction.CREATE:
            return await self._create(delivery)
        report = _report_id(delivery)
        if delivery.action is DeliveryAction.NOT_OURS:
            await self._reject(report, delivery)
        else:
            await self._follow_up(report, delivery)
        return report

    async def look_up(self, delivery: Delivery) -> str | None:
        """Return the id of the report if the delivery arrived: by the mark in its tags, or in its follow-ups."""
        if delivery.action is DeliveryAction.CREATE:
            return await self._find_report(delivery)
        report = _report_id(delivery)
        if delivery.action is DeliveryAction.NOT_OURS:
            return report if await self._is_passed_on(report, delivery) else None
        followups = await self._client.followups(report)
        return report if any(_refers(row, delivery) for row in followups or ()) else None

    async def _find_report(self, delivery: Delivery) -> str | None:
        """Return the first report that the hub sent: anybody may file one with the ticket among its tags."""
        title, content = _escaped(delivery.complaint.title), _escaped(delivery.complaint.text)
        tagged = await self._client.tagged(delivery.complaint.ticket)
        ids = [number_of(row.get("id")) for row in tagged if references.is_of(row, delivery, title, content)]
        return str(min(found)) if (found := [number for number in ids if number is not None]) else None

    async def _create(self, delivery: Delivery) -> str:
        answer = await self._post(CREATE, json=await self._report(delivery))
        number = complaint_id(answer)
        if number is None:
            raise OutcomeUnknown(f"POST {CREATE}: the answer has no complaint_id")
        return str(number)

    async def _report(self, delivery: Delivery) -> Raw:
        """Return the fields of contract lapor#create that have a value."""
        complaint = delivery.complaint
        fields = {
            "title": _escaped(complaint.title),
            "content": _escaped(complaint.text),
            "date_of_incident": complaint.received_at.astimezone(JAKARTA).strftime(TIME_FORMAT),
            "is_anonymous": complaint.anonymous,
            "is_secret": complaint.secret,
            **dict.fromkeys(_FALSE_FLAGS, False),
            "info_attachments": "[]",
            "attachments": "[]",
            "tags_raw": references.tags(delivery),
            **await self._ids(complaint),
            **_reporter_fields(complaint),
        }
        return {name: value for name, value in fields.items() if value is not None}

    async def _ids(self, complaint: Outgoing) -> Mapping[str, int | None]:
        """Return LAPOR's ids for the hub's codes; a setting is used if LAPOR has no row by that name."""
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
            "content": references.signed(_text(delivery), delivery),
            "is_secret": int(delivery.complaint.secret),
            "rating": delivery.rating,
        }
        if _by_institution(delivery):
            # A follow-up without an institution is the reporter's.
            settings = self._settings
            sender = await self._institution(delivery.complaint)
            fields["institution_from_id"] = sender or settings.province_institution()
            templates = settings.answer_template if final else settings.followup_template
            fields["template_code"] = await self._template(templates)
        form = [(name, (None, str(value))) for name, value in fields.items() if value is not None]
        await self._post(FOLLOW_UP, files=form)

    async def _template(self, preferred: Sequence[str]) -> str | None:
        """Return the first code that LAPOR has, else None: LAPOR refuses a code that it does not know."""
        try:
            return labels.template(await self._rows("templates"), preferred)
        except ListMissing:
            return next(iter(preferred), None)

    async def _reject(self, report: str, delivery: Delivery) -> None:
        body = {
            "is_request": 1,
            "reason": number_of(delivery.target) if delivery.target else await self._sender(report),
            "reason_description": references.signed(_text(delivery), delivery),
            "not_authority": 1,
        }
        await self._post(f"/complaints/process/{report}/reject", json=body)

    async def _sender(self, report: str) -> int | None:
        """Return the institution that owns the report, and so passed it on."""
        found = await self._client.report(report)
        if found is None:
            raise Refused("LAPOR has no report of that id")
        return number_of(found[0].get("institution_id"))

    async def _is_passed_on(self, report: str, delivery: Delivery) -> bool:
        """Return whether the log has the province's reason, or the report now has another institution."""
        found = await self._client.report(report)
        if found is None:
            return False
        row, logs = found
        answers = number_of(row.get("disposition_id"))
        transferred = status_named(plain(row.get("status_name"))) is ReportStatus.TRANSFERRED
        gone = transferred if answers is None else answers not in self._settings.institutions
        return gone or any(_refers(log, delivery) for log in logs)

    async def _rows(self, master: str) -> list[Raw]:
        if master not in self._masters:
            self._masters[master] = await self._client.master(master)
        return self._masters[master]

    async def _post(self, path: str, **request: Any) -> Raw:
        headers = self._settings.headers()
        answer = await self._http.send("POST", path, idempotent=False, headers=headers, **request)
        check(path, answer)
        try:
            body = json_of(answer.content)
        except Unreadable as error:
            raise OutcomeUnknown(f"the answer to POST {path} {error}") from None
        if not isinstance(body, dict):
            raise OutcomeUnknown(f"POST {path}: the answer does not have the shape of the contract")
        if body.get("status") == "error" and reports_not_found(body):
            raise Refused("LAPOR has no report of that id")
        if body.get("status") == "error":
            raise TryLater(f"POST {path}: LAPOR reports an error under HTTP 200")
        return body


def _reporter_fields(complaint: Outgoing) -> Mapping[str, str | None]:
    who = complaint.reporter
    if who is None or complaint.anonymous or complaint.secret:
        return {}
    return {"nameUser": who.name, "emailUser": who.email, "phoneUser": who.phone}


def _report_id(delivery: Delivery) -> str:
    if delivery.external_id is None or number_of(delivery.external_id) is None:
        raise Refused("the complaint has no report at LAPOR")
    return delivery.external_id


def _by_institution(delivery: Delivery) -> bool:
    return not (delivery.by_reporter or delivery.action is DeliveryAction.RATE)


def _text(delivery: Delivery) -> str:
    stars = f"Penilaian pelapor: {delivery.rating} dari 5." if delivery.rating else ""
    return _escaped(delivery.text or "") or stars or delivery.action.label_id


def _escaped(text: str) -> str:
    """Escape ``text``, because LAPOR's texts and titles are HTML."""
    return html.escape(text, quote=False)


def _refers(row: Mapping[str, Any], delivery: Delivery) -> bool:
    return references.refers(row, delivery, _text(delivery), institution=_by_institution(delivery))
