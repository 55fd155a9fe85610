"""The facts of a complaint that the feed and snapshots contain, and those that they must not contain."""

from __future__ import annotations

import pytest

from hub.store.feed import serialization

KEPT = {
    "ticket": "LG-2026-000001",
    "status": "VERIFIED",
    "category": "OTHER",
    "due_at": None,
    "submitted_by": "client:gojek",
    "citizen_id": "u_siti",
    "reporter_id": 7,
}


def test_no_account_and_no_reporter_is_serialized() -> None:
    assert serialization.serialize(KEPT, "complaint") == {
        "ticket": "LG-2026-000001",
        "status": "VERIFIED",
        "category": "OTHER",
        "dueAt": None,
    }
    assert serialization.serialize_names(KEPT, "complaint") == ["ticket", "status", "category", "dueAt"]


def test_a_partner_gets_status_and_time_of_a_secret_complaint() -> None:
    assert serialization.serialize(KEPT, "complaint", minimal=True) == {
        "ticket": "LG-2026-000001",
        "status": "VERIFIED",
        "dueAt": None,
    }
    assert serialization.serialize_names(KEPT, "complaint", minimal=True) == ["ticket", "status", "dueAt"]
    closed = ("title", "text", "channel", "class", "agency_code", "area_code", "anonymous", "rating", "inspection")
    assert serialization.serialize_names(closed, "complaint", minimal=True) == []


@pytest.mark.parametrize("bare", [False, True])
def test_what_was_deleted_has_no_facts(bare: bool) -> None:
    assert serialization.serialize(None, "complaint", minimal=bare) is None


def test_the_rows_of_a_list_have_the_names_of_the_graph() -> None:
    log = [{"at": "2026-01-01", "from": "A", "status_old": "x"}, "rest"]
    assert serialization.serialize({"told": "Selesai", "log": log}, "report") == {
        "sourceStatus": "Selesai",
        "log": [{"at": "2026-01-01", "fromInstitution": "A", "statusOld": "x"}, "rest"],
    }
