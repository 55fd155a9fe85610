"""Types of settings whose values need parsing or validation."""

from __future__ import annotations

import base64
import binascii
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from hub.complaints.forwarding import ForwardingRule

KEY_BYTES = 32


def _split(value: object) -> object:
    return tuple(part for part in (p.strip() for p in value.split(",")) if part) if isinstance(value, str) else value


def _check_key(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.b64decode(value.get_secret_value(), validate=True))
    except binascii.Error:
        size = 0
    if size != KEY_BYTES:
        raise ValueError("each key must be 32 bytes in base64")
    return value


def _check_length(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < KEY_BYTES:
        raise ValueError("it has fewer than 32 characters")
    return value


def _check_redis(value: str) -> str:
    if not value.startswith(("redis://", "rediss://")):
        raise ValueError("it does not begin with redis:// or rediss://")
    return value


def _check_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        try:
            ip_network(each)
        except ValueError:
            raise ValueError("one of them is not a network") from None
    return value


def _check_origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        whole = value.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        whole = local = False
    if not whole or not parts.hostname or parts.scheme not in ("https", "http"):
        raise ValueError("it is not an origin: scheme, host and port, without a path")
    if parts.scheme == "http" and not local:
        raise ValueError("without https tokens could be intercepted")
    return value.rstrip("/")


def _parse_rules(value: object) -> object:
    split = _split(value)
    return (
        tuple(ForwardingRule.parse(each) for each in split)
        if isinstance(split, tuple) and split is not value
        else value
    )


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Rules = Annotated[tuple[ForwardingRule, ...], NoDecode, BeforeValidator(_parse_rules)]
Keys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_check_key)], ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[Names, AfterValidator(_check_networks)]
LongSecret = Annotated[SecretStr, AfterValidator(_check_length)]
Origin = Annotated[str, AfterValidator(_check_origin)]
RedisUrl = Annotated[str, AfterValidator(_check_redis)]
