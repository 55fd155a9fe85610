"""Builds what the graph needs of settings and connectors for operators."""

from __future__ import annotations

import inspect
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from hub.connectors.base import Connector
from hub.connectors.registry import Enabled
from hub.connectors.versions import version_of
from hub.schema.operator_tools import ConnectorFacts, OperatorTools, SettingFact
from hub.settings import variable_name
from hub.store import schema_version
from hub.store.encryption import FieldCipher
from hub.store.ingest.contradictions import contradictable_kinds
from hub.sync.quarantine_replay import QuarantineReplay


def operator_tools(enabled: list[Enabled], cipher: FieldCipher) -> OperatorTools:
    """Return what operators need."""
    return OperatorTools(
        migration=schema_version.newest(),
        contradictable=contradictable_kinds(each.declaration for each in enabled),
        connectors={each.name: connector_facts(each) for each in enabled},
        quarantine=QuarantineReplay(enabled, cipher),
    )


def connector_facts(system: Enabled) -> ConnectorFacts:
    """Return what operators see of a connector: the values of its settings, but no secret, and no path of a key."""
    kind = system.connector
    readme = Path(inspect.getfile(kind)).parent / "README.md"
    return ConnectorFacts(
        version=version_of(kind),
        hooks=kind.webhooks,
        has_files=kind.files is not Connector.files,
        settings=[_setting(system, name) for name in type(system.settings).model_fields],
        readme=readme.read_text() if readme.is_file() else None,
    )


def _setting(system: Enabled, name: str) -> SettingFact:
    value = getattr(system.settings, name)
    secret = isinstance(value, SecretStr) or name.endswith("_file") or "SecretStr" in repr(_declared(system, name))
    is_set = value not in (None, "", ()) and not (isinstance(value, SecretStr) and not value.get_secret_value())
    shown = None if secret or not is_set else _without_credentials(str(value))
    return SettingFact(variable_name(system.connector.Settings, name), shown, secret, is_set)


def _declared(system: Enabled, name: str) -> object:
    return type(system.settings).model_fields[name].annotation


def _without_credentials(value: str) -> str:
    """Return a value without the user information and the query of a URL."""
    if "://" not in value:
        return value
    url = urlsplit(value)
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="").geturl()
