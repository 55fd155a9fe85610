"""The businesses of the OSS sandbox: computed from the demo world when they are looked at, kept once they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from hub.connectors.oss.sandbox.filings import FiledPermit, Filing, filing_of, new_filing
from hub.demo.businesses import Business, BusinessWorld, business_of_permit, permits_before
from hub.demo.licence_numbers import business_of_nib, business_of_npwp, permit_of_id

_FILING = TypeAdapter(Filing)
_COUNT, _INTRODUCED = "count", "introduced"


class Register:
    """The businesses with the numbers below ``count``. ``record`` is called with each one that changed.

    A change goes through ``change``, which keeps the state before it, for a call that comes too late.
    """

    def __init__(self, world: BusinessWorld, record: Callable[[str, Any], None] = lambda name, state: None) -> None:
        self.world, self.count, self._record = world, world.count, record
        self.introduced = 0
        """How many businesses of the beginning were sent to the hub."""
        self._changed: dict[int, Filing] = {}
        self._before: dict[int, Filing] = {}

    @property
    def permits(self) -> int:
        """The number of permits of these businesses."""
        return permits_before(self.count)

    def business(self, number: int) -> Business:
        """Return what never changes about a business."""
        return self.world.business(number)

    def get(self, number: int | None) -> Filing | None:
        """Return a business by its number; change it only through ``change``."""
        if number is None or not 0 <= number < self.count:
            return None
        return self._changed.get(number) or filing_of(self.business(number))

    def with_nib(self, nib: str) -> Filing | None:
        """Return the business that has this NIB."""
        return self.get(business_of_nib(nib))

    def with_npwp(self, npwp: str) -> Filing | None:
        """Return the business that has this NPWP, of 15 digits or, with a zero before them, of 16."""
        return self.get(business_of_npwp(npwp[1:] if len(npwp) == 16 and npwp[0] == "0" else npwp))

    def with_permit(self, permit_id: str) -> tuple[Filing, FiledPermit] | None:
        """Return the permit of that ``id_izin``, and its business."""
        number = permit_of_id(permit_id)
        filing = self.get(business_of_permit(number)) if number is not None else None
        permit = filing.permit(permit_id) if filing else None
        return (filing, permit) if filing and permit else None

    def before(self, filing: Filing) -> Filing:
        """Return the state before the last change; without one, the registration without any permit."""
        if kept := self._before.get(filing.number):
            return kept
        return Filing(filing.number, filing.registered_at, filing.registered_at)

    def create(self, at: datetime) -> Filing:
        """Register another business."""
        filing = new_filing(self.business(self.count), at)
        self.count += 1
        self._record(_COUNT, self.count)
        self._put(filing)
        return filing

    def introduce(self, most: int) -> range:
        """Return the numbers of the next businesses to send to the hub, ``most`` at once."""
        numbers = range(self.introduced, self.world.count)[:most]
        if numbers:
            self.introduced = numbers.stop
            self._record(_INTRODUCED, self.introduced)
        return numbers

    def change(self, filing: Filing, apply: Callable[[Filing], object]) -> Filing:
        """Apply a change to a business, and keep the result unless ``apply`` raises; return it."""
        changed = deepcopy(filing)
        apply(changed)
        self._before[filing.number] = filing
        self._put(changed)
        return changed

    def restore(self, states: Mapping[str, Any]) -> None:
        """Restore what ``record`` was called with."""
        for name, state in states.items():
            if name == _COUNT:
                self.count = max(self.count, int(state))
            elif name == _INTRODUCED:
                self.introduced = int(state)
            else:
                filing = _FILING.validate_python(state)
                self._changed[filing.number] = filing

    def _put(self, filing: Filing) -> None:
        self._changed[filing.number] = filing
        self._record(str(filing.number), _FILING.dump_python(filing, mode="json"))
