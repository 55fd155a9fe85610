"""Deliveries: those that wait for a person by their error, all of them, and retry, give up or confirm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from hub.complaints.forwarding import DeliveryState
from hub.pages.console.page import Act, ConsolePage, FormField, Outcome, Query, Refused, Run, Submitted, paging
from hub.pages.console.single import each_alone
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

Delivery = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries to one system that wait for the same reason; ``keys`` are theirs."""

    system: str
    state: str
    state_label: str
    action_label: str
    error: str
    oldest: str
    keys: Sequence[str]


def variables(query: Query) -> Mapping[str, Any]:
    """Return the filter of the list, from the query string."""
    state, system = query.get("state", ""), query.get("system", "")
    chosen = {
        "states": [state] if state in DeliveryState.__members__ else None,
        "systems": [system] if system else None,
    }
    return {**chosen, "keys": None, **paging(query)}


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the groups that wait for a person, and a page of all deliveries."""
    waiting = data["waiting"]
    values = {
        "groups": groups(waiting["nodes"]),
        "waiting": len(waiting["nodes"]),
        "more_wait": waiting["pageInfo"]["hasNextPage"],
        "deliveries": data["deliveries"],
        "query": query,
        "states": [(each.name, getattr(each, f"label_{reader.language}")) for each in DeliveryState],
        "systems": [(each["name"], each["title"]) for each in data["systems"]],
    }
    return Content(reader.t("console_deliveries.title"), "", values)


def groups(deliveries: Sequence[Delivery]) -> list[Group]:
    """Return the groups of deliveries by system, state, action and error, the largest first."""
    ordered = sorted(deliveries, key=_cause)
    found = [(cause, list(each)) for cause, each in groupby(ordered, key=_cause)]
    made = [
        Group(
            each[0]["system"]["title"],
            each[0]["state"],
            each[0]["stateLabel"],
            each[0]["actionLabel"],
            each[0]["lastError"] or "",
            min(one["createdAt"] for one in each),
            [one["key"] for one in each],
        )
        for _, each in found
    ]
    return sorted(made, key=lambda group: -len(group.keys))


def _cause(delivery: Delivery) -> tuple[str, str, str, str]:
    return delivery["system"]["name"], delivery["state"], delivery["action"], delivery["lastError"] or ""


async def _preview(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return the chosen deliveries as they are now; the rules are applied when the act is done."""
    filters = {"states": None, "systems": None, "keys": list(form.picked), "first": len(form.picked), "after": None}
    data = await run("console/deliveries", filters)
    found = {each["key"]: each for each in data["deliveries"]["nodes"]}
    return [_now(key, found.get(key), form.fields["act"], reader) for key in form.picked]


def _now(key: str, delivery: Delivery | None, act: str, reader: Reader) -> Outcome:
    if delivery is None:
        return Outcome(key, accepted=False, message=reader.t("console_deliveries.unknown"))
    state = f"{delivery['system']['title']}: {delivery['stateLabel']}"
    message = reader.t(f"console_deliveries.{act}_what")
    return Outcome(key, accepted=True, message=message, detail=f"{state}. {delivery['lastError'] or ''}".strip())


def _accepted(result: Mapping[str, Any]) -> str | None:
    return str(result["delivery"]["stateLabel"]) if "delivery" in result else None


_send_confirmation = each_alone("console/delivery_confirm", "key", _accepted, {"external_id": "externalId"})


async def _confirm(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    if len(form.picked) > 1 and form.fields.get("external_id", "").strip():
        raise Refused({"external_id": reader.t("console_deliveries.one_number")})
    return await _send_confirmation(run, form, reader)


DELIVERIES = ConsolePage(
    "deliveries",
    build,
    variables,
    filters=("state", "system", "after"),
    rows="deliveries",
    acts={
        "retry": Act(_preview, each_alone("console/delivery_retry", "key", _accepted)),
        "confirm": Act(_preview, _confirm, (FormField("external_id", optional=True),)),
        "give_up": Act(_preview, each_alone("console/delivery_give_up", "key", _accepted), danger=True),
    },
)
