"""Recognises deliveries of the hub at LAPOR by a mark that only the hub can make. Pure.

Any person may write a ticket's number, or ``Ref. LG-2026-000123/3``, into a report or a follow-up. So the delivery's
mark, a keyed hash that is secret until the delivery arrives, follows the reference, and is one of a new
report's tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.connectors.lapor.parsing import plain, tags_of
from hub.contract import Delivery

_Row = Mapping[str, Any]
REFERENCE = re.compile(r"\bRef\. LG-\d{4}-\d{6,18}/\d+")
"""The reference at the end of texts that the hub sends to LAPOR; the mark follows it."""


def signed(text: str, delivery: Delivery) -> str:
    """Return ``text`` with the reference and the mark at its end."""
    return f"{_unmarked(text, delivery)} {delivery.mark}"


def tags(delivery: Delivery) -> str:
    """Return the tags of a new report: the ticket and the mark."""
    return f"#{delivery.complaint.ticket}#{_tag(delivery)}"


def refers(row: _Row, delivery: Delivery, text: str, *, institution: bool) -> bool:
    """Return whether a follow-up or a row of the log comes from ``delivery``, whose text is ``text``.

    Rows from before marks existed have none. They match by an equal text, and, if the delivery is of an
    ``institution``, only if the row is not a citizen's; so no text of a citizen counts as delivered.
    """
    content = plain(row.get("content"))
    if re.search(rf"\bRef\. {re.escape(delivery.key)} {re.escape(delivery.mark)}(?!\w)", content):
        return True
    by_institution = bool(plain(row.get("institution_from_name")))
    return content == plain(_unmarked(text, delivery)) and (by_institution or not institution)


def is_of(report: _Row, delivery: Delivery, title: str, text: str) -> bool:
    """Return whether a report with the ticket among its tags is the one that ``delivery`` created.

    Without the mark among its tags, title and text must be equal.
    """
    if _tag(delivery) in tags_of(report.get("tags_raw")):
        return True
    return (plain(report.get("title")), plain(report.get("content"))) == (plain(title), plain(text))


def _unmarked(text: str, delivery: Delivery) -> str:
    return f"{text}\n\nRef. {delivery.key}"


def _tag(delivery: Delivery) -> str:
    return f"ref-{delivery.mark}"
