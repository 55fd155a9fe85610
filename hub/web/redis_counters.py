"""The counters of rate limits in Redis; imported only where it is used, because the client loads OpenTelemetry."""

from __future__ import annotations

from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

REDIS_TIMEOUT = 0.5
"""Timeout of Redis in seconds."""


class RedisBackend:
    """Counters in Redis, shared by several processes; ``url`` begins with ``redis://`` or ``rediss://``."""

    outages = (RedisError, OSError)
    """The errors raised if Redis does not respond."""

    def __init__(self, url: str) -> None:
        # The client's own retries would delay requests for seconds while Redis is down.
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        options: dict[str, Any] = {"connection_pool": self._pool}
        self.storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix="hub", **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()
