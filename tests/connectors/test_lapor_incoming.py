"""Reports that ask the province for an answer, and files that are fetched before their addresses die."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hub.complaints.reporter import Reporter
from hub.connectors.base import Connector, File, Intake
from hub.connectors.lapor import sandbox_files, sandbox_masters
from hub.connectors.lapor.connector import Lapor
from hub.connectors.lapor.incoming import files, intake, reporter
from hub.connectors.lapor.mapping import to_record
from hub.connectors.personal import strip
from hub.errors import Refused, TryLater
from tests.connectors.running import Running, running_sandbox
from tests.connectors.test_lapor import reports
from tests.connectors.test_lapor_mapping import raw
from tests.connectors.test_lapor_sharing import DISHUB, PASSED, STRANGER

OURS = frozenset({310, 380})
USER = {"name": " Uji  Coba ", "phone": "0811 0000 0000", "email": "Uji@Contoh.example"}


def asked(logs: list[dict[str, Any]] | None = None, **fields: Any) -> Intake | None:
    """What a report with these fields asks for."""
    told = {"status_name": "Didisposisi", "content": "<p>Bus lewat.</p>", "user": USER, **DISHUB, **fields}
    item = {**raw(**told), "logs": logs or []}
    return intake(item, to_record(strip(item, Lapor.personal)), OURS)


def test_a_report_passed_on_to_us_asks_to_become_a_complaint() -> None:
    assert asked([PASSED], classification_name="Aspirasi", category_name="Angkutan umum") == Intake(
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


@pytest.mark.parametrize("name", ["Didisposisi", "Dalam Proses", "Ditunda", "belum ditindaklanjuti"])
def test_it_waits_for_us_until_it_is_answered(name: str) -> None:
    assert asked(status_name=name)


@pytest.mark.parametrize(
    "fields",
    [
        {"status_name": "Ditindaklanjuti"},
        {"status_name": "Selesai"},
        {"status_name": "Ditolak"},
        {"status_name": "Belum Diverifikasi"},
        {"status_name": "Dialihkan"},
        {"status_name": "Ditelaah Ulang"},
        {"tags_raw": "#x#LG-2026-000123"},
        {"disposition_id": None, "disposition_name": None, "institution_id": 310},
        {"institution_id": 310, **STRANGER},
        {"disposition_id": "?"},
    ],
)
def test_what_is_not_ours_to_answer_asks_for_nothing(fields: dict[str, Any]) -> None:
    assert asked(**fields) is None


def test_without_a_readable_disposition_it_came_in_when_it_was_filed() -> None:
    wanted = asked()
    assert wanted
    assert wanted.received_at == datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("flag", ["is_anonymous", "is_secret"])
def test_who_is_hidden_is_not_taken_in_even_if_told(flag: str) -> None:
    wanted = asked(**{flag: True})
    assert wanted
    assert wanted.reporter is None
    assert wanted.anonymous or wanted.secret


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (None, None),
        ("Uji", None),
        ({"name": None, "phone": "0811"}, None),
        ({"name": "Uji", "phone": "tidak ada", "email": "?"}, Reporter(name="Uji")),
        ({"name": "<b>Uji</b>", "phone": 811}, Reporter(name="Uji")),
    ],
)
def test_what_cannot_be_read_of_a_reporter_is_left_out(told: object, meant: Reporter | None) -> None:
    assert reporter(told) == meant


def test_files_are_named_by_their_place_for_ever() -> None:
    row = {
        "id": 7,
        "attachments": [{"path": "https://x/1", "file_name": "a.jpg"}, {"path": None}, {"path": "https://x/2"}],
    }
    told = {"id": "8", "attachments": [{"path": "https://x/3", "extension": "pdf"}]}
    item = {
        **raw(),
        "followups": [row, told, {"id": 9, "attachments": "[66]"}, {"id": None, "attachments": [{"path": "x"}]}],
    }
    assert files(item) == (
        File("followups/7/0", "a.jpg", "https://x/1"),
        File("followups/7/2", "lampiran.bin", "https://x/2"),
        File("followups/8/0", "lampiran.pdf", "https://x/3"),
    )
    assert files(strip(item, Lapor.personal)) == (), "the addresses are dropped before anything is stored"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    held = reports(3, 61)
    for report, number in zip(held, (101, 41, 499), strict=True):
        report.id, report.disposition = number, sandbox_masters.PROVINCE
    with patch("hub.connectors.lapor.sandbox.filed", lambda today: held):
        async with running_sandbox(Lapor, tmp_path) as running:
            for number in (101, 41, 499):
                running.sandbox.act({"do": "reply", "id": number, "by": "DISHUB", "text": "Lihat.", "files": 1})
            yield running


@pytest.fixture
async def lapor(running: Running) -> AsyncIterator[Connector]:
    async with running.connected() as connector:
        yield connector


async def file_of(lapor: Connector, number: int) -> File:
    """The one file of a report."""
    item = await lapor.one(str(number))
    assert item is not None
    (file,) = lapor.files(item)
    return file


async def test_a_picture_is_fetched(lapor: Connector) -> None:
    content = await lapor.fetch(await file_of(lapor, 101))
    assert content == sandbox_files.content(101, "0-0.jpg")
    assert content.startswith(b"\xff\xd8\xff")
    assert content.endswith(b"\xff\xd9")


async def test_a_file_that_is_not_what_its_name_says_is_fetched_as_it_is(lapor: Connector) -> None:
    file = await file_of(lapor, 41)
    assert file.name.endswith(".jpg")
    assert (await lapor.fetch(file)).startswith(b"<!doctype html>")


async def test_a_file_that_is_too_large_is_refused(lapor: Connector) -> None:
    with pytest.raises(Refused, match="larger"):
        await lapor.fetch(await file_of(lapor, 499))


async def test_an_address_that_died_is_refused_and_a_new_one_works(running: Running, lapor: Connector) -> None:
    async with running.fault("dead_links", times=1):
        dead = await file_of(lapor, 101)
    with pytest.raises(Refused, match="died"):
        await lapor.fetch(dead)
    assert (await file_of(lapor, 101)).source == dead.source
    assert await lapor.fetch(await file_of(lapor, 101))


async def test_a_system_in_trouble_is_asked_later(running: Running, lapor: Connector) -> None:
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
        assert Lapor.Settings(file_hosts="a.example, b.example").file_hosts == ("a.example", "b.example")  # type: ignore[attr-defined, call-arg]
        assert connector.http.may_fetch("https://berkas.lapor.example/1.jpg?s=1", ("berkas.lapor.example",))


async def test_the_hubs_keys_stay_with_the_hub(running: Running, lapor: Connector) -> None:
    seen: list[dict[str, str]] = []
    serve = sandbox_files.Files.serve
    with patch.object(
        sandbox_files.Files, "serve", lambda self, request: seen.append(dict(request.headers)) or serve(self, request)
    ):
        held = reports(1, 61)
        with patch("hub.connectors.lapor.sandbox.filed", lambda today: held):
            async with running_sandbox(Lapor, Path()) as anew, anew.connected() as connector:
                anew.sandbox.act({"do": "reply", "id": held[0].id, "by": "DISHUB", "text": "Lihat.", "files": 1})
                await connector.fetch(await file_of(connector, held[0].id))
    assert seen
    assert not {"authorization", "token"} & seen[0].keys()


def test_letters_and_pictures_are_real() -> None:
    letter = sandbox_files.content(7, "0-0.pdf")
    assert letter.startswith(b"%PDF-1.4")
    start = int(letter.rsplit(b"startxref\n", 1)[1].split()[0])
    assert letter[start:].startswith(b"xref")
    assert sandbox_files.content(1, "0-0.jpg") != sandbox_files.content(2, "0-0.jpg")
