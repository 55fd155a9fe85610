"""Feed and jobs: how far the feed is and who reads it, the queue and its workers, versions, and keys with their age."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.pages.console.page import ConsolePage, Query
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

HUB = "hub"
"""The feed of complaints, which is no system."""


def build(data: Data, query: Query, reader: Reader) -> Content:
    """Return the status of the hub; nothing for a reader who may not see it."""
    status: Mapping[str, Any] = data["hubStatus"] or {}
    titles = {each["name"]: each["title"] for each in data["systems"]} | {HUB: reader.t("console_feed.complaints")}
    keys = [{**each, "age": _age(each["createdAt"], reader)} for each in status.get("signingKeys", ())]
    values = {"status": status, "titles": titles, "keys": keys}
    return Content(reader.t("console_feed.title"), "", values)


def _age(at: str, reader: Reader) -> str:
    return reader.duration((reader.now - datetime.fromisoformat(at)).total_seconds())


FEED = ConsolePage("feed", build, filters=())
