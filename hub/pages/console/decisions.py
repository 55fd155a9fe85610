"""What the complaint desk decides: fields on which neither side has authority, and reports that may be complaints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.complaints.shared_fields import ComplaintField
from hub.pages.console.leads import matter_address
from hub.pages.console.page import PAGE_SIZE, Act, ConsolePage, Outcome, Query, Run, Submitted
from hub.pages.console.single import refusal
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

DOCUMENT = "console/decisions"
VARIABLES = {"first": PAGE_SIZE}
DECISIONS_OF = {
    "keep_value": ("console/conflict_resolve", "resolution", "KEEP_LOCAL"),
    "accept_value": ("console/conflict_resolve", "resolution", "ACCEPT_REMOTE"),
    "confirm_claim": ("console/claim_resolve", "decision", "CONFIRM"),
    "dismiss_claim": ("console/claim_resolve", "decision", "DISMISS"),
}
"""An act → its document, and the field of the input that has the decision, with its value."""


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the conflicts and the claims; of those that the reader may not decide, None."""
    values = {
        "conflicts": None if data["conflicts"] is None else list(_conflicts(data, reader)),
        "claims": None if data["claims"] is None else list(_claims(data, reader)),
        "count": sum((data[name] or {}).get("totalCount") or 0 for name in ("conflicts", "claims")),
    }
    return Content(reader.t("console_decisions.title"), "", values)


def _conflicts(data: Data, reader: Reader) -> Iterator[dict[str, Any]]:
    for complaint in (data["conflicts"] or {}).get("nodes") or ():
        for each in complaint["conflicts"] or ():
            field = ComplaintField[each["field"]]
            yield {
                **each,
                "id": f"{complaint['ticket']}/{each['system']}/{each['field']}",
                "ticket": complaint["ticket"],
                "title": complaint["title"],
                "label": field.label_en if reader.language == "en" else field.label_id,
                "address": matter_address(complaint["ticket"], reader),
            }


def _claims(data: Data, reader: Reader) -> Iterator[dict[str, Any]]:
    for complaint in (data["claims"] or {}).get("nodes") or ():
        for each in complaint["claims"] or ():
            yield {
                **each,
                "id": f"{complaint['ticket']}/{each['id']}",
                "ticket": complaint["ticket"],
                "complaint": complaint["title"],
                "address": matter_address(complaint["ticket"], reader),
            }


async def _preview(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return what is decided about each row as it is now."""
    data, act = await run(DOCUMENT, VARIABLES), form.fields["act"]
    found = {each["id"]: each for each in _conflicts(data, reader)}
    found |= {each["id"]: each for each in _claims(data, reader)}
    return [_now(row, found.get(row), act, reader) for row in form.picked]


def _now(row: str, one: Mapping[str, Any] | None, act: str, reader: Reader) -> Outcome:
    if one is None:
        return Outcome(row, accepted=False, message=reader.t("console_decisions.decided"))
    if "trackingId" in one:
        label, detail = f"{one['ticket']} / {one['trackingId']}", f"{one['complaint']} / {one['title']}"
        return Outcome(label, accepted=True, message=reader.t(f"console_decisions.{act}_what"), detail=detail)
    values = {"local": one["localValue"] or "–", "remote": one["remoteValue"] or "–"}
    then = reader.t(f"console_decisions.{act}_what", **values)
    detail = reader.t("console_decisions.differ", **values)
    return Outcome(f"{one['ticket']}, {one['label']}", accepted=True, message=then, detail=detail)


async def _decide(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    document, name, decision = DECISIONS_OF[form.fields["act"]]
    outcomes = []
    for index, row in enumerate(form.picked):
        ticket, _, rest = row.partition("/")
        values = {"ticket": ticket, name: decision, "idempotencyKey": f"{form.key}-{index}"}
        if name == "decision":
            values["report"] = rest
        else:
            values["system"], _, values["field"] = rest.partition("/")
        result = (await run(document, {"input": values}))["result"]
        done = "complaint" in result
        message = reader.t("console_decisions.done") if done else refusal(result)
        outcomes.append(Outcome(ticket, done, message, address=matter_address(ticket, reader)))
    return outcomes


def _act(scope: str) -> Act:
    return Act(_preview, _decide, scope=scope)


DECISIONS = ConsolePage(
    "decisions",
    build,
    lambda query: VARIABLES,
    filters=(),
    acts={
        "keep_value": _act("complaints:assign"),
        "accept_value": _act("complaints:assign"),
        "confirm_claim": _act("complaints:verify"),
        "dismiss_claim": _act("complaints:verify"),
    },
)
