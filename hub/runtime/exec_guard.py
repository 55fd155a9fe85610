"""Replaces itself by another program that ends with its parent process; run as a script.

``python -I -S exec_guard.py PARENT USER GROUP SIGNAL PROGRAM ARGUMENT…``

``USER`` and ``GROUP`` are numbers, or ``-`` to keep the current ones. On Linux the kernel sends ``SIGNAL`` (a number)
when the parent exits, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG). This is a separate program because a change of user
clears that setting, and because code between fork and exec is not safe in a process with threads. On other systems only
the user is changed.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, user: str, group: str, death_signal: int, program: list[str]) -> None:
    """Change the user, request the signal, and execute ``program``."""
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            # The parent exited before the call.
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  (the program is an argument of the hub's own making)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
