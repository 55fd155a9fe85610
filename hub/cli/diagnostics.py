"""The checks of ``hub doctor``: settings, database, migrations and each system, with advice for each failure."""

from __future__ import annotations

import asyncio
import os

from hub.auth import issuer_config as trust
from hub.auth import scopes
from hub.cli.finding import Finding
from hub.cli.pending_decisions import describe_pending
from hub.cli.server_checks import check_durability, check_months, check_servers
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.errors import BadSetting, ConfigurationError, TryLater
from hub.runtime.database_access import KEY_MISMATCH, open_database, reachable_database
from hub.settings import Settings, variable_name
from hub.store import key_fingerprint, server_settings, system_issues, systems
from hub.store.database import DATABASE_ERRORS
from hub.store.encryption import FieldCipher
from hub.store.ingest import inquiries, unmatched_agencies
from hub.store.key_rotation import key_usage
from hub.store.queries.record_entities import count_undisplayable
from hub.store.schema_version import state

MIN_POSTGRESQL = 15
"""The oldest supported version of PostgreSQL."""


async def diagnose(settings: Settings) -> list[Finding]:
    """Return all findings, the settings first; checks that an earlier failure prevents are left out."""
    try:
        enabled = registry.enabled(settings)
    except BadSetting as error:
        return [Finding("settings", False, str(error))]
    summary = f"{settings.env}, connectors: {', '.join(s.name for s in enabled) or 'none'}"
    upstreams = asyncio.gather(*(_check_system(system, settings) for system in enabled))
    webhooks = [finding for system in enabled for finding in _check_webhooks(system)]
    start = [Finding("settings", True, summary), *_check_startup(settings, enabled)]
    return [*start, *await _check_database(settings, enabled), *await upstreams, *webhooks]


def _check_startup(settings: Settings, enabled: list[Enabled]) -> list[Finding]:
    """Check what else can stop ``serve``: rules with unknown names, and the file of issuers."""
    found = []
    try:
        registry.forwarding_rules(settings.forward, enabled)
    except BadSetting as error:
        found.append(Finding("forward", False, str(error)))
    try:
        names = [*scopes.NAMES, *(scopes.sync_scope(each.name).name for each in enabled)]
        trusted = trust.read(settings.issuers_file, names)
    except BadSetting as error:
        return [*found, Finding("issuers", False, str(error))]
    if settings.issuers_file:
        counts = f"{len(trusted.issuers)} issuers and {len(trusted.logins)} logins in HUB_ISSUERS_FILE"
        found.append(Finding("issuers", True, counts))
    return found


async def _check_database(settings: Settings, enabled: list[Enabled]) -> list[Finding]:
    if missing := _check_private_database(settings):
        return [missing]
    try:
        async with reachable_database(settings) as connected:
            assert connected.database_url
            version = await server_settings.major_version(connected.database_url)
            if version < MIN_POSTGRESQL:
                return [Finding("database", False, f"PostgreSQL {version} is too old: use {MIN_POSTGRESQL} or newer.")]
            private = "" if settings.database_url else ", private"
            found = [Finding("database", True, f"PostgreSQL {version}{private}"), *_check_data_folder(settings)]
            durable, shape = (
                await check_durability(connected.database_url),
                await _check_migrations(connected.database_url),
            )
            rest = (
                [
                    *await _check_stored_data(connected),
                    *await _check_pulls(connected),
                    *await _check_inquiries(connected),
                ]
                if shape.ok
                else []
            )
            rest += await _check_waiting(connected, enabled) if shape.ok else []
            rest += [await check_months(connected.database_url)] if shape.ok else []
            return [*found, *await check_servers(connected), durable, shape, *rest]
    except BadSetting as error:
        return [Finding("database", False, str(error))]
    except DATABASE_ERRORS as error:
        # The driver's message names host and reason, never the password.
        why = str(error).strip().splitlines()[0].rstrip(".")
        return [Finding("database", False, f"{why}. Check that it runs and that HUB_DATABASE_URL names it.")]


def _check_private_database(settings: Settings) -> Finding | None:
    """Return a finding if there is no private database; the check must not create one."""
    if settings.database_url or os.path.lexists(settings.data_dir / "pg"):
        return None
    advice = "`hub run` or `hub migrate` creates one, or set HUB_DATABASE_URL"
    return Finding("database", False, f"There is no private database below {settings.data_dir}: {advice}.")


def _check_data_folder(settings: Settings) -> list[Finding]:
    """Return where the private database stores its data, which for root is not below the data folder."""
    if settings.database_url:
        return []
    return [Finding("data", True, f"in {settings.data_dir}, the database's in {(settings.data_dir / 'pg').resolve()}")]


async def _check_migrations(url: str) -> Finding:
    found = await state(url)
    if found.current == found.needed:
        return Finding("migrations", True, f"at {found.current}, the newest")
    if found.usable:
        return Finding("migrations", True, f"at {found.current}, which this version, of {found.needed}, can work with")
    at = found.current or "nothing"
    return Finding("migrations", False, f"The database is at {at}, not at {found.needed}: run `hub migrate`.")


async def _check_stored_data(settings: Settings) -> list[Finding]:
    return [
        await _check_keys(settings),
        await _check_secret_key(settings),
        await _check_records(settings),
        await _check_agencies(settings),
    ]


