"""Files of other systems: had once and while they can be, known by content, and never a pull's trouble."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.complaints.attachments import MOST_BYTES
from hub.complaints.file_types import media_type, safe_name
from hub.errors import TryLater
from hub.store import migrate, systems
from hub.store.database import Cause, Database
from hub.store.ingest import fetching
from hub.sync import fetch, files
from hub.sync.ingest import Ingest
from hub.sync.pull import PullResult
from tests.fake import FakeSettings, World
from tests.filing import JPEG, PDF, PNG, SEAL, Filed, Filing, filed, filing

CAUSE = Cause("test", "test", "run-1")
CONTENTS = {"picture": JPEG, "same": JPEG, "letter": PDF, "page": b"<!doctype html><script>alert(1)</script>"}
ONE = {"followups/1/0": ("foto.jpg", "picture")}


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Filed]:
    await migrate.migrate(database_url, [(Filing, FakeSettings())])
    database = Database(database_url, pool_size=3)
    async with filing(database, CONTENTS | {"large": JPEG + bytes(MOST_BYTES)}) as hub:
        yield hub
    await database.close()


async def rows(hub: Filed, statement: str, **given: Any) -> list[tuple[Any, ...]]:
    async with hub.database.read() as db:
        return [tuple(row) for row in await db.execute(text(statement), given)]


async def run(hub: Filed, statement: str) -> None:
    async with hub.database.write(CAUSE) as db:
        await db.execute(text(statement))


async def told(hub: Filed) -> list[tuple[Any, ...]]:
    """Of each file: where it is pointed to, what it is called, its type, and why it is not here."""
    return await rows(
        hub,
        "select p.external_id, p.name, f.media_type, p.trouble from record_files p left join files f using (sha256)"
        " order by p.external_id, p.source",
    )


async def due(hub: Filed) -> list[float | None]:
    """In how many minutes each file is tried again; None where it is not."""
    found = await rows(hub, "select extract(epoch from due_at - now()) / 60 from record_files order by external_id")
    return [None if minutes is None else float(minutes) for (minutes,) in found]


async def later(hub: Filed) -> None:
    """The time comes at which what waits is due."""
    await run(hub, "update record_files set due_at = now() where due_at is not null")


def good(result: PullResult) -> None:
    assert (result.outcome, result.trouble) == ("DONE", None)


async def test_a_file_is_had_with_its_page_and_only_once(hub: Filed) -> None:
    item = filed("1", ONE)
    good(await hub.pull(item))
    (stored,) = await rows(hub, "select sha256, media_type, size, content from files")
    assert stored == (hashlib.sha256(JPEG).digest(), "image/jpeg", len(JPEG), JPEG)
    for version in (1, 2):
        good(await hub.pull({**item, "version": version}, full=True))
    assert hub.shelf.had == {"picture": 1}
    assert not hub.shelf.asked
    assert await told(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_addresses_are_stored_nowhere(hub: Filed) -> None:
    hub.shelf.word = "kedaluwarsa-besok"
    good(await hub.pull(filed("1", ONE), filed("2", {"a": ("x.jpg", "leads-on")})))
    tables = await rows(hub, "select tablename from pg_tables where schemaname = 'public'")
    for (name,) in tables:
        ((dump,),) = await rows(hub, f"select coalesce(string_agg(t::text, ' '), '') from \"{name}\" t")
        assert hub.shelf.word not in dump, name
        assert hub.shelf.url not in dump, name


async def test_equal_contents_are_stored_once_whatever_points_to_them(hub: Filed) -> None:
    good(await hub.pull(filed("1", {"a": ("1.jpg", "picture"), "b": ("2.jpg", "same")}), filed("2", ONE)))
    assert await rows(hub, "select count(*) from files") == [(1,)]
    assert await rows(hub, "select count(distinct sha256), count(*) from record_files") == [(1, 3)]


async def test_a_file_is_what_it_is_and_not_what_its_name_says(hub: Filed) -> None:
    good(await hub.pull(filed("1", {"a": ("foto.jpg", "page")}), filed("2", {"a": ("foto.jpg", "letter")})))
    assert await told(hub) == [
        ("1", "foto.jpg", None, "it is no JPEG, PNG, WebP or PDF, whatever its name says"),
        ("2", "foto.jpg.pdf", "application/pdf", None),
    ]
    assert await due(hub) == [None, None]


async def test_a_file_that_is_too_large_or_of_no_type_is_given_up_at_once(hub: Filed) -> None:
    item = filed("1", {"a": ("foto.jpg", "large"), "b": ("foto.jpg", "page")})
    good(await hub.pull(item))
    assert await due(hub) == [None, None]
    good(await hub.pull(item))
    assert hub.shelf.had == {"large": 1, "page": 1}
    assert {kind for _, _, kind, _ in await told(hub)} == {None}
    assert "larger" in (await told(hub))[0][3]


async def test_a_file_that_cannot_be_had_is_given_up_in_the_end(hub: Filed) -> None:
    hub.shelf.dead = True
    item = filed("1", ONE)
    good(await hub.pull(item))
    tries = 1
    while (await due(hub)) != [None]:
        await later(hub)
        good(await hub.pull(item))
        tries += 1
    assert tries == len(fetch.WAITS) + 1
    assert await told(hub) == [("1", "foto.jpg", None, "the address of the file has died (HTTP 403)")]


async def test_a_connector_that_does_not_look_at_the_size_stores_no_large_file_either(
    hub: Filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MOST_BYTES", len(JPEG) - 1)
    good(await hub.pull(filed("1", ONE)))
    assert await told(hub) == [("1", "foto.jpg", None, f"it is larger than {len(JPEG) - 1} bytes")]


async def test_a_file_whose_address_died_is_had_by_asking_its_record_anew(hub: Filed) -> None:
    hub.shelf.dead = True
    item = filed("1", ONE)
    good(await hub.pull(item))
    assert await told(hub) == [("1", "foto.jpg", None, "the address of the file has died (HTTP 403)")]
    (minutes,) = await due(hub)
    assert minutes
    assert 0 < minutes <= 1
    hub.shelf.dead = False
    good(await hub.pull(item))
    assert not hub.shelf.asked, "it is not due yet"
    await later(hub)
    await ask_anew(hub, item)
    assert hub.shelf.asked == {"1": 1}
    assert await told(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def ask_anew(hub: Filed, *items: Any) -> None:
    """A pull that is told nothing new; the system still knows ``items``."""
    connector = Filing(FakeSettings(), hub.http, World([list(items)]))
    connector.shelf = hub.shelf
    await files.Files(hub.database, connector, CAUSE).catch_up()


async def test_files_of_pushed_items_are_had_by_the_next_pull(hub: Filed) -> None:
    connector = Filing(FakeSettings(), hub.http, World([[filed("1", ONE)]]))
    connector.shelf = hub.shelf
    async with hub.database.write(CAUSE) as db:
        now = (await db.execute(text("select now()"))).scalar_one()
        await Ingest(connector, SEAL).batch(db, [filed("1", ONE)], now)
    assert await told(hub) == [("1", "foto.jpg", None, None)]
    assert not hub.shelf.had
    await ask_anew(hub, filed("1", ONE))
    assert await told(hub) == [("1", "foto.jpg", "image/jpeg", None)]


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
async def test_an_item_cannot_send_the_hub_elsewhere(hub: Filed, url: str) -> None:
    good(await hub.pull(filed("1", {"a": ("foto.jpg", url)})))
    ((_, _, kind, trouble),) = await told(hub)
    assert kind is None
    assert "redirect" in trouble if url == "leads-on" else "not the system's" in trouble
    assert hub.shelf.had["picture"] == 0
    assert await rows(hub, "select count(*) from files") == [(0,)]


async def test_a_system_in_trouble_is_left_alone_after_a_few_calls_and_the_pull_is_well(hub: Filed) -> None:
    hub.shelf.down = True
    many = {f"followups/{n}/0": ("foto.jpg", f"picture{n}") for n in range(40)}
    good(await hub.pull(filed("1", many)))
    assert fetch.PATIENCE <= sum(hub.shelf.had.values()) < fetch.PATIENCE + fetch.AT_ONCE
    assert {trouble for *_, trouble in await told(hub)} == {None, "its system cannot be asked for it now"}
    async with hub.database.read() as db:
        (system,) = await systems.overview(db)
    assert (system.state, system.trouble) == ("UP", None)


async def test_where_even_the_record_cannot_be_asked_for_its_files_wait(hub: Filed) -> None:
    hub.shelf.dead = True
    good(await hub.pull(filed("1", ONE)))
    await later(hub)
    hub.shelf.trouble = TryLater("GET /reports/1: HTTP 503")
    await ask_anew(hub)
    assert await told(hub) == [("1", "foto.jpg", None, "its system cannot be asked for it now")]
    (minutes,) = await due(hub)
    assert minutes
    assert 9 < minutes <= 10


async def test_few_files_are_in_memory_at_once_and_a_pull_spends_few_seconds_on_them(
    hub: Filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "WITHIN", 0.4)
    hub.shelf.seconds = 0.1
    hub.shelf.contents |= {f"p{n}": PNG + bytes([n]) for n in range(60)}
    async with asyncio.timeout(5):
        good(await hub.pull(filed("1", {f"f/{n}": ("a.png", f"p{n}") for n in range(60)})))
    assert hub.shelf.most_at_once == fetch.AT_ONCE
    ((stored,),) = await rows(hub, "select count(*) from files")
    assert fetch.AT_ONCE <= stored < 60
    assert await rows(hub, "select count(*) from record_files where due_at <= now() and attempts = 0") == [
        (60 - stored,)
    ]


async def test_a_fault_of_ours_rises_and_leaves_what_was_stored(hub: Filed, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: Filing, file: Any) -> bytes:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(Filing, "fetch", broken)
        with pytest.raises(ZeroDivisionError):
            await hub.pull(filed("1", ONE))
    assert await rows(hub, "select count(*) from records") == [(1,)]
    good(await hub.pull(filed("1", ONE)))
    assert await told(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_what_the_system_points_to_no_more_is_shown_no_more(hub: Filed) -> None:
    good(await hub.pull(filed("1", {"a": ("1.jpg", "picture"), "b": ("2.pdf", "letter")}), filed("2", ONE)))
    good(await hub.pull(filed("1", {"b": ("2.pdf", "letter")}, version=2), filed("2", ONE), full=True))
    assert [row[:2] for row in await told(hub)] == [("1", "2.pdf"), ("2", "foto.jpg")]
    good(await hub.pull(filed("1", {}, version=1), full=True))
    assert [row[:2] for row in await told(hub)] == [("1", "2.pdf"), ("2", "foto.jpg")], "an older word says nothing"


async def test_an_item_replayed_without_its_addresses_loses_no_file(hub: Filed) -> None:
    good(await hub.pull(filed("1", ONE)))
    connector = Filing(FakeSettings(), hub.http, World())
    connector.shelf = hub.shelf
    async with hub.database.write(CAUSE) as db:
        now = (await db.execute(text("select now()"))).scalar_one()
        await Ingest(connector, SEAL).batch(db, [filed("1", {}, version=3)], now)
    assert await told(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_a_full_run_by_hand_seeks_what_was_given_up(hub: Filed) -> None:
    hub.shelf.dead = True
    good(await hub.pull(filed("1", ONE)))
    await run(hub, "update record_files set due_at = null, attempts = 99")
    hub.shelf.dead = False
    good(await hub.pull(filed("1", ONE)))
    assert await due(hub) == [None]
    good(await hub.pull(filed("1", ONE), full=True))
    assert await told(hub) == [("1", "foto.jpg", "image/jpeg", None)]


async def test_contents_stay_until_nothing_points_to_them_and_those_of_the_gone_for_ninety_days(hub: Filed) -> None:
    good(await hub.pull(filed("1", ONE), filed("2", {"a": ("2.jpg", "same")}), filed("3", {"a": ("3.pdf", "letter")})))

    async def left() -> list[tuple[Any, ...]]:
        async with hub.database.write(CAUSE) as db:
            await fetching.expire(db)
        return await rows(hub, "select media_type from files order by 1")

    assert timedelta(days=90) == fetching.KEPT
    await run(hub, "update records set gone_at = now() - interval '91 days' where external_id = '1'")
    await run(hub, "update records set gone_at = now() - interval '89 days' where external_id = '3'")
    assert await left() == [("application/pdf",), ("image/jpeg",)]
    await run(hub, "update records set gone_at = now() - interval '91 days'")
    assert await left() == []
    assert await told(hub) == []


async def test_a_content_that_is_pointed_to_anew_while_the_house_is_kept_stays(hub: Filed) -> None:
    good(await hub.pull(filed("1", ONE), filed("2", {})))
    await run(hub, "delete from record_files")
    wanted = fetching.Wanted("report", "2", "a", "1.jpg", 0)
    async with hub.database.write(CAUSE) as db:
        await fetching.note(db, "fake", {("report", "2"): {"a": "1.jpg"}})
        await fetching.keep(db, "fake", wanted, "1.jpg", "image/jpeg", JPEG)
        sweeping = asyncio.create_task(sweep(hub))
        await asyncio.sleep(0.3)
        assert not sweeping.done()
    assert await sweeping == 0
    assert await told(hub) == [("2", "1.jpg", "image/jpeg", None)]


async def sweep(hub: Filed) -> int:
    async with hub.database.write(CAUSE) as db:
        return await fetching.expire(db)


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
def test_a_type_is_told_by_the_first_bytes(content: bytes, meant: str | None) -> None:
    assert media_type(content) == meant


@pytest.mark.parametrize(
    ("told", "kind", "called"),
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
def test_a_saved_file_is_called_by_its_type(told: str, kind: str, called: str) -> None:
    assert safe_name(told, kind) == called
