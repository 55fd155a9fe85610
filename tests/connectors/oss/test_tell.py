"""Decisions of the region brought over to OSS: only what it lacks, as it names the permit, and never by halves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hub.connectors.oss.budget import DECISION, Budget
from hub.connectors.oss.client import OssClient
from hub.connectors.oss.connector import Oss
from hub.connectors.oss.decisions import Decisions
from hub.connectors.oss.outbound import Report
from hub.connectors.oss.sandbox import OssSandbox
from hub.connectors.oss.settings import OssSettings
from hub.contract import Decision, Raw, Record
from hub.errors import BadSetting, ConfigurationError, ContractBroken, OutcomeUnknown, Refused, TryLater
from hub.kinds import Permit
from hub.testing.running import Running, running_sandbox
from tests.connectors.oss.running_sandbox import TODAY
from tests.connectors.oss.test_look_ups import pulled

ISSUED = {"number": "503/1/2026", "issued_on": "2026-11-20", "valid_until": "2029-11-19"}
CENTRE = "00"


class Office:
    """The running sandbox without irregularities, and permits of it."""

    def __init__(self, running: Running) -> None:
        self.running = running
        assert isinstance(running.sandbox, OssSandbox)
        self.sandbox = running.sandbox
        self.sandbox.trap.switch(None, on=False)

    def open_permit(self, *, centre: bool = False) -> str:
        """An application that the region decides, or the centre."""
        for number in range(self.sandbox.register.count):
            filing = self.sandbox.register.get(number)
            for filed in filing.permits if filing else ():
                if filed.licence_number is None and filed.status[0] != "90" and (filed.authority == CENTRE) == centre:
                    return filed.id
        raise AssertionError("the demo world has no such permit")

    async def decision(self, permit_id: str, status: str, **decided: Any) -> Decision:
        """What the region's register has decided; it names the permit's type by a code of its own."""
        async with self.running.connected() as connector:
            item = await connector.fetch_one(permit_id)
            assert item
            known = connector.map(item)
        assert isinstance(known.facts, Permit)
        since = decided.pop("since", None) or self.sandbox.now
        mine = replace(known.facts, type_code="999999999999", nib=None, **decided)
        record = replace(known, facts=mine, status=status, occurred_at=since, external_id="100001")
        return Decision(key="k", record=record, fields=frozenset({"status"}), external_id=permit_id)

    async def tell(self, decision: Decision, settings: OssSettings | None = None) -> Record:
        """Bring a decision over, and return what OSS has then."""
        async with self.running.connected(settings) as connector:
            (item,) = await connector.tell(decision)
            return connector.map(item)

    def settings(self, **changed: Any) -> OssSettings:
        """The settings of the sandbox, with some of them changed."""
        assert isinstance(self.running.settings, OssSettings)
        return self.running.settings.model_copy(update=changed)

    def calls(self, method: str) -> int:
        """How many calls of a method there were."""
        return self.sandbox.calls[f"POST /{method}"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_sandbox(Oss, tmp_path, TODAY, size=60) as running:
        yield Office(running)


async def test_a_status_is_reported_and_read_back(office: Office) -> None:
    after = await office.tell(await office.decision(office.open_permit(), "INSPECTION"))
    assert (after.status, after.source_status) == ("INSPECTION", "40")
    assert (office.calls("receiveLicenseStatus"), office.calls("receiveLicense")) == (1, 0)


@pytest.mark.parametrize(("status", "code"), [("ISSUED", "50"), ("PROVISIONAL", "52"), ("SUSPENDED", "70")])
async def test_an_issued_permit_arrives_with_its_licence(office: Office, status: str, code: str) -> None:
    after = await office.tell(await office.decision(office.open_permit(), status, **ISSUED))
    assert isinstance(after.facts, Permit)
    assert (after.status, after.source_status) == (status, code)
    assert {name: getattr(after.facts, name) for name in ISSUED} == ISSUED
    assert (office.calls("receiveLicenseStatus"), office.calls("receiveLicense")) == (1, 1)


@pytest.mark.parametrize("unknown", ["number", "issued_on"])
async def test_a_permit_without_a_number_or_day_is_no_licence(office: Office, unknown: str) -> None:
    after = await office.tell(await office.decision(office.open_permit(), "ISSUED", **ISSUED | {unknown: None}))
    assert after.status == "ISSUED"
    assert office.calls("receiveLicense") == 0


async def test_without_a_signatory_only_the_status_arrives(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "ISSUED", **ISSUED)
    after = await office.tell(decision, office.settings(signatory_name=""))
    assert isinstance(after.facts, Permit)
    assert (after.status, after.facts.number) == ("ISSUED", None)
    assert office.calls("receiveLicense") == 0


async def test_without_the_office_a_setting_is_missing(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "ISSUED", **ISSUED)
    with pytest.raises(BadSetting, match="HUB_OSS_INSTANSI"):
        await office.tell(decision, office.settings(instansi=""))
    assert office.calls("receiveLicenseStatus") == 0


async def test_doctor_gets_what_is_not_reported(office: Office) -> None:
    async with office.running.connected() as connector:
        assert await connector.missing_reference_data() == []
    async with office.running.connected(office.settings(signatory_number="")) as connector:
        assert len(await connector.missing_reference_data()) == 1


async def test_what_oss_has_is_not_reported_again(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "ISSUED", **ISSUED)
    await office.tell(decision)
    later = replace(decision, record=replace(decision.record, occurred_at=office.sandbox.now + timedelta(hours=1)))
    await office.tell(later)
    assert (office.calls("receiveLicenseStatus"), office.calls("receiveLicense")) == (1, 1)


@pytest.mark.parametrize(("code", "status"), [("43", "INCOMPLETE"), ("44", "VERIFICATION"), ("57", "ISSUED")])
async def test_another_code_of_the_same_status_stays(office: Office, code: str, status: str) -> None:
    permit_id = office.open_permit()
    office.sandbox.act({"do": "status", "id_izin": permit_id, "kd_status": code})
    after = await office.tell(await office.decision(permit_id, status, **ISSUED))
    assert (after.status, after.source_status) == (status, code)


async def test_a_changed_number_alone_is_reported(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "ISSUED", **ISSUED)
    await office.tell(decision)
    assert isinstance(decision.record.facts, Permit)
    facts = replace(decision.record.facts, number="503/2/2026")
    after = await office.tell(replace(decision, record=replace(decision.record, facts=facts)))
    assert isinstance(after.facts, Permit)
    assert after.facts.number == "503/2/2026"
    assert (office.calls("receiveLicenseStatus"), office.calls("receiveLicense")) == (1, 2)


@pytest.mark.parametrize("trap", [None, "short_times", "dates_for_times"])
async def test_a_status_that_oss_changed_back_is_replaced(office: Office, trap: str | None) -> None:
    permit_id = office.open_permit()
    since = office.sandbox.now - timedelta(days=2)
    decision = await office.decision(permit_id, "PAYMENT", since=since)
    office.sandbox.act({"do": "status", "id_izin": permit_id, "kd_status": "20"})
    if trap:
        office.sandbox.trap.switch(trap, on=True)
    with patch("hub.connectors.oss.sandbox.methods.one_of", lambda *of: 0):
        after = await office.tell(decision)
    assert after.status == "PAYMENT"
    filing = office.sandbox.register.with_permit(permit_id)
    assert filing
    assert filing[1].status[1] <= office.sandbox.now


async def test_a_decision_that_is_newer_keeps_its_time(office: Office) -> None:
    since = office.sandbox.now.replace(microsecond=0)
    after = await office.tell(await office.decision(office.open_permit(), "INSPECTION", since=since))
    assert after.occurred_at == since


async def test_a_permit_of_the_centre_is_refused(office: Office) -> None:
    decision = await office.decision(office.open_permit(centre=True), "INSPECTION")
    with pytest.raises(Refused, match=r"\(kode 403\): the centre decides this permit"):
        await office.tell(decision)


async def test_a_long_number_is_refused_before_anything_is_sent(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "ISSUED", **ISSUED | {"number": "9" * 51})
    with pytest.raises(Refused, match="nomor_izin has more than 50 characters"):
        await office.tell(decision)
    assert office.calls("receiveLicenseStatus") == 0


async def test_a_decision_that_arrived_by_half_is_unknown(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "ISSUED", **ISSUED)
    original = OssClient.report

    async def report(client: OssClient, method: str, body: Raw) -> Any:
        if method == "receiveLicense":
            raise TryLater("the connection was refused")
        return await original(client, method, body)

    with patch.object(OssClient, "report", report), pytest.raises(OutcomeUnknown, match="a part of the decision"):
        await office.tell(decision)
    assert (await office.tell(decision)).status == "ISSUED"
    assert (office.calls("receiveLicenseStatus"), office.calls("receiveLicense")) == (1, 1)


async def test_a_look_up_that_fails_first_did_nothing(office: Office) -> None:
    decision = await office.decision(office.open_permit(), "INSPECTION")
    async with office.running.fault("failure_under_200", times=1, value=500):
        with pytest.raises(TryLater) as raised:
            await office.tell(decision)
    assert not isinstance(raised.value, OutcomeUnknown)
    with (
        patch.object(OssClient, "inquery_license", return_value={"nib": {"x": 1}, "kd_status": "20"}),
        pytest.raises(ContractBroken, match="nib is not text"),
    ):
        await office.tell(decision)
    assert office.calls("receiveLicenseStatus") == 0


@pytest.mark.parametrize("error", [TryLater("down"), ConfigurationError("the key is refused")])
async def test_a_look_up_that_fails_afterwards_is_no_error(office: Office, error: Exception) -> None:
    decision = await office.decision(office.open_permit(), "INSPECTION")
    with patch.object(OssClient, "permit", side_effect=error):
        async with office.running.connected() as connector:
            assert await connector.tell(decision) == []
    assert office.sandbox.figures()["decisions"] == 1


async def test_an_unreadable_time_does_not_stop_a_report(office: Office) -> None:
    known = {"nib": "1", "id_izin": "I-1", "kd_izin": "2", "kd_status": "20", "tgl_status": "soon", "kd_daerah": "3"}
    decision = await office.decision(office.open_permit(), "PAYMENT", since=datetime(2026, 11, 20, 3, 0, tzinfo=UTC))
    sent: list[Report] = []

    async def keep(client: OssClient, report: Report) -> None:
        sent.append(report)

    with (
        patch.object(OssClient, "inquery_license", return_value=known),
        patch("hub.connectors.oss.decisions.send", keep),
    ):
        async with office.running.connected() as connector:
            assert isinstance(connector, Oss)
            await Decisions(office.settings(), connector._client(DECISION)).bring_over(decision)
    assert sent[0].body["IZINSTATUS"]["tgl_status"] == "2026-11-20 10:00:00"


class Waiting(Exception):
    """A look-up has to wait for the budget."""


@contextmanager
def budgeted(calls: int) -> Iterator[None]:
    """A budget of ``calls`` in a minute that does not pass."""

    async def sleep(seconds: float) -> None:
        raise Waiting

    budget = Budget(calls, lambda: 0.0, sleep)
    with patch("hub.connectors.oss.client.budget_of", lambda url, calls: budget):
        yield


async def test_a_decision_does_not_wait_for_a_pull(office: Office) -> None:
    permit_id = office.open_permit()
    decision = await office.decision(permit_id, "INSPECTION")
    with budgeted(24):
        with pytest.raises(Waiting):
            await pulled(office.running, office.sandbox.some_ids(30))
        async with office.running.connected() as connector:
            assert await connector.inquire(permit_id)
            with pytest.raises(Waiting):
                await connector.inquire(permit_id)
        assert (await office.tell(decision)).status == "INSPECTION"


async def test_without_a_free_look_up_a_decision_did_nothing(office: Office) -> None:
    permit_id = office.open_permit()
    decisions = [await office.decision(permit_id, status) for status in ("INSPECTION", "PAYMENT", "APPROVAL")]
    with budgeted(6):
        for each in decisions[:2]:
            assert (await office.tell(each)).status == each.record.status
        with pytest.raises(TryLater) as raised:
            await office.tell(decisions[2])
    assert (type(raised.value), raised.value.after) == (TryLater, 60.0)
    assert office.calls("receiveLicenseStatus") == 2


async def test_approve_without_an_id_takes_one_of_the_centre(office: Office) -> None:
    done = office.sandbox.act({"do": "approve"})
    assert (done["kd_status"], done["kewenangan"]) == ("50", CENTRE)
    with pytest.raises(ValueError, match="name one by id_izin"):
        office.sandbox.act({"do": "approve"})
