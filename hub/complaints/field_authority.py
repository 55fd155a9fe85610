"""Fields that a complaint and a record of another system share: which side owns each field. Pure.

Each side keeps its latest value and the time it was set. Merging two values of one side keeps the later one, so
values that arrive again, late or in another order give the same result. ``merge`` then decides between the two sides
by the field's ``Authority``, whichever side changed last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from hub.kinds import Code

_NONE: Mapping[str, Collection[str]] = MappingProxyType({})


class Authority(Code):
    """Which side owns a field."""

    REMOTE = "REMOTE", "Sistem lain", "The other system", "The value of the other system applies."
    LOCAL = "LOCAL", "Hub", "The hub", "The value that was set in the hub applies."
    LATEST = (
        "LATEST",
        "Yang terbaru",
        "The latest",
        "The value that was set last applies; if both were set at the same time, that of the other system.",
    )
    MANUAL = (
        "MANUAL",
        "Keputusan petugas",
        "Manual decision",
        "If the values differ, both are stored and a person decides.",
    )


@dataclass(frozen=True, slots=True)
class SharedField:
    """A field that both sides hold: its name in the complaint, who owns it, and why (in both languages).

    ``does_not_override`` maps a value of the other system to the local values that it leaves unchanged, because they
    are more specific: the other system has no code for them, or only repeats an earlier state.
    """

    field: str
    authority: Authority
    why_id: str
    why_en: str
    does_not_override: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as JSON values, as it is stored with the system."""
        unchanged = {remote: sorted(local) for remote, local in self.does_not_override.items()}
        why = {"why_id": self.why_id, "why_en": self.why_en}
        return {"field": self.field, "authority": self.authority.value, **why, "leaves": unchanged}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the declaration from what ``to_json`` returned."""
        return cls(
            stored["field"], Authority(stored["authority"]), stored["why_id"], stored["why_en"], stored["leaves"]
        )


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """The value of a field on one side and the time it was set, as a code of the hub; an empty text is no value."""

    at: datetime
    value: str = ""


def latest(one: Value | None, other: Value | None) -> Value | None:
    """Return the later of two values of one side.

    Of two values of the same time it is the greater one, so that their order does not matter.
    """
    return max((each for each in (one, other) if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of a merge; with ``conflict`` both values are kept and a person has to decide."""

    value: str | None
    conflict: bool = False


def merge(
    authority: Authority,
    local: Value | None,
    remote: Value | None,
    does_not_override: Mapping[str, Collection[str]] = _NONE,
) -> MergeResult:
    """Return the value that applies. A side without a value is ignored; ``does_not_override`` as in ``SharedField``."""
    if (
        local is None
        or remote is None
        or local.value == remote.value
        or local.value in does_not_override.get(remote.value, ())
    ):
        only = local or remote
        return MergeResult(only.value if only else None)
    if authority is Authority.MANUAL:
        return MergeResult(local.value, conflict=True)
    if authority is Authority.LATEST:
        return MergeResult((remote if remote.at >= local.at else local).value)
    return MergeResult((local if authority is Authority.LOCAL else remote).value)
