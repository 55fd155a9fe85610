"""Checks of every connector that is one side of a pair of registers, by decisions about records of its own sandbox.

A connector without a register leaves them out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.agreement.pairs import STATUS, UNKNOWN_STATUS
from hub.errors import OutcomeUnknown, RecordChanged, Refused, TryLater
from hub.testing.registers import NOW, RunningRegister, new_key, values_of
from hub.testing.samples import Suite

HEADING = "## Agreement"
GIVEN = {"number": "503/UJI/1", "issued_on": f"{NOW:%Y-%m-%d}", "valid_until": f"{NOW.year + 5}-01-31"}
"""Values that a decision may bring over."""
LOST_ANSWERS = ("accept_then_hang", "accept_then_500")
"""Faults of a sandbox that accepts a call and does not answer."""


class RegisterContract(Suite):
    """Checks of what a register declares and of the decisions that it takes; inherit with ``connector`` set."""

    def test_a_register_names_statuses_and_fields_that_exist(self, register: RunningRegister) -> None:
        """In `register`, name statuses of the kind, never UNKNOWN, and fields of its pair."""
        shows, fields = register.declared.shows, {field.name for field in register.pair.fields}
        assert {*shows, *shows.values()} <= set(register.statuses) - {UNKNOWN_STATUS}
        assert register.declared.takes | register.declared.may_omit <= fields
        assert STATUS in register.declared.takes
        assert STATUS not in register.declared.may_omit

    def test_readme_names_what_a_register_does_not_take(self, register: RunningRegister) -> None:
        """Below `## Agreement` in the README, name each status that is shown as another one or not taken."""
        text = (self._folder() / "README.md").read_text().partition(f"\n{HEADING}\n")[2].partition("\n## ")[0]
        lost = [status for status in register.statuses if register.declared.shows.get(status) != status]
        assert [status for status in (*lost, *register.declared.may_omit) if f"`{status}`" not in text] == []

    async def test_each_status_is_shown_as_declared(self, register: RunningRegister) -> None:
        """Let `tell` bring over each status in `shows`, and declare there what the system shows then."""
        for status, shown in register.declared.shows.items():
            assert (await register.tell(register.decision(register.record(), status))).status == shown, status

    async def test_each_field_that_a_register_takes_arrives(self, register: RunningRegister) -> None:
        """Let `tell` bring over every field in `takes`."""
        given = {name: value for name, value in GIVEN.items() if name in register.declared.takes}
        for status in ("ISSUED", "PROVISIONAL"):
            decision = register.decision(register.record(), status, **given)
            after = values_of(register.pair, await register.tell(decision))
            assert {name: after[name] for name in given} == given

    async def test_a_repeated_decision_changes_nothing(self, register: RunningRegister) -> None:
        """Let `tell` send nothing that the system has already, or send it with the same idempotency key."""
        for status in ("VERIFICATION", "ISSUED"):
            decision = register.decision(register.record(), status, **GIVEN)
            await register.tell(decision)
            before, taken = await register.item(decision), register.taken
            await register.tell(decision)
            assert await register.item(decision) == before, status
            assert register.taken == taken > 0, "let the sandbox count the `decisions` that changed something"

    async def test_a_decision_over_a_later_status_is_taken(self, register: RunningRegister) -> None:
        """Let the system take a decision that is older than its own status: the side that decides holds."""
        first = register.decision(register.record(), "INSPECTION")
        after = await register.tell(first)
        decided = replace(first.record, status="PAYMENT", occurred_at=after.occurred_at - timedelta(days=3))
        again = replace(first, key=new_key(), record=decided, based_on=after.updated_at)
        assert (await register.tell(again)).status == register.declared.shows["PAYMENT"]

    async def test_a_decision_on_a_changed_record_is_not_lost(self, register: RunningRegister) -> None:
        """Raise RecordChanged with the record if it was changed since `based_on`, or bring the decision over anyway."""
        decision = register.decision(register.record(), "PAYMENT")
        assert decision.based_on
        before, taken, changed = await register.item(decision), register.taken, None
        try:
            after = await register.tell(replace(decision, based_on=decision.based_on - timedelta(hours=1)))
        except RecordChanged as error:
            changed = list(error.items)
        if changed is not None:
            assert (changed, await register.item(decision), register.taken) == ([before], before, taken)
            after = await register.tell(decision)
        assert after.status == register.declared.shows["PAYMENT"]

    async def test_a_status_without_a_code_is_refused(self, register: RunningRegister) -> None:
        """Raise Refused with one sentence, without a value, for a status that is not in `shows`."""
        record = register.record()
        for status in set(register.statuses) - register.declared.shows.keys():
            decision = register.decision(record, status, **GIVEN)
            before = await register.item(decision)
            with pytest.raises(Refused) as refused:
                await register.tell(decision)
            assert status in str(refused.value)
            assert not [value for value in GIVEN.values() if value in str(refused.value)]
            assert await register.item(decision) == before, status

    async def test_a_decision_on_nothing_is_refused(self, register: RunningRegister) -> None:
        """Raise Refused for a record that the system does not have."""
        decision = replace(register.decision(register.record(), "PAYMENT"), external_id="999999999999")
        with pytest.raises(Refused):
            await register.tell(decision)

    @pytest.mark.parametrize(("fault", "value"), [("rate_limited", 1), ("server_error", 503), ("down", None)])
    async def test_a_register_in_trouble_is_tried_later(
        self, register: RunningRegister, fault: str, value: float | None
    ) -> None:
        """Raise TryLater while the system does not answer."""
        decision = register.decision(register.record(), "PAYMENT")
        before = await register.item(decision)
        async with register.running.fault(fault, value=value):
            with pytest.raises(TryLater):
                await register.tell(decision)
        assert await register.item(decision) == before
        assert (await register.tell(decision)).status == register.declared.shows["PAYMENT"]

    @pytest.mark.parametrize("fault", LOST_ANSWERS)
    async def test_a_lost_answer_is_unknown_and_a_repeat_is_safe(self, register: RunningRegister, fault: str) -> None:
        """Raise OutcomeUnknown where the system may have accepted the decision; let a repeat change nothing more."""
        assert fault in register.running.sandbox.fault.known, "let the sandbox accept a call and answer nothing"
        decision = register.decision(register.record(), "INSPECTION")
        async with register.running.fault(fault, times=1):
            with pytest.raises(OutcomeUnknown):
                await register.tell(decision)
        before = await register.item(decision)
        assert (await register.tell(decision)).status == register.declared.shows["INSPECTION"]
        assert await register.item(decision) == before

    async def test_a_missing_record_is_created_or_refused(self, register: RunningRegister) -> None:
        """Create the record once, with the values of the decision, if `creates`; else raise Refused."""
        record = register.record()
        number = f"I-{NOW:%Y%m%d%H%M%S}0000001"
        decision = register.decision(record, "APPROVAL", **{register.pair.key: number})
        decision = replace(decision, external_id=None, based_on=None)
        if not register.declared.creates:
            with pytest.raises(Refused):
                await register.tell(decision)
            return
        created = await register.tell(decision)
        assert await register.tell(decision) == created
        expected = values_of(register.pair, decision.record) | {STATUS: register.declared.shows["APPROVAL"]}
        assert values_of(register.pair, created) == expected
        assert getattr(created.facts, register.pair.key) == number
