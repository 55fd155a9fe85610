"""Becomes another program, one that ends when the process which started it does; run as a script.

``python -I -S guard.py PARENT USER GROUP SIGNAL PROGRAM ARGUMENT…``

``USER`` and ``GROUP`` are numbers, or ``-`` to stay who we are. On Linux the kernel sends ``SIGNAL``
(a number) when the parent dies, even by SIGKILL (prctl(2), PR_SET_PDEATHSIG). This is a program of
its own because a change of user clears that wish, and because code between fork and exec is not
safe in a process with threads. Elsewhere than on Linux only the change of user happens.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, user: str, group: str, signal: int, program: list[str]) -> None:
    """Change user, ask for the signal, and become ``program``."""
    if user != "-":
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:
            # The parent died before it could be watched.
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  (the program is an argument of the hub's own making)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
