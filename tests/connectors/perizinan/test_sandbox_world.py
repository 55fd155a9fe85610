"""The sandboxes of both licensing systems have the same permits, which differ only as the demo data defines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.connectors.oss.sandbox.filings import FiledPermit
from hub.connectors.oss.sandbox.register import Register
from hub.connectors.perizinan.sandbox.applications import PERMITS, Application
from hub.demo.permit_stages import APP_STATUSES, OSS_CODES
from hub.demo.permits import Permit
from tests.connectors.oss.running_sandbox import built
from tests.connectors.perizinan.running_sandbox import running_app

STATUSES = {OSS_CODES[stage]: word for stage, word in APP_STATUSES.items()}
Seen = list[tuple[Permit, FiledPermit, Application | None]]


@pytest.fixture(scope="module")
async def seen() -> Seen:
    """Return every permit of the demo with its rows in the two systems."""
    oss, _ = built(300)
    async with running_app(300) as app:
        return [
            (permit, filed, app.sandbox.store.get(PERMITS + permit.number)) for permit, filed in _filed(oss.register)
        ]


def _filed(register: Register) -> Iterator[tuple[Permit, FiledPermit]]:
    for number in range(register.count):
        filing = register.get(number)
        assert filing
        yield from zip(register.business(number).permits, filing.permits, strict=True)


def test_both_have_the_same_permits(seen: Seen) -> None:
    assert len(seen) == 450
    for permit, filed, row in seen:
        assert (row is None) == permit.absent
        assert row is None or (row.id_izin, row.kewenangan) == (filed.id, filed.authority)


def test_they_agree_unless_one_is_behind(seen: Seen) -> None:
    differing = {
        permit.number
        for permit, filed, row in seen
        if row and (STATUSES[filed.status[0]], filed.licence_number) != (row.kode, row.nomor_izin)
    }
    behind = {permit.number for permit, _, row in seen if row and permit.behind}
    assert differing
    assert differing <= behind, "two stages may have the same status, so not all that are behind differ"


def test_some_are_at_the_centre_alone(seen: Seen) -> None:
    assert 1 <= sum(row is None for _, _, row in seen) < 23
