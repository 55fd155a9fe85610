"""The module that ``hub connectors check`` runs with pytest: the whole contract for one connector."""

from __future__ import annotations

from hub.testing.contract import WholeContract


class TestConnector(WholeContract):
    """The whole contract; ``checking`` sets ``connector``."""
