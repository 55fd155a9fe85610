"""The bodies of reports to OSS, and what each of its answers means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.connectors.oss.budget import DECISION
from hub.connectors.oss.client import OssClient
from hub.connectors.oss.connector import Oss
from hub.connectors.oss.outbound import Licence, PermitReference, licence_report, send, status_report
from hub.connectors.oss.sandbox.bodies import final_permit
from hub.connectors.oss.sandbox.bodies import status_report as read_status_report
from hub.connectors.oss.settings import OssSettings, Signatory
from hub.errors import ConfigurationError, OutcomeUnknown, Refused, TryLater
from hub.http_client import Http
from hub.kinds import PermitStatus
from hub.testing.running import Running, running_sandbox
from tests.connectors.oss.running_sandbox import TODAY

SIGNATORY = Signatory(name="Pejabat Rekaan", number="990001010000990001", position="Kepala Dinas")
PERMIT = PermitReference(nib="1" * 13, permit_id="I-1", type_code="2" * 12, project_id="R-1")
SINCE = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
REPORT = status_report(PERMIT, "3300000000", PermitStatus.INSPECTION, SINCE)


def licence(number: str = "503/1/2026", valid_until: str | None = "2029-11-19") -> Licence:
    return Licence(number=number, issued_on="2026-11-20", valid_until=valid_until, area="3374000000", code="50")


@pytest.fixture(scope="module")
async def oss(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running_sandbox(Oss, Path(tmp_path_factory.mktemp("keys")), TODAY, size=60) as running:
        yield running


@asynccontextmanager
async def client_of(oss: Running) -> AsyncIterator[OssClient]:
    assert isinstance(oss.settings, OssSettings)
    async with Http(oss.url, attempts=1) as http:
        yield OssClient(oss.settings, http, DECISION)


def test_a_status_report_is_what_the_contract_names() -> None:
    found = read_status_report(REPORT.body)
    assert (found.nib, found.permit_id, found.permit_type) == (PERMIT.nib, PERMIT.permit_id, PERMIT.type_code)
    assert (found.instansi, found.code, found.at) == ("3300000000", "40", SINCE)
    assert REPORT.body["IZINSTATUS"]["tgl_status"] == "2026-11-20 10:00:00"


@pytest.mark.parametrize("until", ["2029-11-19", None])
def test_a_licence_report_is_what_the_contract_names(until: str | None) -> None:
    report = licence_report(PERMIT, licence(valid_until=until), SIGNATORY)
    found = final_permit(report.body)
    assert (found.number, f"{found.issued_on}", found.code) == ("503/1/2026", "2026-11-20", "50")
    assert found.valid_until == (None if until is None else datetime.fromisoformat(until).date())
    body = report.body["IZINFINAL"]
    assert [body[name] for name in ("nama_ttd", "nip_ttd", "jabatan_ttd")] == [
        SIGNATORY.name,
        SIGNATORY.number,
        SIGNATORY.position,
    ]


def test_a_status_without_a_code_is_refused() -> None:
    with pytest.raises(Refused, match="no code for the status REVOKED"):
        status_report(PERMIT, "3300000000", PermitStatus.REVOKED, SINCE)


def test_a_number_that_is_too_long_is_refused() -> None:
    with pytest.raises(Refused, match="nomor_izin has more than 50 characters") as refused:
        licence_report(PERMIT, licence("9" * 51), SIGNATORY)
    assert "999" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        (400, Refused, "a field of the report is wrong"),
        (403, Refused, "the centre decides this permit"),
        (404, Refused, "OSS has no such permit"),
        (405, Refused, "does not accept this call"),
        (401, ConfigurationError, "HUB_OSS_USER_KEY"),
        (500, OutcomeUnknown, "failed with kode 500"),
        (504, OutcomeUnknown, "failed with kode 504"),
        (999, OutcomeUnknown, "failed with kode 999"),
    ],
)
async def test_each_answer_has_its_meaning(oss: Running, code: int, error: type[Exception], reason: str) -> None:
    async with oss.fault("failure_under_200", times=1, value=code), client_of(oss) as client:
        with pytest.raises(error, match=reason) as raised:
            await send(client, REPORT)
    assert type(raised.value) is error


async def test_an_unknown_permit_is_refused_with_one_sentence(oss: Running) -> None:
    async with client_of(oss) as client:
        with pytest.raises(Refused, match=r"^OSS refuses receiveLicenseStatus \(kode 404\): OSS has no such permit"):
            await send(client, REPORT)


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("rate_limited", 1, TryLater),
        ("server_error", 500, OutcomeUnknown),
        ("server_error", 418, OutcomeUnknown),
        ("down", None, OutcomeUnknown),
        ("firewall", 403, OutcomeUnknown),
    ],
)
async def test_only_a_refused_call_certainly_did_nothing(
    oss: Running, fault: str, value: float | None, error: type[Exception]
) -> None:
    async with oss.fault(fault, times=1, value=value), client_of(oss) as client:
        with pytest.raises(TryLater) as raised:
            await send(client, REPORT)
    assert type(raised.value) is error
