"""Starts a program as a child that cannot outlive this process, and ends it."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

GUARD = Path(__file__).with_name("guard.py")


def spawn(
    program: Sequence[str | Path],
    *,
    output: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    user: pwd.struct_passwd | None = None,
    on_death: signal.Signals = signal.SIGTERM,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``program`` (an absolute path and its arguments) in a process group of its own.

    Its own group keeps a terminal's Ctrl-C from reaching it past us. ``on_death`` is what it gets
    when the *thread* that started it ends, so start children from the main thread. ``output`` is
    where both its outputs go (None: ours), ``keep`` are file descriptors it inherits, ``user`` is
    who it runs as.
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


def end(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> int:
    """Send each signal in turn, waiting its seconds for the end, and SIGKILL at last; the exit code."""
    for sent, seconds in steps:
        process.send_signal(sent)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.wait()
