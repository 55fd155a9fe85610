"""A connector folder for an invented system, in a temporary path."""

from __future__ import annotations

from pathlib import Path

CONNECTOR = """
from collections.abc import AsyncIterator
from typing import Any, Mapping
from hub.connectors.base import Connector, ConnectorSettings
from hub.contract import Page, Raw, Record, Run
from hub.errors import BadRecord, BadSetting
from hub.kinds import Payment

class OwnSettings(ConnectorSettings):
    model_config = {"env_prefix": "HUB_FERRY_"}
    quay: int = 1

class Ferry(Connector):
    name, title, owner, docs = "ferry", "Ferry", "Dinas", "https://ferry.example"
    kinds = (Payment,)
    Settings = OwnSettings
    webhooks = ("notify",)
    @classmethod
    def webhook_disabled_reason(cls, settings: ConnectorSettings, hook: str) -> str | None:
        if settings.quay < 1:
            raise BadSetting("HUB_FERRY_QUAY names no quay: set it to one.")
        return "HUB_FERRY_QUAY is not 1." if settings.quay > 1 else None
    async def pages(self, run: Run) -> AsyncIterator[Page]:
        yield Page([])
    async def fetch_one(self, external_id: str) -> Raw | None:
        return None
    async def probe(self) -> None:
        await self.http.send("GET", "/", idempotent=False)
    def map(self, raw: Mapping[str, Any]) -> Record:
        raise BadRecord("none")
"""
SANDBOX = """
from hub.connectors.sandbox_base import Sandbox

class FerrySandbox(Sandbox):
    name = "ferry"
    def routes(self): return []
    def tick(self): pass
    def figures(self): return {}

def build(settings, world):
    return FerrySandbox()

def variables(url, folder):
    return {"HUB_FERRY_URL": url}
"""


def make(path: Path) -> Path:
    """Create the folder ``ferry`` below ``path``."""
    folder = path / "ferry"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "connector.py").write_text(CONNECTOR)
    (folder / "sandbox.py").write_text(SANDBOX)
    return folder
