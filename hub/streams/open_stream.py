"""A stream that is open now, as its client sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A stream at ``address``, such as ``/feed``, open since ``since``; ``web_socket`` tells how."""

    address: str
    web_socket: bool
    since: datetime
