"""The result of ``make audit`` by pip-audit's answer."""

from __future__ import annotations

from typing import Any

import pytest

from tools.audit import verdict

SOUND = {"name": "one", "version": "1.0", "vulns": []}
SKIPPED = {"name": "two", "skip_reason": "not found"}
FLAWED = {"name": "two", "version": "2.0", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.1"]}]}


@pytest.mark.parametrize(
    ("entries", "code", "printed"),
    [
        ([SOUND, FLAWED], 1, ["two 2.0: CVE-2026-1, fixed in 2.1."]),
        ([FLAWED], 1, ["two 2.0: CVE-2026-1, fixed in 2.1.", "Not checked: one."]),
        (
            [SOUND, {**FLAWED, "vulns": []}],
            0,
            ["No vulnerability is known of the 2 packages of requirements.run.lock."],
        ),
        ([], 3, ["The advisory database cannot be reached: it answered for none of the packages."]),
        ([SKIPPED], 3, ["The advisory database cannot be reached: it answered for none of the packages."]),
        ([SOUND, SKIPPED], 3, ["The advisory database did not answer for two; the others are not vulnerable."]),
    ],
)
def test_only_full_answers_are_a_pass(entries: list[dict[str, Any]], code: int, printed: list[str]) -> None:
    assert verdict(entries, ["one", "two"]) == (code, printed)
