"""What a person can do in the centre's place through the LAPOR sandbox's control endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.connectors.lapor import sandbox_masters as masters
from hub.connectors.lapor.sandbox_forms import NewReport
from hub.connectors.lapor.sandbox_query import Refused
from hub.connectors.lapor.sandbox_reports import Filed, Reply, next_number, numbers
from hub.connectors.lapor.sandbox_shelf import Shelf
from hub.connectors.lapor.sandbox_taking import Taking, now, say
from hub.kinds import ReportStatus as Status

ACTS = {
    "create": "files a report: title, content, to (whom it is passed on to: id or agency code), and fields of A.3",
    "status": "moves the report of `ticket` or `id` to `status`, a value of the hub's, or a name nobody knows",
    "dispose": "passes the report on `to` an institution: its id, or an agency code",
    "reply": "adds a follow-up with `text`, by the institution `by` (id or agency code), or the citizen",
    "edit": "gives the report another `title`, `content`, `secret` or `anonymous`",
}
_Told = Mapping[str, Any]


def act(told: _Told, shelf: Shelf, taking: Taking) -> dict[str, Any]:
    """Do ``told["do"]``; the report as it stands then, or ``ValueError`` with what is wrong."""
    do = told.get("do")
    if do not in ACTS:
        raise ValueError(f"there is no act {do!r}")
    report = _create(told, shelf, taking) if do == "create" else _named(told, shelf)
    happen = {"status": _status, "dispose": _dispose, "reply": _reply, "edit": _edit}.get(do)
    if happen:
        shelf.change(report, lambda: happen(report, told))
    return {"id": report.id, "tracking_id": report.tracking_id, "status": report.status, "to": report.disposition}


def _create(told: _Told, shelf: Shelf, taking: Taking) -> Filed:
    fields = {name: value for name, value in told.items() if name in NewReport.model_fields}
    to = _institution(told.get("to"))
    try:
        new = NewReport.read(fields)
    except Refused as refused:
        raise ValueError(f"wrong or missing: {', '.join(refused.fields)}") from None
    report = taking.filed(*numbers(next_number(shelf.ids())), new)
    if to:
        report.pass_to(to, Status.DISPOSED.value, now())
    shelf.put(report)
    return report


def _status(report: Filed, told: _Told) -> None:
    report.reach(str(told["status"]) if told.get("status") else _missing("status"), now())


def _dispose(report: Filed, told: _Told) -> None:
    report.pass_to(_institution(told.get("to")) or _missing("to"), Status.DISPOSED.value, now())


def _reply(report: Filed, told: _Told) -> None:
    by = _institution(told.get("by"))
    text = str(told.get("text") or _missing("text"))
    say(report, Reply(now(), by, text, files=int(told.get("files", 0))), Status.FOLLOWED_UP)


def _edit(report: Filed, told: _Told) -> None:
    report.title = str(told.get("title", report.title))
    report.content = str(told.get("content", report.content))
    report.secret = bool(told.get("secret", report.secret))
    report.anonymous = bool(told.get("anonymous", report.anonymous))
    if report.secret or report.anonymous:
        report.user = None
    report.edited_at = now()


def _named(told: _Told, shelf: Shelf) -> Filed:
    found = shelf.get(str(told["id"])) if "id" in told else shelf.tagged(str(told.get("ticket")))
    if found is None:
        raise ValueError("no report has that id or ticket")
    return found


def _institution(told: object) -> int | None:
    """An institution's id, told as such or as an agency code of the hub; None where none is told."""
    if told is None:
        return None
    number = masters.AGENCY_INSTITUTIONS.get(told) if isinstance(told, str) else told
    if not isinstance(number, int) or number not in masters.INSTITUTIONS:
        raise ValueError(f"no institution is called {told!r}")
    return number


def _missing(field: str) -> Any:
    raise ValueError(f"{field} is missing")
