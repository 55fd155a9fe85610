"""Webhooks of clients in the graph: registering and managing them, and what was sent to them."""
