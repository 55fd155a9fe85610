"""Where an issue of operators is acted on: the page of its part, or that of its subject, and the act that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.pages.reader import Reader

Issue = Mapping[str, Any]
PAGES = {
    "SYSTEMS": "console_systems",
    "DELIVERIES": "console_deliveries",
    "QUARANTINE": "console_quarantine",
    "AGREEMENT": "console_agreement",
    "COMPLAINTS": "console_decisions",
    "PARTNERS": "console_partners",
    "HUB": "console_feed",
    "FEED": "console_feed",
}
"""The part of an operator's work → the page for it."""
SYSTEM_ACTS = {"pullNow": "pull_now", "fullRun": "full_run", "resumeSystem": "resume"}
WEBHOOK_ACTS = {"resumeWebhook": "resume_webhook"}
"""A mutation about one system or webhook → the act of its page, which asks before it does it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an issue is acted on: the ``address`` of its page, and an ``act`` of it with its text, if it has one."""

    address: str
    act: str = ""
    text: str = ""


def place(issue: Issue, reader: Reader, clients: Mapping[str, str]) -> Place:
    """Return the place of an issue; ``clients`` has the client of each webhook."""
    subject, id_ = issue["subject"], issue["subjectId"]
    if subject == "SYSTEM" and (issue["area"] == "SYSTEMS" or issue["act"] in SYSTEM_ACTS):
        return _with_act(reader.url("console_system", system=id_), SYSTEM_ACTS, "console_systems", issue, reader)
    if subject == "WEBHOOK" and id_ in clients:
        address = reader.url("console_partner", client=clients[id_])
        return _with_act(address, WEBHOOK_ACTS, "console_partners", issue, reader)
    query = f"?system={id_}" if subject == "SYSTEM" and issue["area"] in ("DELIVERIES", "QUARANTINE") else ""
    return Place(f"{reader.url(PAGES[issue['area']])}{query}")


def _with_act(address: str, acts: Mapping[str, str], texts: str, issue: Issue, reader: Reader) -> Place:
    act = acts.get(issue["act"] or "", "")
    return Place(address, act, reader.t(f"{texts}.{act}") if act else "")
