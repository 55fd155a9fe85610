"""The state of the hub itself, for operators: versions, workers and jobs, the feed and its readers, and keys."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

import strawberry

from hub.schema.authorization import requirement, requires
from hub.schema.context import Info
from hub.schema.cost import AGGREGATE_COST, SHORT_LIST_SIZE
from hub.schema.operations import OPERATE
from hub.store import server_settings
from hub.store.feed import sequence
from hub.store.feed.sequence import SequencerStatus
from hub.store.key_rotation import key_usage
from hub.store.oauth import signing_keys
from hub.store.operations import feed_readers, jobs
from hub.store.webhooks import endpoints


@strawberry.type(description="The versions of what runs.")
class HubVersions:
    """Versions."""

    hub: str = strawberry.field(description="The version of the hub.")
    postgresql: str = strawberry.field(description="The version of the database server.")
    migration: str = strawberry.field(description="The migration that the database is at.")
    migration_needed: str | None = strawberry.field(
        description="The migration that the code needs; another one is an issue. Null if not known."
    )


@strawberry.type(description="The workers, which pull, send and give positions to changes.")
class HubWorkers:
    """Workers by their heartbeats."""

    running: int = strawberry.field(description="How many had a heartbeat in the last two minutes.")
    last_heartbeat_at: datetime | None = strawberry.field(description="The last heartbeat of any; null without one.")


@strawberry.type(description="Jobs of one task in one state: those that wait or run, and those that failed in a day.")
class HubJobs:
    """A group of jobs."""

    task: str = strawberry.field(description="The name of the task, such as `hub:pull`.")
    state: str = strawberry.field(description="`todo`, `doing` or `failed`; new values may be added.")
    count: int = strawberry.field(description="How many there are.")
    since: datetime | None = strawberry.field(description="Since when the oldest is there; null if not known.")


@strawberry.type(description="The feed of one system.")
class HubFeed:
    """Position and lag."""

    system: str = strawberry.field(description="The system's name; `hub` for complaints.")
    position: str = strawberry.field(description="The position of the latest change.")
    lag_seconds: float = strawberry.field(
        description="The age in seconds of the oldest change without a position; 0 without one."
    )


@strawberry.type(description="A reader of the feed whose position the hub stores: a webhook.")
class HubFeedReader:
    """A webhook and its distance."""

    webhook: strawberry.ID = strawberry.field(description="The id of the webhook.")
    client: str = strawberry.field(description="The id of its client.")
    state: str = strawberry.field(description="The state of the webhook, such as `ACTIVE`. New values may be added.")
    behind: str = strawberry.field(description="How many positions of the systems it follows it has not read.")


@strawberry.type(description="A key that signs or verifies access tokens.")
class HubSigningKey:
    """A key without its private half."""

    kid: str = strawberry.field(description="The id of the key, as in `/oauth/jwks`.")
    created_at: datetime = strawberry.field(description="When it was made.")
    signs_from: datetime = strawberry.field(description="From when it signs.")
    signs_until: datetime | None = strawberry.field(description="Until when it signs; null if it has no end yet.")
    verifies_until: datetime | None = strawberry.field(description="Until when its tokens are accepted; null likewise.")
    current: bool = strawberry.field(description="Whether it signs now.")


@strawberry.type(description="How many encrypted rows need which key of HUB_PII_KEYS.")
class HubEncryptionKeys:
    """Counts of rows."""

    first: str = strawberry.field(description="Rows that the first key encrypted.")
    older: str = strawberry.field(description="Rows that need an older key; `hub keys reseal` encrypts them again.")
    missing: str = strawberry.field(description="Rows that need a key that is not configured, and cannot be read.")


@cache
def _own_version() -> str:
    return version("hub")


async def _heads(info: Info) -> list[SequencerStatus]:
    async def load() -> list[SequencerStatus]:
        async with info.context.read() as db:
            return await sequence.sequencer_status(db)

    return await info.context.memoize("feed heads", load)


@strawberry.type(description="The state of the hub itself; each field is read on its own.")
class HubStatus:
    """What operators see of the processes and the database."""

    @strawberry.field(description="The versions of what runs.")
    async def versions(self, info: Info) -> HubVersions:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            server, migration = await server_settings.versions(db)
        return HubVersions(
            hub=_own_version(),
            postgresql=server,
            migration=migration,
            migration_needed=info.context.operator.migration,
        )

    @strawberry.field(description="The workers.")
    async def workers(self, info: Info) -> HubWorkers:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await jobs.workers(db)
        return HubWorkers(running=found.running, last_heartbeat_at=found.last_heartbeat)

    @strawberry.field(description="The jobs of the queue, by task and state.", directives=[SHORT_LIST_SIZE])
    async def jobs(self, info: Info) -> list[HubJobs]:
        """Load them with two SQL statements."""
        async with info.context.read() as db:
            found = await jobs.groups(db)
        return [HubJobs(task=each.task, state=each.status, count=each.number, since=each.since) for each in found]

    @strawberry.field(description="The feed of each system that has one.", directives=[SHORT_LIST_SIZE])
    async def feed(self, info: Info) -> list[HubFeed]:
        """Load it with two SQL statements for each system of the hub."""
        return [
            HubFeed(system=each.system, position=str(each.position), lag_seconds=each.lag)
            for each in await _heads(info)
        ]

    @strawberry.field(description="The readers of the feed, those furthest behind first.", directives=[SHORT_LIST_SIZE])
    async def readers(self, info: Info) -> list[HubFeedReader]:
        """Load them with one SQL statement besides those of the feed."""
        heads = await _heads(info)
        async with info.context.read() as db:
            found = feed_readers.readers(await endpoints.find(db, info.context.viewer), heads)
        return [
            HubFeedReader(
                webhook=strawberry.ID(each.webhook_id), client=each.client, state=each.state, behind=str(each.behind)
            )
            for each in found
        ]

    @strawberry.field(
        description="The keys whose tokens are accepted now, in the order in which they begin to sign.",
        directives=[SHORT_LIST_SIZE],
    )
    async def signing_keys(self, info: Info) -> list[HubSigningKey]:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await signing_keys.list_all(db)
        now = datetime.now(UTC)
        current = [each.kid for each in found if each.signs_at(now)][-1:]
        return [
            HubSigningKey(
                kid=each.kid,
                created_at=each.created_at,
                signs_from=each.signs_from,
                signs_until=each.signs_until,
                verifies_until=each.gone_at,
                current=each.kid in current,
            )
            for each in found
        ]

    @strawberry.field(
        description="How many encrypted rows need which key. Reads all of them: about a second for a million.",
        directives=[AGGREGATE_COST],
    )
    async def encryption_keys(self, info: Info) -> HubEncryptionKeys:
        """Count them."""
        async with info.context.read() as db:
            usage = await key_usage(db, info.context.cipher)
        return HubEncryptionKeys(first=str(usage.first), older=str(usage.older), missing=str(usage.missing))


class Query:
    """The query of the hub's state."""

    @strawberry.field(
        description=f"The state of the hub itself: versions, workers, jobs, feed, keys. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    def hub_status(self) -> HubStatus | None:
        """Return it; its fields load what they need."""
        return HubStatus()
