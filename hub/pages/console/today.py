"""Today: what an operator should act on, the most severe first. Each issue goes by itself once it is mended."""

from __future__ import annotations

from hub.pages.console.page import ConsolePage, Query
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

PAGES = {
    "SYSTEMS": "console_systems",
    "DELIVERIES": "console_deliveries",
    "QUARANTINE": "console_quarantine",
    "AGREEMENT": "console_agreement",
    "PARTNERS": "console_partners",
    "HUB": "console_feed",
    "FEED": "console_feed",
}
"""The part of an operator's work → the page for it."""
SYSTEM_ACTS = {"pullNow": "pull_now", "fullRun": "full_run", "resumeSystem": "resume"}
"""A mutation about one system → the act of the page of systems, which asks before it does it."""


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the issues by severity, and how many there are of each."""
    issues = data["badge"] or []
    counts = {name: sum(each["severity"] == name for each in issues) for name in ("CRITICAL", "WARNING", "INFO")}
    titles = {each["name"]: each["title"] for each in data["systems"]}
    up = sum(each["state"] == "UP" and not each["pausedAt"] for each in data["systems"])
    values = {
        "issues": issues,
        "counts": counts,
        "titles": titles,
        "up": up,
        "all": len(titles),
        "acts": SYSTEM_ACTS,
        "pages": PAGES,
    }
    return Content(reader.t("console_today.title"), "", values)


TODAY = ConsolePage("today", build, filters=())
