"""The subgraphs, and the merged graph as one of them, through the two composers of Apollo Federation v2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import needs_node, patient
from tests.clients.composition import NAMES, composed
from tests.clients.hub_server import Hub

pytestmark = [pytest.mark.outside, needs_node, patient]


async def test_subgraphs_compose_to_the_graph_one_process_serves(tmp_path: Path) -> None:
    hub = Hub.of(tmp_path, "postgresql:///nowhere")
    apart = await composed(hub, NAMES, {}, tmp_path)
    whole = await composed(hub, (None,), {}, tmp_path)
    assert set(apart) == {"guild", "apollo"}
    for composer, five in apart.items():
        one = whole[composer]
        assert five.errors == one.errors == []
        assert five.hints == one.hints == []
        assert five.supergraph
        assert all(f'@join__graph(name: "{name}"' in five.supergraph for name in NAMES)
        assert five.api == one.api
