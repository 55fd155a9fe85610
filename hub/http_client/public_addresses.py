"""Connects to public addresses only: for URLs that others chose, which must not reach the hub's own network.

The name is resolved once, every address that it resolves to is checked, and the connection is made to one of them. A
name that resolves to another address a moment later (DNS rebinding) is therefore of no use. TLS still verifies the
name, not the address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host name for a port."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052)."""


class AddressRefused(httpcore.ConnectError):
    """The host has an address that the hub does not call. The message does not repeat the address."""

    def __init__(self) -> None:
        super().__init__("the host has an address that is not public")


def is_public(address: str) -> bool:
    """Return whether ``address`` can be reached from anywhere; one that wraps an IPv4 address is as public as that."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in _meant(parsed))


def is_loopback(address: str) -> bool:
    """Return whether ``address`` is of this machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _meant(address: Address) -> Iterable[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address in _TRANSLATED:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.teredo is not None:
        return [address, *address.teredo]
    wrapped = address.ipv4_mapped or address.sixtofour
    return [wrapped] if wrapped else [address]


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of ``host`` as the system resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to hosts all of whose addresses are allowed; with ``loopback`` those of this machine are too."""

    def __init__(self, *, loopback: bool, resolve: Resolve = resolve) -> None:
        self._loopback, self._resolve = loopback, resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that accepts."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the host has no address") from None
        except TimeoutError:
            raise httpcore.ConnectTimeout("the host could not be resolved in time") from None
        # One wrong address is enough: who controls the name controls which of them is tried.
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise AddressRefused
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    def _is_allowed(self, address: str) -> bool:
        return is_public(address) or (self._loopback and is_loopback(address))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: a URL names no socket of this machine."""
        raise AddressRefused

    async def sleep(self, seconds: float) -> None:
        """Sleep between attempts to connect."""
        await self._inner.sleep(seconds)


class CheckedTransport(httpx.AsyncHTTPTransport):
    """The transport of httpx over a ``CheckedBackend``."""

    def __init__(self, backend: CheckedBackend, limits: httpx.Limits) -> None:
        super().__init__(trust_env=False, limits=limits)
        # httpx has no argument for it.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=backend,
        )
