"""What two systems share: the registers that hold permits, the shared fields, and who decides each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from hub.agreement.enums import Side
from hub.kinds import Permit, PermitAuthority, PermitStatus

STATUS = "status"
"""The name of the field with the status, whose values are compared as far as the other side can express them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What one system declares as one side of a pair.

    ``shows`` maps a status to the one that the system shows after it has received it: the same one, or another where
    the system has no code for it, which is a declared loss. A status that is not in it cannot be sent to the system.
    ``may_omit`` are shared fields that the system may leave out although the matter has them. ``takes`` are the fields
    that the hub can send to it, and ``creates`` is whether the hub can create a record there. ``lists_all`` is whether
    the hub has all its records after a complete pull; of another register the hub must ask for each that it may have.
    """

    side: Side
    kind: str = Permit.kind
    shows: Mapping[str, str]
    may_omit: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    creates: bool = False
    lists_all: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as JSON values, as it is stored with the system."""
        return {
            "side": self.side.value,
            "kind": self.kind,
            "shows": dict(sorted(self.shows.items())),
            "may_omit": sorted(self.may_omit),
            "takes": sorted(self.takes),
            "creates": self.creates,
            "lists_all": self.lists_all,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the declaration from what ``to_json`` returned."""
        return cls(
            side=Side(stored["side"]),
            kind=stored["kind"],
            shows=stored["shows"],
            may_omit=frozenset(stored["may_omit"]),
            takes=frozenset(stored["takes"]),
            creates=stored["creates"],
            lists_all=stored["lists_all"],
        )


Decider = Callable[[Mapping[str, str | None]], Side | None]
"""Returns the side that decides a matter with these values; None if that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairField:
    """A shared field. ``with_status``: it is part of the decision that gives the status, and has the status's time."""

    name: str
    decider: Decider
    with_status: bool = False
    normalize: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two registers of one kind share.

    ``window`` is the time in seconds in which the side that follows should have followed; until then they are pending.
    ``key`` is the fact with the number that both sides know, which is the external id at the left side; ``key_name`` is
    the name of the record's key with it. A record of the right side without it is matched by the facts ``match``, all
    of which must be equal; the first of them is indexed.
    """

    kind: str
    key: str
    key_name: str
    match: tuple[str, ...]
    fields: tuple[PairField, ...]
    window: float
    version: int
    """Raised with every change of the fields or of who decides them: matters are then compared again."""

    def declaration(self, left: Register, right: Register) -> str:
        """Return the version of the declaration: a short hash that changes with the pair and with either register."""
        text = repr((self.kind, self.version, left.to_json(), right.to_json()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _by_authority(values: Mapping[str, str | None]) -> Side | None:
    """Return the side that decides a permit (contract perizinan#authority): the centre's own, or the region's."""
    authority = values.get("authority")
    if authority is None:
        return None
    return Side.LEFT if authority == PermitAuthority.CENTRE else Side.RIGHT


def _centre(values: Mapping[str, str | None]) -> Side | None:
    """Return the centre, which decides the data of a business and the level of authority in every case."""
    return Side.LEFT


def _group(kbli: str) -> str:
    """Return the five digits that KBLI codes of every length begin with."""
    return kbli[:5]


PERMITS = Pair(
    kind=Permit.kind,
    key="permit_id",
    key_name="permit",
    match=("nib", "project_id", "type_code"),
    fields=(
        PairField(name=STATUS, decider=_by_authority, with_status=True),
        PairField(name="number", decider=_by_authority, with_status=True),
        PairField(name="issued_on", decider=_by_authority, with_status=True),
        PairField(name="valid_until", decider=_by_authority, with_status=True),
        PairField(name="authority", decider=_centre),
        PairField(name="type_code", decider=_centre),
        PairField(name="kbli", decider=_centre, normalize=_group),
        PairField(name="scale", decider=_centre),
        PairField(name="area_code", decider=_centre),
    ),
    window=60.0,
    version=1,
)

PAIRS: Mapping[str, Pair] = MappingProxyType({PERMITS.kind: PERMITS})
"""Kind → the pair of its registers."""

UNKNOWN_STATUS = PermitStatus.UNKNOWN.value
