"""The socket of ``hub serve``."""

from __future__ import annotations

import socket

import pytest

from hub.errors import BadSetting
from hub.runtime.server import bind_socket


def test_a_bound_port_that_does_not_serve_yet_is_refused() -> None:
    with bind_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(BadSetting, match=f"Port {port} of 127.0.0.1 cannot be used"):
            bind_socket("127.0.0.1", port)


def test_a_client_that_comes_before_the_server_waits_for_it() -> None:
    with bind_socket("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5) as early:
        early.sendall(b"GET / HTTP/1.1\r\n\r\n")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(100) == b"GET / HTTP/1.1\r\n\r\n"
