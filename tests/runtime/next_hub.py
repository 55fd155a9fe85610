"""The command ``hub`` of a later version: this code, and the versions of the database in a folder besides its own.

Run as ``python -m tests.runtime.next_hub FOLDER COMMAND …``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hub.cli.main import main
from hub.store import schema_version

if __name__ == "__main__":
    schema_version.FOLDERS.append(Path(sys.argv.pop(1)))
    main()
