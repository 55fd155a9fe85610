"""Agreement: how many matters agree, the disagreements by cause, agency and field, one matter, and what resolves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.agreement.enums import DifferenceCause
from hub.pages.charts.axes import Axis
from hub.pages.charts.bars import Bar, bars
from hub.pages.charts.columns import Column, columns, key
from hub.pages.console.agreement_shares import shares_figure
from hub.pages.console.page import OPERATE, Act, ConsolePage, FormField, Outcome, Query, Refused, Run, Submitted, paging
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.forms import problems_of
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

Total = Mapping[str, Any]
FILTERS = {"pairs": "pair", "causes": "cause", "fields": "field", "agencies": "agency"}
"""The totals of the page → the filter that one of their groups leads to."""
REASON = FormField("reason", "long", optional=True)


def filters(query: Query) -> dict[str, Any]:
    """Return the filter of the graph that the query string selects."""
    chosen = {name: [query[name]] for name in FILTERS.values() if query.get(name)}
    if query.get("cause") not in DifferenceCause.__members__:
        chosen.pop("cause", None)
    return {**chosen, "ignored": query.get("ignored") == "yes"}


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the totals with their figures, and a page of the disagreements that the filter selects."""
    known = [each for each in data["pairs"] if each["matters"]]
    matters, agreed = (sum(each[name] for each in known) for name in ("matters", "agreed"))
    options = {
        FILTERS[name]: [(each["key"], each["label"] or each["key"]) for each in data[name] if each["key"]]
        for name in FILTERS
    }
    values = {
        "share": agreed / matters if matters else None,
        "matters": matters,
        "oldest": min((each["oldest"] for each in known if each["oldest"]), default=None),
        "disagreements": data["disagreements"],
        "options": options,
        "query": query,
        "chosen": {name: query.get(name, "") for name in (*FILTERS.values(), "ignored")},
        "filtered": any(query.get(name) for name in FILTERS.values()),
    }
    figures = [_group_figure(reader, name, data[name], query) for name in FILTERS]
    return Content(
        reader.t("console_agreement.title"),
        "",
        values,
        [*figures, *shares_figure(reader, data["shares"] or ()), *_days_figure(reader, data["days"])],
    )


def _group_figure(reader: Reader, name: str, totals: Sequence[Total], query: Query) -> Figure:
    """Return the groups, those with the most disagreements first; each leads to its own."""
    ordered = sorted(totals, key=lambda each: (each["agreed"] or 0) - (each["matters"] or 0))
    items = [_bar(reader, name, each, query) for each in ordered if each["matters"]]
    shown = [TableColumn("group", reader.t(f"console_agreement.{name}"))]
    kinds = {"matters": "number", "agreed": "number", "share_agreed": "percent", "median_seconds": "duration"}
    shown += [TableColumn(each, reader.t(f"column.{each}"), kind) for each, kind in kinds.items()]
    rows = [Row([each["label"] or reader.t("group.none"), *(each[_camel(kind)] for kind in kinds)]) for each in ordered]
    headline = reader.t("console_agreement.nothing")
    if items:
        headline = reader.t("console_agreement.most", label=items[0].label, n=int(items[0].value or 0))
    return Figure(
        name, headline, reader.t(f"console_agreement.{name}_note"), DataTable(shown, rows), bars(items[:8], headline)
    )


def _bar(reader: Reader, name: str, total: Total, query: Query) -> Bar:
    open_ = (total["matters"] or 0) - (total["agreed"] or 0)
    text = reader.t("console_agreement.value", n=open_, share=reader.percent(total["shareAgreed"]))
    address = f"{reader.url('console_agreement')}?{FILTERS[name]}={total['key']}#all" if total["key"] else None
    return Bar(total["label"] or total["key"] or reader.t("group.none"), open_, text, address)


