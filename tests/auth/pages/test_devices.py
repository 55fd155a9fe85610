"""The cookie of a browser in which somebody signed in before."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hub.auth.pages.devices import LIFETIME, MAX_USERS, KnownDevices

NOW = 1_800_000_000


def request(cookie: str = "", address: str = "192.0.2.7") -> Request:
    headers = [(b"cookie", f"__Host-hub-device={cookie}".encode())] if cookie else []
    return Request({"type": "http", "headers": headers, "client": (address, 1)})


def devices(secret: bytes = b"s" * 32, now: float = NOW) -> KnownDevices:
    return KnownDevices(secret, https=True, clock=lambda: now)


def signed_in(*names: str, now: float = NOW, cookie: str = "") -> str:
    """Return the cookie after these users signed in one after another."""
    for name in names:
        response = Response()
        devices(now=now).remember(request(cookie), response, name)
        cookie_header = response.headers["set-cookie"]
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", f"Max-Age={LIFETIME}"} <= {*cookie_header.split("; ")}
        cookie = cookie_header.partition("=")[2].partition(";")[0]
    return cookie


def test_it_shows_who_signed_in_and_nobody_else() -> None:
    kept = request(signed_in("siti", "budi"))
    assert [devices().is_known(kept, name) for name in ("siti", "budi", "ani", "")] == [True, True, False, False]
    assert not devices(b"another" * 8).is_known(kept, "siti")
    assert not devices().is_known(request(), "siti")


def test_it_ends_half_a_year_after_the_last_time() -> None:
    kept = request(signed_in("siti"))
    assert devices(now=NOW + LIFETIME - 1).is_known(kept, "siti")
    assert not devices(now=NOW + LIFETIME).is_known(kept, "siti")
    again = request(signed_in("siti", now=NOW + 100, cookie=signed_in("siti")))
    assert devices(now=NOW + LIFETIME).is_known(again, "siti")


def test_entries_cannot_be_copied_or_backdated() -> None:
    device, entry = signed_in("siti").split("~")
    other = signed_in("budi").split("~")[0]
    at, _, code = entry.partition(".")
    for forged in (
        f"{other}~{entry}",
        f"{device}~{int(at) + 1}.{code}",
        f"{device}~{at}.{'0' * 64}",
        f"{device}~x",
        "~",
        "x",
    ):
        assert not devices().is_known(request(forged), "siti")


def test_a_few_are_remembered_the_last_ones() -> None:
    names = [f"orang-{number}" for number in range(MAX_USERS + 2)]
    kept = request(signed_in(*names))
    assert [devices().is_known(kept, name) for name in names] == [False, False, *[True] * MAX_USERS]


def test_a_known_browser_has_its_own_lane_others_share_networks() -> None:
    cookie, own = signed_in("siti"), devices()
    lane = own.attempt_key(request(cookie), "password", "siti")
    assert lane == own.attempt_key(request(cookie, "198.51.100.1"), "password", "siti")
    network = own.attempt_key(request(), "password", "siti")
    assert network == own.attempt_key(request("forged~1.x"), "password", "siti")
    lanes = {
        lane,
        network,
        own.attempt_key(request(cookie), "totp", "siti"),
        own.attempt_key(request(cookie), "password", "budi"),
        own.attempt_key(request(address="198.51.100.1"), "password", "siti"),
        own.attempt_key(request(signed_in("siti")), "password", "siti"),
    }
    assert len(lanes) == 6
