"""The run passes the demo world to its sandboxes, which need not compute it again."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from threading import Event, Thread

import pytest

from hub.demo import world
from hub.runtime import demo_world

DAY = date(2026, 3, 2)


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Records the days for which a world is computed, and returns a small one."""
    days: list[date] = []
    small = world.complaints(DAY, count=400)

    def complaints(today: date, count: int = 0) -> tuple[world.DemoComplaint, ...]:
        days.append(today)
        return small

    monkeypatch.setattr(world, "complaints", complaints)
    return days


def test_a_sandbox_knows_what_the_run_worked_out(worked_out: list[date], tmp_path: Path) -> None:
    path = tmp_path / "sandboxes" / "world"
    with demo_world.shared_world(path, DAY):
        mode = stat.S_IMODE(path.stat().st_mode)
        taken = demo_world.load_world(path, DAY)
    made = taken.citing
    assert [one for one in world.complaints(DAY) if one.payment or one.report or one.order] == list(made)
    assert made
    assert mode == 0o600
    assert not path.exists()


def test_a_sandbox_does_not_work_it_out_again(worked_out: list[date], tmp_path: Path) -> None:
    with demo_world.shared_world(tmp_path / "world", DAY):
        for _ in range(2):
            assert demo_world.load_world(tmp_path / "world", DAY).citing
    assert worked_out == [DAY]


def test_a_sandbox_waits_for_a_run_that_still_works(
    worked_out: list[date], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, taken = Event(), Event()
    small = world.complaints(DAY)

    def slow(today: date, count: int) -> tuple[world.DemoComplaint, ...]:
        go_on.wait()
        return small

    monkeypatch.setattr(world, "complaints", slow)
    with demo_world.shared_world(tmp_path / "world", DAY):

        def take_over() -> None:
            demo_world.load_world(tmp_path / "world", DAY)
            taken.set()

        sandbox = Thread(target=take_over)
        sandbox.start()
        assert not taken.is_set()
        go_on.set()
        sandbox.join()
    assert taken.is_set()


def test_a_sandbox_works_it_out_itself_where_the_run_failed(
    worked_out: list[date], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "world").touch()
    for path in (tmp_path / "world", tmp_path / "nothing"):
        assert demo_world.load_world(path, DAY).citing
    assert worked_out == [DAY, DAY]
