"""An input of each mutation of operators; they require the scope hub:operate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = {"idempotencyKey": "5f0c-0001"}
OPERATIONS: Mapping[str, dict[str, Any]] = {
    **{name: {**KEY, "system": "fake"} for name in ("pullNow", "fullRun", "pauseSystem", "resumeSystem")},
    "createClient": {
        **KEY, "name": "Uji", "organisation": "Uji", "authMethod": "client_secret_basic",
        "grants": ["client_credentials"], "scopes": ["reports:read"],
    },
    **{name: {**KEY, "id": "c_1"} for name in ("rotateClientSecret", "suspendClient", "resumeClient")},
    **{name: {**KEY, "id": "u_1"} for name in ("suspendOfficer", "resumeOfficer")},
    "actOnDeliveries": {**KEY, "keys": ["LG-2026-000001/1"], "act": "RETRY"},
    **{name: {**KEY, "ids": ["1"]} for name in ("replayQuarantine", "discardQuarantine")},
}  # fmt: skip
OF_ONESELF = {"endAccess", "endSession"}
"""Mutations of a person's own account, which need no scope: see tests/schema/test_account.py."""
