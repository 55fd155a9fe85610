"""Writes the bill of materials of what the container runs, in CycloneDX's JSON; ``make sbom``.

cyclonedx-py describes the whole environment; this keeps the packages of the run-time lock file, and leaves out links,
which name the hosts that packages are loaded from.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tools.locked import ROOT, RUN, packages

COMMAND = [
    "-m", "cyclonedx_py", "environment", "--pyproject", str(ROOT / "pyproject.toml"), "--sv", "1.6", "--of", "JSON",
]  # fmt: skip


def main(target: Path) -> int:
    """Write the bill of materials to ``target``; return the exit code."""
    # Only `make sbom` installs it; the tests do without.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    described = subprocess.run([sys.executable, *COMMAND, sys.executable], check=True, capture_output=True, text=True)
    text = json.dumps(reduced(json.loads(described.stdout), packages(RUN)), indent=2) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        print(f"The bill of materials does not fit CycloneDX's schema: {error}", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    print(f"{target} names {len(packages(RUN))} packages.")
    return 0


def reduced(bom: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """``bom`` with the components ``names`` only, and without links. Raises ValueError if one of them is not in it."""
    components = [part for part in bom["components"] if canonicalize_name(part["name"]) in names]
    if missing := set(names) - {canonicalize_name(part["name"]) for part in components}:
        raise ValueError(f"not installed: {', '.join(sorted(missing))}")
    refs = {bom["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in components)}
    dependencies = [
        {**entry, "dependsOn": [ref for ref in entry.get("dependsOn", []) if ref in refs]}
        for entry in bom["dependencies"]
        if entry["ref"] in refs
    ]
    parts = [bom["metadata"]["component"], *bom["metadata"]["tools"]["components"], *components]
    for part in parts:
        part.pop("externalReferences", None)
    return {**bom, "components": components, "dependencies": dependencies}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
