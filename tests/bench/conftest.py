"""A hub with the data of the measured queries, and a viewer of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from hub.auth.scopes import DESK_SCOPES, TRACKING_CODE_SCOPES
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import order, payment, report
from tests.schema.conftest import shared, stage_database
from tests.schema.harness import CONFIRMED, Stage

__all__ = ["shared", "stage_database"]

AGENCY, PARTNER, MERCHANTS = "DISHUB", "client:bench-partner", frozenset({"TRANSJATENG"})
PARTNER_SCOPES = frozenset({"complaints:read", "reports:read", "payments:read"})
IN_PROGRESS = """update complaints set status = 'IN_PROGRESS', verified_at = received_at,
    agency_code = case when id % 3 = 0 then 'DISDIKBUD' else 'DISHUB' end,
    submitted_by = case when id % 2 = 0 then 'client:bench-partner' else submitted_by end"""
COUNT = 45


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """A hub with three pages of complaints and everything that they can refer to, some of it secret."""
    await shared.run("update agencies set head_name = 'Uji Kepala', head_phone = '+62 24 000' where code = 'DISHUB'")
    merchants = [{"merchant": "TRANSSEMARANG"} if n % 4 == 0 else {} for n in range(COUNT)]
    await shared.pull(
        *(payment(f"P{n}", amount=f"{n}000.50", at="2026-01-02T03:04:05+07:00", **merchants[n]) for n in range(COUNT)),
        *(report(f"{n}", **({"secret": True} if n % 5 == 0 else {})) for n in range(1, COUNT)),
        *(order(f"O{n}", at=f"2026-01-0{n}T00:00:00+00:00") for n in range(1, 6)),
        payment("broken", broken=True),
    )
    each: list[dict[str, Any]] = [{"payment_reference": f"P{n}", "tracking_id": f"{n}"} for n in range(1, COUNT)]
    each[4] |= {"title": "Hubungi 0812 3456 7890 segera"}
    each[5] |= {"title": "Telepon 0812 3456 7890 tidak aktif"}
    each[7] |= {"secret": True}
    await shared.complaints("RECEIVED", each)
    await shared.run(IN_PROGRESS)
    await shared.run(CONFIRMED)
    return shared


@pytest.fixture
async def viewers(filled: Stage) -> dict[str, Viewer]:
    """A viewer of each kind."""
    ((ticket,),) = await filled.rows("select ticket from complaints where title like 'Hubungi%'")
    return {
        "officer": Viewer(ViewerKind.OFFICER, "u_officer", DESK_SCOPES, "bench"),
        "agency": Viewer(ViewerKind.OFFICER, "u_agency", DESK_SCOPES, "bench", agency=AGENCY),
        "partner": Viewer(ViewerKind.PARTNER, PARTNER, PARTNER_SCOPES, "bench", merchants=MERCHANTS),
        "holder": Viewer(ViewerKind.HOLDER, f"holder:{ticket}", TRACKING_CODE_SCOPES, ticket=ticket),
    }
