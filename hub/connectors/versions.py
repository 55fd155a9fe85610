"""The version of a connector: it changes with the code and the tables in its folder."""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from pathlib import Path

from hub.connectors.base import Connector


@cache
def version_of(connector: type[Connector]) -> str:
    """Return eight hexadecimal digits of a digest of the modules beside the connector's, without its sandbox."""
    folder = Path(inspect.getfile(connector)).parent
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
