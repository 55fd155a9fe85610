"""Today: what an operator should act on, the most severe first. Each issue goes by itself once it is mended."""

from __future__ import annotations

from hub.pages.console.issues import place
from hub.pages.console.page import ConsolePage, Query
from hub.pages.page import Content, Data
from hub.pages.reader import Reader


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the issues by severity, and how many there are of each."""
    issues = data["badge"] or []
    counts = {name: sum(each["severity"] == name for each in issues) for name in ("CRITICAL", "WARNING", "INFO")}
    up = sum(each["state"] == "UP" and not each["pausedAt"] for each in data["systems"])
    clients = {each["id"]: each["client"] for each in data["webhooks"] or ()}
    values = {
        "issues": [(each, place(each, reader, clients)) for each in issues],
        "counts": counts,
        "up": up,
        "all": len(data["systems"]),
    }
    return Content(reader.t("console_today.title"), "", values)


TODAY = ConsolePage("today", build, filters=())
