"""Reports that the province must answer, and their files, which are downloaded before their URLs expire."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from hub.bounds import is_plausible_time
from hub.complaints.enums import Channel
from hub.complaints.reporter import Reporter
from hub.complaints.submission import TEXT, TITLE
from hub.connectors.base import Connector
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.intake import files, intake, reporter
from hub.connectors.lapor.mapping import to_record
from hub.connectors.lapor.sandbox import files as sandbox_files
from hub.connectors.lapor.sandbox import masters
from hub.connectors.redaction import strip
from hub.contract import File, Intake
from hub.errors import BadRecord, Refused, TryLater
from hub.store.encryption import FieldCipher
from hub.store.use_cases.intake import _new_complaint, validated_request
from hub.sync.batch import read_items
from hub.testing.running import Running, running_sandbox
from hub.testing.variants import variants
from tests.connectors.lapor.test_connector import reports
from tests.connectors.lapor.test_field_authority import DISHUB, PASSED, STRANGER
from tests.connectors.lapor.test_mapping import raw

SEAL, NOW = FieldCipher([b"k" * 32], b"s" * 32), datetime(2026, 11, 22, tzinfo=UTC)
OURS = frozenset({310, 380})
USER = {"name": " Uji  Coba ", "phone": "0811 0000 0000", "email": "Uji@Contoh.example"}


def intake_of(logs: list[dict[str, Any]] | None = None, **fields: Any) -> Intake | None:
    """Return the intake of a report with these fields."""
    report = {"status_name": "Didisposisi", "content": "<p>Bus lewat.</p>", "user": USER, **DISHUB, **fields}
    item = {**raw(**report), "logs": logs or []}
    return intake(item, to_record(strip(item, Lapor.personal)), OURS)


def test_a_report_forwarded_to_us_requests_intake() -> None:
    assert intake_of([PASSED], classification_name="Aspirasi", category_name="Angkutan umum") == Intake(
        title="Jalan rusak",
        text="Bus lewat.",
        klass="ASPIRATION",
        category="PUBLIC_TRANSPORT",
        area_code=None,
        agency_code="DISHUB",
        anonymous=False,
        secret=False,
        received_at=datetime(2026, 1, 2, 2, 0, tzinfo=UTC),
        reporter=Reporter(name="Uji Coba", phone="+6281100000000", email="uji@contoh.example"),
    )


def test_any_report_becomes_a_valid_complaint_or_waits() -> None:
    item = {**raw(status_name="Didisposisi", content="<p>Bus lewat.</p>", user=USER, **DISHUB), "logs": [PASSED]}
    connector, taken = object.__new__(Lapor), 0
    for variant in variants(item):
        batch = read_items(connector, SEAL, [variant], NOW)
        for place, row in batch.rows.items():
            if found := intake(batch.unredacted[place], row.record, OURS):
                with contextlib.suppress(BadRecord):
                    made = _new_complaint(
                        "lapor", Channel.LAPOR, validated_request(row.record.external_id, found, row.record.keys), NOW
                    )
                    assert is_plausible_time(made.columns["received_at"])
                    assert TITLE[0] <= len(made.columns["title"]) <= TITLE[1]
                    assert TEXT[0] <= len(made.columns["text"]) <= TEXT[1]
                    orjson.dumps(made.columns)
                    taken += 1
    assert taken > 100


@pytest.mark.parametrize("name", ["Didisposisi", "Dalam Proses", "Ditunda", "belum ditindaklanjuti"])
def test_it_waits_for_us_until_it_is_answered(name: str) -> None:
    assert intake_of(status_name=name)


@pytest.mark.parametrize(
    "fields",
    [
        {"status_name": "Ditindaklanjuti"},
        {"status_name": "Selesai"},
        {"status_name": "Ditolak"},
        {"status_name": "Belum Diverifikasi"},
        {"status_name": "Dialihkan"},
        {"status_name": "Ditelaah Ulang"},
        {"disposition_id": None, "disposition_name": None, "institution_id": 310},
        {"institution_id": 310, **STRANGER},
        {"disposition_id": "?"},
    ],
)
def test_a_report_for_others_requests_no_intake(fields: dict[str, Any]) -> None:
    assert intake_of(**fields) is None


def test_without_a_readable_disposition_it_arrived_when_filed() -> None:
    found = intake_of()
    assert found
    assert found.received_at == datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("flag", ["is_anonymous", "is_secret"])
def test_a_hidden_reporter_is_dropped_even_if_named(flag: str) -> None:
    hidden: dict[str, Any] = {flag: True}
    found = intake_of(**hidden)
    assert found
    assert found.reporter is None
    assert found.anonymous or found.secret


@pytest.mark.parametrize(
    ("user", "meant"),
    [
        (None, None),
        ("Uji", None),
        ({"name": None, "phone": "0811"}, None),
        ({"name": "Uji", "phone": "tidak ada", "email": "?"}, Reporter(name="Uji")),
        ({"name": "<b>Uji</b>", "phone": 811}, Reporter(name="Uji")),
    ],
)
def test_what_cannot_be_read_of_a_reporter_is_left_out(user: object, meant: Reporter | None) -> None:
    assert reporter(user) == meant


def test_files_are_named_by_their_place_for_ever() -> None:
    row = {
        "id": 7,
        "attachments": [{"path": "https://x/1", "file_name": "a.jpg"}, {"path": None}, {"path": "https://x/2"}],
    }
    report = {"id": "8", "attachments": [{"path": "https://x/3", "extension": "pdf"}]}
    item = {
        **raw(),
        "followups": [row, report, {"id": 9, "attachments": "[66]"}, {"id": None, "attachments": [{"path": "x"}]}],
    }
    assert files(item) == (
        File("followups/7/0", "a.jpg", "https://x/1"),
        File("followups/7/2", "lampiran.bin", "https://x/2"),
        File("followups/8/0", "lampiran.pdf", "https://x/3"),
    )
    assert files(strip(item, Lapor.personal)) == (), "the addresses are dropped before anything is stored"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    stored = reports(3, 61)
    for report, number in zip(stored, (101, 41, 499), strict=True):
        report.id, report.disposition = number, masters.PROVINCE
    with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: stored):
        async with running_sandbox(Lapor, tmp_path) as running:
            for number in (101, 41, 499):
                running.sandbox.act({"do": "reply", "id": number, "by": "DISHUB", "text": "Lihat.", "files": 1})
            yield running


@pytest.fixture
async def lapor(running: Running) -> AsyncIterator[Connector]:
    async with running.connected() as connector:
        yield connector


async def file_of(lapor: Connector, number: int) -> File:
    """Return the only file of a report."""
    item = await lapor.fetch_one(str(number))
    assert item is not None
    (file,) = lapor.files(item)
    return file


async def test_a_picture_is_fetched(lapor: Connector) -> None:
    content = await lapor.fetch(await file_of(lapor, 101))
    assert content == sandbox_files.content(101, "0-0.jpg")
    assert content.startswith(b"\xff\xd8\xff")
    assert content.endswith(b"\xff\xd9")


async def test_a_file_of_another_type_than_its_name_is_fetched_as_is(lapor: Connector) -> None:
    file = await file_of(lapor, 41)
    assert file.name.endswith(".jpg")
    assert (await lapor.fetch(file)).startswith(b"<!doctype html>")


async def test_a_file_that_is_too_large_is_refused(lapor: Connector) -> None:
    with pytest.raises(Refused, match="larger"):
        await lapor.fetch(await file_of(lapor, 499))


async def test_an_address_that_died_is_refused_and_a_new_one_works(running: Running, lapor: Connector) -> None:
    async with running.fault("dead_links", times=1):
        dead = await file_of(lapor, 101)
    with pytest.raises(Refused, match="expired"):
        await lapor.fetch(dead)
    assert (await file_of(lapor, 101)).source == dead.source
    assert await lapor.fetch(await file_of(lapor, 101))


async def test_a_failing_system_is_called_later(running: Running, lapor: Connector) -> None:
    file = await file_of(lapor, 101)
    async with running.fault("down"):
        with pytest.raises(TryLater):
            await lapor.fetch(file)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/berkas/1/0.jpg",
        "http://169.254.169.254/latest",
        "https://berkas.lapor.example.attacker.example/1.jpg",
        "https://berkas.lapor.example:8443/1.jpg",
        "https://a@berkas.lapor.example/1.jpg",
        "http://berkas.lapor.example/1.jpg",
        "file:///etc/passwd",
        "//berkas.lapor.example/1.jpg",
        "http://[::1",
        "",
    ],
)
async def test_an_item_cannot_send_the_hub_anywhere_else(running: Running, url: str) -> None:
    settings = running.settings.model_copy(update={"file_hosts": ("berkas.lapor.example",)})
    async with running.connected(settings) as connector:
        with pytest.raises(Refused, match="HUB_LAPOR_FILE_HOSTS"):
            await connector.fetch(File("followups/1/0", "a.jpg", url))
        assert Lapor.Settings(file_hosts="a.example, b.example").file_hosts == ("a.example", "b.example")
        assert connector.http.is_allowed("https://berkas.lapor.example/1.jpg?s=1", ("berkas.lapor.example",))


async def test_the_hubs_keys_stay_with_the_hub(running: Running, lapor: Connector) -> None:
    seen: list[dict[str, str]] = []
    serve = sandbox_files.Files.serve

    def observed(self: sandbox_files.Files, request: Request) -> Response:
        seen.append(dict(request.headers))
        return serve(self, request)

    with patch.object(sandbox_files.Files, "serve", observed):
        stored = reports(1, 61)
        with patch("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: stored):
            async with running_sandbox(Lapor, Path()) as anew, anew.connected() as connector:
                anew.sandbox.act({"do": "reply", "id": stored[0].id, "by": "DISHUB", "text": "Lihat.", "files": 1})
                await connector.fetch(await file_of(connector, stored[0].id))
    assert seen
    assert not {"authorization", "token"} & seen[0].keys()


def test_letters_and_pictures_are_real() -> None:
    letter = sandbox_files.content(7, "0-0.pdf")
    assert letter.startswith(b"%PDF-1.4")
    start = int(letter.rsplit(b"startxref\n", 1)[1].split()[0])
    assert letter[start:].startswith(b"xref")
    assert sandbox_files.content(1, "0-0.jpg") != sandbox_files.content(2, "0-0.jpg")
