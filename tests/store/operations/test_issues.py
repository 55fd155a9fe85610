"""Each kind of issue is computed from its state, and no other is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.agreement.enums import AgreementState
from hub.messages import in_language
from hub.schema.graph import schema
from hub.store.feed.sequence import SequencerStatus
from hub.store.ingest.file_downloads import MissingFiles
from hub.store.ingest.inquiries import InquiryBacklog
from hub.store.ingest.quarantine import QuarantineBacklog
from hub.store.operations.event_counts import Event, EventSum
from hub.store.operations.issues import KINDS, HubState, issues_in
from hub.store.operations.jobs import Workers
from hub.store.operations.terms import Severity
from hub.store.outbox.deliveries import Backlog
from hub.store.queries.agreement_gauges import AgreementFigures
from hub.store.system_issues import Issue
from hub.store.systems import SystemState
from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.terms import DisabledReason, WebhookContent, WebhookFormat, WebhookState

DOCS = Path(__file__).parents[3] / "docs"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY_AGO, HOURS_AGO, JUST_NOW = NOW - timedelta(days=2), NOW - timedelta(hours=2), NOW - timedelta(minutes=5)
UP = SystemState(
    name="fake",
    title="Fake",
    owner="Tests",
    coverage="FULL",
    enabled=True,
    every=60,
    synced_at=JUST_NOW,
    full_at=JUST_NOW,
    down_since=None,
    stopped_at=None,
    last_error=None,
    records=1,
    quarantined=0,
)
HOOK = Webhook(
    id="wh_1",
    client="c_1",
    url="https://partner.example/hook",
    kinds=None,
    systems=None,
    content=WebhookContent.THIN,
    format=WebhookFormat.STANDARD,
    per_minute=60,
    public_key=None,
    state=WebhookState.ACTIVE,
    reason=None,
    cursor="",
    failures=0,
    failing_since=None,
    warned_at=None,
    retry_at=NOW,
    verified_at=NOW,
    error=None,
    created_at=DAY_AGO,
)
FIGURES = AgreementFigures(matters={("permit", AgreementState.AGREED.value): 1}, oldest={}, seconds={}, decisions={})
QUIET = HubState(
    now=NOW,
    migrated=True,
    workers=Workers(1, NOW),
    systems=[UP],
    system_issues=[],
    quarantine=[],
    deliveries=[],
    files={},
    in_doubt={"fake": 0},
    inquiries=[],
    feed=[SequencerStatus("fake", 1, 0.5)],
    agreement=FIGURES,
    decisions={},
    undecided={},
    webhooks=[HOOK],
    recent_events={},
    hourly_events={},
)


def system(**over: Any) -> dict[str, Any]:
    return {"systems": [replace(UP, **over)]}


def sent(state: str, oldest: datetime) -> dict[str, Any]:
    return {"deliveries": [Backlog("fake", state, 3, oldest)]}


def hook(**over: Any) -> dict[str, Any]:
    return {"webhooks": [replace(HOOK, **over)]}


CASES: Mapping[str, dict[str, Any]] = {
    "NOT_READY": {"migrated": False},
    "OPERATIONS_FAIL": {"recent_events": {(Event.OPERATION_FAILED, ""): EventSum(2, JUST_NOW)}},
    "WORKER_MISSING": {"workers": Workers(0, HOURS_AGO)},
    "FEED_STALLED": {"feed": [SequencerStatus("fake", 1, 61)]},
    "DISAGREEMENT_OLD": {"agreement": replace(FIGURES, oldest={"permit": 86_401.0})},
    "WEBHOOK_FAILING": hook(failures=99, failing_since=HOURS_AGO),
    "WEBHOOK_DISABLED": hook(state=WebhookState.DISABLED, reason=DisabledReason.GONE),
    "WEBHOOK_NO_CONSENT": hook(state=WebhookState.UNVERIFIED, failures=1),
    "SYSTEM_STOPPED": system(stopped_at=JUST_NOW, down_since=JUST_NOW, last_error="401"),
    "SYSTEM_DOWN": system(down_since=JUST_NOW),
    "SYSTEM_NOT_STARTED": system(synced_at=None),
    "SYSTEM_PAUSED": system(paused_at=JUST_NOW),
    "PULLS_LAG": system(synced_at=HOURS_AGO),
    **{
        code: {"system_issues": [Issue("fake", code, JUST_NOW, "Why.")]}
        for code in ("CLOCK_SKEW", "FUTURE_TIMESTAMPS", "CONTRACT_VIOLATION", "MANY_MISSING")
    },
    "DELIVERIES_LAG": sent("WAITING", HOURS_AGO),
    "DELIVERIES_BLOCKED": sent("BLOCKED", JUST_NOW),
    "DELIVERIES_UNKNOWN": sent("OUTCOME_UNKNOWN", JUST_NOW),
    "DELIVERIES_STUCK": sent("SENDING", DAY_AGO),
    "FILES_WAIT": {"files": {"fake": MissingFiles(101, 0)}},
    "FILES_GIVEN_UP": {"files": {"fake": MissingFiles(0, 1)}},
    "HOOKS_REFUSED": {"hourly_events": {(Event.HOOK_REFUSED, "fake"): EventSum(21, JUST_NOW)}},
    "QUARANTINE_WAITS": {"quarantine": [QuarantineBacklog("fake", 3, JUST_NOW)]},
    "RECORDS_IN_DOUBT": {"in_doubt": {"fake": 1}},
    "DECISIONS_BLOCKED": {"decisions": {"fake": (1, JUST_NOW)}},
    "INQUIRIES_UNANSWERED": {"inquiries": [InquiryBacklog("fake", 1, JUST_NOW, "404", ["P1"])]},
    "CONFLICTS_WAIT": {"undecided": {("CONFLICTS_WAIT", "fake"): (1, JUST_NOW)}},
    "CLAIMS_WAIT": {"undecided": {("CLAIMS_WAIT", "fake"): (1, JUST_NOW)}},
}
"""What of the quiet state has to be otherwise for each issue."""
NORMAL: Mapping[str, dict[str, Any]] = {
    "a delivery that waits for minutes": sent("WAITING", JUST_NOW),
    "a delivery that is sent for hours": sent("SENDING", HOURS_AGO),
    "a few files that wait": {"files": {"fake": MissingFiles(100, 0)}},
    "a few refused calls": {"hourly_events": {(Event.HOOK_REFUSED, "fake"): EventSum(20, JUST_NOW)}},
    "a disagreement of today": {"agreement": replace(FIGURES, oldest={"permit": 86_400.0})},
    "a disabled system that is down": {
        **system(enabled=False, down_since=DAY_AGO),
        "quarantine": [QuarantineBacklog("fake", 3, JUST_NOW)],
    },
}


def test_a_quiet_hub_has_no_issue() -> None:
    assert issues_in(QUIET) == []
    assert CASES.keys() == KINDS.keys()


@pytest.mark.parametrize("code", CASES)
def test_a_state_has_its_issue_alone_in_both_languages(code: str) -> None:
    (issue,) = issues_in(replace(QUIET, **CASES[code]))
    assert issue.code == code
    kind = issue.kind
    for message in (kind.title, kind.meaning, kind.what_to_do):
        english, indonesian = issue.text(message, "en"), issue.text(message, "id")
        assert english != indonesian
        assert not re.search(r"[{}]", english + indonesian)
    assert issue.since is not None or code in ("NOT_READY", "SYSTEM_NOT_STARTED", "RECORDS_IN_DOUBT") or "FILES" in code


@pytest.mark.parametrize("case", NORMAL)
def test_a_state_that_passes_by_itself_has_no_issue(case: str) -> None:
    assert issues_in(replace(QUIET, **NORMAL[case])) == []


def test_the_most_severe_is_first_and_then_the_oldest() -> None:
    state = {**CASES["QUARANTINE_WAITS"], **CASES["CLAIMS_WAIT"], **CASES["NOT_READY"], **sent("BLOCKED", DAY_AGO)}
    found = [issue.code for issue in issues_in(replace(QUIET, **state))]
    assert found == ["NOT_READY", "DELIVERIES_BLOCKED", "QUARANTINE_WAITS", "CLAIMS_WAIT"]


def test_each_alert_has_its_issue_of_the_same_severity() -> None:
    groups = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"]}
    severities = {Severity.CRITICAL: "page", Severity.WARNING: "ticket"}
    assert {kind.alert: severities[kind.severity] for kind in KINDS.values() if kind.alert} == alerts


def test_what_an_issue_names_exists() -> None:
    mutations = schema()._schema.mutation_type
    assert mutations is not None
    assert {kind.act for kind in KINDS.values()} - {None} - mutations.fields.keys() == set()
    for kind in KINDS.values():
        page, _, anchor = kind.document.partition("#")
        titles = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(), re.M)
        assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_documents_say_what_to_do_for_each_issue() -> None:
    row = r"^\| `([A-Z_]+)` \| (\w+) \| (\w*) \| .* \| \[(.*)\]\(([^)]*)\) \|$"
    rows = re.findall(row, (DOCS / "operations.md").read_text(), re.M)
    assert {code: (severity, alert or None, to_do, document) for code, severity, alert, to_do, document in rows} == {
        code: (
            kind.severity.value,
            kind.alert,
            in_language(kind.what_to_do, "en").rstrip("."),
            kind.document.removeprefix("operations.md"),
        )
        for code, kind in KINDS.items()
    }
