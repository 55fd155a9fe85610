"""Systems: the state of each, one system by itself, and pulling, a full run, a pause and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.pages.console.page import Act, ConsolePage, Outcome, Query, Run, Submitted
from hub.pages.console.single import each_alone
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

_TROUBLED = ("DOWN", "STOPPED", "STARTING", "DISABLED", "UP")


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
    values = {"system": system, "waiting": data["deliveries"]["totalCount"], "own": data["own"]}
    return Content(system["title"], "", values)


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
)
