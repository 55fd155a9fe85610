"""Responses of an issuer to a request for its keys, with unusual encodings of headers and invalid bodies."""

from __future__ import annotations

import json

import pytest
from joserfc.jwk import ECKey

from hub.auth.jwks import Jwks
from hub.errors import TryLater
from tests.raw_http_servers import raw_server, send_bytes

KEYS = json.dumps({"keys": [ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False)]}).encode()


@pytest.mark.parametrize("header", ["X-Owner: Pemprov Jawa Tengah – é".encode(), b"Content-Disposition: a; x=\xff"])
@pytest.mark.parametrize("content", [KEYS, b"\xef\xbb\xbf" + KEYS])
async def test_usable_keys_are_read_beside_unusable_ones(header: bytes, content: bytes) -> None:
    async with raw_server(send_bytes(b"200 OK\r\n" + header, content)) as url:
        assert await Jwks(url, 60.0).find("k") is not None


@pytest.mark.parametrize(
    ("head", "content"),
    [
        ("200 OK", b"[" * 100_000),
        ("200 OK", b"<html>"),
        ("200 OK", b'{"keys": {"0": {}}}'),
        ("403 No\r\nContent-Type: text/html", b"<html>"),
        ("302 There\r\nLocation: http://\xff/", b""),
        ("200 OK\r\nContent-Encoding: gzip", b"not packed"),
    ],
)
async def test_an_answer_without_keys_is_one_to_wait_for(head: str, content: bytes) -> None:
    async with raw_server(send_bytes(head, content)) as url:
        with pytest.raises(TryLater):
            await Jwks(url, 60.0).find("k")
