"""Systems: the state of each, one system by itself, and pulling, a full run, a pause and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from hub.complaints.calendar import JAKARTA
from hub.pages.charts.axes import Axis
from hub.pages.charts.lines import Line, lines
from hub.pages.console.issues import Place, place
from hub.pages.console.page import Act, ConsolePage, Outcome, Query, Run, Submitted
from hub.pages.console.single import each_alone
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

_TROUBLED = ("DOWN", "STOPPED", "STARTING", "DISABLED", "UP")
POINTS = 48
"""The maximum number of points of a line over 24 hours, about."""
_FEWEST = 2


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return all systems, those in trouble first."""
    systems = sorted(data["systems"], key=lambda each: (_TROUBLED.index(each["state"]), each["title"]))
    up = sum(each["state"] == "UP" and not each["pausedAt"] for each in systems)
    values = {"systems": systems, "up": up}
    return Content(reader.t("console_systems.title"), "", values)


def build_one(data: Data, query: Query, reader: Reader) -> Content | None:
    """Return one system; None if there is none."""
    system = data["system"]
    if system is None:
        return None
    waiting = (data["deliveries"] or {}).get("totalCount")
    values = {
        "system": system,
        "waiting": waiting,
        "own": [(each, _elsewhere(each, reader)) for each in data["own"] or ()],
    }
    return Content(system["title"], "", values, _lag_figure(reader, system["samples"] or ()))


def _elsewhere(issue: Mapping[str, Any], reader: Reader) -> Place | None:
    """Return the place of an issue that is not this page."""
    found = place(issue, reader, {})
    return None if found.address == reader.url("console_system", system=issue["subjectId"]) else found


def _lag_figure(reader: Reader, samples: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Return how far the copy, and what leaves the hub, was behind in the last 24 hours, in minutes."""
    shown = samples[:: max(len(samples) // POINTS, 1)]
    if len(shown) < _FEWEST:
        return []
    names = {"lagSeconds": "lag", "deliveryLagSeconds": "delivery_lag"}
    series = {
        name: [each[name] / 60 if each[name] is not None else None for each in shown]
        for name in names
        if any(each[name] for each in shown) or name == "lagSeconds"
    }
    items = [
        Line(reader.t(f"console_systems.{names[name]}"), values, [reader.number(value, 1) for value in values])
        for name, values in series.items()
    ]
    step = max(len(shown) // 6, 1)
    labels = [(_clock(each["at"]) if index % step == 0 else "", "") for index, each in enumerate(shown)]
    peak = max(each["lagSeconds"] or 0 for each in shown)
    headline = reader.t("console_systems.lag_headline", time=reader.duration(peak))
    kinds = {"lag_seconds": "duration", "delivery_lag_seconds": "duration", "records": "number"}
    labelled = {"lag_seconds": "console_systems.lag", "delivery_lag_seconds": "console_systems.delivery_lag"}
    head = [TableColumn("at", reader.t("console_systems.at"), "moment")]
    head += [TableColumn(name, reader.t(labelled.get(name, "column.records")), kind) for name, kind in kinds.items()]
    rows = [Row([each["at"], each["lagSeconds"], each["deliveryLagSeconds"], each["records"]]) for each in shown]
    chart = lines(items, labels, Axis(reader.t("console_systems.minutes"), partial(_tick, reader)), headline)
    return [Figure("lag", headline, reader.t("console_systems.lag_note"), DataTable(head, rows), chart)]


def _tick(reader: Reader, minutes: float) -> str:
    return reader.number(minutes, 0 if float(minutes).is_integer() else 1)


def _clock(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(JAKARTA):%H.%M}"


async def _preview(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return the chosen systems as they are now; the rules are applied when the act is done."""
    found = {each["name"]: each for each in (await run("console/systems", {}))["systems"]}
    return [_now(name, found.get(name), form.fields["act"], reader) for name in form.picked]


def _now(name: str, system: Mapping[str, Any] | None, act: str, reader: Reader) -> Outcome:
    if system is None:
        return Outcome(name, accepted=False, message=reader.t("console_systems.unknown"))
    state = reader.t("console_systems.paused") if system["pausedAt"] else reader.t(f"state.{system['state']}")
    detail = f"{state}. {system['lastError'] or ''}".strip()
    return Outcome(system["title"], accepted=True, message=reader.t(f"console_systems.{act}_what"), detail=detail)


def _accepted(result: Mapping[str, Any]) -> str | None:
    return str(result["system"]["name"]) if "system" in result else None


ACTS = {
    name: Act(_preview, each_alone(f"console/system_{name}", "system", _accepted))
    for name in ("pull_now", "full_run", "pause", "resume")
}
SYSTEMS = ConsolePage("systems", build, filters=(), acts=ACTS)
SYSTEM = ConsolePage(
    "system",
    build_one,
    lambda query: {"name": query["system"], "names": [query["system"]]},
    params=("system",),
    filters=(),
    section="systems",
    acts=ACTS,
    figures=True,
)
