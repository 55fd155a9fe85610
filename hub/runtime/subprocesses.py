"""Starts a program as a child that ends with this process, and stops it."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

GUARD = Path(__file__).with_name("exec_guard.py")


def spawn(
    program: Sequence[str | Path],
    *,
    output: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    user: pwd.struct_passwd | None = None,
    on_death: signal.Signals = signal.SIGTERM,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``program`` (an absolute path and its arguments) in its own process group.

    In its own group the program does not receive a terminal's Ctrl-C. ``on_death`` is the signal that it receives when
    the *thread* that started it ends, so start children from the main thread. ``output`` is where stdout and stderr go
    (None: inherited), ``keep`` are file descriptors that it inherits, ``user`` is the user that it runs as.
    """
    who = (str(user.pw_uid), str(user.pw_gid)) if user else ("-", "-")
    guard = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), *who, str(int(on_death))]
    return subprocess.Popen(  # noqa: S603  (no shell; programs are the hub's own)
        [*guard, *map(str, program)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=env,
        cwd="/" if user else None,
        pass_fds=keep,
        process_group=0,
    )


def stop(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> int:
    """Send each signal in turn, waiting its seconds for the exit, and finally SIGKILL; return the exit code."""
    for number, seconds in steps:
        process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.wait()
