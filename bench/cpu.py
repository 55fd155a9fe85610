"""CPU time and memory of processes, from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def seconds(processes: Iterable[int]) -> float:
    """Return the CPU time that the processes have used, without their children."""
    return sum(sum(map(int, _stat(process)[11:13])) for process in processes) / _TICKS


def seconds_of_postgres(server: int) -> float:
    """Return the CPU time of a PostgreSQL server and all its backends, those that ended included."""
    used = sum(map(int, _stat(server)[11:15]))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields and int(fields[1]) == server:
                used += int(fields[11]) + int(fields[12])
    return used / _TICKS


def resident_mib(processes: Iterable[int]) -> float:
    """Return the resident memory of the processes."""
    pages = (int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in processes)
    return round(sum(pages) * _PAGE / 2**20, 1)


def _stat(process: int) -> list[str]:
    """Return the fields of a process after its name; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
