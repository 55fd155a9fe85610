"""Complaints of every case, viewers of every kind, and the detail in which each sees them: decision 0004 as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.auth import scopes
from hub.store.queries.visibility import Detail
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import business, order, payment, permit, report
from tests.schema.harness import ANONYMOUS, CLERK, CONFIRMED, DELIVERED, DISPUTED, OFFICER, SHARES, WORKER, Stage

PLACE: dict[str, Any] = {"latitude": -7.004567, "longitude": 110.438765}
CASES: Mapping[str, dict[str, Any]] = {
    "public": {"status": "ASSIGNED"},
    "unverified": {"status": "RECEIVED", "agency_code": "DISHUB"},
    "returned": {"status": "RETURNED", "agency_code": "DISHUB"},
    "secret": {"status": "ASSIGNED", "secret": True},
    "anonymous": {"status": "ASSIGNED", "anonymous": True},
    "rejected": {"status": "REJECTED", "agency_code": "DISHUB"},
}
"""Each belongs to the agency DISHUB and the citizen Siti, and was submitted by the partner ``gojek``."""

RECORDS = frozenset({"complaints:read", "reports:read", "payments:read"})
HANDLES = OFFICER.scopes
PARTNER = Viewer(ViewerKind.PARTNER, "client:gojek", RECORDS, "gojek", merchants=frozenset({"TRANSJATENG"}))
CITIZEN = Viewer(ViewerKind.CITIZEN, "u_siti", frozenset({"complaints:read"}), "app")
HOLDER = Viewer(ViewerKind.HOLDER, "holder", scopes.TRACKING_CODE_SCOPES)
"""The holder of the tracking code of the secret complaint; its ticket is known once it is created."""

VIEWERS: Mapping[str, Viewer] = {
    "anonymous": ANONYMOUS,
    "partner": PARTNER,
    "partner of nothing": replace(PARTNER, name="client:other", client="other", merchants=frozenset()),
    "partner without scopes": replace(PARTNER, scopes=frozenset()),
    "partner with every scope": replace(PARTNER, scopes=HANDLES, merchants=frozenset({"TRANSSEMARANG"})),
    "clerk": CLERK,
    "officer": OFFICER,
    "officer without scopes": Viewer(ViewerKind.OFFICER, "nothing granted"),
    "agency": Viewer(ViewerKind.OFFICER, "dishub", HANDLES, agency="DISHUB"),
    "agency clerk": Viewer(ViewerKind.OFFICER, "dishub", HANDLES - {"complaints:pii"}, agency="DISHUB"),
    "another agency": Viewer(ViewerKind.OFFICER, "dinkes", HANDLES, agency="DINKES"),
    "citizen": CITIZEN,
    "another citizen": replace(CITIZEN, name="u_budi"),
    "citizen with every scope": replace(CITIZEN, scopes=HANDLES),
    "citizen without scopes": replace(CITIZEN, scopes=frozenset()),
    "holder": HOLDER,
    "worker": WORKER,
}

Depths = Mapping[str, Detail]
_ALL: Depths = dict.fromkeys(CASES, Detail.FULL)
_NONE: Depths = {}
_PUBLIC: Depths = {"public": Detail.PUBLIC, "anonymous": Detail.PUBLIC}
_BUT_SECRET: Depths = {name: Detail.FULL for name in CASES if name != "secret"}
_BROUGHT: Depths = {**_ALL, "secret": Detail.MINIMAL}

SEEN: Mapping[str, Depths] = {
    "anonymous": _PUBLIC,
    "partner": _BROUGHT,
    "partner of nothing": _PUBLIC,
    "partner without scopes": _PUBLIC,
    "partner with every scope": _BROUGHT,
    "clerk": _BUT_SECRET,
    "officer": _ALL,
    "officer without scopes": _PUBLIC,
    "agency": _ALL,
    "agency clerk": _BUT_SECRET,
    "another agency": _NONE,
    "citizen": _ALL,
    "another citizen": _PUBLIC,
    "citizen with every scope": _ALL,
    "citizen without scopes": _PUBLIC,
    "holder": {**_PUBLIC, "secret": Detail.FULL},
    "worker": _ALL,
}
"""The detail in which each viewer sees each case; cases that are not named are absent."""

PAID_TO_OTHERS = "returned"
"""The case whose payment is not to the partner's merchant."""
SEES_PAYMENTS: Mapping[str, frozenset[str]] = {
    "partner": frozenset(CASES) - {PAID_TO_OTHERS},
    **dict.fromkeys(("clerk", "officer", "agency", "agency clerk", "another agency", "worker"), frozenset(CASES)),
}
"""The cases whose payment each viewer sees: officers all, partners those to their own merchants, nobody else any."""

KNOWS_REPORTERS = {"officer", "agency", "worker"}
SEES_READS = {"officer", "worker", "citizen", "citizen with every scope", "holder"}

CLAIMED = """insert into claims (system, external_id, complaint_id, source)
    select 'fake', :ref, id, 'TAG' from complaints where ticket = :ticket"""
AT_THE_DESK = {"clerk", "officer", "worker"}
"""Viewers who see claims."""

Tickets = Mapping[str, str]


async def create_cases(stage: Stage) -> Tickets:
    """Create a complaint of each case, each with a report, a payment, an order, a delivery, a claim and a conflict."""
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN'), ('u_budi', 'CITIZEN')")
    made = {}
    await stage.records(business("3399000000001"))
    for number, (name, case) in enumerate(CASES.items(), 1):
        merchant = "BAPENDA" if name == PAID_TO_OTHERS else "TRANSJATENG"
        await stage.records(payment(f"P-{name}", merchant=merchant), order(f"O-{name}"), report(str(number)))
        await stage.records(permit(f"I-{name}"))
        keys: dict[str, Any] = {
            "payment_reference": f"P-{name}",
            "order_id": f"O-{name}",
            "tracking_id": str(number),
            "permit_number": f"I-{name}",
        }
        made[name] = await stage.complaint(**case, **keys, **PLACE, category="PUBLIC_TRANSPORT", by=PARTNER)
    await stage.run("update complaints set citizen_id = 'u_siti', rating = 4")
    await stage.run(CONFIRMED)
    for name, ticket in made.items():
        await stage.records(report(f"claim of {name}"))
        await stage.run(CLAIMED, ref=f"claim of {name}", ticket=ticket)
    await stage.run(DELIVERED)
    await stage.run(SHARES)
    await stage.run(DISPUTED)
    return made


def viewer(name: str, tickets: Tickets) -> Viewer:
    """Return the viewer called ``name``; the holder has the code of the secret complaint."""
    found = VIEWERS[name]
    return replace(found, ticket=tickets["secret"]) if found.kind is ViewerKind.HOLDER else found


def tickets_with_payment_shown_to(name: str, tickets: Tickets) -> set[str]:
    """Return the tickets whose payment the viewer sees in any query."""
    return {tickets[case] for case in SEES_PAYMENTS.get(name, ())}


def tickets_shown_to(name: str, tickets: Tickets, least: Detail = Detail.MINIMAL) -> set[str]:
    """Return the tickets that the viewer sees in at least this detail."""
    return {tickets[case] for case, depth in SEEN[name].items() if depth >= least}
