"""The terms of an operator's issues: severities, subjects, and what the hub says about each kind of issue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hub.messages import Bilingual


class Severity(StrEnum):
    """How urgent an issue is."""

    CRITICAL = "CRITICAL"
    """The hub fails in what it is for; its alert pages somebody."""
    WARNING = "WARNING"
    """Somebody has to act within days; its alert makes a ticket."""
    INFO = "INFO"
    """Somebody should know or decide; there is no alert."""


class SubjectKind(StrEnum):
    """What an issue is about."""

    HUB = "HUB"
    SYSTEM = "SYSTEM"
    PAIR = "PAIR"
    WEBHOOK = "WEBHOOK"


class Area(StrEnum):
    """The part of an operator's work that an issue belongs to."""

    HUB = "HUB"
    SYSTEMS = "SYSTEMS"
    DELIVERIES = "DELIVERIES"
    QUARANTINE = "QUARANTINE"
    AGREEMENT = "AGREEMENT"
    COMPLAINTS = "COMPLAINTS"
    FEED = "FEED"
    PARTNERS = "PARTNERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueKind:
    """What the hub says about a kind of issue.

    ``title`` and ``meaning`` may name ``{subject}``, the system, pair or client, and ``{count}``, a ``Count``.
    ``alert`` is its rule in ``docs/alerts.yml``, None without one. ``act`` is the mutation, and ``command`` the command
    that acts on it. ``document`` is the page and heading below ``docs/`` that explains it.
    """

    severity: Severity
    subject: SubjectKind
    area: Area
    title: Bilingual
    meaning: Bilingual
    what_to_do: Bilingual
    document: str
    alert: str | None = None
    act: str | None = None
    command: str | None = None
