"""Databases of tests: templates with registered systems, and what killed sessions leave."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from hub.contract import SystemDeclaration
from hub.runtime.folder_lock import FolderLock
from hub.testing.databases import STALE_AFTER, Templates, remove_stale_folders
from tests.fake_connector import Fake, FakeSettings

LATER = STALE_AFTER + 60


def left(parent: Path, name: str) -> Path:
    folder = parent / name
    lock = FolderLock(folder)
    lock.acquire()
    (folder / "pg").mkdir()
    lock.release()
    return folder


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


async def test_a_template_is_made_once_for_each_set_of_systems(
    templates: Templates, template_database: str, registered_systems: tuple[SystemDeclaration, ...]
) -> None:
    assert await templates.name(()) == template_database
    name = await templates.name(registered_systems)
    assert name != template_database
    assert await templates.name((Fake.declaration(FakeSettings()),)) == name


async def test_a_copy_has_the_systems_of_its_module(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        rows = await (await connection.execute("select name, enabled from systems")).fetchall()
    assert rows == [("fake", True)]


def test_only_old_unlocked_folders_are_removed(tmp_path: Path) -> None:
    folder, used, other = left(tmp_path, "hub-test-a"), tmp_path / "hub-test-b", left(tmp_path, "hub-else")
    lock = FolderLock(used)
    lock.acquire()
    remove_stale_folders(tmp_path, time.time())
    assert folder.exists()
    remove_stale_folders(tmp_path, time.time() + LATER)
    assert (folder.exists(), used.exists(), other.exists()) == (False, True, True)
    lock.release()
