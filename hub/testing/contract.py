"""The contract suite: what every connector must do, whatever system it speaks to.

pytest runs the checks of the last base first.
"""

from __future__ import annotations

from hub.testing.database_contract import DatabaseContract
from hub.testing.mapping_contract import MappingContract
from hub.testing.register_contract import RegisterContract
from hub.testing.sandbox_contract import SandboxContract
from hub.testing.webhook_contract import WebhookContract


class ConnectorContract(WebhookContract, RegisterContract, SandboxContract, MappingContract):
    """Checks without a database, of samples, README, sandbox, register and webhooks; inherit with ``connector`` set."""


class WholeContract(DatabaseContract, ConnectorContract):
    """The same checks, and those with a database."""
