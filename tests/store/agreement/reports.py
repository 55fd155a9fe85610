"""Complaints that a system has as reports, with differences of each cause that can occur between the two."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from hub.complaints.field_authority import Authority, SharedField
from tests.registers import Both

SYSTEM = "fake"
SHARED = [
    SharedField("status", Authority.LOCAL, "Alasan.", "A reason."),
    SharedField("agency", Authority.MANUAL, "Alasan.", "A reason."),
    SharedField("area", Authority.REMOTE, "Alasan.", "A reason."),
]
AT_ONCE = 1000
"""How many complaints one transaction repairs."""
CHOSEN = "c.ticket = any(:tickets)"
_COMPLAINTS = """insert into complaints (ticket, channel, class, category, title, text, area_code, agency_code,
        submitted_by, status, received_at, updated_at)
    select 'T-' || n, 'WEB', 'COMPLAINT', 'JALAN', 'Judul', 'Isi', '33.74', 'DISHUB', 'test', 'ASSIGNED', now(), now()
    from generate_series(0, :size - 1) n"""
_REPORTED = """insert into shared_fields (system, complaint_id, field, ours, ours_at, theirs, theirs_at)
    select :system, c.id, f.field, f.value, now(), f.value, now() from complaints c cross join lateral
        (values ('status', c.status), ('agency', c.agency_code), ('area', c.area_code)) f(field, value)"""
_LINKED = """insert into counterparts (system, external_id, complaint_id, origin)
    select :system, 'R-' || c.id, c.id, 'SENT' from complaints c"""
_CHANGED_HERE = f"update complaints c set status = 'IN_PROGRESS' where {CHOSEN}"
_CHANGED_THERE = f"""update shared_fields f set theirs = :value, theirs_at = now() + make_interval(mins => :later)
    from complaints c where c.id = f.complaint_id and f.field = :field and {CHOSEN}"""
_PLANNED = f"""insert into deliveries (system, complaint_id, ticket, sequence, action, key, state, attempts, actor,
        correlation, settled_at)
    select :system, c.id, c.ticket, n, 'FOLLOW_UP', c.ticket || '/' || n, :state, 1, 'test', 'run-1',
        case when :state = 'DONE' then now() end
    from complaints c cross join lateral (
        select coalesce(max(d.sequence), 0) + 1 as n from deliveries d where d.complaint_id = c.id) next
    where {CHOSEN}"""
_SAME_HERE = f"update complaints c set status = 'ASSIGNED', agency_code = 'DISHUB' where {CHOSEN}"
_SAME_THERE = f"""update shared_fields f set theirs_at = now(), theirs = case f.field
        when 'status' then 'ASSIGNED' when 'agency' then 'DISHUB' else '33.74' end
    from complaints c where c.id = f.complaint_id and {CHOSEN}"""
_SETTLED = f"""update deliveries d set state = 'GIVEN_UP', settled_at = now() from complaints c
    where c.id = d.complaint_id and {CHOSEN}"""

Tickets = list[str]


async def fill_reports(both: Both, size: int) -> None:
    """Have the hub and the system hold so many complaints, and agree on all."""
    await both.run(
        "update systems set shared = cast(:shared as jsonb) where name = :system",
        shared=json.dumps([each.to_json() for each in SHARED]),
        system=SYSTEM,
    )
    await both.run(_COMPLAINTS, size=size)
    for statement in (_REPORTED, _LINKED):
        await both.run(statement, system=SYSTEM)


async def decided_without_delivery(both: Both, tickets: Tickets) -> None:
    """The hub decides, and nothing is sent."""
    await both.run(_CHANGED_HERE, tickets=tickets)


async def decided_and_refused(both: Both, tickets: Tickets) -> None:
    """The hub decides, and the system refuses the delivery."""
    await both.run(_CHANGED_HERE, tickets=tickets)
    await both.run(_PLANNED, tickets=tickets, system=SYSTEM, state="BLOCKED")


async def decided_and_not_shown(both: Both, tickets: Tickets) -> None:
    """The hub decides, and the system accepts it without following."""
    await both.run(_CHANGED_HERE, tickets=tickets)
    await both.run(_PLANNED, tickets=tickets, system=SYSTEM, state="DONE")


async def changed_back(both: Both, tickets: Tickets) -> None:
    """The system changes what it had accepted."""
    await both.run(_PLANNED, tickets=tickets, system=SYSTEM, state="DONE")
    await both.run(_CHANGED_THERE, tickets=tickets, field="status", value="RECEIVED", later=10)


async def other_agency(both: Both, tickets: Tickets) -> None:
    """The system has another agency, about which a person decides."""
    await both.run(_CHANGED_THERE, tickets=tickets, field="agency", value="DINKES", later=0)


async def repair_reports(both: Both, tickets: Tickets) -> None:
    """Both sides hold the same again of these complaints."""
    for first in range(0, len(tickets), AT_ONCE):
        for statement in (_SAME_HERE, _SAME_THERE, _SETTLED):
            await both.run(statement, tickets=tickets[first : first + AT_ONCE])


INJECTED: dict[str, Callable[[Both, Tickets], Coroutine[Any, Any, None]]] = {
    "NOT_TOLD": decided_without_delivery,
    "NOT_TAKEN": decided_and_refused,
    "TOLD_LATE": decided_and_not_shown,
    "CHANGED_BACK": changed_back,
    "CONFLICT": other_agency,
}
"""Cause → what brings it about. A report has no other cause: its codes are mapped and it is linked by its id."""
