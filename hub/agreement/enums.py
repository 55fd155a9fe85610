"""The codes of agreement, with their labels."""

from __future__ import annotations

from enum import StrEnum

from hub.kinds import Code


class Side(StrEnum):
    """One of the two sides of a pair. Of two registers, the centre is the left one and the region the right one."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"

    @property
    def other(self) -> Side:
        """The other side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class AgreementState(Code):
    """Whether the two sides of a matter agree."""

    AGREED = "AGREED", "Sesuai", "Agreed", "Both sides have the same values."
    PENDING = (
        "PENDING",
        "Dalam proses",
        "Pending",
        "The sides differ, and the time in which the other side should follow has not passed.",
    )
    DIFFERS = "DIFFERS", "Berbeda", "Differs", "The sides have different values."
    ONE_SIDED = "ONE_SIDED", "Hanya di satu pihak", "One-sided", "Only one side has the matter."
    UNKNOWN = (
        "UNKNOWN",
        "Tidak diketahui",
        "Unknown",
        "It cannot be determined: a side sent a code that the hub does not know, or more than one record matches.",
    )


class DifferenceCause(Code):
    """Why the two sides differ."""

    NOT_TOLD = (
        "NOT_TOLD",
        "Belum dikirim",
        "Not sent",
        "The value was not sent to the side that follows: it accepts no such value, or the delivery is not due yet.",
    )
    NOT_TAKEN = (
        "NOT_TAKEN",
        "Tidak diterima",
        "Not accepted",
        "The value was sent to the side that follows, which is unavailable or refused it.",
    )
    TOLD_LATE = (
        "TOLD_LATE",
        "Belum tampil",
        "Not shown",
        "The side that follows accepted the value and does not show it yet.",
    )
    CHANGED_BACK = (
        "CHANGED_BACK",
        "Diubah kembali",
        "Changed back",
        "The side that follows changed the value later, although the other side decides it.",
    )
    UNKNOWN_CODE = (
        "UNKNOWN_CODE",
        "Kode tidak dikenal",
        "Unknown code",
        "A side sent a code that the hub does not know.",
    )
    MATCH_UNSURE = (
        "MATCH_UNSURE",
        "Pasangan belum pasti",
        "Match unsure",
        "More than one record of one side may be the same matter as the other side's.",
    )
    CONFLICT = "CONFLICT", "Konflik", "Conflict", "Both sides changed the value, and a person must decide."


class NextStep(Code):
    """What happens next about a difference."""

    DELIVERY = "DELIVERY", "Pengiriman", "Delivery", "The hub sends the deciding side's value to the other side."
    PERSON = "PERSON", "Keputusan petugas", "A person", "It waits for a person."
    READ = "READ", "Pembacaan berikutnya", "Next read", "The hub reads the other side again."
