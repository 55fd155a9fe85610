"""Quarantine: items that could not be read, by reason; replay after a look at what they become, and discard."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hub.pages.console.page import PAGE_SIZE, Act, ConsolePage, Outcome, Query, Refused, Run, Submitted
from hub.pages.forms import problems_of
from hub.pages.page import Content, Data
from hub.pages.reader import Reader


def variables(query: Query) -> Mapping[str, Any]:
    """Return the filter of the list, from the query string."""
    return {"first": PAGE_SIZE, **{name: query.get(name) or None for name in ("after", "group", "system")}}


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the groups, the largest first, and a page of the items with the field that is wrong."""
    items = [
        {**each, "value": _text(each["value"]), "body": _pretty(each["body"]), "known": each["body"] is not None}
        for each in data["quarantine"]
    ]
    values = {
        "groups": sorted(data["quarantineGroups"], key=lambda each: -each["count"]),
        "count": sum(each["count"] for each in data["quarantineGroups"]),
        "items": items,
        "titles": {each["name"]: each["title"] for each in data["systems"]},
        "systems": [(each["name"], each["title"]) for each in data["systems"]],
        "query": query,
    }
    return Content(reader.t("console_quarantine.title"), "", values)


def _act(document: str, *, preview: bool) -> Callable[[Run, Submitted, Reader], Awaitable[list[Outcome]]]:
    async def perform(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
        values = {"preview": preview, **form.chosen("ids")}
        if not preview:
            values["idempotencyKey"] = form.key
        result = (await run(document, {"input": values}))["result"]
        if "outcomes" not in result:
            raise Refused(problems_of(result, {}))
        name = form.fields["act"]
        return [_outcome(each, reader.t(f"console_quarantine.{name}_what")) for each in result["outcomes"]]

    return perform


def _outcome(outcome: Mapping[str, Any], then: str) -> Outcome:
    label = f"{outcome['kind'] or '–'} {outcome['externalId'] or outcome['id']}"
    if not outcome["accepted"]:
        return Outcome(label, accepted=False, message=outcome["reason"] or "–")
    status = f": {outcome['status']}" if outcome["status"] else ""
    return Outcome(label, accepted=True, message=f"{then}{status}", body=_pretty(outcome["body"]))


def _text(value: object) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pretty(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


ACTS = {
    name: Act(
        _act(f"console/quarantine_{name}", preview=True),
        _act(f"console/quarantine_{name}", preview=False),
        danger=name == "discard",
    )
    for name in ("replay", "discard")
}
QUARANTINE = ConsolePage(
    "quarantine", build, variables, filters=("group", "system", "after"), acts=ACTS, rows="quarantine"
)
