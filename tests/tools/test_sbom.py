"""The parts of the environment's bill of materials that ``make sbom`` keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tools.sbom import reduced


def bom() -> dict[str, Any]:
    links = [{"type": "distribution", "url": "https://packages.example"}]
    return {
        "metadata": {
            "component": {"bom-ref": "root", "name": "hub", "externalReferences": links},
            "tools": {"components": [{"name": "generator", "externalReferences": links}]},
        },
        "components": [
            {"bom-ref": "a==1", "name": "Some_Package", "externalReferences": links},
            {"bom-ref": "b==1", "name": "a-tool", "externalReferences": links},
        ],
        "dependencies": [{"ref": "root", "dependsOn": ["a==1", "b==1"]}, {"ref": "a==1"}, {"ref": "b==1"}],
    }


def test_only_the_requested_packages_are_kept() -> None:
    kept = reduced(bom(), ["some-package"])
    assert kept["components"] == [{"bom-ref": "a==1", "name": "Some_Package"}]
    assert [entry["ref"] for entry in kept["dependencies"]] == ["root", "a==1"]
    assert kept["dependencies"][0]["dependsOn"] == ["a==1"]
    assert "packages.example" not in str(kept)


def test_a_missing_package_is_an_error() -> None:
    with pytest.raises(ValueError, match="not installed: other"):
        reduced(bom(), ["some-package", "other"])