def _days_figure(reader: Reader, totals: Sequence[Total]) -> list[Figure]:
    """Return when today's states began, by day: how many agree, and how many do not."""
    known = sorted((each for each in totals if each["key"] and each["matters"]), key=lambda each: str(each["key"]))[
        -30:
    ]
    if not known:
        return []
    step = max(len(known) // 6, 1)
    items = [
        Column(
            (reader.short_date(each["key"]) if index % step == 0 else "", ""),
            f"{reader.date(each['key'])}: {each['agreed']} / {each['matters'] - each['agreed']}",
            (each["agreed"], each["matters"] - each["agreed"]),
        )
        for index, each in enumerate(known)
    ]
    table = DataTable(
        [
            TableColumn("day", reader.t("column.day")),
            TableColumn("agreed", reader.t("column.agreed"), "number"),
            TableColumn("matters", reader.t("column.matters"), "number"),
        ],
        [Row([each["key"], each["agreed"], each["matters"]]) for each in known],
    )
    headline = reader.t("console_agreement.days_headline", n=sum(each["matters"] for each in known))
    legend = [(key(1), reader.t("column.agreed")), (key(2), reader.t("console_agreement.open"))]
    chart = columns(items, Axis(reader.t("column.matters"), reader.number), headline)
    return [Figure("days", headline, reader.t("console_agreement.days_note"), table, chart, legend)]


def build_one(data: Data, query: Query, reader: Reader) -> Content | None:
    """Return one matter with both sides beside each other; None if there is none."""
    matter = data["node"]
    if not matter:
        return None
    names = {each["name"]: each["title"] for each in data["systems"]}
    titles = {each["system"]: names.get(each["system"], reader.t("console_agreement.hub")) for each in matter["sides"]}
    title = " / ".join(dict.fromkeys(each["externalId"] or "–" for each in matter["sides"]))
    return Content(title, "", {"matter": matter, "titles": titles, "lacks": _lacks(matter, names)})


def _lacks(matter: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """Return the system whose record a person may name; reports are linked to complaints by claims instead."""
    if not all(each["system"] in names for each in matter["sides"]):
        return None
    return next((each["system"] for each in matter["sides"] if each["externalId"] is None), None)


def _resolve(act: str, *, preview: bool) -> Callable[[Run, Submitted, Reader], Any]:
    async def resolve(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
        chosen = {"filter": filters(form.query)} if form.group else {"ids": list(form.picked)}
        values: dict[str, Any] = {**chosen, "act": act, "preview": preview}
        if not preview:
            day, reason = form.fields.get("until", ""), form.fields.get("reason", "").strip()
            values |= {"idempotencyKey": form.key, "reason": reason or None}
            values |= {"until": f"{day}T23:59:59+07:00" if day else None} if act == "IGNORE_UNTIL" else {}
        elif act == "IGNORE_UNTIL":
            # The preview is shown before reason and time are known.
            values |= {"reason": "-", "until": (reader.now + timedelta(days=1)).isoformat()}
        if act == "CONFIRM_MATCH":
            values["record"] = form.fields.get("record", "").strip()
        return _outcomes((await run("console/resolve", {"input": values}))["result"], reader)

    return resolve


def _outcomes(result: Mapping[str, Any], reader: Reader) -> list[Outcome]:
    if "outcomes" not in result:
        raise Refused(problems_of(result, {}))
    return [_outcome(each, each["agreement"], reader) for each in result["outcomes"]]


def _outcome(outcome: Mapping[str, Any], agreement: Mapping[str, Any] | None, reader: Reader) -> Outcome:
    label, address = _name(agreement) or outcome["id"], ""
    if agreement:
        address = reader.url("console_disagreement", id=agreement["id"])
    return Outcome(label, outcome["accepted"], outcome["message"], _state(agreement), address=address)


def _name(agreement: Mapping[str, Any] | None) -> str:
    return " / ".join(dict.fromkeys(each["externalId"] or "–" for each in agreement["sides"])) if agreement else ""


def _state(agreement: Mapping[str, Any] | None) -> str:
    return ". ".join(filter(None, (agreement["stateLabel"], agreement["causeLabel"]))) if agreement else ""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _act(name: str, *fields: FormField, scope: str = OPERATE, given: tuple[str, ...] = ()) -> Act:
    # A match may end the matter that the page showed, so its outcome leads to the one that is left.
    preview, perform = _resolve(name, preview=True), _resolve(name, preview=False)
    return Act(preview, perform, fields, scope=scope, given=given, shows_results=bool(given))


ACTS = {
    "tell_again": _act("TELL_AGAIN", REASON),
    "accept_other": _act("ACCEPT_OTHER", REASON, scope="complaints:assign"),
    "keep": _act("KEEP", REASON, scope="complaints:assign"),
    "ignore": _act("IGNORE_UNTIL", FormField("until", "date"), FormField("reason", "long")),
}
MATCH = _act("CONFIRM_MATCH", REASON, given=("record",))
AGREEMENT = ConsolePage(
    "agreement",
    build,
    lambda query: {"filter": filters(query), **paging(query)},
    filters=(*FILTERS.values(), "ignored", "after"),
    acts=ACTS,
    rows="disagreements",
    figures=True,
)
DISAGREEMENT = ConsolePage(
    "disagreement",
    build_one,
    lambda query: {"id": query["id"]},
    params=("id",),
    section="agreement",
    acts={**ACTS, "confirm_match": MATCH},
)
