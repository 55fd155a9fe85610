"""What import contracts cannot say without naming connectors: no connector folder knows another."""

from __future__ import annotations

import grimp

from hub.connectors import registry


def test_no_connector_knows_another() -> None:
    graph = grimp.build_graph("hub")
    names = list(registry.found())
    assert len(names) > 1
    chains = [
        graph.find_shortest_chain(f"hub.connectors.{one}", f"hub.connectors.{other}", as_packages=True)
        for one in names
        for other in names
        if one != other
    ]
    assert [chain for chain in chains if chain] == []
