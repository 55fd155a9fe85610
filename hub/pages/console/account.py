"""A person's own page: the applications that hold access to the account, and the sessions; each can be ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.pages.console.page import Act, ConsolePage, Outcome, Query, Run, Submitted
from hub.pages.console.single import each_alone
from hub.pages.page import Content, Data
from hub.pages.reader import Reader


def build(data: Data, query: Query, reader: Reader) -> Content | None:
    """Return the account of who signed in."""
    account = data["me"]["account"]
    if account is None:
        return None
    return Content(reader.t("console_account.title"), "", {"account": account})


async def _preview(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
    """Return the chosen applications or sessions as they are now."""
    account = (await run("console/account", {}))["me"]["account"]
    found = {each["client"]: _application(each, reader) for each in account["applications"]}
    found |= {each["id"]: _session(each, reader) for each in account["sessions"]}
    gone = reader.t("console_account.gone")
    return [found.get(row) or Outcome(row, accepted=False, message=gone) for row in form.picked]


def _application(application: Mapping[str, Any], reader: Reader) -> Outcome:
    used = reader.t("console_account.used_at", at=reader.moment(application["lastUsedAt"]))
    message = reader.t("console_account.end_access_what")
    return Outcome(application["name"], accepted=True, message=message, detail=used)


def _session(session: Mapping[str, Any], reader: Reader) -> Outcome:
    label = reader.t("console_account.since", at=reader.moment(session["startedAt"]))
    return Outcome(label, accepted=True, message=reader.t("console_account.end_session_what"))


def _accepted(result: Mapping[str, Any]) -> str | None:
    return "" if "account" in result else None


ACCOUNT = ConsolePage(
    "account",
    build,
    filters=(),
    scope=None,
    acts={
        "end_access": Act(_preview, each_alone("console/account_end_access", "client", _accepted), scope=None),
        "end_session": Act(_preview, each_alone("console/account_end_session", "session", _accepted), scope=None),
    },
)
