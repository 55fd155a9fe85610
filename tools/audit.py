"""Queries pip-audit's advisory database for known vulnerabilities of the container's packages; ``make audit``.

Exit codes: 0 none known, 1 some known, 3 the database did not answer for every package. pip-audit itself exits with 0
when the database answers for no package at all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tools.locked import ROOT, RUN, packages

COMMAND = ["-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
VULNERABLE, UNANSWERED = 1, 3


def main() -> int:
    """Audit what the hub runs on; return the exit code."""
    result = subprocess.run([sys.executable, *COMMAND, "-r", str(ROOT / RUN)], capture_output=True, text=True)
    try:
        dependencies = json.loads(result.stdout)["dependencies"]
    except ValueError:
        reason = (result.stderr.strip() or "no answer").splitlines()[-1]
        print(f"The advisory database cannot be reached: {reason}", file=sys.stderr)
        return UNANSWERED
    code, lines = verdict(dependencies, packages(RUN))
    print("\n".join(lines), file=sys.stderr if code else sys.stdout)
    return code


def verdict(dependencies: list[dict[str, Any]], names: list[str]) -> tuple[int, list[str]]:
    """Return the exit code and what to print, given pip-audit's entries for the packages ``names``."""
    known = [
        f"{entry['name']} {entry['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}."
        for entry in dependencies
        for found in entry.get("vulns", [])
    ]
    answered = {entry["name"] for entry in dependencies if "skip_reason" not in entry}
    silent = sorted(set(names) - answered)
    if known:
        return VULNERABLE, known + ([f"Not checked: {', '.join(silent)}."] if silent else [])
    if not answered:
        return UNANSWERED, ["The advisory database cannot be reached: it answered for none of the packages."]
    if silent:
        return UNANSWERED, [
            f"The advisory database did not answer for {', '.join(silent)}; the others are not vulnerable."
        ]
    return 0, [f"No vulnerability is known of the {len(names)} packages of {RUN}."]


if __name__ == "__main__":
    sys.exit(main())
