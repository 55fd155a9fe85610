"""Files of other systems: fetched once while possible, identified by content, and no reason for a pull to fail."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.complaints.attachments import MAX_BYTES
from hub.complaints.file_types import detect_media_type, safe_name
from hub.contract import SystemDeclaration
from hub.errors import TryLater
from hub.store import systems
from hub.store.database import Cause, Database
from hub.store.ingest import file_downloads
from hub.sync import file_download, record_files
from hub.sync.ingest import Ingest
from hub.sync.pull import PullResult
from tests.fake_connector import FakeSettings, World
from tests.fake_file_server import JPEG, PDF, PNG, SEAL, FileConnector, FileHub, file_hub, report_with_files
from tests.waits import blocked, hanging

CAUSE = Cause("test", "test", "run-1")
CONTENTS = {"picture": JPEG, "same": JPEG, "letter": PDF, "page": b"<!doctype html><script>alert(1)</script>"}
ONE = {"followups/1/0": ("foto.jpg", "picture")}


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (FileConnector.declaration(FakeSettings()),)


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[FileHub]:
    database = Database(database_url, pool_size=3)
    async with file_hub(database, CONTENTS | {"large": JPEG + bytes(MAX_BYTES)}) as hub:
        yield hub
    await database.close()


async def rows(hub: FileHub, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    async with hub.database.read() as db:
        return [tuple(row) for row in await db.execute(text(statement), parameters)]


async def run(hub: FileHub, statement: str) -> None:
    async with hub.database.write(CAUSE) as db:
        await db.execute(text(statement))


async def stored_files(hub: FileHub) -> list[tuple[Any, ...]]:
    """Return the source, name, type and error of each file."""
    return await rows(
        hub,
        "select p.external_id, p.name, f.media_type, p.trouble from record_files p left join files f using (sha256)"
        " order by p.external_id, p.source",
    )


async def due(hub: FileHub) -> list[float | None]:
    """Return the minutes until each file is tried again; None if it is not."""
    found = await rows(hub, "select extract(epoch from due_at - now()) / 60 from record_files order by external_id")
    return [None if minutes is None else float(minutes) for (minutes,) in found]


async def later(hub: FileHub) -> None:
    """Let time pass until the waiting files are due."""
    await run(hub, "update record_files set due_at = now() where due_at is not null")


def good(result: PullResult) -> None:
    assert (result.outcome, result.error) == ("DONE", None)


async def test_a_file_is_had_with_its_page_and_only_once(hub: FileHub) -> None:
    item = report_with_files("1", ONE)
    good(await hub.pull(item))
    (stored,) = await rows(hub, "select sha256, media_type, size, content from files")
    assert stored == (hashlib.sha256(JPEG).digest(), "image/jpeg", len(JPEG), JPEG)
    for version in (1, 2):
        good(await hub.pull({**item, "version": version}, full=True))
    assert hub.shelf.had == {"picture": 1}
    assert not hub.shelf.requests
    assert await stored_files(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_addresses_are_stored_nowhere(hub: FileHub) -> None:
    hub.shelf.url_key = "kedaluwarsa-besok"
    good(await hub.pull(report_with_files("1", ONE), report_with_files("2", {"a": ("x.jpg", "leads-on")})))
    tables = await rows(hub, "select tablename from pg_tables where schemaname = 'public'")
    for (name,) in tables:
        ((dump,),) = await rows(hub, f"select coalesce(string_agg(t::text, ' '), '') from \"{name}\" t")
        assert hub.shelf.url_key not in dump, name
        assert hub.shelf.url not in dump, name


async def test_equal_contents_are_stored_once_whatever_points_to_them(hub: FileHub) -> None:
    good(
        await hub.pull(
            report_with_files("1", {"a": ("1.jpg", "picture"), "b": ("2.jpg", "same")}), report_with_files("2", ONE)
        )
    )
    assert await rows(hub, "select count(*) from files") == [(1,)]
    assert await rows(hub, "select count(distinct sha256), count(*) from record_files") == [(1, 3)]


async def test_a_files_type_follows_its_content_not_its_name(hub: FileHub) -> None:
    good(
        await hub.pull(
            report_with_files("1", {"a": ("foto.jpg", "page")}), report_with_files("2", {"a": ("foto.jpg", "letter")})
        )
    )
    assert await stored_files(hub) == [
        ("1", "foto.jpg", None, "its content is not JPEG, PNG, WebP or PDF"),
        ("2", "foto.jpg.pdf", "application/pdf", None),
    ]
    assert await due(hub) == [None, None]


async def test_an_oversize_or_untyped_file_is_given_up_at_once(hub: FileHub) -> None:
    item = report_with_files("1", {"a": ("foto.jpg", "large"), "b": ("foto.jpg", "page")})
    good(await hub.pull(item))
    assert await due(hub) == [None, None]
    good(await hub.pull(item))
    assert hub.shelf.had == {"large": 1, "page": 1}
    assert {kind for _, _, kind, _ in await stored_files(hub)} == {None}
    assert "larger" in (await stored_files(hub))[0][3]


async def test_an_unavailable_file_is_finally_given_up(hub: FileHub) -> None:
    hub.shelf.dead = True
    item = report_with_files("1", ONE)
    good(await hub.pull(item))
    tries = 1
    while (await due(hub)) != [None]:
        await later(hub)
        good(await hub.pull(item))
        tries += 1
    assert tries == len(file_download.RETRY_DELAYS) + 1
    assert await stored_files(hub) == [("1", "foto.jpg", None, "the URL of the file has expired (HTTP 403)")]


async def test_a_connector_that_ignores_sizes_stores_no_large_file(
    hub: FileHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_download, "MAX_BYTES", len(JPEG) - 1)
    good(await hub.pull(report_with_files("1", ONE)))
    assert await stored_files(hub) == [("1", "foto.jpg", None, f"it is larger than {len(JPEG) - 1} bytes")]


async def test_an_expired_file_address_is_renewed_by_its_record(hub: FileHub) -> None:
    hub.shelf.dead = True
    item = report_with_files("1", ONE)
    good(await hub.pull(item))
    assert await stored_files(hub) == [("1", "foto.jpg", None, "the URL of the file has expired (HTTP 403)")]
    (minutes,) = await due(hub)
    assert minutes
    assert 0 < minutes <= 1
    hub.shelf.dead = False
    good(await hub.pull(item))
    assert not hub.shelf.requests, "it is not due yet"
    await later(hub)
    await ask_anew(hub, item)
    assert hub.shelf.requests == {"1": 1}
    assert await stored_files(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def ask_anew(hub: FileHub, *items: Any) -> None:
    """Pull again without changes; the system lists the same ``items``."""
    connector = FileConnector(FakeSettings(), hub.http, World([list(items)]))
    connector.shelf = hub.shelf
    await record_files.RecordFiles(hub.database, connector, CAUSE).download_due()


async def test_files_of_pushed_items_are_had_by_the_next_pull(hub: FileHub) -> None:
    connector = FileConnector(FakeSettings(), hub.http, World([[report_with_files("1", ONE)]]))
    connector.shelf = hub.shelf
    async with hub.database.write(CAUSE) as db:
        now = (await db.execute(text("select now()"))).scalar_one()
        await Ingest(connector, SEAL).store(db, [report_with_files("1", ONE)], now)
    assert await stored_files(hub) == [("1", "foto.jpg", None, None)]
    assert not hub.shelf.had
    await ask_anew(hub, report_with_files("1", ONE))
    assert await stored_files(hub) == [("1", "foto.jpg", "image/jpeg", None)]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/picture",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//x/y",
        "leads-on",
    ],
)
async def test_an_item_cannot_send_the_hub_elsewhere(hub: FileHub, url: str) -> None:
    good(await hub.pull(report_with_files("1", {"a": ("foto.jpg", url)})))
    ((_, _, kind, trouble),) = await stored_files(hub)
    assert kind is None
    assert "redirect" in trouble if url == "leads-on" else "not the system's" in trouble
    assert hub.shelf.had["picture"] == 0
    assert await rows(hub, "select count(*) from files") == [(0,)]


async def test_a_failing_system_gets_few_calls_and_the_pull_succeeds(hub: FileHub) -> None:
    hub.shelf.down = True
    many = {f"followups/{n}/0": ("foto.jpg", f"picture{n}") for n in range(40)}
    good(await hub.pull(report_with_files("1", many)))
    assert (
        file_download.MAX_FAILURES
        <= sum(hub.shelf.had.values())
        < file_download.MAX_FAILURES + file_download.CONCURRENCY
    )
    assert {trouble for *_, trouble in await stored_files(hub)} == {None, "its system is not available now"}
    async with hub.database.read() as db:
        (system,) = await systems.overview(db)
    assert (system.state, system.last_error) == ("UP", None)


async def test_files_wait_where_their_record_cannot_be_requested(hub: FileHub) -> None:
    hub.shelf.dead = True
    good(await hub.pull(report_with_files("1", ONE)))
    await later(hub)
    hub.shelf.trouble = TryLater("GET /reports/1: HTTP 503")
    await ask_anew(hub)
    assert await stored_files(hub) == [("1", "foto.jpg", None, "its system is not available now")]
    (minutes,) = await due(hub)
    assert minutes
    assert 9 < minutes <= 10


async def test_downloads_are_bounded_in_memory_and_in_time_per_pull(
    hub: FileHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_download, "TIME_BUDGET", 0.4)
    hub.shelf.seconds = 0.1
    hub.shelf.contents |= {f"p{n}": PNG + bytes([n]) for n in range(60)}
    async with hanging():
        good(await hub.pull(report_with_files("1", {f"f/{n}": ("a.png", f"p{n}") for n in range(60)})))
    assert hub.shelf.most_at_once == file_download.CONCURRENCY
    ((stored,),) = await rows(hub, "select count(*) from files")
    assert file_download.CONCURRENCY <= stored < 60
    assert await rows(hub, "select count(*) from record_files where due_at <= now() and attempts = 0") == [
        (60 - stored,)
    ]


async def test_a_fault_of_ours_rises_and_leaves_what_was_stored(hub: FileHub, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: FileConnector, file: Any) -> bytes:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(FileConnector, "fetch", broken)
        with pytest.raises(ZeroDivisionError):
            await hub.pull(report_with_files("1", ONE))
    assert await rows(hub, "select count(*) from records") == [(1,)]
    good(await hub.pull(report_with_files("1", ONE)))
    assert await stored_files(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_what_the_system_points_to_no_more_is_shown_no_more(hub: FileHub) -> None:
    good(
        await hub.pull(
            report_with_files("1", {"a": ("1.jpg", "picture"), "b": ("2.pdf", "letter")}), report_with_files("2", ONE)
        )
    )
    good(
        await hub.pull(
            report_with_files("1", {"b": ("2.pdf", "letter")}, version=2), report_with_files("2", ONE), full=True
        )
    )
    assert [row[:2] for row in await stored_files(hub)] == [("1", "2.pdf"), ("2", "foto.jpg")]
    good(await hub.pull(report_with_files("1", {}, version=1), full=True))
    assert [row[:2] for row in await stored_files(hub)] == [("1", "2.pdf"), ("2", "foto.jpg")], (
        "an older item changes nothing"
    )


async def test_an_item_replayed_without_its_addresses_loses_no_file(hub: FileHub) -> None:
    good(await hub.pull(report_with_files("1", ONE)))
    connector = FileConnector(FakeSettings(), hub.http, World())
    connector.shelf = hub.shelf
    async with hub.database.write(CAUSE) as db:
        now = (await db.execute(text("select now()"))).scalar_one()
        await Ingest(connector, SEAL).store(db, [report_with_files("1", {}, version=3)], now)
    assert await stored_files(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_a_manual_full_run_retries_given_up_files(hub: FileHub) -> None:
    hub.shelf.dead = True
    good(await hub.pull(report_with_files("1", ONE)))
    await run(hub, "update record_files set due_at = null, attempts = 99")
    hub.shelf.dead = False
    good(await hub.pull(report_with_files("1", ONE)))
    assert await due(hub) == [None]
    good(await hub.pull(report_with_files("1", ONE), full=True))
    assert await stored_files(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_contents_stay_while_referenced_and_ninety_days_after(hub: FileHub) -> None:
    good(
        await hub.pull(
            report_with_files("1", ONE),
            report_with_files("2", {"a": ("2.jpg", "same")}),
            report_with_files("3", {"a": ("3.pdf", "letter")}),
        )
    )

    async def left() -> list[tuple[Any, ...]]:
        async with hub.database.write(CAUSE) as db:
            await file_downloads.expire(db)
        return await rows(hub, "select media_type from files order by 1")

    assert timedelta(days=90) == file_downloads.KEPT
    await run(hub, "update records set gone_at = now() - interval '91 days' where external_id = '1'")
    await run(hub, "update records set gone_at = now() - interval '89 days' where external_id = '3'")
    assert await left() == [("application/pdf",), ("image/jpeg",)]
    await run(hub, "update records set gone_at = now() - interval '91 days'")
    assert await left() == []
    assert await stored_files(hub) == []


async def test_a_content_referenced_anew_during_cleanup_stays(hub: FileHub) -> None:
    good(await hub.pull(report_with_files("1", ONE), report_with_files("2", {})))
    await run(hub, "delete from record_files")
    due_file = file_downloads.DueFile("report", "2", "a", "1.jpg", 0)
    async with hub.database.write(CAUSE) as db:
        await file_downloads.add(db, "fake", {("report", "2"): {"a": "1.jpg"}})
        await file_downloads.store(db, "fake", due_file, "1.jpg", "image/jpeg", JPEG)
        sweeping = asyncio.create_task(sweep(hub))
        await blocked(hub.database)
        assert not sweeping.done()
    assert await sweeping == 0
    assert await stored_files(hub) == [("2", "1.jpg", "image/jpeg", None)]


async def sweep(hub: FileHub) -> int:
    async with hub.database.write(CAUSE) as db:
        return await file_downloads.expire(db)


@pytest.mark.parametrize(
    ("content", "meant"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (PDF, "application/pdf"),
        (b"RIFF\x10\n\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\n\0\0WAVEfmt ", None),
        (b"\n" + JPEG, None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"MZ", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_a_type_is_detected_by_the_first_bytes(content: bytes, meant: str | None) -> None:
    assert detect_media_type(content) == meant


@pytest.mark.parametrize(
    ("name", "kind", "called"),
    [
        ("foto.jpg", "image/jpeg", "foto.jpg"),
        ("FOTO.JPEG", "image/jpeg", "FOTO.JPEG"),
        ("foto.html", "image/jpeg", "foto.html.jpg"),
        ("surat.jpg", "application/pdf", "surat.jpg.pdf"),
        ("../../etc/passwd", "image/png", "etcpasswd.png"),
        ("C:\\a\\b.png", "image/png", "Cab.png"),
        ("a\u202egpj.exe\0\r\n", "image/jpeg", "agpj.exe.jpg"),
        ("jalan rusak — Brebes.webp", "image/webp", "jalan rusak — Brebes.webp"),
        ("", "image/jpeg", "lampiran.jpg"),
        ("...", "image/jpeg", "lampiran.jpg"),
        (".jpg", "image/jpeg", "jpg.jpg"),
        ("x" * 500 + ".pdf", "application/pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_saved_file_is_called_by_its_type(name: str, kind: str, called: str) -> None:
    assert safe_name(name, kind) == called
