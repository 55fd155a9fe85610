"""The stages of a permit in the demo, with the code of OSS and the status of the regional app for each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from hub.demo.dice import Dice


class Stage(StrEnum):
    """One stage in the course of an application."""

    RECEIVED = "RECEIVED"
    CHECKING = "CHECKING"
    ASKED = "ASKED"
    ANSWERED = "ANSWERED"
    ASKED_AGAIN = "ASKED_AGAIN"
    ANSWERED_AGAIN = "ANSWERED_AGAIN"
    SURVEY = "SURVEY"
    PAYMENT = "PAYMENT"
    APPROVAL = "APPROVAL"
    ISSUED = "ISSUED"
    PROVISIONAL = "PROVISIONAL"
    SILENT_APPROVAL = "SILENT_APPROVAL"
    SUSPENDED = "SUSPENDED"
    REFUSED = "REFUSED"


OSS_CODES: dict[Stage, str] = {
    Stage.RECEIVED: "10",
    Stage.CHECKING: "20",
    Stage.ASKED: "41",
    Stage.ANSWERED: "42",
    Stage.ASKED_AGAIN: "43",
    Stage.ANSWERED_AGAIN: "44",
    Stage.SURVEY: "40",
    Stage.PAYMENT: "31",
    Stage.APPROVAL: "49",
    Stage.ISSUED: "50",
    Stage.PROVISIONAL: "52",
    Stage.SILENT_APPROVAL: "57",
    Stage.SUSPENDED: "70",
    Stage.REFUSED: "90",
}
"""``kd_status`` (contract oss#code-lists)."""
APP_STATUSES: dict[Stage, str] = {
    Stage.RECEIVED: "DITERIMA",
    Stage.CHECKING: "VERIFIKASI",
    Stage.ASKED: "PERBAIKAN",
    Stage.ANSWERED: "VERIFIKASI",
    Stage.ASKED_AGAIN: "PERBAIKAN",
    Stage.ANSWERED_AGAIN: "VERIFIKASI",
    Stage.SURVEY: "SURVEI",
    Stage.PAYMENT: "PEMBAYARAN",
    Stage.APPROVAL: "PERSETUJUAN",
    Stage.ISSUED: "TERBIT",
    Stage.PROVISIONAL: "TERBIT_SEMENTARA",
    Stage.SILENT_APPROVAL: "TERBIT",
    Stage.SUSPENDED: "DIBEKUKAN",
    Stage.REFUSED: "DITOLAK",
}
"""``status.kode`` (contract perizinan#status); several stages have the same status."""
ISSUED = frozenset({Stage.ISSUED, Stage.PROVISIONAL, Stage.SILENT_APPROVAL, Stage.SUSPENDED})
"""Stages of a permit that has a number."""
OPEN = frozenset(Stage) - ISSUED - {Stage.REFUSED}
"""Stages of an application that is not decided."""


def has_number(stages: Iterable[Stage]) -> bool:
    """Return whether a permit with these stages behind it has a number."""
    return not ISSUED.isdisjoint(stages)


def next_stage(stage: Stage, rng: Dice) -> Stage | None:
    """Return a stage that may follow; None after the end of an application."""
    if stage not in OPEN:
        return None
    following = {
        Stage.RECEIVED: (Stage.CHECKING,),
        Stage.CHECKING: (Stage.APPROVAL, Stage.SURVEY, Stage.ASKED),
        Stage.ASKED: (Stage.ANSWERED,),
        Stage.ANSWERED: (Stage.APPROVAL, Stage.ASKED_AGAIN),
        Stage.ASKED_AGAIN: (Stage.ANSWERED_AGAIN,),
        Stage.ANSWERED_AGAIN: (Stage.APPROVAL, Stage.ASKED_AGAIN),
        Stage.APPROVAL: (Stage.ISSUED, Stage.ISSUED, Stage.ISSUED, Stage.REFUSED),
    }
    return rng.pick(following.get(stage, (Stage.APPROVAL,)))
