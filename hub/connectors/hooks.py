"""What passes between the hub and a connector when the system calls by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """A call of somebody who says to be the system; nothing in it is true before its signature was checked.

    ``hook`` is one of the connector's ``hooks``; ``endpoint`` the path as it was called, still encoded
    and with its query; ``headers`` are found by name in whatever case; ``body`` is as it came.
    """

    hook: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HookTold:
    """What a call told, and the contract's own answer to it, given once ``items`` are stored.

    ``refused`` says for the log why nothing is taken, and repeats no value of the call.
    """

    answer: Mapping[str, Any]
    items: tuple[dict[str, Any], ...] = ()
    status: int = 200
    refused: str | None = None
