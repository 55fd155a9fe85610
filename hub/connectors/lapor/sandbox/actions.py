"""Actions of the centre, which a person can trigger at the control endpoint of the LAPOR sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.connectors.lapor.sandbox import masters
from hub.connectors.lapor.sandbox.accepting import ReportWriter, add_reply, now
from hub.connectors.lapor.sandbox.forms import NewReport
from hub.connectors.lapor.sandbox.query import Refused
from hub.connectors.lapor.sandbox.reports import Reply, StoredReport, next_number, numbers
from hub.connectors.lapor.sandbox.store import ReportStore
from hub.kinds import ReportStatus as Status

ACTS = {
    "create": "files a report: title, content, to (institution: id or agency code), and fields of a create",
    "status": "moves the report of `ticket` or `id` to `status`, a value of the hub, or an unknown name",
    "dispose": "passes the report on `to` an institution: its id, or an agency code",
    "reply": "adds a follow-up with `text`, by the institution `by` (id or agency code), or the citizen",
    "edit": "gives the report another `title`, `content`, `secret` or `anonymous`",
}
_Command = Mapping[str, Any]


def act(command: _Command, store: ReportStore, writer: ReportWriter) -> dict[str, Any]:
    """Do ``command["do"]``; return the changed report, or raise ``ValueError`` with the error."""
    do = command.get("do")
    if do not in ACTS:
        raise ValueError(f"there is no act {do!r}")
    report = _create(command, store, writer) if do == "create" else _named(command, store)
    apply = {"status": _status, "dispose": _dispose, "reply": _reply, "edit": _edit}.get(do)
    if apply:
        store.change(report, lambda: apply(report, command))
    return {"id": report.id, "tracking_id": report.tracking_id, "status": report.status, "to": report.disposition}


def _create(command: _Command, store: ReportStore, writer: ReportWriter) -> StoredReport:
    fields = {name: value for name, value in command.items() if name in NewReport.model_fields}
    to = _institution(command.get("to"))
    try:
        new = NewReport.read(fields)
    except Refused as refused:
        raise ValueError(f"wrong or missing: {', '.join(refused.fields)}") from None
    report = writer.new_report(*numbers(next_number(store.ids())), new)
    if to:
        report.pass_to(to, Status.DISPOSED.value, now())
    store.put(report)
    return report


def _status(report: StoredReport, command: _Command) -> None:
    report.reach(str(command["status"]) if command.get("status") else _missing("status"), now())


def _dispose(report: StoredReport, command: _Command) -> None:
    report.pass_to(_institution(command.get("to")) or _missing("to"), Status.DISPOSED.value, now())


def _reply(report: StoredReport, command: _Command) -> None:
    by = _institution(command.get("by"))
    text = str(command.get("text") or _missing("text"))
    add_reply(report, Reply(now(), by, text, files=int(command.get("files", 0))), Status.FOLLOWED_UP)


def _edit(report: StoredReport, command: _Command) -> None:
    report.title = str(command.get("title", report.title))
    report.content = str(command.get("content", report.content))
    report.secret = bool(command.get("secret", report.secret))
    report.anonymous = bool(command.get("anonymous", report.anonymous))
    if report.secret or report.anonymous:
        report.user = None
    report.edited_at = now()


def _named(command: _Command, store: ReportStore) -> StoredReport:
    found = store.get(str(command["id"])) if "id" in command else store.tagged(str(command.get("ticket")))
    if found is None:
        raise ValueError("no report has that id or ticket")
    return found


def _institution(value: object) -> int | None:
    """Return an institution's id from an id or an agency code of the hub; None without one."""
    if value is None:
        return None
    number = masters.AGENCY_INSTITUTIONS.get(value) if isinstance(value, str) else value
    if not isinstance(number, int) or number not in masters.INSTITUTIONS:
        raise ValueError(f"no institution is called {value!r}")
    return number


def _missing(field: str) -> Any:
    raise ValueError(f"{field} is missing")
