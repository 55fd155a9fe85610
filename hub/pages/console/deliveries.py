"""Deliveries: those that failed by their error, all of them, and retry, give up or confirm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hub.complaints.forwarding import DeliveryAction, DeliveryState
from hub.pages.console.page import Act, ConsolePage, FormField, Outcome, Query, Refused, Run, Submitted, paging
from hub.pages.console.single import each_alone
from hub.pages.forms import problems_of
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

_FOR_A_PERSON = {DeliveryState.BLOCKED, DeliveryState.OUTCOME_UNKNOWN}


def variables(query: Query) -> Mapping[str, Any]:
    """Return the filter of the list, from the query string."""
    states = [query["state"]] if query.get("state") in DeliveryState.__members__ else None
    chosen = {f"{name}s": [query[name]] if query.get(name) else None for name in ("system", "group")}
    return {**chosen, "states": states, "keys": None, **paging(query)}


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the groups of those that failed, the largest first, and a page of all deliveries."""
    groups = sorted(data["deliveryGroups"], key=lambda each: (each["state"] not in _FOR_A_PERSON, -each["count"]))
    values = {
        "groups": groups,
        "waiting": sum(each["count"] for each in groups if each["state"] in _FOR_A_PERSON),
        "deliveries": data["deliveries"],
        "query": query,
        "states": [(each.name, _label(each, reader)) for each in DeliveryState],
        "actions": {each.name: _label(each, reader) for each in DeliveryAction},
        "systems": [(each["name"], each["title"]) for each in data["systems"]],
    }
    return Content(reader.t("console_deliveries.title"), "", values)


def _label(code: DeliveryState | DeliveryAction, reader: Reader) -> str:
    return code.label_en if reader.language == "en" else code.label_id


def _act(act: str, *, preview: bool) -> Callable[[Run, Submitted, Reader], Awaitable[list[Outcome]]]:
    async def perform(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
        values = {"act": act, "preview": preview, **form.chosen("keys")}
        if not preview:
            values["idempotencyKey"] = form.key
        result = (await run("console/act_on_deliveries", {"input": values}))["result"]
        if "outcomes" not in result:
            raise Refused(problems_of(result, {}))
        return [
            Outcome(each["key"], each["accepted"], each["message"], _state(each["delivery"]))
            for each in result["outcomes"]
        ]

    return perform


def _state(delivery: Mapping[str, Any] | None) -> str:
    if delivery is None:
        return ""
    return f"{delivery['system']['title']}: {delivery['stateLabel']}. {delivery['lastError'] or ''}".strip()


def _accepted(result: Mapping[str, Any]) -> str | None:
    return str(result["delivery"]["stateLabel"]) if "delivery" in result else None


_confirm_alone = each_alone("console/delivery_confirm", "key", _accepted, {"external_id": "externalId"})


async def _preview_confirm(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return what is confirmed; one alone may need a number of the other system, which is asked for next."""
    outcomes = await _act("CONFIRM", preview=True)(run, form, reader)
    if len(outcomes) == 1 and not outcomes[0].accepted and form.picked:
        message = reader.t("console_deliveries.confirm_what")
        return [Outcome(outcomes[0].label, accepted=True, message=message, detail=outcomes[0].detail)]
    return outcomes


async def _confirm(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    if len(form.picked) == 1:
        return await _confirm_alone(run, form, reader)
    if form.fields.get("external_id", "").strip():
        raise Refused({"external_id": reader.t("console_deliveries.one_number")})
    return await _act("CONFIRM", preview=False)(run, form, reader)


DELIVERIES = ConsolePage(
    "deliveries",
    build,
    variables,
    filters=("state", "system", "group", "after"),
    rows="deliveries",
    acts={
        "retry": Act(_act("RETRY", preview=True), _act("RETRY", preview=False)),
        "confirm": Act(_preview_confirm, _confirm, (FormField("external_id", optional=True),)),
        "give_up": Act(_act("GIVE_UP", preview=True), _act("GIVE_UP", preview=False), danger=True),
    },
)
