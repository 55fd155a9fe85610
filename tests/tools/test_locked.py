"""The lock files: the packages that they install here, and their agreement."""

from __future__ import annotations

import re

from tools import locked


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (locked.ROOT / lock).read_text(), re.MULTILINE))


def test_packages_of_another_platform_are_left_out() -> None:
    packages = locked.packages(locked.RUN)
    assert {"uvicorn", "psycopg-binary"} <= set(packages)
    assert "colorama" in pins(locked.RUN)
    assert "colorama" not in packages


def test_the_tools_of_the_audit_change_no_version() -> None:
    tested, added = pins(locked.DEVELOPMENT), pins("requirements.audit.lock")
    assert "pip-audit" in added
    assert {name: version for name, version in added.items() if tested.get(name, version) != version} == {}


def test_no_lock_file_names_a_host() -> None:
    for path in locked.ROOT.glob("requirements*.lock"):
        assert not re.findall(r"https?:|file:|--index-url", path.read_text()), path.name
