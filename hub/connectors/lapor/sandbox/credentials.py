"""The environment variables that the LAPOR connector and its sandbox share."""

from __future__ import annotations

from pathlib import Path

from hub.connectors.lapor.sandbox.masters import OUR_INSTITUTIONS


def variables(url: str, folder: Path) -> dict[str, str]:
    """Made-up credentials, and the sandbox's ids of the province's institutions."""
    return {
        "HUB_LAPOR_URL": url,
        "HUB_LAPOR_AUTH": "Bearer sandbox-of-lapor",
        "HUB_LAPOR_TOKEN": "{3399AAAA-0000-4000-8000-000000000001}",
        "HUB_LAPOR_INSTITUTIONS": ",".join(map(str, OUR_INSTITUTIONS)),
    }
