"""Device cookies: browsers that a user has signed in with before, for which attempts are counted separately.

An attacker who guesses a user's password is counted apart from the user's own browser, and so cannot lock the user out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from hub.auth.macs import is_valid_mac, mac
from hub.store.secret_hashes import generate_secret
from hub.web.rate_limits import network
from hub.web.throttling import address_of

LIFETIME = 180 * 86_400
"""Seconds after the last sign-in for which a browser is known."""
MAX_USERS = 5
"""Users that one browser is known for."""


class KnownDevices:
    """The cookie is ``id~entry~entry…``, each entry ``seconds.code``: a MAC of the id, a user name and the time."""

    def __init__(self, secret: bytes, *, https: bool, clock: Callable[[], float] = time.time) -> None:
        self._secret, self._https, self._clock = secret, https, clock
        self.cookie = "__Host-hub-device" if https else "hub-device"

    def is_known(self, request: Request, username: str) -> bool:
        """Return whether a user signed in as ``username`` with this browser before."""
        device, entries = self._read(request)
        return any(self._is_valid(device, username, entry) for entry in entries)

    def attempt_key(self, request: Request, purpose: str, username: str) -> bytes:
        """Return the key for counting attempts of this browser: its own if it is known, else its network's."""
        known = self.is_known(request, username)
        source = f"device:{self._read(request)[0]}" if known else f"network:{network(address_of(request))}"
        return bytes.fromhex(mac(self._secret, "attempts", purpose, username, source))

    def remember(self, request: Request, response: Response, username: str) -> None:
        """Add to the cookie that ``username`` signed in with this browser."""
        device, entries = self._read(request)
        others = [entry for entry in entries if not self._is_valid(device, username, entry)]
        now = str(int(self._clock()))
        new = f"{now}.{mac(self._secret, 'device', device, username, now)}"
        value = "~".join((device, *others[1 - MAX_USERS :], new))
        response.set_cookie(
            self.cookie, value, max_age=LIFETIME, path="/", secure=self._https, httponly=True, samesite="lax"
        )

    def _read(self, request: Request) -> tuple[str, list[str]]:
        """Return the browser's id, new without a cookie, and its entries, which are not verified yet."""
        device, *entries = request.cookies.get(self.cookie, "").split("~")
        return (device, entries[:MAX_USERS]) if device else (generate_secret(), [])

    def _is_valid(self, device: str, username: str, entry: str) -> bool:
        at, _, code = entry.partition(".")
        if not is_valid_mac(code, self._secret, "device", device, username, at):
            return False
        return int(at) > self._clock() - LIFETIME
