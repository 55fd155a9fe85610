"""What operators do with a system: pull it now, pull all of it, pause it, resume it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.store import audit
from hub.store.outbox import deliveries


class SystemAct(StrEnum):
    """An act; its value is the name of its action in the audit trail."""

    PULL = "systems:pull"
    FULL_RUN = "systems:full-run"
    PAUSE = "systems:pause"
    RESUME = "systems:resume"


_UNKNOWN = Bilingual(
    "There is no system of this name; `systems` lists all.", "Tidak ada sistem dengan nama ini; lihat `systems`."
)
_DISABLED = Bilingual("The system is disabled in the settings.", "Sistem ini dinonaktifkan di pengaturan.")
_PAUSED = Bilingual("The system is paused; resume it first.", "Sistem ini dijeda; lanjutkan dahulu.")

_CHANGES = {
    SystemAct.PULL: "next_pull_at = now()",
    SystemAct.FULL_RUN: "next_pull_at = now(), full_requested_at = coalesce(full_requested_at, now())",
    SystemAct.PAUSE: "paused_at = coalesce(paused_at, now())",
    SystemAct.RESUME: "paused_at = null, next_pull_at = now()",
}


async def act_on(db: AsyncConnection, name: str, act: SystemAct) -> list[Problem]:
    """Do ``act`` and record it in the audit trail; return why not, if it cannot be done.

    A worker pulls within seconds. What is under way when a system is paused ends as usual.
    """
    found = await db.execute(
        text("select enabled, paused_at from systems where name = :name for update"), {"name": name}
    )
    if problem := _problem(found.mappings().one_or_none(), act):
        return [problem]
    await db.execute(text(f"update systems set {_CHANGES[act]} where name = :name"), {"name": name})  # noqa: S608
    if act is SystemAct.RESUME:
        await deliveries.wake(db, name)
    await audit.record(db, act.value, f"system:{name}")
    return []


def _problem(system: RowMapping | None, act: SystemAct) -> Problem | None:
    if system is None:
        return Problem("system", ProblemCode.UNKNOWN, _UNKNOWN)
    if not system["enabled"]:
        return Problem("system", ProblemCode.NOT_ALLOWED, _DISABLED)
    if system["paused_at"] and act in (SystemAct.PULL, SystemAct.FULL_RUN):
        return Problem("system", ProblemCode.NOT_ALLOWED, _PAUSED)
    return None