async def _check_secret_key(settings: Settings) -> Finding:
    async with open_database(settings) as store, store.read() as db:
        same = await key_fingerprint.matches(db, settings.secret)
    if same is None:
        return Finding(
            "secret", True, "no fingerprint of HUB_SECRET_KEY is stored yet; the next `hub migrate` stores it"
        )
    return Finding("secret", same, "HUB_SECRET_KEY is the key of this database" if same else KEY_MISMATCH)


async def _check_waiting(settings: Settings, enabled: list[Enabled]) -> list[Finding]:
    """Return what waits for a decision; no failure, because the hub keeps working."""
    async with open_database(settings) as store, store.read() as db:
        found = await describe_pending(db, [each.declaration for each in enabled])
    if not found:
        return [Finding("waiting", True, "nothing waits for a person")]
    return [Finding(name, True, message, waits=True) for name, message in found.items()]


async def _check_keys(settings: Settings) -> Finding:
    async with open_database(settings) as store, store.read() as db:
        usage = await key_usage(db, FieldCipher(settings.sealing_keys, settings.secret))
    if usage.missing:
        message = f"{usage.missing} rows need a key that is not in HUB_PII_KEYS: add it at the end."
        return Finding("keys", False, message)
    if usage.older:
        return Finding("keys", True, f"{usage.older} rows need an older key of HUB_PII_KEYS; see `hub keys reseal`")
    return Finding("keys", True, "the first of HUB_PII_KEYS decrypts all encrypted data")


async def _check_agencies(settings: Settings) -> Finding:
    """Check for orders whose unit maps to no agency; no failure, because other organisations order too."""
    async with open_database(settings) as store, store.read() as db:
        count, units = sum((await unmatched_agencies.counts(db)).values()), await unmatched_agencies.units(db, 3)
    if not count:
        return Finding("agencies", True, "every order has its agency")
    examples = ", ".join(f"{name} ({orders})" for name, orders in units)
    return Finding("agencies", True, f"{count} orders name no known agency, most often {examples}")


async def _check_records(settings: Settings) -> Finding:
    """Check for records of an older version without limits on times; no list, link or feed shows them."""
    async with open_database(settings) as store, store.read() as db:
        hidden = await count_undisplayable(db)
    if hidden:
        message = f"{hidden} records have a time that cannot be shown and are hidden: run `hub sync NAME --full`, then"
        return Finding("records", False, f"{message} look at `hub quarantine list`.")
    return Finding("records", True, "every record can be shown")


async def _check_pulls(settings: Settings) -> list[Finding]:
    """Return the issues that pulls have found in systems."""
    async with open_database(settings) as store, store.read() as db:
        known, implausible_delays = await system_issues.entries(db), await systems.implausible_delays(db)
    late = "its next pull is {:,.0f} days away, which is not plausible: a running worker pulls it now."
    return [
        *(Finding(f"{issue.system} issue", False, f"{issue.code}: {issue.detail}.") for issue in known),
        *(Finding(f"{name} pull", False, late.format(days)) for name, days in implausible_delays.items()),
    ]


async def _check_inquiries(settings: Settings) -> list[Finding]:
    """Return the notifications that systems did not confirm on inquiry."""
    async with open_database(settings) as store, store.read() as db:
        found = await inquiries.backlog(db)
    return [
        Finding(
            f"{each.system} inquiries",
            True,
            f"{each.waiting} webhook calls since {each.since:%Y-%m-%d %H:%M} UTC are not confirmed by {each.system}."
            f" The hub repeats the inquiry for {inquiries.KEPT_DAYS} days; if this persists, ask the owner of"
            f" {each.system} about {', '.join(each.latest)}. Its last response: {each.error.rstrip('.')}.",
            waits=True,
        )
        for each in found
    ]


async def _check_system(system: Enabled, settings: Settings) -> Finding:
    if not system.settings.url and not settings.production:
        url = variable_name(system.connector.Settings, "url")
        message = f"skipped, because {url} is not set; its sandbox replaces it while `hub run --demo` runs"
        return Finding(system.name, True, message)
    try:
        async with registry.connect(system) as connector:
            await connector.probe()
            lacking = await connector.missing_reference_data()
    except TryLater as trouble:
        advice = "it may be down; check the URL, and ask its owner if this persists"
        return Finding(system.name, False, f"{trouble}: {advice} ({system.connector.owner}).")
    except BadSetting as trouble:
        return Finding(system.name, False, str(trouble))
    except ConfigurationError as trouble:
        return Finding(system.name, False, f"{str(trouble).rstrip('.')}. Correct the settings of {system.name}.")
    if lacking:
        return Finding(system.name, False, f"{'. '.join(lacking)}.")
    return Finding(system.name, True, f"{system.connector.title} responds at {system.settings.url}")


def _check_webhooks(system: Enabled) -> list[Finding]:
    """Return webhooks that are off; no failure, because pulls deliver the same changes."""
    if not system.settings.url:
        return []
    try:
        off = [
            (hook, system.connector.webhook_disabled_reason(system.settings, hook))
            for hook in system.connector.webhooks
        ]
    except BadSetting as trouble:
        return [Finding(f"{system.name} hooks", False, str(trouble))]
    message = " ".join(f"/hooks/{system.name}/{hook} is off: {why}" for hook, why in off if why)
    return [Finding(f"{system.name} hooks", True, message)] if message else []
