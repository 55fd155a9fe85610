"""One partner: what it may do and used by day, its webhooks with their last deliveries, and its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.complaints.calendar import JAKARTA
from hub.pages.charts.axes import Axis
from hub.pages.charts.columns import Column, columns
from hub.pages.console.page import Act, ConsolePage, Outcome, Query, Run, Submitted
from hub.pages.console.partners import CLIENT_ACTS
from hub.pages.console.single import each_alone
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

DAYS = 30


def build(data: Data, query: Query, reader: Reader) -> Content | None:
    """Return one partner; None if there is none."""
    found = data["clients"] or ()
    if not found:
        return None
    return Content(found[0]["name"], "", {"client": found[0]}, _use_figure(reader, found[0]["useByDay"]))


def _use_figure(reader: Reader, use: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Return the requests of each of the last days; nothing for a partner that made none."""
    if not use:
        return []
    by_day = {each["date"]: each for each in use}
    today = reader.now.astimezone(JAKARTA).date()
    days = [(today - timedelta(days=back)).isoformat() for back in reversed(range(DAYS))]
    rows = [(day, *(by_day.get(day, {}).get(name, 0) for name in ("requests", "cost"))) for day in days]
    items = [
        Column(
            (reader.short_date(day) if index % 7 == 0 else "", ""),
            f"{reader.date(day)}: {reader.number(requests)}",
            (requests,),
        )
        for index, (day, requests, _) in enumerate(rows)
    ]
    table = DataTable(
        [TableColumn("day", reader.t("column.day"))]
        + [TableColumn(name, reader.t(f"console_partners.{name}"), "number") for name in ("requests", "cost")],
        [Row(each) for each in rows],
    )
    most = max(rows, key=lambda each: each[1])
    headline = reader.t("console_partners.use_headline", day=reader.date(most[0]), n=most[1])
    chart = columns(items, Axis(reader.t("console_partners.requests"), reader.number), headline)
    return [Figure("use", headline, reader.t("console_partners.use_note"), table, chart)]


async def _preview_webhooks(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return the chosen webhooks as they are now."""
    clients = (await run("console/partner", {"id": form.query["client"]}))["clients"] or ()
    found = {each["id"]: each for client in clients for each in client["webhooks"]}
    return [_now(row, found.get(row), form.fields["act"], reader) for row in form.picked]


def _now(row: str, webhook: Mapping[str, Any] | None, act: str, reader: Reader) -> Outcome:
    if webhook is None:
        return Outcome(row, accepted=False, message=reader.t("console_partners.no_webhook"))
    state = reader.t(f"console_webhook.{webhook['state']}")
    return Outcome(webhook["url"], accepted=True, message=reader.t(f"console_partners.{act}_what"), detail=state)


def _accepted(result: Mapping[str, Any]) -> str | None:
    return str(result["webhook"]["url"]) if "webhook" in result else None


def _webhook(name: str, **fixed: object) -> Act:
    return Act(_preview_webhooks, each_alone(f"console/webhook_{name}", "id", _accepted, fixed=fixed))


PARTNER = ConsolePage(
    "partner",
    build,
    lambda query: {"id": query["client"]},
    params=("client",),
    filters=(),
    section="partners",
    figures=True,
    acts={
        **CLIENT_ACTS,
        "pause_webhook": _webhook("pause"),
        "resume_webhook": _webhook("resume"),
        "replay_webhook": _webhook("replay", failedOnly=True),
    },
)
