"""deploy/kubernetes.yaml: Kubernetes knows every field, pods may do little, and probes and variables are the hub's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from hub.settings import Settings, variable_name

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "kubernetes.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(FILE.read_text()))
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The oldest with everything that the file uses, and the newest that is known."""
PODS = {each["metadata"]["name"]: each["spec"]["template"] for each in OBJECTS if "template" in each.get("spec", {})}
PRODUCTION = {"HUB_DATABASE_URL", "HUB_PUBLIC_URL", "HUB_PII_KEYS", "HUB_SECRET_KEY", "HUB_MIGRATION_DATABASE_URL"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("thing", OBJECTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_kubernetes_knows_each_field(thing: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(thing, version, strict=True)


def test_objects_are_of_one_namespace_and_none_is_a_secret() -> None:
    assert {each["metadata"].get("namespace", "hub") for each in OBJECTS} == {"hub"}
    assert "Secret" not in {each["kind"] for each in OBJECTS}
    assert OBJECTS[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_do_little(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    user = int(re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[0])
    assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"]) == (True, user)
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["args"] == [{"web": "serve"}.get(name, name)]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {*container["resources"]} == {"requests", "limits"}
    assert [each["name"] for each in container["volumeMounts"]] == [each["name"] for each in spec["volumes"]]


def test_only_the_migration_knows_the_owner() -> None:
    secrets = {
        name: [
            source["secretRef"]["name"] for source in pod["spec"]["containers"][0]["envFrom"] if "secretRef" in source
        ]
        for name, pod in PODS.items()
    }
    assert secrets == {"migrate": ["hub", "hub-owner"], "web": ["hub"], "worker": ["hub"]}


def test_variables_are_settings_and_gaps_are_named() -> None:
    known = {variable_name(Settings, name) for name in Settings.model_fields}
    (data,) = [each["data"] for each in OBJECTS if each["kind"] == "ConfigMap"]
    named = {name for line in FILE.read_text().splitlines() if line[:1] == "#" for name in re.findall(r"HUB_\w+", line)}
    assert {*data} - {"FORWARDED_ALLOW_IPS"} | named <= known
    assert {*data} | named >= PRODUCTION
    (container,) = PODS["web"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": int(data["HUB_PORT"])}]


def test_probes_ask_what_the_hub_answers() -> None:
    (container,) = PODS["web"]["spec"]["containers"]
    paths = {name: probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert {*paths.values()} <= json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"].keys()


def test_selectors_find_their_pods() -> None:
    for each in OBJECTS:
        selector = each.get("spec", {}).get("selector", {})
        wanted = selector.get("matchLabels", selector)
        if wanted:
            assert PODS[wanted["part"]]["metadata"]["labels"] == wanted
    budgets = {each["metadata"]["name"] for each in OBJECTS if each["kind"] == "PodDisruptionBudget"}
    assert budgets == {name for name in PODS if name != "migrate"}


def test_pods_reach_nobody_and_nobody_them_unless_it_is_said() -> None:
    everything, web = [each["spec"] for each in OBJECTS if each["kind"] == "NetworkPolicy"]
    assert everything["podSelector"] == {}
    assert everything["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in everything
    assert all(rule["ports"] for rule in everything["egress"])
    assert all(rule["from"] for rule in web["ingress"])
