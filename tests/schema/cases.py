"""Complaints of every case, viewers of every kind, and how much of which each is told: decision 7 as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.auth import scopes
from hub.store.reading.sight import Depth
from hub.viewer import Viewer, ViewerKind
from tests.fake import order, payment, report
from tests.schema.stage import ANONYMOUS, CLERK, DELIVERED, DISPUTED, OFFICER, SHARES, WORKER, Stage

PLACE = {"latitude": -7.004567, "longitude": 110.438765}
CASES: Mapping[str, dict[str, Any]] = {
    "public": {"status": "ASSIGNED"},
    "unverified": {"status": "RECEIVED", "agency_code": "DISHUB"},
    "returned": {"status": "RETURNED", "agency_code": "DISHUB"},
    "secret": {"status": "ASSIGNED", "secret": True},
    "anonymous": {"status": "ASSIGNED", "anonymous": True},
    "rejected": {"status": "REJECTED", "agency_code": "DISHUB"},
}
"""Each is of the agency DISHUB, submitted by the partner ``gojek``, and belongs to the citizen Siti."""

RECORDS = frozenset({"complaints:read", "reports:read", "payments:read"})
HANDLES = OFFICER.scopes
PARTNER = Viewer(ViewerKind.PARTNER, "client:gojek", RECORDS, "gojek")
CITIZEN = Viewer(ViewerKind.CITIZEN, "u_siti", frozenset({"complaints:read"}), "app")
HOLDER = Viewer(ViewerKind.HOLDER, "holder", scopes.HOLDER)
"""Of the secret complaint; its ticket is known once there is one."""

VIEWERS: Mapping[str, Viewer] = {
    "anonymous": ANONYMOUS,
    "partner": PARTNER,
    "partner of nothing": replace(PARTNER, name="client:other", client="other"),
    "partner without scopes": replace(PARTNER, scopes=frozenset()),
    "partner with every scope": replace(PARTNER, scopes=HANDLES),
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

Depths = Mapping[str, Depth]
_ALL: Depths = dict.fromkeys(CASES, Depth.FULL)
_NONE: Depths = {}
_PUBLIC: Depths = {"public": Depth.PUBLIC, "anonymous": Depth.PUBLIC}
_BUT_SECRET: Depths = {name: Depth.FULL for name in CASES if name != "secret"}
_BROUGHT: Depths = {**_ALL, "secret": Depth.BARE}

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
    "holder": {**_PUBLIC, "secret": Depth.FULL},
    "worker": _ALL,
}
"""What each viewer sees of the cases; what is not named is absent."""

KNOWS_REPORTERS = {"officer", "agency", "worker"}
SEES_READS = {"officer", "worker", "citizen", "citizen with every scope", "holder"}

Tickets = Mapping[str, str]


async def prepared(stage: Stage) -> Tickets:
    """A complaint of each case, each with a report, a payment, an order, a delivery and a conflict."""
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN'), ('u_budi', 'CITIZEN')")
    made = {}
    for number, (name, case) in enumerate(CASES.items(), 1):
        await stage.records(payment(f"P-{name}"), order(f"O-{name}"), report(str(number)))
        keys = {"payment_reference": f"P-{name}", "order_id": f"O-{name}", "tracking_id": str(number)}
        made[name] = await stage.complaint(**case, **keys, **PLACE, category="PUBLIC_TRANSPORT", by=PARTNER)
    await stage.run("update complaints set citizen_id = 'u_siti', rating = 4")
    await stage.run(DELIVERED)
    await stage.run(SHARES)
    await stage.run(DISPUTED)
    return made


def viewer(name: str, tickets: Tickets) -> Viewer:
    """The viewer called ``name``; the holder holds the code of the secret complaint."""
    found = VIEWERS[name]
    return replace(found, ticket=tickets["secret"]) if found.kind is ViewerKind.HOLDER else found


def told(name: str, tickets: Tickets, least: Depth = Depth.BARE) -> set[str]:
    """The tickets of which the viewer is told at least so much."""
    return {tickets[case] for case, depth in SEEN[name].items() if depth >= least}
