"""Gateways that others wrote, over one process per subgraph, answer as the one process with the whole graph does."""
